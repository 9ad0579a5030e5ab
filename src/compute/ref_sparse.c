/* The reference backend: rows as their numbers above 0. */
#include "compute/install.h"
#include "compute/sparse_rows.h"

static void ref_to_sparse(backend *be, sparse_rows *to, const float *x_NF, int N)
{
    (void)be;
    to->N = N;
    for (int b = 0; b < to->blocks; b++) {
        uint32_t *start = ROW(to->start, b, N + 1), n = 0;
        for (int row = 0; row < N; row++) {
            sparse_rows_reserve(to, b, (size_t)n + SPARSE_BLOCK);
            start[row] = n;
            for (int f = b * SPARSE_BLOCK; f < (b + 1) * SPARSE_BLOCK && f < to->F; f++)
                if (ROW(x_NF, row, to->F)[f] > 0)
                    to->numbers_B[b][n++] = (sparse_number){f, ROW(x_NF, row, to->F)[f]};
        }
        start[N] = n;
    }
}

void ref_install_sparse(backend *be)
{
    be->to_sparse = ref_to_sparse;
}
