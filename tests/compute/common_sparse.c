/* Sparse rows against the definition: the numbers above 0, block by block, row by row. */
#include "base/rng.h"
#include "common.h"
#include "common_operations.h"
#include "compute/sparse_rows.h"
#include "test.h"
#include <math.h>

/* Numbers of which so many of a thousand are above 0; others are 0, below, or no number. */
static float *random_sparse(size_t n, int per_thousand, const char *stream)
{
    static const float none[] = {0, -0.0f, -1, -INFINITY, NAN};
    float *x = mem_small(n, sizeof *x);
    rng r = rng_stream(1, stream);
    for (size_t i = 0; i < n; i++)
        x[i] = rng_below(&r, 1000) < (uint32_t)per_thousand ? (float)(0.1 + rng_uniform(&r))
                                                            : none[rng_below(&r, COUNT_OF(none))];
    if (per_thousand > 0)
        x[n / 2] = INFINITY;
    return x;
}

static void check_numbers(const char *name, const sparse_rows *s, const float *x_NF, int N, int F)
{
    int blocks = (F + SPARSE_BLOCK - 1) / SPARSE_BLOCK;
    assert_int_equal(s->N, N);
    assert_int_equal(s->blocks, blocks);
    for (int b = 0; b < blocks; b++)
        for (int row = 0; row < N; row++) {
            int n, found = 0;
            const sparse_number *number = sparse_row(&n, s, b, row);
            for (int f = b * SPARSE_BLOCK; f < (b + 1) * SPARSE_BLOCK && f < F; f++) {
                float want = ROW(x_NF, row, F)[f];
                if (!(want > 0))
                    continue;
                if (found == n || number[found].column != f || number[found].value != want)
                    fail_msg("%s: row %d of %d, column %d of %d is not there", name, row, N, f, F);
                found++;
            }
            assert_int_equal(found, n);
        }
}

static void check_size(backend *be, int most, int N, int F)
{
    static const int per_thousand[] = {0, 3, 1000, 0, 500}; /* more than were usual, and fewer */
    sparse_rows *s;
    err e;
    assert_int_equal(sparse_rows_new(&s, be, most, F, &e), OK);
    for (size_t i = 0; i < COUNT_OF(per_thousand); i++) {
        int rows = i % 2 ? N : most;
        size_t n = (size_t)rows * (size_t)F;
        float *x = random_sparse(n, per_thousand[i], "sparse");
        float *there = to_backend(be, x, n * sizeof *x);
        be->to_sparse(be, s, there, rows);
        assert_int_equal(sparse_rows_arrive(s, &e), OK);
        check_numbers(be->name, s, x, rows, F);
        be->free(be, there);
        mem_free(x);
    }
    sparse_rows_free(s);
}

/* What encode() gives, to the last bit. */
static void check_encoded(backend *be, int N, int D, int F, bool with_threshold)
{
    sparse_rows *s;
    err e;
    size_t cells = (size_t)N * (size_t)F;
    float *x = random_array((size_t)N * (size_t)D, 1, "sparse x");
    float *w = random_array((size_t)D * (size_t)F, 1, "sparse w");
    float *b = random_array((size_t)F, 1, "sparse b"),
          *threshold = random_array((size_t)F, 1, "limits");
    float *f = mem_small(cells, sizeof *f);
    float *x_there = to_backend(be, x, (size_t)N * (size_t)D * sizeof *x);
    float *w_there = to_backend(be, w, (size_t)D * (size_t)F * sizeof *w);
    float *b_there = to_backend(be, b, (size_t)F * sizeof *b);
    float *limit_there = to_backend(be, threshold, (size_t)F * sizeof *threshold);
    float *f_there = to_backend(be, f, cells * sizeof *f);
    const float *limit = with_threshold ? limit_there : NULL;
    be->encode(be, f_there, x_there, w_there, b_there, limit, N, D, F);
    be->download(be, f, f_there, cells * sizeof *f);
    assert_int_equal(sparse_rows_new(&s, be, N, F, &e), OK);
    be->encode_sparse(be, s, x_there, w_there, b_there, limit, N, D, F);
    assert_int_equal(sparse_rows_arrive(s, &e), OK);
    check_numbers(be->name, s, f, N, F);
    sparse_rows_free(s);
    float *there[] = {x_there, w_there, b_there, limit_there, f_there};
    float *here[] = {x, w, b, threshold, f};
    for (size_t i = 0; i < COUNT_OF(there); i++) {
        be->free(be, there[i]);
        mem_free(here[i]);
    }
}

/* Several on their way at a time, twice each: the first are read when the second have been asked
 * for. */
static void check_overlap(backend *be)
{
    enum { N = 6, F = 300, BUFFERS = 2, ROUNDS = 5 };
    sparse_rows *s[BUFFERS];
    float *x[ROUNDS], *there[ROUNDS];
    err e;
    for (int i = 0; i < BUFFERS; i++)
        assert_int_equal(sparse_rows_new(&s[i], be, N, F, &e), OK);
    for (int i = 0; i <= ROUNDS; i++) {
        if (i < ROUNDS) {
            x[i] = random_sparse(N * F, 100 + 200 * i % 500, i % 2 ? "odd" : "even");
            there[i] = to_backend(be, x[i], N * F * sizeof **x);
            be->to_sparse(be, s[i % BUFFERS], there[i], N);
        }
        if (i == 0)
            continue;
        assert_int_equal(sparse_rows_arrive(s[(i - 1) % BUFFERS], &e), OK);
        check_numbers(be->name, s[(i - 1) % BUFFERS], x[i - 1], N, F);
        be->free(be, there[i - 1]);
        mem_free(x[i - 1]);
    }
    for (int i = 0; i < BUFFERS; i++)
        sparse_rows_free(s[i]);
}

void check_sparse(const contenders *all)
{
    static const struct {
        int most, N, F;
    } sizes[] = {{1, 1, 1},      /* smallest legal */
                 {5, 3, 255},    /* one short block, no 16 bytes at once */
                 {4, 2, 256},    /* exactly a block */
                 {9, 7, 1030},   /* a last block of six columns */
                 {70, 64, 772},  /* many rows; 16 bytes at once in a short block */
                 {2, 1, 20011}}; /* more blocks than a warp has lanes */
    for (int b = 0; b < all->n; b++)
        for (size_t i = 0; i < COUNT_OF(sizes); i++)
            check_size(all->be[b], sizes[i].most, sizes[i].N, sizes[i].F);
    for (int b = 0; b < all->n; b++) {
        check_overlap(all->be[b]);
        check_encoded(all->be[b], 1, 1, 1, false);
        check_encoded(all->be[b], 7, 5, 300, true);
        check_encoded(all->be[b], 509, 33, 513,
                      false); /* more rows than a strip, blocks cut short */
        check_encoded(all->be[b], 3, 1100, 256, true); /* deeper than sums are long */
    }
    sparse_rows *none;
    err e = {0};
    assert_int_equal(sparse_rows_new(&none, all->be[0], 1 << 20, 1 << 20, &e), E_MEMORY);
    assert_null(none);
}
