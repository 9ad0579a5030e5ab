/* Density of rows and the minimum spanning tree of their mutual reachability, on which both HDBSCAN
 * and DBSCAN stand (Campello, Moulavi and Sander 2013).
 *
 * core(i) = distance of row i to its k-th nearest other row (0 when k is 0);
 * reach(i, j) = max(core(i), core(j), d(i, j)). */
#ifndef FEATURES_DENSITY_H
#define FEATURES_DENSITY_H
#include "features/neighbours.h"

typedef struct density_edge {
    int a, b; /* a was in the tree before b */
    double distance;
} density_edge;

typedef struct density_tree {
    neighbours near; /* k per row */
    double *core_N;
    density_edge *edges; /* N - 1, shortest first, equal ones in the order Prim found them */
    int n;
} density_tree;

/* 0 <= k <= N-1. O(N^2 D) time, O(N k) memory: the distance matrix is never stored. The same bytes
 * for any pool, which may be NULL. E_CANCELLED on Ctrl-C. Owner: caller, density_release(). */
err_code density_build(density_tree *out, const points *p, int k, pool *workers, err *e);
void density_release(density_tree *t);

#endif
