/* The scores that look at windows of text: detection, fuzzing, simulation. */
#ifndef RULES_SCORE_WINDOWS_H
#define RULES_SCORE_WINDOWS_H
#include "rules/score.h"

/* Fills detection, fuzzing and simulation as rule_score says. */
void rule_score_windows(rule_score *out, const rule_text *t, const rule_target *target,
                        const float *prediction_N, uint64_t seed);

#endif
