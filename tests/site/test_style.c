/* The style sheet's colours by computation (WCAG 2.2, 1.4.3): every text on every ground it can
 * stand on, in light, dark and print. */
#include "test.h"
#include "base/memory.h"
#include "site/common_site.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct color {
    double r, g, b; /* 0..255 */
} color;

/* The value of --name in the rule that starts at `rule`. */
static const char *value_of(const char *rule, const char *name)
{
    arena a = {0};
    const char *at = strstr(rule, arena_printf(&a, "--%s: ", name));
    const char *end = strchr(rule, '}');
    size_t skip = strlen(name) + 4;
    arena_release(&a);
    if (!at || at > end)
        fail_msg("no --%s", name);
    return at + skip;
}

static color hex_color(const char *rule, const char *name)
{
    const char *text = value_of(rule, name);
    char digits[7] = {0};
    assert_int_equal(*text, '#');
    size_t n = strspn(text + 1, "0123456789abcdef");
    assert_true(n == 3 || n == 6);
    for (size_t i = 0; i < 6; i++)
        digits[i] = text[1 + (n == 3 ? i / 2 : i)];
    long all = strtol(digits, NULL, 16);
    return (color){(double)(all >> 16), (double)(all >> 8 & 255), (double)(all & 255)};
}

static color three_numbers(const char *rule, const char *name)
{
    char *at;
    color c;
    c.r = strtod(value_of(rule, name), &at);
    c.g = strtod(at, &at);
    c.b = strtod(at, &at);
    return c;
}

static double linear(double channel)
{
    double x = channel / 255;
    return x <= 0.04045 ? x / 12.92 : pow((x + 0.055) / 1.055, 2.4);
}

static double luminance(color c)
{
    return 0.2126 * linear(c.r) + 0.7152 * linear(c.g) + 0.0722 * linear(c.b);
}

static double contrast(color a, color b)
{
    double x = luminance(a), y = luminance(b);
    return (fmax(x, y) + 0.05) / (fmin(x, y) + 0.05);
}

static color blend(color over, color under, double share)
{
    return (color){over.r * share + under.r * (1 - share), over.g * share + under.g * (1 - share),
                   over.b * share + under.b * (1 - share)};
}

static void the_formula_is_right(void **state)
{
    (void)state;
    color black = {0, 0, 0}, white = {255, 255, 255}, gray = {118, 118, 118};
    assert_true(fabs(contrast(black, white) - 21) < 1e-9);
    assert_true(fabs(contrast(gray, white) - 4.54) < 0.01); /* #767676, the known limit */
}

static void check_text(const char *rule, const char *ink, const char *ground, const char *where)
{
    double ratio = contrast(hex_color(rule, ink), hex_color(rule, ground));
    if (ratio < 4.5)
        fail_msg("%s: --%s on --%s has %.2f", where, ink, ground, ratio);
}

/* Tokens on each step of the heatmap; the steps are .a1 to .a9 of the style sheet. */
static void check_heat(const char *css, const char *rule, const char *where)
{
    arena a = {0};
    color heat = three_numbers(rule, "heat"), paper = hex_color(rule, "paper");
    for (int step = 1; step <= 9; step++) {
        const char *at = strstr(css, arena_printf(&a, "\n.a%d {", step)), *share = NULL;
        assert_non_null(at);
        share = strstr(at, " / ");
        bool full = !share || share > strchr(at, '}');
        color ground = blend(heat, paper, full ? 1 : strtod(share + 3, NULL) / 100);
        double ratio = contrast(hex_color(rule, "heat-ink"), ground);
        if (ratio < 4.5)
            fail_msg("%s: a token of step %d has %.2f", where, step, ratio);
    }
    arena_release(&a);
}

static void every_text_can_be_read(void **state)
{
    (void)state;
    static const char *const inks[] = {"ink", "muted", "link"}, *const grounds[] = {"paper",
                                                                                    "faint"};
    arena a = {0};
    const char *css = file_text(&a, "templates", "report.css");
    const char *light = strstr(css, ":root {"),
               *dark = strstr(strstr(css, "(prefers-color-scheme: dark)"), ":root {"),
               *print = strstr(strstr(css, "@media print"), ":root {");
    const char *const rules[] = {light, dark}, *const names[] = {"light", "dark"};
    for (int i = 0; i < 2; i++) {
        for (size_t k = 0; k < COUNT_OF(inks) * COUNT_OF(grounds); k++)
            check_text(rules[i], inks[k / 2], grounds[k % 2], names[i]);
        check_heat(css, rules[i], names[i]);
        double ring = contrast(hex_color(rules[i], "link"), hex_color(rules[i], "paper"));
        assert_true(ring >= 3); /* the focus ring */
        assert_true(contrast(hex_color(rules[i], "mark"), hex_color(rules[i], "paper")) >= 3);
    }
    for (size_t k = 0; k < COUNT_OF(inks); k++)
        check_text(print, inks[k], "paper", "print");
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_formula_is_right),
                                       cmocka_unit_test(every_text_can_be_read)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
