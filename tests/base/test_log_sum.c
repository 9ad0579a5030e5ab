/* exp in double beside libm's, and sums of exponentials worked out by hand. */
#include "test.h"

#include "base/log_sum.h"
#include <math.h>

static void exp_is_exact_to_the_last_bits(void **state)
{
    (void)state;
    double worst = 0;
    for (int i = -708000; i <= 709000; i++) {
        double x = i / 1000.0 + 1e-4 * sin(i), want = exp(x);
        if (x < -708 || x > 709)
            continue;
        worst = fmax(worst, fabs(exp_wide(x) - want) / want);
    }
    if (worst > 5e-16)
        fail_msg("relative error %g", worst);
    assert_true(exp_wide(0) == 1);
    assert_true(exp_wide(-709) == 0 && exp_wide((double)-INFINITY) == 0);
}

/* 21 numbers: two whole rounds of the lanes and five more. */
static void sums_of_any_length(void **state)
{
    (void)state;
    float x[21];
    for (int i = 0; i < 21; i++)
        x[i] = (float)log(i + 1) + 1000;
    for (int n = 1; n <= 21; n++) /* 1 + 2 + .. + n */
        assert_true(fabs(log_sum_exp(x, n) - (1000 + log(n * (n + 1) / 2.0))) < 1e-4);
    const float apart[] = {-2000, 5};
    assert_true(log_sum_exp(apart, 2) == 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(exp_is_exact_to_the_last_bits),
                                       cmocka_unit_test(sums_of_any_length)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
