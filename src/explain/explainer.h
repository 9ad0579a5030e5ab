/* A feature put into words by a language model behind an endpoint (net/chat.h), and its sentence
 * put to the test by the same model: detection, after delphi (Paulo et al. 2024). The model is
 * shown the sentence and windows of text, some with and some without activation, and says of each
 * whether the feature is active in it.
 *
 * What the model answers is not trusted: an answer of another form is counted as failed, never
 * repaired and never left out of the counts. */
#ifndef EXPLAIN_EXPLAINER_H
#define EXPLAIN_EXPLAINER_H
#include "base/arena.h"
#include "data/tokenizer.h"
#include "net/chat.h"
#include <stdbool.h>
#include <stdint.h>

enum {
    EXPLAINER_WINDOWS = 5,            /* asked about at once */
    EXPLAINER_LONGEST_SENTENCE = 400, /* bytes */
    EXPLAINER_STRENGTHS = 10          /* activations are shown as whole numbers up to this */
};

/* A stretch of text. Arrays of n_tokens, borrowed. */
typedef struct explainer_passage {
    const int32_t *tokens;
    const float *activations; /* 0 where the feature is silent */
    int n_tokens;
} explainer_passage;

/* One feature. All borrowed. */
typedef struct explainer_case {
    const explainer_passage *examples; /* from which the sentence is made */
    int n_examples;
    double largest; /* activation, shown as EXPLAINER_STRENGTHS; > 0 when there are examples */
    const explainer_passage *windows; /* of other text, in the order in which they are shown */
    int n_windows;
} explainer_case;

/* What was wrong with an answer. */
typedef enum {
    ANSWER_FINE,
    ANSWER_EMPTY,
    ANSWER_TOO_LONG,
    ANSWER_CONTROLS,    /* it holds control characters */
    ANSWER_NO_LIST,     /* where a JSON list was asked for */
    ANSWER_OTHER_COUNT, /* not as many items as windows */
    ANSWER_OTHER_ITEMS  /* something but 0 and 1 */
} answer_fault;
/* "empty", "too long", ... */
const char *answer_fault_text(answer_fault fault);

/* One line, blanks at its ends removed, runs of white space made one blank. */
answer_fault answer_read_sentence(str *out, const char *answer);
/* Exactly n items of 0 and 1 as JSON, and nothing around them but white space. */
answer_fault answer_read_verdicts(bool *out_n, int n, const char *answer);

/* Windows by what they are and what was said of them. */
typedef struct detection {
    int tp, fp, fn, tn;
    int n_unanswered; /* windows of failed answers */
} detection;
/* (tp / (tp + fn) + tn / (tn + fp)) / 2; NaN without windows of either sort. */
double detection_balanced_accuracy(const detection *d);
/* 2 tp / (2 tp + fp + fn); NaN when that is 0 / 0. */
double detection_f1(const detection *d);

typedef struct explainer_result {
    const char *sentence; /* NULL: the answer was not usable, see `fault`; arena */
    answer_fault fault;
    detection detected;
    int n_answers, n_failed; /* about windows */
} explainer_result;

/* The two questions; memory from the arena. Bytes of tokens that are not UTF-8 are shown as U+FFFD.
 */
chat_question explainer_ask_sentence(const explainer_case *c, const tokenizer *t, arena *a);
chat_question explainer_ask_windows(const char *sentence, const explainer_passage *windows, int n,
                                    const tokenizer *t, arena *a);

/* A price is that of a million tokens, in whatever currency. */
typedef struct explainer_prices {
    double input, output;
    double most; /* for all that is asked in one run */
} explainer_prices;

/* All borrowed. */
typedef struct explainer_setting {
    chat *chat;
    int max_tokens; /* as the chat's */
    explainer_prices prices;
    const tokenizer *tokenizer;
    reporter *reporter;
} explainer_setting;

/* What asking about all of the cases takes. A token of a request is taken for three of its bytes,
 * an answer to be as long as it may be, and a sentence that is not known yet likewise. */
typedef struct explainer_estimate {
    int n_requests, n_missing; /* all, and those whose answer is not kept: all below is of these */
    double input_tokens, output_tokens, cost;
} explainer_estimate;
explainer_estimate explainer_plan(const explainer_setting *s, const explainer_case *cases, int n);

/* Asks about each of n cases into out_n, memory from the arena; one without examples has an empty
 * result. Says beforehand what it will cost. E_CONFIG, before anything is sent, when that is over
 * prices.most, or the key is needed and not there; errors as chat_ask(). */
err_code explainer_run(explainer_result *out_n, const explainer_setting *s,
                       const explainer_case *cases, int n, arena *a, err *e);

#endif
