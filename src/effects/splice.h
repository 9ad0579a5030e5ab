/* What the model's predictions lose when an SAE's output stands in place of a hook's value, beside
 * zeros in that place; and how much of the value's variance the output keeps. */
#ifndef EFFECTS_SPLICE_H
#define EFFECTS_SPLICE_H
#include "base/packed.h"
#include "model/forward.h"
#include "sae/sae.h"

/* Sums; zeroed at first. */
typedef struct splice_sums {
    double clean, spliced, ablated; /* next-token losses, nats */
    int64_t n;                      /* of each */
} splice_sums;

/* (ablated - spliced) / (ablated - clean): 1 when nothing is lost, 0 when the output is worth no
 * more than zeros. NaN when zeros cost nothing. */
double splice_recovered(const splice_sums *s);

/* Of reconstructions: start with variance_sums_new(). */
typedef struct variance_sums {
    int D;
    int64_t n;                 /* rows */
    double error;              /* sum of squared differences */
    double *sum_D, *squares_D; /* of the values */
} variance_sums;
variance_sums variance_sums_new(int D);
void variance_sums_release(variance_sums *v);
/* As bytes, and back into new sums of the same D. */
void variance_sums_put(str *to, const variance_sums *v);
void variance_sums_get(packed_reader *from, variance_sums *v);
/* Adds rows of values and of what stands for them, all in ordinary memory; rows with keep_N (NULL:
 * none) are left out. */
void variance_sums_add(variance_sums *v, const float *x_ND, const float *y_ND, const bool *keep_N,
                       int N);
/* 1 - error / variance around the mean of each of the D numbers; NaN without variance. */
double variance_explained(const variance_sums *v);

/* Owner: caller, splicer_free(); model, SAE and hooks must outlive it. `write` is where the SAE's
 * output belongs: `read`, or a transcoder's hook_out, in the same block or a later one. E_CONFIG
 * when nothing can be put there. */
typedef struct splicer splicer;
err_code splicer_new(splicer **out, model *m, sae *s, const hook *read, const hook *write,
                     int max_B, int max_T, err *e);
void splicer_free(splicer *p);

/* Runs B sequences of T tokens three times. Rows with keep_BT stay as they are in all three (BOS,
 * which SAEs are not made for: SAELens's evals.py, ignore_tokens; padding). targets_BT as
 * forward_loss() takes them. `variance` may be NULL. */
err_code splicer_add(splice_sums *sums, variance_sums *variance, splicer *p,
                     const int32_t *tokens_BT, const int32_t *targets_BT, const bool *keep_BT,
                     int B, int T, err *e);

#endif
