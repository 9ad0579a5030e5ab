/* The steps of UMAP, for umap.c and its tests. */
#ifndef FEATURES_UMAP_PARTS_H
#define FEATURES_UMAP_PARTS_H
#include "features/neighbours.h"
#include "features/umap.h"

/* Least-squares a and b so that 1 / (1 + a d^2b) follows 1 up to min_dist and
 * exp(-(d - min_dist) / spread) beyond, on 300 distances from 0 to 3 spread. */
void umap_fit_curve(double *a, double *b, double spread, double min_dist);

/* The fuzzy neighbour graph: row i's entries are column[start[i] .. start[i + 1] - 1], rising.
 * Symmetric, no diagonal. */
typedef struct umap_graph {
    int n;
    int *start; /* n + 1 */
    int *column;
    float *weight; /* (0, 1] */
} umap_graph;

/* From n_neighbors - 1 others per row. sigma_N and rho_N (out) may be NULL: the width of each row's
 * neighbourhood and the distance to its nearest row at a distance above 0.
 * Owner: caller, umap_graph_release(). */
err_code umap_graph_build(umap_graph *out, double *sigma_N, double *rho_N, const neighbours *near,
                          pool *workers, err *e);
/* Drops entries that would not be drawn once in n_epochs. */
void umap_graph_prune(umap_graph *g, int n_epochs);
void umap_graph_release(umap_graph *g);

/* Where the optimisation starts: eigenvectors of each connected part's normalised Laplacian, the
 * whole scaled to 0 .. 10 in every column. */
err_code umap_start(float *y_NE, int *n_parts, const umap_graph *g, const float *x_ND, int d,
                    int n_components, uint64_t seed, pool *workers, err *e);

/* Stochastic gradient descent on the cross-entropy of the two fuzzy graphs. The rows of an epoch
 * are moved at once: the same map for any number of threads. */
err_code umap_optimise(float *y_NE, const umap_graph *g, const umap_options *o, int n_epochs,
                       double a, double b, pool *workers, reporter *to, err *e);

#endif
