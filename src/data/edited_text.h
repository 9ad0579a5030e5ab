/* Text that a step of normalisation rewrote, remembering where each byte came from. */
#ifndef DATA_EDITED_TEXT_H
#define DATA_EDITED_TEXT_H
#include "base/str.h"
#include <stddef.h>

/* A changed stretch: [out_start, out_end) of the new text came from [in_start, in_end) of the old;
 * either may be empty. */
typedef struct text_edit {
    size_t out_start, out_end, in_start, in_end;
} text_edit;

/* Start: zeroed; may be used again and again. Owner: caller, edited_text_release(). */
typedef struct edited_text {
    str text;
    text_edit *edits; /* in order */
    size_t n_edits, cap;
} edited_text;

/* Empty, memory kept. */
void edited_text_clear(edited_text *t);
/* Appends n bytes as they stood in the old text, after what was appended or replaced last. */
void edited_text_keep(edited_text *t, const char *bytes, size_t n);
/* Appends n bytes that stand for bytes [in_start, in_end) of the old text. */
void edited_text_replace(edited_text *t, const char *bytes, size_t n, size_t in_start,
                         size_t in_end);
/* Where bytes [start, end) of the new text, start < end, came from. Bytes in a changed stretch came
 * from the whole stretch. Takes time log n. */
void edited_text_source(size_t *in_start, size_t *in_end, const edited_text *t, size_t start,
                        size_t end);
/* Frees all; fine on a zeroed one. */
void edited_text_release(edited_text *t);

#endif
