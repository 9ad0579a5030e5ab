/* Unicode normalisation form C (UAX #15), remembering which stretches of text it changed. */
#ifndef DATA_NFC_H
#define DATA_NFC_H
#include "base/str.h"
#include <stddef.h>

/* A changed stretch: [out_start, out_end) of the normal form came from [in_start, in_end). */
typedef struct nfc_change {
    size_t out_start, out_end, in_start, in_end;
} nfc_change;

/* Start: zeroed; may be used again and again. Owner: caller, nfc_release(). */
typedef struct nfc_text {
    str text;
    nfc_change *changes; /* in order */
    size_t n_changes, cap;
    struct nfc_segment *segment;
} nfc_text;

/* Puts the normal form of text (n bytes of valid UTF-8) into out->text, replacing what was there.
 */
void nfc_normalize(nfc_text *out, const char *text, size_t n);
/* Where bytes [start, end) of out->text, start < end, came from. Bytes in a changed stretch came
 * from the whole stretch. */
void nfc_source(size_t *in_start, size_t *in_end, const nfc_text *t, size_t start, size_t end);
void nfc_release(nfc_text *t);

#endif
