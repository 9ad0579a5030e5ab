/* The optimised prompt: a template's embeddings pushed towards the feature behind a fixed start. */
#include "base/memory.h"
#include "explain/explanation.h"
#include <math.h>
#include <string.h>

static void start_from(optimise_job *job, const explanation *start, const token_table *table,
                       const explain_options *o, arena *a)
{
    job->length = start->length < o->length ? start->length : o->length;
    job->frozen = o->frozen < job->length ? o->frozen : job->length;
    job->x_LD = arena_push(a, (size_t)job->length * (size_t)table->D, sizeof *job->x_LD);
    for (int i = 0; i < job->length; i++)
        token_table_row(ROW(job->x_LD, i, table->D), table, start->tokens[i]);
}

/* Nearest tokens, but the frozen ones are what they were. */
static err_code read_tokens(explanation *out, const optimise_job *job, const explanation *start,
                            const token_table *table, arena *a, err *e)
{
    *out = (explanation){.method = EXPLAIN_PROMPT,
                         .tokens = arena_push(a, (size_t)job->length, sizeof *out->tokens),
                         .length = job->length,
                         .frozen = job->frozen,
                         .free_activation = (double)job->activation};
    out->named = out->tokens + job->frozen;
    out->n_named = job->length - job->frozen;
    err_code rc = token_table_nearest(out->tokens, NULL, table, job->x_LD, job->length, 1, e);
    if (!rc)
        memcpy(out->tokens, start->tokens, (size_t)job->frozen * sizeof *out->tokens);
    return rc;
}

static err_code measure(explanation *out_n, const optimise_setting *set, const int *features_n,
                        int n, err *e)
{
    probe_input *inputs = mem_small((size_t)n, sizeof *inputs);
    probe_result *results = mem_small((size_t)n, sizeof *results);
    double *coherence = mem_small((size_t)n, sizeof *coherence);
    for (int i = 0; i < n; i++)
        inputs[i] = (probe_input){.tokens_L = out_n[i].tokens, .length = out_n[i].length};
    err_code rc = probe_inputs(results, set, inputs, features_n, n, true, e);
    if (!rc)
        rc = probe_coherence(coherence, set, inputs, n, e);
    for (int i = 0; i < n && !rc; i++) {
        out_n[i].activation = (double)results[i].activation;
        out_n[i].specificity = results[i].specificity;
        out_n[i].coherence = coherence[i];
    }
    mem_free(inputs);
    mem_free(results);
    mem_free(coherence);
    return rc;
}

err_code explain_prompts(explanation *out_n, const optimise_setting *setting,
                         const explanation *start_n, const int *features_n, const double *scale_n,
                         int n, const explain_options *o, arena *a, err *e)
{
    if (n == 0)
        return OK;
    optimise_job *jobs = mem_small((size_t)n, sizeof *jobs);
    for (int i = 0; i < n; i++) {
        jobs[i] = (optimise_job){.feature = features_n[i], .scale = scale_n[i]};
        start_from(&jobs[i], &start_n[i], setting->table, o, a);
    }
    err_code rc = optimise_jobs(jobs, n, setting, &o->optimise, a, e);
    for (int i = 0; i < n && !rc; i++)
        rc = read_tokens(&out_n[i], &jobs[i], &start_n[i], setting->table, a, e);
    if (!rc)
        rc = measure(out_n, setting, features_n, n, e);
    mem_free(jobs);
    return rc;
}
