/* Order statistics of what a feature does, on examples counted by hand. */
#include "test.h"
#include "base/memory.h"
#include "features/common_by_hand.h"
#include "features/quantiles.h"
#include <math.h>

static void they_are_activations_that_occurred(void **state)
{
    (void)state;
    static const struct {
        int n;
        float values[12];
        double least, p10, median, p90, p99, most;
    } cases[] = {
        {1, {7}, 7, 7, 7, 7, 7, 7},
        {2, {7, 3}, 3, 3, 3, 7, 7, 7},                                 /* half do not exceed 3 */
        {3, {5, 1, 9}, 1, 1, 5, 9, 9, 9},                              /* ranks 1, 1, 2, 3, 3, 3 */
        {4, {2, 2, 2, 2}, 2, 2, 2, 2, 2, 2},                           /* constant */
        {10, {10, 9, 8, 7, 6, 5, 4, 3, 2, 1}, 1, 1, 5, 9, 10, 10},     /* exactly a tenth: rank 1 */
        {11, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, 1, 2, 6, 10, 11, 11} /* ranks 2, 6, 10, 11 */
    };
    by_hand b;
    by_hand_open(&b, 20);
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        b.n = 0;
        for (int i = 0; i < cases[c].n; i++) /* prompts 0, 0, 1, 1, 2 ... */
            by_hand_activate(&b, i / 2, 1 + i % 2, cases[c].values[i]);
        activation_quantiles q = survey_quantiles(&b.survey, 0);
        assert_int_equal(q.n, cases[c].n);
        assert_int_equal(q.n_prompts, (cases[c].n + 1) / 2);
        assert_true(q.least == cases[c].least && q.p10 == cases[c].p10);
        assert_true(q.median == cases[c].median && q.p90 == cases[c].p90);
        assert_true(q.p99 == cases[c].p99 && q.most == cases[c].most);
    }
    by_hand_close(&b);
}

static void a_silent_feature_has_none(void **state)
{
    (void)state;
    by_hand b;
    by_hand_open(&b, 1);
    activation_quantiles q = survey_quantiles(&b.survey, 0);
    assert_int_equal(q.n, 0);
    assert_int_equal(q.n_prompts, 0);
    assert_true(isnan(q.least) && isnan(q.median) && isnan(q.most));
    by_hand_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_activations_that_occurred),
        cmocka_unit_test(a_silent_feature_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
