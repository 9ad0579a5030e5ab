/* What a language model is shown of each target: contexts of the fit part, windows of the report
 * part. */
#ifndef PIPELINE_EXPLAINER_CASES_H
#define PIPELINE_EXPLAINER_CASES_H
#include "explain/explainer.h"
#include "pipeline/study.h"

/* The case of one target (an index into s->targets), out of s->rules.text. Without examples when
 * the target is silent in the fit part. Memory from the arena. */
void explainer_case_make(explainer_case *out, const study *s, int target, arena *a);

#endif
