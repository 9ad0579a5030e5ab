/* Models written by Hugging Face transformers, against what transformers computed from them (see
 * export_neox.py): logits, loss, every residual stream, the gradient at the embeddings. */
#include "base/memory.h"
#include "common.h"
#include "data/safetensors.h"
#include "model/forward.h"
#include "test.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { B = 3, T = 11, N = B * T, D = 32, V = 100, LAYERS = 2 };
static const double VALUE_LIMIT = 1e-5, GRADIENT_LIMIT = 1e-4;

typedef struct expected {
    float tokens[N], targets[N], loss, logits[N * V], d_embeds[N * D], hidden[(LAYERS + 1) * N * D];
} expected;

static void read_expected(expected *x, const files *f)
{
    safetensors file;
    err e;
    assert_int_equal(safetensors_open(&file, f, "expected.safetensors", &e), OK);
    assert_int_equal(safetensors_load_f32(x->logits, &file, "logits", SHAPE(B, T, V), &e), OK);
    assert_int_equal(safetensors_load_f32(&x->loss, &file, "loss", SHAPE(1), &e), OK);
    assert_int_equal(safetensors_load_f32(x->d_embeds, &file, "d_embeds", SHAPE(B, T, D), &e), OK);
    assert_int_equal(
        safetensors_load_f32(x->hidden, &file, "hidden", SHAPE(LAYERS + 1, B, T, D), &e), OK);
    assert_int_equal(safetensors_load_f32(x->tokens, &file, "tokens", SHAPE(B, T), &e), OK);
    assert_int_equal(safetensors_load_f32(x->targets, &file, "targets", SHAPE(B, T), &e), OK);
    safetensors_close(&file);
}

static void compare(const char *what, const float *got, const float *want, size_t n, double limit)
{
    double *exact = mem_small(n, sizeof *exact);
    for (size_t i = 0; i < n; i++)
        exact[i] = (double)want[i];
    double error = relative_error(got, exact, n);
    mem_free(exact);
    if (error > limit)
        fail_msg("%s: off by %g", what, error);
}

static void check_streams(forward *f, const model *m, const int32_t *tokens, const expected *want)
{
    err e;
    for (int layer = 0; layer <= LAYERS; layer++) {
        char name[64];
        hook at;
        bool last = layer == LAYERS;
        snprintf(name, sizeof name, "blocks.%d.hook_resid_%s", last ? layer - 1 : layer,
                 last ? "post" : "pre");
        assert_int_equal(hook_parse(&at, model_describe(m), name, &e), OK);
        assert_int_equal(forward_tokens(f, tokens, B, T, &at, &e), OK);
        compare(name, forward_hook(f), ROW(want->hidden, layer, N * D), N * D, VALUE_LIMIT);
    }
}

static void check_folder(backend *be, const char *folder)
{
    files source = files_from_dir(folder);
    expected *want = mem_small(1, sizeof *want);
    model *m;
    forward *f;
    err e;
    int32_t tokens[N], targets[N];
    float logits[N * V], losses[N], d_x[N * D];
    double loss = 0;
    read_expected(want, &source);
    for (int n = 0; n < N; n++) {
        tokens[n] = (int32_t)want->tokens[n];
        targets[n] = (int32_t)want->targets[n];
    }
    if (model_load(&m, be, &source, &e))
        fail_msg("%s", e.text);
    assert_int_equal(forward_new(&f, m, B, T, NULL, FORWARD_INPUT_GRADIENT, &e), OK);
    check_streams(f, m, tokens, want);
    assert_int_equal(forward_tokens(f, tokens, B, T, NULL, &e), OK);
    assert_int_equal(forward_logits(logits, f, 0, N, &e), OK);
    compare("logits", logits, want->logits, N * V, VALUE_LIMIT);
    assert_int_equal(backward_loss(losses, d_x, f, targets, 1, &e), OK);
    for (int n = 0; n < N; n++)
        loss += (double)losses[n];
    assert_true(fabs(loss - (double)want->loss) < VALUE_LIMIT * loss);
    compare("gradient at the embeddings", d_x, want->d_embeds, N * D, GRADIENT_LIMIT);
    forward_free(f);
    model_free(m);
    mem_free(want);
}

static void test_transformers(void **state)
{
    (void)state;
    backend *be[2] = {backend_ref()};
    err e;
    assert_int_equal(backend_cpu(&be[1], NULL, &e), OK);
    for (int i = 0; i < 2; i++) {
        check_folder(be[i], "tests/model/fixtures/neox_parallel");
        check_folder(be[i], "tests/model/fixtures/neox_sequential");
        backend_free(be[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_transformers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
