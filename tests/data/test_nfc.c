/* NFC against the forms that Hugging Face `tokenizers` gives: every character that changes, every
 * pair, Hangul, marks out of order, old and new (tests/parity/export_nfc.py). */
#include "test.h"
#include "data/common.h"
#include "data/nfc.h"
#include <stdlib.h>
#include <string.h>

/* Code points in hexadecimal up to `stop`, as UTF-8; returns where it stopped. */
static const char *read_codes(str *out, const char *at, char stop)
{
    str_clear(out);
    while (*at != stop) {
        char *end, utf8[4];
        unsigned long code = strtoul(at, &end, 16);
        str_add_bytes(out, utf8, (size_t)utf8_encode(utf8, (uint32_t)code));
        at = *end == ' ' ? end + 1 : end;
    }
    return at + 1;
}

static void forms_are_those_of_hugging_face(void **state)
{
    (void)state;
    str cases = {0}, text = {0}, expected = {0};
    edited_text got = {0};
    read_fixture(&cases, "nfc.txt");
    int n = 0;
    for (const char *at = cases.data; *at; n++) {
        const char *line = at;
        at = read_codes(&text, at, ';');
        at = read_codes(&expected, at, '\n');
        for (int again = 0; again < 2; again++) { /* the form of a form is itself */
            nfc_normalize(&got, text.data, text.len);
            if (got.text.len != expected.len || memcmp(got.text.data, expected.data, expected.len))
                fail_msg("%.*s", (int)(at - line), line);
            assert_true(again == 0 || got.n_edits == 0);
            str_clear(&text);
            str_add_bytes(&text, expected.data, expected.len);
        }
    }
    assert_true(n > 2500);
    str_release(&cases);
    str_release(&text);
    str_release(&expected);
    edited_text_release(&got);
}

static void changes_say_where_bytes_came_from(void **state)
{
    (void)state;
    /* "e" + acute (3 bytes in, 2 out) stands between plain text. */
    static const char text[] = "ab e\xcc\x81z\xc3\xa9";
    edited_text got = {0};
    nfc_normalize(&got, text, sizeof text - 1);
    assert_string_equal(got.text.data, "ab \xc3\xa9z\xc3\xa9");
    assert_int_equal(got.n_edits, 1);
    static const size_t rows[][4] = {
        {0, 3, 0, 3}, /* before the change */
        {3, 4, 3, 6}, /* half of the changed character: all that it came from */
        {2, 5, 2, 6}, /* from before it to its end */
        {5, 6, 6, 7}, /* after it */
        {3, 8, 3, 9}, /* to the end */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t start, end;
        edited_text_source(&start, &end, &got, rows[i][0], rows[i][1]);
        assert_int_equal(start, rows[i][2]);
        assert_int_equal(end, rows[i][3]);
    }
    edited_text_release(&got);
}

static void a_million_marks_take_no_quadratic_time(void **state)
{
    (void)state;
    str text = {0};
    str_add(&text, "a");
    for (int i = 0; i < 300000; i++)
        str_add(&text, i % 2 ? "\xcc\x81" : "\xcc\xa7"); /* classes 230 and 202 by turns */
    edited_text got = {0};
    nfc_normalize(&got, text.data, text.len);
    assert_int_equal(got.n_edits, 1);
    assert_int_equal(got.text.len, text.len - 1); /* a + acute is one character of two bytes */
    str_release(&text);
    edited_text_release(&got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_are_those_of_hugging_face),
        cmocka_unit_test(changes_say_where_bytes_came_from),
        cmocka_unit_test(a_million_marks_take_no_quadratic_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
