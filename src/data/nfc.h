/* Unicode normalisation form C (UAX #15) as Hugging Face `tokenizers` computes it: with the tables
 * of Unicode 9, so that marks which later versions brought keep their place. */
#ifndef DATA_NFC_H
#define DATA_NFC_H
#include "data/edited_text.h"
#include <stddef.h>

/* Puts the normal form of text (n bytes of valid UTF-8) into out, replacing what was there. */
void nfc_normalize(edited_text *out, const char *text, size_t n);

#endif
