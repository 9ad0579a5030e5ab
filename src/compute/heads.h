/* RMS norm of the query and key heads of one token, shared by the ref and cpu backends. */
#ifndef COMPUTE_HEADS_H
#define COMPUTE_HEADS_H
#include "compute/backend.h"

typedef struct heads_norm {
    const attention_shape *s;
    const float *q_gain_K, *k_gain_K;
    float eps;
} heads_norm;

/* One token's row of out_BTR from its row of qkv_BTR. */
void heads_norm_row(float *out_R, const float *qkv_R, const heads_norm *h);
/* The gradient at out_R becomes that at qkv_R. */
void heads_norm_row_backward(float *d_R, const float *qkv_R, const heads_norm *h);
/* Adds every token's part to the gains' gradients (NULL: not wanted); d_BTR is the gradient at the
 * output. */
void heads_gain_gradients(float *d_q_gain_K, float *d_k_gain_K, const float *d_BTR,
                          const float *qkv_BTR, const heads_norm *h);

#endif
