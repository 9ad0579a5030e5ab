/* The smooth maximum that searches climb instead of the maximum over positions, so that positions
 * near the best one have a gradient too. */
#ifndef INVERT_SMOOTH_MAX_H
#define INVERT_SMOOTH_MAX_H

/* The softness searches use, in units of a strong activation. */
#define SMOOTH_MAX_SOFTNESS 0.15

/* softness * log(sum exp(x / softness)), n >= 1.
 *   weight_n  out: its gradient, which sums to 1; NULL when not wanted */
double smooth_max(float *weight_n, const float *x_n, int n, double softness);

#endif
