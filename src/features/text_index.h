/* Where each token stands in the prompts: made once, so that what a feature does on a token can be
 * told from all the places where the token is, not only from those where the feature is active. */
#ifndef FEATURES_TEXT_INDEX_H
#define FEATURES_TEXT_INDEX_H
#include "features/prompts.h"

typedef struct token_place {
    int32_t prompt, position; /* the BOS counts as a position */
} token_place;

/* Counted tokens only, see prompts_counted(). Memory: 8 bytes per token of the prompts.
 * Owner: caller, text_index_release(). */
typedef struct text_index {
    size_t *first;       /* V + 1: the places of token v are first[v] .. first[v + 1] - 1 */
    token_place *places; /* in the order of the text */
    size_t n;            /* of them */
    int longest;         /* prompt, the BOS included */
    int64_t *n_at;       /* longest: counted tokens at each position */
} text_index;

/* V: above every token id of the prompts. */
void text_index_make(text_index *out, const prompt_set *p, const tokenizer *t, int V);
void text_index_release(text_index *x);

#endif
