/* The tokens of a tokenizer: the bytes that merging works on and those a reader sees, and the id of
 * given bytes. */
#ifndef DATA_VOCAB_H
#define DATA_VOCAB_H
#include "base/str.h"
#include <stdbool.h>
#include <stddef.h>

enum {
    VOCAB_MAX_IDS = 1 << 22
}; /* ids of hostile files size our tables; the largest real one: 262k */

enum {
    TOKEN_USED = 1,     /* the id has a token */
    TOKEN_MERGED = 2,   /* merging can produce it */
    TOKEN_FOREIGN = 4,  /* of the vocabulary, but not spelled in the byte alphabet as it should */
    TOKEN_ADDED = 8,    /* cut out of the text before anything else happens to it */
    TOKEN_SPECIAL = 16, /* marks structure (end of text), is not text */
    TOKEN_BYTE = 32     /* stands for one byte of a character without a token (byte fallback) */
};

/* Start: vocab_init. Owner: caller, vocab_release (fine on a zeroed one). */
typedef struct vocab {
    int n_ids;
    size_t *start, *length;             /* of each id, in `bytes` */
    size_t *shown_start, *shown_length; /* what a reader sees, in `bytes` too */
    unsigned char *flags;
    str bytes;
    int *by_bytes; /* after vocab_index: the TOKEN_MERGED ids sorted by their bytes, ... */
    int n_merged;  /* ... that many; then the TOKEN_FOREIGN ids, sorted too */
    int n_indexed;
} vocab;

/* No id has a token yet; n_ids is at most VOCAB_MAX_IDS. */
void vocab_init(vocab *v, int n_ids);
/* Frees all; fine on a zeroed one. */
void vocab_release(vocab *v);
/* Gives id (< n_ids) its bytes, which a reader sees too unless vocab_show follows, replacing what
 * it had, and adds to its flags. */
void vocab_set(vocab *v, int id, const void *bytes, size_t n, int flags);
/* What a reader sees of a token that has its bytes. */
void vocab_show(vocab *v, int id, const void *bytes, size_t n);
/* Sorts. Call once, after the last TOKEN_MERGED or TOKEN_FOREIGN id was set. */
void vocab_index(vocab *v);
/* The TOKEN_MERGED id with these bytes, or -1. */
int vocab_find(const vocab *v, const void *bytes, size_t n);
/* The TOKEN_FOREIGN id with these bytes, or -1. */
int vocab_find_foreign(const vocab *v, const void *bytes, size_t n);

#endif
