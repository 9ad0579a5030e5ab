/* Where a rule and its feature part ways on the report part. */
#ifndef RULES_EXAMPLES_H
#define RULES_EXAMPLES_H
#include "base/arena.h"
#include "rules/target.h"

typedef struct rule_example {
    int32_t prompt, position; /* as in token_activation */
    float activation, prediction;
} rule_example;

/* At most as many as asked for, one of a document, the first of equals in the text. */
typedef struct rule_examples {
    int n_false, n_missed, n_near;
    rule_example *false_alarms; /* predicted, not active at all: largest prediction first */
    rule_example *missed;       /* active at the level, not predicted: strongest first */
    rule_example *near_misses;  /* a token of the strongest activations, here silent */
    int64_t all_false, all_missed, all_near; /* positions of the report part, before the choice */
} rule_examples;

/* Arrays from the arena. near_misses: the token at each of the `n` strongest activations (one of a
 * document) is looked for where the feature is silent, token after token, then again. */
void rule_examples_find(rule_examples *out, const rule_text *t, const rule_target *target,
                        const float *prediction_N, int n, arena *a);

#endif
