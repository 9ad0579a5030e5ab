/* What the trained pair is worth: the figures of the report's method page. */
#ifndef TRAIN_EVALUATE_H
#define TRAIN_EVALUATE_H
#include "base/progress.h"
#include "train/concepts.h"

typedef struct evaluate_options {
    int part;               /* windows run at a time; the counts below are multiples of it */
    int validation_windows; /* language model alone */
    int splice_windows;     /* language model with the SAE's output in place */
    int feature_windows;    /* explained variance, L0, dead features */
    int concept_windows;    /* in each of the two halves */
    int entropy_documents;
    uint64_t seed; /* the run's: held-out streams derive from it */
} evaluate_options;

typedef struct evaluation {
    double validation_loss; /* nats per token, held-out text */
    double source_entropy;  /* the generator's nats per token given its hidden choices */
    double clean_loss, spliced_loss, ablated_loss; /* SAE's output in place; zeros in place */
    double loss_recovered;                         /* (ablated - spliced) / (ablated - clean) */
    double explained_variance;                     /* of the activations, around their mean */
    double mean_l0;
    double dead_share; /* never fired */
    long feature_tokens;
    int concepts, recovered; /* concepts with a feature of F1 >= 0.9 on held-out text */
    double mean_f1;
} evaluation;

/* Measures on text that training never saw. host_frequency_F out: share of tokens on which each
 * feature fires. Writes dir/evaluation.json and dir/concepts.csv and prints the table. */
err_code evaluate(evaluation *out, float *host_frequency_F, model *m, sae *s, const world *w,
                  const tokenizer *t, const evaluate_options *o, const char *dir, reporter *r,
                  err *e);

#endif
