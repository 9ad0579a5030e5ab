/* What optimised inputs pay and how they move, against the reference. */
#include "base/memory.h"
#include "common.h"
#include "common_operations.h"
#include "test.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* What an operation left: arrays of C numbers a row, and one cost a row or sequence. */
enum { ARRAYS = 3 };
typedef struct outcome {
    float *array[ARRAYS];
    double *cost;
} outcome;

typedef struct shape {
    int B, T, C, first, window;
    bool lengths; /* sequences differ in length */
} shape;

typedef void operation(backend *be, float *arrays[ARRAYS], double *cost, const float *x,
                       const float *e, const shape *s);

static outcome run(backend *be, operation *run_it, const shape *s)
{
    size_t rows = (size_t)s->B * (size_t)s->T, n = rows * (size_t)s->C;
    static const char *const names[ARRAYS] = {"array 0", "array 1", "array 2"};
    float *x = random_array(n, 1, "x"), *e = random_array(n, 1, "e");
    for (size_t i = 0; i < n; i++)
        x[i] += 0.8f;                                  /* cosines on both sides of a half */
    memcpy(e, x, (size_t)s->C * sizeof *e);            /* a distance of 0 */
    memset(x + n - s->C, 0, (size_t)s->C * sizeof *x); /* a row without direction */
    float *x_there = to_backend(be, x, n * sizeof *x), *e_there = to_backend(be, e, n * sizeof *e);
    double *none = mem_small(rows, sizeof *none);
    double *cost = to_backend(be, none, rows * sizeof *none);
    float *there[ARRAYS];
    for (int i = 0; i < ARRAYS; i++) {
        float *start = random_array(n, 1, names[i]);
        for (size_t k = 0; k < n && i == 2; k++)
            start[k] = fabsf(start[k]); /* a second moment is not negative */
        there[i] = to_backend(be, start, n * sizeof *start);
        mem_free(start);
    }
    run_it(be, there, cost, x_there, e_there, s);
    outcome got = {.cost = none};
    be->download(be, none, cost, rows * sizeof *none);
    for (int i = 0; i < ARRAYS; i++) {
        got.array[i] = from_backend(be, there[i], n);
        be->free(be, there[i]);
    }
    be->free(be, cost);
    be->free(be, x_there);
    be->free(be, e_there);
    mem_free(x);
    mem_free(e);
    return got;
}

static void outcome_release(outcome *o)
{
    for (int i = 0; i < ARRAYS; i++)
        mem_free(o->array[i]);
    mem_free(o->cost);
}

/* Costs to the last digits, others within float's rounding; contenders alike to the byte. */
static void check_shape(const contenders *all, const char *name, operation *run_it, const shape *s)
{
    size_t rows = (size_t)s->B * (size_t)s->T, n = rows * (size_t)s->C;
    outcome want = run(all->be[0], run_it, s), first = run(all->be[1], run_it, s);
    char what[96];
    snprintf(what, sizeof what, "%s (%d x %d x %d, window %d)", name, s->B, s->T, s->C, s->window);
    for (int i = 0; i < ARRAYS; i++)
        check_close(what, first.array[i], want.array[i], n, 1e-6);
    for (size_t i = 0; i < rows; i++)
        if (!(fabs(first.cost[i] - want.cost[i]) <= 1e-12 * (1 + fabs(want.cost[i]))))
            fail_msg("%s: cost %zu is %.17g, should be %.17g", what, i, first.cost[i],
                     want.cost[i]);
    for (int b = 2; b < all->n; b++) {
        outcome other = run(all->be[b], run_it, s);
        for (int i = 0; i < ARRAYS; i++)
            assert_memory_equal(other.array[i], first.array[i], n * sizeof(float));
        assert_memory_equal(other.cost, first.cost, rows * sizeof(double));
        outcome_release(&other);
    }
    outcome_release(&first);
    outcome_release(&want);
}

/* ---- the operations -----------------------------------------------------------------------------
 */

static void distances(backend *be, float *arrays[ARRAYS], double *cost, const float *x,
                      const float *e, const shape *s)
{
    int rows = s->B * s->T;
    double *weight = mem_small((size_t)rows, sizeof *weight);
    for (int i = 0; i < rows; i++)
        weight[i] = i % 3;
    double *there = to_backend(be, weight, (size_t)rows * sizeof *weight);
    be->row_distances(be, cost, arrays[0], x, e, there, rows, s->C);
    be->free(be, there);
    mem_free(weight);
}

static void cosines(backend *be, float *arrays[ARRAYS], double *cost, const float *x,
                    const float *e, const shape *s)
{
    (void)e;
    int32_t *length = mem_small((size_t)s->B, sizeof *length);
    for (int b = 0; b < s->B; b++)
        length[b] = (s->T - s->first) / (b % 3 + 1);
    int32_t *there = to_backend(be, length, (size_t)s->B * sizeof *length);
    near_rows near = {.length_B = s->lengths ? there : NULL,
                      .first = s->first,
                      .window = s->window,
                      .floor = (double)-INFINITY};
    be->near_cosines(be, cost, arrays[0], x, &near, 0.7, s->B, s->T, s->C);
    near.floor = 0.5;
    be->near_cosines(be, cost + (s->T > 1 ? s->B : 0), arrays[1], x, &near, 2, s->B, s->T, s->C);
    be->free(be, there);
    mem_free(length);
}

/* Two steps of each row that moves: inside the ball, on its surface, and without one. */
static void descent(backend *be, float *arrays[ARRAYS], double *cost, const float *x,
                    const float *e, const shape *s)
{
    (void)cost;
    size_t rows = (size_t)s->B * (size_t)s->T;
    int32_t *step = mem_small(rows, sizeof *step);
    double *pull = mem_small(rows, sizeof *pull);
    for (size_t i = 0; i < rows; i++) {
        step[i] = i % 4 == 1 ? 0 : (int32_t)i % 5 + 1;
        pull[i] = i % 2 ? 0 : 0.25;
    }
    int32_t *steps = to_backend(be, step, rows * sizeof *step);
    double *pulls = to_backend(be, pull, rows * sizeof *pull);
    descent_settings settings = {.rate = 0.05,
                                 .beta2 = 0.999,
                                 .limit = s->window % 3 * sqrt(s->C) / 2,
                                 .step_N = steps,
                                 .target_NC = s->lengths ? e : NULL,
                                 .pull_N = pulls};
    for (int i = 0; i < 2; i++)
        be->descend_rows(be, arrays[0], x, arrays[1], arrays[2], &settings, (int)rows, s->C);
    be->free(be, steps);
    be->free(be, pulls);
    mem_free(step);
    mem_free(pull);
}

void check_descent(const contenders *all)
{
    static const shape shapes[] = {
        {1, 1, 1, 0, 1, false},   /* smallest legal: no pair */
        {1, 2, 5, 0, 3, false},   /* one pair, window beyond the end */
        {3, 7, 33, 1, 2, true},   /* a BOS, lengths of 6, 3 and 2 */
        {2, 6, 64, 0, 1, false},  /* neighbours */
        {4, 3, 100, 1, 9, true},  /* a length of 1, and every pair */
        {1, 3, 2100, 0, 3, true}, /* rows for whole blocks of threads */
        {5, 4, 31, 0, 4, false},
    };
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        check_shape(all, "distances", distances, &shapes[i]);
        check_shape(all, "cosines", cosines, &shapes[i]);
        check_shape(all, "descent", descent, &shapes[i]);
    }
}
