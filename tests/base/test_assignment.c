/* Assignments known by hand, and small ones against every possibility. */
#include "test.h"
#include "base/assignment.h"
#include "base/memory.h"
#include "base/rng.h"
#include <math.h>

/* The nearest column of either row is the first: taking it at once would give 9 + 1. */
static void the_best_pair_is_not_always_taken(void **state)
{
    (void)state;
    int column_of[2];
    assignment_maximise(column_of, (const double[]){9, 8, 7, 1}, 2, 2);
    assert_int_equal(column_of[0], 1);
    assert_int_equal(column_of[1], 0);
}

/* 3 + 6 + 5 = 14; no other pairing of three has more. */
static void three_by_hand(void **state)
{
    (void)state;
    static const double value[] = {1, 2, 3, /**/ 4, 6, 5, /**/ 5, 3, 4};
    int column_of[3];
    assignment_maximise(column_of, value, 3, 3);
    assert_int_equal(column_of[0], 2);
    assert_int_equal(column_of[1], 1);
    assert_int_equal(column_of[2], 0);
}

static void more_rows_than_columns(void **state)
{
    (void)state;
    int column_of[3];
    assignment_maximise(column_of, (const double[]){-5, 2, -1}, 3, 1);
    assert_int_equal(column_of[0], -1);
    assert_int_equal(column_of[1], 0);
    assert_int_equal(column_of[2], -1);
    assignment_maximise(column_of, (const double[]){-5, 2, -1}, 1, 3);
    assert_int_equal(column_of[0], 1);
}

static void nothing_to_assign(void **state)
{
    (void)state;
    int column_of[2] = {7, 7};
    assignment_maximise(column_of, NULL, 0, 5);
    assert_int_equal(column_of[0], 7);
    assignment_maximise(column_of, NULL, 2, 0);
    assert_int_equal(column_of[0], -1);
    assert_int_equal(column_of[1], -1);
}

/* The largest sum of rows `row`... when `taken` columns are gone; `spare` rows may stay alone. */
static double largest(const double *value, int N, int M, int row, unsigned taken, int spare)
{
    if (row == N)
        return 0;
    double best = spare > 0 ? largest(value, N, M, row + 1, taken, spare - 1) : -HUGE_VAL;
    for (int j = 0; j < M; j++)
        if (!(taken & (1u << j)))
            best = fmax(best, ROW(value, row, M)[j] +
                                  largest(value, N, M, row + 1, taken | (1u << j), spare));
    return best;
}

static void check_against_all(const double *value, int N, int M, const char *what)
{
    int column_of[6], pairs = 0;
    unsigned taken = 0;
    double sum = 0;
    assignment_maximise(column_of, value, N, M);
    for (int i = 0; i < N; i++) {
        int j = column_of[i];
        if (j < 0)
            continue;
        assert_true(j < M && !(taken & (1u << j)));
        taken |= 1u << j;
        sum += ROW(value, i, M)[j];
        pairs++;
    }
    assert_int_equal(pairs, N < M ? N : M);
    double want = largest(value, N, M, 0, 0, N > M ? N - M : 0);
    if (!(fabs(sum - want) < 1e-12))
        fail_msg("%s, %d rows, %d columns: %.17g instead of %.17g", what, N, M, sum, want);
}

static void no_other_assignment_has_more(void **state)
{
    (void)state;
    rng random = rng_stream(1, "test_assignment");
    double value[36];
    for (int N = 1; N <= 6; N++)
        for (int M = 1; M <= 6; M++)
            for (int round = 0; round < 12; round++) {
                for (int i = 0; i < N * M; i++)
                    value[i] = 2 * rng_uniform(&random) - 1;
                check_against_all(value, N, M, "numbers");
                for (int i = 0; i < N * M; i++)
                    value[i] = rng_below(&random, 3); /* many ties */
                check_against_all(value, N, M, "ties");
            }
}

/* Rows of a permuted identity: the permutation comes back, also where there is no noise to break
 * ties. */
static void a_permutation_is_found(void **state)
{
    (void)state;
    enum { N = 200 };
    double *value = mem_small(N * N, sizeof *value);
    int order[N], column_of[N];
    rng random = rng_stream(2, "test_assignment");
    for (int i = 0; i < N; i++)
        order[i] = i;
    rng_shuffle(&random, order, N);
    for (int i = 0; i < N; i++)
        ROW(value, i, N)[order[i]] = 1;
    assignment_maximise(column_of, value, N, N);
    assert_memory_equal(column_of, order, sizeof order);
    mem_free(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_pair_is_not_always_taken),
        cmocka_unit_test(three_by_hand),
        cmocka_unit_test(more_rows_than_columns),
        cmocka_unit_test(nothing_to_assign),
        cmocka_unit_test(no_other_assignment_has_more),
        cmocka_unit_test(a_permutation_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
