/* What the same measures say of predictions that should not do well. Each fills prediction_N for
 * the positions of the report part, to be scored by rule_score_prediction(). */
#ifndef RULES_CONTROLS_H
#define RULES_CONTROLS_H
#include "rules/fit.h"

/* The most frequent tokens of the fit part, as many as it takes to fire there `n_firings` times,
 * graded by the target's mean activation on each. */
void rule_control_frequent(float *prediction_N, const rule_text *t, const rule_target *target,
                           size_t n_firings);
/* A rule fitted to other activations: shuffled ones, those of a random direction. Its grades are
 * those of the other activations. */
void rule_control_fitted(float *prediction_N, const rule_text *t, const rule_target *other,
                         const rule_fit_options *o);

#endif
