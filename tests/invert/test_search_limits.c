/* Searches at the edges: nothing to work with, one of everything, no budget, options that cannot
 * be; and the certificate, which every neighbour is asked about. */
#include "test.h"

#include "base/memory.h"
#include "invert/common_bed.h"
#include "invert/common_truth.h"
#include "invert/search_state.h"
#include <math.h>
#include <string.h>

enum { L = 4, F = 3, FEATURE = 5 };

/* Everything the engine has, as little of it as will do; no preset's numbers. */
static search_options small(int length)
{
    search_options o;
    assert_true(search_preset(&o, "standard", length));
    o.iterations = 6;
    o.children = 8;
    o.top_first = 16;
    o.top_last = 256;
    o.patience = 3;
    o.front_iterations = 3;
    o.front_members = 6;
    o.front_limited = 2;
    o.front_children = 6;
    o.sweep_tokens = 64;
    o.sweep_walkers = 2;
    o.sweep_kicks = 1;
    o.relaxed.steps = 10;
    const int starts[START_KINDS] = {2, 2, 1, 1};
    memcpy(o.starts, starts, sizeof starts);
    return o;
}

static void run(search_job *jobs, int n, const optimise_setting *set, const search_options *o,
                arena *memory)
{
    err e = {0};
    if (search_features(jobs, n, set, o, 3, memory, &e))
        fail_msg("%s", e.text);
}

/* ---- the certificate ---------------------------------------------------------------------------
 */

static const search_point *best_of(const search_job *job)
{
    if (!job->cold.tokens || (job->warm.tokens && job->warm.value > job->cold.value))
        return &job->warm;
    return &job->cold;
}

/* The most that any one token changed reaches at any position of what is shown. */
static double best_neighbour(const truth *t, int feature, const search_point *p)
{
    int n = 0, length = p->length, all = length * t->table->n;
    int32_t *tokens = mem_small((size_t)(all * length), sizeof *tokens);
    float *z = mem_small((size_t)(all * length), sizeof *z);
    double most = (double)-INFINITY;
    for (int at = 0; at < length; at++)
        for (int k = 0; k < t->table->n; k++, n++) {
            memcpy(ROW(tokens, n, length), p->tokens, (size_t)length * sizeof *tokens);
            ROW(tokens, n, length)[at] = t->table->ids[k];
        }
    truth_z(z, t, feature, tokens, all, length);
    for (int i = 0; i < all * length; i++)
        most = fmax(most, (double)z[i]);
    mem_free(z);
    mem_free(tokens);
    return most;
}

static void certified_means_no_single_swap_is_better(void **state)
{
    (void)state;
    enum { FEATURES = 6 };
    truth *t = truth_chars(2);
    static const int LENGTHS[] = {1, 3, 8};
    for (size_t i = 0; i < COUNT_OF(LENGTHS); i++) {
        arena memory = {0};
        search_job jobs[FEATURES] = {0};
        search_options o = small(LENGTHS[i]);
        o.iterations = 2; /* much is left to the sweeps */
        for (int f = 0; f < FEATURES; f++)
            jobs[f] = (search_job){.feature = f, .scale = 5};
        run(jobs, FEATURES, &t->setting, &o, &memory);
        for (int f = 0; f < FEATURES; f++) {
            const search_point *p = best_of(&jobs[f]);
            double most = best_neighbour(t, f, p);
            assert_true(jobs[f].certified);
            if (most > (double)p->value + 1e-5 * (1 + fabs(most)))
                fail_msg("feature %d, %d tokens: %g, but a neighbour has %g", f, LENGTHS[i],
                         (double)p->value, most);
        }
        arena_release(&memory);
    }
    truth_close(t);
}

/* ---- few of everything -------------------------------------------------------------------------
 */

/* The best of all sequences of n candidates. */
static double best_of_all(const truth *t, int feature, int n, int length)
{
    int all = 1;
    for (int p = 0; p < length; p++)
        all *= n;
    int32_t *tokens = mem_small((size_t)(all * length), sizeof *tokens);
    float *z = mem_small((size_t)(all * length), sizeof *z);
    double most = (double)-INFINITY;
    for (int i = 0; i < all; i++)
        for (int p = 0, left = i; p < length; p++, left /= n)
            ROW(tokens, i, length)[p] = t->table->ids[left % n];
    truth_z(z, t, feature, tokens, all, length);
    for (int i = 0; i < all * length; i++)
        most = fmax(most, (double)z[i]);
    mem_free(z);
    mem_free(tokens);
    return most;
}

/* Lists, beams and sweeps ask for more tokens than there are. */
static void a_vocabulary_smaller_than_the_lists(void **state)
{
    (void)state;
    truth *t = truth_neox();
    for (int n = 1; n <= 4; n++) {
        arena memory = {0};
        int32_t singles[] = {t->table->ids[0]};
        search_options o = small(L);
        search_job job = {.feature = FEATURE, .scale = 5, .single_S = singles, .n_singles = 1};
        t->table->n = n;
        run(&job, 1, &t->setting, &o, &memory);
        double want = best_of_all(t, FEATURE, n, L);
        assert_true(fabs((double)job.cold.value - want) < 1e-4 * (1 + fabs(want)));
        for (int p = 0; p < job.cold.length; p++)
            assert_in_range(job.cold.tokens[p], t->table->ids[0], t->table->ids[n - 1]);
        assert_true(job.certified);
        arena_release(&memory);
    }
    truth_close(t);
}

/* With and without what stands before it, one token is searched exactly. */
static void one_token(void **state)
{
    (void)state;
    truth *t = truth_neox();
    int n = t->table->n;
    float *z = mem_small((size_t)n, sizeof *z);
    int32_t singles[] = {1, 2};
    for (int bos = -1; bos <= 0; bos++) {
        arena memory = {0};
        search_options o = small(1);
        search_job job = {.feature = FEATURE,
                          .scale = 5,
                          .single_S = singles,
                          .n_singles = 2,
                          .fluent_limit = 100};
        t->setting.bos = bos;
        run(&job, 1, &t->setting, &o, &memory);
        assert_int_equal(job.cold.length, 1);
        assert_true(job.certified);
        assert_int_equal(isnan(job.cold.cross_entropy), bos < 0);
        assert_int_equal(job.n_front > 0, bos == 0); /* nothing foresees a token without a BOS */
        assert_int_equal(job.fluent.tokens != NULL, bos == 0);
        if (bos == 0) {
            truth_z(z, t, FEATURE, t->table->ids, n, 1);
            float most = z[0];
            for (int i = 1; i < n; i++)
                most = fmaxf(most, z[i]);
            assert_true(fabsf(job.cold.value - most) < 1e-4f * (1 + fabsf(most)));
        }
        arena_release(&memory);
    }
    mem_free(z);
    truth_close(t);
}

/* Without a BOS the first token cannot be expected, the others are. */
static void no_bos(void **state)
{
    (void)state;
    truth *t = truth_neox();
    arena memory = {0};
    search_options o = small(L);
    search_job job = {.feature = FEATURE, .scale = 5, .fluent_limit = 100};
    t->setting.bos = -1;
    run(&job, 1, &t->setting, &o, &memory);
    assert_true(job.certified && job.n_front > 0);
    for (int i = 0; i < job.n_front; i++)
        assert_in_range(job.front[i].length, 2, L);
    arena_release(&memory);
    truth_close(t);
}

static void the_last_position_is_read(void **state)
{
    (void)state;
    truth *t = truth_neox();
    arena memory = {0};
    search_options o = small(L);
    search_job job = {.feature = FEATURE, .scale = 5, .fluent_limit = 100};
    int32_t singles[] = {3, 4, 5};
    float z[L];
    o.readout = READ_LAST;
    job.single_S = singles;
    job.n_singles = 3;
    run(&job, 1, &t->setting, &o, &memory);
    assert_int_equal(job.cold.length, L);
    truth_z(z, t, FEATURE, job.cold.tokens, 1, L);
    assert_true(fabsf(job.cold.value - z[L - 1]) < 1e-4f * (1 + fabsf(z[L - 1])));
    for (int i = 0; i < job.n_front; i++)
        assert_int_equal(job.front[i].length, L);
    arena_release(&memory);
    truth_close(t);
}

/* ---- windows -----------------------------------------------------------------------------------
 */

static void no_windows_and_no_singles(void **state)
{
    (void)state;
    truth *t = truth_neox();
    arena memory = {0};
    search_options o = small(L);
    search_job job = {.feature = FEATURE, .scale = 5, .fluent_limit = -1};
    run(&job, 1, &t->setting, &o, &memory);
    assert_non_null(job.cold.tokens);
    assert_true(!job.warm.tokens && !job.window.tokens && !job.single.tokens);
    assert_true(!job.fluent.tokens && isnan(job.fluent.cross_entropy)); /* nothing is that likely */
    for (int i = 0; i < job.n_restarts; i++)
        assert_true(job.restarts[i].start == START_RELAXED ||
                    job.restarts[i].start == START_RANDOM);
    for (int i = 0; i < job.n_curve; i++)
        assert_true(isnan(job.curve[i].warm) && !isnan(job.curve[i].cold));
    arena_release(&memory);
    truth_close(t);
}

/* A dead feature has no windows; when all starts were to grow from some, nothing is found. */
static void no_start_finds_nothing(void **state)
{
    (void)state;
    truth *t = truth_neox();
    arena memory = {0};
    search_options o = small(L);
    const int from_windows[START_KINDS] = {[START_WINDOW] = 2};
    memcpy(o.starts, from_windows, sizeof from_windows);
    search_job job = {.feature = FEATURE, .scale = 5, .fluent_limit = (double)NAN};
    run(&job, 1, &t->setting, &o, &memory);
    assert_int_equal(job.n_restarts, 0);
    assert_int_equal(job.n_front, 0);
    assert_true(!job.cold.tokens && !job.warm.tokens && !job.fluent.tokens);
    assert_false(job.certified);
    arena_release(&memory);
    truth_close(t);
}

/* What is found is made of candidates even by a feature that wants the special token 0 above all,
 * which fresh memory would hold: the front has more members than climbed, and they are filled up.
 */
static void only_candidates_are_found(void **state)
{
    (void)state;
    bed *b = bed_open("cpu", 1, "hook_embed", 0);
    float special_D[RIG_D], bias = 0;
    arena memory = {0};
    search_options o = small(8);
    search_job job = {.feature = 0, .scale = 1, .fluent_limit = 4};
    const int one[START_KINDS] = {[START_RANDOM] = 1};
    memcpy(o.starts, one, sizeof one);
    token_table_row(special_D, b->table, 0);
    bed_set_directions(b, special_D, &bias, 1);
    run(&job, 1, &b->set, &o, &memory);
    assert_non_null(job.cold.tokens);
    for (int i = 0; i < job.cold.length; i++)
        assert_true(job.cold.tokens[i] > 0);
    for (int k = 0; k < job.n_front; k++)
        for (int i = 0; i < job.front[k].length; i++)
            assert_true(job.front[k].tokens[i] > 0);
    arena_release(&memory);
    bed_close(b);
}

/* Windows of a text that spells its words by letters: they are where the search begins, but it
 * reports nothing that cannot be written down. */
static void windows_that_cannot_be_written_down(void **state)
{
    (void)state;
    bed *b = bed_open("cpu", 2, "blocks.0.hook_mlp_out", 0);
    int32_t c = 'c' - '!' + 1, a = 'a' - '!' + 1, t = 't' - '!' + 1;
    int32_t windows[3 * L] = {c, a, t, t, t, c, a, t, a, c, a, a};
    arena memory = {0};
    search_options o = small(L);
    search_job job = {
        .feature = FEATURE, .scale = 5, .windows_WL = windows, .n_windows = 3, .fluent_limit = 100};
    b->set.tokenizer = b->r.tokenizer;
    o.starts[START_WINDOW] = 3;
    run(&job, 1, &b->set, &o, &memory);
    search_state asked = {.set = &b->set};
    const search_point *shown[] = {&job.cold, &job.warm, &job.fluent};
    for (size_t i = 0; i < COUNT_OF(shown); i++)
        if (shown[i]->tokens)
            assert_true(candidate_respells(&asked, &(candidate){.tokens_L = shown[i]->tokens,
                                                                .position = shown[i]->length - 1}));
    assert_non_null(job.window.tokens); /* the data's own, as it is */
    assert_non_null(job.cold.tokens);
    arena_release(&memory);
    bed_close(b);
}

static void windows_of_no_vocabulary_are_refused(void **state)
{
    (void)state;
    truth *t = truth_neox();
    static const int32_t FALSE_TOKENS[] = {NEOX_V, -1};
    for (size_t i = 0; i < COUNT_OF(FALSE_TOKENS); i++) {
        arena memory = {0};
        err e = {0};
        int32_t window[L] = {1, 2, FALSE_TOKENS[i], 3};
        search_options o = small(L);
        search_job job = {.feature = FEATURE, .scale = 5, .windows_WL = window, .n_windows = 1};
        assert_int_equal(search_features(&job, 1, &t->setting, &o, 3, &memory, &e), E_SHAPE);
        assert_non_null(strstr(e.text, i ? "-1" : "61"));
        arena_release(&memory);
    }
    truth_close(t);
}

/* ---- budgets -----------------------------------------------------------------------------------
 */

static void expect_usable(const search_job *job)
{
    float most = -INFINITY;
    assert_non_null(job->cold.tokens);
    assert_false(isnan(job->cold.cross_entropy));
    for (int i = 0; i < job->n_restarts; i++)
        most = fmaxf(most, job->restarts[i].first_value);
    assert_true(job->cold.value >= most - 1e-5f * (1 + fabsf(most)));
    assert_true(job->n_front > 0);
}

/* The budget is of the call, a feature has its part; what was reached by then is kept. */
static void a_spent_budget_keeps_the_best_so_far(void **state)
{
    (void)state;
    truth *t = truth_neox();
    arena memory = {0};
    search_job whole[F], part[F], none[F], late[F];
    search_options o = small(L);
    for (int f = 0; f < F; f++)
        whole[f] = part[f] = none[f] = late[f] = (search_job){.feature = f, .scale = 5};
    run(whole, F, &t->setting, &o, &memory);
    double all = 0;
    for (int f = 0; f < F; f++)
        all += whole[f].flops;
    o.flops = all / 2;
    run(part, F, &t->setting, &o, &memory);
    o.flops = 1;
    run(none, F, &t->setting, &o, &memory);
    o.flops = 0;
    o.seconds = 1e-9;
    run(late, F, &t->setting, &o, &memory);
    for (int f = 0; f < F; f++) {
        assert_true(whole[f].certified && !none[f].certified && !late[f].certified);
        assert_true(none[f].flops < part[f].flops && part[f].flops < whole[f].flops);
        assert_true(part[f].flops > all / F / 4 && part[f].flops < all / F);
        assert_true(late[f].flops == none[f].flops); /* both end after their first step */
        expect_usable(&part[f]);
        expect_usable(&none[f]);
        expect_usable(&late[f]);
        assert_true(none[f].cold.value <= whole[f].cold.value);
    }
    arena_release(&memory);
    truth_close(t);
}

/* ---- options -----------------------------------------------------------------------------------
 */

static void refused(const truth *t, const search_options *o, err_code code, const char *says)
{
    arena memory = {0};
    err e = {0};
    search_job job = {.feature = FEATURE, .scale = 5};
    assert_int_equal(search_features(&job, 1, &t->setting, o, 1, &memory, &e), code);
    if (!strstr(e.text, says))
        fail_msg("\"%s\" does not say \"%s\"", e.text, says);
    arena_release(&memory);
}

static void options_that_cannot_be_are_refused(void **state)
{
    (void)state;
    truth *t = truth_neox();
    search_options good = small(L), o = good;
    o.length = 0;
    refused(t, &o, E_SHAPE, "0 tokens");
    o.length = model_describe(t->model)->context;
    refused(t, &o, E_SHAPE, "and the BOS");
    o = good;
    memset(o.starts, 0, sizeof o.starts);
    refused(t, &o, E_CONFIG, "start");
    o = good;
    o.batch_features = 0;
    refused(t, &o, E_CONFIG, "a feature at a time");
    o = good;
    o.top_first = 0;
    refused(t, &o, E_CONFIG, "tokens");
    o = good;
    o.top_last = o.top_first - 1;
    refused(t, &o, E_CONFIG, "tokens");
    o = good;
    o.sweep_walkers = 0;
    refused(t, &o, E_CONFIG, "walker");
    t->setting.bos = -1; /* one more fits */
    o = good;
    o.length = model_describe(t->model)->context + 1;
    refused(t, &o, E_SHAPE, "do not fit");
    truth_close(t);
}

static void an_unknown_preset_is_none(void **state)
{
    (void)state;
    search_options o = {.length = 77};
    assert_false(search_preset(&o, "", 4) || search_preset(&o, "Standard", 4) ||
                 search_preset(&o, "standard ", 4));
    assert_int_equal(o.length, 77);
}

static void no_feature_is_no_work(void **state)
{
    (void)state;
    truth *t = truth_neox();
    arena memory = {0};
    err e = {0};
    search_options o = small(L);
    assert_int_equal(search_features(NULL, 0, &t->setting, &o, 1, &memory, &e), OK);
    o.length = 0; /* still said */
    assert_int_equal(search_features(NULL, 0, &t->setting, &o, 1, &memory, &e), E_SHAPE);
    truth_close(t);
}

/* ---- the front's members -----------------------------------------------------------------------
 */

/* Weights spread evenly in their logarithm; the first may be 0, the last pay beyond a limit only.
 */
static void tolls_spread(void **state)
{
    (void)state;
    truth *t = truth_neox();
    search_options o = small(L);
    search_job job = {.feature = FEATURE, .scale = 2, .fluent_limit = 3.5};
    double scale = job.scale;
    scorer *sc;
    search_state s;
    err e = {0};
    arena memory = {0};
    memset(o.starts, 0, sizeof o.starts);
    o.starts[START_RANDOM] = 1;
    o.weight_zero = true;
    o.weight_raw = false;
    o.weight_first = 0.01;
    o.weight_last = 10;
    o.front_members = 7;
    o.front_limited = 2;
    assert_int_equal(scorer_new(&sc, &t->setting, &o, &job.feature, &scale, 1, 7, &e), OK);
    for (int raw = 0; raw <= 1; raw++) {
        o.weight_raw = raw;
        double unit = raw ? 1 : scale;
        state_open(&s, &job, &t->setting, &o, 1, 0);
        assert_int_equal(state_start(&s, sc, NULL, &memory, &e), OK);
        assert_int_equal(front_enter(&s, sc, &e), OK);
        assert_int_equal(s.n_members, 7);
        assert_true(s.members[0].toll.weight == 0);
        for (int i = 1; i < 5; i++) { /* 0.01, 0.1, 1, 10 */
            assert_true(fabs(s.members[i].toll.weight / (unit * pow(10, i - 3)) - 1) < 1e-12);
            assert_true(s.members[i].toll.from == 0);
        }
        for (int i = 5; i < 7; i++) {
            assert_true(s.members[i].toll.weight == 10 * unit);
            assert_true(s.members[i].toll.from == 3.5);
        }
        state_close(&s);
    }
    scorer_free(sc);
    arena_release(&memory);
    truth_close(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certified_means_no_single_swap_is_better),
        cmocka_unit_test(a_vocabulary_smaller_than_the_lists),
        cmocka_unit_test(one_token),
        cmocka_unit_test(no_bos),
        cmocka_unit_test(the_last_position_is_read),
        cmocka_unit_test(no_windows_and_no_singles),
        cmocka_unit_test(no_start_finds_nothing),
        cmocka_unit_test(only_candidates_are_found),
        cmocka_unit_test(windows_that_cannot_be_written_down),
        cmocka_unit_test(windows_of_no_vocabulary_are_refused),
        cmocka_unit_test(a_spent_budget_keeps_the_best_so_far),
        cmocka_unit_test(options_that_cannot_be_are_refused),
        cmocka_unit_test(an_unknown_preset_is_none),
        cmocka_unit_test(no_feature_is_no_work),
        cmocka_unit_test(tolls_spread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
