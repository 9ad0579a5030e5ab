/* The exact k nearest neighbours of every row. */
#ifndef FEATURES_NEIGHBOURS_H
#define FEATURES_NEIGHBOURS_H
#include "base/pool.h"
#include "features/distance.h"

/* Row i's neighbours, nearest first, equal distances by index; a row is not its own neighbour. */
typedef struct neighbours {
    int n, k;
    int *index_NK;
    double *distance_NK;
} neighbours;

/* k must be 0 .. N-1 (else E_SHAPE): callers decide what fewer points than neighbours means.
 * The time of points_each_row(), O(N k) memory; the same bytes for any pool, which may be NULL.
 * E_CANCELLED on Ctrl-C. Owner: caller, neighbours_release(). */
err_code neighbours_find(neighbours *out, const points *p, int k, pool *workers, err *e);
/* The same from a plain matrix, as points_init() checks it. */
err_code neighbours_of_rows(neighbours *out, const float *x_ND, int n, int d, metric m, int k,
                            pool *workers, err *e);
void neighbours_release(neighbours *near);

#endif
