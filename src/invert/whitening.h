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
    float *c;              /* the same, backend */
    double radius;         /* |y| that 99 % of the tokens do not exceed */
} whitening;

/* Of a table's candidates. A millionth of the mean variance is added to every direction, so that
 * fewer tokens than dimensions do. E_NUMERIC when embeddings are not finite. The radius is measured
 * on 4096 tokens at most, evenly spread over the ids. Owner: caller, whitening_free(). */
err_code whitening_new(whitening **out, const token_table *t, err *e);
void whitening_free(whitening *w);

/* y of one point: C y = x - mu. */
void whitening_inverse(float *y_D, const whitening *w, const float *x_D);

/* Room on the backend for rows to transform. Owner: caller, whitening_rows_free(). */
typedef struct whitening_rows {
    const whitening *w;
    float *in_ND, *out_ND;
    int N;
} whitening_rows;
err_code whitening_rows_new(whitening_rows *r, const whitening *w, int N, err *e);
void whitening_rows_free(whitening_rows *r);

/* host_x_ND = mu + C y, in place: it holds y. N is at most the room. */
err_code whitening_points(float *host_x_ND, const whitening_rows *r, int N, err *e);
/* The gradient at x becomes that at y, in place: C' d. */
err_code whitening_gradient(float *host_d_ND, const whitening_rows *r, int N, err *e);

#endif
