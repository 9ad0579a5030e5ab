/* What may share a call and must not be seen in the result: rows of a product, and sequences that
 * begin like others, whose attention is compared with the reference's. */
#include "base/memory.h"
#include "base/pool.h"
#include "common.h"
#include "compute/backend.h"
#include "test.h"
#include <stdio.h>
#include <string.h>

/* Every row of n of them, wherever they are cut out, as it comes among all. */
static void check_rows(backend *be, const float *a, const float *b, const float *c, int most, int N,
                       int K, orientation tb, float beta)
{
    size_t all = (size_t)(most * N), ldb = (size_t)(tb == PLAIN ? N : K);
    float *whole = copy_array(c, all), *part = mem_small(all, sizeof *part);
    be->gemm(be, whole, N, a, K, PLAIN, b, (int)ldb, tb, most, N, K, 1, beta);
    for (int n = 1; n <= most; n += n < 60 ? 1 : 37) {
        int first = n * 7 % (most - n + 1);
        memcpy(part, ROW(c, first, N), (size_t)(n * N) * sizeof *part);
        be->gemm(be, part, N, ROW(a, first, K), K, PLAIN, b, (int)ldb, tb, n, N, K, 1, beta);
        if (memcmp(part, ROW(whole, first, N), (size_t)(n * N) * sizeof *part))
            fail_msg("%d x %d x %d: %d rows are not what they are among %d", most, N, K, n, most);
    }
    mem_free(whole);
    mem_free(part);
}

static void test_gemm_rows_depend_on_no_other(void **state)
{
    (void)state;
    static const int sizes[][2] = {{384, 128}, {128, 512}, {37, 19},  {8, 8},    {3, 5},
                                   {1, 128},   {500, 1},   {70, 700}, {1030, 24}};
    enum { ROWS = 400 };
    pool *p = pool_new(3);
    backend *be;
    err e;
    assert_int_equal(backend_cpu(&be, p, &e), OK);
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        int N = sizes[i][0], K = sizes[i][1];
        float *a = random_array((size_t)(ROWS * K), 1, "a");
        float *b = random_array((size_t)(N * K), 1, "b");
        float *c = random_array((size_t)(ROWS * N), 1, "c");
        for (int t = 0; t < 4; t++)
            check_rows(be, a, b, c, ROWS, N, K, t % 2 ? PLAIN : TRANSPOSED, t / 2 ? 1 : 0);
        mem_free(a);
        mem_free(b);
        mem_free(c);
    }
    backend_free(be);
    pool_free(p);
}

enum { CHILDREN = 7 };

static const attention_shape SHAPES[] = {
    {.B = 1, .T = 1, .n_heads = 1, .n_kv_heads = 1, .d_head = 2},
    {.B = 2, .T = 70, .n_heads = 3, .n_kv_heads = 3, .d_head = 8},
    {.B = 3, .T = 65, .n_heads = 4, .n_kv_heads = 2, .d_head = 6}, /* shared keys */
    {.B = 2, .T = 66, .n_heads = 4, .n_kv_heads = 1, .d_head = 5, .softcap = 0.8f},
    {.B = 1, .T = 90, .n_heads = 2, .n_kv_heads = 2, .d_head = 4, .window = 13},
    {.B = 1, .T = 300, .n_heads = 2, .n_kv_heads = 1, .d_head = 4}, /* tiles of fewer queries */
    {.B = 2, .T = 11, .n_heads = 2, .n_kv_heads = 2, .d_head = 72, .window = 5}, /* two depths */
};

static attention_shape shape_of(int i, bool interleaved)
{
    attention_shape s = SHAPES[i];
    int K = s.d_head, Z = s.n_heads * K, G = s.n_kv_heads * K;
    s.row = Z + 2 * G;
    s.scale = 1.5f / (float)K;
    s.k = interleaved ? K : Z;
    s.v = interleaved ? 2 * K : Z + G;
    s.q_stride = s.kv_stride = interleaved ? 3 * K : K;
    return s;
}

/* Parents, first positions and first rows of beginnings of any length, several of a parent. Returns
 * the rows in all. */
static int draw_children(int32_t *ids, const attention_shape *s)
{
    int rows = 0;
    for (int c = 0; c < CHILDREN; c++) {
        ids[c] = (c + 1) * 5 % s->B;
        ids[CHILDREN + c] = c == 1 ? 0 : c == 2 ? s->T - 1 : c * 31 % s->T;
        ids[2 * CHILDREN + c] = rows;
        rows += s->T - ids[CHILDREN + c];
    }
    return rows;
}

static void attend(backend *be, float *z, const float *qkv, const float *parents,
                   const int32_t *ids, int from, int n, const attention_shape *s)
{
    attention_children c = {.C = n,
                            .parent_C = ids + from,
                            .first_C = ids + CHILDREN + from,
                            .start_C = ids + 2 * CHILDREN + from,
                            .parent_qkv_BTR = parents};
    be->attention_children(be, z, qkv, &c, s);
}

static void check_shape(backend *ref, backend *cpu, const attention_shape *s)
{
    int32_t ids[3 * CHILDREN];
    size_t rows = (size_t)draw_children(ids, s), R = (size_t)s->row;
    size_t n = rows * (size_t)(s->n_heads * s->d_head);
    char what[64];
    float *qkv = random_array(rows * R, 1, "qkv");
    float *parents = random_array((size_t)(s->B * s->T) * R, 1, "parents");
    float *want = mem_small(n, sizeof *want), *got = mem_small(n, sizeof *got);
    float *alone = mem_small(n, sizeof *alone);
    attend(ref, want, qkv, parents, ids, 0, CHILDREN, s);
    attend(cpu, got, qkv, parents, ids, 0, CHILDREN, s);
    for (int c = CHILDREN - 1; c >= 0; c--)
        attend(cpu, alone, qkv, parents, ids, c, 1, s);
    snprintf(what, sizeof what, "children of %d heads, %d tokens", s->n_heads, s->T);
    check_close(what, got, want, n, 1e-5);
    assert_memory_equal(alone, got, n * sizeof *got);
    mem_free(qkv);
    mem_free(parents);
    mem_free(want);
    mem_free(got);
    mem_free(alone);
}

static void test_attention_children(void **state)
{
    (void)state;
    pool *p = pool_new(3);
    backend *ref = backend_ref(), *cpu;
    err e;
    assert_int_equal(backend_cpu(&cpu, p, &e), OK);
    for (int i = 0; i < (int)COUNT_OF(SHAPES); i++) {
        attention_shape plain = shape_of(i, false), interleaved = shape_of(i, true);
        check_shape(ref, cpu, &plain);
        if (plain.n_heads == plain.n_kv_heads)
            check_shape(ref, cpu, &interleaved);
    }
    backend_free(ref);
    backend_free(cpu);
    pool_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_gemm_rows_depend_on_no_other),
                                       cmocka_unit_test(test_attention_children)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
