/* The cuda backend: RMS norm of each query and key head, a warp to a head. */
#include "compute/cuda_columns.cuh"

typedef struct heads_task {
    float *out_BTR; /* forward: the result; backward: the gradient, in place */
    const float *qkv_BTR, *q_gain_K, *k_gain_K;
    float *inverse_NH; /* backward: of every head, queries' first */
    attention_shape s;
    float eps;
    int heads; /* queries' and keys' */
    size_t n;  /* of them in all */
} heads_task;

/* Where a head begins in its token's row. */
__device__ static inline int head_start(const attention_shape &s, int head)
{
    int kv = head - s.n_heads;
    return kv < 0 ? s.q + head * s.q_stride : s.k + kv * s.kv_stride;
}

__device__ static float inverse_rms(const float *x, int K, float eps)
{
    float square = 0;
    for (int d = (int)threadIdx.x; d < K; d += WARP)
        square = fmaf(x[d], x[d], square);
    return 1.0f / sqrtf(warp_sum(square) / (float)K + eps);
}

__global__ void heads_forward_kernel(heads_task t)
{
    size_t i = team_row();
    if (i >= t.n)
        return;
    int head = (int)(i % (size_t)t.heads), at = head_start(t.s, head);
    const float *x = ROW(t.qkv_BTR, i / (size_t)t.heads, t.s.row) + at;
    const float *gain = head < t.s.n_heads ? t.q_gain_K : t.k_gain_K;
    float *y = ROW(t.out_BTR, i / (size_t)t.heads, t.s.row) + at;
    float inverse = inverse_rms(x, t.s.d_head, t.eps);
    for (int d = (int)threadIdx.x; d < t.s.d_head; d += WARP)
        y[d] = x[d] * inverse * gain[d];
}

__global__ void heads_inverse_kernel(heads_task t)
{
    size_t i = team_row();
    if (i >= t.n)
        return;
    int head = (int)(i % (size_t)t.heads);
    const float *x = ROW(t.qkv_BTR, i / (size_t)t.heads, t.s.row) + head_start(t.s, head);
    float inverse = inverse_rms(x, t.s.d_head, t.eps);
    if (threadIdx.x == 0)
        t.inverse_NH[i] = inverse;
}

/* With n = x / rms and g = d * gain: d_x = (g - n mean(g n)) / rms. */
__global__ void heads_backward_kernel(heads_task t)
{
    size_t i = team_row();
    if (i >= t.n)
        return;
    int head = (int)(i % (size_t)t.heads), at = head_start(t.s, head);
    const float *x = ROW(t.qkv_BTR, i / (size_t)t.heads, t.s.row) + at;
    const float *gain = head < t.s.n_heads ? t.q_gain_K : t.k_gain_K;
    float *d = ROW(t.out_BTR, i / (size_t)t.heads, t.s.row) + at;
    float inverse = t.inverse_NH[i], sum = 0;
    for (int j = (int)threadIdx.x; j < t.s.d_head; j += WARP)
        sum += d[j] * gain[j] * x[j] * inverse;
    float mean = warp_sum(sum) / (float)t.s.d_head;
    for (int j = (int)threadIdx.x; j < t.s.d_head; j += WARP)
        d[j] = (d[j] * gain[j] - x[j] * inverse * mean) * inverse;
}

/* Over every token's heads of one kind: row n is head first + n % count of token n / count. */
struct head_gain_sum {
    float *d_gain_K;
    heads_task t;
    int first, count;
    __device__ float term(int n, int j) const
    {
        int token = n / count, head = first + n % count;
        size_t at = (size_t)token * (size_t)t.s.row + (size_t)(head_start(t.s, head) + j);
        return t.out_BTR[at] * t.qkv_BTR[at] * ROW(t.inverse_NH, token, t.heads)[head];
    }
    __device__ void finish(int j, float total) const
    {
        d_gain_K[j] += total;
    }
};

static heads_task task_of(float *out_BTR, const float *qkv_BTR, const attention_shape *s,
                          const float *q_gain_K, const float *k_gain_K, float eps)
{
    heads_task t = {out_BTR, qkv_BTR, q_gain_K, k_gain_K, NULL, *s, eps, s->n_heads + s->n_kv_heads,
                    0};
    t.n = (size_t)s->B * (size_t)s->T * (size_t)t.heads;
    return t;
}

static void cuda_heads_rmsnorm_forward(backend *be, float *out_BTR, const float *qkv_BTR,
                                       const attention_shape *s, const float *q_gain_K,
                                       const float *k_gain_K, float eps)
{
    heads_task t = task_of(out_BTR, qkv_BTR, s, q_gain_K, k_gain_K, eps);
    be->copy(be, out_BTR, qkv_BTR, (size_t)s->B * (size_t)s->T * (size_t)s->row * sizeof *out_BTR);
    launch(be, "heads_rmsnorm_forward", heads_forward_kernel, blocks_of(t.n, WARPS),
           dim3(WARP, WARPS), t);
}

static void cuda_heads_rmsnorm_backward(backend *be, float *d_BTR, float *d_q_gain_K,
                                        float *d_k_gain_K, const float *qkv_BTR,
                                        const attention_shape *s, const float *q_gain_K,
                                        const float *k_gain_K, float eps)
{
    static const char what[] = "heads_rmsnorm_backward";
    heads_task t = task_of(d_BTR, qkv_BTR, s, q_gain_K, k_gain_K, eps);
    t.inverse_NH = (float *)cuda_scratch(be, t.n * sizeof(float));
    if (!t.inverse_NH)
        return;
    launch(be, what, heads_inverse_kernel, blocks_of(t.n, WARPS), dim3(WARP, WARPS), t);
    int N = s->B * s->T;
    if (d_q_gain_K)
        column_sums(be, what, head_gain_sum{d_q_gain_K, t, 0, s->n_heads}, N * s->n_heads,
                    s->d_head);
    if (d_k_gain_K)
        column_sums(be, what, head_gain_sum{d_k_gain_K, t, s->n_heads, s->n_kv_heads},
                    N * s->n_kv_heads, s->d_head);
    launch(be, what, heads_backward_kernel, blocks_of(t.n, WARPS), dim3(WARP, WARPS), t);
}

void cuda_install_heads(backend *be)
{
    be->heads_rmsnorm_forward = cuda_heads_rmsnorm_forward;
    be->heads_rmsnorm_backward = cuda_heads_rmsnorm_backward;
}
