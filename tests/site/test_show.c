/* Values as pages show them: numbers, shares, tokens, merged characters. */
#include "test.h"
#include "base/memory.h"
#include "site/show.h"
#include <string.h>

static void numbers_are_short(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *want, *why;
    } rows[] = {
        {0, "0", "zero"},
        {-0.0, "0", "never minus zero"},
        {7, "7", "whole numbers stay whole"},
        {4096, "4096", "four digits need no gap"},
        {12345, "12\u202F345", "five do"},
        {-3.14159, "−3.14", "three digits and a true minus"},
        {14.2049, "14.2", "three digits above ten"},
        {1234.5, "1234", "no fraction above a hundred"},
        {0.000735, "0.000735", "small, still readable"},
        {0.0000123, "1.23×10⁻⁵", "too small for that"},
        {1.5e12, "1.50×10¹²", "too large"},
        {(double)NAN, "–", "not defined"},
        {(double)INFINITY, "–", "nor this"},
    };
    arena a = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (strcmp(show_number(&a, rows[i].value), rows[i].want))
            fail_msg("%s: %s, not %s", rows[i].why, show_number(&a, rows[i].value), rows[i].want);
    assert_string_equal(show_share(&a, 0.1234), "12.3%");
    assert_string_equal(show_share(&a, 0.01171), "1.17%");
    assert_string_equal(show_share(&a, 0.00002), "0.00200%");
    assert_string_equal(show_share(&a, 0), "0%");
    assert_string_equal(show_share(&a, 1), "100%");
    assert_string_equal(show_share(&a, 0.9996), "99.96%");
    assert_string_equal(show_share(&a, 0.999999), "above 99.99%");
    assert_string_equal(show_share(&a, 1.5), "150.0%");
    assert_string_equal(show_share(&a, -0.012), "−1.20%");
    assert_string_equal(show_share(&a, 1e300), "1.00×10³⁰²%");
    assert_string_equal(show_ratio(&a, 1.826), "1.83×");
    assert_string_equal(show_ratio(&a, -0.2), "−0.20×");
    assert_string_equal(show_ratio(&a, -0.001), "0.00×");
    assert_string_equal(show_ratio(&a, 1e300), "1.00×10³⁰⁰×");
    assert_string_equal(show_count(&a, 1714176), "1\u202F714\u202F176");
    arena_release(&a);
}

/* Values that stand beside each other have as many places. */
static void scores_can_be_compared(void **state)
{
    (void)state;
    arena a = {0};
    assert_string_equal(show_score(&a, 0.00384), "0.004");
    assert_string_equal(show_score(&a, 0.908), "0.908");
    assert_string_equal(show_score(&a, 0), "0.000");
    assert_string_equal(show_score(&a, 1), "1.000");
    assert_string_equal(show_score(&a, -0.0286), "−0.029");
    assert_string_equal(show_score(&a, -0.0001), "0.000");
    assert_string_equal(show_score(&a, 98.14), "98.1");
    assert_string_equal(show_score(&a, (double)NAN), "–");
    assert_string_equal(show_fixed(&a, 12345.67, 1), "12\u202F345.7");
    assert_int_equal(show_places(0.997, 0.0114), 3);
    assert_int_equal(show_places(0.99993, 0.000335), 5);
    assert_int_equal(show_places(98.1, 23.4), 1);
    assert_int_equal(show_places(35698, 32), 0);
    assert_int_equal(show_places(0.264, 0), 3);
    assert_int_equal(show_places(1, 1e-12), 6);
    assert_int_equal(show_places((double)NAN, (double)NAN), 0);
    assert_string_equal(show_figure(&a, "share", "higher", 0.976), "97.6%");
    assert_string_equal(show_figure(&a, "ratio", "higher", 1.19), "1.19×");
    assert_string_equal(show_figure(&a, "", "higher", 0.0139), "0.014");
    assert_string_equal(show_figure(&a, "", "", 1000), "1000");
    assert_string_equal(show_figure(&a, "features", "lower", 12.21), "12.2");
    arena_release(&a);
}

#define B(text)                                                                                    \
    {                                                                                              \
        text, sizeof text - 1                                                                      \
    }

static void tokens_are_visible(void **state)
{
    (void)state;
    static const struct {
        record_bytes token;
        const char *want, *ascii;
    } rows[] = {
        {B(" the"), "␣the", "_the"},
        {B("\n"), "↵", "\\n"},
        {B("\t"), "⇥", "\\x09"},
        {B("\r"), "\\u{D}", "\\x0d"},
        {B("\xe2\x80"), "\\xe2\\x80", "\\xe2\\x80"},
        {B("\0"), "\\u{0}", "\\x00"},
        {B("\u202E"), "\\u{202E}", "\\xe2\\x80\\xae"},
        {B("\uE000"), "\\u{E000}", "\\xee\\x80\\x80"},
        {B("caf\u00e9"), "café", "caf\\xc3\\xa9"},
        {B(""), "∅", ""},
    };
    arena a = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_string_equal(show_token(&a, rows[i].token), rows[i].want);
        assert_string_equal(show_token_ascii(&a, rows[i].token, 40), rows[i].ascii);
    }
    char text[4096];
    memset(text, 'x', sizeof text);
    assert_true(strlen(show_token(&a, (record_bytes){text, sizeof text})) < 60);
    assert_string_equal(show_token_ascii(&a, (record_bytes){text, sizeof text}, 5), "xxxx~");
    arena_release(&a);
}

/* "é" and a Chinese character cut over tokens come back whole with the larger activation; a byte
 * that nothing completes is shown as itself. */
static void pieces_of_characters_are_merged(void **state)
{
    (void)state;
    record_bytes tokens[] = {B("caf"),  B("\xc3"), B("\xa9"), B(" \xe6"), B("\x97"),
                             B("\xa5"), B("\x80"), B(" x"),   B("\n"),    B(" y")};
    double activations[] = {0, 1, 3, 0, 2, 0, 4, 0, 0, 0};
    static const struct {
        const char *text;
        int n;
        double activation;
    } want[] = {{"caf", 1, 0}, {"é", 2, 3}, {" 日", 3, 2}, {"\\x80", 1, 4},
                {" x", 1, 0},  {"↵", 1, 0}, {"␣y", 1, 0}};
    record_context c = {.tokens = tokens, .activations = activations, .n_tokens = COUNT_OF(tokens)};
    arena a = {0};
    int n;
    shown_token *shown = show_context(&n, &a, &c);
    assert_int_equal(n, COUNT_OF(want));
    for (int i = 0; i < n; i++) {
        assert_string_equal(shown[i].text, want[i].text);
        assert_int_equal(shown[i].n, want[i].n);
        assert_true(shown[i].activation == want[i].activation);
    }
    arena_release(&a);
}

static void metrics_are_words(void **state)
{
    (void)state;
    arena a = {0};
    assert_string_equal(show_metric(&a, "median_rule_f1"), "F1 of the rules (median)");
    assert_string_equal(show_metric(&a, "evaluation.dead features"), "dead features, in training");
    assert_string_equal(show_metric(&a, "of_a_newer_version"), "of a newer version");
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_short),  cmocka_unit_test(scores_can_be_compared),
        cmocka_unit_test(tokens_are_visible), cmocka_unit_test(pieces_of_characters_are_merged),
        cmocka_unit_test(metrics_are_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
