/* What SAEDashboard's and Neuronpedia's files say of a feature in the same words: tables,
 * histograms, density, and its examples in groups. */
#ifndef EXPORT_STATISTICS_H
#define EXPORT_STATISTICS_H
#include "base/json.h"
#include "results/record.h"

/* Adds the keys neuron_alignment_* .. decoder_weights_dist. Lists that must have one length do.
 * frac_nonzero is the record's density, unrounded: rare features do not become 0. */
void export_add_statistics(cJSON *to, const record *r, const record_target *t);

/* Adds the key vector: the decoder row as the report holds it, in six digits; empty where the
 * report is too old to hold it. */
void export_add_vector(cJSON *to, const record_target *t);

/* Cosine of the activations of two features over all tokens: with r Pearson's correlation, m the
 * means, s the standard deviations and q the mean squares, (r s1 s2 + m1 m2) / sqrt(q1 q2), where
 * q = density (variance + mean^2 of the active ones) and s^2 = q - m^2. NaN where undefined. */
double export_activation_cosine(const record_feature *one, const record_feature *other,
                                double correlation);

/* An example and the group it stands in. */
typedef struct export_example {
    double bin_min, bin_max; /* activations; of the top group -1 and the feature's maximum */
    double bin_contains;     /* share of all tokens; of the top group -1 */
    const record_context *context;
    const record_attention *attention; /* what brings the feature there; NULL: not known */
} export_example;

/* The largest of the example's parts. */
double export_largest_part(const record_attention *x);
/* Does the report hold what attention brings to a feature? */
bool export_has_attention(const record *r);
/* The strongest first, then the intervals of activation, the highest first. Silent tokens are in no
 * interval. Memory from `a`. */
export_example *export_examples(int *n, const record *r, const record_target *t, arena *a);

/* Appends lines about which of these keys are empty in this run, and about what the others mean
 * where they are not quite what their own programs would say. */
void export_note_statistics(str *notes, const record *r);

#endif
