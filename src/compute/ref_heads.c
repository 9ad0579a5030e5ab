/* The reference backend: RMS norm of each query and key head (Henry et al. 2020; its RMS form as in
 * Qwen 3). */
#include "base/memory.h"
#include "compute/heads.h"
#include "compute/install.h"
#include <math.h>
#include <string.h>

static double inverse_rms(const float *x, int K, float eps)
{
    double sum = 0;
    for (int d = 0; d < K; d++)
        sum += (double)x[d] * (double)x[d];
    return 1 / sqrt(sum / K + (double)eps);
}

static void norm_head(float *y, const float *x, const float *gain, int K, float eps)
{
    double inverse = inverse_rms(x, K, eps);
    for (int d = 0; d < K; d++)
        y[d] = (float)((double)x[d] * inverse * (double)gain[d]);
}

/* With n = x / rms and g = d * gain: d_x = (g - n mean(g n)) / rms. */
static void norm_head_backward(float *d, const float *x, const float *gain, int K, float eps)
{
    double inverse = inverse_rms(x, K, eps), mean = 0;
    for (int i = 0; i < K; i++)
        mean += (double)d[i] * (double)gain[i] * (double)x[i] * inverse / K;
    for (int i = 0; i < K; i++)
        d[i] = (float)(((double)d[i] * (double)gain[i] - (double)x[i] * inverse * mean) * inverse);
}

void heads_norm_row(float *out_R, const float *qkv_R, const heads_norm *h)
{
    const attention_shape *s = h->s;
    memcpy(out_R, qkv_R, (size_t)s->row * sizeof *out_R);
    for (int i = 0; i < s->n_heads; i++) {
        int at = s->q + i * s->q_stride;
        norm_head(out_R + at, qkv_R + at, h->q_gain_K, s->d_head, h->eps);
    }
    for (int i = 0; i < s->n_kv_heads; i++) {
        int at = s->k + i * s->kv_stride;
        norm_head(out_R + at, qkv_R + at, h->k_gain_K, s->d_head, h->eps);
    }
}

void heads_norm_row_backward(float *d_R, const float *qkv_R, const heads_norm *h)
{
    const attention_shape *s = h->s;
    for (int i = 0; i < s->n_heads; i++) {
        int at = s->q + i * s->q_stride;
        norm_head_backward(d_R + at, qkv_R + at, h->q_gain_K, s->d_head, h->eps);
    }
    for (int i = 0; i < s->n_kv_heads; i++) {
        int at = s->k + i * s->kv_stride;
        norm_head_backward(d_R + at, qkv_R + at, h->k_gain_K, s->d_head, h->eps);
    }
}

/* The heads that begin at `first` and every `stride` further. */
static void gain_gradient(float *d_gain_K, const float *d_BTR, const float *x_BTR,
                          const heads_norm *h, int first, int stride, int heads)
{
    const attention_shape *s = h->s;
    for (int row = 0; row < s->B * s->T; row++) {
        for (int i = 0; i < heads; i++) {
            const float *x = ROW(x_BTR, row, s->row) + first + i * stride;
            const float *d = ROW(d_BTR, row, s->row) + first + i * stride;
            double inverse = inverse_rms(x, s->d_head, h->eps);
            for (int j = 0; j < s->d_head; j++)
                d_gain_K[j] += (float)((double)d[j] * (double)x[j] * inverse);
        }
    }
}

void heads_gain_gradients(float *d_q_gain_K, float *d_k_gain_K, const float *d_BTR,
                          const float *qkv_BTR, const heads_norm *h)
{
    const attention_shape *s = h->s;
    if (d_q_gain_K)
        gain_gradient(d_q_gain_K, d_BTR, qkv_BTR, h, s->q, s->q_stride, s->n_heads);
    if (d_k_gain_K)
        gain_gradient(d_k_gain_K, d_BTR, qkv_BTR, h, s->k, s->kv_stride, s->n_kv_heads);
}

static void ref_heads_rmsnorm_forward(backend *be, float *out_BTR, const float *qkv_BTR,
                                      const attention_shape *s, const float *q_gain_K,
                                      const float *k_gain_K, float eps)
{
    (void)be;
    heads_norm h = {.s = s, .q_gain_K = q_gain_K, .k_gain_K = k_gain_K, .eps = eps};
    for (int row = 0; row < s->B * s->T; row++)
        heads_norm_row(ROW(out_BTR, row, s->row), ROW(qkv_BTR, row, s->row), &h);
}

static void ref_heads_rmsnorm_backward(backend *be, float *d_BTR, float *d_q_gain_K,
                                       float *d_k_gain_K, const float *qkv_BTR,
                                       const attention_shape *s, const float *q_gain_K,
                                       const float *k_gain_K, float eps)
{
    (void)be;
    heads_norm h = {.s = s, .q_gain_K = q_gain_K, .k_gain_K = k_gain_K, .eps = eps};
    heads_gain_gradients(d_q_gain_K, d_k_gain_K, d_BTR, qkv_BTR, &h);
    for (int row = 0; row < s->B * s->T; row++)
        heads_norm_row_backward(ROW(d_BTR, row, s->row), ROW(qkv_BTR, row, s->row), &h);
}

void ref_install_heads(backend *be)
{
    be->heads_rmsnorm_forward = ref_heads_rmsnorm_forward;
    be->heads_rmsnorm_backward = ref_heads_rmsnorm_backward;
}
