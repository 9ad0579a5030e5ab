/* Order statistics of a feature's non-zero activations, from every token on which it is active. */
#ifndef FEATURES_QUANTILES_H
#define FEATURES_QUANTILES_H
#include "features/survey.h"

/* Each is an activation that occurred: the smallest that at least that share of the active tokens
 * do not exceed (Hyndman and Fan 1996, "Sample quantiles in statistical packages", definition 1).
 */
typedef struct activation_quantiles {
    int64_t n;     /* active tokens; 0: the values are NaN */
    int n_prompts; /* that hold one */
    double least, p10, median, p90, p99, most;
} activation_quantiles;

/* `which` counts in survey.features. */
activation_quantiles survey_quantiles(const survey *s, int which);

#endif
