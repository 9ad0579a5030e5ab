/* The scores that look at windows of text: detection, fuzzing, simulation. */
#ifndef RULES_SCORE_WINDOWS_H
#define RULES_SCORE_WINDOWS_H
#include "base/arena.h"
#include "rules/score.h"
#include "rules/windows.h"

/* Fills detection, fuzzing and simulation as rule_score says. */
void rule_score_windows(rule_score *out, const rule_text *t, const rule_target *target,
                        const float *prediction_N, uint64_t seed);

/* A window and what the prediction says of it, rightly or not. */
typedef struct rule_judged_window {
    rule_window window;
    const float *values; /* window.n activations */
    bool detected;       /* that it is active */
    bool marks_fit;      /* that the tokens marked in it are active ones */
} rule_judged_window;

/* The windows that detection and fuzzing count with that seed, the active ones first, from the
 * weakest tenth on. Memory from `a`. */
rule_judged_window *rule_judge_windows(int *n, const rule_text *t, const rule_target *target,
                                       const float *prediction_N, uint64_t seed, arena *a);

#endif
