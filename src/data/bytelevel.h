/* The printable alphabet in which byte-level BPE files spell raw bytes (Radford et al. 2019, GPT-2:
 * bytes_to_unicode): printable Latin-1 stands for itself, the other 68 bytes for U+0100 upwards. */
#ifndef DATA_BYTELEVEL_H
#define DATA_BYTELEVEL_H
#include "base/str.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The code point that stands for the byte. */
uint32_t bytelevel_char(unsigned char byte);
/* The byte that the code point stands for, or -1 when it is not of the alphabet. */
int bytelevel_byte(uint32_t code);

/* Appends n raw bytes, spelled in the alphabet (UTF-8). */
void bytelevel_spell(str *out, const void *bytes, size_t n);
/* Reads text (valid UTF-8, n bytes) back into out (at least n bytes); false, with *n_out undefined,
 * when a character is not of the alphabet. */
bool bytelevel_read(unsigned char *out, size_t *n_out, const char *text, size_t n);

#endif
