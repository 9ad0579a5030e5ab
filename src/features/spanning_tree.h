/* The minimum spanning tree of mutual reachability; see features/density.h. */
#ifndef FEATURES_SPANNING_TREE_H
#define FEATURES_SPANNING_TREE_H
#include "features/density.h"

/* edges out: N - 1, in the order Prim's algorithm finds them from row 0. Ties go as in hdbscan's
 * own Prim (first row with the smallest value; an equal later path does not replace an earlier
 * one), because mutual reachability makes equal edges common and their order decides the hierarchy.
 * The memory of the rows once more. E_MEMORY, E_CANCELLED. */
err_code spanning_tree(density_edge *edges, const points *p, const double *core_N, pool *workers,
                       err *e);

#endif
