/* What the search found, kept and read again; damaged bytes are refused. */
#include "test.h"

#include "base/memory.h"
#include "base/rng.h"
#include "invert/common_search.h"
#include "invert/search_packed.h"
#include <limits.h>
#include <math.h>
#include <string.h>

enum { JOBS = 3 };

/* ---- searches ----------------------------------------------------------------------------------
 */

static search_point make_point(int length, rng *r, arena *a)
{
    search_point p = {.cross_entropy = (double)NAN};
    if (length == 0)
        return p;
    p = (search_point){.tokens = arena_push(a, (size_t)length, sizeof(int32_t)),
                       .length = length,
                       .value = (float)rng_normal(r),
                       .z = (float)rng_normal(r),
                       .activation = (float)rng_normal(r),
                       .cross_entropy = rng_uniform(r),
                       .start = START_RELAXED,
                       .restart = length};
    for (int i = 0; i < length; i++)
        p.tokens[i] = (int32_t)rng_below(r, 50000);
    return p;
}

/* Job i has i of everything: the first nothing. */
static void make_job(search_job *job, int i, arena *a)
{
    rng r = rng_stream((uint64_t)i, "job");
    *job = (search_job){.feature = 40 + i,
                        .scale = 2,
                        .cold = make_point(i, &r, a),
                        .warm = make_point(0, &r, a),
                        .fluent = make_point(2 * i, &r, a),
                        .window = make_point(i, &r, a),
                        .single = make_point(i > 0, &r, a),
                        .n_front = i,
                        .n_restarts = 2 * i,
                        .n_curve = 3 * i,
                        .hypervolume = rng_uniform(&r),
                        .relaxed = NAN,
                        .certified = i % 2,
                        .n_sweeps = 7 * i,
                        .n_forwards = (int64_t)1 << 40,
                        .flops = 1e15};
    job->front = arena_push(a, (size_t)job->n_front, sizeof *job->front);
    job->restarts = arena_push(a, (size_t)job->n_restarts, sizeof *job->restarts);
    job->curve = arena_push(a, (size_t)job->n_curve, sizeof *job->curve);
    for (int k = 0; k < job->n_front; k++)
        job->front[k] = make_point(k + 1, &r, a);
    for (int k = 0; k < job->n_restarts; k++)
        job->restarts[k] = (search_restart){.start = START_BEAM,
                                            .first_value = (float)k,
                                            .first_gradient = 0.5 * k,
                                            .best = make_point(k, &r, a),
                                            .n_restarted = k};
    for (int k = 0; k < job->n_curve; k++)
        job->curve[k] = (search_curve_point){.iteration = k, .cold = (float)k, .warm = NAN};
}

static str packed_jobs(search_job *jobs, arena *a)
{
    str payload = {0};
    for (int i = 0; i < JOBS; i++)
        make_job(&jobs[i], i, a);
    searches_pack(&payload, jobs, JOBS);
    return payload;
}

static void what_was_found_comes_back(void **state)
{
    (void)state;
    arena a = {0};
    search_job want[JOBS], got[JOBS];
    str payload = packed_jobs(want, &a);
    for (int i = 0; i < JOBS; i++)
        got[i] = (search_job){.feature = 40 + i, .scale = 3, .n_windows = 5};
    assert_true(searches_unpack(got, JOBS, &payload, &a));
    for (int i = 0; i < JOBS; i++) {
        expect_same_search(&got[i], &want[i]);
        /* what the caller said of the job stays */
        assert_true(got[i].feature == 40 + i && got[i].scale == 3 && got[i].n_windows == 5);
    }
    str_release(&payload);
    assert_true(searches_unpack(got, 0, &payload, &a));
    arena_release(&a);
}

static bool unpacks(const char *data, size_t n, int jobs)
{
    arena a = {0};
    str copy = {0}; /* of its own size, so that a tool sees reads beyond it */
    search_job got[JOBS + 1] = {0};
    str_add_bytes(&copy, data, n);
    bool whole = searches_unpack(got, jobs, &copy, &a);
    str_release(&copy);
    arena_release(&a);
    return whole;
}

static void another_length_is_refused(void **state)
{
    (void)state;
    arena a = {0};
    search_job jobs[JOBS];
    str payload = packed_jobs(jobs, &a);
    for (size_t n = 0; n < payload.len; n++)
        assert_false(unpacks(payload.data, n, JOBS));
    assert_true(unpacks(payload.data, payload.len, JOBS));
    assert_false(unpacks(payload.data, payload.len, JOBS - 1));
    assert_false(unpacks(payload.data, payload.len, JOBS + 1));
    str_add_char(&payload, 0);
    assert_false(unpacks(payload.data, payload.len, JOBS));
    str_release(&payload);
    arena_release(&a);
}

/* Every int that may be a count becomes an impossible one: nothing is read or made beyond what is
 * there. */
static void false_counts_are_survived(void **state)
{
    (void)state;
    static const int32_t FALSE_COUNTS[] = {-1, INT_MAX, INT_MIN, 1 << 20};
    arena a = {0};
    search_job jobs[JOBS];
    str payload = packed_jobs(jobs, &a);
    int refused = 0;
    for (size_t at = 0; at + 4 <= payload.len; at += 4)
        for (size_t k = 0; k < COUNT_OF(FALSE_COUNTS); k++) {
            char before[4];
            memcpy(before, payload.data + at, 4);
            memcpy(payload.data + at, &FALSE_COUNTS[k], 4);
            refused += !unpacks(payload.data, payload.len, JOBS);
            memcpy(payload.data + at, before, 4);
        }
    assert_true(refused > 4 * 20); /* at least the lengths and counts of every job */
    str_release(&payload);
    arena_release(&a);
}

/* ---- single tokens -----------------------------------------------------------------------------
 */

enum { F = 5, TARGETS = 2, S = 3 };

static str packed_singles(void)
{
    static int32_t best[F] = {7, 1, 4, 4, 0}, ids[TARGETS * S] = {1, 2, 3, 4, 5, 6};
    static float pre_F[F] = {0.5f, -1, 2, 3, 0}, pre_NS[TARGETS * S] = {6, 5, 4, 3, 2, -1};
    singles s = {.n_tokens = 60,
                 .F = F,
                 .best_F = best,
                 .pre_activation_F = pre_F,
                 .n_targets = TARGETS,
                 .S = S,
                 .ids_NS = ids,
                 .pre_activation_NS = pre_NS};
    str payload = {0};
    singles_pack(&payload, &s);
    return payload;
}

static void singles_come_back(void **state)
{
    (void)state;
    str payload = packed_singles(), again = {0};
    singles got;
    assert_true(singles_unpack(&got, &payload));
    assert_true(got.n_tokens == 60 && got.F == F && got.n_targets == TARGETS && got.S == S);
    assert_true(got.best_F[2] == 4 && got.pre_activation_F[1] == -1);
    assert_true(got.ids_NS[5] == 6 && got.pre_activation_NS[5] == -1);
    singles_pack(&again, &got);
    assert_int_equal(again.len, payload.len);
    assert_memory_equal(again.data, payload.data, payload.len);
    singles_release(&got);
    str_release(&again);
    str_release(&payload);
}

static bool singles_refused(const char *data, size_t n)
{
    str copy = {0};
    singles got;
    str_add_bytes(&copy, data, n);
    bool refused = !singles_unpack(&got, &copy);
    if (refused)
        assert_true(!got.best_F && !got.ids_NS && got.F == 0);
    singles_release(&got);
    str_release(&copy);
    return refused;
}

static void damaged_singles_are_refused(void **state)
{
    (void)state;
    str payload = packed_singles();
    for (size_t n = 0; n < payload.len; n++)
        assert_true(singles_refused(payload.data, n));
    for (int k = 1; k < 4; k++) { /* F, targets, S */
        static const int32_t FALSE_COUNTS[] = {-1, 0, 4, INT_MAX, INT_MIN};
        int32_t before;
        memcpy(&before, payload.data + 4 * k, 4);
        for (size_t i = 0; i < COUNT_OF(FALSE_COUNTS); i++) {
            memcpy(payload.data + 4 * k, &FALSE_COUNTS[i], 4);
            assert_true(singles_refused(payload.data, payload.len));
        }
        memcpy(payload.data + 4 * k, &before, 4);
    }
    assert_false(singles_refused(payload.data, payload.len));
    /* Counts whose bytes, 2^64 + 8, come out as the 8 that are there. */
    const int32_t wraps[] = {60, (1 << 30) + 1, 1 << 30, INT_MAX, 0, 0};
    assert_true(singles_refused((const char *)wraps, sizeof wraps));
    str_release(&payload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_found_comes_back),   cmocka_unit_test(another_length_is_refused),
        cmocka_unit_test(false_counts_are_survived),   cmocka_unit_test(singles_come_back),
        cmocka_unit_test(damaged_singles_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
