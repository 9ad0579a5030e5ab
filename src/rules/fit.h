/* Finding the rule that says best where a feature is active.
 *
 * Fitted greedily on every position of the fit part. Sets of tokens: tokens by their share of
 * active positions, pulled to the base rate while counts are small; the prefix of best F1 is taken.
 * From the best first predicates a beam adds further ones, negated or not, on the positions they
 * cover; then further clauses are sought for the active positions not yet covered. All rules on the
 * way are judged on the choose part: F1 less a price for each predicate and for the length of its
 * sets (rule_set_length()). */
#ifndef RULES_FIT_H
#define RULES_FIT_H
#include "rules/rule.h"

typedef struct rule_fit_options {
    double mass;                         /* of a feature's activation, see rule_target.level */
    int beam;                            /* clauses kept at each length */
    int most_tokens;                     /* proposed in one set */
    double predicate_price, token_price; /* in F1 */
} rule_fit_options;

/* mass 0.9, beam 5, 64 tokens, 0.02 a predicate and 0.001 a token of short sets. */
rule_fit_options rule_fit_defaults(void);

/* The chosen rule, graded; its arrays are in the arena. No clause when nothing on the fit part is
 * active or no rule gains anything. Deterministic: ties go to the shorter rule, then to the lower
 * token. Time grows with the fit part's tokens / 64 and with the feature's active tokens. */
void rule_fit(rule *out, const rule_text *t, const rule_target *target, const rule_fit_options *o,
              arena *a);

#endif
