/* The search for one clause, on the fit part, whose positions are numbered from 0. */
#ifndef RULES_SEEK_H
#define RULES_SEEK_H
#include "rules/fit.h"

/* How often a token was seen where the feature is active and where it is not; weighted where
 * positions were drawn. */
typedef struct token_tally {
    double hits, misses;
} token_tally;

/* What a search for a clause knows. */
typedef struct rule_search {
    const rule_text *t;
    const rule_fit_options *o;
    arena *memory;          /* of proposed sets */
    size_t words;           /* of the fit part's bits */
    const uint64_t *active; /* at the level */
    int64_t n_active;
    const uint64_t *open; /* what no earlier clause covers */
    int64_t tp, fp;       /* of the earlier clauses together */
    bool alone;           /* see rule_search_f1() */

    token_tally *tally_V; /* all 0 between uses */
    uint32_t *stamp_V;    /* the last use that saw the token */
    uint32_t stamp;
    int32_t *slot_V; /* -1 between uses */
    int32_t *touched;
    int n_touched;
} rule_search;

/* Owner: caller, rule_search_close(). `active`, open, tp and fp are the caller's to set. */
void rule_search_open(rule_search *s, const rule_text *t, const rule_fit_options *o, arena *a);
void rule_search_close(rule_search *s);

/* F1 of the earlier clauses and one with these more; or, with s->alone, of this one by itself on
 * the active positions that are left: so that a first predicate which still covers far too much can
 * be compared with others. */
double rule_search_f1(const rule_search *s, double tp, double fp);

/* The positions among which a predicate must choose: those of `bits`, drawn evenly where they are
 * many. Owner: caller, rule_scope_release(). */
typedef struct rule_scope {
    bool whole;   /* all that is open, nothing chosen yet */
    int n;        /* by position */
    uint32_t *at; /* in the fit part */
    bool *active;
    double hit_weight, miss_weight; /* positions that each stands for */
    double hits, misses;            /* of all positions, not only drawn ones */
} rule_scope;
void rule_scope_make(rule_scope *out, const rule_search *s, const uint64_t *bits, bool whole);
void rule_scope_release(rule_scope *c);

/* Where tokens are looked at: `distance` back, or among the `window` before (distance < 0). */
typedef struct rule_view {
    int distance, window;
} rule_view;

/* Tallies every token in view of the scope's positions, once a position, and lists it in touched.
 * Of a whole scope, misses are counted on all positions, not only on drawn ones. */
void rule_tally(rule_search *s, const rule_scope *c, rule_view view);
/* Back to zeros. */
void rule_tally_clear(rule_search *s);
/* For each of n tokens (slot_V[token]: its number) the bits of the scope's positions, in their
 * order, that see it: bits is n rows of `words`, zeroed before. */
void rule_scope_bits(uint64_t *bits, size_t words, rule_search *s, const rule_scope *c,
                     rule_view view);

enum { RULE_MOST_PROPOSALS = 64 };
typedef struct rule_proposals {
    int n;
    rule_predicate items[RULE_MOST_PROPOSALS];
} rule_proposals;

/* Each adds the predicates that look best on the scope. */
void rule_propose_tokens(rule_proposals *out, rule_search *s, const rule_scope *c, int distance);
void rule_propose_near(rule_proposals *out, rule_search *s, const rule_scope *c, int window);
void rule_propose_shapes(rule_proposals *out, const rule_search *s, const rule_scope *c);

/* The best clause of each length found, by the F1 it leads to less its price; tokens in s->memory.
 */
typedef struct rule_found {
    rule_clause clauses[RULE_MOST_PREDICATES];
    bool any[RULE_MOST_PREDICATES];
} rule_found;
void rule_seek(rule_found *out, rule_search *s);

#endif
