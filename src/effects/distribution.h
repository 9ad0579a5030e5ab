/* Rows of logits as distributions over the next token, two runs side by side. */
#ifndef EFFECTS_DISTRIBUTION_H
#define EFFECTS_DISTRIBUTION_H
#include "base/pool.h"
#include <stdint.h>

/* Of one row, in nats. */
typedef struct row_change {
    double kl;                             /* KL(clean || changed) */
    double loss;                           /* -log p(target), changed less clean; 0 for target -1 */
    double clean_log_sum, changed_log_sum; /* log of the softmax's denominator */
} row_change;

/* log_sum_exp() of each row. */
void log_sums(double *log_sum_R, const float *logits_RV, int R, int V, pool *workers);

/* clean_log_sum_R: log_sums() of the clean rows; targets_R: the token that came next. */
void compare_rows(row_change *out_R, const float *clean_RV, const float *changed_RV,
                  const double *clean_log_sum_R, const int32_t *targets_R, int R, int V,
                  pool *workers);

/* Adds the change of log probability and of probability of each of n tokens, summed over the R rows
 * in their order. */
void add_token_changes(double *log_n, double *probability_n, const float *clean_RV,
                       const float *changed_RV, const row_change *compared_R, int R,
                       const int32_t *ids_n, int n, int V, pool *workers);

/* Spearman's rank correlation: Pearson's of the ranks, equal values sharing the mean of theirs. NaN
 * when one side is constant. */
double rank_correlation(const double *x_n, const double *y_n, int n);

#endif
