/* The sentence of a rule on a page: words, and tokens, which stand out as code. */
#ifndef SITE_SENTENCE_H
#define SITE_SENTENCE_H
#include "base/arena.h"
#include "base/str.h"
#include "results/record.h"

/* In a sentence kept as text tokens stand between backticks. Bytes of the one that starts at
 * `bytes`, backticks included; 0 when none does. */
int sentence_token(const char *bytes, int n);

/* As part of a line of Markdown; from `a`. */
const char *rule_line(arena *a, const record_rule *rule);
const char *sentence_line(arena *a, record_bytes sentence);
/* Appends it as HTML. */
void sentence_html(str *out, record_bytes sentence, arena *a);

#endif
