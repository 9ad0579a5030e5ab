/* Coordinates in which the token embeddings are a round cloud: x = mu + C y, where mu is their mean
 * and C C' = Sigma their covariance. A step of one size means as much in every direction there
 * (Olah et al. 2017 decorrelate images for the same reason), and the ellipsoid that holds nearly
 * all tokens is a ball. Any C will do, as any two differ by a rotation: this one is Cholesky's. */
#ifndef INVERT_WHITENING_H
#define INVERT_WHITENING_H
#include "invert/token_table.h"

typedef struct whitening {
    backend *be;
    int D;
    double *mean_D, *c_DD; /* C: lower triangular, ordinary memory */
    float *mean, *c;       /* the same, backend */
    double radius;         /* |y| that 99 % of the tokens do not exceed */
} whitening;

/* Of a table's candidates. A millionth of the mean variance is added to every direction, so that
 * fewer tokens than dimensions do. E_NUMERIC when embeddings are not finite. The radius is measured
 * on 4096 tokens at most, evenly spread over the ids. Owner: caller, whitening_free(). */
err_code whitening_new(whitening **out, const token_table *t, err *e);
void whitening_free(whitening *w);

/* y of one point: C y = x - mu. */
void whitening_inverse(float *y_D, const whitening *w, const float *x_D);

/* N points: x = mu + C y. Arrays are in backend memory. */
void whitening_points(float *x_ND, const whitening *w, const float *y_ND, int N);
/* The gradient at x becomes that at y: C' d. */
void whitening_gradient(float *d_y_ND, const whitening *w, const float *d_x_ND, int N);

#endif
