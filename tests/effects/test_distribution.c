/* Numbers worked out by hand: divergence, changes of single tokens, ranks, both ends of a list. */
#include "test.h"

#include "base/memory.h"
#include "effects/distribution.h"
#include "effects/token_ends.h"
#include <math.h>

static void near(double got, double want)
{
    if (!(fabs(got - want) <= 1e-6 * (1 + fabs(want))))
        fail_msg("%.9g, not %.9g", got, want);
}

/* Rows are (1/2, 1/4, 1/4) and (1/8, 1/8, 3/4), shifted by any constant. */
static void divergence_of_known_distributions(void **state)
{
    (void)state;
    enum { V = 3, R = 2 };
    float a = (float)log(2), c = (float)log(6);
    const float clean[] = {a + 5, 5, 5, 0, 0, 0};
    const float changed[] = {0, 0, c, -2, -2, c - 2};
    const int32_t targets[R] = {2, -1};
    double sums[R];
    row_change got[R];
    log_sums(sums, clean, R, V, NULL);
    near(sums[0], 5 + log(4));
    near(sums[1], log(3));
    compare_rows(got, clean, changed, sums, targets, R, V, NULL);
    near(got[0].kl, 0.5 * log(4) + 0.25 * log(2) + 0.25 * log(1 / 3.0));
    near(got[0].loss, log(0.25) - log(0.75)); /* the target became likelier: less loss */
    near(got[1].kl, 2 / 3.0 * log(8 / 3.0) + 1 / 3.0 * log(4 / 9.0));
    near(got[1].loss, 0);
    const int32_t ids[] = {0, 2};
    double log_n[2] = {1, 0}, probability_n[2] = {0, 0.5};
    add_token_changes(log_n, probability_n, clean, changed, got, R, ids, 2, V, NULL);
    near(log_n[0], 1 + log(0.25) + log(3 / 8.0));
    near(log_n[1], log(3) + log(9 / 4.0));
    near(probability_n[0], (1 / 8.0 - 1 / 2.0) + (1 / 8.0 - 1 / 3.0));
    near(probability_n[1], 0.5 + (3 / 4.0 - 1 / 4.0) + (3 / 4.0 - 1 / 3.0));
}

static void no_change_is_exactly_nothing(void **state)
{
    (void)state;
    const float row[] = {3, -1, 0.5f, 700, 699};
    const int32_t targets[] = {1};
    double sum;
    row_change got;
    log_sums(&sum, row, 1, 5, NULL);
    compare_rows(&got, row, row, &sum, targets, 1, 5, NULL);
    assert_true(got.kl == 0 && got.loss == 0);
}

static void ranks_share_ties(void **state)
{
    (void)state;
    const double x[] = {1, 2, 3, 4}, same[] = {10, 20, 30, 31}, turned[] = {4, 3, 2, -9};
    const double flat[] = {5, 5, 5, 5};
    near(rank_correlation(x, same, 4), 1);
    near(rank_correlation(x, turned, 4), -1);
    assert_true(isnan(rank_correlation(x, flat, 4)));
    /* Ranks 0, 1.5, 1.5, 3 beside 0 .. 3: (2.25 + 0 + 0 + 2.25) / sqrt(4.5 * 5). */
    const double tied[] = {0, 7, 7, 9};
    near(rank_correlation(x, tied, 4), 4.5 / sqrt(4.5 * 5));
}

static void both_ends_in_order(void **state)
{
    (void)state;
    const int32_t ids[] = {2, 3, 5, 8, 9};
    const double values[] = {0.5, -1, 0.5, 3, -1};
    token_ends e = find_token_ends(ids, values, 5);
    assert_int_equal(e.n, 2); /* a token is at one end only */
    assert_int_equal(e.highest[0].id, 8);
    assert_int_equal(e.highest[1].id, 2); /* of equals the lower */
    assert_int_equal(e.lowest[0].id, 3);
    assert_int_equal(e.lowest[1].id, 9);
    enum { MANY = 200 };
    int32_t all[MANY];
    double wave[MANY];
    for (int i = 0; i < MANY; i++) {
        all[i] = i;
        wave[i] = (i * 37) % MANY; /* every value 0 .. 199 once */
    }
    e = find_token_ends(all, wave, MANY);
    assert_int_equal(e.n, END_TOKENS);
    for (int i = 0; i < END_TOKENS; i++) {
        assert_true(e.highest[i].value == MANY - 1 - i && e.lowest[i].value == i);
        assert_true(wave[e.highest[i].id] == e.highest[i].value);
    }
    assert_int_equal(find_token_ends(all, wave, 1).n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(divergence_of_known_distributions),
        cmocka_unit_test(no_change_is_exactly_nothing),
        cmocka_unit_test(ranks_share_ties),
        cmocka_unit_test(both_ends_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
