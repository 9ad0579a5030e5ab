/* How one row moves and what it costs, for ordinary memory; what one number becomes, for kernels
 * too. */
#ifndef COMPUTE_DESCENT_H
#define COMPUTE_DESCENT_H
#include "base/host_device.h"
#include "compute/backend.h"
#include <math.h>

/* ---- one number ---------------------------------------------------------------------------------
 */

/* A step of Adam: constants of the step. */
typedef struct adam_constants {
    double rate, beta1, beta2, correct1, correct2, eps;
} adam_constants;

HOST_DEVICE static inline adam_constants adam_constants_of(int step, double rate, double beta2)
{
    const double beta1 = 0.9, eps = 1e-8;
    adam_constants c = {rate, beta1, beta2, 1 - pow(beta1, step), 1 - pow(beta2, step), eps};
    return c;
}

/* x after the step; its moments are changed. */
HOST_DEVICE static inline float adam_element(float x, float *first, float *second, float gradient,
                                             const adam_constants *c)
{
    double g = (double)gradient;
    *first = (float)(c->beta1 * (double)*first + (1 - c->beta1) * g);
    *second = (float)(c->beta2 * (double)*second + (1 - c->beta2) * g * g);
    return x - (float)(c->rate * ((double)*first / c->correct1) /
                       (sqrt((double)*second / c->correct2) + c->eps));
}

/* Does a gradient point out of the ball, at a point on its surface? `square` is the point's squared
 * length, `inward` its dot product with the gradient that is gone down. */
HOST_DEVICE static inline bool leads_outward(double square, double inward, double limit)
{
    const double surface = 1 - 1e-5; /* float rounding leaves projected points this close to it */
    return limit > 0 && inward < 0 && sqrt(square) > surface * limit;
}

/* The cosine of two rows, from their dot product and the product of their lengths. */
HOST_DEVICE static inline double cosine_of(double dot, double lengths)
{
    return lengths > 0 ? dot / lengths : 0;
}

HOST_DEVICE static inline double cosine_cost(double cosine, double floor)
{
    return floor == (double)-INFINITY ? cosine : cosine > floor ? cosine - floor : 0;
}

/* A number of d cos(a, b) / d a = b / (|a| |b|) - cos a / |a|^2. */
HOST_DEVICE static inline double cosine_slope(float a, float b, double cosine, double a2,
                                              double lengths)
{
    return (double)b / lengths - cosine * (double)a / a2;
}

/* Pairs of n rows in a line that are at most `window` apart. */
HOST_DEVICE static inline double near_pairs(int n, int window)
{
    double rows = n, reach = window < n ? window : n - 1;
    return n > 1 ? reach * rows - reach * (reach + 1) / 2 : 0;
}

/* ---- one row, in ordinary memory ----------------------------------------------------------------
 */

/* A step of Adam of n numbers. */
void adam_row(float *x_n, const float *gradient_n, float *first_n, float *second_n, int n, int step,
              double rate, double beta2);
/* Shortens x to `limit` when it is longer (0: never). */
void keep_inside(float *x_C, int C, double limit);
/* What be->descend_rows() does to row n. */
void descend_row(float *x_NC, const float *gradient_NC, float *first_NC, float *second_NC,
                 const descent_settings *s, int n, int C);
/* What be->row_distances() does to row n. */
void row_distance(double *distance_N, float *d_x_NC, const float *x_NC, const float *e_NC,
                  const double *weight_N, int n, int C);
/* What be->near_cosines() does to sequence b. */
void near_cosines_of(double *mean_B, float *d_x_BTC, const float *x_BTC, const near_rows *near,
                     double weight, int b, int T, int C);

#endif
