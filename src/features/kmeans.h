/* k-means: Lloyd's algorithm (1982) from greedy k-means++ seeds (Arthur and Vassilvitskii 2007),
 * with the stopping rule and the treatment of empty clusters of scikit-learn 1.9. Euclidean; rows
 * scaled to unit length beforehand make it follow the cosine. */
#ifndef FEATURES_KMEANS_H
#define FEATURES_KMEANS_H
#include "base/err.h"
#include "base/pool.h"
#include "base/rng.h"

typedef struct kmeans_options {
    int n_clusters;     /* 1 .. N; default 8 */
    int n_init;         /* restarts from new seeds, the lowest inertia wins; default 10 */
    int max_iterations; /* default 300 */
    double tolerance;   /* stops when the centres' squared shift, summed, is at most this times the
                         * mean variance of the columns; default 1e-4 */
    uint64_t seed;      /* default 0 */
} kmeans_options;

typedef struct kmeans_result {
    int n, d;
    int n_clusters;    /* fewer than asked for when there are fewer distinct rows */
    int *label_N;      /* by smallest row; never noise */
    double *centre_CD; /* in the labels' order */
    double inertia;    /* sum of squared distances to the own centre */
    int iterations;    /* of the winning restart */
} kmeans_result;

kmeans_options kmeans_defaults(void);
/* E_CONFIG for options out of range, E_DATA for more clusters than rows or no rows, E_NUMERIC for
 * NaN, E_CANCELLED. O(n_init * iterations * N C D). The same bytes for any pool, which may be NULL.
 * Owner: caller, kmeans_release(). */
err_code kmeans_cluster(kmeans_result *out, const float *x_ND, int n, int d,
                        const kmeans_options *options, pool *workers, err *e);
/* One descent from given centres; seed and n_init are not read. */
err_code kmeans_from(kmeans_result *out, const float *x_ND, const double *start_CD, int n, int d,
                     const kmeans_options *options, pool *workers, err *e);
void kmeans_release(kmeans_result *r);

/* Greedy k-means++: each next seed is the best of 2 + ln C rows drawn in proportion to the squared
 * distance to the seeds so far. Rows must be finite. Used by kmeans_cluster(). */
err_code kmeans_seed(double *start_CD, const float *x_ND, int n, int d, int n_clusters, rng *random,
                     pool *workers, err *e);

#endif
