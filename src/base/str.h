/* A growing byte string, and the one way numbers become text. */
#ifndef BASE_STR_H
#define BASE_STR_H
#include "base/arena.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Start: `str s = {0};`. `data` is NUL-terminated once anything was added; bytes may include NUL.
 */
typedef struct str {
    char *data;
    size_t len, cap;
} str;

void str_add(str *s, const char *text);
void str_add_bytes(str *s, const void *bytes, size_t n);
void str_add_char(str *s, char c);
void str_addf(str *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Appends text as it stands in XML and HTML, between tags or in a quoted attribute. */
void str_add_xml(str *s, const char *text);
void str_clear(str *s);   /* empty, memory kept */
void str_release(str *s); /* empty, memory freed */
/* The text in the arena's memory; the string is released. */
char *str_into(str *s, arena *a);
/* The text, never NULL ("" when empty); borrowed until the next change. */
const char *str_text(const str *s);

enum { NUMBER_TEXT = 32 };
/* Writes a number as every output file shows it: integers as integers, else %.6g, never "-0";
 * NaN and infinities as "" (the caller counts them). Returns buf. */
const char *number_text(char buf[NUMBER_TEXT], double value);

/* Length of the valid UTF-8 sequence at p (1..4), its code point in *code; 0 when the bytes are
 * not UTF-8 (overlong, surrogate, truncated). n is what is left. */
int utf8_decode(const unsigned char *p, size_t n, uint32_t *code);
/* Writes the code point as 1..4 bytes; returns how many. */
int utf8_encode(char out[4], uint32_t code);
bool utf8_valid(const char *text, size_t n);

/* Of n names, the one with the smallest edit distance to `name` (for "did you mean"). NULL if n is
 * 0. */
const char *nearest_name(const char *name, const char *const *names, size_t n);

#endif
