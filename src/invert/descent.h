/* Adam, plain and inside a ball: how an optimised input moves. */
#ifndef INVERT_DESCENT_H
#define INVERT_DESCENT_H

/* One step of Adam (Kingma and Ba 2015, their beta1 and eps) of n numbers down the gradient.
 *   first_n, second_n  in and out: the moments, zeroed before step 1
 *   step               1, 2, ... */
void adam_step(float *x_n, const float *gradient_n, float *first_n, float *second_n, int n,
               int step, double rate, double beta2);

/* One step of Adam (with beta2 = 0.999, as they have it) down the gradient, then back into the
 * ball of radius `limit` (0: no ball).
 *   x_D, first_D, second_D  in and out: the position and its moments, zeroed before step 1
 *   gradient_D              in; left without its outward part where x lies on the ball's surface
 *   step                    1, 2, ...
 * On the surface only the gradient along it can be followed. Its outward part is taken off before
 * Adam sees it: Adam scales each number by itself, and of a constant gradient g it would go to
 * sign(g) instead of g. */
void descent_step(float *x_D, float *gradient_D, float *first_D, float *second_D, int D, int step,
                  double rate, double limit);

/* Shortens x_D to `limit` when it is longer (0: never). */
void descent_keep_inside(float *x_D, int D, double limit);

#endif
