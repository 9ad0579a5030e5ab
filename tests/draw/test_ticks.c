/* Ticks: properties that must hold for any range, and the labels of known ones. */
#include "base/memory.h"
#include "base/rng.h"
#include "draw/font.h"
#include "draw/ticks.h"
#include "test.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void check(double low, double high, scale_kind kind, int most)
{
    ticks_range(&low, &high, kind);
    assert_true(isfinite(low) && isfinite(high) && low < high);
    ticks t;
    ticks_make(&t, low, high, kind, most);
    assert_in_range(t.n, 1, TICKS_MAX);
    assert_true(t.n <= most || kind == SCALE_LOG);
    double slack = (high / 2 - low / 2) * 2e-6;
    for (int i = 0; i < t.n; i++) {
        assert_true(t.value[i] >= low - slack && t.value[i] <= high + slack);
        assert_true(i == 0 || t.value[i] > t.value[i - 1]);
        assert_true(strlen(t.label[i]) > 0 && strncmp(t.label[i], "-0", 3) != 0);
        assert_null(strstr(t.label[i], "nan"));
        for (int k = 0; k < i; k++)
            assert_string_not_equal(t.label[i], t.label[k]);
    }
    if (most >= 5 && kind == SCALE_LINEAR)
        assert_true(t.n >= 3);
}

/* A random value whose size covers everything a double can hold. */
static double wild(rng *r)
{
    double size = pow(10, -300 + 600 * rng_uniform(r));
    return rng_uniform(r) < 0.5 ? -size : size;
}

static void test_any_range(void **state)
{
    (void)state;
    rng r = rng_stream(1, "test_ticks");
    for (int i = 0; i < 100000; i++) {
        double a = i % 2 ? wild(&r) : 200 * rng_uniform(&r) - 100;
        double b = i % 3 ? a + fabs(a) * pow(10, -12 * rng_uniform(&r)) : wild(&r);
        scale_kind kind = (scale_kind)(i % 3);
        int most = 2 + i % 6;
        if (kind == SCALE_LOG) {
            a = fabs(a);
            b = fabs(b);
        }
        check(fmin(a, b), fmax(a, b), kind, most);
    }
}

static void test_degenerate(void **state)
{
    (void)state;
    static const double ENDS[] = {0, -0.0, 1, -1, 1e-300, 1e300, -1e300, 5e-324};
    for (int kind = 0; kind < 3; kind++)
        for (size_t i = 0; i < COUNT_OF(ENDS); i++)
            for (size_t k = 0; k < COUNT_OF(ENDS); k++)
                check(ENDS[i], ENDS[k], (scale_kind)kind, 6);
    double nan = strtod("nan", NULL), infinity = strtod("inf", NULL);
    check(nan, nan, SCALE_LINEAR, 6);
    check(infinity, -infinity, SCALE_LINEAR, 6); /* the bounds of no data at all */
    check(infinity, -infinity, SCALE_LOG, 6);
    check(0, infinity, SCALE_INTEGER, 6);
}

static const struct {
    double low, high;
    scale_kind kind;
    const char *labels;
} KNOWN[] = {
    {0, 10, SCALE_LINEAR, "0 2 4 6 8 10"},
    {-1, 1, SCALE_LINEAR, "-1.0 -0.5 0.0 0.5 1.0"},     /* same decimals, no "-0.0" */
    {0, 1e-5, SCALE_LINEAR, "0.0 0.2 0.4 0.6 0.8 1.0"}, /* times a power of ten */
    {0, 60000, SCALE_INTEGER, "0 10k 20k 30k 40k 50k 60k"},
    {0, 2500000, SCALE_INTEGER, "0 0.5M 1.0M 1.5M 2.0M 2.5M"},
    {0, 3, SCALE_INTEGER, "0 1 2 3"}, /* never halves */
    {1e-6, 1e-2, SCALE_LOG, "10⁻⁶ 10⁻⁵ 10⁻⁴ 10⁻³ 10⁻²"},
    {1, 1000, SCALE_LOG, "1 10 100 1000"},
    {1, 20, SCALE_LOG, "1 2 5 10 20"},                             /* few decades: 1, 2, 5 */
    {1e-20, 1, SCALE_LOG, "10⁻¹⁸ 10⁻¹⁵ 10⁻¹² 10⁻⁹ 10⁻⁶ 10⁻³ 10⁰"}, /* too many for one each */
};

static void test_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(KNOWN); i++) {
        ticks t;
        ticks_make(&t, KNOWN[i].low, KNOWN[i].high, KNOWN[i].kind, 7);
        char all[TICKS_MAX * TICK_TEXT] = "";
        for (int k = 0; k < t.n; k++) {
            strcat(all, k ? " " : "");
            strcat(all, t.label[k]);
        }
        assert_string_equal(all, KNOWN[i].labels);
    }
}

/* What a tick says times its power of ten is where the tick stands. */
static void test_labels_tell_the_truth(void **state)
{
    (void)state;
    rng r = rng_stream(2, "test_ticks");
    for (int i = 0; i < 20000; i++) {
        double low = wild(&r) * 1e-8, high = low + fabs(low) * (0.01 + 10 * rng_uniform(&r));
        ticks_range(&low, &high, SCALE_LINEAR);
        ticks t;
        ticks_make(&t, low, high, SCALE_LINEAR, 7);
        for (int k = 0; k < t.n; k++) {
            char text[2 * TICK_TEXT];
            snprintf(text, sizeof text, "%se%d", t.label[k], t.exponent);
            double step = t.n > 1 ? t.value[1] - t.value[0] : high - low;
            assert_true(fabs(strtod(text, NULL) - t.value[k]) <= 0.02 * step);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_range),
        cmocka_unit_test(test_degenerate),
        cmocka_unit_test(test_known),
        cmocka_unit_test(test_labels_tell_the_truth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
