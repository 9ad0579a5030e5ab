/* The steps that a tokenizer takes text through before merging, in the order of Hugging Face's
 * pipeline: each either rewrites a piece of text or cuts it into smaller ones. A tokenizer.json
 * becomes a list of them; no family of models has code of its own. */
#ifndef DATA_STEPS_H
#define DATA_STEPS_H
#include "base/err.h"
#include "data/added_tokens.h"
#include "data/edited_text.h"
#include "data/regex.h"
#include <stdbool.h>
#include <stddef.h>

typedef enum step_kind {
    STEP_ADDED,   /* cuts added tokens out */
    STEP_VALID,   /* sets bytes that are not UTF-8 aside, words of their own */
    STEP_NFC,     /* normalises (needs UTF-8) */
    STEP_REPLACE, /* replaces `pattern` by `content` wherever it occurs */
    STEP_PREPEND, /* puts `content` in front */
    STEP_CUT      /* cuts at the matches of `regex` (needs UTF-8), or of `pattern` */
} step_kind;

typedef enum prepend_when {
    PREPEND_ALWAYS,
    PREPEND_UNLESS_THERE, /* the piece does not begin with it */
    PREPEND_TO_FIRST      /* nor is the piece anywhere but at the start of the whole text */
} prepend_when;

/* Which of two neighbouring stretches, each a match or what lies between two, stay together. */
typedef enum cut_behavior {
    CUT_ISOLATED,             /* none */
    CUT_REMOVED,              /* none, and matches vanish */
    CUT_MERGED_WITH_PREVIOUS, /* a match and what is before it, unless that is a match too */
    CUT_MERGED_WITH_NEXT,     /* a match and what is after it, unless that is a match too */
    CUT_CONTIGUOUS            /* two matches */
} cut_behavior;

typedef struct step {
    step_kind kind;
    const added_tokens *added; /* borrowed */
    str pattern, content;
    prepend_when when;
    regex *regex; /* NULL: pattern */
    cut_behavior behavior;
    bool invert; /* matches count as what lies between them, and the other way round */
} step;

enum { MAX_STEPS = 64, MAX_STEP_BYTES = 256 /* of a pattern or content */ };

/* Start: zeroed. Owner: caller, steps_release(). */
typedef struct step_list {
    step items[MAX_STEPS];
    int n;
} step_list;

/* Appends a step, which the list owns from then on; false when there are MAX_STEPS. */
bool steps_add(step_list *l, const step *s);
/* Frees what a step that was never added holds. */
void step_release(step *s);
void steps_release(step_list *l);

/* Whether the step rewrites, and does not cut. */
bool step_edits(const step *s);
/* Rewrites a piece of n > 0 bytes into out, or leaves *changed false and out as it was.
 * `is_first`: the piece stands at the start of the whole text. E_DATA when out would grow over
 * `limit` bytes. */
err_code step_edit(bool *changed, edited_text *out, const step *s, const char *text, size_t n,
                   bool is_first, size_t limit, err *e);

/* A walk through the pieces into which a STEP_CUT cuts a text. Start: the first four set, the rest
 * zeroed. */
typedef struct step_cutting {
    const step *step;
    regex_scratch *scratch;
    const char *text;
    size_t n;
    size_t place;                  /* where the next stretch begins */
    size_t match_start, match_end; /* the next match, when match_end > place */
    bool last_was_match;
} step_cutting;
/* The next piece, [*from, *to); *from == n when there is none. Linear over the whole walk. */
err_code step_cut(size_t *from, size_t *to, step_cutting *c, err *e);

#endif
