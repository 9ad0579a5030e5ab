/* Query and key heads on their own: their norm against its formula and finite differences, windows
 * of attention by what they must not see, columns there and back. On ref and on cpu. */
#include "base/memory.h"
#include "base/pool.h"
#include "common.h"
#include "compute/backend.h"
#include "test.h"
#include <math.h>
#include <string.h>

enum { B = 2, T = 9, H = 4, G = 2, K = 5, R = (H + 2 * G) * K, ROWS = B * T };
static const float EPS = 1e-3f;

static attention_shape shape_of(bool interleaved, int window)
{
    if (interleaved) /* G heads of each kind */
        return (attention_shape){.B = B,
                                 .T = T,
                                 .n_heads = G,
                                 .n_kv_heads = G,
                                 .d_head = K,
                                 .row = R,
                                 .k = K,
                                 .v = 2 * K,
                                 .q_stride = 3 * K,
                                 .kv_stride = 3 * K,
                                 .scale = 0.6f,
                                 .window = window};
    return (attention_shape){.B = B,
                             .T = T,
                             .n_heads = H,
                             .n_kv_heads = G,
                             .d_head = K,
                             .row = R,
                             .k = H * K,
                             .v = (H + G) * K,
                             .q_stride = K,
                             .kv_stride = K,
                             .scale = 0.6f,
                             .window = window};
}

/* Which gain is for this number of a row: 'q', 'k', or 0 for values and what lies between. */
static char kind_of(const attention_shape *s, int at)
{
    for (int h = 0; h < s->n_heads; h++)
        if (at >= s->q + h * s->q_stride && at < s->q + h * s->q_stride + K)
            return 'q';
    for (int g = 0; g < s->n_kv_heads; g++)
        if (at >= s->k + g * s->kv_stride && at < s->k + g * s->kv_stride + K)
            return 'k';
    return 0;
}

/* The formula, a number at a time: heads begin at multiples of K. */
static double normed(const attention_shape *s, const double *row, const double *q_gain,
                     const double *k_gain, int at)
{
    char kind = kind_of(s, at);
    double sum = 0;
    for (int d = 0; d < K; d++)
        sum += row[at / K * K + d] * row[at / K * K + d];
    if (!kind)
        return row[at];
    return row[at] / sqrt(sum / K + (double)EPS) * (kind == 'q' ? q_gain : k_gain)[at % K];
}

static void widen(double *to, const float *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] = (double)from[i];
}

/* sum(weight * output) with everything in double. */
static double total(const attention_shape *s, const double *x, const double *q_gain,
                    const double *k_gain, const float *weight)
{
    double sum = 0;
    for (int i = 0; i < ROWS * R; i++)
        sum += (double)weight[i] * normed(s, x + i / R * R, q_gain, k_gain, i % R);
    return sum;
}

typedef struct arrays {
    float *x, *q_gain, *k_gain, *weight, *out;
    double wide[ROWS * R + 2 * K]; /* x, then both gains */
} arrays;

static void check_slope(const char *what, const attention_shape *s, arrays *a, int at, float got)
{
    const double step = 1e-5;
    double side[2], kept = a->wide[at], *q = a->wide + ROWS * R, *k = q + K;
    for (int i = 0; i < 2; i++) {
        a->wide[at] = kept + (i ? -step : step);
        side[i] = total(s, a->wide, q, k, a->weight);
    }
    a->wide[at] = kept;
    double want = (side[0] - side[1]) / (2 * step);
    if (!(fabs((double)got - want) < 2e-5 * (fabs(want) + 1)))
        fail_msg("%s %d: %g, finite difference %g", what, at, (double)got, want);
}

static void check_norm(backend *be, const attention_shape *s, arrays *a)
{
    double *q = a->wide + ROWS * R, *k = q + K;
    widen(a->wide, a->x, ROWS * R);
    widen(q, a->q_gain, K);
    widen(k, a->k_gain, K);
    be->heads_rmsnorm_forward(be, a->out, a->x, s, a->q_gain, a->k_gain, EPS);
    for (int i = 0; i < ROWS * R; i++)
        assert_true(fabs((double)a->out[i] - normed(s, a->wide + i / R * R, q, k, i % R)) < 1e-5);
    float *d = copy_array(a->weight, ROWS * R), d_q[K] = {1}, d_k[K] = {0};
    be->heads_rmsnorm_backward(be, d, d_q, d_k, a->x, s, a->q_gain, a->k_gain, EPS);
    for (int i = 0; i < ROWS * R; i += 7)
        check_slope("number", s, a, i, d[i]);
    for (int i = 0; i < K; i++) {
        check_slope("query gain", s, a, ROWS * R + i, d_q[i] - (i ? 0 : 1)); /* added to */
        check_slope("key gain", s, a, ROWS * R + K + i, d_k[i]);
    }
    float *again = copy_array(a->weight, ROWS * R); /* gains' gradients are not wanted */
    be->heads_rmsnorm_backward(be, again, NULL, NULL, a->x, s, a->q_gain, a->k_gain, EPS);
    assert_memory_equal(again, d, ROWS * R * sizeof *d);
    mem_free(again);
    mem_free(d);
}

static void test_heads_norm(void **state)
{
    backend **be = *state;
    arrays *a = mem_small(1, sizeof *a);
    a->x = random_array(ROWS * R, 1, "x");
    a->q_gain = random_array(K, 1, "query gain");
    a->k_gain = random_array(K, 1, "key gain");
    a->weight = random_array(ROWS * R, 1, "weight");
    a->out = mem_small(ROWS * R, sizeof *a->out);
    for (int i = 0; i < 4; i++) {
        attention_shape s = shape_of(i % 2, 0);
        check_norm(be[i / 2], &s, a);
    }
    mem_free(a->x);
    mem_free(a->q_gain);
    mem_free(a->k_gain);
    mem_free(a->weight);
    mem_free(a->out);
    mem_free(a);
}

/* Key j is seen from i iff 0 <= i - j < window: other rows change nothing in z, and get no gradient
 * from it. */
static void check_window(backend *be, int window, int seen_from, int changed)
{
    attention_shape s = shape_of(false, window);
    float *qkv = random_array(ROWS * R, 1, "qkv"), *log_sum = mem_small(B * H * T, sizeof *log_sum);
    float *z[2], *d_z = mem_small(ROWS * H * K, sizeof *d_z), *d = copy_array(qkv, ROWS * R);
    for (int i = 0; i < 2; i++) {
        z[i] = mem_small(ROWS * H * K, sizeof **z);
        be->attention_forward(be, z[i], log_sum, qkv, &s);
        for (int c = H * K; c < R && !i; c++)
            qkv[changed * R + c] += 1;
    }
    bool seen = changed <= seen_from && (!window || seen_from - changed < window);
    const size_t bytes = H * K * sizeof(float);
    assert_true(seen == !!memcmp(z[0] + seen_from * H * K, z[1] + seen_from * H * K, bytes));
    for (int c = 0; c < H * K; c++)
        d_z[seen_from * H * K + c] = 1;
    be->attention_backward(be, d, d_z, log_sum, qkv, &s);
    double size = 0;
    for (int c = H * K; c < R; c++)
        size += fabs((double)d[changed * R + c]);
    assert_true(seen == (size > 0));
    mem_free(qkv);
    mem_free(log_sum);
    mem_free(z[0]);
    mem_free(z[1]);
    mem_free(d_z);
    mem_free(d);
}

static void test_windows(void **state)
{
    backend **be = *state;
    static const int windows[] = {0, 1, 2, 4, T - 1, T, T + 100};
    for (int b = 0; b < 2; b++)
        for (size_t w = 0; w < COUNT_OF(windows); w++)
            for (int i = 0; i < T; i++)
                for (int j = 0; j < T; j++)
                    check_window(be[b], windows[w], i, j);
}

static void test_columns_there_and_back(void **state)
{
    backend **be = *state;
    const int32_t columns[] = {7, 0, 3};
    enum { N = 40, C = 3, F = 9 };
    float *x = random_array(N * F, 1, "x"), *part = mem_small(N * C, sizeof *part);
    for (int b = 0; b < 2; b++) {
        float *y = mem_small(N * F, sizeof *y);
        be[b]->gather_columns(be[b], part, x, columns, N, F, C);
        be[b]->scatter_columns(be[b], y, part, columns, N, F, C);
        for (int i = 0; i < N * F; i++) {
            bool listed = i % F == 7 || i % F == 0 || i % F == 3;
            assert_true(y[i] == (listed ? x[i] : 0.0f));
        }
        mem_free(y);
    }
    mem_free(x);
    mem_free(part);
}

int main(void)
{
    backend *be[2] = {backend_ref()};
    pool *p = pool_new(2);
    err e;
    if (backend_cpu(&be[1], p, &e))
        return 1;
    void *state = be;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_heads_norm, state),
        cmocka_unit_test_prestate(test_windows, state),
        cmocka_unit_test_prestate(test_columns_there_and_back, state)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    backend_free(be[0]);
    backend_free(be[1]);
    pool_free(p);
    return failed;
}
