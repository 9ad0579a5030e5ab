/* The regular expressions by which tokenizers cut text, as Hugging Face's engine (Oniguruma) reads
 * them. Only known ones are taken: each is linear in the text and checked against the original,
 * which nothing would vouch for in an expression that comes with a file. */
#ifndef DATA_REGEX_H
#define DATA_REGEX_H
#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>

/* Radford et al. 2019 (GPT-2); GPT-NeoX and every "ByteLevel" with use_regex. */
#define REGEX_GPT2                                                                                 \
    "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"
/* What "Digits" takes for one: numbers of Unicode 17. */
#define REGEX_DIGIT "[\\p{N}\\p{17}]"
/* A character of words (UTS #18, \w). The ranges are letters in circles and squares. */
#define REGEX_WORD_CHARACTER                                                                       \
    "[\\p{L}\\p{M}\\p{Nd}\\p{Nl}\\p{Pc}\\x{200c}\\x{200d}\\x{24b6}-\\x{24e9}\\x{1f130}-\\x{1f149}" \
    "\\x{1f150}-\\x{1f169}\\x{1f170}-\\x{1f189}]"

/* A compiled expression. Threads may share it. */
typedef struct regex regex;
/* One thread's matching memory. */
typedef struct regex_scratch regex_scratch;

/* NULL when the expression is none of those known. Owner: caller, regex_free(). */
regex *regex_new(const char *pattern);
void regex_free(regex *r);
/* For any expression. Owner: caller, regex_scratch_free(). */
regex_scratch *regex_scratch_new(void);
void regex_scratch_free(regex_scratch *s);

/* The first match at or after `from` of text, n bytes of valid UTF-8, is [start, end), not empty;
 * start == end == n when there is none. */
err_code regex_find(size_t *start, size_t *end, const regex *r, regex_scratch *s, const char *text,
                    size_t n, size_t from, err *e);

/* "10.42 2022-12-11", as the library says it. Returns buf. */
enum { REGEX_VERSION_TEXT = 64 };
const char *regex_version(char buf[REGEX_VERSION_TEXT]);

/* Unicode's White_Space. */
bool is_white_space(unsigned code);

#endif
