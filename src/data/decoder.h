/* How token ids become text again, after the "decoder" section of a tokenizer.json. */
#ifndef DATA_DECODER_H
#define DATA_DECODER_H
#include "base/str.h"
#include <stdbool.h>
#include <stddef.h>

enum { MAX_DECODER_REPLACEMENTS = 8 };

typedef struct decoder_replacement {
    str pattern, content;
} decoder_replacement;

/* Zeroed: a token is shown as it is spelled. Owner: caller, decoder_release(). */
typedef struct decoder {
    decoder_replacement replacements[MAX_DECODER_REPLACEMENTS]; /* in every token, in this order */
    int n_replacements;
    bool byte_fallback;        /* "<0x41>" is the byte 0x41 */
    str strip;                 /* removed from the start of the text, ... */
    int n_strip;               /* ... at most this often */
    bool first_loses_replaced; /* the first token loses what the first replacement would replace */
} decoder;

/* Appends what a reader sees of a token that is spelled so (n bytes). `is_first`: it is the first
 * of a text. */
void decoder_show(str *out, const decoder *d, const char *token, size_t n, bool is_first);
/* Removes from text, whose decoded part begins at `start`, what the decoder strips there. */
void decoder_strip(str *text, const decoder *d, size_t start);
/* The byte that a token "<0x41>" stands for, or -1. */
int decoder_byte(const char *token, size_t n);
void decoder_release(decoder *d);

#endif
