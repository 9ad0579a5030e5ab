/* Files of activations: every tensor is what the model and the SAE give when asked directly, and
 * token ids come in from text, lists and files without a change. */
#include "test.h"

#include "base/memory.h"
#include "builtin/builtin.h"
#include "data/safetensors.h"
#include "pipeline/activations.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { B = 2, T = 5, N = B * T };
static const int32_t ids[N] = {0, 5, 7, 9, 11, 0, 100, 7, 3, 2};

static const char *scratch(char path[512], const char *name)
{
    const char *dir = getenv("TMPDIR");
    snprintf(path, 512, "%s/%s", dir ? dir : "/tmp", name);
    return path;
}

static model_config tiny(void)
{
    model_config c = config_start(FAMILY_GPT_NEOX);
    c.n_layers = 2;
    c.d_model = 8;
    c.n_heads = c.n_kv_heads = 2;
    c.d_head = 4;
    c.rotary = 2;
    c.d_mlp = 12;
    c.d_vocab = 101;
    c.context = 16;
    return c;
}

static model *random_model(backend *be)
{
    model *m;
    err e;
    model_config c = tiny();
    assert_int_equal(model_new(&m, be, &c, 3, &e), OK);
    return m;
}

static sae *random_sae(backend *be, const char *hook_name)
{
    enum { D = 8, F = 3 };
    float w_enc[D * F], w_dec[F * D], b_enc[F] = {0.1f, 0, -0.1f}, b_dec[D] = {0};
    sae_config c = {.architecture = SAE_STANDARD, .d_in = D, .d_sae = F};
    sae *s;
    err e;
    for (int i = 0; i < D * F; i++) {
        w_enc[i] = (float)(i % 5 - 2);
        w_dec[i] = (float)(i % 7 - 3);
    }
    snprintf(c.hook, sizeof c.hook, "%s", hook_name);
    assert_int_equal(
        sae_new(&s, be, &c,
                &(sae_weights){
                    .w_enc_DF = w_enc, .b_enc_F = b_enc, .w_dec_FO = w_dec, .b_dec_O = b_dec},
                &e),
        OK);
    return s;
}

static void holds(const tensor_file *file, const char *name, const float *want, int width)
{
    float got[N * 101];
    err e;
    err_code rc = width ? tensor_file_load_f32(got, file, name, SHAPE(B, T, width), &e)
                        : tensor_file_load_f32(got, file, name, SHAPE(B, T), &e);
    if (rc)
        fail_msg("%s", e.text);
    assert_memory_equal(got, want, (size_t)N * (size_t)(width ? width : 1) * sizeof *got);
}

static void tensors_are_what_the_model_gives(void **state)
{
    (void)state;
    static const char *const hooks[] = {"blocks.*.hook_resid_post", "hook_embed"};
    char path[512];
    err e;
    backend *be = backend_ref();
    model *m = random_model(be);
    sae *s = random_sae(be, "blocks.0.hook_resid_post");
    hook at[3];
    forward *f;
    float logits[N * 101], losses[N], f_NF[N * 3], y_ND[N * 8], tokens[N];
    int32_t copy[N], targets[N];
    memcpy(copy, ids, sizeof ids);
    token_block block = {B, T, copy};
    reporter quiet = reporter_new(REPORT_QUIET);
    for (int l = 0; l < 2; l++)
        assert_int_equal(hook_parse(&at[l], model_describe(m),
                                    l ? "blocks.1.hook_resid_post" : "blocks.0.hook_resid_post",
                                    &e),
                         OK);
    assert_int_equal(hook_parse(&at[2], model_describe(m), "hook_embed", &e), OK);
    activation_request r = {.model = m,
                            .tokens = &block,
                            .hooks = hooks,
                            .n_hooks = 2,
                            .logits = true,
                            .loss = true,
                            .sae = s,
                            .sae_hook = &at[0]};
    if (activations_write(scratch(path, "acts.safetensors"), &r, &quiet, &e))
        fail_msg("%s", e.text);

    tensor_file file;
    files here = files_from_dir(getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    assert_int_equal(tensor_file_open(&file, &here, "acts.safetensors", &e), OK);
    assert_int_equal(file.n_tensors, 8);
    assert_int_equal(forward_new(&f, m, B, T, NULL, FORWARD_ONLY, &e), OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(forward_tokens(f, ids, B, T, &at[i], &e), OK);
        holds(&file, at[i].name, forward_hook(f), 8);
        if (i > 0)
            continue;
        sae_encode(f_NF, s, forward_hook(f), N);
        sae_decode(y_ND, s, f_NF, forward_hook(f), N);
        holds(&file, "sae.activations", f_NF, 3);
        holds(&file, "sae.reconstruction", y_ND, 8);
    }
    assert_int_equal(forward_tokens(f, ids, B, T, NULL, &e), OK);
    assert_int_equal(forward_logits(logits, f, 0, N, &e), OK);
    holds(&file, "logits", logits, 101);
    for (int i = 0; i < N; i++) {
        tokens[i] = (float)ids[i];
        targets[i] = i % T == T - 1 ? -1 : ids[i + 1];
    }
    assert_int_equal(forward_loss(losses, f, targets, &e), OK);
    holds(&file, "loss", losses, 0);
    holds(&file, "tokens", tokens, 0);
    tensor_file_close(&file);

    token_block again; /* its own tokens, read back, are the same */
    assert_int_equal(token_block_read(&again, path, &e), OK);
    assert_int_equal(again.B, B);
    assert_int_equal(again.T, T);
    assert_memory_equal(again.ids_BT, ids, sizeof ids);
    token_block_release(&again);
    forward_free(f);
    sae_free(s);
    model_free(m);
    backend_free(be);
}

static void ids_from_the_command_line(void **state)
{
    (void)state;
    static const char *const refused[] = {"",    ",",    "1,",           "1,,2", "x,2",
                                          "1;2", "-1,2", "2147483648,1", "1 2,3"};
    token_block b = {0};
    err e;
    assert_int_equal(token_block_add_ids(&b, "3,0", &e), OK);
    assert_int_equal(token_block_add_ids(&b, "7,2147483647", &e), OK);
    assert_int_equal(b.B, 2);
    assert_int_equal(b.T, 2);
    assert_memory_equal(b.ids_BT, ((int32_t[]){3, 0, 7, 2147483647}), 4 * sizeof(int32_t));
    assert_int_equal(token_block_add_ids(&b, "1,2,3", &e), E_SHAPE);
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        token_block other = {0};
        if (token_block_add_ids(&other, refused[i], &e) != E_USAGE)
            fail_msg("\"%s\" was taken", refused[i]);
        assert_non_null(strstr(e.text, "--tokens"));
        token_block_release(&other);
    }
    assert_int_equal(b.B, 2);
    token_block_release(&b);
}

/* A tensor_file file with one tensor of whole numbers, which our own writer does not write. */
static void write_tokens(const char *path, const char *type, const char *shape, const void *data,
                         size_t n)
{
    char header[256];
    err e;
    io_file f;
    int length = snprintf(header, sizeof header,
                          "{\"tokens\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":[0,%zu]}}",
                          type, shape, n);
    uint64_t size = (uint64_t)length;
    assert_int_equal(io_create(&f, path, &e), OK);
    io_put(&f, &size, sizeof size);
    io_put(&f, header, (size_t)length);
    io_put(&f, data, n);
    assert_int_equal(io_close(&f, &e), OK);
}

static void ids_from_files(void **state)
{
    (void)state;
    static const int64_t wide[] = {1, 2, 3, 4, 5, 6}, negative[] = {1, -2}, huge[] = {1, 1LL << 40};
    static const int32_t narrow[] = {9, 8};
    static const float fractions[] = {1, 2.5f}, not_a_number[] = {1, NAN};
    static const struct {
        const char *type, *shape;
        const void *data;
        size_t n;
        err_code want;
    } rows[] = {
        {"I64", "[2,3]", wide, sizeof wide, OK},
        {"I32", "[1,2]", narrow, sizeof narrow, OK},
        {"I64", "[6]", wide, sizeof wide, E_SHAPE},
        {"I64", "[0,3]", wide, 0, E_SHAPE},
        {"I64", "[1,2]", negative, sizeof negative, E_FORMAT},
        {"I64", "[1,2]", huge, sizeof huge, E_FORMAT},
        {"F32", "[1,2]", fractions, sizeof fractions, E_FORMAT},
        {"F32", "[1,2]", not_a_number, sizeof not_a_number, E_FORMAT},
        {"U8", "[1,2]", "ab", 2, E_FORMAT},
    };
    char path[512];
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        token_block b;
        err e = {0};
        write_tokens(scratch(path, "tokens.safetensors"), rows[i].type, rows[i].shape, rows[i].data,
                     rows[i].n);
        err_code rc = token_block_read(&b, path, &e);
        if (rc != rows[i].want)
            fail_msg("row %zu: %d, %s", i, rc, e.text);
        if (i == 0)
            assert_memory_equal(b.ids_BT, ((int32_t[]){1, 2, 3, 4, 5, 6}), 24);
        if (i == 1)
            assert_memory_equal(b.ids_BT, ((int32_t[]){9, 8}), 8);
        token_block_release(&b);
    }
}

static void ids_from_text(void **state)
{
    (void)state;
    if (!builtin_present())
        skip();
    files f = builtin_model();
    tokenizer *t;
    token_block b;
    err e;
    assert_int_equal(tokenizer_open(&t, &f, &e), OK);
    assert_int_equal(token_block_from_text(&b, t, 0, "a", &e), OK);
    assert_int_equal(b.T, 2);
    assert_int_equal(b.ids_BT[0], 0); /* id 0 is a BOS like any other */
    assert_int_equal(b.ids_BT[1], tokenizer_find(t, "a"));
    token_block_release(&b);
    assert_int_equal(token_block_from_text(&b, t, -1, "", &e), E_DATA);
    tokenizer_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tensors_are_what_the_model_gives),
        cmocka_unit_test(ids_from_the_command_line),
        cmocka_unit_test(ids_from_files),
        cmocka_unit_test(ids_from_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
