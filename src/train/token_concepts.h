/* Which tokens carry which of the world's concepts by themselves. */
#ifndef TRAIN_TOKEN_CONCEPTS_H
#define TRAIN_TOKEN_CONCEPTS_H
#include "data/tokenizer.h"
#include "train/world.h"
#include <stdbool.h>

/* Owner: caller, token_concepts_release(). */
typedef struct token_concepts {
    int V, n_concepts;
    int64_t *count_V, *carries_VC; /* occurrences, and those that carry the concept */
} token_concepts;

/* From the world's documents 0 .. documents-1 of the stream `seed`. */
err_code token_concepts_count(token_concepts *out, const tokenizer *t, uint64_t seed, int documents,
                              err *e);
void token_concepts_release(token_concepts *t);

/* A token is one of the concept's words when it carries it in at least half of its occurrences. */
bool token_concepts_belongs(const token_concepts *t, int token, int concept);
/* Whether there is such a token. None carries "inside a quotation" by itself. */
bool token_concepts_has_words(const token_concepts *t, int concept);
/* -1: no concept has this name. */
int world_concept_number(const char *name);

#endif
