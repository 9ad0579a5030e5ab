/* Text around places where a feature is active: the strongest, and samples from all strengths. */
#ifndef FEATURES_CONTEXTS_H
#define FEATURES_CONTEXTS_H
#include "features/survey.h"

/* A stretch of a prompt around a place, with the activation of each of its tokens. */
typedef struct feature_context {
    int prompt, start, n_tokens; /* tokens start .. start + n_tokens - 1 of the prompt */
    int peak;                    /* index in the stretch of the place */
    float *activations;          /* n_tokens, from the arena */
} feature_context;

typedef struct context_options {
    int top, per_decile, per_interval; /* how many */
    int window;                        /* tokens shown at most, but for a few more of a character
                                          that the window's edge would cut */
    uint64_t seed;
    const tokenizer *tokenizer; /* tells what is a piece of a character */
} context_options;

/* All that follows is in the arena; `which` counts in survey.features. */

/* Around one position of a prompt, at which the feature may be silent; of the options window and
 * tokenizer count. */
feature_context survey_context(const survey *s, int which, const prompt_set *p, int prompt,
                               int position, const context_options *o, arena *a);

/* Around the peaks of prompts, strongest first: one of each prompt, the same words never twice.
 * Returns how many. */
int survey_top_contexts(feature_context **out, const survey *s, int which, const prompt_set *p,
                        const context_options *o, arena *a);

/* Prompts or tokens between two activations, and some of them. */
typedef struct context_group {
    double low, high;
    int n_prompts;
    int64_t n_tokens;
    feature_context *contexts; /* drawn at random, the same words never twice */
    int n_contexts;
} context_group;

/* Tenths of the prompts in which the feature is active, by their strongest activation, weakest
 * first; low and high are the strongest activation of the weakest and strongest prompt, n_tokens
 * the active tokens of the prompts, contexts around the prompts' peaks. With fewer than ten prompts
 * there are as many groups as prompts. Returns how many groups. */
int survey_deciles(context_group **out, const survey *s, int which, const prompt_set *p,
                   const context_options *o, arena *a);

/* CONTEXT_INTERVALS intervals (low, high] of equal width between 0 and the largest activation, so
 * that silent tokens are in none: the tokens with an activation in it, the prompts that hold one,
 * contexts around tokens of different prompts, each the strongest that its prompt has in the
 * interval. An interval may be empty. Returns how many, 0 for a feature that is never active. */
enum { CONTEXT_INTERVALS = 5 };
int survey_intervals(context_group **out, const survey *s, int which, const prompt_set *p,
                     const context_options *o, arena *a);

#endif
