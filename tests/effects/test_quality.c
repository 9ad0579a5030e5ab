/* An SAE in the place of what it read: identities, the reference in double, counts by hand. */
#include "test.h"

#include "base/memory.h"
#include "effects/common_bed.h"
#include "effects/quality.h"
#include "effects/splice.h"
#include "features/collect.h"
#include "features/common_stopper.h"
#include <math.h>
#include <string.h>

static const char *const RESID = "blocks.0.hook_resid_post";

/* Features x and -x for each number: relu keeps one of them, so that the output is the input. scale
 * 0: the output is always 0. */
static void replace_sae(bed *b, float scale)
{
    int D = b->read.width, F = 2 * D;
    float *w_enc = mem_small((size_t)(D * F), sizeof *w_enc);
    float *w_dec = mem_small((size_t)(F * D), sizeof *w_dec);
    float *zeros = mem_small((size_t)F, sizeof *zeros);
    for (int d = 0; d < D; d++) {
        w_enc[d * F + d] = 1;
        w_enc[d * F + D + d] = -1;
        w_dec[d * D + d] = scale;
        w_dec[(D + d) * D + d] = -scale;
    }
    sae_config c = {.architecture = SAE_STANDARD, .d_in = D, .d_sae = F, .prepend_bos = true};
    memcpy(c.hook, b->read.name, sizeof c.hook);
    sae_weights w = {w_enc, zeros, w_dec, zeros, NULL, NULL};
    err e = {0};
    sae_free(b->sae);
    if (sae_new(&b->sae, b->be, &c, &w, &e))
        fail_msg("%s", e.text);
    b->setting.sae = b->sae;
    mem_free(zeros);
    mem_free(w_dec);
    mem_free(w_enc);
}

static collection collect(bed *b)
{
    scan_source source = {.model = b->model,
                          .hook = &b->read,
                          .prompts = &b->prompts,
                          .tokenizer = b->tokenizer,
                          .batch_size = 3,
                          .name = "test"};
    collection c;
    err e = {0};
    if (collect_features(&c, &source, b->sae, &e))
        fail_msg("%s", e.text);
    return c;
}

static sae_quality measure(bed *b, int most)
{
    collection c = collect(b);
    sae_quality q;
    err e = {0};
    if (quality_measure(&q, &b->setting, &c, most, &e))
        fail_msg("%s", e.text);
    collection_release(&c);
    return q;
}

/* Stopped at every batch, of which the one that is stopped is run again. */
static void goes_on_to_the_same_numbers(void **state)
{
    (void)state;
    const decoder_kind *kinds;
    test_kinds(&kinds);
    bed b;
    bed_open(&b, &kinds[0].config, RESID, RESID, SAE_NORMALIZE_NONE, 2, 1);
    sae_quality want = measure(&b, 99), got;
    collection c = collect(&b);
    stopper *s = stopper_new(NULL, 2);
    int stops = -1;
    err e = {0};
    for (err_code rc = E_CANCELLED; rc == E_CANCELLED; stops++) {
        b.setting.draft = &s->draft;
        rc = quality_measure(&got, &b.setting, &c, 99, &e);
        stopper *next = stopper_new(&s->kept, 2);
        stopper_release(s);
        s = next;
    }
    assert_int_equal(stops, BED_PROMPTS - 1);
    assert_true(got.explained_variance == want.explained_variance);
    assert_true(got.clean_loss == want.clean_loss && got.spliced_loss == want.spliced_loss);
    assert_true(got.ablated_loss == want.ablated_loss && got.n_rows == want.n_rows);
    draft cut = {.name = "the-draft"};
    str_add_bytes(&cut.state, s->draft.state.data, s->draft.state.len - 1);
    b.setting.draft = &cut;
    assert_int_equal(quality_measure(&got, &b.setting, &c, 99, &e), E_FORMAT);
    assert_non_null(strstr(e.text, "the-draft"));
    str_release(&cut.state);
    stopper_release(s);
    collection_release(&c);
    bed_close(&b);
}

static void perfect_and_worthless(void **state)
{
    (void)state;
    const decoder_kind *kinds;
    int n = test_kinds(&kinds);
    for (int k = 0; k < n; k++) {
        bed b;
        bed_open(&b, &kinds[k].config, RESID, RESID, SAE_NORMALIZE_NONE, 2, 3);
        replace_sae(&b, 1);
        sae_quality q = measure(&b, 99);
        assert_true(q.loss_recovered == 1 && q.explained_variance == 1);
        assert_true(q.spliced_loss == q.clean_loss && q.ablated_loss != q.clean_loss);
        assert_int_equal(q.n_prompts, BED_PROMPTS);
        assert_int_equal(q.n_losses, b.prompts.first[BED_PROMPTS] - BED_PROMPTS);
        assert_int_equal(q.n_rows, q.n_tokens);
        assert_true(q.l0 == b.read.width); /* each number or its opposite */
        replace_sae(&b, 0);
        q = measure(&b, 99);
        assert_true(q.loss_recovered == 0 && q.spliced_loss == q.ablated_loss);
        assert_true(q.explained_variance <= 0); /* below the mean, which zeros are not */
        bed_close(&b);
    }
}

static double plain_loss(const double *logits_TV, const int32_t *tokens, int T, int V)
{
    double loss = 0;
    for (int t = 0; t + 1 < T; t++) {
        double total = 0;
        for (int v = 0; v < V; v++)
            total += exp(logits_TV[t * V + v]);
        loss += log(total) - logits_TV[t * V + tokens[t + 1]];
    }
    return loss;
}

/* Clean, with the SAE's output and with zeros, of every prompt, by the reference. */
static void equal_to_runs_in_double(void **state)
{
    (void)state;
    static const char *const hooks[][2] = {
        {"blocks.0.hook_resid_post", "blocks.0.hook_resid_post"},
        {"blocks.0.hook_attn_out", "blocks.0.hook_attn_out"},
        {"blocks.0.ln2.hook_normalized", "blocks.0.hook_mlp_out"}};
    const decoder_kind *kinds;
    int n = test_kinds(&kinds);
    for (int k = 0; k < n * (int)COUNT_OF(hooks); k++) {
        bed b;
        const char *const *names = hooks[k / n];
        bed_open(&b, &kinds[k % n].config, names[0], names[1], SAE_NORMALIZE_NONE, 2, 3);
        int V = model_describe(b.model)->d_vocab, D = b.read.width, O = b.write.width;
        double loss[3] = {0}, count = 0;
        double logits[BED_LONGEST * 64], value[BED_LONGEST * 64];
        assert_true(V <= 64 && O <= 64 && D <= 64);
        for (int i = 0; i < BED_PROMPTS; i++) {
            const int32_t *tokens = prompts_tokens(&b.prompts, i);
            int T = prompts_length(&b.prompts, i);
            float x[BED_LONGEST * 64], y[BED_LONGEST * 64];
            forward *f;
            err e = {0};
            assert_int_equal(forward_new(&f, b.model, 1, T, &b.read, FORWARD_ONLY, &e), OK);
            assert_int_equal(forward_tokens(f, tokens, 1, T, &b.read, &e), OK);
            memcpy(x, forward_hook(f), (size_t)(T * D) * sizeof *x);
            assert_int_equal(sae_reconstruct(y, b.sae, x, T, &e), OK);
            forward_free(f);
            for (int kind = 0; kind < 3; kind++) {
                bed_reference(logits, value, &b, i, NULL);
                for (int t = 0; t < T; t++)
                    for (int o = 0; o < O; o++)
                        if (kind == 0 || tokens[t] == 0)
                            y[t * O + o] = kind ? (float)value[t * O + o] : y[t * O + o];
                        else if (kind == 2)
                            y[t * O + o] = 0;
                bed_reference(logits, NULL, &b, i, kind ? y : NULL);
                loss[kind] += plain_loss(logits, tokens, T, V);
            }
            count += T - 1;
        }
        sae_quality q = measure(&b, 99);
        assert_true(fabs(q.clean_loss - loss[0] / count) < 1e-5);
        assert_true(fabs(q.spliced_loss - loss[1] / count) < 1e-5);
        assert_true(fabs(q.ablated_loss - loss[2] / count) < 1e-5);
        assert_true(fabs(q.loss_recovered - (q.ablated_loss - q.spliced_loss) /
                                                (q.ablated_loss - q.clean_loss)) < 1e-9);
        bed_close(&b);
    }
}

static void variance_by_hand(void **state)
{
    (void)state;
    /* Numbers 1 and 5 around 3 have squares 8; 2 and 2 none. Errors: 1 and 1. The third row is kept
     * out. */
    const float x[] = {1, 2, 5, 2, 100, 100}, y[] = {2, 2, 5, 3, 0, 0};
    const bool keep[] = {false, false, true};
    variance_sums v = variance_sums_new(2);
    assert_true(isnan(variance_explained(&v)));
    variance_sums_add(&v, x, y, keep, 3);
    assert_int_equal(v.n, 2);
    assert_true(fabs(variance_explained(&v) - (1 - 2 / 8.0)) < 1e-12);
    variance_sums_release(&v);
    splice_sums s = {.clean = 2, .spliced = 3, .ablated = 6};
    assert_true(splice_recovered(&s) == 0.75);
    s.ablated = 2;
    assert_true(isnan(splice_recovered(&s)));
}

static void counts_of_the_dictionary(void **state)
{
    (void)state;
    feature_stats stats[] = {{.n_active = 0},  {.n_active = 1},   {.n_active = 10},
                             {.n_active = 11}, {.n_active = 100}, {.n_active = 0}};
    collection c = {.n_features = COUNT_OF(stats), .n_tokens = 100, .stats_F = stats};
    effect_setting s = {.prompts = &(prompt_set){.n = 3}};
    sae_quality q;
    err e = {0};
    assert_int_equal(quality_measure(&q, &s, &c, 0, &e), OK);
    assert_true(q.l0 == 1.22 && q.n_tokens == 100);
    assert_int_equal(q.n_dead, 2);
    assert_int_equal(q.n_dense, 2); /* exactly a tenth is not more than a tenth */
    assert_int_equal(q.n_prompts, 0);
    assert_true(isnan(q.loss_recovered) && isnan(q.explained_variance) && isnan(q.clean_loss));
}

static void a_sample_has_fewer_prompts(void **state)
{
    (void)state;
    const decoder_kind *kinds;
    test_kinds(&kinds);
    sae_quality got[2];
    for (int i = 0; i < 2; i++) {
        bed b;
        bed_open(&b, &kinds[0].config, RESID, RESID, SAE_NORMALIZE_NONE, i ? 3 : 1, 2);
        got[i] = measure(&b, 3);
        /* Prompts 0, 2 and 4 of 7. */
        int64_t losses = 0;
        for (int k = 0; k < 3; k++)
            losses += prompts_length(&b.prompts, 2 * k) - 1;
        assert_int_equal(got[i].n_prompts, 3);
        assert_int_equal(got[i].n_losses, losses);
        bed_close(&b);
    }
    assert_memory_equal(&got[0].explained_variance, &got[1].explained_variance, sizeof(double));
    assert_memory_equal(&got[0].clean_loss, &got[1].clean_loss, 4 * sizeof(double));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_on_to_the_same_numbers), cmocka_unit_test(perfect_and_worthless),
        cmocka_unit_test(equal_to_runs_in_double),     cmocka_unit_test(variance_by_hand),
        cmocka_unit_test(counts_of_the_dictionary),    cmocka_unit_test(a_sample_has_fewer_prompts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
