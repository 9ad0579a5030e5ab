/* How well single features recover the world's concepts: F1 of the best feature for each. */
#ifndef TRAIN_CONCEPTS_H
#define TRAIN_CONCEPTS_H
#include "model/forward.h"
#include "sae/sae.h"
#include "train/text_stream.h"

/* Activations of n tokens as a list by feature, and the tokens' concepts. Owner: caller,
 * concept_sample_release(). */
typedef struct concept_firing {
    int token;
    float value;
} concept_firing;
typedef struct concept_sample {
    int n_tokens, F;
    uint64_t (*concepts_N)[2];
    size_t *start_F;         /* F + 1: firings of feature f are [start_F[f], start_F[f + 1]) */
    concept_firing *firings; /* largest value first, ties by token */
} concept_sample;

/* Runs `windows` windows of the stream from `first` through model and SAE, `part` at a time; BOS is
 * left out. */
err_code concept_sample_make(concept_sample *out, model *m, sae *s, const hook *h,
                             const text_stream *text, uint64_t first, int windows, int part,
                             err *e);
void concept_sample_release(concept_sample *s);

/* One concept's best feature: the concept is predicted where the activation is at least
 * `threshold`. */
typedef struct concept_match {
    int feature; /* -1: the concept does not occur, or no feature fires on it */
    float threshold;
    double chosen_f1;             /* where feature and threshold were chosen */
    double f1, precision, recall; /* on the other sample */
    int positives;                /* tokens with the concept in the other sample */
} concept_match;

/* For each of n_concepts concepts: feature and threshold that give the highest F1 on `chosen_on`
 * (ties: the lower feature, the higher threshold), measured on `held_out`. */
void concept_match_all(concept_match *matches, int n_concepts, const concept_sample *chosen_on,
                       const concept_sample *held_out, pool *p);

#endif
