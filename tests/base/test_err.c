/* Error texts: formatted, given context in front, never longer than their room. */
#include "test.h"
#include "base/err.h"
#include <string.h>

static void set_formats_and_returns_the_code(void **state)
{
    (void)state;
    err e = {0};
    assert_int_equal(err_set(&e, E_CONFIG, "key %s: %d", "steps", 7), E_CONFIG);
    assert_int_equal(e.code, E_CONFIG);
    assert_string_equal(e.text, "key steps: 7");
}

static void context_goes_in_front(void **state)
{
    (void)state;
    err e = {0};
    err_set(&e, E_IO, "no such file");
    assert_int_equal(err_context(&e, "%s", "cfg.json"), E_IO);
    assert_int_equal(err_context(&e, "loading %s", "the SAE"), E_IO);
    assert_string_equal(e.text, "loading the SAE: cfg.json: no such file");
}

/* A hostile file can put any length of text into a message. */
static void long_texts_are_cut_not_overrun(void **state)
{
    (void)state;
    char longer[3 * sizeof(((err *)0)->text)];
    memset(longer, 'x', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    struct {
        err e;
        char guard[16];
    } g;
    memset(&g, 0x5A, sizeof g);

    err_set(&g.e, E_FORMAT, "%s", longer);
    assert_int_equal(strlen(g.e.text), sizeof g.e.text - 1);
    err_context(&g.e, "file");
    assert_int_equal(strlen(g.e.text), sizeof g.e.text - 1);
    assert_memory_equal(g.e.text, "file: xxx", 9);
    err_context(&g.e, "%s", longer);
    assert_true(strlen(g.e.text) < sizeof g.e.text);
    assert_int_equal(g.e.code, E_FORMAT);
    for (size_t i = 0; i < sizeof g.guard; i++)
        assert_int_equal(g.guard[i], 0x5A);
}

/* A key or file name may hold escape codes and line breaks. */
static void messages_are_one_printable_line(void **state)
{
    (void)state;
    err e = {0};
    err_set(&e, E_CONFIG, "unknown key \"%s\"", "a\x1b[2J\r\nsaeinv: all is well\x7f");
    assert_string_equal(e.text, "unknown key \"a?[2J??saeinv: all is well?\"");
    err_context(&e, "%s", "na\xC3\xAFve\n.json");
    assert_string_equal(e.text, "na\xC3\xAFve?.json: unknown key \"a?[2J??saeinv: all is well?\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_formats_and_returns_the_code),
        cmocka_unit_test(context_goes_in_front),
        cmocka_unit_test(long_texts_are_cut_not_overrun),
        cmocka_unit_test(messages_are_one_printable_line),
    };
    return cmocka_run_group_tests_name("err", tests, NULL, NULL);
}
