/* HDBSCAN's condensed tree, and the choice of clusters on it. Internal to hdbscan*.c.
 *
 * Rows are nodes 0 .. N-1. Clusters of the tree are nodes N .. N+C-1: N is the root, a cluster
 * comes after its parent, and the two children of a split are numbered in sequence. */
#ifndef FEATURES_HDBSCAN_TREE_H
#define FEATURES_HDBSCAN_TREE_H
#include "features/hdbscan.h"

/* `child` (a row, or a cluster of `size` rows) leaves cluster `parent` at density `lambda`,
 * 1 / distance, which is infinite among equal rows. */
typedef struct condensed_edge {
    int parent, child, size;
    double lambda;
} condensed_edge;

typedef struct condensed_tree {
    int n, n_edges, n_clusters;
    condensed_edge *edges;
} condensed_tree;

/* From the sorted spanning tree of n >= 2 rows. Owner: caller, condensed_release(). */
err_code condensed_build(condensed_tree *out, const density_edge *edges, int n,
                         int min_cluster_size, err *e);
void condensed_release(condensed_tree *t);

/* Fills the arrays of r (allocated, n rows) from the tree. */
err_code condensed_select(hdbscan_result *r, const condensed_tree *t, const hdbscan_options *o,
                          err *e);

#endif
