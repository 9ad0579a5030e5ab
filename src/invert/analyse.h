/* What an optimised input is: per position, read as tokens, against its restarts and the data. */
#ifndef INVERT_ANALYSE_H
#define INVERT_ANALYSE_H
#include "invert/probe.h"

/* One position of the best input. */
typedef struct optimum_position {
    float activation, pre_activation;
    float snapped;      /* activation here when the nearest tokens are run instead */
    int32_t *nearest_k; /* k nearest tokens, best first */
    float *cosine_k;
} optimum_position;

/* The best of a feature's restarts; all memory from the arena. */
typedef struct optimum {
    int feature, best; /* best: index among the restarts */
    int n_positions, k;
    optimum_position *positions;
    double activation, mean, skewness; /* maximum, mean and skewness over positions */
    int position;                      /* of the maximum pre-activation */
    double specificity;
    double snapped_activation; /* maximum over positions, nearest tokens run */
    double restart_mean, restart_deviation, restart_min, restart_max; /* of the activations */
    double restart_cosine;        /* mean over pairs of restarts and positions */
    double restart_token_overlap; /* mean share of positions with one nearest token; NaN for one */
} optimum;

/* jobs: `n` features x `restarts` jobs of one length, finished; feature f's restarts are
 * jobs[f * restarts] and on. k nearest tokens per position. Skewness is the original program's:
 * mean cubed deviation over the cubed sample (n-1) deviation, 0 when that is 0. */
err_code analyse_optima(optimum *out_n, const optimise_setting *setting, const optimise_job *jobs,
                        int n, int restarts, int k, arena *a, err *e);

#endif
