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

static void ref_encode_sparse(backend *be, sparse_rows *to, const float *x_ND, const float *w_DF,
                              const float *b_F, const float *threshold_F, int N, int D, int F)
{
    float *f_NF = sparse_rows_dense(to);
    if (!f_NF)
        return;
    be->encode(be, f_NF, x_ND, w_DF, b_F, threshold_F, N, D, F);
    be->to_sparse(be, to, f_NF, N);
}

static err_code ref_sparse_open(backend *be, sparse_rows *s, err *e)
{
    (void)be;
    s->start = mem_array(sparse_rows_head(s, s->most_rows), 1, "a block of activations", e);
    return s->start ? OK : e->code;
}

static void ref_sparse_close(backend *be, sparse_rows *s)
{
    (void)be;
    for (int b = 0; b < s->blocks; b++)
        mem_free(s->numbers_B[b]);
    mem_free(s->start);
}

static void ref_sparse_arrive(backend *be, sparse_rows *s)
{
    (void)be;
    (void)s;
}

void ref_install_sparse(backend *be)
{
    be->sparse_open = ref_sparse_open;
    be->sparse_close = ref_sparse_close;
    be->sparse_arrive = ref_sparse_arrive;
    be->to_sparse = ref_to_sparse;
    be->encode_sparse = ref_encode_sparse;
}
