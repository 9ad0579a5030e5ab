/* Field by field: structures have padding. */
#include "test.h"

#include "invert/common_search.h"
#include <math.h>

static bool same_number(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

static void expect_point(const search_point *got, const search_point *want)
{
    assert_int_equal(got->length, want->length);
    assert_int_equal(got->tokens == NULL, want->tokens == NULL);
    if (want->tokens)
        assert_memory_equal(got->tokens, want->tokens, (size_t)want->length * sizeof(int32_t));
    assert_true(got->value == want->value && got->z == want->z);
    assert_true(got->activation == want->activation);
    assert_true(same_number(got->cross_entropy, want->cross_entropy));
    assert_true(got->start == want->start && got->restart == want->restart);
}

void expect_same_search(const search_job *got, const search_job *want)
{
    expect_point(&got->cold, &want->cold);
    expect_point(&got->warm, &want->warm);
    expect_point(&got->fluent, &want->fluent);
    expect_point(&got->window, &want->window);
    expect_point(&got->single, &want->single);
    assert_int_equal(got->n_front, want->n_front);
    assert_int_equal(got->n_restarts, want->n_restarts);
    assert_int_equal(got->n_curve, want->n_curve);
    for (int k = 0; k < want->n_front; k++)
        expect_point(&got->front[k], &want->front[k]);
    for (int k = 0; k < want->n_restarts; k++) {
        const search_restart *a = &got->restarts[k], *b = &want->restarts[k];
        expect_point(&a->best, &b->best);
        assert_true(a->start == b->start && a->first_value == b->first_value);
        assert_true(a->first_gradient == b->first_gradient && a->n_restarted == b->n_restarted);
    }
    for (int k = 0; k < want->n_curve; k++) {
        assert_int_equal(got->curve[k].iteration, want->curve[k].iteration);
        assert_true(same_number((double)got->curve[k].cold, (double)want->curve[k].cold));
        assert_true(same_number((double)got->curve[k].warm, (double)want->curve[k].warm));
    }
    assert_true(got->hypervolume == want->hypervolume);
    assert_true(same_number((double)got->relaxed, (double)want->relaxed));
    assert_int_equal(got->certified, want->certified);
    assert_int_equal(got->n_sweeps, want->n_sweeps);
    assert_int_equal(got->n_forwards, want->n_forwards);
    assert_true(got->flops == want->flops);
}
