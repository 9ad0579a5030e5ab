/* Tokens that are cut out of the text wherever their content occurs, before it is split into words:
 * special tokens, and in GPT-NeoX runs of spaces. */
#ifndef DATA_ADDED_TOKENS_H
#define DATA_ADDED_TOKENS_H
#include <stdbool.h>
#include <stddef.h>

typedef struct added_token {
    char *content; /* owned, ends in NUL */
    size_t n;      /* > 0 */
    int id;
} added_token;

/* Start: zeroed, added_tokens_add for each, added_tokens_index. */
typedef struct added_tokens {
    added_token *tokens; /* sorted by content after added_tokens_index */
    int n, cap;
    int first[257]; /* the tokens that start with byte c are [first[c], first[c + 1]) */
} added_tokens;

/* The content is copied and must not be added twice. */
void added_tokens_add(added_tokens *a, const char *content, size_t n, int id);
/* Sorts; call once, after the last one was added. */
void added_tokens_index(added_tokens *a);
/* Frees all; fine on a zeroed one. */
void added_tokens_release(added_tokens *a);
/* The leftmost place at or after `from` where a token occurs, and the longest token there; NULL
 * when there is none. */
const added_token *added_tokens_next(size_t *start, const added_tokens *a, const char *text,
                                     size_t n, size_t from);
/* The token with this content, or NULL. */
const added_token *added_tokens_find(const added_tokens *a, const char *content, size_t n);

#endif
