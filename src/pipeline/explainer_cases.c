/* Contexts to make a sentence from, and other documents' windows to try it on. */
#include "pipeline/explainer_cases.h"
#include "base/memory.h"
#include "base/rng.h"
#include "features/contexts.h"
#include "rules/windows.h"
#include <math.h>

enum { TENTHS = 10 };

static bool is_to_fit(const rule_text *t, int prompt)
{
    int document = t->document_of[prompt];
    return document >= 0 && document < t->first_document[RULE_CHOOSE];
}

/* The target's activations in the fit part, as a survey of one feature. */
static survey fit_survey(const study *s, int target, arena *a)
{
    size_t n = s->surveyed.n_active[target];
    survey out = {.n_features = 1,
                  .features = &s->targets[target],
                  .active = arena_push(a, 1, sizeof *out.active),
                  .n_active = arena_push(a, 1, sizeof *out.n_active)};
    out.active[0] = arena_push(a, n, sizeof **out.active);
    for (size_t i = 0; i < n; i++)
        if (is_to_fit(&s->rules.text, s->surveyed.active[target][i].prompt))
            out.active[0][out.n_active[0]++] = s->surveyed.active[target][i];
    return out;
}

static void add_example(explainer_case *out, explainer_passage *room, const feature_context *c,
                        const study *s)
{
    room[out->n_examples++] =
        (explainer_passage){.tokens = prompts_tokens(&s->prompts, c->prompt) + c->start,
                            .activations = c->activations,
                            .n_tokens = c->n_tokens};
}

/* The strongest, then a few of each tenth, weakest first. */
static void add_examples(explainer_case *out, const study *s, int target, arena *a)
{
    const run_config *c = s->config;
    survey of = fit_survey(s, target, a);
    int sampled = c->explainer.examples / 2 / TENTHS;
    context_options o = {.top = c->explainer.examples - TENTHS * sampled,
                         .per_decile = sampled,
                         .window = RULE_WINDOW,
                         .seed = (uint64_t)c->run.seed,
                         .tokenizer = s->tokenizer};
    feature_context *top;
    context_group *tenths;
    int n_top = survey_top_contexts(&top, &of, 0, &s->prompts, &o, a);
    int n_tenths = survey_deciles(&tenths, &of, 0, &s->prompts, &o, a);
    explainer_passage *examples =
        arena_push(a, (size_t)n_top + (size_t)n_tenths * (size_t)sampled, sizeof *examples);
    for (int i = 0; i < n_top; i++)
        add_example(out, examples, &top[i], s);
    for (int d = 0; d < n_tenths; d++)
        for (int i = 0; i < tenths[d].n_contexts; i++)
            add_example(out, examples, &tenths[d].contexts[i], s);
    for (size_t i = 0; i < of.n_active[0]; i++)
        out->largest = fmax(out->largest, (double)of.active[0][i].value);
    out->examples = examples;
}

static explainer_passage passage_of(const rule_window *w, const rule_window_set *all,
                                    const rule_text *t, arena *a)
{
    float *activations = arena_push(a, (size_t)w->n, sizeof *activations);
    for (int k = 0; k < w->n; k++)
        activations[k] = all->value_N[w->first + (size_t)k];
    return (explainer_passage){.tokens = t->token_N + t->first[RULE_REPORT] + w->first,
                               .activations = activations,
                               .n_tokens = w->n};
}

/* Active and silent ones mixed, in an order of each target's own. */
static void mix(explainer_passage *windows, int n, const study *s, int target)
{
    int *order = mem_small((size_t)n, sizeof *order);
    explainer_passage *kept = mem_small((size_t)n, sizeof *kept);
    rng all = rng_stream((uint64_t)s->config->run.seed, "explainer windows");
    rng r = rng_split(&all, (uint64_t)s->targets[target]);
    for (int i = 0; i < n; i++) {
        order[i] = i;
        kept[i] = windows[i];
    }
    rng_shuffle(&r, order, n);
    for (int i = 0; i < n; i++)
        windows[i] = kept[order[i]];
    mem_free(order);
    mem_free(kept);
}

/* Those that the rule's own detection is measured on, when there are as many. */
static void add_windows(explainer_case *out, const study *s, int target, arena *a)
{
    const run_config *c = s->config;
    const rule_text *t = &s->rules.text;
    int per_tenth = c->explainer.windows / (2 * TENTHS);
    rule_target active;
    rule_window_set all;
    rule_window_sample drawn;
    rule_target_make(&active, t, s->surveyed.active[target], s->surveyed.n_active[target], 1);
    rule_window_set_make(&all, t, &active);
    rule_window_sample_draw(&drawn, &all, per_tenth, TENTHS * per_tenth, (uint64_t)c->run.seed);
    size_t n = (size_t)drawn.n_active + (size_t)drawn.n_silent;
    explainer_passage *windows = arena_push(a, n, sizeof *windows);
    for (int i = 0; i < drawn.n_active; i++)
        windows[out->n_windows++] = passage_of(&drawn.active[i], &all, t, a);
    for (int i = 0; i < drawn.n_silent; i++)
        windows[out->n_windows++] = passage_of(&drawn.silent[i], &all, t, a);
    mix(windows, out->n_windows, s, target);
    out->windows = windows;
    rule_window_sample_release(&drawn);
    rule_window_set_release(&all);
    rule_target_release(&active);
}

void explainer_case_make(explainer_case *out, const study *s, int target, arena *a)
{
    *out = (explainer_case){0};
    add_examples(out, s, target, a);
    if (out->n_examples)
        add_windows(out, s, target, a);
}
