/* The cpu backend: products of rows, a tile of the result in registers at a time.
 *
 * Libraries multiply the last few rows with other kernels than the rest, which add in another
 * order; a row then changes in its last bits with how many rows there are and where it stands. Here
 * every number of the result is the same sum in the same order: over k, in spans of DEPTH that are
 * added up. As in Goto, van de Geijn 2008 columns of b are laid out beside each other as the tile
 * reads them, but rows of a are read where they lie, which saves as much again when there are few.
 *
 * This file is compiled so that a product and its addition may become one instruction. */
#include "compute/cpu.h"
#include "compute/cpu_turn.h"
#include <string.h>

/* A tile's sums fill the registers but for a row of b and a number of a. */
#ifdef __AVX512F__
enum { WIDTH = 16, TILE_ROWS = 12 };
#else
enum { WIDTH = 8, TILE_ROWS = 6 };
#endif
enum {
    TILE_COLUMNS = 2 * WIDTH,
    DEPTH = 1024,
    PACKED = 65536 /* numbers of b laid out at a time: they and a tile's rows stay in a cache */
};

typedef float vector __attribute__((vector_size(WIDTH * sizeof(float))));
typedef float anywhere __attribute__((vector_size(WIDTH * sizeof(float)), aligned(sizeof(float))));

/* out = a b + bias (NULL: none) for TILE_ROWS rows of a and b [K, TILE_COLUMNS]. Not inlined: the
 * rows' addresses take all other registers. */
__attribute__((noinline)) static void tile(float *out, int ldout, const float *const a[TILE_ROWS],
                                           const float *b, int K, const float *bias)
{
    vector sum[TILE_ROWS][2] = {{{0}}};
    const float *row[TILE_ROWS];
#pragma GCC unroll 16
    for (int r = 0; r < TILE_ROWS; r++)
        row[r] = a[r];
    for (int k = 0; k < K; k++) {
        const vector *b_k = (const vector *)ROW(b, k, TILE_COLUMNS);
        vector left = b_k[0], right = b_k[1];
#pragma GCC unroll 16
        for (int r = 0; r < TILE_ROWS; r++) {
            float x = row[r][k];
            sum[r][0] += x * left;
            sum[r][1] += x * right;
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < TILE_ROWS; r++) {
        anywhere *out_r = (anywhere *)ROW(out, r, ldout);
        const anywhere *add = (const anywhere *)bias;
        out_r[0] = bias ? sum[r][0] + add[0] : sum[r][0];
        out_r[1] = bias ? sum[r][1] + add[1] : sum[r][1];
    }
}

/* c = alpha sum + beta c + bias (NULL: none) for the rows and columns that are there. */
static void put_tile(const tile_product *p, float *c, const float *sum, int rows, int columns,
                     float beta, const float *bias)
{
    for (int r = 0; r < rows; r++) {
        float *c_r = ROW(c, r, p->ldc);
        const float *sum_r = ROW(sum, r, TILE_COLUMNS);
        for (int j = 0; j < columns; j++)
            c_r[j] = beta == 0.0f ? p->alpha * sum_r[j] : beta * c_r[j] + p->alpha * sum_r[j];
        for (int j = 0; j < columns && bias; j++)
            c_r[j] += bias[j];
    }
}

/* The same for all columns of a tile, which are most. */
static void put_whole_tile(const tile_product *p, float *c, const float *sum, int rows, float beta,
                           const float *bias)
{
    for (int r = 0; r < rows; r++) {
        anywhere *c_r = (anywhere *)ROW(c, r, p->ldc);
        const vector *sum_r = (const vector *)ROW(sum, r, TILE_COLUMNS);
        vector left = p->alpha * sum_r[0], right = p->alpha * sum_r[1];
        left = beta == 0.0f ? left : beta * c_r[0] + left;
        right = beta == 0.0f ? right : beta * c_r[1] + right;
        c_r[0] = bias ? left + ((const anywhere *)bias)[0] : left;
        c_r[1] = bias ? right + ((const anywhere *)bias)[1] : right;
    }
}

/* What was summed for columns from `first` on, and stored there before, to features. */
static inline void encode_tile(const tile_product *p, float *c, int first, const float *sum,
                               int rows, int columns, float beta)
{
    const float *bias = p->finish.bias_N + first, *threshold = p->finish.threshold_N;
    float limit[TILE_COLUMNS] = {0};
    for (int j = 0; j < columns && threshold; j++)
        limit[j] = threshold[first + j] > 0 ? threshold[first + j] : 0;
    for (int r = 0; r < rows; r++) {
        float *c_r = ROW(c, r, p->ldc);
        const float *sum_r = ROW(sum, r, TILE_COLUMNS);
        for (int j = 0; j < columns; j++) {
            float x = (beta == 0.0f ? sum_r[j] : c_r[j] + sum_r[j]) + bias[j];
            c_r[j] = x > limit[j] ? x : 0;
        }
    }
}

/* A tile's sums to where they belong: rows and columns there are, `beta` of this span. */
static void finish_tile(const tile_product *p, float *c, int first, const float *sum, int rows,
                        int columns, float beta, bool last)
{
    bool whole = columns == TILE_COLUMNS, encode = last && p->finish.encode;
    const float *bias = last && p->finish.bias_N ? p->finish.bias_N + first : NULL;
    if (encode && whole)
        encode_tile(p, c, first, sum, rows, TILE_COLUMNS, beta); /* a number that is known */
    else if (encode)
        encode_tile(p, c, first, sum, rows, columns, beta);
    else if (whole)
        put_whole_tile(p, c, sum, rows, beta, bias);
    else
        put_tile(p, c, sum, rows, columns, beta, bias);
}

/* ---- laying out b ------------------------------------------------------------------------------
 */

/* Column j of op(b) goes to tile j / TILE_COLUMNS, depth x TILE_COLUMNS numbers each; 0 in columns
 * of the last tile that are not there. Here op(b)[k][j] = b[j][k]. */
static void lay_turned(float *packed, const float *b, int ldb, int n, int depth)
{
    int whole = n / SQUARE * SQUARE, whole_depth = depth / SQUARE * SQUARE;
    int last = (n + TILE_COLUMNS - 1) / TILE_COLUMNS * TILE_COLUMNS;
    for (int j = 0; j < last; j++) {
        float *to = ROW(packed, j / TILE_COLUMNS * TILE_COLUMNS, depth) + j % TILE_COLUMNS;
        if (j < whole && j % SQUARE == 0) {
            const float *rows[SQUARE];
            for (int i = 0; i < SQUARE; i++)
                rows[i] = ROW(b, j + i, ldb);
            for (int k = 0; k < whole_depth; k += SQUARE)
                turn_square(ROW(to, k, TILE_COLUMNS), TILE_COLUMNS, rows, k);
        }
        for (int k = j < whole ? whole_depth : 0; k < depth; k++)
            *ROW(to, k, TILE_COLUMNS) = j < n ? ROW(b, j, ldb)[k] : 0;
    }
}

/* The same for op(b)[k][j] = b[k][j]. Of each row only a few hundred numbers are wanted, too few
 * for the processor to see a stream in them: those of rows to come are asked for by hand. */
static void lay_plain(float *packed, const float *b, int ldb, int n, int depth)
{
    enum { ROWS_AHEAD = 8 };
    int whole = n / TILE_COLUMNS * TILE_COLUMNS;
    for (int k = 0; k < depth; k++) {
        const float *from = ROW(b, k, ldb);
        const float *ahead = ROW(b, k + ROWS_AHEAD < depth ? k + ROWS_AHEAD : k, ldb);
        for (int j = 0; j < whole; j += TILE_COLUMNS) {
            __builtin_prefetch(ahead + j);
            memcpy(ROW(packed, j, depth) + (size_t)k * TILE_COLUMNS, from + j,
                   TILE_COLUMNS * sizeof *from);
        }
        float *last = ROW(packed, whole, depth) + (size_t)k * TILE_COLUMNS;
        for (int j = whole; j < n || j % TILE_COLUMNS; j++)
            last[j - whole] = j < n ? from[j] : 0;
    }
}

/* ---- a product ----------------------------------------------------------------------------------
 */

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* All rows with these columns. */
static void multiply_columns(const float *packed, const tile_product *p, int first, int n, int from,
                             int depth)
{
    float sum[TILE_ROWS * TILE_COLUMNS] __attribute__((aligned(64)));
    float beta = from ? 1 : p->beta;
    bool last = from + depth == p->K;
    const float *bias = last && p->finish.bias_N ? p->finish.bias_N + first : NULL;
    /* Whole tiles that only a bias is added to go where they belong at once. */
    bool plain = p->alpha == 1.0f && beta == 0.0f && !(last && p->finish.encode);
    for (int i = 0; i < p->M; i += TILE_ROWS) {
        int rows = least(TILE_ROWS, p->M - i);
        const float *a[TILE_ROWS];
        for (int r = 0; r < TILE_ROWS; r++) /* rows that are not there: the first again, unused */
            a[r] = ROW(p->a, i + (r < rows ? r : 0), p->lda) + from;
        for (int j = 0; j < n; j += TILE_COLUMNS) {
            float *c = ROW(p->c, i, p->ldc) + first + j;
            int columns = least(TILE_COLUMNS, n - j);
            for (int r = 0; r < rows; r++) /* what is stored to is in a cache when the sums are */
                __builtin_prefetch(ROW(c, r, p->ldc), 1);
            if (plain && rows == TILE_ROWS && columns == TILE_COLUMNS) {
                tile(c, p->ldc, a, ROW(packed, j, depth), depth, bias ? bias + j : NULL);
                continue;
            }
            tile(sum, TILE_COLUMNS, a, ROW(packed, j, depth), depth, NULL);
            finish_tile(p, c, first + j, sum, rows, columns, beta, last);
        }
    }
}

void cpu_tiles(const tile_product *p)
{
    float packed[PACKED] __attribute__((aligned(64)));
    for (int from = 0; from == 0 || from < p->K; from += DEPTH) {
        int depth = least(DEPTH, p->K - from);
        int group = depth ? PACKED / depth / TILE_COLUMNS * TILE_COLUMNS : p->N;
        for (int first = 0; first < p->N; first += group) {
            int n = least(group, p->N - first);
            if (p->tb == PLAIN)
                lay_plain(packed, ROW(p->b, from, p->ldb) + first, p->ldb, n, depth);
            else
                lay_turned(packed, ROW(p->b, first, p->ldb) + from, p->ldb, n, depth);
            multiply_columns(packed, p, first, n, from, depth);
        }
    }
}
