/* What a rule is to predict: one feature's activations, by position of the rule_text. */
#ifndef RULES_TARGET_H
#define RULES_TARGET_H
#include "features/survey.h"
#include "rules/text.h"

typedef struct rule_firing {
    uint32_t at; /* position */
    float value; /* > 0 */
} rule_firing;

/* Owner: caller, rule_target_release(). */
typedef struct rule_target {
    rule_firing *firings;         /* by position */
    size_t first[RULE_PARTS + 1]; /* those of part p: firings[first[p]] .. firings[first[p+1]-1] */
    /* "Active" for a rule means activation >= level: the largest activation such that the tokens of
     * the fit part at or above it hold `mass` of all activation there. Infinite when the fit part
     * has none. */
    float level;
    size_t n_active[RULE_PARTS]; /* tokens at or above the level */
    int n_documents[RULE_PARTS]; /* documents with such a token */
} rule_target;

/* `active` as survey.active: in the order of the text; documents left out of the rule_text do not
 * count. 0 < mass <= 1. Memory: 8 bytes an activation. */
void rule_target_make(rule_target *out, const rule_text *t, const token_activation *active,
                      size_t n, double mass);
/* The same activations on other positions, drawn from all of their part, so that density and values
 * stay and every tie to the text is cut. */
void rule_target_shuffle(rule_target *out, const rule_text *t, const rule_target *of, uint64_t seed,
                         double mass);
void rule_target_release(rule_target *t);

#endif
