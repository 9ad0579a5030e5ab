/* The cpu backend: rows as their numbers above 0. A task owns a block of columns. */
#include "compute/install.h"
#include "compute/sparse_rows.h"
#include <stdbool.h>

enum {
    ROWS_AHEAD = 4,
    RUN = 16 /* numbers looked at together: mostly none is above 0 */
};

typedef struct sparse_task {
    sparse_rows *to;
    const float *x_NF;
} sparse_task;

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

/* Columns first .. end-1 of a row; returns the end of their numbers. Each is written, and stays
 * where it is above 0: there is no branch to be wrong about. */
static sparse_number *pack_row(sparse_number *to, const float *row_F, int first, int end)
{
    for (int f = first; f < end; f += RUN) {
        int stop = end - f < RUN ? end : f + RUN;
        if (stop == f + RUN && !any_positive(row_F + f))
            continue;
        for (int i = f; i < stop; i++) {
            *to = (sparse_number){i, row_F[i]};
            to += row_F[i] > 0;
        }
    }
    return to;
}

static void pack_block(void *context, int b)
{
    const sparse_task *t = context;
    sparse_rows *s = t->to;
    int first = b * SPARSE_BLOCK, end = s->F - first < SPARSE_BLOCK ? s->F : first + SPARSE_BLOCK;
    uint32_t *start = ROW(s->start, b, s->N + 1), n = 0;
    for (int row = 0; row < s->N; row++) {
        const float *row_F = ROW(t->x_NF, row, s->F);
        if (row + ROWS_AHEAD < s->N)
            ask_for(ROW(row_F, ROWS_AHEAD, s->F) + first, end - first);
        sparse_rows_reserve(s, b, (size_t)n + SPARSE_BLOCK);
        start[row] = n;
        n = (uint32_t)(pack_row(s->numbers_B[b] + n, row_F, first, end) - s->numbers_B[b]);
    }
    start[s->N] = n;
}

static void cpu_to_sparse(backend *be, sparse_rows *to, const float *x_NF, int N)
{
    sparse_task t = {to, x_NF};
    to->N = N;
    pool_run(be->pool, to->blocks, pack_block, &t);
}

void cpu_install_sparse(backend *be)
{
    be->to_sparse = cpu_to_sparse;
}
