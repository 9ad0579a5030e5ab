/* Memory of sparse rows. Lists grow with what comes: a dense matrix has its full size as one. */
#include "compute/sparse_rows.h"

err_code sparse_rows_new(sparse_rows **out, backend *be, int N, int F, err *e)
{
    *out = NULL;
    int blocks = (F + SPARSE_BLOCK - 1) / SPARSE_BLOCK;
    size_t most = (size_t)N * (size_t)F;
    if (most > UINT32_MAX)
        return err_set(e, E_MEMORY, "%d rows of %d activations are more than are counted at once",
                       N, F);
    sparse_rows *s = mem_small(1, sizeof *s);
    *s = (sparse_rows){.be = be, .F = F, .blocks = blocks, .most_rows = N};
    s->numbers_B = mem_small((size_t)blocks, sizeof(sparse_number *));
    s->capacity_B = mem_small((size_t)blocks, sizeof *s->capacity_B);
    err_code rc = be->sparse_open(be, s, e);
    if (rc)
        sparse_rows_free(s);
    else
        *out = s;
    return rc;
}

void sparse_rows_free(sparse_rows *s)
{
    if (!s)
        return;
    s->be->sparse_close(s->be, s);
    s->be->free(s->be, s->dense);
    mem_free(s->capacity_B);
    mem_free(s->numbers_B);
    mem_free(s);
}

err_code sparse_rows_arrive(sparse_rows *s, err *e)
{
    s->be->sparse_arrive(s->be, s);
    return backend_failure(s->be, e);
}

float *sparse_rows_dense(sparse_rows *s)
{
    err e;
    if (!s->dense)
        s->dense = s->be->alloc(s->be, (size_t)s->most_rows * (size_t)s->F, sizeof *s->dense,
                                "a block of activations", &e);
    if (!s->dense && !s->be->failure.code)
        s->be->failure = e;
    return s->dense;
}

void sparse_rows_reserve(sparse_rows *s, int block, size_t n)
{
    if (n <= s->capacity_B[block])
        return;
    s->capacity_B[block] = n + n / 2 + SPARSE_BLOCK;
    s->numbers_B[block] =
        mem_grow(s->numbers_B[block], s->capacity_B[block], sizeof(sparse_number));
}
