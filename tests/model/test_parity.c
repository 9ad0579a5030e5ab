/* Models of every family as Hugging Face transformers saves them, against what transformers and
 * TransformerLens computed from them (see tests/parity/export_models.py): every hook, processed or
 * not, logits, loss, gradients at the embeddings, and continuing from every hook. */
#include "base/memory.h"
#include "base/str.h"
#include "common.h"
#include "data/safetensors.h"
#include "model/forward.h"
#include "test.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { B = 2, T = 9, N = B * T };

/* Of the largest number in an array. Values and gradients are sums of at most a few hundred
 * products in float32. */
static const double VALUE_LIMIT = 5e-5, GRADIENT_LIMIT = 1e-4;

static const char *const FIXTURES[] = {
    "gpt2_bare",     "gpt2_distilled",  "gpt2_unscaled",  "gpt_neo",      "gpt_neo_stories",
    "neox_parallel", "neox_sequential", "neox_tied_half", "llama_plain",  "llama_3",
    "llama_biased",  "mistral",         "gemma",          "gemma2",       "gemma2_bfloat16",
    "qwen2",         "qwen2_windows",   "qwen3",          "qwen3_windows"};

typedef struct worst {
    int hooks, processed_hooks;
    double value, processed, gradient, logits, loss, spliced;
} worst;

typedef struct bench {
    const char *fixture;
    tensor_file expected;
    model *m;
    forward *only, *gradient;
    int32_t tokens[N], targets[N];
    float *buffer, *d_hook, d_x[N * 64], weights[N], direction[256];
    worst *w;
} bench;

/* The array of a name; owner: caller. */
static float *expected_array(const bench *t, const char *name, size_t *n)
{
    const stored_tensor *x = tensor_file_find(&t->expected, name);
    err e;
    if (!x)
        fail_msg("%s: no %s in expected.safetensors", t->fixture, name);
    float *values = mem_small(x->count, sizeof *values);
    if (stored_tensor_load_f32(values, x, -1, NULL, &e))
        fail_msg("%s", e.text);
    if (n)
        *n = x->count;
    return values;
}

static void expected_ids(int32_t *ids, const bench *t, const char *name)
{
    size_t n;
    float *values = expected_array(t, name, &n);
    assert_int_equal(n, N);
    for (size_t i = 0; i < N; i++)
        ids[i] = (int32_t)values[i];
    mem_free(values);
}

static void compare(const bench *t, const char *name, const float *got, double limit, double *most)
{
    size_t n;
    float *want = expected_array(t, name, &n);
    double difference = 0, largest = 0;
    for (size_t i = 0; i < n; i++) {
        double d = fabs((double)got[i] - (double)want[i]);
        difference = d == d ? fmax(difference, d) : (double)INFINITY;
        largest = fmax(largest, fabs((double)want[i]));
    }
    mem_free(want);
    double relative = difference / (largest + 1e-12);
    if (!(relative <= limit))
        fail_msg("%s: %s is off by %g of its largest number", t->fixture, name, relative);
    *most = fmax(*most, relative);
}

static hook hook_at(const bench *t, const char *name, const hook_processing *p)
{
    hook h;
    err e;
    if (hook_parse(&h, model_describe(t->m), name, &e))
        fail_msg("%s: %s", t->fixture, e.text);
    hook_apply_processing(&h, model_describe(t->m), p);
    return h;
}

static void run_to(const bench *t, forward *f, const hook *h)
{
    err e;
    if (forward_tokens(f, t->tokens, B, T, h, &e))
        fail_msg("%s: %s: %s", t->fixture, h ? h->name : "logits", e.text);
}

static void check_logits(const bench *t, forward *f, double *most)
{
    err e;
    assert_int_equal(forward_logits(t->buffer, f, 0, N, &e), OK);
    compare(t, "logits", t->buffer, VALUE_LIMIT, most);
}

/* Putting a copy of the value in its place must change nothing further on. */
static void check_splice(const bench *t, const hook *h)
{
    err e;
    memcpy(t->d_hook, forward_hook(t->only), (size_t)(N * h->width) * sizeof *t->d_hook);
    if (forward_splice(t->only, t->d_hook, &e))
        fail_msg("%s: %s: %s", t->fixture, h->name, e.text);
    check_logits(t, t->only, &t->w->spliced);
}

/* Each head alone: its columns of the whole value, and putting a copy of them back. */
static void check_heads(const bench *t, const char *key, const hook *whole, double *most)
{
    hook one = *whole;
    err e;
    float *want = expected_array(t, key, NULL);
    double difference = 0, largest = 0;
    for (int i = 0; i < N * whole->width; i++)
        largest = fmax(largest, fabs((double)want[i]));
    for (int h = 0; !hook_select_head(&one, model_describe(t->m), h, &e); h++) {
        run_to(t, t->only, &one);
        const float *got = forward_hook(t->only);
        for (int i = 0; i < N * one.width; i++)
            difference =
                fmax(difference, fabs((double)got[i] -
                                      (double)ROW(want, i / one.width,
                                                  whole->width)[h * one.width + i % one.width]));
        check_splice(t, &one);
    }
    mem_free(want);
    if (!(difference <= VALUE_LIMIT * largest))
        fail_msg("%s: a head of %s is off by %g", t->fixture, key, difference / largest);
    *most = fmax(*most, difference / largest);
}

static void check_value(const bench *t, const char *key, const char *name, const hook_processing *p,
                        double *most)
{
    hook h = hook_at(t, name, p);
    size_t n;
    mem_free(expected_array(t, key, &n));
    if (n != (size_t)N * (size_t)h.width)
        fail_msg("%s: %s has %zu numbers, the hook %d a token", t->fixture, key, n, h.width);
    run_to(t, t->only, &h);
    compare(t, key, forward_hook(t->only), VALUE_LIMIT, most);
    if (hook_is_writable(&h))
        check_splice(t, &h);
    check_heads(t, key, &h, most);
}

static void check_gradient(bench *t, const char *key, const char *name, const hook_processing *p)
{
    hook h = hook_at(t, name, p);
    err e;
    run_to(t, t->gradient, &h);
    for (int i = 0; i < N * h.width; i++)
        t->d_hook[i] = t->weights[i / h.width] * t->direction[i % h.width];
    if (backward_to_embeddings(t->d_x, t->gradient, t->d_hook, &e))
        fail_msg("%s: %s: %s", t->fixture, name, e.text);
    compare(t, key, t->d_x, GRADIENT_LIMIT, &t->w->gradient);
}

/* "OPTIONS value NAME", "OPTIONS gradient NAME" and the same without options. */
static void check_tensor(bench *t, const char *key)
{
    const char *value = strstr(key, "value "), *gradient = strstr(key, "gradient ");
    hook_processing p = {.center_writing_weights = strstr(key, "center_writing_weights") != NULL,
                         .fold_value_biases = strstr(key, "fold_value_biases") != NULL,
                         .fold_ln = strstr(key, "fold_ln") != NULL};
    bool plain = key == value;
    if (value) {
        check_value(t, key, value + strlen("value "), &p, plain ? &t->w->value : &t->w->processed);
        t->w->hooks += plain;
        t->w->processed_hooks += !plain;
    } else if (gradient) {
        check_gradient(t, key, gradient + strlen("gradient "), &p);
    }
}

static void check_loss(bench *t)
{
    err e;
    float losses[N];
    double loss = 0;
    float *want = expected_array(t, "loss", NULL);
    run_to(t, t->gradient, NULL);
    check_logits(t, t->gradient, &t->w->logits);
    assert_int_equal(backward_loss(losses, t->d_x, t->gradient, t->targets, 1, &e), OK);
    for (int n = 0; n < N; n++)
        loss += (double)losses[n];
    t->w->loss = fmax(t->w->loss, fabs(loss - (double)want[0]) / (double)want[0]);
    assert_true(t->w->loss < VALUE_LIMIT);
    compare(t, "loss gradient", t->d_x, GRADIENT_LIMIT, &t->w->gradient);
    mem_free(want);
}

static void read_expected(bench *t, const files *source)
{
    err e;
    size_t n;
    if (tensor_file_open(&t->expected, source, "expected.safetensors", &e))
        fail_msg("%s", e.text);
    expected_ids(t->tokens, t, "tokens");
    expected_ids(t->targets, t, "targets");
    float *weights = expected_array(t, "token_weights", &n);
    assert_int_equal(n, N);
    memcpy(t->weights, weights, sizeof t->weights);
    float *direction = expected_array(t, "direction", &n);
    assert_true(n <= COUNT_OF(t->direction));
    memcpy(t->direction, direction, n * sizeof *direction);
    mem_free(weights);
    mem_free(direction);
}

static void check_fixture(worst *w, backend *be, const char *fixture)
{
    str path = {0};
    err e;
    bench *t = mem_small(1, sizeof *t);
    str_addf(&path, "tests/parity/fixtures/models/%s", fixture);
    files source = files_from_dir(str_text(&path));
    t->fixture = fixture;
    t->w = w;
    t->buffer = mem_small((size_t)N * 256, sizeof *t->buffer);
    t->d_hook = mem_small((size_t)N * 256, sizeof *t->d_hook);
    read_expected(t, &source);
    if (model_load(&t->m, be, &source, &e))
        fail_msg("%s", e.text);
    assert_int_equal(forward_new(&t->only, t->m, B, T, NULL, FORWARD_ONLY, &e), OK);
    assert_int_equal(forward_new(&t->gradient, t->m, B, T, NULL, FORWARD_INPUT_GRADIENT, &e), OK);
    for (int i = 0; i < t->expected.n_tensors; i++)
        check_tensor(t, t->expected.tensors[i].name);
    check_loss(t);
    forward_free(t->only);
    forward_free(t->gradient);
    model_free(t->m);
    tensor_file_close(&t->expected);
    mem_free(t->buffer);
    mem_free(t->d_hook);
    mem_free(t);
    str_release(&path);
}

static void test_every_family(void **state)
{
    (void)state;
    pool *p = pool_new(2);
    backend *be[2] = {backend_ref()};
    err e;
    assert_int_equal(backend_cpu(&be[1], p, &e), OK);
    for (size_t i = 0; i < COUNT_OF(FIXTURES); i++) {
        worst w = {0};
        for (int b = 0; b < 2; b++)
            check_fixture(&w, be[b], FIXTURES[i]);
        printf("# %s: %d hooks, largest hook difference %.1e, gradient %.1e, logits %.1e, loss "
               "%.1e, continued %.1e",
               FIXTURES[i], w.hooks / 2, w.value, w.gradient, w.logits, w.loss, w.spliced);
        if (w.processed_hooks)
            printf("; %d processed hooks %.1e", w.processed_hooks / 2, w.processed);
        printf("\n");
        assert_true(w.hooks > 2 * 30);
    }
    for (int b = 0; b < 2; b++)
        backend_free(be[b]);
    pool_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_family)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
