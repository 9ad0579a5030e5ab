/* Sentences about a feature, each measured on the model it is about.
 *
 * These are the original program's two methods (JasonP02/sae-inverse-embeddings, explanation.py): a
 * few sentence patterns filled with pairs of top tokens, and the best of them optimised as an input
 * behind a frozen prefix. Their scores say how strongly the sentence itself drives the feature. */
#ifndef EXPLAIN_EXPLANATION_H
#define EXPLAIN_EXPLANATION_H
#include "invert/probe.h"

typedef enum { EXPLAIN_TEMPLATE, EXPLAIN_PROMPT } explain_method;

typedef struct explanation {
    explain_method method;
    int32_t *tokens;      /* without BOS; arena */
    int length;           /* tokens */
    int frozen;           /* leading tokens that were not optimised; 0 for templates */
    const int32_t *named; /* what it says the feature is about: the pair that fills a template, the
                             tokens behind a prompt's frozen ones; arena */
    int n_named;
    double activation, specificity;
    double coherence;       /* mean log-probability by the model itself, nats a token */
    double free_activation; /* of the optimised embeddings behind a prompt; NaN for templates */
} explanation;

typedef struct explain_options {
    int keep;           /* sentences kept per feature */
    int frozen, length; /* of the optimised prompt: leading tokens kept, tokens at most */
    optimise_options optimise;
} explain_options;

/* Fills the patterns with every ordered pair of the n_top given tokens (their bytes, blanks around
 * them removed), measures all and keeps the strongest, at most o->keep, in out (room for o->keep).
 * Fewer than two distinct tokens give none. *n_out is how many. */
err_code explain_templates(explanation *out, int *n_out, const optimise_setting *setting,
                           const tokenizer *t, int feature, const int32_t *top_tokens, int n_top,
                           const explain_options *o, arena *a, err *e);

/* For each of n features: optimises the embeddings of start_n[i] (a template explanation) behind
 * its frozen prefix, with the model's own cross-entropy when o->optimise.coherence_weight > 0,
 * reads the result as nearest tokens and measures it. scale_n: see optimise_job. All features in
 * one batch. */
err_code explain_prompts(explanation *out_n, const optimise_setting *setting,
                         const explanation *start_n, const int *features_n, const double *scale_n,
                         int n, const explain_options *o, arena *a, err *e);

#endif
