/* The text of a run as rules see it: the tokens that count, document after document, in three parts
 * that share no document. A document is a prompt.
 *
 * "Before" a token means earlier in its document; special tokens (prompts_counted()) are as if they
 * were not there. Positions are numbered through: first the fit part, then choose, then report. */
#ifndef RULES_TEXT_H
#define RULES_TEXT_H
#include "base/err.h"
#include "features/prompts.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { RULE_FIT, RULE_CHOOSE, RULE_REPORT, RULE_PARTS } rule_part;

typedef struct rule_text_options {
    uint64_t seed;                  /* draws the documents of each part */
    double fit_share, choose_share; /* of the documents; the rest is reported on */
    size_t most_tokens;             /* documents are drawn until they hold as many */
} rule_text_options;

/* Half the documents to fit on, a fifth to choose on, 400,000 tokens at most. */
rule_text_options rule_text_defaults(uint64_t seed);

typedef struct rule_document {
    int32_t prompt;
    int32_t n;    /* tokens that count */
    size_t first; /* position of the first of them */
} rule_document;

/* What is known of a position beside its token: bits of flags_N. */
enum {
    RULE_AFTER_NEWLINE = 1,  /* the token before it ends a line, or it begins the document */
    RULE_SENTENCE_START = 2, /* first token with a letter or digit since . ! ? or a line's end */
    RULE_IN_QUOTES = 4,  /* a quotation opened by an earlier token is open after it; lines end it */
    RULE_IN_BRACKETS = 8 /* the same of ( [ { */
};

/* Classes of tokens by their bytes: bits of classes_V. Further bits are affixes. */
enum {
    RULE_WORD_INITIAL, /* begins with a blank, then a letter or digit */
    RULE_WORD_PIECE,   /* begins with a letter, no blank before it */
    RULE_CAPITALISED,  /* the first letter only is a capital */
    RULE_ALL_CAPITALS, /* two letters or more, all capitals */
    RULE_DIGITS,       /* digits only */
    RULE_PUNCTUATION,  /* neither letters, digits nor bytes above 127, but something visible */
    RULE_NEWLINE,      /* holds a line break */
    RULE_BLANK,        /* blanks and tabs only */
    RULE_NOT_ASCII,    /* holds a byte above 127 */
    RULE_FIRST_AFFIX,  /* from here on: rule_text.affixes */
    RULE_MOST_CLASSES = 64
};

typedef struct rule_affix {
    char text[8]; /* letters of a to z, "ing" */
    bool prefix;  /* else a suffix */
    int n_tokens; /* tokens of the text with it */
} rule_affix;

/* Tokens "near" a position: how far back a window looks. RULE_WHOLE: to the document's start. */
enum { RULE_WINDOWS = 4, RULE_WHOLE = 1 << 30 };
extern const int rule_windows[RULE_WINDOWS]; /* 4, 8, 32, RULE_WHOLE */

/* Owner: caller, rule_text_release(). Read only once made: threads may share it. */
typedef struct rule_text {
    const prompt_set *prompts;  /* borrowed */
    const tokenizer *tokenizer; /* borrowed */
    int n_left_out;             /* documents beyond most_tokens */
    int n_documents;            /* those with a token that counts */
    rule_document *documents;   /* by part, then by prompt */
    int *document_of;           /* of each prompt: index into documents, -1: none */
    int first_document[RULE_PARTS + 1];
    size_t first[RULE_PARTS + 1]; /* part p is positions first[p] .. first[p+1]-1; [3]: all */

    int32_t *token_N;    /* ids */
    int32_t *document_N; /* index into documents */
    int32_t *place_N;    /* in the prompt, the BOS counted: as token_activation.position */
    uint8_t *flags_N;

    int V;
    uint64_t *classes_V;
    int n_affixes; /* class RULE_FIRST_AFFIX + i is affixes[i] */
    rule_affix affixes[RULE_MOST_CLASSES - RULE_FIRST_AFFIX];
    size_t *first_V;   /* V + 1: token v stands at where_N[first_V[v]] .. where_N[first_V[v+1]-1] */
    uint32_t *where_N; /* ascending for each token */
    int n_used;        /* tokens that stand in the fit part */
    int32_t *used;     /* they, most frequent first */
    uint32_t *count_V; /* how often each does */
    /* Positions of the fit part with token v among the `rule_windows[w]` tokens before. */
    uint32_t *near_WV;
    uint64_t *fit_bits; /* see text_bits.c */
} rule_text;

/* Memory: 34 bytes a token that counts, 40 bytes a token of the vocabulary, 16 a document.
 * E_DATA when no token counts or there are more than 2^31; E_CONFIG when the shares leave a part
 * without anything. With fewer than three documents parts are empty. */
err_code rule_text_make(rule_text *out, const prompt_set *p, const tokenizer *t,
                        const rule_text_options *o, err *e);
/* The documents of another prompt set, all in the fit part, on which rules fitted on `like` hold as
 * they do there: classes and affixes are its. Not to be fitted on. As above otherwise. */
err_code rule_text_alike(rule_text *out, const rule_text *like, const prompt_set *p, err *e);
void rule_text_release(rule_text *t);

/* The number of positions of a part. */
static inline size_t rule_part_size(const rule_text *t, rule_part part)
{
    return t->first[part + 1] - t->first[part];
}

/* How many tokens of its document come before the position. */
static inline int rule_text_depth(const rule_text *t, size_t at)
{
    return (int)(at - t->documents[t->document_N[at]].first);
}

#endif
