/* How good a clustering or a map is. Definitions as in scikit-learn 1.9. */
#ifndef FEATURES_CLUSTER_QUALITY_H
#define FEATURES_CLUSTER_QUALITY_H
#include "base/pool.h"
#include "features/distance.h"

/* Rousseeuw 1987: s(i) = (b - a) / max(a, b), a the mean distance to the row's own cluster, b to
 * the nearest other one; 0 for a row alone in its cluster. Noise rows take no part.
 *   silhouette_N  out: s(i), NaN for noise; may be NULL
 *   mean          out: mean over rows that are not noise; NaN with fewer than two clusters (then
 *                 every silhouette_N is NaN too)
 * Labels as labels.h has them. O(N^2 D); the same bytes for any pool, which may be NULL. Errors as
 * points_init(), or E_CANCELLED. */
err_code silhouette(double *mean, double *silhouette_N, const float *x_ND, const int *label_N,
                    int n, int d, metric m, pool *workers, err *e);
/* The means of L labellings for one pass over the distances. */
err_code silhouette_many(double *mean_L, const points *p, const int *label_LN, int n_labellings,
                         pool *workers, err *e);

/* Venna and Kaski 2001: 1 when every one of the k nearest rows on the map y is also among the k
 * nearest of x, lower by how far down x's ranking it stands. Distances on the map are euclidean, in
 * x they follow `m`; equal distances rank by index. k above (N - 1) / 2 is lowered to it, k below 1
 * is E_CONFIG, N < 3 is E_DATA. O(N^2 (D + E + k)). */
err_code trustworthiness(double *out, const float *x_ND, const float *y_NE, int n, int d, int n_map,
                         metric m, int k, pool *workers, err *e);
/* The mean share of a row's k nearest in x that are also among its k nearest in y. k of 1 .. N - 1,
 * else E_SHAPE. */
err_code neighbour_overlap(double *out, const float *x_ND, const float *y_NE, int n, int d,
                           int n_map, metric m, int k, pool *workers, err *e);

/* Share of rows labelled LABEL_NOISE, 0 for n == 0. */
double noise_share(const int *label_N, int n);
/* Hubert and Arabie 1985: agreement of two labellings beyond chance, 1 when they are the same up to
 * names. Every label, noise too, is a class of its own. 1 for n < 2. */
double adjusted_rand(const int *a_N, const int *b_N, int n);

#endif
