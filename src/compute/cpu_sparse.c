/* The cpu backend: rows as their numbers above 0. A task owns a block of columns; what it encodes
 * goes to a strip that stays in its cache until it is packed. */
#include "compute/install.h"
#include "compute/sparse_rows.h"
#include "compute/tiles.h"
#include <stdbool.h>

enum {
    ROWS_AHEAD = 4,
    RUN = 16 /* numbers looked at together: mostly none is above 0 */
};

/* A block's part of a row lies far from that of the row before: the processor does not see it
 * coming. */
static void ask_for(const float *x, int n)
{
    enum { LINE = 16 };
    for (int i = 0; i < n; i += LINE)
        __builtin_prefetch(x + i);
}

static bool any_positive(const float x[RUN])
{
    int n = 0;
    for (int i = 0; i < RUN; i++)
        n |= x[i] > 0;
    return n;
}

/* n numbers of a row from column `first` on; returns the end of those above 0. Each is written, and
 * stays where it is above 0: there is no branch to be wrong about. */
static sparse_number *pack_row(sparse_number *to, const float *x, int first, int n)
{
    for (int at = 0; at < n; at += RUN) {
        int stop = n - at < RUN ? n : at + RUN;
        if (stop == at + RUN && !any_positive(x + at))
            continue;
        for (int i = at; i < stop; i++) {
            *to = (sparse_number){first + i, x[i]};
            to += x[i] > 0;
        }
    }
    return to;
}

static int block_width(const sparse_rows *s, int block)
{
    int first = block * SPARSE_BLOCK;
    return s->F - first < SPARSE_BLOCK ? s->F - first : SPARSE_BLOCK;
}

/* Rows first .. end-1 of a block, whose numbers lie `ld` from row to row from x on. The block's
 * rows come in order. */
static void pack_rows(sparse_rows *s, int block, const float *x, int ld, int first, int end)
{
    int width = block_width(s, block);
    uint32_t *start = ROW(s->start, block, s->N + 1), n = first ? start[first] : 0;
    for (int row = first; row < end; row++) {
        const float *x_row = ROW(x, row - first, ld);
        if (row + ROWS_AHEAD < end)
            ask_for(ROW(x_row, ROWS_AHEAD, ld), width);
        sparse_rows_reserve(s, block, (size_t)n + SPARSE_BLOCK);
        start[row] = n;
        sparse_number *to = s->numbers_B[block];
        n = (uint32_t)(pack_row(to + n, x_row, block * SPARSE_BLOCK, width) - to);
    }
    start[end] = n;
}

/* ---- of numbers that are there -----------------------------------------------------------------
 */

typedef struct pack_task {
    sparse_rows *to;
    const float *x_NF;
} pack_task;

static void pack_block(void *context, int block)
{
    const pack_task *t = context;
    pack_rows(t->to, block, t->x_NF + block * SPARSE_BLOCK, t->to->F, 0, t->to->N);
}

static void cpu_to_sparse(backend *be, sparse_rows *to, const float *x_NF, int N)
{
    pack_task t = {to, x_NF};
    to->N = N;
    pool_run(be->pool, to->blocks, pack_block, &t);
}

/* ---- of features -------------------------------------------------------------------------------
 */

enum { STRIP_ROWS = 504 }; /* of whole tiles */

typedef struct encode_task {
    sparse_rows *to;
    const float *x_ND, *w_DF, *b_F, *threshold_F;
    int D;
} encode_task;

static void encode_block(void *context, int block)
{
    const encode_task *t = context;
    sparse_rows *s = t->to;
    float strip[STRIP_ROWS * SPARSE_BLOCK] __attribute__((aligned(64)));
    int column = block * SPARSE_BLOCK;
    for (int first = 0; first < s->N; first += STRIP_ROWS) {
        int rows = s->N - first < STRIP_ROWS ? s->N - first : STRIP_ROWS;
        cpu_tiles(&(tile_product){
            .c = strip,
            .a = ROW(t->x_ND, first, t->D),
            .b = t->w_DF + column,
            .ldc = SPARSE_BLOCK,
            .lda = t->D,
            .ldb = s->F,
            .M = rows,
            .N = block_width(s, block),
            .K = t->D,
            .tb = PLAIN,
            .alpha = 1,
            .finish = {.bias_N = t->b_F + column,
                       .threshold_N = t->threshold_F ? t->threshold_F + column : NULL,
                       .encode = true}});
        pack_rows(s, block, strip, SPARSE_BLOCK, first, first + rows);
    }
}

static void cpu_encode_sparse(backend *be, sparse_rows *to, const float *x_ND, const float *w_DF,
                              const float *b_F, const float *threshold_F, int N, int D, int F)
{
    encode_task t = {
        .to = to, .x_ND = x_ND, .w_DF = w_DF, .b_F = b_F, .threshold_F = threshold_F, .D = D};
    (void)F; /* as many as `to` has room for */
    to->N = N;
    pool_run(be->pool, to->blocks, encode_block, &t);
}

void cpu_install_sparse(backend *be)
{
    be->to_sparse = cpu_to_sparse;
    be->encode_sparse = cpu_encode_sparse;
}
