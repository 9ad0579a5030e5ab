/* The sparse products against dense loops, and the selection against sorting. */
#include "test.h"

#include "base/memory.h"
#include "base/rng.h"
#include "train/sparse_batch.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int descending(const void *a, const void *b)
{
    float p = *(const float *)a, q = *(const float *)b;
    return (p < q) - (p > q);
}

static void random_matrix(float *x, size_t n, uint64_t seed, double shift)
{
    rng r = rng_stream(seed, "test_sparse_batch");
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(rng_normal(&r) + shift);
}

/* Both indexes list the same entries, each in its order. */
static void check_indexes(const sparse_batch *b)
{
    int n = b->row_start_N[b->N];
    assert_int_equal(b->feature_start_F[b->F], n);
    for (int row = 0; row < b->N; row++)
        for (int i = b->row_start_N[row]; i < b->row_start_N[row + 1]; i++) {
            assert_int_equal(b->row[i], row);
            if (i > b->row_start_N[row])
                assert_true(b->feature[i] > b->feature[i - 1]);
        }
    for (int f = 0; f < b->F; f++)
        for (int j = b->feature_start_F[f]; j < b->feature_start_F[f + 1]; j++) {
            assert_int_equal(b->feature[b->by_feature[j]], f);
            if (j > b->feature_start_F[f])
                assert_true(b->by_feature[j] > b->by_feature[j - 1]);
        }
}

static const struct {
    int N, F, k_total;
    double shift;
    float guess;
} cases[] = {
    {1, 8, 3, 0, 0},          /* one row */
    {70, 50, 200, 0, 0},      /* rows in several blocks */
    {70, 50, 200, 0, 1.0f},   /* a guess below the threshold: the same result */
    {70, 50, 200, 0, 99.0f},  /* a guess far above it: searched again */
    {40, 30, 900, -1.0, 0},   /* fewer positive values than k */
    {33, 20, 10, -9.0, 0.5f}, /* nothing positive at all */
};

static void test_batch_top_k(void **state)
{
    (void)state;
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        int N = cases[c].N, F = cases[c].F, k = cases[c].k_total;
        size_t n = (size_t)N * (size_t)F;
        err e = {0};
        sparse_batch b;
        assert_int_equal(sparse_batch_make(&b, N, F, k, &e), OK);
        float *pre = mem_small(n, sizeof *pre), *sorted = mem_small(n, sizeof *sorted);
        random_matrix(pre, n, c, cases[c].shift);
        memcpy(sorted, pre, n * sizeof *pre);
        qsort(sorted, n, sizeof *sorted, descending);
        int expected = 0;
        while (expected < k && sorted[expected] > 0)
            expected++;
        pool *p = pool_new(2);
        float threshold = sparse_batch_top_k(&b, pre, N, k, cases[c].guess, p);
        assert_int_equal(b.row_start_N[N], expected);
        assert_true(threshold == (expected ? sorted[expected - 1] : 0));
        for (int i = 0; i < expected; i++) {
            assert_true(b.value[i] >= threshold);
            assert_true(b.value[i] == ROW(pre, b.row[i], F)[b.feature[i]]);
        }
        check_indexes(&b);
        pool_free(p);
        mem_free(sorted);
        mem_free(pre);
        sparse_batch_release(&b);
    }
}

/* Equal values at the threshold: as many as there is room for, the first in row order. */
static void test_ties(void **state)
{
    (void)state;
    float pre[] = {1, 2, 1, 1, 2, 1};
    err e = {0};
    sparse_batch b;
    assert_int_equal(sparse_batch_make(&b, 2, 3, 4, &e), OK);
    assert_true(sparse_batch_top_k(&b, pre, 2, 4, 0, NULL) == 1);
    int rows[] = {0, 0, 0, 1}, features[] = {0, 1, 2, 1};
    assert_memory_equal(b.row, rows, sizeof rows);
    assert_memory_equal(b.feature, features, sizeof features);
    sparse_batch_release(&b);
}

static void test_rows_top_k(void **state)
{
    (void)state;
    enum { N = 40, F = 30, LISTED = 11, K = 4 };
    int features[LISTED];
    for (int i = 0; i < LISTED; i++)
        features[i] = 2 * i + 3;
    float pre[N * F];
    random_matrix(pre, N * F, 5, -0.3);
    pre[0 * F + 5] = NAN; /* never chosen, never counted */
    err e = {0};
    sparse_batch b;
    assert_int_equal(sparse_batch_make(&b, N, F, N * K, &e), OK);
    sparse_rows_top_k(&b, pre, N, features, LISTED, K, NULL);
    check_indexes(&b);
    for (int n = 0; n < N; n++) {
        float best[LISTED];
        int positive = 0;
        for (int i = 0; i < LISTED; i++)
            if (ROW(pre, n, F)[features[i]] > 0)
                best[positive++] = ROW(pre, n, F)[features[i]];
        qsort(best, (size_t)positive, sizeof *best, descending);
        int expected = positive < K ? positive : K;
        assert_int_equal(b.row_start_N[n + 1] - b.row_start_N[n], expected);
        for (int i = b.row_start_N[n]; i < b.row_start_N[n + 1]; i++)
            assert_true(b.value[i] >= best[expected - 1]);
    }
    sparse_batch_release(&b);
}

static void test_products(void **state)
{
    (void)state;
    enum { N = 37, F = 70, D = 19, K = 150 };
    static float pre[N * F], w[F * D], bias[D], d_y[N * D], x[N * D], y[N * D];
    static float d_dec[F * D], d_enc[F * D], d_bias[F], dense[N * F], d_dense[N * F];
    random_matrix(pre, N * F, 1, 0);
    random_matrix(w, F * D, 2, 0);
    random_matrix(bias, D, 3, 0);
    random_matrix(d_y, N * D, 4, 0);
    random_matrix(x, N * D, 6, 0);
    err e = {0};
    sparse_batch b;
    pool *p = pool_new(2);
    assert_int_equal(sparse_batch_make(&b, N, F, K, &e), OK);
    sparse_batch_top_k(&b, pre, N, K, 0, p);
    sparse_decode(y, &b, w, bias, D, p);
    sparse_decode_backward(&b, w, d_y, D, p);
    sparse_weight_gradients(d_dec, d_enc, d_bias, &b, d_y, x, D, p);
    for (int i = 0; i < K; i++) {
        dense[b.row[i] * F + b.feature[i]] = b.value[i];
        double dot = 0;
        for (int d = 0; d < D; d++)
            dot += (double)w[b.feature[i] * D + d] * (double)d_y[b.row[i] * D + d];
        assert_true(fabs((double)b.d_value[i] - dot) < 1e-5);
        d_dense[b.row[i] * F + b.feature[i]] = (float)dot;
    }
    for (int n = 0; n < N; n++)
        for (int d = 0; d < D; d++) {
            double sum = (double)bias[d];
            for (int f = 0; f < F; f++)
                sum += (double)dense[n * F + f] * (double)w[f * D + d];
            assert_true(fabs((double)y[n * D + d] - sum) < 1e-5);
        }
    for (int f = 0; f < F; f++)
        for (int d = 0; d < D; d++) {
            double dec = 0, enc = 0;
            for (int n = 0; n < N; n++) {
                dec += (double)dense[n * F + f] * (double)d_y[n * D + d];
                enc += (double)d_dense[n * F + f] * (double)x[n * D + d];
            }
            assert_true(fabs((double)d_dec[f * D + d] - dec) < 1e-4);
            assert_true(fabs((double)d_enc[f * D + d] - enc) < 1e-4);
        }
    pool_free(p);
    sparse_batch_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_batch_top_k),
        cmocka_unit_test(test_ties),
        cmocka_unit_test(test_rows_top_k),
        cmocka_unit_test(test_products),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
