/* Whitened coordinates against the covariance by its definition. */
#include "test.h"

#include "base/memory.h"
#include "base/rng.h"
#include "features/common_rig.h"
#include "invert/whitening.h"
#include <math.h>
#include <string.h>

enum { D = RIG_D };

typedef struct bench {
    rig rig;
    token_table *table;
    whitening *w;
} bench;

static void bench_open(bench *b, const char *backend_name, int threads)
{
    err e = {0};
    *b = (bench){.rig = rig_open(backend_name, threads, "hook_embed")};
    float *E = model_embedding(b->rig.model)->value;
    for (int id = 0; id < b->rig.n_tokens; id++) /* off centre and not round */
        for (int d = 0; d < D; d++)
            E[id * D + d] = E[id * D + d] * (1 + (float)d) + E[id * D + (d + 1) % D] + 0.1f;
    assert_int_equal(token_table_new(&b->table, b->rig.model, b->rig.tokenizer, NULL, &e), OK);
    if (whitening_new(&b->w, b->table, &e))
        fail_msg("%s", e.text);
}

static void bench_close(bench *b)
{
    whitening_free(b->w);
    token_table_free(b->table);
    rig_close(&b->rig);
}

static void define(double mean_D[D], double sigma_DD[D * D], const token_table *t)
{
    float row[D];
    memset(mean_D, 0, D * sizeof *mean_D);
    memset(sigma_DD, 0, (size_t)D * D * sizeof *sigma_DD);
    for (int i = 0; i < t->n; i++) {
        token_table_row(row, t, t->ids[i]);
        for (int d = 0; d < D; d++)
            mean_D[d] += (double)row[d] / t->n;
    }
    for (int i = 0; i < t->n; i++) {
        token_table_row(row, t, t->ids[i]);
        for (int a = 0; a < D; a++)
            for (int b = 0; b < D; b++)
                sigma_DD[a * D + b] +=
                    ((double)row[a] - mean_D[a]) * ((double)row[b] - mean_D[b]) / t->n;
    }
}

static void the_factor_is_that_of_the_covariance(void **state)
{
    (void)state;
    static const char *const backends[] = {"ref", "cpu"};
    for (int k = 0; k < 2; k++) {
        bench b;
        double mean[D], sigma[D * D], trace = 0;
        bench_open(&b, backends[k], 2);
        define(mean, sigma, b.table);
        for (int d = 0; d < D; d++)
            trace += sigma[d * D + d];
        for (int i = 0; i < D; i++) {
            assert_true(fabs(b.w->mean_D[i] - mean[i]) < 1e-9);
            for (int j = 0; j < D; j++) {
                double product = 0;
                for (int m = 0; m < D; m++)
                    product += b.w->c_DD[i * D + m] * b.w->c_DD[j * D + m];
                double want = sigma[i * D + j] + (i == j ? 1e-6 * trace / D : 0);
                assert_true(fabs(product - want) < 1e-6 * trace / D);
                assert_true(j <= i || b.w->c_DD[i * D + j] == 0);
            }
        }
        bench_close(&b);
    }
}

static void there_and_back(void **state)
{
    (void)state;
    enum { N = 5 };
    bench b;
    float y[N * D], x[N * D], again[D], d_x[N * D], d_y[N * D];
    bench_open(&b, "cpu", 1);
    rng r = rng_stream(1, "test_whitening");
    for (int i = 0; i < N * D; i++) {
        y[i] = (float)rng_normal(&r);
        d_x[i] = (float)rng_normal(&r);
    }
    whitening_points(x, b.w, y, N);
    whitening_gradient(d_y, b.w, d_x, N);
    for (int n = 0; n < N; n++) {
        double at_x = 0, at_y = 0;
        whitening_inverse(again, b.w, x + n * D);
        for (int d = 0; d < D; d++) {
            assert_true(fabsf(again[d] - y[n * D + d]) < 1e-3f);
            at_x += ((double)x[n * D + d] - b.w->mean_D[d]) * (double)d_x[n * D + d];
            at_y += (double)y[n * D + d] * (double)d_y[n * D + d];
        }
        assert_true(fabs(at_x - at_y) < 1e-4 * (1 + fabs(at_x)));
    }
    bench_close(&b);
}

/* 99 of 100 tokens lie within the radius, and all of them are a unit cloud. */
static void tokens_are_a_round_cloud(void **state)
{
    (void)state;
    bench b;
    bench_open(&b, "ref", 1);
    int inside = 0, n = b.table->n;
    double squares = 0;
    for (int i = 0; i < n; i++) {
        float y[D];
        double norm = 0;
        token_table_row(y, b.table, b.table->ids[i]);
        whitening_inverse(y, b.w, y);
        for (int d = 0; d < D; d++)
            norm += (double)y[d] * (double)y[d];
        squares += norm;
        inside += sqrt(norm) <= b.w->radius;
    }
    assert_int_equal(inside, (int)ceil(0.99 * n));
    assert_true(fabs(squares / (n * D) - 1) < 1e-3);
    bench_close(&b);
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    bench b[2];
    for (int t = 0; t < 2; t++)
        bench_open(&b[t], "cpu", t + 1);
    assert_memory_equal(b[0].w->c_DD, b[1].w->c_DD, D * D * sizeof(double));
    assert_true(b[0].w->radius == b[1].w->radius);
    for (int t = 0; t < 2; t++)
        bench_close(&b[t]);
}

static void embeddings_that_cannot_be_whitened(void **state)
{
    (void)state;
    rig r = rig_open("ref", 1, "hook_embed");
    token_table *t;
    whitening *w;
    err e = {0};
    float *E = model_embedding(r.model)->value;
    assert_int_equal(token_table_new(&t, r.model, r.tokenizer, NULL, &e), OK);
    for (int i = 0; i < r.n_tokens * D; i++)
        E[i] = 0; /* one point */
    assert_int_equal(whitening_new(&w, t, &e), E_NUMERIC);
    assert_non_null(strstr(e.text, "covariance"));
    E[5 * D] = (float)NAN;
    assert_int_equal(whitening_new(&w, t, &e), E_NUMERIC);
    whitening_free(NULL);
    token_table_free(t);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_factor_is_that_of_the_covariance),
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(tokens_are_a_round_cloud),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(embeddings_that_cannot_be_whitened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
