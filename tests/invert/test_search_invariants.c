/* What must hold of every search, whatever it finds. */
#include "test.h"
#include "sanitized.h"

#include "base/memory.h"
#include "base/rng.h"
#include "base/str.h"
#include "invert/common_truth.h"
#include "invert/probe.h"
#include "invert/search.h"
#include <math.h>
#include <string.h>

enum { L = 6, N = SANITIZED ? 3 : 5, WINDOWS = CHARS_WINDOWS };

typedef struct bench {
    truth *t;
    int32_t *windows_4, windows_WL[N * WINDOWS * L], *singles;
    float *data;
    search_job jobs[N];
    search_options o;
    arena memory;
} bench;

/* The data's windows of four, behind two characters each. */
static void bench_open(bench *b, int threads)
{
    *b = (bench){.t = truth_chars(threads),
                 .windows_4 = truth_chars_tokens("windows_4", CHARS_F * WINDOWS * 4),
                 .singles = truth_chars_tokens("singles", CHARS_F * 8),
                 .data = truth_chars_numbers("data_4", CHARS_F)};
    for (int i = 0; i < N * WINDOWS; i++) {
        b->windows_WL[i * L] = 1 + i % CHARS_V;
        b->windows_WL[i * L + 1] = 27;
        memcpy(b->windows_WL + i * L + 2, b->windows_4 + i * 4, 4 * sizeof *b->windows_4);
    }
    for (int f = 0; f < N; f++)
        b->jobs[f] = (search_job){.feature = f,
                                  .scale = (double)b->data[f],
                                  .windows_WL = b->windows_WL + f * WINDOWS * L,
                                  .n_windows = WINDOWS,
                                  .single_S = b->singles + f * 8,
                                  .n_singles = 8,
                                  .fluent_limit = 3};
    assert_true(search_preset(&b->o, "standard", L));
    b->o.iterations = 12;
    b->o.front_iterations = 6;
    b->o.relaxed.steps = 20;
}

static void bench_close(bench *b)
{
    mem_free(b->windows_4);
    mem_free(b->singles);
    mem_free(b->data);
    truth_close(b->t);
    arena_release(&b->memory);
}

static void run(bench *b, search_job *jobs, int n, uint64_t seed)
{
    err e = {0};
    if (search_features(jobs, n, &b->t->setting, &b->o, seed, &b->memory, &e))
        fail_msg("%s", e.text);
}

/* ---- the model under it ------------------------------------------------------------------------
 */

/* A mixture with all weight on one token is that token. */
static void embeddings_of_tokens_are_the_tokens(void **state)
{
    (void)state;
    bench b;
    bench_open(&b, 2);
    int D = b.t->table->D, features[N];
    float *x = mem_small((size_t)(N * L * D), sizeof *x);
    probe_input as_tokens[N], as_rows[N];
    probe_result left[N] = {0}, right[N] = {0};
    err e = {0};
    for (int i = 0; i < N; i++) {
        const int32_t *tokens = b.windows_WL + i * L;
        features[i] = i;
        for (int p = 0; p < L; p++)
            token_table_row(x + (i * L + p) * D, b.t->table, tokens[p]);
        as_tokens[i] = (probe_input){.tokens_L = tokens, .length = L};
        as_rows[i] = (probe_input){.x_LD = x + i * L * D, .length = L};
    }
    const optimise_setting *set = &b.t->setting;
    assert_int_equal(probe_inputs(left, set, as_tokens, features, N, false, &e), OK);
    assert_int_equal(probe_inputs(right, set, as_rows, features, N, false, &e), OK);
    for (int i = 0; i < N; i++)
        assert_true(left[i].pre_activation == right[i].pre_activation);
    mem_free(x);
    bench_close(&b);
}

/* What follows a position neither changes what is seen there nor has a gradient. */
static void nothing_looks_ahead(void **state)
{
    (void)state;
    bench b;
    bench_open(&b, 1);
    int D = b.t->table->D;
    float *d_x = mem_small((size_t)(L * D), sizeof *d_x);
    for (int at = 0; at < L; at++) {
        const int32_t *tokens = b.windows_WL + at * L;
        int32_t other[L];
        float z_whole[L], z_cut[L], z_other[L];
        truth_gradient(d_x, b.t, at % N, tokens, L, at);
        for (int i = 0; i < L; i++)
            for (int d = 0; d < D; d++)
                assert_true(i <= at || d_x[i * D + d] == 0);
        memcpy(other, tokens, sizeof other);
        for (int i = at + 1; i < L; i++)
            other[i] = 1 + (other[i] + i) % CHARS_V;
        truth_z(z_whole, b.t, at % N, tokens, 1, L);
        truth_z(z_other, b.t, at % N, other, 1, L);
        truth_z(z_cut, b.t, at % N, tokens, 1, at + 1);
        assert_true(z_whole[at] == z_other[at]);
        assert_true(fabsf(z_whole[at] - z_cut[at]) < 1e-4f);
    }
    mem_free(d_x);
    bench_close(&b);
}

/* ---- what a search reports ---------------------------------------------------------------------
 */

/* Children are run from the edit on; what is reported must be what a whole run gives. */
static void check_point(const bench *b, int feature, const search_point *p)
{
    float z_L[L];
    double loss;
    err e = {0};
    if (!p->tokens)
        return;
    assert_true(p->length >= 1 && p->length <= L);
    for (int i = 0; i < p->length; i++)
        assert_true(p->tokens[i] >= 1 && p->tokens[i] <= CHARS_V);
    truth_z(z_L, b->t, feature, p->tokens, 1, p->length);
    if (fabsf(z_L[p->length - 1] - p->value) > 1e-4f * (1 + fabsf(p->value)))
        fail_msg("feature %d: %g, run anew %g", feature, (double)p->value,
                 (double)z_L[p->length - 1]);
    assert_true(p->z == p->value && p->activation == fmaxf(0, p->z));
    forward *f;
    int32_t tokens[L + 1] = {0}, targets[L + 1];
    float loss_T[L + 1];
    memcpy(tokens + 1, p->tokens, (size_t)p->length * sizeof *tokens);
    for (int i = 0; i <= p->length; i++)
        targets[i] = i < p->length ? tokens[i + 1] : -1;
    assert_int_equal(forward_new(&f, b->t->model, 1, p->length + 1, NULL, FORWARD_ONLY, &e), OK);
    assert_int_equal(forward_tokens(f, tokens, 1, p->length + 1, NULL, &e), OK);
    assert_int_equal(forward_loss(loss_T, f, targets, &e), OK);
    forward_free(f);
    loss = 0;
    for (int i = 0; i < p->length; i++)
        loss += (double)loss_T[i] / p->length;
    if (fabs(loss - p->cross_entropy) > 1e-4 * (1 + loss))
        fail_msg("feature %d: %g nats, run anew %g", feature, p->cross_entropy, loss);
}

static void check_front(const search_job *job)
{
    assert_true(job->n_front > 0 && job->hypervolume >= 0);
    for (int i = 1; i < job->n_front; i++)
        assert_true(job->front[i].value > job->front[i - 1].value &&
                    job->front[i].cross_entropy > job->front[i - 1].cross_entropy);
    const search_point *last = &job->front[job->n_front - 1];
    float best = fmaxf(job->warm.value, job->cold.value);
    assert_true(fabsf(last->value - best) < 1e-5f * best); /* perhaps measured on another path */
    assert_true(!job->fluent.tokens || job->fluent.cross_entropy <= job->fluent_limit);
}

static void check_curve(const search_job *job)
{
    assert_true(job->n_curve >= 2);
    for (int i = 1; i < job->n_curve; i++)
        assert_true(job->curve[i].cold >= job->curve[i - 1].cold &&
                    job->curve[i].warm >= job->curve[i - 1].warm);
    assert_true(job->cold.value >= job->curve[job->n_curve - 1].cold);
    assert_true(job->warm.value >= job->curve[job->n_curve - 1].warm);
}

static void reports_are_what_a_whole_run_gives(void **state)
{
    (void)state;
    bench b;
    bench_open(&b, 2);
    run(&b, b.jobs, N, 3);
    for (int f = 0; f < N; f++) {
        const search_job *job = &b.jobs[f];
        const search_point *points[] = {&job->cold, &job->warm, &job->fluent, &job->window,
                                        &job->single};
        for (size_t i = 0; i < COUNT_OF(points); i++)
            check_point(&b, f, points[i]);
        for (int i = 0; i < job->n_front; i++)
            check_point(&b, f, &job->front[i]);
        check_front(job);
        check_curve(job);
    }
    bench_close(&b);
}

static void nobody_ends_below_where_it_started(void **state)
{
    (void)state;
    bench b;
    bench_open(&b, 2);
    run(&b, b.jobs, N, 4);
    for (int f = 0; f < N; f++) {
        const search_job *job = &b.jobs[f];
        assert_int_equal(job->n_restarts, 8);
        for (int i = 0; i < job->n_restarts; i++) {
            const search_restart *r = &job->restarts[i];
            const search_point *lane = r->start == START_WINDOW ? &job->warm : &job->cold;
            assert_true(r->best.value >= r->first_value && lane->value >= r->best.value);
            assert_true(r->first_gradient > 0); /* no dead starts */
        }
        assert_true(job->warm.value >= job->window.value);
        assert_true(job->warm.start == START_WINDOW && job->cold.start != START_WINDOW);
    }
    bench_close(&b);
}

/* Of the rig's tokens the first and the second become the letters a and b, which merge when they
 * meet; the others are spelled as before. */
static tokenizer *merging_tokenizer(void)
{
    str json = {0}, vocab = {0};
    tokenizer *t;
    err e = {0};
    str_add(&json, "{\"added_tokens\":[");
    for (int id = 0; id < AND_V - 1; id++)
        if (id != AND_FIRST && id != AND_SECOND) {
            str_addf(&json,
                     "%s{\"id\":%d,\"content\":\"<%d>\",\"single_word\":false,\"lstrip\":false,"
                     "\"rstrip\":false,\"normalized\":false,\"special\":%s}",
                     id ? "," : "", id, id, id ? "false" : "true");
            str_addf(&vocab, "\"<%d>\":%d,", id, id);
        }
    str_addf(&json,
             "],\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,"
             "\"trim_offsets\":true,\"use_regex\":true},\"decoder\":{\"type\":\"ByteLevel\"},"
             "\"model\":{\"type\":\"BPE\",\"vocab\":{%s\"a\":%d,\"b\":%d,\"ab\":%d},"
             "\"merges\":[\"a b\"]}}",
             str_text(&vocab), AND_FIRST, AND_SECOND, AND_V - 1);
    str_release(&vocab);
    if (tokenizer_parse(&t, json.data, json.len, "tokenizer.json", &e))
        fail_msg("%s", e.text);
    str_release(&json);
    return t;
}

static bool respells(const tokenizer *t, const search_point *p)
{
    str text = {0};
    token_list again = {0};
    err e = {0};
    tokenizer_decode(&text, t, p->tokens, (size_t)p->length);
    assert_int_equal(tokenizer_encode(&again, t, str_text(&text), text.len, &e), OK);
    bool same =
        again.n == (size_t)p->length && !memcmp(again.ids, p->tokens, again.n * sizeof *again.ids);
    token_list_release(&again);
    str_release(&text);
    return same;
}

/* The best sequence, the second right behind the first, cannot be written down: its text has
 * another token there. With the tokenizer the search takes the best that can; without, it takes it.
 */
static void what_is_reported_can_be_written_down(void **state)
{
    (void)state;
    for (int knows = 0; knows <= 1; knows++) {
        truth *t = truth_and(2);
        tokenizer *merging = merging_tokenizer();
        search_options o;
        search_job job = {.feature = 0, .scale = 1};
        arena memory = {0};
        err e = {0};
        t->setting.tokenizer = knows ? merging : NULL;
        assert_true(search_preset(&o, "standard", 10));
        o.starts[START_WINDOW] = 0;
        if (search_features(&job, 1, &t->setting, &o, 1, &memory, &e))
            fail_msg("%s", e.text);
        assert_true(respells(merging, &job.cold) == knows);
        for (int i = 0; i < job.n_front && knows; i++)
            assert_true(respells(merging, &job.front[i]));
        for (int i = 0; i < job.n_restarts && knows; i++)
            assert_true(respells(merging, &job.restarts[i].best));
        double most = truth_and_value(knows ? 8 : 9, 10);
        assert_true((double)job.cold.value < most + 1e-5);
        assert_true((double)job.cold.value > truth_and_value(1, 10) - 1e-4);
        arena_release(&memory);
        tokenizer_free(merging);
        truth_close(t);
    }
}

/* ---- the same numbers, always ------------------------------------------------------------------
 */

static void print_point(str *to, const search_point *p)
{
    str_addf(to, "%d %a %a %a %a %d %d:", p->length, (double)p->value, (double)p->z,
             (double)p->activation, p->cross_entropy, (int)p->start, p->restart);
    for (int i = 0; p->tokens && i < p->length; i++)
        str_addf(to, " %d", p->tokens[i]);
    str_add(to, "\n");
}

/* Every number of a result. */
static void print_job(str *to, const search_job *job)
{
    const search_point *points[] = {&job->cold, &job->warm, &job->fluent, &job->window,
                                    &job->single};
    str_addf(to, "feature %d\n", job->feature);
    for (size_t i = 0; i < COUNT_OF(points); i++)
        print_point(to, points[i]);
    for (int i = 0; i < job->n_front; i++)
        print_point(to, &job->front[i]);
    for (int i = 0; i < job->n_restarts; i++) {
        const search_restart *r = &job->restarts[i];
        str_addf(to, "%d %a %a %d ", (int)r->start, (double)r->first_value, r->first_gradient,
                 r->n_restarted);
        print_point(to, &r->best);
    }
    for (int i = 0; i < job->n_curve; i++)
        str_addf(to, "%d %a %a\n", job->curve[i].iteration, (double)job->curve[i].cold,
                 (double)job->curve[i].warm);
    str_addf(to, "%a %a %d %d %lld %a\n", job->hypervolume, (double)job->relaxed, job->certified,
             job->n_sweeps, (long long)job->n_forwards, job->flops);
}

/* All of a search printed; alone: feature by feature, else in one call. */
static str printed(int threads, bool alone, int at_once, uint64_t seed)
{
    bench b;
    str text = {0};
    bench_open(&b, threads);
    b.o.batch_features = at_once;
    for (int f = 0; f < N && alone; f++)
        run(&b, &b.jobs[f], 1, seed);
    if (!alone)
        run(&b, b.jobs, N, seed);
    for (int f = 0; f < N; f++)
        print_job(&text, &b.jobs[f]);
    bench_close(&b);
    return text;
}

static void company_threads_and_repetition_change_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        int threads, at_once;
        bool alone;
    } cases[] = {{"once more", 1, 8, false},
                 {"on three threads", 3, 8, false},
                 {"alone", 1, 8, true},
                 {"two at once", 1, 2, false}};
    str want = printed(1, false, 8, 9), other = printed(1, false, 8, 10);
    assert_string_not_equal(str_text(&want), str_text(&other));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        str got = printed(cases[i].threads, cases[i].alone, cases[i].at_once, 9);
        if (strcmp(str_text(&got), str_text(&want)) != 0) {
            size_t at = 0;
            while (got.data[at] == want.data[at])
                at++;
            at = at > 60 ? at - 60 : 0;
            fail_msg("%s: ...%.120s\nbefore: ...%.120s", cases[i].what, got.data + at,
                     want.data + at);
        }
        str_release(&got);
    }
    str_release(&other);
    str_release(&want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(embeddings_of_tokens_are_the_tokens),
        cmocka_unit_test(nothing_looks_ahead),
        cmocka_unit_test(reports_are_what_a_whole_run_gives),
        cmocka_unit_test(nobody_ends_below_where_it_started),
        cmocka_unit_test(what_is_reported_can_be_written_down),
        cmocka_unit_test(company_threads_and_repetition_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
