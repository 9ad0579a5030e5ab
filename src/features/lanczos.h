/* The largest eigenvalues of a symmetric matrix that is only known by its products with vectors:
 * Lanczos 1950, with full reorthogonalisation. */
#ifndef FEATURES_LANCZOS_H
#define FEATURES_LANCZOS_H
#include "base/err.h"
#include "base/pool.h"
#include "base/rng.h"
#include <stdbool.h>

/* out_N = A in_N, the same bytes every time. */
typedef void lanczos_product(void *context, double *out_N, const double *in_N);

typedef struct lanczos_limits {
    double tolerance; /* residual |A v - value v| relative to the largest |value| */
    int max_steps;    /* the dimension of the search space is at most this and N */
} lanczos_limits;

/*   value_K   out: the k largest eigenvalues, falling
 *   vector_KN out: their eigenvectors, of length 1 and orthogonal; the signs are arbitrary but
 *             always the same
 *   converged out: whether the tolerance was reached; NULL when nobody asks
 * 1 <= k <= N. When max_steps is reached first, the best approximations so far. O(steps) products
 * and O(steps^2 N) work, O(steps N) memory. The same bytes for any pool, which may be NULL.
 * E_CANCELLED on Ctrl-C. */
err_code lanczos_largest(double *value_K, double *vector_KN, bool *converged,
                         lanczos_product *product, void *context, int n, int k,
                         lanczos_limits limits, rng *random, pool *workers, err *e);

/* Eigenvalues of the symmetric tridiagonal matrix with this diagonal (overwritten by them, in no
 * order) and off_M[i] between i and i + 1 (overwritten). The rotations go through the rows of
 * z_MR: from the identity, row i ends as the eigenvector of value i; from one column of it, as that
 * component of each eigenvector. E_NUMERIC when it does not converge. */
err_code tridiagonal_eigen(double *diagonal_M, double *off_M, double *z_MR, int m, int r, err *e);

#endif
