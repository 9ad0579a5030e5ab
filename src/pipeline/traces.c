/* Rows of a target lie one after the other, one for each context. */
#include "pipeline/traces.h"
#include "base/memory.h"

size_t traces_costs(const study *s)
{
    return (size_t)EFFECT_TRACES * (size_t)prompts_longest(&s->prompts);
}

size_t traces_parts(const study *s)
{
    return attention_is_read(&s->hook) ? traces_costs(s) : 0;
}

size_t traces_heads(const study *s)
{
    size_t H = (size_t)model_describe(s->model)->n_heads;
    return attention_is_read(&s->hook) ? EFFECT_TRACES * H : 0;
}

void traces_make(study *s)
{
    size_t n = (size_t)s->n_targets;
    s->trace_CRT = arena_push(&s->memory, n * traces_costs(s), sizeof(float));
    s->attention_CRT = arena_push(&s->memory, n * traces_parts(s), sizeof(float));
    s->head_CRH = arena_push(&s->memory, n * traces_heads(s), sizeof(float));
}

/* As the report will show them; in `scratch`. */
static int traced(feature_context **top, const study *s, int which, arena *scratch)
{
    context_options o = study_context_options(s);
    int n = survey_top_contexts(top, &s->surveyed, which, &s->prompts, &o, scratch);
    return n < EFFECT_TRACES ? n : EFFECT_TRACES;
}

err_code trace_costs(study *s, causal_runner *r, const causal_job *job, err *e)
{
    arena scratch = {0};
    feature_context *top;
    int longest = prompts_longest(&s->prompts), n = traced(&top, s, job->which, &scratch);
    float *cost_RT = ROW(s->trace_CRT, job->which, traces_costs(s));
    err_code rc = OK;
    for (int i = 0; i < n && !rc; i++)
        rc = causal_trace(ROW(cost_RT, i, longest), r, job, top[i].prompt, e);
    arena_release(&scratch);
    return rc;
}

err_code trace_attention(study *s, attention_reader *r, const float *column_D, int which, err *e)
{
    arena scratch = {0};
    feature_context *top;
    int longest = prompts_longest(&s->prompts), n = traced(&top, s, which, &scratch);
    int n_heads = model_describe(s->model)->n_heads;
    float *part_RT = ROW(s->attention_CRT, which, traces_parts(s)),
          *head_RH = ROW(s->head_CRH, which, traces_heads(s));
    err_code rc = OK;
    for (int i = 0; i < n && !rc; i++)
        rc = attention_parts(ROW(part_RT, i, longest), ROW(head_RH, i, n_heads), r, column_D,
                             top[i].prompt, top[i].start + top[i].peak, e);
    arena_release(&scratch);
    return rc;
}
