/* Rows that are mostly 0, as their numbers above 0: what an SAE's activations are gone through as.
 */
#ifndef COMPUTE_SPARSE_ROWS_H
#define COMPUTE_SPARSE_ROWS_H
#include "base/memory.h"
#include "compute/backend.h"

/* Columns are cut into blocks of so many, the last may be short: a block's numbers lie together, so
 * that a thread that owns a block of features reads nobody else's. */
enum { SPARSE_BLOCK = 256 };

typedef struct sparse_number {
    int32_t column;
    float value; /* above 0, infinity too */
} sparse_number;

/* Filled by be->to_sparse() or encode_sparse(); read with sparse_row() after sparse_rows_arrive().
 */
struct sparse_rows {
    backend *be;
    int F, blocks, most_rows; /* room */
    int N;                    /* rows that it holds */
    /* Ordinary memory. Row n of block b is numbers_B[b][i], start[b][n] <= i < start[b][n + 1], the
     * columns ascending. */
    uint32_t *start;
    sparse_number **numbers_B;
    /* ref and cpu: lists of the blocks' own, which grow. */
    size_t *capacity_B;
    /* cuda: starts and numbers in one array, on the GPU and here, where start and numbers_B point;
     * how many numbers are brought without asking how many there are; what says that they are here.
     */
    void *there, *here, *arrival;
    size_t here_bytes, usual;
    float *dense; /* sparse_rows_dense() */
};

/* Room for N rows of F numbers. E_MEMORY when they do not fit; N * F is below 2^32. Owner: caller,
 * sparse_rows_free(). */
err_code sparse_rows_new(sparse_rows **out, backend *be, int N, int F, err *e);
/* NULL is fine. */
void sparse_rows_free(sparse_rows *s);

/* Waits for the numbers of the last be->to_sparse() or encode_sparse(), not for what was asked for
 * after it. A failure so far is reported, and then they are worth nothing. */
err_code sparse_rows_arrive(sparse_rows *s, err *e);

/* N x F numbers in backend memory, for what must be made whole before it is sparse; made when first
 * asked for. NULL when they do not fit, which sticks in the backend. */
float *sparse_rows_dense(sparse_rows *s);

/* The numbers of a row in a block of columns, *n of them. Borrowed until the next to_sparse()
 * or encode_sparse(). */
static inline const sparse_number *sparse_row(int *n, const sparse_rows *s, int block, int row)
{
    const uint32_t *start = ROW(s->start, block, s->N + 1) + row;
    *n = (int)(start[1] - start[0]);
    return s->numbers_B[block] + start[0];
}

/* For ref and cpu: at least so many numbers in a block's own list; what is there stays. */
void sparse_rows_reserve(sparse_rows *s, int block, size_t n);
/* Where the numbers begin in an array that holds the starts of N rows before them, in bytes. */
static inline size_t sparse_rows_head(const sparse_rows *s, int N)
{
    size_t bytes = (size_t)s->blocks * ((size_t)N + 1) * sizeof *s->start, unit = 16;
    return (bytes + unit - 1) / unit * unit;
}

#endif
