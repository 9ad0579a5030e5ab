/* Growing strings, numbers as text, UTF-8, and "did you mean". */
#include "test.h"
#include "base/memory.h"
#include "base/str.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void strings_grow(void **state)
{
    (void)state;
    str s = {0};
    assert_string_equal(str_text(&s), "");
    for (int i = 0; i < 1000; i++)
        str_addf(&s, "%d,", i);
    assert_int_equal(s.len, 3890); /* 10 x 2 + 90 x 3 + 900 x 4 */
    assert_int_equal(strlen(s.data), s.len);
    assert_memory_equal(s.data + s.len - 8, "998,999,", 8);
    str_clear(&s);
    assert_string_equal(str_text(&s), "");
    str_add(&s, "a");
    str_add_char(&s, 'b');
    str_add_bytes(&s, "c\0d", 3);
    str_add_bytes(&s, NULL, 0);
    assert_int_equal(s.len, 5);
    assert_memory_equal(s.data, "abc\0d", 6); /* the bytes and the final NUL */
    str_release(&s);
    assert_null(s.data);
    assert_int_equal(s.len, 0);
}

static const struct {
    double value;
    const char *text;
} numbers[] = {
    {0, "0"},
    {-0.0, "0"}, /* never "-0": two runs may differ in the sign of a zero */
    {1, "1"},
    {-17, "-17"},
    {2048, "2048"},
    {123456789, "123456789"}, /* an integer beyond six digits keeps them all */
    {0.1, "0.1"},
    {1.0 / 3, "0.333333"},
    {-2.5, "-2.5"},
    {1234567.89, "1.23457e+06"},
    {1e-7, "1e-07"},
    {1e300, "1e+300"}, /* an integer in theory, not worth 301 digits */
    {DBL_MAX, "1.79769e+308"},
    {-1e-320, "-9.99989e-321"}, /* subnormal */
    {(double)NAN, ""},
    {(double)INFINITY, ""},
    {-(double)INFINITY, ""},
};

static void numbers_as_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        char buf[NUMBER_TEXT];
        assert_string_equal(number_text(buf, numbers[i].value), numbers[i].text);
        assert_ptr_equal(number_text(buf, numbers[i].value), buf);
    }
}

static const struct {
    const char *bytes;
    size_t n;
    int length;
    uint32_t code;
} sequences[] = {
    {"A", 1, 1, 'A'},
    {"\x00", 1, 1, 0},
    {"\xC2\x80", 2, 2, 0x80},             /* smallest of two bytes */
    {"\xDF\xBF", 2, 2, 0x7FF},            /* largest of two */
    {"\xE0\xA0\x80", 3, 3, 0x800},        /* smallest of three */
    {"\xED\x9F\xBF", 3, 3, 0xD7FF},       /* last before the surrogates */
    {"\xEE\x80\x80", 3, 3, 0xE000},       /* first after them */
    {"\xF0\x90\x80\x80", 4, 4, 0x10000},  /* smallest of four */
    {"\xF4\x8F\xBF\xBF", 4, 4, 0x10FFFF}, /* the last code point */
    {"\xF4\x90\x80\x80", 4, 0, 0},        /* one beyond */
    {"\xF8\x88\x80\x80\x80", 5, 0, 0},    /* five-byte form of old */
    {"\xFE", 1, 0, 0},
    {"\xFF\xFF\xFF\xFF", 4, 0, 0},
    {"\x80", 1, 0, 0}, /* a continuation alone */
    {"\xBF\xBF", 2, 0, 0},
    {"\xC0\x80", 2, 0, 0},         /* overlong NUL */
    {"\xC1\xBF", 2, 0, 0},         /* overlong */
    {"\xE0\x9F\xBF", 3, 0, 0},     /* overlong */
    {"\xF0\x8F\xBF\xBF", 4, 0, 0}, /* overlong */
    {"\xED\xA0\x80", 3, 0, 0},     /* high surrogate */
    {"\xED\xBF\xBF", 3, 0, 0},     /* low surrogate */
    {"\xC3", 1, 0, 0},             /* cut after one */
    {"\xE2\x82", 2, 0, 0},         /* cut after two */
    {"\xF0\x9F\x98", 3, 0, 0},     /* cut after three */
    {"\xC3(", 2, 0, 0},            /* no continuation */
    {"\xE2\x82(", 3, 0, 0},
    {"", 0, 0, 0},
};

static void utf8_sequences(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sequences); i++) {
        /* An exact heap copy: reading past it is seen by ASan. */
        unsigned char *exact = malloc(sequences[i].n ? sequences[i].n : 1);
        assert_non_null(exact);
        memcpy(exact, sequences[i].bytes, sequences[i].n);
        uint32_t code = 0;
        int length = utf8_decode(exact, sequences[i].n, &code);
        assert_int_equal(length, sequences[i].length);
        if (length)
            assert_int_equal(code, sequences[i].code);
        if (sequences[i].n)
            assert_int_equal(utf8_valid((const char *)exact, sequences[i].n), length > 0);
        free(exact);
    }
    assert_true(utf8_valid("", 0));
    assert_true(utf8_valid("na\xC3\xAFve \xF0\x9F\x98\x80", 11));
    assert_false(utf8_valid("good until here \xC3", 17));
}

static void utf8_every_code_point_round_trips(void **state)
{
    (void)state;
    for (uint32_t code = 0; code <= 0x10FFFF; code++) {
        if (code == 0xD800)
            code = 0xE000;
        char bytes[4];
        uint32_t back = 0;
        int n = utf8_encode(bytes, code);
        if (utf8_decode((const unsigned char *)bytes, (size_t)n, &back) != n || back != code)
            fail_msg("U+%04X does not come back", (unsigned)code);
    }
}

static void nearest_names(void **state)
{
    (void)state;
    static const char *const names[] = {"learning_rate", "lambda_reg", "max_steps", "n_prompts"};
    static const struct {
        const char *typed, *meant;
    } rows[] = {
        {"learning-rate", "learning_rate"}, /* one replaced */
        {"max_step", "max_steps"},          /* one missing */
        {"n_promptss", "n_prompts"},        /* one too many */
        {"lamda_reg", "lambda_reg"},        {"max_steps", "max_steps"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_string_equal(nearest_name(rows[i].typed, names, COUNT_OF(names)), rows[i].meant);
    assert_null(nearest_name("x", names, 0));
    assert_string_equal(nearest_name("", names, 1), names[0]);

    char endless[5000]; /* a hostile config's key */
    memset(endless, 'm', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    assert_non_null(nearest_name(endless, names, COUNT_OF(names)));
}

static void test_xml(void **state)
{
    (void)state;
    str s = {0};
    str_add_xml(&s, "a<b>&\"c'\xc3\xa9");
    assert_string_equal(str_text(&s), "a&lt;b&gt;&amp;&quot;c&#39;\xc3\xa9");
    str_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_grow),   cmocka_unit_test(numbers_as_text),
        cmocka_unit_test(utf8_sequences), cmocka_unit_test(utf8_every_code_point_round_trips),
        cmocka_unit_test(nearest_names),  cmocka_unit_test(test_xml),
    };
    return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
