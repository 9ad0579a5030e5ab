/* Sequences run from their first new token on, with another sequence's keys before it: what the
 * whole sequence gives, to the bit on the reference; the same bytes in any company; and what is
 * refused. */
#include "base/memory.h"
#include "base/rng.h"
#include "base/str.h"
#include "common.h"
#include "data/files.h"
#include "model/forward.h"
#include "test.h"
#include <math.h>
#include <string.h>

/* Parents; positions; children, of which the rows are N in all. */
enum { B = 3, T = 9, C = 8, UNREAD = -77 };
static const int PARENT_C[C] = {0, 2, 0, 1, 2, 2, 0, 1}, FIRST_C[C] = {3, 0, T - 1, 5, 1, 4, 3, 6};
enum { N = 6 + 9 + 1 + 4 + 8 + 5 + 6 + 3, N_CT = C * T };

typedef struct bench {
    model *m;
    const model_config *c;
    forward *parent, *children, *whole;
    int32_t parents[B * T], tokens[N_CT], all[N_CT]; /* children without and with the beginning */
    bool exact;
    err e;
} bench;

static void bench_start(bench *t, model *m, bool exact)
{
    rng r = rng_stream(3, "children");
    t->m = m;
    t->c = model_describe(m);
    t->exact = exact;
    for (int i = 0; i < B * T; i++)
        t->parents[i] = (int32_t)rng_below(&r, (uint32_t)t->c->d_vocab);
    for (int i = 0; i < N_CT; i++) {
        bool read = i % T >= FIRST_C[i / T];
        t->tokens[i] = read ? (int32_t)rng_below(&r, (uint32_t)t->c->d_vocab) : UNREAD;
        t->all[i] = read ? t->tokens[i] : t->parents[PARENT_C[i / T] * T + i % T];
    }
    assert_int_equal(forward_new(&t->parent, m, B, T, NULL, FORWARD_INPUT_GRADIENT, &t->e), OK);
    assert_int_equal(forward_new(&t->children, m, 5, T, NULL, FORWARD_ONLY, &t->e), OK);
    assert_int_equal(forward_new(&t->whole, m, C, T, NULL, FORWARD_ONLY, &t->e), OK);
}

static void bench_end(bench *t)
{
    forward_free(t->parent);
    forward_free(t->children);
    forward_free(t->whole);
}

/* Random weights that leave nothing small: a lost bias or a wrong key shows. */
static model *strong_model(backend *be, const model_config *c)
{
    model *m;
    parameter *list;
    err e;
    assert_int_equal(model_new(&m, be, c, 5, &e), OK);
    rng r = rng_stream(9, "weights");
    int n = model_parameters(&list, m);
    for (int i = 0; i < n; i++)
        for (size_t j = 0; j < list[i].n; j++)
            list[i].value[j] += 0.3f * (float)rng_normal(&r);
    return m;
}

static void ran(const bench *t, err_code rc)
{
    if (rc)
        fail_msg("%s", t->e.text);
}

static void run_parents(bench *t, const hook *stop)
{
    ran(t, forward_tokens(t->parent, t->parents, B, T, stop, &t->e));
}

static void run_children(bench *t, const hook *stop)
{
    ran(t, forward_children(t->children, t->parent, t->tokens, PARENT_C, FIRST_C, C, stop, &t->e));
}

/* The packed rows beside those of the whole sequences, `width` numbers each. */
static void compare(const bench *t, const char *what, const float *packed, const float *whole,
                    int width)
{
    double largest = 0;
    int n = 0;
    for (int i = 0; i < N_CT * width; i++)
        largest = fmax(largest, fabs((double)whole[i]));
    for (int row = 0; row < N_CT; row++) {
        if (row % T < FIRST_C[row / T])
            continue;
        const float *got = ROW(packed, n, width), *want = ROW(whole, row, width);
        if (t->exact && memcmp(got, want, (size_t)width * sizeof *got))
            fail_msg("%s: row %d of child %d differs", what, row % T, row / T);
        for (int i = 0; i < width; i++)
            if (!(fabs((double)got[i] - (double)want[i]) <= 1e-5 * largest))
                fail_msg("%s: row %d of child %d: %.9g, not %.9g", what, row % T, row / T,
                         (double)got[i], (double)want[i]);
        n++;
    }
    assert_int_equal(n, N);
}

static void check_hook(bench *t, const hook *at)
{
    run_children(t, at);
    ran(t, forward_tokens(t->whole, t->all, C, T, at, &t->e));
    compare(t, at->name, forward_hook(t->children), forward_hook(t->whole), at->width);
}

/* The parents have run to the end. */
static void check_variants(bench *t, const hook *at)
{
    static const hook_processing processing = {true, true, true};
    hook processed = *at, head = *at;
    check_hook(t, at);
    hook_apply_processing(&processed, t->c, &processing);
    if (processed.less != LESS_NOTHING)
        check_hook(t, &processed);
    if (!hook_select_head(&head, t->c, 1 % t->c->n_kv_heads, &t->e))
        check_hook(t, &head);
}

static void check_hooks(bench *t)
{
    hook at;
    run_parents(t, NULL);
    for (int site = 0; site < HOOK_SITES; site++)
        for (int layer = 0; layer < t->c->n_layers; layer++)
            if (hook_of_site(&at, t->c, (hook_site)site, layer))
                check_variants(t, &at);
    for (int site = 0; site < HOOK_SITES; site++) { /* parents that stop there themselves */
        if (!hook_of_site(&at, t->c, (hook_site)site, t->c->n_layers - 1))
            continue;
        run_parents(t, &at);
        check_hook(t, &at);
    }
}

static void check_loss(bench *t)
{
    int V = t->c->d_vocab, n = 0;
    int32_t targets[N_CT], packed_targets[N];
    float loss[N_CT], packed_loss[N];
    float *logits = mem_small((size_t)(N * V), sizeof *logits);
    float *whole = mem_small((size_t)(N_CT * V), sizeof *whole);
    for (int i = 0; i < N_CT; i++) {
        targets[i] = i % 5 == 2 ? -1 : (i * 7 + 1) % V;
        if (i % T >= FIRST_C[i / T])
            packed_targets[n++] = targets[i];
    }
    run_parents(t, NULL);
    run_children(t, NULL);
    ran(t, forward_tokens(t->whole, t->all, C, T, NULL, &t->e));
    ran(t, forward_loss(packed_loss, t->children, packed_targets, &t->e));
    ran(t, forward_loss(loss, t->whole, targets, &t->e));
    compare(t, "loss", packed_loss, loss, 1);
    ran(t, forward_logits(logits, t->children, 0, 7, &t->e));
    ran(t, forward_logits(ROW(logits, 7, V), t->children, 7, N - 7, &t->e));
    ran(t, forward_logits(whole, t->whole, 0, N_CT, &t->e));
    compare(t, "logits", logits, whole, V);
    mem_free(logits);
    mem_free(whole);
}

/* On the reference and on cpu. */
typedef void model_check(backend *be, bool exact);

static void on_backends(model_check *check)
{
    pool *p = pool_new(2);
    backend *be[2] = {backend_ref()};
    err e;
    assert_int_equal(backend_cpu(&be[1], p, &e), OK);
    for (int b = 0; b < 2; b++) {
        check(be[b], b == 0);
        backend_free(be[b]);
    }
    pool_free(p);
}

static void check_kinds(backend *be, bool exact)
{
    const decoder_kind *kinds;
    int n_kinds = test_kinds(&kinds);
    for (int k = 0; k < n_kinds; k++) {
        model *m = strong_model(be, &kinds[k].config);
        bench t;
        bench_start(&t, m, exact);
        check_hooks(&t);
        check_loss(&t);
        bench_end(&t);
        model_free(m);
    }
}

static void test_as_whole_sequences(void **state)
{
    (void)state;
    on_backends(check_kinds);
}

/* Weights as files store them, 16 bit among them. */
static void check_stored(backend *be, bool exact)
{
    static const char *const fixtures[] = {"gpt2_distilled",  "gpt_neo_stories", "neox_parallel",
                                           "neox_tied_half",  "llama_3",         "gemma",
                                           "gemma2_bfloat16", "qwen2_windows",   "qwen3"};
    for (size_t i = 0; i < COUNT_OF(fixtures); i++) {
        str path = {0};
        model *m;
        err e;
        bench t;
        str_addf(&path, "tests/parity/fixtures/models/%s", fixtures[i]);
        files source = files_from_dir(str_text(&path));
        if (model_load(&m, be, &source, &e))
            fail_msg("%s", e.text);
        bench_start(&t, m, exact);
        check_hooks(&t);
        check_loss(&t);
        bench_end(&t);
        model_free(m);
        str_release(&path);
    }
}

static void test_stored_models(void **state)
{
    (void)state;
    on_backends(check_stored);
}

/* ---- company -----------------------------------------------------------------------------------
 */

/* Everything a run of children gives: the last block's stream, and the losses. Owner: caller. */
static float *outcome(bench *t, const int32_t *tokens, const int *parents, const int *first, int n,
                      int rows)
{
    int32_t targets[N];
    int D = t->c->d_model;
    hook at;
    float *all = mem_small((size_t)(rows * (D + 1)), sizeof *all);
    assert_true(hook_of_site(&at, t->c, HOOK_RESID_POST, t->c->n_layers - 1));
    ran(t, forward_children(t->children, t->parent, tokens, parents, first, n, &at, &t->e));
    memcpy(all, forward_hook(t->children), (size_t)(rows * D) * sizeof *all);
    for (int i = 0; i < rows; i++)
        targets[i] = 3;
    ran(t, forward_children(t->children, t->parent, tokens, parents, first, n, NULL, &t->e));
    ran(t, forward_loss(ROW(all, rows, D), t->children, targets, &t->e));
    return all;
}

/* Larger than any tile or block of rows. */
static model_config wide_config(void)
{
    model_config c = config_start(FAMILY_GPT_NEOX);
    c.n_layers = 2;
    c.d_model = 80;
    c.n_heads = c.n_kv_heads = 2;
    c.d_head = 40;
    c.rotary = 10;
    c.d_mlp = 200;
    c.d_vocab = 300;
    c.context = T;
    return c;
}

static void check_alone(bench *t, const float *together, int c, int start)
{
    int D = t->c->d_model, rows = T - FIRST_C[c];
    float *alone = outcome(t, t->tokens + c * T, PARENT_C + c, FIRST_C + c, 1, rows);
    assert_memory_equal(alone, ROW(together, start, D), (size_t)(rows * D) * sizeof *alone);
    assert_memory_equal(ROW(alone, rows, D), ROW(together, N, D) + start,
                        (size_t)rows * sizeof *alone);
    mem_free(alone);
}

static void test_company_and_threads_change_no_byte(void **state)
{
    (void)state;
    float *before = NULL;
    for (int threads = 1; threads <= 3; threads++) {
        model_config c = wide_config();
        pool *p = pool_new(threads);
        backend *be;
        bench t;
        int start = 0;
        assert_int_equal(backend_cpu(&be, p, &t.e), OK);
        model *m = strong_model(be, &c);
        bench_start(&t, m, false);
        run_parents(&t, NULL);
        float *all = outcome(&t, t.tokens, PARENT_C, FIRST_C, C, N);
        for (int i = 0; i < C; start += T - FIRST_C[i], i++)
            check_alone(&t, all, i, start);
        if (before)
            assert_memory_equal(all, before, (size_t)(N * (c.d_model + 1)) * sizeof *all);
        mem_free(before);
        before = all;
        bench_end(&t);
        model_free(m);
        backend_free(be);
        pool_free(p);
    }
    mem_free(before);
}

/* ---- what is refused ---------------------------------------------------------------------------
 */

static void refused(bench *t, err_code rc, const char *part)
{
    assert_int_equal(rc, E_SHAPE);
    if (!strstr(t->e.text, part))
        fail_msg("\"%s\" does not mention \"%s\"", t->e.text, part);
}

/* One child with these numbers. */
static err_code one_child(bench *t, int parent, int first, const hook *stop)
{
    return forward_children(t->children, t->parent, t->all, &parent, &first, 1, stop, &t->e);
}

static void check_numbers(bench *t)
{
    int32_t tokens[T] = {0};
    int zero = 0, none[50] = {0};
    int32_t many[50 * T] = {0};
    refused(t, one_child(t, -1, 0, NULL), "child 0 is of sequence -1, but the parent ran 3");
    refused(t, one_child(t, B, 0, NULL), "child 0 is of sequence 3");
    refused(t, one_child(t, 0, T, NULL), "new from position 9");
    refused(t, one_child(t, 0, -1, NULL), "new from position -1");
    refused(t, forward_children(t->children, t->parent, t->all, none, none, 0, NULL, &t->e),
            "0 children");
    refused(t, forward_children(t->children, t->parent, many, none, none, 6, NULL, &t->e),
            "6 children have more than the workspace's 45 rows");
    refused(t, forward_children(t->children, t->parent, many, none, none, 50, NULL, &t->e),
            "50 children");
    tokens[T - 1] = t->c->d_vocab;
    refused(t, forward_children(t->children, t->parent, tokens, &zero, &zero, 1, NULL, &t->e),
            "token 8 of child 0");
    tokens[T - 1] = -1;
    refused(t, forward_children(t->children, t->parent, tokens, &zero, &zero, 1, NULL, &t->e),
            "token 8 of child 0 is -1");
}

/* After children there is nothing to continue, to go back from, or to be a parent. */
static void check_afterwards(bench *t)
{
    hook at;
    int first = 2, parent = 0;
    float x[N_CT * 80] = {0};
    assert_true(hook_of_site(&at, t->c, HOOK_RESID_POST, 0));
    ran(t, one_child(t, 0, 2, &at));
    refused(t, forward_splice(t->children, x, &t->e), "does not continue");
    refused(t, backward_to_embeddings(x, t->children, x, &t->e), "nothing for gradients");
    refused(t, forward_children(t->whole, t->children, t->all, &parent, &first, 1, &at, &t->e),
            "not run as whole sequences");
    refused(t, forward_logits(x, t->children, 0, 1, &t->e), "needs a run to the end");
    ran(t, one_child(t, 0, 2, NULL));
    refused(t, forward_logits(x, t->children, T - 2, 1, &t->e), "logits of rows 7 to 8 of 7");
}

static void check_workspaces(bench *t)
{
    hook at, mlp, z, late;
    int first = 2, parent = 0;
    forward *small;
    assert_true(hook_of_site(&at, t->c, HOOK_RESID_POST, 0));
    assert_true(hook_of_site(&mlp, t->c, HOOK_MLP_OUT, 1));
    assert_true(hook_of_site(&z, t->c, HOOK_Z, 1));
    assert_true(hook_of_site(&late, t->c, HOOK_RESID_POST, 1));
    refused(t, forward_children(t->parent, t->whole, t->all, &parent, &first, 1, &at, &t->e),
            "without gradients");
    refused(t, forward_children(t->whole, t->whole, t->all, &parent, &first, 1, &at, &t->e),
            "not their parent's");
    ran(t, forward_tokens(t->whole, t->all, B, T, &late, &t->e));
    refused(t, forward_children(t->children, t->whole, t->all, &parent, &first, 1, &at, &t->e),
            "only one block of 2");
    run_parents(t, &at);
    refused(t, one_child(t, 0, 2, &late), "ran to blocks.0.hook_resid_post");
    refused(t, one_child(t, 0, 2, NULL), "no keys for a run to the logits");
    run_parents(t, &mlp);
    refused(t, one_child(t, 0, 2, &z), "ran to blocks.1.hook_mlp_out"); /* a parallel block */
    ran(t, one_child(t, 0, 2, &mlp));
    assert_int_equal(forward_new(&small, t->m, B, T - 1, &at, FORWARD_ONLY, &t->e), OK);
    refused(t, forward_children(small, t->parent, t->all, &parent, &first, 1, &at, &t->e),
            "1 children of 9 tokens in a workspace for 3 of 8");
    run_parents(t, NULL);
    refused(t, forward_children(small, t->parent, t->all, &parent, &first, 1, &late, &t->e),
            "1 of 2 blocks");
    forward_free(small);
}

static void test_wrong_calls_are_refused(void **state)
{
    (void)state;
    model_config c = wide_config();
    backend *be = backend_ref();
    model *m = strong_model(be, &c), *other = strong_model(be, &c);
    forward *stranger;
    bench t;
    int first = 2, parent = 0;
    bench_start(&t, m, true);
    refused(&t, one_child(&t, 0, 2, NULL), "not run as whole sequences");
    assert_int_equal(forward_new(&stranger, other, B, T, NULL, FORWARD_ONLY, &t.e), OK);
    run_parents(&t, NULL);
    refused(&t, forward_children(stranger, t.parent, t.all, &parent, &first, 1, NULL, &t.e),
            "of the same model");
    check_numbers(&t);
    check_afterwards(&t);
    check_workspaces(&t);
    forward_free(stranger);
    bench_end(&t);
    model_free(m);
    model_free(other);
    backend_free(be);
}

/* A single block keeps its keys without gradients, and parents may be mixtures: a child with its
 * parent's own end repeats the parent. */
static void test_parent_of_one_block(void **state)
{
    (void)state;
    model_config c = wide_config();
    c.n_layers = 1;
    backend *be = backend_ref();
    model *m = strong_model(be, &c);
    bench t;
    hook at;
    int parents[2] = {1, 0}, first[2] = {4, 7};
    int32_t mixed[B * T], own[2 * T];
    float *x = mem_small((size_t)(B * T * c.d_model), sizeof *x);
    random_floats(x, (size_t)(B * T * c.d_model), "x");
    bench_start(&t, m, true);
    for (int i = 0; i < B * T; i++)
        mixed[i] = i % T == 2 ? -1 : t.parents[i];
    for (int i = 0; i < 2 * T; i++)
        own[i] = mixed[parents[i / T] * T + i % T];
    assert_true(hook_of_site(&at, t.c, HOOK_RESID_POST, 0));
    ran(&t, forward_mixed(t.whole, mixed, x, B, T, &at, &t.e));
    ran(&t, forward_children(t.children, t.whole, own, parents, first, 2, &at, &t.e));
    size_t D = (size_t)c.d_model * sizeof(float);
    const float *got = forward_hook(t.children), *want = forward_hook(t.whole);
    assert_memory_equal(got, ROW(want, T + 4, c.d_model), 5 * D);
    assert_memory_equal(ROW(got, 5, c.d_model), ROW(want, 7, c.d_model), 2 * D);
    mem_free(x);
    bench_end(&t);
    model_free(m);
    backend_free(be);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_whole_sequences), cmocka_unit_test(test_stored_models),
        cmocka_unit_test(test_company_and_threads_change_no_byte),
        cmocka_unit_test(test_wrong_calls_are_refused), cmocka_unit_test(test_parent_of_one_block)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
