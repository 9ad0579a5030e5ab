/* What may share a call and must not be seen in the result: rows of a product, and sequences that
 * begin like others. */
#include "base/memory.h"
#include "common.h"
#include "common_operations.h"
#include "test.h"
#include <stdio.h>
#include <string.h>

/* Every row of n of them, wherever they are cut out, as it comes among all. In backend memory. */
static void check_cut(backend *be, const float *a, const float *b, const float *c, int most, int N,
                      int K, orientation tb, float beta)
{
    size_t all = (size_t)(most * N), ldb = (size_t)(tb == PLAIN ? N : K);
    float *there = be->alloc(be, all, sizeof *there, "products", &be->failure);
    be->copy(be, there, c, all * sizeof *there);
    be->gemm(be, there, N, a, K, PLAIN, b, (int)ldb, tb, most, N, K, 1, beta);
    float *whole = from_backend(be, there, all);
    for (int n = 1; n <= most; n += n < 60 ? 1 : 37) {
        int first = n * 7 % (most - n + 1);
        size_t cells = (size_t)(n * N);
        be->copy(be, there, ROW(c, first, N), cells * sizeof *there);
        be->gemm(be, there, N, ROW(a, first, K), K, PLAIN, b, (int)ldb, tb, n, N, K, 1, beta);
        float *part = from_backend(be, there, cells);
        if (memcmp(part, ROW(whole, first, N), cells * sizeof *part))
            fail_msg("%d x %d x %d: %d rows are not what they are among %d", most, N, K, n, most);
        mem_free(part);
    }
    mem_free(whole);
    be->free(be, there);
}

/* n random numbers in the backend's memory. */
static float *random_there(backend *be, int n, const char *stream)
{
    float *host = random_array((size_t)n, 1, stream);
    float *there = to_backend(be, host, (size_t)n * sizeof *host);
    mem_free(host);
    return there;
}

void check_company_of_rows(backend *be, int rows)
{
    static const int sizes[][2] = {{384, 128}, {128, 512}, {37, 19},  {8, 8},    {3, 5},
                                   {1, 128},   {500, 1},   {70, 700}, {1030, 24}};
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        int N = sizes[i][0], K = sizes[i][1];
        float *a = random_there(be, rows * K, "a"), *b = random_there(be, N * K, "b");
        float *c = random_there(be, rows * N, "c");
        for (int t = 0; t < 4; t++)
            check_cut(be, a, b, c, rows, N, K, t % 2 ? PLAIN : TRANSPOSED, t / 2 ? 1 : 0);
        be->free(be, a);
        be->free(be, b);
        be->free(be, c);
    }
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

/* Children from .. from + n - 1 into z; all arrays in the backend's memory. */
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

/* What a backend makes of the children together, or one by one. Owner: caller. */
static float *attended(backend *be, const int32_t *ids, size_t rows, const attention_shape *s,
                       bool together)
{
    size_t n = rows * (size_t)(s->n_heads * s->d_head);
    float *qkv = random_there(be, (int)rows * s->row, "qkv");
    float *parents = random_there(be, s->B * s->T * s->row, "parents");
    float *z = be->alloc(be, n, sizeof *z, "z", &be->failure);
    int32_t *ids_there = to_backend(be, ids, 3 * CHILDREN * sizeof *ids);
    if (together)
        attend(be, z, qkv, parents, ids_there, 0, CHILDREN, s);
    for (int c = CHILDREN - 1; c >= 0 && !together; c--)
        attend(be, z, qkv, parents, ids_there, c, 1, s);
    float *got = from_backend(be, z, n);
    be->free(be, ids_there);
    be->free(be, z);
    be->free(be, parents);
    be->free(be, qkv);
    return got;
}

static void check_shape(backend *ref, backend *be, const attention_shape *s)
{
    int32_t ids[3 * CHILDREN];
    size_t rows = (size_t)draw_children(ids, s), n = rows * (size_t)(s->n_heads * s->d_head);
    char what[64];
    float *want = attended(ref, ids, rows, s, true), *got = attended(be, ids, rows, s, true);
    float *alone = attended(be, ids, rows, s, false);
    snprintf(what, sizeof what, "children of %d heads, %d tokens", s->n_heads, s->T);
    check_close(what, got, want, n, 1e-5);
    assert_memory_equal(alone, got, n * sizeof *got);
    mem_free(want);
    mem_free(got);
    mem_free(alone);
}

void check_children(backend *ref, backend *be)
{
    for (int i = 0; i < (int)COUNT_OF(SHAPES); i++) {
        attention_shape plain = shape_of(i, false), interleaved = shape_of(i, true);
        check_shape(ref, be, &plain);
        if (plain.n_heads == plain.n_kv_heads)
            check_shape(ref, be, &interleaved);
    }
}
