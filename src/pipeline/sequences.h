/* The sequences of real tokens that a target's page shows, each measured in the same way. */
#ifndef PIPELINE_SEQUENCES_H
#define PIPELINE_SEQUENCES_H
#include "invert/attribution.h"
#include "invert/robustness.h"
#include "pipeline/study.h"

/* Of n targets from s->searches and s->optima: the warm, cold and fluent one, the nearest tokens of
 * the free optimum, the best window of the data, the best single token. Only those that there are.
 * Memory from the study's arena. */
err_code sequences_measure(study *s, err *e);

/* The one of a kind; NULL: there is none. */
const sequence *target_sequence(const target_sequences *t, const char *kind);

#endif
