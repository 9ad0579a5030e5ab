/* Rules: a union of clauses, a clause being a conjunction of predicates on a position. */
#ifndef RULES_RULE_H
#define RULES_RULE_H
#include "base/arena.h"
#include "rules/target.h"
#include "rules/text.h"

enum { RULE_MOST_CLAUSES = 3, RULE_MOST_PREDICATES = 3 };

typedef enum {
    RULE_TOKEN_IN, /* the token `distance` back (0: at the position) is one of `tokens` */
    RULE_CLASS_IS, /* the token `distance` back is of class `detail` (RULE_CAPITALISED, an affix) */
    RULE_NEAR,     /* one of `tokens` is among the `window` tokens before the position */
    RULE_FLAG,     /* bit `detail` of flags_N: RULE_IN_QUOTES ... */
    RULE_DEPTH     /* low..high tokens of the document come before; high RULE_WHOLE: no limit */
} rule_kind;

typedef struct rule_predicate {
    rule_kind kind;
    bool negated;
    int distance, window, detail, low, high; /* those that the kind has */
    int n_tokens;
    const int32_t *tokens; /* strongest first; borrowed from the arena of the rule */
} rule_predicate;

/* What the feature does where a clause is the first to fire, on the fit part. */
typedef struct rule_leaf {
    int32_t token;
    float mean; /* of the activation on this token, pulled to the clause's */
} rule_leaf;

typedef struct rule_clause {
    int n;
    rule_predicate predicates[RULE_MOST_PREDICATES];
    int64_t tp, fp; /* on the fit part, where no earlier clause fires */
    float mean;     /* activation there, silent tokens included; > 0 */
    int n_leaves;
    const rule_leaf *leaves; /* by token */
} rule_clause;

typedef struct rule {
    int n_clauses; /* 0: the rule never fires */
    rule_clause clauses[RULE_MOST_CLAUSES];
} rule;

/* Bits, 64 to a word, of the positions of one part, in order; bits past the end are 0. */
size_t rule_bit_words(const rule_text *t, rule_part part);
/* Where a predicate (its negation taken), a clause, a rule holds: rule_bit_words() words, all
 * written. */
void rule_predicate_bits(uint64_t *bits, const rule_text *t, rule_part part,
                         const rule_predicate *p);
void rule_clause_bits(uint64_t *bits, const rule_text *t, rule_part part, const rule_clause *c);
void rule_bits(uint64_t *bits, const rule_text *t, rule_part part, const rule *r);

/* Fills means and leaves of every clause, and tp and fp, from the fit part. A token seen n times
 * with sum s of activation gets (s + 4 m) / (n + 4), m being the clause's mean. */
void rule_grade(rule *r, const rule_text *t, const rule_target *target, arena *a);
/* The graded prediction for each position of a part: the leaf's mean, or the clause's on tokens it
 * has not seen; 0 where the rule does not fire, > 0 where it does. */
void rule_predict(float *prediction_N, const rule_text *t, rule_part part, const rule *r);

/* Length of a rule as the choice counts it (fit.h). */
int rule_n_predicates(const rule *r);
/* Of a set of n tokens: about n while it is short, then 8 more for each doubling: 8 log2(1 + n/8).
 */
double rule_set_length(int n);
double rule_sets_length(const rule *r);

#endif
