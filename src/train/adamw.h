/* The optimiser of both trainers: AdamW on a list of parameters, with clipping and a schedule. */
#ifndef TRAIN_ADAMW_H
#define TRAIN_ADAMW_H
#include "model/transformer.h"

typedef struct adamw_options {
    float peak_rate;
    float final_share;  /* the rate ends at this share of the peak */
    long warmup, decay; /* first steps: linear rise; last steps: fall (cosine) */
    long steps;
    float beta1, beta2, eps, weight_decay;
    float max_norm; /* of the whole gradient; 0: no clipping */
} adamw_options;

/* Learning rate of step 1 .. steps: warm-up, then constant, then a half cosine over the last
 * `decay` steps down to final_share * peak. */
float adamw_rate(const adamw_options *o, long step);

/* Moments of n parameters, in their backend's memory. The list is borrowed and must outlive it.
 * Owner: caller, adamw_free(). */
typedef struct adamw adamw;
err_code adamw_new(adamw **out, backend *be, const parameter *list, int n, err *e);
void adamw_free(adamw *a);

/* One step from the parameters' gradients (which stay). *norm (NULL: not wanted) out: Euclidean
 * norm of the gradient before clipping. E_NUMERIC when it is not finite: nothing has changed then.
 */
err_code adamw_step(double *norm, adamw *a, const adamw_options *o, long step, err *e);

/* Moments of parameter i, for checkpoints. */
float *adamw_first(adamw *a, int i);
float *adamw_second(adamw *a, int i);

#endif
