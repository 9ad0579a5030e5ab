/* On which tokens other features are active beside some targets, over all text. */
#ifndef EFFECTS_COACTIVATION_H
#define EFFECTS_COACTIVATION_H
#include "effects/neurons.h"

/* Of C targets with all F features. Owner: caller, coactivation_release(). */
typedef struct coactivation {
    int C, F;
    uint32_t *both_CF;  /* tokens on which both are active */
    double *product_CF; /* sum over tokens of the product of both activations */
} coactivation;

/* Targets first .. first+C-1 of the survey. Rows on which none of them is active are not encoded.
 * `neurons`, of the same targets, are summed on the way; NULL: not asked for. */
err_code coactivation_count(coactivation *out, neuron_sums *neurons, const scan_source *source,
                            sae *dictionary, const survey *s, int first, int C, err *e);
void coactivation_release(coactivation *c);

#endif
