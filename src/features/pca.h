/* Principal components (Pearson 1901), without ever forming the D x D covariance. */
#ifndef FEATURES_PCA_H
#define FEATURES_PCA_H
#include "base/err.h"
#include "base/pool.h"

typedef struct pca_result {
    int n, d, k;
    double *mean_D;
    double *component_KD; /* orthonormal; the entry of largest magnitude is positive (of equal ones
                           * the first) */
    double *variance_K;   /* along each component, falling; divisor N - 1 */
    double *share_K;      /* of the total variance; 0 when there is none */
    float *score_NK;      /* (x - mean) . component */
} pca_result;

/* The first k components, 1 <= k <= min(N, D), else E_DATA. Equals scikit-learn's PCA up to sign.
 * The same bytes for any pool, which may be NULL. E_NUMERIC for NaN, E_CANCELLED. Owner: caller,
 * pca_release(). */
err_code pca_fit(pca_result *out, const float *x_ND, int n, int d, int k, pool *workers, err *e);
void pca_release(pca_result *r);

#endif
