/* The tokens of a tokenizer: the raw bytes of each id, and the id of given bytes. */
#ifndef DATA_VOCAB_H
#define DATA_VOCAB_H
#include "base/str.h"
#include <stdbool.h>
#include <stddef.h>

enum {
    VOCAB_MAX_IDS = 1 << 22
}; /* ids of hostile files size our tables; the largest real one: 262k */

enum {
    TOKEN_USED = 1,   /* the id has a token */
    TOKEN_MERGED = 2, /* spelled in the byte alphabet: merging can produce it */
    TOKEN_ADDED = 4,  /* cut out of the text before anything else happens to it */
    TOKEN_SPECIAL = 8 /* marks structure (end of text), is not text */
};

/* Start: vocab_init. Owner: caller, vocab_release (fine on a zeroed one). */
typedef struct vocab {
    int n_ids;
    size_t *start, *length; /* of each id, in `bytes` */
    unsigned char *flags;
    str bytes;
    int *by_bytes; /* the TOKEN_MERGED ids, sorted by their bytes; after vocab_index */
    int n_by_bytes;
} vocab;

/* No id has a token yet; n_ids is at most VOCAB_MAX_IDS. */
void vocab_init(vocab *v, int n_ids);
/* Frees all; fine on a zeroed one. */
void vocab_release(vocab *v);
/* Gives id (< n_ids) its bytes, replacing what it had, and adds to its flags. */
void vocab_set(vocab *v, int id, const void *bytes, size_t n, int flags);
/* Sorts. Call once, after the last vocab_set. */
void vocab_index(vocab *v);
/* The TOKEN_MERGED id with these bytes, or -1. */
int vocab_find(const vocab *v, const void *bytes, size_t n);

#endif
