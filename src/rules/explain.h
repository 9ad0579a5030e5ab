/* Rules for many features: each fitted, measured, compared with controls and put into words. */
#ifndef RULES_EXPLAIN_H
#define RULES_EXPLAIN_H
#include "base/pool.h"
#include "rules/controls.h"
#include "rules/examples.h"
#include "rules/score.h"
#include "rules/score_windows.h"
#include "rules/sentence.h"

typedef struct rule_options {
    uint64_t seed;
    rule_fit_options fit;
    int resamples;
    int n_examples;      /* of each sort */
    double dense_share;  /* active (at all) on more of the tokens: dense */
    int least_documents; /* active in fewer (all parts): under-sampled */
    double least_f1;     /* on the report part; below: unexplained */
} rule_options;

/* 200 resamples, 5 examples, dense over 0.2, 10 documents, F1 0.3. */
rule_options rule_defaults(uint64_t seed);

/* All of one feature. A dense feature is fitted and measured like others; of one that is dead or
 * under-sampled only class and sentence are filled: `fitted` is false and numbers are 0. */
typedef struct rule_explanation {
    int feature; /* id */
    rule_class class;
    rule_class form; /* of the rule itself, whatever the feature's class */
    bool fitted;
    double density; /* share of all tokens with any activation */
    float level;
    size_t n_active[RULE_PARTS];
    int n_documents[RULE_PARTS];
    rule rule;
    rule_wording sentence;      /* what the page says; says so when nothing explains the feature */
    rule_wording rule_sentence; /* the rule alone; no piece without one */
    const char *formal;         /* the rule in one line; "" without one */
    rule_score score;
    rule_score shuffled; /* controls, measured against this feature */
    rule_score frequent;
    rule_score other;  /* the rule of other_feature */
    int other_feature; /* id of the next fitted one, -1: there is none */
    rule_examples examples;
    rule_judged_window *windows; /* that detection and fuzzing of `score` are counted on */
    int n_windows;
    arena memory;
} rule_explanation;

/* Fills out[0 .. n-1]. active[i] (n_active[i] of them) are the activations of features[i], as in a
 * survey; for random directions hand in theirs, with any ids. Same bytes for any number of threads.
 * Memory while it runs: about 40 bytes a token of the report part a thread. Owner: caller,
 * rules_release(). E_CANCELLED on Ctrl-C: nothing to release then. */
err_code rules_explain(rule_explanation *out, const rule_text *t, const int *features,
                       const token_activation *const *active, const size_t *n_active, int n,
                       const rule_options *o, pool *p, err *e);
void rules_release(rule_explanation *all, int n);

#endif
