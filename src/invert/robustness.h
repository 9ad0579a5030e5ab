/* Does a sequence still drive its feature when something stands before it?
 *
 * What is found at the beginning of a text may owe its strength to that place. Each sequence is
 * measured behind other beginnings, and what remains of its pre-activation says how much of it is
 * its own. */
#ifndef INVERT_ROBUSTNESS_H
#define INVERT_ROBUSTNESS_H
#include "features/prompts.h"
#include "invert/optimise.h"

enum {
    ROBUSTNESS_RANDOM = 8,   /* strings of 1, 2 .. 8 tokens drawn from the candidates */
    ROBUSTNESS_PREFIXES = 7, /* beginnings of data prompts, 1 to 8 tokens long by chance */
    ROBUSTNESS_CONTEXTS = 1 + ROBUSTNESS_RANDOM + ROBUSTNESS_PREFIXES,
    ROBUSTNESS_LONGEST = 8
};

/* One sequence. In: the first block. */
typedef struct robustness_job {
    int feature;
    const int32_t *tokens_L; /* without the BOS; borrowed */
    int length;

    /* At the last token: behind nothing (but the BOS), the random strings, the prefixes. */
    float pre_activation_C[ROBUSTNESS_CONTEXTS];
    double kept_mean, kept_least; /* of the contexts that are not empty, as a share of the first;
                                     NaN when that is not > 0 */
} robustness_job;

/* Contexts are the same for every sequence of a feature and depend on (seed, feature), the
 * candidates and the prompts alone. Prompts are used without their BOS, empty ones are passed over.
 * E_DATA when no prompt has a token or for a feature the SAE does not have, E_SHAPE for a sequence
 * without tokens or one that with ROBUSTNESS_LONGEST more does not fit the model's context,
 * E_CANCELLED on Ctrl-C. */
err_code robustness_measure(robustness_job *jobs, int n, const optimise_setting *setting,
                            const prompt_set *prompts, uint64_t seed, err *e);

#endif
