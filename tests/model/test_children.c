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

static void check_hook(bench *t, const hook *at, bool parent_stops_there)
{
    run_parents(t, parent_stops_there ? at : NULL);
    run_children(t, at);
    ran(t, forward_tokens(t->whole, t->all, C, T, at, &t->e));
    compare(t, at->name, forward_hook(t->children), forward_hook(t->whole), at->width);
}

static void check_hooks(bench *t)
{
    static const hook_processing processing = {true, true, true};
    for (int site = 0; site < HOOK_SITES; site++) {
        for (int layer = 0; layer < t->c->n_layers; layer++) {
            hook at, processed, head;
            if (!hook_of_site(&at, t->c, (hook_site)site, layer))
                continue;
            processed = head = at;
            hook_apply_processing(&processed, t->c, &processing);
            check_hook(t, &at, false);
            check_hook(t, &at, true);
            check_hook(t, &processed, false);
            if (!hook_select_head(&head, t->c, 1 % t->c->n_kv_heads, &t->e))
                check_hook(t, &head, true);
        }
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_as_whole_sequences),
                                       cmocka_unit_test(test_stored_models)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
