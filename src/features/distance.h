/* Distances between the rows of a matrix, in double and in one fixed order of summation, so that
 * every method here sees the same numbers: d(i, j) == d(j, i), and equal rows are 0 apart. */
#ifndef FEATURES_DISTANCE_H
#define FEATURES_DISTANCE_H
#include "base/err.h"
#include "base/pool.h"
#include <stddef.h>

/* Cosine is 1 - cos(x, y), in [0, 2]. A row of zeros has no direction: it is 0 from another row of
 * zeros and 1 from any other row (as in umap-learn). */
typedef enum { METRIC_EUCLIDEAN, METRIC_COSINE } metric;

/* "euclidean" or "cosine". */
const char *metric_name(metric m);

/* The entries that are not 0, column by column, rows rising in each. */
typedef struct column_lists {
    size_t *start_D; /* d + 1 */
    int *row;
    float *value;
} column_lists;

/* Rows under a metric. x_ND is borrowed and must outlive this. */
typedef struct points {
    const float *x_ND;
    double *square_N; /* squared length of each row */
    int n, d;
    metric metric;
    column_lists columns; /* under cosine, when most entries are 0; else empty */
} points;

/* Refuses N < 1 or D < 1 (E_DATA) and NaN or infinity (E_NUMERIC, naming row and column); `who`
 * starts the message. Owner: caller, points_release(). */
err_code points_init(points *out, const float *x_ND, int n, int d, metric m, const char *who,
                     err *e);
void points_release(points *p);

/* Threads may share p. */
double points_distance(const points *p, int i, int j);

/* Called with row i's distances to all rows (0 to itself), the numbers points_distance() gives. */
typedef void row_visitor(void *context, int i, const double *distance_N);
/* Visits every row once, in any order, possibly several at once. Sparse rows cost the pairs of
 * entries that share a column, others N^2 D; a few dozen rows of distances are held at a time.
 * E_MEMORY, E_CANCELLED on Ctrl-C; the pool may be NULL. */
err_code points_each_row(const points *p, row_visitor *visit, void *context, pool *workers, err *e);

/* sum((a - b)^2) and sum(a * b), in double, order fixed by d alone. */
double square_distance(const float *a_D, const float *b_D, int d);
double dot_product(const float *a_D, const float *b_D, int d);
/* The same with something in double that is no row: a centre, a direction. */
double square_distance_to(const double *a_D, const float *b_D, int d);
double dot_product_with(const double *a_D, const float *b_D, int d);

#endif
