/* The reference backend: rotary positions (Su et al. 2021) and causal attention. */
#include "base/memory.h"
#include "compute/install.h"
#include <math.h>
#include <string.h>

static void rotate(float *x, const float *cos_R, const float *sin_R, int half, bool inverse)
{
    for (int j = 0; j < half; j++) {
        double c = (double)cos_R[j], s = inverse ? -(double)sin_R[j] : (double)sin_R[j];
        double low = (double)x[j], high = (double)x[j + half];
        x[j] = (float)(low * c - high * s);
        x[j + half] = (float)(high * c + low * s);
    }
}

static void ref_rope(backend *be, float *qkv_NR, const attention_shape *s,
                     const int32_t *positions_N, const float *cos_PR, const float *sin_PR,
                     int rotary, bool inverse)
{
    (void)be;
    int half = rotary / 2;
    for (int row = 0; row < s->B * s->T; row++) {
        float *qkv = ROW(qkv_NR, row, s->row);
        const float *cos_R = ROW(cos_PR, positions_N[row], half);
        const float *sin_R = ROW(sin_PR, positions_N[row], half);
        for (int h = 0; h < s->n_heads; h++)
            rotate(qkv + s->q + h * s->q_stride, cos_R, sin_R, half, inverse);
        for (int g = 0; g < s->n_kv_heads; g++)
            rotate(qkv + s->k + g * s->kv_stride, cos_R, sin_R, half, inverse);
    }
}

/* One head of one sequence: its queries, keys and values, each a row's distance apart. The first
 * `shared` positions have no query, and their keys and values lie elsewhere. */
typedef struct head {
    const float *q, *k, *v, *shared_k, *shared_v;
    int shared;
    int first; /* the first key position t sees is max(0, t - first) */
} head;

static head head_at(const float *qkv_BTR, const attention_shape *s, int b, int h)
{
    const float *sequence = ROW(qkv_BTR, (size_t)b * (size_t)s->T, s->row);
    int g = h / (s->n_heads / s->n_kv_heads);
    return (head){.q = sequence + s->q + h * s->q_stride,
                  .k = sequence + s->k + g * s->kv_stride,
                  .v = sequence + s->v + g * s->kv_stride,
                  .first = s->window ? s->window - 1 : s->T};
}

static double dot(const float *a, const float *b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static const float *key(const head *h, const attention_shape *s, int j)
{
    return j < h->shared ? ROW(h->shared_k, j, s->row) : ROW(h->k, j - h->shared, s->row);
}

static const float *value(const head *h, const attention_shape *s, int j)
{
    return j < h->shared ? ROW(h->shared_v, j, s->row) : ROW(h->v, j - h->shared, s->row);
}

static double score(const head *h, const attention_shape *s, int i, int j)
{
    double x = (double)s->scale * dot(ROW(h->q, i - h->shared, s->row), key(h, s, j), s->d_head);
    double cap = (double)s->softcap;
    return cap > 0 ? cap * tanh(x / cap) : x;
}

static int first_key(const head *h, int i)
{
    return i > h->first ? i - h->first : 0;
}

/* z_K of position i; the log of its softmax's denominator is returned. */
static double attend(float *z_K, const head *h, const attention_shape *s, int i)
{
    double largest = -HUGE_VAL, sum = 0;
    for (int j = first_key(h, i); j <= i; j++)
        largest = fmax(largest, score(h, s, i, j));
    for (int j = first_key(h, i); j <= i; j++)
        sum += exp(score(h, s, i, j) - largest);
    double log_sum = largest + log(sum);
    for (int d = 0; d < s->d_head; d++) {
        double z = 0;
        for (int j = first_key(h, i); j <= i; j++)
            z += exp(score(h, s, i, j) - log_sum) * (double)value(h, s, j)[d];
        z_K[d] = (float)z;
    }
    return log_sum;
}

static void ref_attention_forward(backend *be, float *z_BTHK, float *log_sum_BHT,
                                  const float *qkv_BTR, const attention_shape *s)
{
    (void)be;
    int K = s->d_head;
    for (int bh = 0; bh < s->B * s->n_heads; bh++) {
        int b = bh / s->n_heads, h = bh % s->n_heads;
        head at = head_at(qkv_BTR, s, b, h);
        for (int i = 0; i < s->T; i++) {
            float *z = ROW(z_BTHK, b * s->T + i, s->n_heads * K) + h * K;
            ROW(log_sum_BHT, bh, s->T)[i] = (float)attend(z, &at, s, i);
        }
    }
}

static void ref_attention_children(backend *be, float *z_NHK, const float *qkv_NR,
                                   const attention_children *c, const attention_shape *s)
{
    (void)be;
    int K = s->d_head;
    for (int ch = 0; ch < c->C * s->n_heads; ch++) {
        int child = ch / s->n_heads, h = ch % s->n_heads, first = c->first_C[child];
        size_t start = (size_t)c->start_C[child];
        head parent = head_at(c->parent_qkv_BTR, s, c->parent_C[child], h);
        head at = head_at(ROW(qkv_NR, start, s->row), s, 0, h);
        at.shared_k = parent.k;
        at.shared_v = parent.v;
        at.shared = first;
        for (int i = first; i < s->T; i++)
            attend(ROW(z_NHK, start + (size_t)(i - first), s->n_heads * K) + h * K, &at, s, i);
    }
}

/* Adds query i's part to the gradients of one head. */
static void backward_query(float *d_q, float *d_k, float *d_v, const head *at, const float *d_z,
                           double log_sum, const attention_shape *s, int i)
{
    int K = s->d_head;
    double mean = 0; /* sum over keys of pattern * d_pattern */
    for (int j = first_key(at, i); j <= i; j++)
        mean += exp(score(at, s, i, j) - log_sum) * dot(d_z, ROW(at->v, j, s->row), K);
    for (int j = first_key(at, i); j <= i; j++) {
        double x = score(at, s, i, j), p = exp(x - log_sum);
        double d_x = p * (dot(d_z, ROW(at->v, j, s->row), K) - mean);
        if (s->softcap > 0)
            d_x *= 1 - (x / (double)s->softcap) * (x / (double)s->softcap);
        d_x *= (double)s->scale;
        for (int d = 0; d < K; d++) {
            ROW(d_v, j, s->row)[d] += (float)(p * (double)d_z[d]);
            ROW(d_q, i, s->row)[d] += (float)(d_x * (double)ROW(at->k, j, s->row)[d]);
            ROW(d_k, j, s->row)[d] += (float)(d_x * (double)ROW(at->q, i, s->row)[d]);
        }
    }
}

static void ref_attention_backward(backend *be, float *d_qkv_BTR, const float *d_z_BTHK,
                                   const float *log_sum_BHT, const float *qkv_BTR,
                                   const attention_shape *s)
{
    (void)be;
    int K = s->d_head;
    for (int row = 0; row < s->B * s->T; row++) {
        float *d = ROW(d_qkv_BTR, row, s->row);
        for (int h = 0; h < s->n_heads; h++)
            memset(d + s->q + h * s->q_stride, 0, (size_t)K * sizeof *d);
        for (int g = 0; g < s->n_kv_heads; g++) {
            memset(d + s->k + g * s->kv_stride, 0, (size_t)K * sizeof *d);
            memset(d + s->v + g * s->kv_stride, 0, (size_t)K * sizeof *d);
        }
    }
    for (int bh = 0; bh < s->B * s->n_heads; bh++) {
        int b = bh / s->n_heads, h = bh % s->n_heads;
        head at = head_at(qkv_BTR, s, b, h);
        ptrdiff_t q = at.q - qkv_BTR, k = at.k - qkv_BTR, v = at.v - qkv_BTR;
        for (int i = 0; i < s->T; i++)
            backward_query(d_qkv_BTR + q, d_qkv_BTR + k, d_qkv_BTR + v, &at,
                           ROW(d_z_BTHK, b * s->T + i, s->n_heads * K) + h * K,
                           (double)ROW(log_sum_BHT, bh, s->T)[i], s, i);
    }
}

void ref_install_attention(backend *be)
{
    be->rope = ref_rope;
    be->attention_forward = ref_attention_forward;
    be->attention_children = ref_attention_children;
    be->attention_backward = ref_attention_backward;
}
