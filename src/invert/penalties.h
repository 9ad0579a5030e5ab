/* What optimised inputs pay for being uniform or repetitive: be->near_cosines() by two floors.
 *
 * Each function gives the unweighted penalty of each of B sequences of T rows in mean_B and adds
 * weight * its gradient to d_x_BTC. Arrays are in backend memory. The original program computed
 * them without a gradient, so there they changed nothing but the printed loss. */
#ifndef INVERT_PENALTIES_H
#define INVERT_PENALTIES_H
#include "compute/backend.h"

/* B sequences of T rows of C numbers; sequence b's are length_B[b] rows from `first` on (NULL:
 * all). */
typedef struct penalised_rows {
    float *d_x_BTC;
    const float *x_BTC;
    const int32_t *length_B;
    int B, T, C, first;
} penalised_rows;

/* Mean cosine over the pairs of rows at most `window` apart; 0 without a pair. */
void penalty_diversity(double *mean_B, backend *be, const penalised_rows *rows, int window,
                       double weight);

/* Mean over the same pairs of max(0, cosine - 1/2): only near-copies pay. */
void penalty_repetition(double *mean_B, backend *be, const penalised_rows *rows, int window,
                        double weight);

#endif
