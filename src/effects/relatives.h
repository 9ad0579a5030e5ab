/* Whom a feature resembles, among all features of the dictionary: by what it writes (decoder rows),
 * by what it reads (encoder columns), and by where it is active. */
#ifndef EFFECTS_RELATIVES_H
#define EFFECTS_RELATIVES_H
#include "effects/neurons.h"
#include "features/stats.h"
#include "features/survey.h"

typedef enum { BY_DECODER, BY_ENCODER, BY_JACCARD, BY_CORRELATION, RESEMBLANCES } resemblance;
enum { RELATIVES = 5 };

/* Another feature beside the target. */
typedef struct relative {
    int feature;
    double decoder_cosine, encoder_cosine;
    int64_t n_both;     /* tokens on which both are active */
    double jaccard;     /* n_both over the tokens on which one of them is; NaN when none is */
    double correlation; /* Pearson's, of the activations over all counted tokens; NaN when one of
                         * them is constant */
} relative;

/* The features most like a target in each respect, best first, ties to the lower number. In the
 * last two only features that share a token with it. */
typedef struct target_relatives {
    int n[RESEMBLANCES];
    relative list[RESEMBLANCES][RELATIVES];
} target_relatives;

/* For every feature of the survey; out_C and correlated_C (the correlated neurons of each, the
 * aligned ones stay as they are; NULL: not asked for) have s->n_features entries. `collected` is of
 * the same prompts. One pass over them (more when targets x dictionary has over 2^25 pairs, which
 * bounds the memory), of which only the rows on which some target is active are encoded; sums are
 * exact and in the order of the text. E_CANCELLED on Ctrl-C. */
err_code relatives_find(target_relatives *out_C, target_neurons *correlated_C,
                        const scan_source *source, sae *dictionary, const survey *s,
                        const collection *collected, err *e);

#endif
