/* The vector forms of exp, tanh and the normal distribution against libm, over their whole range.
 */
#include "compute/cpu_math.h"
#include "test.h"
#include <math.h>

static double relative(double got, double want)
{
    return fabs(got - want) / fabs(want);
}

static void test_exp(void **state)
{
    (void)state;
    double worst = 0;
    for (double x = -87; x < 88; x += 0.000731)
        worst = fmax(worst, relative((double)fast_exp((float)x), exp((double)(float)x)));
    assert_true(worst < 1e-7);
    assert_true(fast_exp(0) == 1.0f);
    assert_true(fast_exp(-88) == 0.0f);
    assert_true(fast_exp(-INFINITY) == 0.0f); /* a masked score */
    assert_true(isinf(fast_exp(1000)));
    assert_true(isnan(fast_exp(NAN))); /* divergence must show */
}

static void test_log(void **state)
{
    (void)state;
    double worst = 0;
    for (double x = -87; x < 88; x += 0.000731) {
        float at = (float)exp(x);
        worst = fmax(worst, relative((double)fast_log(at), log((double)at)));
    }
    for (double x = 0.5; x < 2; x += 0.0000137) /* where the logarithm goes through 0 */
        if ((float)x != 1.0f)
            worst = fmax(worst, relative((double)fast_log((float)x), log((double)(float)x)));
    print_message("log: relative error %.2g\n", worst);
    assert_true(worst < 3e-7);
    assert_true(fast_log(1) == 0.0f);
}

static void test_tanh(void **state)
{
    (void)state;
    double worst = 0;
    for (double x = 1e-6; x < 20; x += 0.000173) {
        worst = fmax(worst, relative((double)fast_tanh((float)x), tanh((double)(float)x)));
        assert_true(fast_tanh((float)-x) == -fast_tanh((float)x));
    }
    assert_true(worst < 1.5e-7);
    assert_true(fast_tanh(0) == 0.0f);
    assert_true(fast_tanh(500) == 1.0f);
    assert_true(isnan(fast_tanh(NAN)));
}

static void test_normal(void **state)
{
    (void)state;
    double tail = 0, absolute = 0, bell = 0;
    for (double x = -11; x < 11; x += 0.000173) {
        float density;
        double at = (double)(float)x, below = 0.5 * erfc(-at / sqrt(2));
        double got = (double)fast_normal((float)x, &density);
        absolute = fmax(absolute, fabs(got - below));
        if (at < 0)
            tail = fmax(tail, relative(got, below));
        bell = fmax(bell, fabs((double)density - exp(-0.5 * at * at) / sqrt(2 * M_PI)));
    }
    assert_true(tail < 3e-6);
    assert_true(absolute < 2e-7);
    assert_true(bell < 1e-7);
    float density;
    assert_true(fast_normal(40, &density) == 1.0f);
    assert_true(isnan(fast_normal(NAN, &density)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_exp), cmocka_unit_test(test_log),
                                       cmocka_unit_test(test_tanh), cmocka_unit_test(test_normal)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
