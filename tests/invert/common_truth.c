/* Planted and loaded models, and measuring on them. */
#include "invert/common_truth.h"
#include "base/memory.h"
#include "data/safetensors.h"
#include "test.h"
#include <string.h>

void truth_close(truth *t)
{
    token_table_free(t->table);
    tokenizer_free(t->tokenizer);
    sae_free(t->sae);
    model_free(t->model);
    backend_free(t->be);
    pool_free(t->workers);
    mem_free(t);
}

static float *read_numbers(const char *folder, const char *file, const char *name, size_t n)
{
    files from = files_from_dir(folder);
    tensor_file stored;
    err e = {0};
    if (tensor_file_open(&stored, &from, file, &e))
        fail_msg("%s", e.text);
    const stored_tensor *x = tensor_file_find(&stored, name);
    if (!x || x->count != n)
        fail_msg("%s: %s has not %zu numbers", file, name, n);
    float *numbers = mem_small(n, sizeof *numbers);
    assert_int_equal(stored_tensor_load_f32(numbers, x, -1, NULL, &e), OK);
    tensor_file_close(&stored);
    return numbers;
}

/* ---- the trained model ------------------------------------------------------------------------
 */

truth *truth_chars(int threads)
{
    truth *t = mem_small(1, sizeof *t);
    t->workers = pool_new(threads);
    t->folder = files_from_dir("tests/invert/fixtures/chars/model");
    files sae_folder = files_from_dir("tests/invert/fixtures/chars/sae");
    err e = {0};
    if (backend_open(&t->be, "cpu", t->workers, &e) ||
        model_load(&t->model, t->be, &t->folder, &e) ||
        model_want_gradients(t->model, &e) || /* float32 memory: faster than widening each time */
        sae_load(&t->sae, t->be, &sae_folder, NULL, &e) ||
        tokenizer_open(&t->tokenizer, &t->folder, &e) ||
        hook_parse(&t->hook, model_describe(t->model), sae_describe(t->sae)->hook, &e) ||
        token_table_new(&t->table, t->model, t->tokenizer, NULL, &e))
        fail_msg("%s", e.text);
    assert_int_equal(t->table->n, CHARS_V);
    assert_int_equal(sae_describe(t->sae)->d_sae, CHARS_F);
    t->setting = (optimise_setting){.model = t->model,
                                    .sae = t->sae,
                                    .hook = &t->hook,
                                    .table = t->table,
                                    .tokenizer = t->tokenizer,
                                    .bos = 0};
    return t;
}

float *truth_chars_numbers(const char *name, size_t n)
{
    return read_numbers("tests/invert/fixtures/chars", "truth.safetensors", name, n);
}

int32_t *truth_chars_tokens(const char *name, size_t n)
{
    float *numbers = truth_chars_numbers(name, n);
    int32_t *tokens = mem_small(n, sizeof *tokens);
    for (size_t i = 0; i < n; i++)
        tokens[i] = (int32_t)numbers[i];
    mem_free(numbers);
    return tokens;
}

/* ---- with PyTorch's numbers --------------------------------------------------------------------
 */

float *truth_numbers(const char *file, const char *name, size_t n)
{
    return read_numbers("tests/invert/fixtures", file, name, n);
}

static void open_neox_sae(truth *t)
{
    enum { D = NEOX_D, F = NEOX_F };
    float *w_enc = truth_numbers("original.safetensors", "W_enc", D * F);
    float *w_dec = truth_numbers("original.safetensors", "W_dec", F * D);
    float *b_enc = truth_numbers("original.safetensors", "b_enc", F);
    float *b_dec = truth_numbers("original.safetensors", "b_dec", D);
    sae_config c = {.architecture = SAE_STANDARD,
                    .d_in = D,
                    .d_sae = F,
                    .apply_b_dec_to_input = true,
                    .hook = "blocks.1.hook_mlp_out"};
    sae_weights w = {w_enc, b_enc, w_dec, b_dec, NULL, NULL};
    err e = {0};
    if (hook_parse(&t->hook, model_describe(t->model), c.hook, &e) ||
        sae_new(&t->sae, t->be, &c, &w, &e))
        fail_msg("%s", e.text);
    mem_free(b_dec);
    mem_free(b_enc);
    mem_free(w_dec);
    mem_free(w_enc);
}

truth *truth_neox(void)
{
    truth *t = mem_small(1, sizeof *t);
    err e = {0};
    t->folder = files_from_dir("tests/parity/fixtures/models/neox_parallel");
    t->tokenizer = spelled_tokenizer(NEOX_V);
    if (backend_open(&t->be, "cpu", NULL, &e) || model_load(&t->model, t->be, &t->folder, &e) ||
        token_table_new(&t->table, t->model, t->tokenizer, NULL, &e))
        fail_msg("%s", e.text);
    assert_int_equal(t->table->n, NEOX_V - 1);
    open_neox_sae(t);
    t->setting = (optimise_setting){
        .model = t->model, .sae = t->sae, .hook = &t->hook, .table = t->table, .bos = 0};
    return t;
}

/* ---- measuring --------------------------------------------------------------------------------
 */

enum { CHUNK = 512 }; /* sequences run at a time */

static void put_bos(int32_t *to_BT, const int32_t *tokens_BL, int B, int L)
{
    for (int b = 0; b < B; b++) {
        ROW(to_BT, b, L + 1)[0] = 0;
        memcpy(ROW(to_BT, b, L + 1) + 1, ROW(tokens_BL, b, L), (size_t)L * sizeof *to_BT);
    }
}

void truth_z_of(float *z_BLn, const truth *t, int first, int n, const int32_t *tokens_BL, int B,
                int L)
{
    int T = L + 1, capacity = B < CHUNK ? B : CHUNK;
    int32_t *tokens_BT = mem_small((size_t)(capacity * T), sizeof *tokens_BT);
    float *z_BTn = mem_small((size_t)(capacity * T * n), sizeof *z_BTn);
    int *features = mem_small((size_t)n, sizeof *features);
    forward *f;
    sae_columns *columns;
    err e = {0};
    for (int i = 0; i < n; i++)
        features[i] = first + i;
    if (forward_new(&f, t->model, capacity, T, &t->hook, FORWARD_ONLY, &e) ||
        sae_columns_new(&columns, t->sae, features, n, &e))
        fail_msg("%s", e.text);
    for (int at = 0; at < B; at += capacity) {
        int count = B - at < capacity ? B - at : capacity;
        put_bos(tokens_BT, ROW(tokens_BL, at, L), count, L);
        assert_int_equal(forward_tokens(f, tokens_BT, count, T, &t->hook, &e), OK);
        sae_encode_columns(NULL, z_BTn, columns, forward_hook(f), count * T);
        assert_int_equal(backend_sync(t->be, &e), OK);
        for (int b = 0; b < count; b++)
            memcpy(ROW(z_BLn, at + b, L * n), ROW(z_BTn, b, T * n) + n,
                   (size_t)(L * n) * sizeof *z_BLn);
    }
    sae_columns_free(columns);
    forward_free(f);
    mem_free(features);
    mem_free(z_BTn);
    mem_free(tokens_BT);
}

void truth_z(float *z_BL, const truth *t, int feature, const int32_t *tokens_BL, int B, int L)
{
    truth_z_of(z_BL, t, feature, 1, tokens_BL, B, L);
}

double truth_max(const truth *t, int feature, const int32_t *tokens_L, int L)
{
    float *z_L = mem_small((size_t)L, sizeof *z_L);
    truth_z(z_L, t, feature, tokens_L, 1, L);
    float best = z_L[0];
    for (int i = 1; i < L; i++)
        best = z_L[i] > best ? z_L[i] : best;
    mem_free(z_L);
    return (double)best;
}

float truth_gradient(float *d_x_LD, const truth *t, int feature, const int32_t *tokens_L, int L,
                     int at)
{
    int T = L + 1, D = t->table->D, W = t->hook.width;
    int32_t *tokens_T = mem_small((size_t)T, sizeof *tokens_T);
    float *z_T = mem_small((size_t)T, sizeof *z_T);
    float *d_h_TW = mem_small((size_t)(T * W), sizeof *d_h_TW);
    float *d_x_TD = mem_small((size_t)(T * D), sizeof *d_x_TD);
    forward *f;
    sae_columns *column = NULL;
    err e = {0};
    put_bos(tokens_T, tokens_L, 1, L);
    if (forward_new(&f, t->model, 1, T, &t->hook, FORWARD_INPUT_GRADIENT, &e) ||
        sae_columns_new(&column, t->sae, &feature, 1, &e) ||
        forward_tokens(f, tokens_T, 1, T, &t->hook, &e))
        fail_msg("%s", e.text);
    sae_encode_columns(NULL, z_T, column, forward_hook(f), T);
    float z = z_T[at + 1];
    memset(z_T, 0, (size_t)T * sizeof *z_T);
    z_T[at + 1] = 1; /* now the gradient at z */
    sae_backward_columns(d_h_TW, column, z_T, forward_hook(f), T);
    assert_int_equal(backward_to_embeddings(d_x_TD, f, d_h_TW, &e), OK);
    memcpy(d_x_LD, d_x_TD + D, (size_t)(L * D) * sizeof *d_x_LD);
    sae_columns_free(column);
    forward_free(f);
    mem_free(d_x_TD);
    mem_free(d_h_TW);
    mem_free(z_T);
    mem_free(tokens_T);
    return z;
}
