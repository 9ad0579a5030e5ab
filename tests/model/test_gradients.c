/* Forward and backward of every kind of decoder against the reference transformer: values directly,
 * gradients by central differences of the reference in double, along random directions. */
#include "base/memory.h"
#include "common.h"
#include "model/forward.h"
#include "test.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { B = 2, T = 7, N = B * T };
static const double STEP = 1e-5, VALUE_LIMIT = 3e-6, GRADIENT_LIMIT = 2e-5;

static const char *const BLOCK_HOOKS[] = {
    "hook_resid_pre",      "ln1.hook_scale", "ln1.hook_normalized", "attn.hook_q",
    "attn.hook_k",         "attn.hook_v",    "attn.hook_rot_q",     "attn.hook_rot_k",
    "attn.hook_z",         "hook_attn_out",  "hook_resid_mid",      "ln2.hook_scale",
    "ln2.hook_normalized", "mlp.hook_in",    "mlp.hook_pre",        "mlp.hook_pre_linear",
    "mlp.hook_post",       "hook_mlp_out",   "hook_resid_post"};

typedef struct bench {
    backend *be;
    model *m;
    reference *r;
    const model_config *c;
    int32_t tokens[N], targets[N];
    err e;
} bench;

/* Norm gains and biases start at constants, which would hide their gradients' errors. */
static void shake(model *m)
{
    parameter *list;
    int n = model_parameters(&list, m);
    for (int i = 0; i < n; i++) {
        float *noise = mem_small(list[i].n, sizeof *noise);
        random_floats(noise, list[i].n, list[i].name);
        for (size_t j = 0; j < list[i].n; j++)
            list[i].value[j] += 0.2f * noise[j];
        mem_free(noise);
    }
}

static bench bench_new(backend *be, const model_config *c)
{
    bench t = {.be = be};
    assert_int_equal(model_new(&t.m, be, c, 3, &t.e), OK);
    assert_int_equal(model_want_gradients(t.m, &t.e), OK);
    shake(t.m);
    t.c = model_describe(t.m);
    random_tokens(t.tokens, N, c->d_vocab, "tokens");
    random_tokens(t.targets, N, c->d_vocab, "targets");
    t.targets[3] = -1;
    return t;
}

static void bench_free(bench *t)
{
    reference_free(t->r);
    model_free(t->m);
}

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* The derivative of the reference's loss along v in place. */
static double slope_of_loss(bench *t, double *place, const float *v, size_t n)
{
    double side[2];
    double *kept = mem_small(n, sizeof *kept);
    memcpy(kept, place, n * sizeof *kept);
    for (int s = 0; s < 2; s++) {
        for (size_t i = 0; i < n; i++)
            place[i] = kept[i] + (s ? -STEP : STEP) * (double)v[i];
        side[s] = reference_loss(t->r, t->targets);
    }
    memcpy(place, kept, n * sizeof *kept);
    mem_free(kept);
    return (side[0] - side[1]) / (2 * STEP);
}

static void check_slope(const char *kind, const char *what, double got, double want, double size)
{
    if (!(fabs(got - want) <= GRADIENT_LIMIT * size))
        fail_msg("%s, %s: slope %.9g, finite difference %.9g (scale %.3g)", kind, what, got, want,
                 size);
}

static void check_loss_and_logits(bench *t, forward *f, const char *name)
{
    int V = t->c->d_vocab;
    float *logits = mem_small((size_t)(N * V), sizeof *logits), loss[N];
    double *want = mem_small((size_t)(N * V), sizeof *want), total = 0;
    assert_int_equal(forward_tokens(f, t->tokens, B, T, NULL, &t->e), OK);
    assert_int_equal(forward_logits(logits, f, 0, N, &t->e), OK);
    reference_run(t->r, want);
    if (relative_error(logits, want, (size_t)(N * V)) > VALUE_LIMIT)
        fail_msg("%s: logits off by %g", name, relative_error(logits, want, (size_t)(N * V)));
    assert_int_equal(forward_loss(loss, f, t->targets, &t->e), OK);
    for (int n = 0; n < N; n++)
        total += (double)loss[n];
    assert_float_equal(total, reference_loss(t->r, t->targets), 1e-4);
    assert_true(loss[3] == 0.0f);
    mem_free(logits);
    mem_free(want);
}

static void check_weight_gradients(bench *t, forward *f, const char *name)
{
    parameter *list;
    int n = model_parameters(&list, t->m);
    float *d_x = mem_small((size_t)(N * t->c->d_model), sizeof *d_x);
    const float scale = 0.5f;
    model_zero_gradients(t->m);
    assert_int_equal(backward_loss(NULL, d_x, f, t->targets, scale, &t->e), OK);
    for (int i = 0; i < n; i++) {
        float *v = mem_small(list[i].n, sizeof *v);
        random_floats(v, list[i].n, "direction");
        double want = (double)scale * slope_of_loss(t, t->r->values[i], v, list[i].n);
        double size = sqrt(dot(list[i].gradient, list[i].gradient, list[i].n));
        check_slope(name, list[i].name, dot(list[i].gradient, v, list[i].n), want, size + 1e-3);
        mem_free(v);
    }
    mem_free(d_x);
}

/* Embeddings as free variables: the reference moves all of them from what the tokens give. */
static void free_embeddings(bench *t)
{
    err e;
    assert_int_equal(hook_parse(&t->r->wanted, t->c, "hook_embed", &e), OK);
    reference_run(t->r, NULL);
    memcpy(t->r->x_BTD, t->r->seen, (size_t)(N * t->c->d_model) * sizeof *t->r->seen);
    t->r->mixed = true;
}

static void check_input_gradient(bench *t, forward *f, const char *name)
{
    size_t n = (size_t)(N * t->c->d_model);
    float *d_x = mem_small(n, sizeof *d_x), *v = mem_small(n, sizeof *v);
    assert_int_equal(forward_tokens(f, t->tokens, B, T, NULL, &t->e), OK);
    assert_int_equal(backward_loss(NULL, d_x, f, t->targets, 1, &t->e), OK);
    random_floats(v, n, "direction");
    free_embeddings(t);
    double want = slope_of_loss(t, t->r->x_BTD, v, n);
    check_slope(name, "loss to embeddings", dot(d_x, v, n), want, sqrt(dot(d_x, d_x, n)));
    t->r->mixed = false;
    mem_free(d_x);
    mem_free(v);
}

/* The slope of sum(weight * hook) along v in the embeddings. */
static double slope_of_hook(bench *t, const float *v, const float *weight, size_t n, size_t width)
{
    double side[2] = {0};
    for (int s = 0; s < 2; s++) {
        for (size_t i = 0; i < n; i++)
            t->r->x_BTD[i] += (s ? -2 * STEP : STEP) * (double)v[i];
        reference_run(t->r, NULL);
        for (size_t i = 0; i < N * width; i++)
            side[s] += (double)weight[i] * t->r->seen[i];
    }
    for (size_t i = 0; i < n; i++)
        t->r->x_BTD[i] += STEP * (double)v[i];
    return (side[0] - side[1]) / (2 * STEP);
}

static void check_hook(bench *t, const hook *at, forward_mode mode, const char *name)
{
    size_t n = (size_t)(N * t->c->d_model), width = (size_t)at->width;
    float *d_x = mem_small(n, sizeof *d_x), *v = mem_small(n, sizeof *v);
    float *weight = mem_small(N * width, sizeof *weight);
    forward *f;
    assert_int_equal(forward_new(&f, t->m, B, T, at, mode, &t->e), OK);
    assert_int_equal(forward_tokens(f, t->tokens, B, T, at, &t->e), OK);
    t->r->wanted = *at;
    reference_run(t->r, NULL);
    double error = relative_error(forward_hook(f), t->r->seen, N * width);
    if (error > VALUE_LIMIT)
        fail_msg("%s: %s off by %g", name, at->name, error);
    random_floats(v, n, "direction");
    random_floats(weight, N * width, "weight");
    if (hook_is_writable(at)) {
        assert_int_equal(backward_to_embeddings(d_x, f, weight, &t->e), OK);
        free_embeddings(t);
        t->r->wanted = *at;
        check_slope(name, at->name, dot(d_x, v, n), slope_of_hook(t, v, weight, n, width),
                    sqrt(dot(d_x, d_x, n)) + 1e-3);
        t->r->mixed = false;
    } else {
        assert_int_equal(backward_to_embeddings(d_x, f, weight, &t->e), E_CONFIG);
    }
    forward_free(f);
    mem_free(d_x);
    mem_free(v);
    mem_free(weight);
}

/* Continuing with other values in place must give what the reference gives with the same values. */
static void check_splice(bench *t, const hook *at, const char *name)
{
    int V = t->c->d_vocab;
    size_t n = (size_t)(N * at->width);
    float *value = mem_small(n, sizeof *value),
          *logits = mem_small((size_t)(N * V), sizeof *logits);
    double *want = mem_small((size_t)(N * V), sizeof *want);
    forward *f;
    random_floats(value, n, "spliced");
    assert_int_equal(forward_new(&f, t->m, B, T, NULL, FORWARD_ONLY, &t->e), OK);
    assert_int_equal(forward_tokens(f, t->tokens, B, T, at, &t->e), OK);
    assert_int_equal(forward_splice(f, value, &t->e), hook_is_writable(at) ? OK : E_CONFIG);
    if (!hook_is_writable(at))
        goto out;
    assert_int_equal(forward_logits(logits, f, 0, N, &t->e), OK);
    t->r->wanted = *at;
    t->r->splice = value;
    reference_run(t->r, want);
    t->r->splice = NULL;
    double error = relative_error(logits, want, (size_t)(N * V));
    if (error > VALUE_LIMIT)
        fail_msg("%s: continuing from %s off by %g", name, at->name, error);
out:
    forward_free(f);
    mem_free(value);
    mem_free(logits);
    mem_free(want);
}

/* Going on from the hook a second time, after the first has overwritten everything, must give what
 * a first time gives. */
static void check_splice_again(bench *t, const hook *at, const char *name)
{
    int V = t->c->d_vocab;
    size_t n = (size_t)(N * at->width), bytes = (size_t)(N * V) * sizeof(float);
    float *value = mem_small(n, sizeof *value), *once = mem_small(bytes, 1),
          *again = mem_small(bytes, 1);
    forward *f;
    if (!hook_is_writable(at))
        goto out;
    random_floats(value, n, "spliced");
    assert_int_equal(forward_new(&f, t->m, B, T, NULL, FORWARD_ONLY, &t->e), OK);
    assert_int_equal(forward_keep(f, at, &t->e), OK);
    assert_int_equal(forward_tokens(f, t->tokens, B, T, at, &t->e), OK);
    assert_int_equal(forward_splice(f, value, &t->e), OK);
    assert_int_equal(forward_logits(once, f, 0, N, &t->e), OK);
    random_floats(value, n, "another");
    assert_int_equal(forward_splice(f, value, &t->e), OK);
    random_floats(value, n, "spliced");
    assert_int_equal(forward_splice(f, value, &t->e), OK);
    assert_int_equal(forward_logits(again, f, 0, N, &t->e), OK);
    if (memcmp(once, again, bytes))
        fail_msg("%s: continuing from %s a third time gives something else", name, at->name);
    forward_free(f);
out:
    mem_free(value);
    mem_free(once);
    mem_free(again);
}

/* The place as it is, then as weight processing shows it, then one of its heads. */
static void each_view(bench *t, hook at, const char *kind)
{
    const hook_processing centred = {.center_writing_weights = true};
    hook_less less = at.less;
    check_hook(t, &at, FORWARD_INPUT_GRADIENT, kind);
    check_splice(t, &at, kind);
    check_splice_again(t, &at, kind);
    hook_apply_processing(&at, t->c, &centred);
    if (at.less != less) {
        check_hook(t, &at, FORWARD_INPUT_GRADIENT, kind);
        check_splice(t, &at, kind);
        check_splice_again(t, &at, kind);
    }
    if (!hook_select_head(&at, t->c, at.width / t->c->d_head - 1, &t->e)) {
        check_hook(t, &at, FORWARD_INPUT_GRADIENT, kind);
        check_splice(t, &at, kind);
        check_splice_again(t, &at, kind);
    }
}

static bool is_absent(const model_config *c, const char *name)
{
    return (c->parallel && !strcmp(name, "hook_resid_mid")) ||
           (!c->rotary && strstr(name, "hook_rot_")) ||
           (!c->gated && !strcmp(name, "mlp.hook_pre_linear"));
}

static void each_hook(bench *t, const char *kind)
{
    hook at;
    for (int layer = 0; layer < t->c->n_layers; layer++) {
        for (size_t i = 0; i < COUNT_OF(BLOCK_HOOKS); i++) {
            char name[64];
            snprintf(name, sizeof name, "blocks.%d.%s", layer, BLOCK_HOOKS[i]);
            err_code rc = hook_parse(&at, t->c, name, &t->e);
            assert_int_equal(rc, is_absent(t->c, BLOCK_HOOKS[i]) ? E_CONFIG : OK);
            if (!rc)
                each_view(t, at, kind);
        }
    }
    static const char *const others[] = {"hook_embed", "ln_final.hook_scale",
                                         "ln_final.hook_normalized"};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        assert_int_equal(hook_parse(&at, t->c, others[i], &t->e), OK);
        each_view(t, at, kind);
    }
}

static void all_kinds(backend *be)
{
    const decoder_kind *kinds;
    int n = test_kinds(&kinds);
    for (int i = 0; i < n; i++) {
        bench t = bench_new(be, &kinds[i].config);
        forward *weights, *inputs;
        t.r = reference_new(t.m, t.tokens, B, T);
        assert_int_equal(forward_new(&weights, t.m, B, T, NULL, FORWARD_WEIGHT_GRADIENT, &t.e), OK);
        assert_int_equal(forward_new(&inputs, t.m, B, T, NULL, FORWARD_INPUT_GRADIENT, &t.e), OK);
        check_loss_and_logits(&t, weights, kinds[i].name);
        check_weight_gradients(&t, weights, kinds[i].name);
        check_input_gradient(&t, inputs, kinds[i].name);
        each_hook(&t, kinds[i].name);
        forward_free(weights);
        forward_free(inputs);
        bench_free(&t);
    }
}

static void test_ref(void **state)
{
    (void)state;
    backend *be = backend_ref();
    all_kinds(be);
    backend_free(be);
}

static void test_cpu(void **state)
{
    (void)state;
    pool *p = pool_new(2);
    backend *be;
    err e;
    assert_int_equal(backend_cpu(&be, p, &e), OK);
    all_kinds(be);
    backend_free(be);
    pool_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ref), cmocka_unit_test(test_cpu)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
