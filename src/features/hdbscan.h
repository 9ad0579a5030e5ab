/* HDBSCAN: clusters of varying density from the hierarchy of a density tree.
 *
 * Campello, Moulavi and Sander, "Density-based clustering based on hierarchical density estimates",
 * 2013; McInnes, Healy and Astels, "hdbscan", 2017; cluster_selection_epsilon after Malzer and
 * Baum, "A hybrid approach to hierarchical density-based cluster selection", 2019. Labels,
 * probabilities and outlier scores equal those of the Python package hdbscan 0.8.44 with an exact
 * spanning tree and a stable sort of its edges; only the order of the labels is ours. */
#ifndef FEATURES_HDBSCAN_H
#define FEATURES_HDBSCAN_H
#include "features/density.h"
#include <stdbool.h>

typedef enum { HDBSCAN_EOM, HDBSCAN_LEAF } hdbscan_method;

typedef struct hdbscan_options {
    int min_cluster_size;             /* >= 2; default 5 */
    int min_samples;                  /* core distance: to the min_samples-th nearest OTHER row (the
                                       * row itself is not counted, as in the package); lowered to
                                       * N-1; 0, the default: min_cluster_size */
    double cluster_selection_epsilon; /* >= 0; splits below this distance are undone; default 0 */
    hdbscan_method method;            /* default HDBSCAN_EOM, excess of mass */
    bool allow_single_cluster;        /* default false: the root is never a cluster */
    metric metric;                    /* default METRIC_EUCLIDEAN */
} hdbscan_options;

typedef struct hdbscan_result {
    int n, n_clusters;
    int *label_N;          /* by smallest row; LABEL_NOISE outside every cluster */
    double *probability_N; /* strength of membership, 0 (noise) .. 1 (the densest core) */
    double *outlier_N;     /* GLOSH score, 0 .. 1: how far below its cluster's densest part; 1 where
                            * the package has NaN (beside rows that are equal) */
} hdbscan_result;

hdbscan_options hdbscan_defaults(void);
/* One row is noise. E_CONFIG for an option outside its range; else as points_init() and
 * density_build(). The same bytes for any pool, which may be NULL. Owner: hdbscan_release(). */
err_code hdbscan_cluster(hdbscan_result *out, const float *x_ND, int n, int d,
                         const hdbscan_options *options, pool *workers, err *e);
void hdbscan_release(hdbscan_result *r);

#endif
