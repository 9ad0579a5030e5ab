/* Token ids with the bytes of the text that each one covers. */
#ifndef DATA_TOKEN_LIST_H
#define DATA_TOKEN_LIST_H
#include <stddef.h>

/* Token i has ids[i] and covers bytes [starts[i], ends[i]) of the ORIGINAL text, its leading space
 * included. Ranges are in order and touch: they cover the text exactly, if there is a token at all.
 * - What stands for nothing in the text, a space put in front of it, covers nothing: start == end.
 * - What no token came from, because the tokenizer drops it, belongs to the token after it, at the
 *   end of the text to the last one.
 * - Ranges overlap only where normalisation rewrote several bytes at once (NFC: all tokens of a
 *   rewritten stretch share the stretch's range) or one character became several tokens of bytes
 *   there, and where a token that takes the white space after it leaves some of it to others.
 * Start: `token_list t = {0};`. Owner: caller, token_list_release(). */
typedef struct token_list {
    int *ids;
    size_t *starts, *ends;
    size_t n, cap;
} token_list;
void token_list_add(token_list *t, int id, size_t start, size_t end);
void token_list_clear(token_list *t); /* empty, memory kept */
void token_list_release(token_list *t);

#endif
