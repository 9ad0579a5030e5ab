/* Which features are worth clustering: not silent, not everywhere, neither tied to one prompt nor
 * spread over all. */
#ifndef FEATURES_FILTER_H
#define FEATURES_FILTER_H
#include "features/stats.h"

typedef struct filter_options {
    double entropy_low, entropy_high; /* nats, exclusive */
    double share_min, share_max;      /* of prompts, exclusive */
    double activation_threshold;
    prompt_statistic statistic;
    bool may_drop_all; /* nothing left is no error */
} filter_options;

/* In the order in which they are applied; a feature is dropped by the first that it fails. */
typedef enum {
    FILTER_KEPT,
    FILTER_DEAD, /* never active */
    FILTER_ENTROPY_LOW,
    FILTER_ENTROPY_HIGH,
    FILTER_SHARE_LOW,  /* too few prompts: the original's sparsity_min */
    FILTER_SHARE_HIGH, /* too many: sparsity_max */
    FILTER_REASONS
} filter_reason;
const char *filter_name(filter_reason reason);

/* Owner: caller, filter_release(). */
typedef struct filter_result {
    filter_reason *reason_F;
    double *entropy_F, *share_F;
    int *kept; /* ascending feature ids */
    int n_kept;
    int dropped[FILTER_REASONS];
} filter_result;

/* E_DATA, naming the test that dropped most and its keys, when nothing is left and may_drop_all
 * is off. */
err_code filter_features(filter_result *out, const collection *c, const filter_options *o, err *e);
void filter_release(filter_result *f);

#endif
