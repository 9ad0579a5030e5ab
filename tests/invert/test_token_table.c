/* Nearest tokens against a search through every candidate. */
#include "test.h"

#include "base/memory.h"
#include "base/rng.h"
#include "features/common_rig.h"
#include "invert/token_table.h"
#include <math.h>
#include <string.h>

enum { ROWS = 300, K = 6, D = RIG_D }; /* more rows than one block */

static double cosine(const float *a, const float *b)
{
    double dot = 0, aa = 0, bb = 0;
    for (int d = 0; d < D; d++) {
        dot += (double)a[d] * (double)b[d];
        aa += (double)a[d] * (double)a[d];
        bb += (double)b[d] * (double)b[d];
    }
    return aa > 0 && bb > 0 ? dot / sqrt(aa * bb) : 0;
}

static float *embedding(const rig *r)
{
    parameter *p;
    int n = model_parameters(&p, r->model);
    for (int i = 0; i < n; i++)
        if (p[i].value == model_embedding(r->model))
            return p[i].value;
    fail_msg("no parameter is the embedding");
    return NULL;
}

static bool is_candidate(const token_table *t, int id)
{
    for (int i = 0; i < t->n; i++)
        if (t->ids[i] == id)
            return true;
    return false;
}

static void candidates_and_sizes(void **state)
{
    (void)state;
    rig r = rig_open("cpu", 1, "hook_embed");
    token_table *t;
    err e = {0};
    assert_int_equal(token_table_new(&t, r.model, r.tokenizer, &e), OK);
    assert_int_equal(t->V, r.n_tokens + RIG_UNKNOWN);
    assert_int_equal(t->n, r.n_tokens - 1);
    assert_false(is_candidate(t, 0)); /* special */
    for (int id = 1; id < r.n_tokens; id++)
        assert_true(is_candidate(t, id) && t->ids[id - 1] == id);
    for (int id = r.n_tokens; id < t->V; id++)
        assert_false(is_candidate(t, id)); /* the model's, not the tokenizer's */
    double squares = 0, max = 0;
    for (int i = 0; i < t->n; i++) {
        double row = 0;
        for (int d = 0; d < D; d++)
            row += pow((double)token_table_row(t, t->ids[i])[d], 2);
        assert_memory_equal(token_table_row(t, t->ids[i]), embedding(&r) + t->ids[i] * D,
                            D * sizeof(float));
        squares += row;
        max = fmax(max, sqrt(row));
    }
    assert_true(fabs(t->rms - sqrt(squares / (t->n * D))) < 1e-12);
    assert_true(fabs(t->max_norm - max) < 1e-12);
    token_table_free(t);
    rig_close(&r);
}

static void equal_to_a_full_search(void **state)
{
    (void)state;
    static const char *const backends[] = {"ref", "cpu"};
    for (int b = 0; b < 2; b++) {
        rig r = rig_open(backends[b], 2, "hook_embed");
        token_table *t;
        err e = {0};
        static float x[ROWS * D], cosine_K[ROWS * K];
        static int32_t ids[ROWS * K], again[ROWS * K];
        assert_int_equal(token_table_new(&t, r.model, r.tokenizer, &e), OK);
        rng s = rng_stream(1, "test_token_table");
        for (int i = 0; i < ROWS * D; i++)
            x[i] = (float)(rng_normal(&s) * exp2((double)(i / D % 60) - 30)); /* any length */
        assert_int_equal(token_table_nearest(ids, cosine_K, t, x, ROWS, K, &e), OK);
        assert_int_equal(token_table_nearest(again, NULL, t, x, ROWS, K, &e), OK);
        assert_memory_equal(ids, again, sizeof ids);
        for (int i = 0; i < ROWS; i++) {
            bool taken[256] = {false};
            for (int k = 0; k < K; k++) {
                double best = -2;
                for (int c = 0; c < t->n; c++)
                    if (!taken[t->ids[c]])
                        best = fmax(best, cosine(x + i * D, token_table_row(t, t->ids[c])));
                int32_t id = ids[i * K + k];
                assert_true(is_candidate(t, id) && !taken[id]);
                taken[id] = true;
                double got = cosine(x + i * D, token_table_row(t, id));
                assert_true(fabs(got - best) < 1e-6);
                assert_true(fabs((double)cosine_K[i * K + k] - got) < 1e-6);
            }
        }
        token_table_free(t);
        rig_close(&r);
    }
}

static void ties_and_rows_without_direction(void **state)
{
    (void)state;
    rig r = rig_open("ref", 1, "hook_embed");
    float *E = embedding(&r);
    /* Tokens 20 and 40 alike, 30 twice as long: one direction. Token 7 is zero. */
    memcpy(E + 40 * D, E + 20 * D, D * sizeof *E);
    for (int d = 0; d < D; d++)
        E[30 * D + d] = 2 * E[20 * D + d];
    memset(E + 7 * D, 0, D * sizeof *E);
    token_table *t;
    err e = {0};
    float x[2 * D] = {0}, cosine_K[2 * 3];
    int32_t ids[2 * 3];
    assert_int_equal(token_table_new(&t, r.model, r.tokenizer, &e), OK);
    memcpy(x, E + 20 * D, D * sizeof *x); /* row 1 stays zero */
    assert_int_equal(token_table_nearest(ids, cosine_K, t, x, 2, 3, &e), OK);
    static const int32_t want[2 * 3] = {20, 30, 40, 1, 2, 3};
    assert_memory_equal(ids, want, sizeof want);
    for (int k = 0; k < 3; k++) {
        assert_true(fabsf(cosine_K[k] - 1) < 1e-6f);
        assert_true(cosine_K[3 + k] == 0);
    }
    token_table_free(t);
    rig_close(&r);
}

static void as_many_as_there_are(void **state)
{
    (void)state;
    rig r = rig_open("ref", 1, "hook_embed");
    token_table *t;
    err e = {0};
    assert_int_equal(token_table_new(&t, r.model, r.tokenizer, &e), OK);
    int32_t *ids = mem_small((size_t)t->n, sizeof *ids);
    bool seen[256] = {false};
    float x[D] = {1};
    assert_int_equal(token_table_nearest(ids, NULL, t, x, 1, t->n, &e), OK);
    for (int k = 0; k < t->n; k++) {
        assert_true(is_candidate(t, ids[k]) && !seen[ids[k]]);
        seen[ids[k]] = true;
    }
    assert_int_equal(token_table_nearest(ids, NULL, t, x, 1, t->n + 1, &e), E_SHAPE);
    assert_int_equal(token_table_nearest(ids, NULL, t, x, 0, 1, &e), OK); /* no row, no work */
    mem_free(ids);
    token_table_free(t);
    rig_close(&r);
}

/* Embeddings that the model scales are compared and measured as it sees them. */
static void rows_are_scaled_as_the_model_scales(void **state)
{
    (void)state;
    rig r = rig_open("ref", 1, "hook_embed");
    model_config c = *model_describe(r.model);
    c.embed_scale = 4;
    model *scaled;
    token_table *t, *plain;
    err e = {0};
    assert_int_equal(model_new(&scaled, r.be, &c, 11, &e), OK); /* the rig's seed */
    assert_int_equal(token_table_new(&t, scaled, r.tokenizer, &e), OK);
    assert_int_equal(token_table_new(&plain, r.model, r.tokenizer, &e), OK);
    for (int d = 0; d < D; d++)
        assert_true(token_table_row(t, 9)[d] == 4 * token_table_row(plain, 9)[d]);
    assert_true(fabs(t->rms / plain->rms - 4) < 1e-12);
    token_table_free(t);
    token_table_free(plain);
    model_free(scaled);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(candidates_and_sizes),
        cmocka_unit_test(equal_to_a_full_search),
        cmocka_unit_test(ties_and_rows_without_direction),
        cmocka_unit_test(as_many_as_there_are),
        cmocka_unit_test(rows_are_scaled_as_the_model_scales),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
