/* Nearest tokens against a search through every candidate. */
#include "test.h"

#include "base/half.h"
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
    return model_embedding(r->model)->value;
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
    assert_int_equal(token_table_new(&t, r.model, r.tokenizer, NULL, &e), OK);
    assert_int_equal(t->V, r.n_tokens + RIG_UNKNOWN);
    assert_int_equal(t->n, r.n_tokens - 1);
    assert_false(is_candidate(t, 0)); /* special */
    for (int id = 1; id < r.n_tokens; id++)
        assert_true(is_candidate(t, id) && t->ids[id - 1] == id);
    for (int id = r.n_tokens; id < t->V; id++)
        assert_false(is_candidate(t, id)); /* the model's, not the tokenizer's */
    double squares = 0, max = 0;
    for (int i = 0; i < t->n; i++) {
        float x[D];
        double row = 0;
        token_table_row(x, t, t->ids[i]);
        for (int d = 0; d < D; d++)
            row += pow((double)x[d], 2);
        assert_memory_equal(x, embedding(&r) + t->ids[i] * D, sizeof x);
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
        assert_int_equal(token_table_new(&t, r.model, r.tokenizer, NULL, &e), OK);
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
                        best = fmax(best, cosine(x + i * D, embedding(&r) + t->ids[c] * D));
                int32_t id = ids[i * K + k];
                assert_true(is_candidate(t, id) && !taken[id]);
                taken[id] = true;
                double got = cosine(x + i * D, embedding(&r) + id * D);
                assert_true(fabs(got - best) < 1e-6);
                assert_true(fabs((double)cosine_K[i * K + k] - got) < 1e-6);
            }
        }
        token_table_free(t);
        rig_close(&r);
    }
}

/* A vocabulary in many blocks, in every stored type, gives what it gives in one of float32. */
static void blocks_and_stored_types(void **state)
{
    (void)state;
    static const int blocks[] = {1, 7, 50, 1000};
    rig r = rig_open("cpu", 2, "hook_embed");
    float *E = embedding(&r), x[9 * D], row[D];
    size_t n = model_embedding(r.model)->n;
    uint16_t *half = mem_small(n, sizeof *half);
    rng s = rng_stream(1, "blocks");
    for (int i = 0; i < 9 * D; i++)
        x[i] = (float)rng_normal(&s);
    for (number_type type = NUMBER_F32; type <= NUMBER_BF16; type++) {
        for (size_t i = 0; i < n; i++) {
            half[i] = type == NUMBER_F16 ? f16_from_float(E[i]) : bf16_from_float(E[i]);
            E[i] = type == NUMBER_F32   ? E[i]
                   : type == NUMBER_F16 ? f16_to_float(half[i])
                                        : bf16_to_float(half[i]);
        }
        const parameter stored = {.n = n, .type = type, .stored = half};
        token_table *t;
        err e;
        int32_t want[9 * K], got[9 * K];
        float want_cosine[9 * K], cosine_K[9 * K];
        assert_int_equal(token_table_new(&t, r.model, r.tokenizer, NULL, &e), OK);
        assert_int_equal(token_table_nearest(want, want_cosine, t, x, 9, K, &e), OK);
        if (type != NUMBER_F32)
            t->embedding = &stored;
        for (int id = 0; id < t->V; id++) {
            token_table_row(row, t, id);
            assert_memory_equal(row, E + id * D, sizeof row);
        }
        for (size_t b = 0; b < COUNT_OF(blocks); b++) {
            t->block_ids = blocks[b] < t->V ? blocks[b] : t->V;
            assert_int_equal(token_table_nearest(got, cosine_K, t, x, 9, K, &e), OK);
            assert_memory_equal(got, want, sizeof got);
            for (int i = 0; i < 9 * K; i++)
                assert_true(fabsf(cosine_K[i] - want_cosine[i]) < 1e-6f);
        }
        token_table_free(t);
    }
    mem_free(half);
    rig_close(&r);
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
    assert_int_equal(token_table_new(&t, r.model, r.tokenizer, NULL, &e), OK);
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

static double dot(const float *a, const float *b)
{
    double sum = 0;
    for (int d = 0; d < D; d++)
        sum += (double)a[d] * (double)b[d];
    return sum;
}

/* By dot product long rows win; equal ones come in the order of their ids; embeddings count as the
 * model scales them. */
static void largest_dots(void **state)
{
    (void)state;
    static const char *const backends[] = {"ref", "cpu"};
    for (int b = 0; b < 2; b++) {
        rig r = rig_open(backends[b], 2, "hook_embed");
        float *E = embedding(&r);
        token_table *t;
        err e = {0};
        static float x[ROWS * D], dot_K[ROWS * K];
        static int32_t ids[ROWS * K];
        memcpy(E + 40 * D, E + 20 * D, D * sizeof *E);
        for (int d = 0; d < D; d++)
            E[30 * D + d] = 3 * E[20 * D + d];
        assert_int_equal(token_table_new(&t, r.model, r.tokenizer, NULL, &e), OK);
        t->scale = 4;
        t->block_ids = 33;
        rng s = rng_stream(2, "test_token_table");
        for (int i = 0; i < ROWS * D; i++)
            x[i] = (float)rng_normal(&s);
        memcpy(x, E + 20 * D, D * sizeof *x);
        memset(x + D, 0, D * sizeof *x);
        assert_int_equal(token_table_largest(ids, dot_K, t, x, ROWS, K, &e), OK);
        assert_int_equal(ids[0], 30);
        int twin = 1;
        while (twin < K - 2 && ids[twin] != 20)
            twin++;
        assert_true(ids[twin] == 20 && ids[twin + 1] == 40);
        for (int k = 0; k < K; k++) /* a zero row: all are equal */
            assert_true(ids[K + k] == t->ids[k] && dot_K[K + k] == 0);
        for (int i = 0; i < ROWS; i++) {
            bool taken[256] = {false};
            for (int k = 0; k < K; k++) {
                double best = (double)-INFINITY;
                for (int c = 0; c < t->n; c++)
                    if (!taken[t->ids[c]])
                        best = fmax(best, 4 * dot(x + i * D, E + t->ids[c] * D));
                int32_t id = ids[i * K + k];
                assert_true(is_candidate(t, id) && !taken[id]);
                taken[id] = true;
                assert_true(fabs(4 * dot(x + i * D, E + id * D) - best) < 1e-5);
                assert_true(fabs((double)dot_K[i * K + k] - best) < 1e-5);
            }
        }
        assert_int_equal(token_table_largest(ids, dot_K, t, x, 1, t->n + 1, &e), E_SHAPE);
        token_table_free(t);
        rig_close(&r);
    }
}

static double distance(const float *a, const float *b)
{
    double sum = 0;
    for (int d = 0; d < D; d++)
        sum += pow((double)a[d] - (double)b[d], 2);
    return sum;
}

static void closest_points(void **state)
{
    (void)state;
    rig r = rig_open("cpu", 2, "hook_embed");
    float *E = embedding(&r);
    token_table *t;
    err e = {0};
    static float x[ROWS * D];
    static int32_t ids[ROWS * K];
    for (int d = 0; d < D; d++)
        E[30 * D + d] = 3 * E[20 * D + d]; /* the same cosine, another distance */
    memset(E + 7 * D, 0, D * sizeof *E);
    assert_int_equal(token_table_new(&t, r.model, r.tokenizer, NULL, &e), OK);
    t->block_ids = 33;
    rng s = rng_stream(3, "test_token_table");
    for (int i = 0; i < ROWS * D; i++)
        x[i] = (float)(t->rms * rng_normal(&s));
    memcpy(x, E + 20 * D, D * sizeof *x);
    memset(x + D, 0, D * sizeof *x);
    assert_int_equal(token_table_closest(ids, t, x, ROWS, K, &e), OK);
    assert_true(ids[0] == 20 && ids[K] == 7);
    for (int i = 0; i < ROWS; i++) {
        bool taken[256] = {false};
        for (int k = 0; k < K; k++) {
            double best = (double)INFINITY;
            for (int c = 0; c < t->n; c++)
                if (!taken[t->ids[c]])
                    best = fmin(best, distance(x + i * D, E + t->ids[c] * D));
            int32_t id = ids[i * K + k];
            assert_true(is_candidate(t, id) && !taken[id]);
            taken[id] = true;
            assert_true(fabs(distance(x + i * D, E + id * D) - best) < 1e-6 * best + 1e-12);
        }
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
    assert_int_equal(token_table_new(&t, r.model, r.tokenizer, NULL, &e), OK);
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
    assert_int_equal(token_table_new(&t, scaled, r.tokenizer, NULL, &e), OK);
    assert_int_equal(token_table_new(&plain, r.model, r.tokenizer, NULL, &e), OK);
    float x[D], y[D];
    token_table_row(x, t, 9);
    token_table_row(y, plain, 9);
    for (int d = 0; d < D; d++)
        assert_true(x[d] == 4 * y[d]);
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
        cmocka_unit_test(blocks_and_stored_types),
        cmocka_unit_test(ties_and_rows_without_direction),
        cmocka_unit_test(largest_dots),
        cmocka_unit_test(closest_points),
        cmocka_unit_test(as_many_as_there_are),
        cmocka_unit_test(rows_are_scaled_as_the_model_scales),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
