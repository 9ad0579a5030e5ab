/* The strongest contexts of each target, token by token: what a token costs without the target, and
 * what it brings to it. Of the first EFFECT_TRACES contexts, in the report's order. */
#ifndef PIPELINE_TRACES_H
#define PIPELINE_TRACES_H
#include "effects/attention.h"
#include "pipeline/study.h"

/* How many numbers a target has in s->trace_CRT, s->attention_CRT and s->head_CRH; the last two
 * have none where attention_is_read() says no. */
size_t traces_costs(const study *s);
size_t traces_parts(const study *s);
size_t traces_heads(const study *s);

/* Makes room for all targets, in s->memory. */
void traces_make(study *s);

/* Fills what target job->which costs. */
err_code trace_costs(study *s, causal_runner *r, const causal_job *job, err *e);
/* Fills what attention brings to target `which`, whose column of W_enc is column_D, at the peaks of
 * the contexts. */
err_code trace_attention(study *s, attention_reader *r, const float *column_D, int which, err *e);

#endif
