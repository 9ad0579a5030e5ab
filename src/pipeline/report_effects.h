/* From what targets do to the output, and how good the SAE is, to its part of the record. */
#ifndef PIPELINE_REPORT_EFFECTS_H
#define PIPELINE_REPORT_EFFECTS_H
#include "pipeline/study.h"

/* Fills r->sae_quality and the effects of every r->targets, which report_targets() has made; memory
 * from s->memory. Does nothing when the run ended before stage_effects(). */
void report_effects(record *r, study *s);

/* The relation of a target to another feature, by the rule in results/record_effects.h: both
 * features' active tokens, those they share, and all tokens. */
const char *relation_between(int64_t n_target, int64_t n_other, int64_t n_both, int64_t n_tokens,
                             double decoder_cosine);

#endif
