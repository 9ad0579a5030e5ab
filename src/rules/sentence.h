/* A rule in words: plain English made from the rule itself, so that what is said and what was
 * measured cannot differ, and one formal line. */
#ifndef RULES_SENTENCE_H
#define RULES_SENTENCE_H
#include "base/str.h"
#include "rules/rule.h"

/* A stretch of a sentence. Tokens are any bytes and come without quotes: whoever shows them marks
 * and escapes them. */
typedef struct rule_piece {
    bool is_token;
    const char *bytes; /* need not end in NUL */
    size_t n;
} rule_piece;

typedef struct rule_wording {
    int n;
    const rule_piece *pieces;
} rule_wording;

typedef enum {
    RULE_SINGLE_TOKEN, /* one token, in any case and with or without a blank before it */
    RULE_TOKEN_SET,
    RULE_TOKEN_CLASS,
    RULE_N_GRAM,    /* a token and those just before it */
    RULE_SKIP_GRAM, /* something within the 8 tokens before */
    RULE_CONTEXT,   /* something further back, or inside quotes or brackets */
    RULE_POSITION,  /* in the document, line or sentence */
    RULE_DENSE,
    RULE_DEAD,
    RULE_UNDER_SAMPLED,
    RULE_UNEXPLAINED
} rule_class;

/* "single token", "token set", ..., "unexplained". */
const char *rule_class_name(rule_class c);
/* The class of a rule by the clause with most true positives: one of the first seven;
 * RULE_UNEXPLAINED without a clause. */
rule_class rule_classify(const rule *r, const rule_text *t);

/* "Active on the token ` said` when `"` comes within the 8 tokens before it." Sets of more than 8
 * are named by their strongest, "and N more"; tokens that differ only in case or a leading blank
 * are named once. No piece without a clause. Pieces from the arena. */
void rule_sentence(rule_wording *out, const rule *r, const rule_text *t, arena *a);
/* A sentence of words alone. */
void rule_say(rule_wording *out, arena *a, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* One sentence after another. */
void rule_wording_join(rule_wording *out, const rule_wording *first, const rule_wording *second,
                       arena *a);
/* Appends the pieces, tokens between backticks. */
void rule_wording_text(str *out, const rule_wording *w);

/* Appends one line: token in {" said", " asked"} & last8 in {"\""} | ... Bytes outside printable
 * ASCII, quotes and backslashes are written as in C. Sets in full. */
void rule_formal(str *out, const rule *r, const rule_text *t);

#endif
