/* Shares with their interval, against published ones. */
#include "test.h"
#include "base/memory.h"
#include "features/proportion.h"
#include <math.h>

static void intervals_are_those_of_the_literature(void **state)
{
    (void)state;
    /* Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3;
     * the last two are 1 / (1 + z^2 / n) at both ends. */
    static const struct {
        int64_t k, n;
        double low, high;
    } rows[] = {{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611},
                {1, 29, 0.0061, 0.1718},   {10, 10, 0.7225, 1},       {1, 1, 0.2065, 1}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        proportion p = proportion_of(rows[i].k, rows[i].n);
        assert_true(p.value == (double)rows[i].k / (double)rows[i].n);
        assert_true(fabs(p.low - rows[i].low) < 5e-5 && fabs(p.high - rows[i].high) < 5e-5);
    }
}

static void they_hold_the_share_and_stay_within_bounds(void **state)
{
    (void)state;
    static const int64_t sizes[] = {1, 2, 3, 7, 1000, 12345678901};
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        for (int part = 0; part <= 6; part++) {
            int64_t k = sizes[i] / 6 * part < sizes[i] ? sizes[i] / 6 * part : sizes[i];
            k = part == 6 ? sizes[i] : k;
            proportion p = proportion_of(k, sizes[i]);
            assert_true(0 <= p.low && p.low <= p.value && p.value <= p.high && p.high <= 1);
        }
    proportion none = proportion_of(0, 0);
    assert_true(isnan(none.value) && isnan(none.low) && isnan(none.high));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_are_those_of_the_literature),
        cmocka_unit_test(they_hold_the_share_and_stay_within_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
