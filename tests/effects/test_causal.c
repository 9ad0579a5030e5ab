/* Taking a feature out and putting it in twice, against whole runs of the reference in double with
 * the hook's value changed by hand, for every family. */
#include "test.h"

#include "base/memory.h"
#include "effects/causal.h"
#include "effects/common_bed.h"
#include "effects/direct.h"
#include "effects/distribution.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What the reference says of one feature, over given prompts. */
typedef struct expected {
    causal_effect sums;
    double log_n[EFFECT_CHANGES][BED_TOKENS], probability_n[BED_TOKENS];
    double cost_PT[BED_PROMPTS][BED_LONGEST]; /* of each token when the feature is taken out */
} expected;

static void log_softmax(double *x_V, int V)
{
    double total = 0;
    for (int v = 0; v < V; v++)
        total += exp(x_V[v]);
    for (int v = 0; v < V; v++)
        x_V[v] -= log(total);
}

static double spread_of(const double *x_D, int D, sae_normalization kind)
{
    double mean = 0, squares = 0;
    for (int d = 0; d < D; d++)
        mean += kind == SAE_NORMALIZE_LAYER_NORM ? x_D[d] / D : 0;
    for (int d = 0; d < D; d++)
        squares += (x_D[d] - mean) * (x_D[d] - mean);
    return kind == SAE_NORMALIZE_NONE   ? 1
           : kind == SAE_NORMALIZE_NORM ? sqrt(squares / D)
                                        : sqrt(squares / (D - 1));
}

static void add_row(expected *x, const bed *b, int k, const double *clean_V,
                    const double *changed_V, int32_t next, bool active)
{
    change_effect *c = &x->sums.changes[k];
    double kl = 0;
    for (int v = 0; v < model_describe(b->model)->d_vocab; v++)
        kl += exp(clean_V[v]) * (clean_V[v] - changed_V[v]);
    double loss = next >= 0 ? clean_V[next] - changed_V[next] : 0;
    *(active ? &c->kl_active : &c->kl_later) += kl;
    *(active ? &c->loss_active : &c->loss_later) += loss;
    for (int i = 0; i < BED_TOKENS && active; i++) {
        x->log_n[k][i] += changed_V[b->ids[i]] - clean_V[b->ids[i]];
        if (k == CHANGE_DOUBLED)
            x->probability_n[i] += exp(changed_V[b->ids[i]]) - exp(clean_V[b->ids[i]]);
    }
    if (k == 0) {
        *(active ? &x->sums.n_active : &x->sums.n_later) += 1;
        *(active ? &x->sums.n_active_losses : &x->sums.n_later_losses) += next >= 0;
    }
}

static void expect_prompt(expected *x, const bed *b, int feature, int prompt, const float *row_O)
{
    const survey *s = &b->surveyed;
    const int32_t *tokens = prompts_tokens(&b->prompts, prompt);
    int T = prompts_length(&b->prompts, prompt), V = model_describe(b->model)->d_vocab;
    int W = b->setting.write->width, first = T;
    float strength[BED_LONGEST] = {0};
    for (size_t i = 0; i < s->n_active[feature]; i++)
        if (s->active[feature][i].prompt == prompt)
            strength[s->active[feature][i].position] = s->active[feature][i].value;
    for (int t = T - 1; t >= 0; t--)
        first = strength[t] > 0 ? t : first;
    if (first == T)
        return;
    x->sums.n_prompts++;
    size_t cells = (size_t)(T * V), values = (size_t)(T * W);
    double *clean = mem_small(cells, sizeof *clean), *changed = mem_small(cells, sizeof *changed);
    double *value = mem_small(values, sizeof *value);
    float *spliced = mem_small(values, sizeof *spliced);
    bed_reference(clean, value, b, prompt, NULL);
    for (int k = 0; k < EFFECT_CHANGES; k++) {
        double factor = k == CHANGE_REMOVED ? 0 : 2;
        for (int t = 0; t < T; t++) {
            double scale = sae_describe(b->sae)->transcoder
                               ? 1
                               : spread_of(value + t * W, W, sae_describe(b->sae)->normalization);
            for (int w = 0; w < W; w++)
                spliced[t * W + w] =
                    (float)(value[t * W + w] +
                            (factor - 1) * scale * (double)strength[t] * (double)row_O[w]);
        }
        bed_reference(changed, NULL, b, prompt, spliced);
        for (int t = first; t < T; t++) {
            int next = t + 1 < T ? tokens[t + 1] : -1;
            double *was = clean + t * V, *is = changed + t * V;
            if (k == 0)
                log_softmax(was, V);
            log_softmax(is, V);
            if (tokens[t] != 0)
                add_row(x, b, k, was, is, next, strength[t] > 0);
            if (k == CHANGE_REMOVED && next >= 0)
                x->cost_PT[prompt][t + 1] = was[next] - is[next];
        }
    }
    mem_free(spliced);
    mem_free(value);
    mem_free(changed);
    mem_free(clean);
}

/* Float32 against double; KL of small changes loses digits in subtraction. */
static void near(const char *what, double got, double sum, int64_t n)
{
    double want = n ? sum / (double)n : (double)NAN;
    if (n == 0 ? !isnan(got) : !(fabs(got - want) < 1e-3 * fabs(want) + 2e-6))
        fail_msg("%s: %.9g, not %.9g", what, got, want);
}

static void check_promises(const causal_effect *got, const expected *x, const double *logit_n)
{
    const double *moved = x->probability_n;
    token_ends table = {0};
    int32_t places[BED_TOKENS];
    for (int i = 0; i < BED_TOKENS; i++)
        places[i] = i;
    table = find_token_ends(places, logit_n, BED_TOKENS);
    for (int k = 0; k < EFFECT_CHANGES; k++) {
        const change_effect *c = &got->changes[k];
        int sign = k == CHANGE_DOUBLED ? 1 : -1, raised = 0, lowered = 0;
        for (int i = 0; i < table.n; i++) {
            raised += sign * x->log_n[k][table.highest[i].id] > 0;
            lowered += sign * x->log_n[k][table.lowest[i].id] < 0;
        }
        assert_int_equal(c->raised_right, raised);
        assert_int_equal(c->lowered_right, lowered);
        double correlation = sign * rank_correlation(logit_n, x->log_n[k], BED_TOKENS);
        assert_true(fabs(c->rank_correlation - correlation) < 2e-2);
    }
    double most = 0;
    for (int i = 0; i < BED_TOKENS; i++)
        most = fmax(most, moved[i] / (double)x->sums.n_active);
    assert_true(fabs(got->moved.highest[0].value - most) < 1e-3 * most + 1e-6);
}

static void check_traces(causal_runner *r, const causal_job *job, const expected *x, const bed *b)
{
    for (int i = 0; i < BED_PROMPTS; i++) {
        float got[BED_LONGEST];
        err e = {0};
        assert_int_equal(causal_trace(got, r, job, i, &e), OK);
        for (int t = 0; t < prompts_length(&b->prompts, i); t++) {
            double want = x->cost_PT[i][t];
            if (!(fabs((double)got[t] - want) < 1e-3 * fabs(want) + 1e-5))
                fail_msg("token %d of prompt %d costs %g more, not %g", t, i, (double)got[t], want);
        }
    }
}

static void check_feature(const char *kind, bed *b, causal_runner *r, int f)
{
    static expected x;
    int W = b->setting.write->width;
    float *row = mem_small((size_t)W, sizeof *row);
    double logit_n[BED_TOKENS];
    err e = {0};
    bool table = direction_reach(b->setting.write) != REACH_NOTHING;
    sae_decoder_row(row, b->sae, f);
    if (table && direct_logits(logit_n, &b->setting, row, 1, &e))
        fail_msg("%s", e.text);
    token_ends ends = find_token_ends(b->ids, logit_n, BED_TOKENS);
    causal_job job = {.row_O = row,
                      .per_activation = 1,
                      .logit_n = table ? logit_n : NULL,
                      .ends = &ends,
                      .surveyed = &b->surveyed,
                      .which = f};
    causal_effect got;
    if (causal_measure(&got, r, &job, BED_PROMPTS, &e))
        fail_msg("%s: %s", kind, e.text);
    memset(&x, 0, sizeof x);
    for (int i = 0; i < BED_PROMPTS; i++)
        expect_prompt(&x, b, f, i, row);
    assert_int_equal(got.n_prompts, x.sums.n_prompts);
    assert_int_equal(got.n_active, x.sums.n_active);
    assert_int_equal(got.n_active_losses, x.sums.n_active_losses);
    assert_int_equal(got.n_later, x.sums.n_later);
    assert_int_equal(got.n_later_losses, x.sums.n_later_losses);
    for (int k = 0; k < EFFECT_CHANGES; k++) {
        const change_effect *c = &got.changes[k], *want = &x.sums.changes[k];
        near("KL at active tokens", c->kl_active, want->kl_active, x.sums.n_active);
        near("KL later", c->kl_later, want->kl_later, x.sums.n_later);
        near("loss at active tokens", c->loss_active, want->loss_active, x.sums.n_active_losses);
        near("loss later", c->loss_later, want->loss_later, x.sums.n_later_losses);
    }
    if (table && x.sums.n_active)
        check_promises(&got, &x, logit_n);
    else
        assert_true(isnan(got.changes[0].rank_correlation));
    check_traces(r, &job, &x, b);
    mem_free(row);
}

static void equal_to_runs_in_double(void **state)
{
    (void)state;
    static const struct {
        const char *read, *write;
        sae_normalization normalization;
        int threads;
    } cases[] = {
        {"blocks.0.hook_resid_post", "blocks.0.hook_resid_post", SAE_NORMALIZE_NONE, 2},
        {"blocks.0.hook_attn_out", "blocks.0.hook_attn_out", SAE_NORMALIZE_LAYER_NORM, 2},
        {"blocks.0.mlp.hook_post", "blocks.0.mlp.hook_post", SAE_NORMALIZE_NORM, 0}, /* ref */
        {"blocks.0.mlp.hook_pre", "blocks.0.mlp.hook_pre", SAE_NORMALIZE_NONE, 1},   /* no table */
        {"blocks.0.ln2.hook_normalized", "blocks.0.hook_mlp_out", SAE_NORMALIZE_NONE, 2},
    };
    const decoder_kind *kinds;
    int n = test_kinds(&kinds);
    for (int k = 0; k < n; k++)
        for (size_t i = 0; i < COUNT_OF(cases); i++) {
            bed b;
            causal_runner *r;
            err e = {0};
            size_t active = 0;
            bed_open(&b, &kinds[k].config, cases[i].read, cases[i].write, cases[i].normalization,
                     cases[i].threads, 3);
            if (causal_runner_new(&r, &b.setting, &e))
                fail_msg("%s", e.text);
            for (int f = 0; f < 3; f++) {
                check_feature(kinds[k].name, &b, r, f);
                active += b.surveyed.n_active[f];
            }
            assert_true(active > 10);
            causal_runner_free(r);
            bed_close(&b);
        }
}

static causal_effect measure(bed *b, int feature, double per_activation, int most)
{
    float *row = mem_small((size_t)b->setting.write->width, sizeof *row);
    double logit_n[BED_TOKENS];
    causal_runner *r = NULL;
    causal_effect out = {0};
    err e = {0};
    sae_decoder_row(row, b->sae, feature);
    assert_int_equal(direct_logits(logit_n, &b->setting, row, 1, &e), OK);
    token_ends ends = find_token_ends(b->ids, logit_n, BED_TOKENS);
    causal_job job = {row, per_activation, logit_n, &ends, &b->surveyed, feature};
    if (causal_runner_new(&r, &b->setting, &e) || causal_measure(&out, r, &job, most, &e))
        fail_msg("%s", e.text);
    causal_runner_free(r);
    mem_free(row);
    return out;
}

static const char *const RESID = "blocks.0.hook_resid_post";

static void same_bytes_for_any_threads(void **state)
{
    (void)state;
    const decoder_kind *kinds;
    int n = test_kinds(&kinds);
    for (int k = 0; k < n; k++) {
        bed one, three;
        bed_open(&one, &kinds[k].config, RESID, RESID, SAE_NORMALIZE_NONE, 1, 3);
        bed_open(&three, &kinds[k].config, RESID, RESID, SAE_NORMALIZE_NONE, 3, 3);
        causal_effect x = measure(&one, 1, 1, 99), y = measure(&three, 1, 1, 99);
        assert_memory_equal(x.changes, y.changes, sizeof x.changes);
        for (int i = 0; i < END_TOKENS; i++) {
            assert_int_equal(x.moved.highest[i].id, y.moved.highest[i].id);
            assert_true(x.moved.highest[i].value == y.moved.highest[i].value);
            assert_true(x.moved.lowest[i].value == y.moved.lowest[i].value);
        }
        bed_close(&one);
        bed_close(&three);
    }
}

static void what_cannot_change_does_not(void **state)
{
    (void)state;
    const decoder_kind *kinds;
    test_kinds(&kinds);
    bed b;
    bed_open(&b, &kinds[0].config, RESID, RESID, SAE_NORMALIZE_NONE, 2, 3);
    causal_effect nothing = measure(&b, 1, 0, 99); /* a row of length 0 */
    assert_true(nothing.n_active > 0);
    for (int k = 0; k < EFFECT_CHANGES; k++) {
        assert_true(nothing.changes[k].kl_active == 0 && nothing.changes[k].loss_active == 0);
        assert_int_equal(nothing.changes[k].raised_right, 0);
        assert_true(isnan(nothing.changes[k].rank_correlation));
    }
    causal_effect silent = measure(&b, BED_F - 1, 1, 99);
    assert_true(silent.n_prompts == 0 && silent.n_active == 0 && silent.moved.n == 0);
    assert_true(isnan(silent.changes[0].kl_active));
    bed_close(&b);
    /* The last block's stream is seen by its own token alone. */
    const char *last = "blocks.1.hook_resid_post";
    bed_open(&b, &kinds[0].config, last, last, SAE_NORMALIZE_NONE, 2, 3);
    causal_effect own = measure(&b, 1, 1, 99);
    assert_true(own.n_later > 0 && own.changes[CHANGE_REMOVED].kl_later == 0);
    assert_true(own.changes[CHANGE_REMOVED].kl_active > 0);
    bed_close(&b);
}

/* Prompts at even ranks by strength, and how they are cut into batches changes nothing. */
static void a_sample_by_strength(void **state)
{
    (void)state;
    const decoder_kind *kinds;
    test_kinds(&kinds);
    bed b;
    bed_open(&b, &kinds[0].config, RESID, RESID, SAE_NORMALIZE_NONE, 2, 64);
    causal_effect all = measure(&b, 1, 1, 99), one = measure(&b, 1, 1, 1);
    assert_true(all.n_prompts > 2);
    assert_int_equal(one.n_prompts, 1);
    size_t strongest = 0, own = 0;
    const token_activation *t = b.surveyed.active[1];
    for (size_t i = 0; i < b.surveyed.n_active[1]; i++)
        strongest = t[i].value > t[strongest].value ? i : strongest;
    for (size_t i = 0; i < b.surveyed.n_active[1]; i++)
        own += t[i].prompt == t[strongest].prompt;
    assert_int_equal(one.n_active, own);
    b.setting.batch_size = 1;
    causal_effect again = measure(&b, 1, 1, 99);
    assert_int_equal(again.n_active, all.n_active);
    assert_true(fabs(again.changes[0].kl_active - all.changes[0].kl_active) <
                1e-6 * all.changes[0].kl_active + 1e-12);
    bed_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_to_runs_in_double),
        cmocka_unit_test(same_bytes_for_any_threads),
        cmocka_unit_test(what_cannot_change_does_not),
        cmocka_unit_test(a_sample_by_strength),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
