/* What an optimised input pays for being far from real tokens, uniform or repetitive.
 *
 * Each function returns the unweighted penalty of one sequence of L positions and adds
 * weight * its gradient to d_x_LD. Sums are in double. The original program computed the last two
 * without a gradient, so there they changed nothing but the printed loss. */
#ifndef INVERT_PENALTIES_H
#define INVERT_PENALTIES_H

/* Mean over positions of the distance to the given point, in units of `unit` * sqrt(D): 1 means as
 * far, per number, as tokens are large. nearest_LD: each position's token embedding. */
double penalty_distance(float *d_x_LD, const float *x_LD, const float *nearest_LD, int L, int D,
                        double unit, double weight);

/* Mean cosine over the pairs of positions at most `window` apart; 0 for L = 1. */
double penalty_diversity(float *d_x_LD, const float *x_LD, int L, int D, int window, double weight);

/* Mean over the same pairs of max(0, cosine - 1/2): only near-copies pay. */
double penalty_repetition(float *d_x_LD, const float *x_LD, int L, int D, int window,
                          double weight);

#endif
