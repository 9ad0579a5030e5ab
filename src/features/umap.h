/* UMAP: a map on which rows that are near in the data are near (McInnes, Healy and Melville 2018).
 * Follows umap-learn 0.5.12 step by step. What differs: neighbours are exact, the random numbers
 * are ours, the rows of an epoch are moved at once (umap_layout.c says how), and when the neighbour
 * graph falls apart into several parts, these are placed by the principal components of their
 * centroids (umap-learn: by a spectral layout of them). */
#ifndef FEATURES_UMAP_H
#define FEATURES_UMAP_H
#include "base/pool.h"
#include "base/progress.h"
#include "features/distance.h"
#include <stdint.h>

enum { UMAP_MOST_COMPONENTS = 1000 };

typedef struct umap_options {
    int n_neighbors;           /* >= 2, the row itself counted as in umap-learn; default 15 */
    double min_dist;           /* 0 .. spread: how close rows may come on the map; default 0.1 */
    double spread;             /* > 0: the scale of the map; default 1 */
    metric metric;             /* default METRIC_COSINE */
    int n_components;          /* 1 .. UMAP_MOST_COMPONENTS columns of the map: 2 to look at, more
                                * to cluster on; default 2 */
    int n_epochs;              /* 0, the default: 500 up to 10,000 rows, 200 above */
    double learning_rate;      /* > 0; default 1; falls linearly to 0 */
    int negative_sample_rate;  /* >= 0; default 5 */
    double repulsion_strength; /* >= 0; default 1 */
    uint64_t seed;             /* default 0 */
} umap_options;

typedef struct umap_result {
    int n, n_components;
    float *y_NE;     /* the map, N x n_components */
    int n_neighbors; /* as asked for; N - 1 when there are no more rows than that */
    int n_epochs;
    int n_parts; /* connected parts of the neighbour graph; 1 is usual for a continuum */
    double a, b; /* of the curve 1 / (1 + a d^2b) fitted to min_dist and spread */
} umap_result;

umap_options umap_defaults(void);
/* E_DATA for fewer than 3 rows (there is nothing to map: place them by hand), E_CONFIG for options
 * out of range, E_NUMERIC for NaN or infinity, E_MEMORY, E_CANCELLED on Ctrl-C. Equal rows are
 * fine. The same bytes for any pool; `to` shows the epochs; both may be NULL.
 * O(N^2 D + epochs N n_neighbors). Owner: caller, umap_release(). */
err_code umap_fit(umap_result *out, const float *x_ND, int n, int d, const umap_options *options,
                  pool *workers, reporter *to, err *e);
void umap_release(umap_result *r);

#endif
