/* The cpu backend: rotary positions and causal attention.
 *
 * A task owns one kv head of one sequence with all queries that share it. It goes through the
 * queries a block at a time; a block's scores against every key up to its end lie in one tile, so
 * nothing above the diagonal blocks is computed and no B*H*T*T array exists. */
#include "compute/cpu.h"
#include "compute/element.h"
#include "compute/install.h"
#include <cblas.h>
#include <math.h>
#include <string.h>

enum { TILE = 16384, MAX_QUERIES = 64 }; /* 64 KiB of scores: two tiles stay in a core's cache */

typedef struct attention_job {
    const attention_shape *s;
    const float *qkv, *d_z, *log_sum_in;
    float *z, *log_sum, *d_qkv;
    int queries; /* in a block */
} attention_job;

/* One head at one sequence, and one block of its queries: first .. first+n-1 against `keys` keys.
 */
typedef struct block {
    const float *q, *k, *v, *d_z, *log_sum_in;
    float *z, *log_sum, *d_q, *d_k, *d_v;
    int first, n, keys;
} block;

static int queries_per_block(int T)
{
    int queries = TILE / (T > 0 ? T : 1);
    return queries > MAX_QUERIES ? MAX_QUERIES : queries;
}

static block block_at(const attention_job *job, int b, int h, int first)
{
    const attention_shape *s = job->s;
    int g = h / (s->n_heads / s->n_kv_heads), n = s->T - first;
    size_t row = (size_t)b * (size_t)s->T, z_row = (size_t)(s->n_heads * s->d_head);
    size_t at = row * (size_t)s->row, z_at = (row + (size_t)first) * z_row + h * s->d_head;
    size_t q = at + (size_t)first * (size_t)s->row + s->q + h * s->q_stride;
    size_t k = at + s->k + g * s->kv_stride, v = at + s->v + g * s->kv_stride;
    size_t log_at = ((size_t)b * s->n_heads + h) * (size_t)s->T + first;
    n = n < job->queries ? n : job->queries;
    block x = {.q = job->qkv + q,
               .k = job->qkv + k,
               .v = job->qkv + v,
               .first = first,
               .n = n,
               .keys = first + n};
    if (job->z) {
        x.z = job->z + z_at;
        x.log_sum = job->log_sum + log_at;
    } else {
        x.d_z = job->d_z + z_at;
        x.log_sum_in = job->log_sum_in + log_at;
        x.d_q = job->d_qkv + q;
        x.d_k = job->d_qkv + k;
        x.d_v = job->d_qkv + v;
    }
    return x;
}

/* The keys query i of the block sees: *from .. returned - 1. */
static int visible(const block *x, const attention_shape *s, int i, int *from)
{
    int position = x->first + i;
    *from = s->window && position >= s->window ? position - s->window + 1 : 0;
    return position + 1;
}

static void block_scores(float *tile, const block *x, const attention_shape *s)
{
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, x->n, x->keys, s->d_head, s->scale, x->q,
                s->row, x->k, s->row, 0, tile, x->keys);
    for (size_t i = 0; i < (size_t)x->n * x->keys && s->softcap > 0; i++)
        tile[i] = s->softcap * fast_tanh(tile[i] / s->softcap);
}

static void row_exp(float *x, float minus, int n)
{
    for (int j = 0; j < n; j++)
        x[j] = fast_exp(x[j] - minus);
}

static void clear_invisible(float *row, int from, int to, int keys)
{
    memset(row, 0, (size_t)from * sizeof *row);
    memset(row + to, 0, (size_t)(keys - to) * sizeof *row);
}

static void forward_block(const block *x, const attention_shape *s, float *tile)
{
    block_scores(tile, x, s);
    for (int i = 0; i < x->n; i++) {
        float *row = ROW(tile, i, x->keys);
        int from, to = visible(x, s, i, &from);
        float largest = row_max(row + from, to - from);
        row_exp(row + from, largest, to - from);
        float sum = row_sum(row + from, to - from), inverse = 1.0f / sum;
        for (int j = from; j < to; j++)
            row[j] *= inverse;
        clear_invisible(row, from, to, x->keys);
        x->log_sum[i] = largest + logf(sum);
    }
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, x->n, s->d_head, x->keys, 1, tile,
                x->keys, x->v, s->row, 0, x->z, s->n_heads * s->d_head);
}

static void forward_task(void *context, int index)
{
    const attention_job *job = context;
    const attention_shape *s = job->s;
    float tile[TILE] __attribute__((aligned(64)));
    for (int first = 0; first < s->T; first += job->queries) {
        block x = block_at(job, index / s->n_heads, index % s->n_heads, first);
        forward_block(&x, s, tile);
    }
}

static void cpu_attention_forward(backend *be, float *z_BTHK, float *log_sum_BHT,
                                  const float *qkv_BTR, const attention_shape *s)
{
    attention_job job = {.s = s,
                         .qkv = qkv_BTR,
                         .z = z_BTHK,
                         .log_sum = log_sum_BHT,
                         .queries = queries_per_block(s->T)};
    pool_run(be->pool, s->B * s->n_heads, forward_task, &job);
}

/* The derivative of the cap at each capped score. */
static void cap_slopes(float *slope, const float *scores, float cap, int n)
{
    float inverse = 1.0f / cap;
    for (int i = 0; i < n; i++)
        slope[i] = 1.0f - (scores[i] * inverse) * (scores[i] * inverse);
}

/* In: scores and d_pattern = d_z v'. Out: the pattern in place of the scores, and the gradient of
 * the products q k' in place of d_pattern. slope may be NULL. */
static void score_gradients(float *pattern, float *d_scores, const float *slope, const block *x,
                            const attention_shape *s)
{
    for (int i = 0; i < x->n; i++) {
        float *p = ROW(pattern, i, x->keys), *d = ROW(d_scores, i, x->keys);
        int from, to = visible(x, s, i, &from);
        row_exp(p + from, x->log_sum_in[i], to - from);
        float mean = row_dot(p + from, d + from, to - from);
        for (int j = from; j < to; j++)
            d[j] = p[j] * (d[j] - mean) * s->scale;
        for (int j = from; j < to && slope; j++)
            d[j] *= ROW(slope, i, x->keys)[j];
        clear_invisible(p, from, to, x->keys);
        clear_invisible(d, from, to, x->keys);
    }
}

static void backward_block(const block *x, const attention_shape *s, float *pattern,
                           float *d_scores, float *slope)
{
    int K = s->d_head, z_row = s->n_heads * K, n = x->n, keys = x->keys;
    block_scores(pattern, x, s);
    if (s->softcap > 0)
        cap_slopes(slope, pattern, s->softcap, n * keys);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, keys, K, 1, x->d_z, z_row, x->v, s->row,
                0, d_scores, keys);
    score_gradients(pattern, d_scores, s->softcap > 0 ? slope : NULL, x, s);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, K, keys, 1, d_scores, keys, x->k,
                s->row, 0, x->d_q, s->row);
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, keys, K, n, 1, d_scores, keys, x->q,
                s->row, 1, x->d_k, s->row);
    cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, keys, K, n, 1, pattern, keys, x->d_z,
                z_row, 1, x->d_v, s->row);
}

static void backward_task(void *context, int index)
{
    const attention_job *job = context;
    const attention_shape *s = job->s;
    int sharing = s->n_heads / s->n_kv_heads, b = index / s->n_kv_heads, g = index % s->n_kv_heads;
    float pattern[TILE] __attribute__((aligned(64))), d_scores[TILE] __attribute__((aligned(64)));
    float slope[TILE] __attribute__((aligned(64)));
    block keys = block_at(job, b, g * sharing, 0);
    for (int t = 0; t < s->T; t++) {
        memset(ROW(keys.d_k, t, s->row), 0, (size_t)s->d_head * sizeof *keys.d_k);
        memset(ROW(keys.d_v, t, s->row), 0, (size_t)s->d_head * sizeof *keys.d_v);
    }
    for (int h = g * sharing; h < (g + 1) * sharing; h++) {
        for (int first = 0; first < s->T; first += job->queries) {
            block x = block_at(job, b, h, first);
            backward_block(&x, s, pattern, d_scores, slope);
        }
    }
}

static void cpu_attention_backward(backend *be, float *d_qkv_BTR, const float *d_z_BTHK,
                                   const float *log_sum_BHT, const float *qkv_BTR,
                                   const attention_shape *s)
{
    attention_job job = {.s = s,
                         .qkv = qkv_BTR,
                         .d_z = d_z_BTHK,
                         .log_sum_in = log_sum_BHT,
                         .d_qkv = d_qkv_BTR,
                         .queries = queries_per_block(s->T)};
    pool_run(be->pool, s->B * s->n_kv_heads, backward_task, &job);
}

enum { ROPE_ROWS = 16 }; /* a task */

typedef struct rope_job {
    float *qkv;
    const attention_shape *s;
    const int32_t *positions;
    const float *cos, *sin;
    int half;
    float direction; /* -1 rotates back */
} rope_job;

static void rotate(float *x, const float *cos_R, const float *sin_R, float direction, int half)
{
    float *low = x, *high = x + half;
    for (int j = 0; j < half; j++)
        rotate_pair(&low[j], &high[j], cos_R[j], direction * sin_R[j]);
}

static void rope_span(void *context, int first, int end)
{
    const rope_job *job = context;
    const attention_shape *s = job->s;
    for (int row = first; row < end; row++) {
        float *qkv = ROW(job->qkv, row, s->row);
        const float *cos_R = ROW(job->cos, job->positions[row], job->half);
        const float *sin_R = ROW(job->sin, job->positions[row], job->half);
        for (int h = 0; h < s->n_heads; h++)
            rotate(qkv + s->q + h * s->q_stride, cos_R, sin_R, job->direction, job->half);
        for (int g = 0; g < s->n_kv_heads; g++)
            rotate(qkv + s->k + g * s->kv_stride, cos_R, sin_R, job->direction, job->half);
    }
}

static void cpu_rope(backend *be, float *qkv_NR, const attention_shape *s,
                     const int32_t *positions_N, const float *cos_PR, const float *sin_PR,
                     int rotary, bool inverse)
{
    rope_job job = {.qkv = qkv_NR,
                    .s = s,
                    .positions = positions_N,
                    .cos = cos_PR,
                    .sin = sin_PR,
                    .half = rotary / 2,
                    .direction = inverse ? -1.0f : 1.0f};
    pool_share(be->pool, s->B * s->T, ROPE_ROWS, rope_span, &job);
}

void cpu_install_attention(backend *be)
{
    be->rope = cpu_rope;
    be->attention_forward = cpu_attention_forward;
    be->attention_backward = cpu_attention_backward;
}
