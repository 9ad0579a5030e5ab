/* Rows of activations written out, zeros and all. */
#include "features/common_gather.h"
#include "compute/sparse_rows.h"
#include "test.h"

size_t gather_dense(gatherer *g, const float *f_NF, int F, const int32_t *prompts_N,
                    const int32_t *positions_N, const bool *counted_N, int n)
{
    backend *ref = backend_ref();
    sparse_rows *active;
    err e;
    assert_int_equal(sparse_rows_new(&active, ref, n, F, &e), OK);
    ref->to_sparse(ref, active, f_NF, n);
    assert_int_equal(sparse_rows_arrive(active, &e), OK);
    size_t infinite = gatherer_add(g, active, prompts_N, positions_N, counted_N);
    sparse_rows_free(active);
    backend_free(ref);
    return infinite;
}
