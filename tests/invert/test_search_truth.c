/* The search where the answer is known: how often it is found. Seeds are fixed, so the shares are
 * too; the floors lie a little below what was measured. */
#include "test.h"
#include "sanitized.h"

#include "base/memory.h"
#include "invert/common_truth.h"
#include "invert/search.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static search_options preset(const char *name, int length)
{
    search_options o;
    assert_true(search_preset(&o, name, length));
    return o;
}

/* The same without what comes from data. */
static search_options cold(const char *name, int length)
{
    search_options o = preset(name, length);
    o.starts[START_WINDOW] = 0;
    return o;
}

static void run(search_job *jobs, int n, const truth *t, const search_options *o, uint64_t seed,
                arena *memory)
{
    err e = {0};
    if (search_features(jobs, n, &t->setting, o, seed, memory, &e))
        fail_msg("%s", e.text);
}

/* ---- closed forms ------------------------------------------------------------------------------
 */

/* One start, no climb: the sweep alone finds the optimum of a separable feature. */
static void a_sweep_solves_what_is_separable(void **state)
{
    (void)state;
    enum { L = 6 };
    truth *t = truth_uniform(2);
    search_options o = cold("random", L);
    o.readout = READ_LAST;
    o.iterations = 0;
    o.starts[START_RANDOM] = 1;
    o.sweep_tokens = UNIFORM_V;
    for (int f = 0; f < UNIFORM_F; f++) {
        arena memory = {0};
        int32_t best[L];
        double want = truth_uniform_best(best, t, f, L);
        search_job job = {.feature = f, .scale = 10};
        run(&job, 1, t, &o, (uint64_t)f, &memory);
        assert_int_equal(job.cold.length, L);
        assert_memory_equal(job.cold.tokens, best, sizeof best);
        assert_true(fabs((double)job.cold.value - want) < 2e-5 * fabs(want));
        assert_true(job.certified);
        if (job.n_sweeps > 4) /* single swaps, all of them together, few and all as proof */
            fail_msg("feature %d took %d sweeps", f, job.n_sweeps);
        arena_release(&memory);
    }
    truth_close(t);
}

/* Any position may be read, and the best one is: the search ends its sequences there. */
static void the_best_position_is_read(void **state)
{
    (void)state;
    enum { L = 6 };
    truth *t = truth_uniform(2);
    search_options o = cold("standard", L);
    search_job jobs[UNIFORM_F] = {0};
    arena memory = {0};
    for (int f = 0; f < UNIFORM_F; f++)
        jobs[f] = (search_job){.feature = f, .scale = 10};
    run(jobs, UNIFORM_F, t, &o, 1, &memory);
    for (int f = 0; f < UNIFORM_F; f++) {
        int32_t best[L];
        double want = (double)-INFINITY;
        int length = 0;
        for (int n = 1; n <= L; n++) {
            double value = truth_uniform_best(best, t, f, n);
            length = value > want ? n : length;
            want = fmax(want, value);
        }
        truth_uniform_best(best, t, f, length);
        assert_int_equal(jobs[f].cold.length, length);
        assert_memory_equal(jobs[f].cold.tokens, best, (size_t)length * sizeof *best);
        assert_true(fabs((double)jobs[f].cold.value - want) < 2e-5 * fabs(want));
    }
    arena_release(&memory);
    truth_close(t);
}

/* Without a hint which tokens matter (no singles, so no beams), a thousand tokens and ten
 * positions.
 */
static void two_tokens_in_order_are_found(void **state)
{
    (void)state;
    enum { L = 10, SEEDS = SANITIZED ? 4 : 20 };
    truth *t = truth_and(2);
    search_options o = cold("standard", L);
    o.front_iterations = 0;
    int found = 0, exact = 0;
    for (int seed = 0; seed < SEEDS; seed++) {
        arena memory = {0};
        search_job job = {.feature = 0, .scale = 1};
        run(&job, 1, t, &o, (uint64_t)seed, &memory);
        assert_true((double)job.cold.value < truth_and_value(L - 1, L) + 1e-4);
        found += (double)job.cold.value > truth_and_value(1, L) - 1e-4;
        exact += (double)job.cold.value > truth_and_value(L - 1, L) - 1e-5;
        arena_release(&memory);
    }
    print_message("both tokens found by %d of %d seeds, the one best by %d\n", found, SEEDS, exact);
    assert_true(found >= SEEDS - 1);
    truth_close(t);
}

static int word_found(const truth *t, const search_options *o, int seeds)
{
    int found = 0;
    for (int seed = 0; seed < seeds; seed++) {
        arena memory = {0};
        search_job job = {.feature = 0, .scale = 1};
        run(&job, 1, t, o, (uint64_t)seed, &memory);
        found += job.cold.value > 0.999f;
        arena_release(&memory);
    }
    return found;
}

/* No gradient leads to the word: chance and number of tries alone. */
static void a_word_behind_a_plateau(void **state)
{
    (void)state;
    enum { L = 8, V = 40, SEEDS = SANITIZED ? 4 : 10 };
    for (int n = 2; n <= 3; n++) {
        truth *t = truth_ngram(n, V, 2);
        search_options swaps = cold("random", L), standard = cold("standard", L);
        standard.front_iterations = 0;
        standard.iterations = 30;
        int by_chance = word_found(t, &swaps, SEEDS), by_search = word_found(t, &standard, SEEDS);
        print_message("a word of %d among %d tokens: found by %d of %d seeds, random swaps %d\n", n,
                      V, by_search, SEEDS, by_chance);
        assert_true(n == 3 || by_search >= SEEDS * 4 / 10);
        truth_close(t);
    }
}

/* What the data shows need not be found by chance. */
static void a_window_leads_over_the_plateau(void **state)
{
    (void)state;
    enum { L = 8, V = 40 };
    truth *t = truth_ngram(3, V, 2);
    int32_t window[L] = {3, 9, 0, 0, 0, 30, 31, 32};
    for (int i = 0; i < 3; i++)
        window[4 - i] = NGRAM_WORD[i];
    search_options o = preset("warm", L);
    arena memory = {0};
    search_job job = {.feature = 0, .scale = 1, .windows_WL = window, .n_windows = 1};
    run(&job, 1, t, &o, 1, &memory);
    assert_true(fabsf(job.warm.value - 1) < 1e-4f);
    assert_int_equal(job.warm.length, 5);
    assert_null(job.cold.tokens);
    arena_release(&memory);
    truth_close(t);
}

/* ---- all sequences were run --------------------------------------------------------------------
 */

typedef struct corpus {
    int32_t *windows, *singles;
    float *data;
    search_job jobs[CHARS_F];
} corpus;

static void corpus_open(corpus *c, int L)
{
    char name[32];
    snprintf(name, sizeof name, "windows_%d", L);
    c->windows = truth_chars_tokens(name, (size_t)(CHARS_F * CHARS_WINDOWS * L));
    c->singles = truth_chars_tokens("singles", CHARS_F * 8);
    snprintf(name, sizeof name, "data_%d", L);
    c->data = truth_chars_numbers(name, CHARS_F);
    for (int f = 0; f < CHARS_F; f++)
        c->jobs[f] = (search_job){.feature = f,
                                  .scale = (double)c->data[f],
                                  .windows_WL = c->windows + f * CHARS_WINDOWS * L,
                                  .n_windows = CHARS_WINDOWS,
                                  .single_S = c->singles + f * 8,
                                  .n_singles = 8,
                                  .fluent_limit = 2};
}

static void corpus_close(corpus *c)
{
    mem_free(c->windows);
    mem_free(c->singles);
    mem_free(c->data);
}

/* Features whose exact best was found, by lane and by either; nothing may be above it. */
typedef struct hits {
    int warm, cold, either;
} hits;

static hits exact_hits(const search_job *jobs, int n)
{
    float *value = truth_chars_numbers("value_4", CHARS_F);
    hits h = {0};
    for (int f = 0; f < n; f++) {
        float room = 1e-4f * (1 + fabsf(value[f]));
        const search_point *lanes[] = {&jobs[f].warm, &jobs[f].cold};
        bool hit[2];
        for (int k = 0; k < 2; k++) {
            assert_false(lanes[k]->tokens && lanes[k]->value > value[f] + room);
            hit[k] = lanes[k]->tokens && lanes[k]->value > value[f] - room;
        }
        h.warm += hit[0];
        h.cold += hit[1];
        h.either += hit[0] || hit[1];
    }
    mem_free(value);
    return h;
}

/* The budget is the test's own, whatever the presets are tuned to; the front phase is left out, it
 * asks for something else. Half of the features: under the sanitizers this takes minutes. */
static void the_exact_best_is_found(void **state)
{
    (void)state;
    enum { L = 4, SOME = CHARS_F / 2 };
    truth *t = truth_chars(2);
    static const struct {
        const char *name;
        int iterations;
        hits floor;
    } cases[] = {{"warm", 20, {7, 0, 7}}, {"standard", 40, {8, 8, 11}}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        search_options o = preset(cases[i].name, L);
        o.front_iterations = 0;
        o.iterations = cases[i].iterations;
        corpus c;
        arena memory = {0};
        corpus_open(&c, L);
        run(c.jobs, SOME, t, &o, 1, &memory);
        hits h = exact_hits(c.jobs, SOME), floor = cases[i].floor;
        print_message("%s: the exact best of 923521 by warm starts for %d, by cold for %d, by "
                      "either for %d of %d features\n",
                      cases[i].name, h.warm, h.cold, h.either, SOME);
        assert_true(h.warm >= floor.warm && h.cold >= floor.cold && h.either >= floor.either);
        corpus_close(&c);
        arena_release(&memory);
    }
    truth_close(t);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Ten characters: there is no list of all, but the data's best windows are what to beat. */
static void longer_inputs_beat_the_data(void **state)
{
    (void)state;
    enum { L = 10, SOME = 4 };
    truth *t = truth_chars(2);
    corpus c;
    arena memory = {0};
    double warm[SOME], without[SOME];
    search_options o = preset("standard", L);
    o.front_iterations = 0;
    corpus_open(&c, L);
    run(c.jobs, SOME, t, &o, 1, &memory);
    for (int f = 0; f < SOME; f++) {
        warm[f] = (double)(c.jobs[f].warm.value / c.data[f]);
        without[f] = (double)(c.jobs[f].cold.value / c.data[f]);
        assert_true(warm[f] > 0.9999);
    }
    qsort(warm, SOME, sizeof *warm, ascending);
    qsort(without, SOME, sizeof *without, ascending);
    print_message("of the data's maximum: warm %.2f (median), %.2f (tenth); cold %.2f, %.2f\n",
                  warm[SOME / 2], warm[SOME / 10], without[SOME / 2], without[SOME / 10]);
    assert_true(warm[SOME / 2] > 1.05 && without[SOME / 2] > 1);
    corpus_close(&c);
    arena_release(&memory);
    truth_close(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sweep_solves_what_is_separable),
        cmocka_unit_test(the_best_position_is_read),
        cmocka_unit_test(two_tokens_in_order_are_found),
        cmocka_unit_test(a_word_behind_a_plateau),
        cmocka_unit_test(a_window_leads_over_the_plateau),
        cmocka_unit_test(the_exact_best_is_found),
        cmocka_unit_test(longer_inputs_beat_the_data),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
