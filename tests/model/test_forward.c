/* What must hold of any run, whatever the weights: hooks add up, the future does not matter,
 * neither does the rest of the batch, threads or chunks; and wrong calls are refused. */
#include "base/memory.h"
#include "base/progress.h"
#include "common.h"
#include "model/forward.h"
#include "test.h"
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

enum { B = 3, T = 9, N = B * T };

typedef struct bench {
    pool *p;
    backend *be;
    model *m;
    const model_config *c;
    forward *f;
    int32_t tokens[N];
    err e;
} bench;

static bench bench_new(const model_config *c, forward_mode mode)
{
    bench t = {.p = pool_new(2)};
    assert_int_equal(backend_cpu(&t.be, t.p, &t.e), OK);
    assert_int_equal(model_new(&t.m, t.be, c, 5, &t.e), OK);
    if (mode == FORWARD_WEIGHT_GRADIENT)
        assert_int_equal(model_want_gradients(t.m, &t.e), OK);
    t.c = model_describe(t.m);
    assert_int_equal(forward_new(&t.f, t.m, B, T, NULL, mode, &t.e), OK);
    random_tokens(t.tokens, N, c->d_vocab, "tokens");
    return t;
}

static void bench_free(bench *t)
{
    forward_free(t->f);
    model_free(t->m);
    backend_free(t->be);
    pool_free(t->p);
}

static float *at_hook(bench *t, const char *name)
{
    hook at;
    if (hook_parse(&at, t->c, name, &t->e))
        fail_msg("%s", t->e.text);
    assert_int_equal(forward_tokens(t->f, t->tokens, B, T, &at, &t->e), OK);
    float *copy = mem_small((size_t)(N * at.width), sizeof *copy);
    memcpy(copy, forward_hook(t->f), (size_t)(N * at.width) * sizeof *copy);
    return copy;
}

static float *all_logits(bench *t)
{
    float *logits = mem_small((size_t)(N * t->c->d_vocab), sizeof *logits);
    assert_int_equal(forward_tokens(t->f, t->tokens, B, T, NULL, &t->e), OK);
    assert_int_equal(forward_logits(logits, t->f, 0, N, &t->e), OK);
    return logits;
}

static void assert_close(const float *a, const float *b, size_t n, double limit)
{
    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)a[i] - (double)b[i]) <= limit))
            fail_msg("element %zu: %.9g and %.9g", i, (double)a[i], (double)b[i]);
}

static void test_hooks_add_up(void **state)
{
    (void)state;
    const decoder_kind *kinds;
    int n_kinds = test_kinds(&kinds);
    for (int k = 0; k < n_kinds; k++) {
        bench t = bench_new(&kinds[k].config, FORWARD_ONLY);
        size_t n = (size_t)(N * t.c->d_model);
        float *pre = at_hook(&t, "blocks.0.hook_resid_pre");
        float *attention = at_hook(&t, "blocks.0.hook_attn_out");
        float *mlp = at_hook(&t, "blocks.0.hook_mlp_out");
        float *post = at_hook(&t, "blocks.0.hook_resid_post");
        for (size_t i = 0; i < n; i++)
            pre[i] += attention[i] + mlp[i];
        assert_close(pre, post, n, 1e-5);
        if (t.c->n_layers > 1) {
            float *next = at_hook(&t, "blocks.1.hook_resid_pre");
            assert_memory_equal(next, post, n * sizeof *post);
            mem_free(next);
        }
        mem_free(pre);
        mem_free(attention);
        mem_free(mlp);
        mem_free(post);
        bench_free(&t);
    }
}

/* Changing token 5 of sequence 1 changes nothing before it and nothing in other sequences. */
static void test_causal_and_batch_independent(void **state)
{
    (void)state;
    const decoder_kind *kinds;
    int n_kinds = test_kinds(&kinds);
    for (int k = 0; k < n_kinds; k++) {
        bench t = bench_new(&kinds[k].config, FORWARD_ONLY);
        size_t V = (size_t)t.c->d_vocab;
        float *before = all_logits(&t);
        int changed = T + 5;
        t.tokens[changed] = (t.tokens[changed] + 1) % t.c->d_vocab;
        float *after = all_logits(&t);
        for (int n = 0; n < N; n++) {
            bool affected = n >= changed && n < 2 * T;
            assert_true(affected ==
                        !!memcmp(before + (size_t)n * V, after + (size_t)n * V, V * sizeof *after));
        }
        mem_free(before);
        mem_free(after);
        bench_free(&t);
    }
}

/* A sequence alone gives what it gives in a batch, to the bit. */
static void test_batch_of_one(void **state)
{
    (void)state;
    const decoder_kind *kinds;
    test_kinds(&kinds);
    bench t = bench_new(&kinds[0].config, FORWARD_ONLY);
    size_t row = (size_t)(T * t.c->d_vocab);
    float *together = all_logits(&t), *alone = mem_small(row, sizeof *alone);
    for (int b = 0; b < B; b++) {
        assert_int_equal(forward_tokens(t.f, t.tokens + b * T, 1, T, NULL, &t.e), OK);
        assert_int_equal(forward_logits(alone, t.f, 0, T, &t.e), OK);
        assert_memory_equal(alone, together + (size_t)b * row, row * sizeof *alone);
    }
    mem_free(together);
    mem_free(alone);
    bench_free(&t);
}

/* Rows of x stand in for tokens that are -1; the embedding itself must change nothing. */
static void test_mixed_embeddings(void **state)
{
    (void)state;
    const decoder_kind *kinds;
    int n_kinds = test_kinds(&kinds);
    for (int k = 0; k < n_kinds; k++) {
        bench t = bench_new(&kinds[k].config, FORWARD_ONLY);
        size_t V = (size_t)t.c->d_vocab;
        float *want = all_logits(&t), *x = at_hook(&t, "hook_embed");
        float *got = mem_small(N * V, sizeof *got);
        for (int n = 0; n < N; n++) {
            if (n % 3)
                t.tokens[n] = -1;
            else /* not read */
                x[(size_t)n * (size_t)t.c->d_model] = NAN;
        }
        assert_int_equal(forward_mixed(t.f, t.tokens, x, B, T, NULL, &t.e), OK);
        assert_int_equal(forward_logits(got, t.f, 0, N, &t.e), OK);
        assert_memory_equal(got, want, N * V * sizeof *got);
        mem_free(want);
        mem_free(got);
        mem_free(x);
        bench_free(&t);
    }
}

typedef struct outcome {
    float *loss, *gradients;
    size_t n_loss, n_gradients;
} outcome;

static float *all_gradients(model *m)
{
    parameter *list;
    int n = model_parameters(&list, m);
    size_t at = 0;
    float *all = mem_small(config_parameters(model_describe(m)), sizeof *all);
    for (int i = 0; i < n; at += list[i++].n)
        memcpy(all + at, list[i].gradient, list[i].n * sizeof *all);
    return all;
}

static outcome train_once(const model_config *c, int threads, int batch, int length)
{
    outcome o = {.n_loss = (size_t)(batch * length), .n_gradients = config_parameters(c)};
    pool *p = pool_new(threads);
    backend *be;
    model *m;
    forward *f;
    err e;
    int32_t *tokens = mem_small(o.n_loss, sizeof *tokens);
    random_tokens(tokens, (int)o.n_loss, c->d_vocab, "tokens");
    o.loss = mem_small(o.n_loss, sizeof *o.loss);
    assert_int_equal(backend_cpu(&be, p, &e), OK);
    assert_int_equal(model_new(&m, be, c, 5, &e), OK);
    assert_int_equal(model_want_gradients(m, &e), OK);
    assert_int_equal(forward_new(&f, m, batch, length, NULL, FORWARD_WEIGHT_GRADIENT, &e), OK);
    assert_int_equal(forward_tokens(f, tokens, batch, length, NULL, &e), OK);
    assert_int_equal(backward_loss(o.loss, NULL, f, tokens, 1, &e), OK);
    o.gradients = all_gradients(m);
    forward_free(f);
    model_free(m);
    backend_free(be);
    pool_free(p);
    mem_free(tokens);
    return o;
}

static void outcome_free(outcome *o)
{
    mem_free(o->loss);
    mem_free(o->gradients);
}

/* A second call adds the same again, a gradient at the embeddings adds nothing, zeroing clears. */
static void test_weight_gradients_add_up(void **state)
{
    (void)state;
    const decoder_kind *kinds;
    int n_kinds = test_kinds(&kinds);
    for (int k = 0; k < n_kinds; k++) {
        bench t = bench_new(&kinds[k].config, FORWARD_WEIGHT_GRADIENT);
        size_t n = config_parameters(t.c), width = (size_t)(N * t.c->d_model);
        float *d_x = mem_small(width, sizeof *d_x), *d_hook = mem_small(width, sizeof *d_hook);
        hook at;
        random_floats(d_hook, width, "d_hook");
        assert_int_equal(hook_parse(&at, t.c, "blocks.0.hook_resid_post", &t.e), OK);
        assert_int_equal(forward_tokens(t.f, t.tokens, B, T, NULL, &t.e), OK);
        assert_int_equal(backward_loss(NULL, NULL, t.f, t.tokens, 1, &t.e), OK);
        float *once = all_gradients(t.m);
        assert_int_equal(backward_loss(NULL, NULL, t.f, t.tokens, 1, &t.e), OK);
        float *twice = all_gradients(t.m);
        assert_int_equal(forward_tokens(t.f, t.tokens, B, T, &at, &t.e), OK);
        assert_int_equal(backward_to_embeddings(d_x, t.f, d_hook, &t.e), OK);
        float *still = all_gradients(t.m);
        assert_memory_equal(still, twice, n * sizeof *twice);
        for (size_t i = 0; i < n; i++)
            once[i] *= 2;
        assert_close(twice, once, n, 1e-5);
        model_zero_gradients(t.m);
        float *none = all_gradients(t.m);
        for (size_t i = 0; i < n; i++)
            assert_true(none[i] == 0.0f);
        mem_free(once);
        mem_free(twice);
        mem_free(still);
        mem_free(none);
        mem_free(d_x);
        mem_free(d_hook);
        bench_free(&t);
    }
}

/* Large enough that every operation is cut into several blocks. */
static void test_threads_change_no_byte(void **state)
{
    (void)state;
    model_config c = config_start(FAMILY_GPT_NEOX);
    c.n_layers = 2;
    c.d_model = 96;
    c.n_heads = c.n_kv_heads = 4;
    c.d_head = 24;
    c.rotary = 6;
    c.d_mlp = 200;
    c.d_vocab = 500;
    c.context = 70;
    outcome one = train_once(&c, 1, 5, 70);
    for (int threads = 2; threads <= 4; threads++) {
        outcome more = train_once(&c, threads, 5, 70);
        assert_memory_equal(one.loss, more.loss, one.n_loss * sizeof *one.loss);
        assert_memory_equal(one.gradients, more.gradients, one.n_gradients * sizeof *one.gradients);
        outcome_free(&more);
    }
    outcome_free(&one);
}

/* A vocabulary so large that logits exist 256 rows at a time: the loss and gradient of 288 rows
 * with a target is the sum of those of single sequences, which fit one chunk. */
static void test_logit_chunks(void **state)
{
    (void)state;
    enum { LARGE_V = 17000, SEQUENCES = 12, LENGTH = 25 };
    model_config c = config_start(FAMILY_GPT_NEOX);
    c.n_layers = 1;
    c.d_model = c.d_mlp = 4;
    c.n_heads = c.n_kv_heads = 1;
    c.d_head = 4;
    c.d_vocab = LARGE_V;
    c.context = LENGTH;
    pool *p = pool_new(2);
    backend *be;
    model *m;
    err e;
    int32_t tokens[SEQUENCES * LENGTH], targets[SEQUENCES * LENGTH];
    float loss[SEQUENCES * LENGTH], apart[SEQUENCES * LENGTH];
    float d_x[SEQUENCES * LENGTH * 4], d_apart[SEQUENCES * LENGTH * 4];
    random_tokens(tokens, SEQUENCES * LENGTH, LARGE_V, "tokens");
    memcpy(targets, tokens, sizeof targets);
    for (int i = 0; i < SEQUENCES; i++)
        targets[i * LENGTH + 2 * i] = -1;
    assert_int_equal(backend_cpu(&be, p, &e), OK);
    assert_int_equal(model_new(&m, be, &c, 5, &e), OK);
    forward *f;
    assert_int_equal(forward_new(&f, m, SEQUENCES, LENGTH, NULL, FORWARD_INPUT_GRADIENT, &e), OK);
    assert_int_equal(forward_tokens(f, tokens, SEQUENCES, LENGTH, NULL, &e), OK);
    assert_int_equal(backward_loss(loss, d_x, f, targets, 1, &e), OK);
    for (int s = 0; s < SEQUENCES; s++) {
        int at = s * LENGTH;
        assert_int_equal(forward_tokens(f, tokens + at, 1, LENGTH, NULL, &e), OK);
        assert_int_equal(backward_loss(apart + at, d_apart + at * 4, f, targets + at, 1, &e), OK);
    }
    assert_close(loss, apart, COUNT_OF(loss), 1e-5);
    for (int i = 0; i < SEQUENCES; i++)
        assert_true(loss[i * LENGTH + 2 * i] == 0 && loss[i * LENGTH + 2 * i + 1] > 0);
    assert_close(d_x, d_apart, COUNT_OF(d_x), 1e-5);
    forward_free(f);
    model_free(m);
    backend_free(be);
    pool_free(p);
}

static void expect(err_code rc, const err *e, err_code want, const char *part)
{
    assert_int_equal(rc, want);
    if (!strstr(e->text, part))
        fail_msg("\"%s\" does not mention \"%s\"", e->text, part);
}

static void test_wrong_calls_are_refused(void **state)
{
    (void)state;
    const decoder_kind *kinds;
    test_kinds(&kinds);
    bench t = bench_new(&kinds[0].config, FORWARD_INPUT_GRADIENT);
    hook late, early;
    float d_x[N * 24], x[N * 40] = {0};
    int32_t bad[N];
    assert_int_equal(hook_parse(&late, t.c, "blocks.1.hook_resid_post", &t.e), OK);
    assert_int_equal(hook_parse(&early, t.c, "blocks.0.hook_mlp_out", &t.e), OK);
    expect(forward_loss(x, t.f, t.tokens, &t.e), &t.e, E_SHAPE, "needs a run to the end");
    expect(backward_to_embeddings(d_x, t.f, x, &t.e), &t.e, E_SHAPE, "needs a run to a hook");
    memcpy(bad, t.tokens, sizeof bad);
    bad[7] = t.c->d_vocab;
    expect(forward_tokens(t.f, bad, B, T, NULL, &t.e), &t.e, E_SHAPE, "token 7 of sequence 0");
    bad[7] = -1; /* only where embeddings are given */
    expect(forward_tokens(t.f, bad, B, T, NULL, &t.e), &t.e, E_SHAPE, "is -1");
    expect(forward_tokens(t.f, t.tokens, B + 1, T, NULL, &t.e), &t.e, E_SHAPE, "4 sequences");
    expect(forward_tokens(t.f, t.tokens, 0, T, NULL, &t.e), &t.e, E_SHAPE, "0 sequences");
    assert_int_equal(forward_tokens(t.f, t.tokens, B, T, &early, &t.e), OK);
    expect(forward_splice(t.f, x, &t.e), &t.e, E_SHAPE, "without gradients");
    assert_int_equal(forward_tokens(t.f, t.tokens, B, T, NULL, &t.e), OK);
    expect(forward_loss(x, t.f, bad, &t.e), &t.e, OK, ""); /* -1: no target */
    bad[7] = -2;
    expect(forward_loss(x, t.f, bad, &t.e), &t.e, E_SHAPE, "target 7 is -2");
    expect(forward_logits(x, t.f, N - 1, 2, &t.e), &t.e, E_SHAPE, "logits of rows");
    expect(forward_logits_of(x, t.f, (const int[]){N}, 1, &t.e), &t.e, E_SHAPE, "logits of row");
    expect(forward_keep(t.f, &early, &t.e), &t.e, E_SHAPE, "without gradients");
    forward *f;
    assert_int_equal(forward_new(&f, t.m, B, T, &early, FORWARD_ONLY, &t.e), OK);
    expect(forward_tokens(f, t.tokens, B, T, &late, &t.e), &t.e, E_SHAPE, "1 of 2 blocks");
    expect(forward_tokens(f, t.tokens, B, T, NULL, &t.e), &t.e, E_SHAPE, "the logits");
    forward_free(f);
    expect(forward_new(&f, t.m, B, 17, NULL, FORWARD_ONLY, &t.e), &t.e, E_SHAPE, "up to 16");
    expect(forward_new(&f, t.m, B, T, NULL, FORWARD_WEIGHT_GRADIENT, &t.e), &t.e, E_SHAPE,
           "the model has none");
    bench_free(&t);
}

/* Any rows in any order have the bytes that they have among all; what the loss shows too. */
typedef struct shown_logits {
    const float *all;
    const int32_t *targets;
    int V, n;
} shown_logits;

static err_code look_at_logits(void *context, const float *logits_nV, const int32_t *rows_n, int n,
                               err *e)
{
    shown_logits *s = context;
    (void)e;
    for (int i = 0; i < n; i++, s->n++) {
        assert_true(s->targets[rows_n[i]] >= 0);
        assert_memory_equal(ROW(logits_nV, i, s->V), ROW(s->all, rows_n[i], s->V),
                            (size_t)s->V * sizeof *logits_nV);
    }
    return OK;
}

static void test_logits_of_some_rows(void **state)
{
    (void)state;
    enum { R = 3 };
    const int rows[R] = {N - 1, 0, 5};
    const decoder_kind *kinds;
    test_kinds(&kinds);
    bench t = bench_new(&kinds[0].config, FORWARD_ONLY);
    int V = t.c->d_vocab;
    float *all = all_logits(&t), *some = mem_small((size_t)(R * V), sizeof *some), loss[N];
    assert_int_equal(forward_logits_of(some, t.f, rows, R, &t.e), OK);
    for (int i = 0; i < R; i++)
        assert_memory_equal(ROW(some, i, V), ROW(all, rows[i], V), (size_t)V * sizeof *all);
    int32_t targets[N];
    for (int i = 0; i < N; i++)
        targets[i] = i % 3 ? t.tokens[i] : -1;
    shown_logits shown = {.all = all, .targets = targets, .V = V};
    assert_int_equal(forward_loss_seen(loss, t.f, targets, look_at_logits, &shown, &t.e), OK);
    assert_int_equal(shown.n, N - N / 3);
    mem_free(some);
    mem_free(all);
    bench_free(&t);
}

/* Last: the request stays. */
static void test_runs_stop_on_request(void **state)
{
    (void)state;
    const decoder_kind *kinds;
    float loss[N];
    test_kinds(&kinds);
    bench only = bench_new(&kinds[0].config, FORWARD_ONLY),
          learning = bench_new(&kinds[0].config, FORWARD_WEIGHT_GRADIENT);
    assert_int_equal(forward_tokens(only.f, only.tokens, B, T, NULL, &only.e), OK);
    cancel_install();
    raise(SIGTERM);
    expect(forward_loss(loss, only.f, only.tokens, &only.e), &only.e, E_CANCELLED, "stopped");
    expect(forward_tokens(only.f, only.tokens, B, T, NULL, &only.e), &only.e, E_CANCELLED,
           "stopped");
    expect(forward_loss(loss, only.f, only.tokens, &only.e), &only.e, E_SHAPE,
           "needs a run to the end");
    forward_uninterrupted(only.f);
    assert_int_equal(forward_tokens(only.f, only.tokens, B, T, NULL, &only.e), OK);
    assert_int_equal(forward_tokens(learning.f, learning.tokens, B, T, NULL, &learning.e), OK);
    assert_int_equal(backward_loss(loss, NULL, learning.f, learning.tokens, 1, &learning.e), OK);
    bench_free(&learning);
    bench_free(&only);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_hooks_add_up),
                                       cmocka_unit_test(test_causal_and_batch_independent),
                                       cmocka_unit_test(test_batch_of_one),
                                       cmocka_unit_test(test_mixed_embeddings),
                                       cmocka_unit_test(test_weight_gradients_add_up),
                                       cmocka_unit_test(test_threads_change_no_byte),
                                       cmocka_unit_test(test_logit_chunks),
                                       cmocka_unit_test(test_logits_of_some_rows),
                                       cmocka_unit_test(test_wrong_calls_are_refused),
                                       cmocka_unit_test(test_runs_stop_on_request)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
