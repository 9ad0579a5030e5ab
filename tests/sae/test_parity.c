/* SAEs in every layout of files, against what the libraries that own the layouts compute from them
 * (tests/parity/export_saes.py, versions in tests/parity/fixtures/saes/versions.txt). Every line of
 * output is one folder: the largest differences on both backends, as shares of the largest value.
 */
#include "test.h"

#include "base/io.h"
#include "base/memory.h"
#include "data/safetensors.h"
#include "sae/sae.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROOT "tests/parity/fixtures/saes/"
#define VALUES_WITHIN 5e-5
#define GRADIENTS_WITHIN 1e-4

typedef struct row {
    const char *folder;
    const char *architecture, *hook; /* expected; hook NULL: blocks.3.hook_resid_post */
    sae_hints hints;
    int n_notes;
} row;

#define OLD_HOOK "blocks.3.hook_resid_pre"
#define GEMMA(repo, folder_path)                                                                   \
    {                                                                                              \
        .place = "google/gemma-scope-" repo "/" folder_path                                        \
    }
#define CANONICAL "layer_20/width_16k/average_l0_71"

static const row rows[] = {
    {"standard", "standard", NULL, {0}, 0},
    {"standard_plain", "standard", NULL, {0}, 0},
    {"standard_bf16", "standard", NULL, {0}, 1},
    {"standard_norm", "standard", NULL, {0}, 0},
    {"standard_unfolded", "standard", NULL, {0}, 1},
    {"standard_zero_row", "standard", NULL, {0}, 0},
    {"gated", "gated", NULL, {0}, 0},
    {"gated_exact", "gated", NULL, {0}, 0},
    {"gated_plain_layer_norm", "gated", NULL, {0}, 0},
    {"gated_f16", "gated", NULL, {0}, 1},
    {"jumprelu", "jumprelu", NULL, {0}, 0},
    {"jumprelu_exact", "jumprelu", NULL, {0}, 0},
    {"jumprelu_plain", "jumprelu", NULL, {0}, 0},
    {"jumprelu_layer_norm", "jumprelu", NULL, {0}, 0},
    {"jumprelu_log_threshold", "jumprelu", NULL, {0}, 0},
    {"jumprelu_scaled", "jumprelu", NULL, {.norm_scaling_factor = 0.029}, 0},
    {"topk", "topk", NULL, {0}, 0},
    {"topk_rescaled", "topk", NULL, {0}, 0},
    {"topk_all", "topk", NULL, {0}, 0},
    {"topk_few_positive", "topk", NULL, {0}, 0},
    {"topk_layer_norm", "topk", NULL, {0}, 0},
    {"topk_training", "topk", NULL, {0}, 0},
    {"batchtopk_training", "batchtopk", NULL, {0}, 1},
    {"batchtopk_training_rescaled", "batchtopk", NULL, {0}, 1},
    {"batchtopk_training_scaled", "batchtopk", NULL, {0}, 1},
    {"matryoshka_training", "matryoshka_batchtopk", NULL, {0}, 1},
    {"transcoder", "transcoder", NULL, {0}, 0},
    {"transcoder_norm", "transcoder", NULL, {0}, 0},
    {"skip_transcoder", "skip_transcoder", NULL, {0}, 0},
    {"jumprelu_transcoder", "jumprelu_transcoder", NULL, {0}, 0},
    {"jumprelu_skip_transcoder", "jumprelu_skip_transcoder", NULL, {0}, 0},
    {"hook_z", "gated", "blocks.2.attn.hook_z", {0}, 0},
    {"hook_z_head", "standard", "blocks.2.attn.hook_z", {0}, 0},
    {"flat_oldest", "standard", OLD_HOOK, {0}, 0},
    {"flat_normalized", "standard", OLD_HOOK, {0}, 0},
    {"flat_ones", "standard", OLD_HOOK, {0}, 0},
    {"flat_true", "standard", OLD_HOOK, {0}, 1},
    {"flat_finetuned", "standard", OLD_HOOK, {0}, 0},
    {"flat_topk", "topk", OLD_HOOK, {0}, 0},
    {"flat_gated", "gated", OLD_HOOK, {0}, 0},
    {"flat_jumprelu_f16", "jumprelu", OLD_HOOK, {0}, 1},
    {"gemma_scope", "jumprelu", "blocks.20.hook_resid_post", GEMMA("2b-pt-res", CANONICAL), 0},
    {"gemma_scope_lower", "jumprelu", "blocks.20.attn.hook_z", GEMMA("9b-it-att", CANONICAL), 0},
    {"gemma_scope_embedding", "jumprelu", "hook_embed",
     GEMMA("2b-pt-res", "embedding/width_4k/average_l0_6"), 0},
    {"gemma_scope_transcoder", "jumprelu_transcoder", "blocks.20.ln2.hook_normalized",
     GEMMA("2b-pt-transcoders", CANONICAL), 0},
    {"gemma_scope_2", "jumprelu", "blocks.12.hook_resid_post", {0}, 0},
    {"gemma_scope_2_bare", "jumprelu", "blocks.7.attn.hook_z",
     GEMMA("2-1b-pt", "attn_out/layer_7_width_16k_l0_small"), 0},
    {"gemma_scope_2_skip", "jumprelu_skip_transcoder", "blocks.12.mlp.hook_in", {0}, 0},
    {"llama_scope", "jumprelu", "blocks.15.hook_resid_post", {0}, 1},
    {"llama_scope_transcoder", "jumprelu_transcoder", "blocks.8.ln2.hook_normalized", {0}, 1},
    {"llama_scope_r1", "jumprelu", "blocks.9.hook_resid_post", {.norm_scaling_factor = 0.62}, 0},
    {"dictionary_learning_AutoEncoder", "standard", "blocks.4.hook_resid_post", {0}, 1},
    {"dictionary_learning_AutoEncoderNew", "standard", "blocks.4.hook_resid_post", {0}, 1},
    {"dictionary_learning_GatedAutoEncoder", "gated", "blocks.4.hook_resid_post", {0}, 0},
    {"dictionary_learning_AutoEncoderTopK", "topk", "blocks.4.hook_resid_post", {0}, 0},
    {"dictionary_learning_BatchTopKSAE", "batchtopk", "blocks.4.hook_resid_post", {0}, 1},
    {"dictionary_learning_MatryoshkaBatchTopKSAE",
     "matryoshka_batchtopk",
     "blocks.4.hook_resid_post",
     {0},
     1},
    {"dictionary_learning_JumpReluAutoEncoder", "jumprelu", "blocks.4.hook_resid_post", {0}, 0},
    {"sparsify_layers.5", "topk", "blocks.5.hook_resid_post", {.place = "me/saes/layers.5"}, 1},
    {"sparsify_layers.3.mlp",
     "topk",
     "blocks.3.hook_mlp_out",
     {.place = "me/saes/layers.3.mlp"},
     1},
    {"sparsify_layers.2.mlp_skip",
     "topk_skip_transcoder",
     "blocks.2.mlp.hook_in",
     {.place = "me/saes/layers.2.mlp"},
     2},
};

/* What the library computed. */
typedef struct expected {
    int n, d, f, d_out;
    float *x_ND, *pre_NF, *f_NF, *y_NO, *weight_NF, *which_N, *d_f_ND, *d_pre_ND;
} expected;

static float *tensor(const tensor_file *st, const char *name, int rows_wanted, int columns)
{
    err e = {0};
    float *values = mem_small((size_t)rows_wanted * (size_t)columns, sizeof *values);
    if (tensor_file_load_f32(values, st, name, 2, (const int64_t[]){rows_wanted, columns}, &e))
        fail_msg("%s", e.text);
    return values;
}

static void expected_read(expected *x, const files *folder)
{
    tensor_file st;
    err e = {0};
    if (tensor_file_open(&st, folder, "expected.safetensors", &e))
        fail_msg("%s", e.text);
    const stored_tensor *pre = tensor_file_find(&st, "pre"), *y = tensor_file_find(&st, "y");
    x->n = (int)pre->shape[0];
    x->f = (int)pre->shape[1];
    x->d = (int)tensor_file_find(&st, "x")->shape[1];
    x->d_out = (int)y->shape[1];
    x->x_ND = tensor(&st, "x", x->n, x->d);
    x->pre_NF = tensor(&st, "pre", x->n, x->f);
    x->f_NF = tensor(&st, "f", x->n, x->f);
    x->y_NO = tensor(&st, "y", x->n, x->d_out);
    x->weight_NF = tensor(&st, "weight", x->n, x->f);
    x->d_f_ND = tensor(&st, "d_f", x->n, x->d);
    x->d_pre_ND = tensor(&st, "d_pre", x->n, x->d);
    x->which_N = mem_small((size_t)x->n, sizeof *x->which_N);
    if (tensor_file_load_f32(x->which_N, &st, "which", SHAPE(x->n), &e))
        fail_msg("%s", e.text);
    tensor_file_close(&st);
}

static void expected_release(expected *x)
{
    float *arrays[] = {x->x_ND,      x->pre_NF,  x->f_NF,   x->y_NO,
                       x->weight_NF, x->which_N, x->d_f_ND, x->d_pre_ND};
    for (size_t i = 0; i < COUNT_OF(arrays); i++)
        mem_free(arrays[i]);
}

/* The largest difference within a row, as a share of the row's largest value (rows differ in size
 * by thousands), over all rows. */
static double difference(const float *got, const float *want, int n, int columns)
{
    double worst = 0;
    for (int r = 0; r < n; r++) {
        double most = 0, apart = 0;
        for (int c = 0; c < columns; c++) {
            double g = (double)ROW(got, r, columns)[c], w = (double)ROW(want, r, columns)[c];
            most = fmax(most, fabs(w));
            apart = isfinite(g) ? fmax(apart, fabs(g - w)) : (double)INFINITY;
        }
        worst = fmax(worst, most > 0 ? apart / most : apart);
    }
    return worst;
}

typedef struct differences {
    double pre, f, y, gradient;
} differences;

static void check_same_active(const char *folder, const float *got, const expected *x)
{
    for (int i = 0; i < x->n * x->f; i++)
        if ((got[i] > 0) != (x->f_NF[i] > 0))
            fail_msg("%s: row %d, feature %d: f is %.9g, expected %.9g", folder, i / x->f, i % x->f,
                     (double)got[i], (double)x->f_NF[i]);
}

static void compare_all(differences *d, const char *folder, sae *s, const expected *x)
{
    float *pre_NF = mem_small((size_t)(x->n * x->f), sizeof *pre_NF);
    float *f_NF = mem_small((size_t)(x->n * x->f), sizeof *f_NF);
    float *y_NO = mem_small((size_t)(x->n * x->d_out), sizeof *y_NO);
    float *d_x_ND = mem_small((size_t)(x->n * x->d), sizeof *d_x_ND);
    sae_preactivations(pre_NF, s, x->x_ND, x->n);
    sae_encode(f_NF, s, x->x_ND, x->n);
    sae_decode(y_NO, s, f_NF, x->x_ND, x->n);
    check_same_active(folder, f_NF, x);
    d->pre = difference(pre_NF, x->pre_NF, x->n, x->f);
    d->f = difference(f_NF, x->f_NF, x->n, x->f);
    d->y = difference(y_NO, x->y_NO, x->n, x->d_out);
    memcpy(pre_NF, x->weight_NF, (size_t)(x->n * x->f) * sizeof *pre_NF);
    sae_encode_backward(d_x_ND, s, pre_NF, f_NF, x->x_ND, x->n);
    d->gradient = difference(d_x_ND, x->d_f_ND, x->n, x->d);
    mem_free(d_x_ND);
    mem_free(y_NO);
    mem_free(f_NF);
    mem_free(pre_NF);
}

/* The way of the optimiser: one chosen feature per row. */
static void compare_targets(differences *d, sae *s, const expected *x)
{
    err e = {0};
    sae_columns *c;
    int features[64];
    int32_t which_N[64];
    float f_N[64], pre_N[64], ones_N[64], want_f_N[64], want_pre_N[64];
    float *d_x_ND = mem_small((size_t)(x->n * x->d), sizeof *d_x_ND);
    for (int n = 0; n < x->n; n++) {
        features[n] = (int)x->which_N[n];
        which_N[n] = n;
        ones_N[n] = 1;
        want_f_N[n] = ROW(x->f_NF, n, x->f)[features[n]];
        want_pre_N[n] = ROW(x->pre_NF, n, x->f)[features[n]];
    }
    assert_int_equal(sae_columns_new(&c, s, features, x->n, &e), OK);
    sae_encode_targets(f_N, pre_N, c, which_N, x->x_ND, x->n);
    sae_backward_targets(d_x_ND, c, which_N, ones_N, x->x_ND, x->n);
    for (int n = 0; n < x->n; n++)
        assert_int_equal(f_N[n] > 0, want_f_N[n] > 0);
    d->f = fmax(d->f, difference(f_N, want_f_N, 1, x->n));
    d->pre = fmax(d->pre, difference(pre_N, want_pre_N, 1, x->n));
    d->gradient = fmax(d->gradient, difference(d_x_ND, x->d_pre_ND, x->n, x->d));
    sae_columns_free(c);
    mem_free(d_x_ND);
}

static void check_description(const row *r, const sae *s, const expected *x)
{
    char name[SAE_ARCHITECTURE_TEXT];
    const sae_config *c = sae_describe(s);
    int n = -1;
    const char *const *notes = sae_notes(&n, s);
    assert_string_equal(sae_architecture_name(name, c), r->architecture);
    assert_string_equal(c->hook, r->hook ? r->hook : "blocks.3.hook_resid_post");
    assert_int_equal(c->d_in, x->d);
    assert_int_equal(c->d_out, x->d_out);
    assert_int_equal(c->d_sae, x->f);
    if (n != r->n_notes)
        fail_msg("%s: %d notes: %s", r->folder, n, n ? notes[0] : "");
}

/* What is saved is the computed form: read again, it gives the same bytes. */
static void check_saved(const row *r, sae *s, const expected *x, const char *dir)
{
    err e = {0};
    sae *again = NULL;
    err_code rc = sae_save(s, NULL, dir, &e);
    if (!strncmp(r->architecture, "topk_", 5)) {
        assert_int_equal(rc, E_CONFIG);
        return;
    }
    files folder = files_from_dir(dir);
    if (rc || sae_load(&again, sae_backend(s), &folder, NULL, &e))
        fail_msg("%s", e.text);
    size_t n_f = (size_t)(x->n * x->f), n_y = (size_t)(x->n * x->d_out);
    float *f_NF = mem_small(2 * n_f, sizeof *f_NF), *y_NO = mem_small(2 * n_y, sizeof *y_NO);
    sae *both[] = {s, again};
    for (size_t i = 0; i < 2; i++) {
        sae_encode(f_NF + i * n_f, both[i], x->x_ND, x->n);
        sae_decode(y_NO + i * n_y, both[i], f_NF + i * n_f, x->x_ND, x->n);
    }
    assert_memory_equal(f_NF, f_NF + n_f, n_f * sizeof *f_NF);
    assert_memory_equal(y_NO, y_NO + n_y, n_y * sizeof *y_NO);
    assert_string_equal(sae_describe(again)->hook, sae_describe(s)->hook);
    assert_int_equal(sae_describe(again)->head, sae_describe(s)->head);
    mem_free(f_NF);
    mem_free(y_NO);
    sae_free(again);
}

static differences compare(const row *r, backend *be, const char *save_dir)
{
    char dir[256];
    snprintf(dir, sizeof dir, ROOT "%s", r->folder);
    files folder = files_from_dir(dir);
    expected x;
    sae *s;
    err e = {0};
    differences d = {0};
    expected_read(&x, &folder);
    if (sae_load(&s, be, &folder, &r->hints, &e))
        fail_msg("%s", e.text);
    check_description(r, s, &x);
    compare_all(&d, r->folder, s, &x);
    compare_targets(&d, s, &x);
    if (save_dir)
        check_saved(r, s, &x, save_dir);
    assert_int_equal(backend_sync(be, &e), OK);
    sae_free(s);
    expected_release(&x);
    return d;
}

/* save_dir NULL: nothing is saved. */
static void check_backend(backend *be, const char *save_dir)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        differences d = compare(&rows[i], be, save_dir);
        print_message("%-4s %-42s pre %.1e  f %.1e  y %.1e  gradient %.1e\n", be->name,
                      rows[i].folder, d.pre, d.f, d.y, d.gradient);
        if (d.pre > VALUES_WITHIN || d.f > VALUES_WITHIN || d.y > VALUES_WITHIN ||
            d.gradient > GRADIENTS_WITHIN)
            fail_msg("%s differs", rows[i].folder);
    }
}

static void test_ref(void **state)
{
    (void)state;
    char save_dir[] = "/tmp/test_sae_parity.XXXXXX";
    err e = {0};
    assert_non_null(mkdtemp(save_dir));
    backend *be = backend_ref();
    check_backend(be, save_dir);
    backend_free(be);
    assert_int_equal(io_remove_tree(save_dir, &e), OK);
}

/* A device's memory is not ordinary memory: weights go through a copy. */
static void test_memory_apart(void **state)
{
    (void)state;
    backend *be = backend_ref();
    be->in_host_memory = false;
    check_backend(be, NULL);
    backend_free(be);
}

static void test_cpu(void **state)
{
    (void)state;
    pool *p = pool_new(2);
    backend *be;
    err e = {0};
    assert_int_equal(backend_cpu(&be, p, &e), OK);
    check_backend(be, NULL);
    backend_free(be);
    pool_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ref),
                                       cmocka_unit_test(test_memory_apart),
                                       cmocka_unit_test(test_cpu)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
