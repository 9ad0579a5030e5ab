/* The prompts of a run as tokens. */
#ifndef FEATURES_PROMPTS_H
#define FEATURES_PROMPTS_H
#include "base/err.h"
#include "data/tokenizer.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Start: `prompt_set p = {.bos = ..., .min_tokens = ..., .max_tokens = ...};`.
 * Owner: caller, prompts_release(). */
typedef struct prompt_set {
    int bos;                    /* token put before every prompt, -1: none */
    int min_tokens, max_tokens; /* of a prompt, the BOS not counted */
    int n;
    int32_t *tokens;     /* all prompts end to end, each BOS included */
    size_t *first;       /* n + 1: prompt i is tokens[first[i]] .. tokens[first[i+1]-1] */
    long n_short, n_cut; /* left out below min_tokens; cut at max_tokens */
    size_t token_capacity;
    int prompt_capacity;
} prompt_set;

/* Tokenises n bytes of text and adds them as a prompt, or counts them as too short. */
err_code prompts_add(prompt_set *p, const tokenizer *t, const char *text, size_t n, err *e);
void prompts_release(prompt_set *p);
/* Tokens of prompt i, the BOS included. */
int prompts_length(const prompt_set *p, int i);
const int32_t *prompts_tokens(const prompt_set *p, int i);
/* The longest prompt, the BOS included; 0 when there is none. */
int prompts_longest(const prompt_set *p);

/* Marks which positions of a prompt enter statistics: not those that hold a special token
 * (BOS, EOS, padding), where activations are an artefact of attention sinks. */
void prompts_counted(bool *counted_T, const prompt_set *p, const tokenizer *t, int i);

#endif
