/* Tokens that are cut out of the text wherever their content occurs, before it is split into words:
 * special tokens, and in GPT-NeoX runs of spaces. */
#ifndef DATA_ADDED_TOKENS_H
#define DATA_ADDED_TOKENS_H
#include "data/regex.h"
#include <stdbool.h>
#include <stddef.h>

typedef struct added_token {
    char *content; /* owned, ends in NUL */
    size_t n;      /* > 0 */
    int id;
    bool single_word; /* only where no character of a word touches it */
    bool lstrip;      /* takes the white space before it, ... */
    bool rstrip;      /* ... after it */
} added_token;

/* Start: zeroed, added_tokens_add for each, added_tokens_index. */
typedef struct added_tokens {
    added_token *tokens; /* sorted by content after added_tokens_index */
    int n, cap;
    int first[257];        /* the tokens that start with byte c are [first[c], first[c + 1]) */
    regex *word_character; /* NULL unless some token wants single words */
} added_tokens;

/* Adds a copy of t with this content (n bytes); t's own content is not looked at. */
void added_tokens_add(added_tokens *a, const added_token *t, const char *content, size_t n);
/* Sorts; call once, after the last one was added. Returns a token that has the same content as the
 * one behind it in a->tokens, or NULL when all differ. */
const added_token *added_tokens_index(added_tokens *a);
/* Frees all; fine on a zeroed one. */
void added_tokens_release(added_tokens *a);

/* A walk through a text. Start: `{.text = , .n = }`, the rest zeroed. */
typedef struct added_search {
    const char *text;
    size_t n;
    size_t start, end; /* of the last token found, with the white space it takes */
    size_t from;       /* where to look next */
    size_t blank_end;  /* all from `end` of some earlier token to here is white space */
} added_search;
/* The next token: the leftmost place where one occurs, and the longest there; NULL at the end. A
 * token that takes white space does not keep the next one from being found in it: then start may
 * lie before the end of the one before, as in Hugging Face `tokenizers`. The whole walk takes time
 * linear in the text. */
const added_token *added_tokens_next(added_search *s, const added_tokens *a,
                                     regex_scratch *scratch);
/* The token with this content, or NULL. */
const added_token *added_tokens_find(const added_tokens *a, const char *content, size_t n);

#endif
