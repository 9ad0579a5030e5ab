/* Token ids with the bytes of the text that each one covers. */
#ifndef DATA_TOKEN_LIST_H
#define DATA_TOKEN_LIST_H
#include <stddef.h>

/* Token i has ids[i] and covers bytes [starts[i], ends[i]) of the ORIGINAL text, its leading space
 * included. Ranges are in order and touch: they cover the text exactly. Only where normalisation
 * changed the text (NFC) do all tokens of a changed stretch share the stretch's range.
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
