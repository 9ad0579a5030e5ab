/* Logit tables and read-in tokens against plain products, for every family. */
#include "test.h"

#include "base/memory.h"
#include "effects/common_bed.h"
#include "effects/direct.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { C = 3 };

/* The model's own way from the last block's output to the logits, in double: a direction, far
 * longer than the norm's eps, less its opposite, so that the norm's bias drops out. */
static void plain_logits(double *logit_n, const bed *b, const float *stream_D)
{
    const model_config *c = model_describe(b->model);
    int D = c->d_model, V = c->d_vocab;
    double cap = (double)c->final_softcap, *both = mem_small((size_t)(2 * V), sizeof *both);
    float *rows = mem_small((size_t)(2 * D), sizeof *rows);
    for (int d = 0; d < D; d++) {
        rows[d] = 1e4f * stream_D[d];
        rows[D + d] = -rows[d];
    }
    static const int32_t tokens[2] = {1, 2};
    reference *r = reference_new(b->model, tokens, 1, 2);
    assert_true(hook_of_site(&r->wanted, c, HOOK_RESID_POST, c->n_layers - 1));
    r->splice = rows;
    reference_run(r, both);
    double mean = 0;
    for (int v = 0; v < V && cap > 0; v++) {
        both[v] = cap * atanh(both[v] / cap);
        both[V + v] = cap * atanh(both[V + v] / cap);
    }
    for (int i = 0; i < b->setting.n; i++) {
        int v = b->setting.ids_n[i];
        logit_n[i] = (both[v] - both[V + v]) / 2;
        mean += logit_n[i] / b->setting.n;
    }
    for (int i = 0; i < b->setting.n; i++)
        logit_n[i] -= mean;
    reference_free(r);
    mem_free(rows);
    mem_free(both);
}

static const parameter *find_weight(const bed *b, int layer, const char *const *endings)
{
    parameter *list;
    int n = model_parameters(&list, b->model);
    for (int i = 0; i < n; i++)
        for (const char *const *ending = endings; *ending; ending++) {
            char name[128];
            snprintf(name, sizeof name, ".%d.%s", layer, *ending);
            size_t length = strlen(list[i].name), tail = strlen(name);
            if (length > tail && !strcmp(list[i].name + length - tail, name))
                return &list[i];
        }
    return NULL;
}

/* By the matrix of the model's files, found by its name. */
static void plain_stream(float *stream_D, const bed *b, const float *row_W)
{
    static const char *const attention[] = {"attention.dense.weight", "attn.c_proj.weight",
                                            "attn.attention.out_proj.weight",
                                            "self_attn.o_proj.weight", NULL};
    static const char *const mlp[] = {"mlp.dense_4h_to_h.weight", "mlp.c_proj.weight",
                                      "mlp.down_proj.weight", NULL};
    static const char *const gains[2][2] = {{"post_attention_layernorm.weight", NULL},
                                            {"post_feedforward_layernorm.weight", NULL}};
    const model_config *c = model_describe(b->model);
    int D = c->d_model, W = b->write.width;
    bool of_mlp = b->write.site == HOOK_MLP_POST;
    if (!of_mlp && b->write.site != HOOK_Z) {
        memcpy(stream_D, row_W, (size_t)D * sizeof *row_W);
        return;
    }
    const parameter *p = find_weight(b, b->write.layer, of_mlp ? mlp : attention);
    const parameter *gain = c->post_norms ? find_weight(b, b->write.layer, gains[of_mlp]) : NULL;
    assert_non_null(p);
    assert_int_equal(gain != NULL, c->post_norms);
    for (int o = 0; o < D; o++) {
        double sum = 0;
        for (int i = 0; i < W; i++)
            sum += (double)row_W[i] *
                   (double)(c->family == FAMILY_GPT2 ? p->value[i * D + o] : p->value[o * W + i]);
        stream_D[o] = (float)(sum * (gain ? (double)gain->value[o] : 1));
    }
}

static void check_logits(const char *kind, const bed *b)
{
    int D = model_describe(b->model)->d_model, W = b->write.width;
    float *rows = mem_small((size_t)(C * W), sizeof *rows),
          *stream = mem_small((size_t)D, sizeof *stream);
    double got[C * BED_TOKENS], want[BED_TOKENS];
    err e = {0};
    random_floats(rows, (size_t)(C * W), kind);
    if (direct_logits(got, &b->setting, rows, C, &e))
        fail_msg("%s", e.text);
    for (int k = 0; k < C; k++) {
        double largest = 0;
        plain_stream(stream, b, ROW(rows, k, W));
        plain_logits(want, b, stream);
        for (int i = 0; i < BED_TOKENS; i++)
            largest = fmax(largest, fabs(want[i]));
        for (int i = 0; i < BED_TOKENS; i++)
            if (!(fabs(ROW(got, k, BED_TOKENS)[i] - want[i]) < 2e-5 * largest))
                fail_msg("%s at %s: token %d has %g, not %g", kind, b->write.name, i,
                         ROW(got, k, BED_TOKENS)[i], want[i]);
    }
    mem_free(stream);
    mem_free(rows);
}

static void logits_of_every_family(void **state)
{
    (void)state;
    static const char *const hooks[] = {"blocks.0.hook_resid_post", "blocks.0.attn.hook_z",
                                        "blocks.0.mlp.hook_post", "blocks.0.hook_attn_out",
                                        "blocks.0.hook_mlp_out"};
    const decoder_kind *kinds;
    int n = test_kinds(&kinds);
    for (int k = 0; k < n; k++)
        for (size_t h = 0; h < COUNT_OF(hooks); h++) {
            bed b;
            bed_open(&b, &kinds[k].config, hooks[h], hooks[h], SAE_NORMALIZE_NONE, 2, 4);
            check_logits(kinds[k].name, &b);
            bed_close(&b);
        }
}

static void length_and_mean_do_not_matter(void **state)
{
    (void)state;
    const decoder_kind *kinds;
    test_kinds(&kinds); /* the first has layer norms, which take the row's mean off */
    bed b;
    bed_open(&b, &kinds[0].config, "blocks.0.hook_resid_post", "blocks.0.hook_resid_post",
             SAE_NORMALIZE_NONE, 1, 4);
    int D = b.read.width;
    float *rows = mem_small((size_t)(3 * D), sizeof *rows);
    random_floats(rows, (size_t)D, "row");
    for (int d = 0; d < D; d++) {
        rows[D + d] = 0.25f * rows[d] + 2;
        rows[2 * D + d] = 7; /* nothing is left of it */
    }
    double got[3 * BED_TOKENS];
    err e = {0};
    assert_int_equal(direct_logits(got, &b.setting, rows, 3, &e), OK);
    for (int i = 0; i < BED_TOKENS; i++)
        assert_true(fabs(got[i] - got[BED_TOKENS + i]) < 1e-4);
    logit_table t = direct_table(&b.setting, got),
                flat = direct_table(&b.setting, got + 2 * BED_TOKENS);
    assert_true(!t.flat && flat.flat && flat.ends.n == 0);
    assert_int_equal(t.reach, REACH_STREAM);
    assert_int_equal(t.n_tokens, BED_TOKENS);
    assert_int_equal(t.ends.n, END_TOKENS);
    int64_t total = 0;
    for (int i = 0; i < LOGIT_BINS; i++)
        total += t.counts[i];
    assert_int_equal(total, BED_TOKENS);
    assert_true(t.counts[0] > 0 && t.counts[LOGIT_BINS - 1] > 0);
    assert_true(t.ends.highest[0].value == t.most && t.ends.lowest[0].value == t.least);
    mem_free(rows);
    bed_close(&b);
}

static void what_does_not_reach_the_stream_is_refused(void **state)
{
    (void)state;
    static const char *const hooks[] = {"blocks.0.attn.hook_q", "blocks.0.attn.hook_v",
                                        "blocks.0.mlp.hook_pre", "blocks.0.ln2.hook_normalized"};
    const decoder_kind *kinds;
    test_kinds(&kinds);
    for (size_t h = 0; h < COUNT_OF(hooks); h++) {
        bed b;
        bed_open(&b, &kinds[0].config, hooks[h], hooks[h], SAE_NORMALIZE_NONE, 1, 4);
        float *row = mem_small((size_t)b.write.width, sizeof *row);
        double got[BED_TOKENS];
        err e = {0};
        assert_int_equal(direction_reach(&b.write), REACH_NOTHING);
        assert_int_equal(direct_logits(got, &b.setting, row, 1, &e), E_CONFIG);
        assert_non_null(strstr(e.text, b.write.name));
        assert_false(direct_reads_embeddings(&b.setting));
        mem_free(row);
        bed_close(&b);
    }
}

/* One head's part of z goes through its own columns of the output matrix. */
static void a_head_alone(void **state)
{
    (void)state;
    const decoder_kind *kinds;
    int n = test_kinds(&kinds);
    for (int k = 0; k < n; k++) {
        bed b;
        bed_open(&b, &kinds[k].config, "blocks.0.attn.hook_z", "blocks.0.attn.hook_z",
                 SAE_NORMALIZE_NONE, 1, 4);
        int W = b.write.width, K = kinds[k].config.d_head, head = 1;
        float *whole = mem_small((size_t)W, sizeof *whole);
        random_floats(whole + head * K, (size_t)K, "head");
        double all[BED_TOKENS], one[BED_TOKENS];
        err e = {0};
        assert_int_equal(direct_logits(all, &b.setting, whole, 1, &e), OK);
        assert_int_equal(hook_select_head(&b.read, &kinds[k].config, head, &e), OK);
        assert_int_equal(direct_logits(one, &b.setting, whole + head * K, 1, &e), OK);
        for (int i = 0; i < BED_TOKENS; i++)
            assert_true(fabs(all[i] - one[i]) < 1e-5);
        mem_free(whole);
        bed_close(&b);
    }
}

static void read_in_is_a_centred_cosine(void **state)
{
    (void)state;
    const decoder_kind *kinds;
    int n = test_kinds(&kinds);
    for (int k = 0; k < n; k++) {
        bed b;
        bed_open(&b, &kinds[k].config, "blocks.0.hook_resid_pre", "blocks.0.hook_resid_pre",
                 SAE_NORMALIZE_NONE, 1, 4);
        int D = b.read.width;
        const float *table = model_embedding(b.model)->value;
        float *columns = mem_small((size_t)(C * D), sizeof *columns);
        double got[C * BED_TOKENS], *mean = mem_small((size_t)D, sizeof *mean);
        err e = {0};
        random_floats(columns, (size_t)((C - 1) * D), "columns"); /* the last is zero */
        assert_true(direct_reads_embeddings(&b.setting));
        assert_int_equal(direct_read_in(got, &b.setting, columns, C, &e), OK);
        for (int i = 0; i < BED_TOKENS; i++)
            for (int d = 0; d < D; d++)
                mean[d] += (double)table[b.ids[i] * D + d] / BED_TOKENS;
        for (int c = 0; c < C; c++)
            for (int i = 0; i < BED_TOKENS; i++) {
                double dot = 0, x = 0, y = 0;
                for (int d = 0; d < D; d++) {
                    double w = (double)columns[c * D + d];
                    double v = (double)table[b.ids[i] * D + d] - mean[d];
                    dot += w * v;
                    x += w * w;
                    y += v * v;
                }
                double want = x > 0 ? dot / sqrt(x * y) : 0;
                assert_true(fabs(got[c * BED_TOKENS + i] - want) < 1e-5);
            }
        mem_free(mean);
        mem_free(columns);
        bed_close(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(logits_of_every_family),
        cmocka_unit_test(length_and_mean_do_not_matter),
        cmocka_unit_test(what_does_not_reach_the_stream_is_refused),
        cmocka_unit_test(a_head_alone),
        cmocka_unit_test(read_in_is_a_centred_cosine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
