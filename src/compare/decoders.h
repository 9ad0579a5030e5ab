/* Features of two dictionaries told by where they point: the cosines of their decoder rows. Records
 * hold the rows of targets alone, so these are what can be matched. */
#ifndef COMPARE_DECODERS_H
#define COMPARE_DECODERS_H
#include "results/record.h"
#include <stdbool.h>

/* Two features are the same one only from this cosine on: the threshold of Paulo and Belrose,
 * "Sparse autoencoders trained on the same data learn different features", arXiv 2501.16615. */
#define DECODER_LEAST_COSINE 0.7

typedef struct decoder_match {
    int n_a, n_b;            /* targets of either run */
    const double *cosine_AB; /* of every target of A with every one of B; 0 for a row without a
                                direction. Signed: a feature adds its row, never takes it away, so
                                the opposite direction is another feature. */
    int *of_a;     /* for each target of A its fellow among those of B, -1: none. Fellows are each
                      other's nearest, the first of equals, with at least DECODER_LEAST_COSINE. */
    int *of_b;     /* and the other way round */
    int n_fellows; /* pairs */
    double mcc;    /* mean correlation coefficient: mean cosine of the one-to-one pairing of
                      min(n_a, n_b) targets that has the largest sum, whatever the threshold; NaN
                      without any. The pairwise dictionary MCC (PW-MCC) of Song et al., "Mechanistic
                      interpretability should prioritize feature consistency in SAEs", arXiv
                      2505.20254, is its mean over pairs of runs, taken there over whole
                      dictionaries of one size and here over targets. */
} decoder_match;

/* Why the targets' rows cannot be compared, in a sentence of plain text; NULL: they can. Only of
 * one model at one hook do numbers of two rows mean the same. Memory from `a`. */
const char *decoders_obstacle(const record *x, const record *y, bool same_model, bool same_hook,
                              arena *a);
/* Of two records without an obstacle; memory from `memory`. */
void decoders_match(decoder_match *out, const record *a, const record *b, arena *memory);

/* The largest cosine of target i of one side (`second`: B's) with any of the other; NaN: the other
 * has no target. */
double decoders_nearest(const decoder_match *m, int i, bool second);

#endif
