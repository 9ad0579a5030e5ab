/* explain: the original program's sentences about the targets. */
#include "base/memory.h"
#include "pipeline/study.h"
#include <stdlib.h>

static int add_token(int32_t *list, int n, int most, int32_t id)
{
    for (int i = 0; i < n; i++)
        if (list[i] == id)
            return n;
    if (n < most)
        list[n++] = id;
    return n;
}

typedef struct weighed_token {
    int32_t token;
    double weight;
} weighed_token;

static int by_falling_weight(const void *a, const void *b)
{
    const weighed_token *x = a, *y = b;
    if (x->weight != y->weight)
        return x->weight < y->weight ? 1 : -1;
    return (x->token > y->token) - (x->token < y->token);
}

/* The tokens of the sequences that the search found, each weighed by what is lost with the best
 * of the others in its place. Owner: caller, mem_free. */
static weighed_token *found_tokens(int *n, const target_sequences *t)
{
    int room = 0;
    for (int k = 0; k < t->n; k++)
        room += t->items[k].point.length;
    weighed_token *list = mem_small((size_t)room, sizeof *list);
    *n = 0;
    for (int k = 0; k < t->n; k++) {
        const sequence *q = &t->items[k];
        for (int i = 0; i < q->point.length && q->sought; i++)
            list[(*n)++] = (weighed_token){q->point.tokens[i], q->lost_least_L[i]};
    }
    qsort(list, (size_t)*n, sizeof *list, by_falling_weight);
    return list;
}

/* Up to `most` tokens: those that matter most in what drives the feature most; then those it
 * answers to most strongly in the data. */
static int top_tokens(int32_t *list, study *s, int target, int most)
{
    int n = 0, n_found;
    weighed_token *found = found_tokens(&n_found, &s->sequences[target]);
    for (int i = 0; i < n_found && found[i].weight > 0; i++)
        n = add_token(list, n, most, found[i].token);
    mem_free(found);
    token_stat *stats;
    int n_stats = survey_tokens(&stats, &s->surveyed, target, &s->prompts, 1, &s->memory);
    for (int i = 0; i < n_stats && n < most; i++)
        n = add_token(list, n, most, stats[i].token);
    return n;
}

static explain_options explain_options_of(const run_config *c)
{
    explain_options o = {.keep = c->explain.keep,
                         .frozen = c->explain.frozen_tokens,
                         .length = c->explain.length,
                         .optimise = study_optimise_options(c)};
    o.optimise.max_steps = c->explain.max_steps;
    o.optimise.learning_rate = c->explain.learning_rate;
    o.optimise.lambda_reg = c->explain.lambda_reg;
    o.optimise.coherence_weight = c->explain.use_lm_coherence ? c->explain.coherence_weight : 0;
    return o;
}

static err_code explain_with_templates(study *s, const explain_options *o, err *e)
{
    const run_config *c = s->config;
    optimise_setting setting = study_setting(s, "explain");
    int32_t *list = mem_small((size_t)c->explain.top_tokens, sizeof *list);
    progress bar = progress_start(s->reporter, "explain", s->n_targets);
    err_code rc = OK;
    for (int i = 0; i < s->n_targets && !rc; i++) {
        int n = top_tokens(list, s, i, c->explain.top_tokens);
        rc = explain_templates(s->explained[i].items, &s->explained[i].n, &setting, s->tokenizer,
                               s->targets[i], list, n, o, &s->memory, e);
        progress_step(&bar, i + 1, NULL);
        if (!rc)
            rc = cancel_check(e);
    }
    progress_end(&bar);
    mem_free(list);
    return rc;
}

/* The best template of every target that has one goes on as a prompt. */
static err_code explain_with_prompts(study *s, const explain_options *o, err *e)
{
    size_t n = (size_t)s->n_targets;
    explanation *starts = mem_small(n, sizeof *starts), *made = mem_small(n, sizeof *made);
    int *features = mem_small(n, sizeof *features), *owner = mem_small(n, sizeof *owner);
    double *scales = mem_small(n, sizeof *scales);
    int count = 0;
    for (int i = 0; i < s->n_targets; i++) {
        if (s->explained[i].n == 0)
            continue;
        starts[count] = s->explained[i].items[0];
        features[count] = s->targets[i];
        scales[count] = study_scale(s, s->targets[i]);
        owner[count++] = i;
    }
    optimise_setting setting = study_setting(s, "explain");
    err_code rc =
        explain_prompts(made, &setting, starts, features, scales, count, o, &s->memory, e);
    for (int i = 0; i < count && !rc; i++) {
        target_explanations *t = &s->explained[owner[i]];
        t->items[t->n++] = made[i];
    }
    mem_free(starts);
    mem_free(made);
    mem_free(features);
    mem_free(owner);
    mem_free(scales);
    return rc;
}

err_code stage_explain(study *s, bool *cached, err *e)
{
    const run_config *c = s->config;
    explain_options o = explain_options_of(c);
    *cached = false;
    s->explained = arena_push(&s->memory, (size_t)s->n_targets, sizeof *s->explained);
    for (int i = 0; i < s->n_targets; i++)
        s->explained[i].items =
            arena_push(&s->memory, (size_t)c->explain.keep + 1, sizeof *s->explained[i].items);
    err_code rc = study_ask_explainer(s, e);
    if (!rc && (c->explain.template_sentences || c->explain.optimised_prompt))
        rc = explain_with_templates(s, &o, e);
    if (!rc && c->explain.optimised_prompt)
        rc = explain_with_prompts(s, &o, e);
    if (!rc)
        report_line(s->reporter, "explain    %d features", s->n_targets);
    return rc;
}
