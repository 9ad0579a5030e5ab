/* Which rows cannot be nearer than some distance, by products in single precision.
 *
 * With |a|^2 and |b|^2 known, a product a . b gives the distance of two rows up to a rounding error
 * that is bounded by their lengths (Higham 2002, section 3.1: of a product of d numbers at most
 * d u |a| |b|, u = 2^-24). What the bound leaves in doubt is computed exactly, so results are those
 * of exact distances, at the speed of a matrix product.
 *
 * Row j is certainly no nearer to row i than `distance` when
 *     reach(j, distance) * scale_i - weight_j * (x_i . x_j) > limit_i. */
#ifndef FEATURES_NEAR_FILTER_H
#define FEATURES_NEAR_FILTER_H
#include "features/distance.h"
#include <stdbool.h>

typedef struct near_filter {
    metric metric;
    const double *square_N; /* the points' */
    double error;           /* of a product, in units of the lengths; with room to spare */
} near_filter;

/* False where the rows are so long or so short that single precision does not hold their squares:
 * then nothing can be left out. */
bool near_filter_init(near_filter *out, const points *p);
float near_filter_reach(const near_filter *f, int j, double distance);
float near_filter_weight(const near_filter *f, int j);
float near_filter_scale(const near_filter *f, int i);
float near_filter_limit(const near_filter *f, int i);

#endif
