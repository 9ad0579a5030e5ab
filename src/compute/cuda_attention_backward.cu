/* The cuda backend: the gradient of causal attention, from the logs of the softmaxes' denominators
 * (Dao et al. 2022).
 *
 * With p the pattern, d_p = d_z v' and mean the sum over keys of p d_p, the gradient of a score is
 * p (d_p - mean). One kernel owns tiles of queries, finds their means and sums their gradients over
 * keys; a second owns tiles of keys and sums theirs over the queries of all heads that share them,
 * in order. */
#include "compute/cuda_tiles.cuh"

typedef struct gradient_task {
    float *d_qkv, *mean_BHT;
    const float *qkv, *d_z, *log_sum;
    attention_shape s;
    int tiles, groups;
    bool wide;
} gradient_task;

/* Rows of one sequence's projection from number `at` of a row on. */
__device__ static inline head_rows part_of(const float *x, const attention_shape &s, int b, int at)
{
    const float *own = ROW(x, (size_t)b * (size_t)s.T, s.row) + at;
    return head_rows{own, own, 0, s.row};
}

__device__ static inline head_rows d_z_of(const gradient_task &t, int b, int h)
{
    int row = t.s.n_heads * t.s.d_head;
    const float *own = ROW(t.d_z, (size_t)b * (size_t)t.s.T, row) + h * t.s.d_head;
    return head_rows{own, own, 0, row};
}

/* Two sides of products: rows first .. rows - 1 of one head each. */
typedef struct side {
    head_rows rows;
    int first, end;
} side;

/* dots += products of rows of a with rows of b, the whole head long. */
template <int R, int C>
__device__ static void add_products(float (&dots)[R][C], const side &a, const side &b,
                                    float (*left)[LINE], float (*right)[LINE], int d_head,
                                    bool wide)
{
    for (int from = 0; from < d_head; from += CHUNK) {
        load_tile<R>(left, a.rows, a.first, a.end, from, d_head, wide);
        load_tile<C>(right, b.rows, b.first, b.end, from, d_head, wide);
        __syncthreads();
        add_dots<R, C>(dots, left, right);
        __syncthreads();
    }
}

/* The pattern's number for query i and key j, 0 where it sees none. */
__device__ static inline float pattern_of(const attention_shape &s, float score, float log_sum,
                                          int i, int j)
{
    return i < s.T && sees(s, i, j) ? fast_exp(score - log_sum) : 0.0f;
}

/* The gradient of the product q k'. */
__device__ static inline float product_gradient(const attention_shape &s, float p, float d_p,
                                                float mean, float score)
{
    float slope = s.softcap > 0 ? cap_slope(score, 1.0f / s.softcap) : 1.0f;
    return p * (d_p - mean) * s.scale * slope;
}

/* ---- queries ------------------------------------------------------------------------------------
 */

template <int R, int C, int CHUNKS>
__global__ void __launch_bounds__(SIDE *SIDE, BLOCKS_TOGETHER)
    query_gradient_kernel(gradient_task t)
{
    __shared__ __align__(16) float left[SIDE * R][LINE], right[SIDE * C][LINE];
    __shared__ __align__(16) float weights[SIDE * R][SIDE * C + QUAD];
    const attention_shape &s = t.s;
    int group = (int)blockIdx.x % t.groups, rest = (int)blockIdx.x / t.groups;
    int first = rest % t.tiles * SIDE * R, bh = rest / t.tiles;
    int b = bh / s.n_heads, h = bh % s.n_heads, g = h / (s.n_heads / s.n_kv_heads);
    int end = first + SIDE * R < s.T ? first + SIDE * R : s.T;
    const float *log_sum = ROW(t.log_sum, bh, s.T);
    head_rows k = part_of(t.qkv, s, b, s.k + g * s.kv_stride);
    head_rows v = part_of(t.qkv, s, b, s.v + g * s.kv_stride);
    side queries = {part_of(t.qkv, s, b, s.q + h * s.q_stride), first, end};
    side upstream = {d_z_of(t, b, h), first, end};
    float mean[R] = {}, d_q[CHUNKS][R][QUAD] = {};
    int begin = first_seen(s, first) / (SIDE * C) * (SIDE * C);
    for (int pass = 0; pass < 2; pass++) { /* the means, then the gradients */
        for (int at = begin; at < end; at += SIDE * C) {
            float dots[R][C] = {}, d_p[R][C] = {};
            add_products<R, C>(dots, queries, side{k, at, end}, left, right, s.d_head, t.wide);
            add_products<R, C>(d_p, upstream, side{v, at, end}, left, right, s.d_head, t.wide);
#pragma unroll
            for (int r = 0; r < R; r++) {
                int i = first + (int)threadIdx.y + SIDE * r;
                float log_sum_i = i < s.T ? log_sum[i] : 0.0f, sum = 0;
#pragma unroll
                for (int c = 0; c < C; c++) {
                    int j = at + (int)threadIdx.x + SIDE * c;
                    float score = score_of(s, dots[r][c]);
                    float p = pattern_of(s, score, log_sum_i, i, j);
                    sum += p * d_p[r][c];
                    dots[r][c] = product_gradient(s, p, d_p[r][c], mean[r], score);
                }
                if (pass == 0)
                    mean[r] += side_sum(sum);
            }
            if (pass == 0)
                continue;
            put_weights<R, C>(weights, dots);
#pragma unroll
            for (int p = 0; p < CHUNKS; p++) {
                load_tile<C>(right, k, at, end, (group * CHUNKS + p) * CHUNK, s.d_head, t.wide);
                __syncthreads();
                add_weighted<R, C>(d_q[p], weights, right);
                __syncthreads();
            }
        }
    }
#pragma unroll
    for (int r = 0; r < R; r++) {
        int i = first + (int)threadIdx.y + SIDE * r;
        if (i >= s.T)
            continue;
        float *row =
            ROW(t.d_qkv, (size_t)b * (size_t)s.T + (size_t)i, s.row) + s.q + h * s.q_stride;
#pragma unroll
        for (int p = 0; p < CHUNKS; p++)
            store_quad(row, d_q[p][r], 1, (group * CHUNKS + p) * CHUNK, s.d_head, t.wide);
        if (group == 0 && threadIdx.x == 0)
            ROW(t.mean_BHT, bh, s.T)[i] = mean[r];
    }
}

/* ---- keys and values ----------------------------------------------------------------------------
 *
 * Here the block's rows are keys, and the tile they meet is of queries. */

template <int R, int C, int CHUNKS> struct key_gradients {
    float d_k[CHUNKS][R][QUAD], d_v[CHUNKS][R][QUAD];
};

/* One head's queries from `at` on; `dots` and `d_p` become the products' gradients and the pattern.
 */
template <int R, int C>
__device__ static void turn_to_gradients(float (&dots)[R][C], float (&d_p)[R][C],
                                         const gradient_task &t, int bh, int first, int at)
{
    const attention_shape &s = t.s;
#pragma unroll
    for (int c = 0; c < C; c++) {
        int i = at + (int)threadIdx.x + SIDE * c;
        float log_sum = i < s.T ? ROW(t.log_sum, bh, s.T)[i] : 0.0f;
        float mean = i < s.T ? ROW(t.mean_BHT, bh, s.T)[i] : 0.0f;
#pragma unroll
        for (int r = 0; r < R; r++) {
            int j = first + (int)threadIdx.y + SIDE * r;
            float score = score_of(s, dots[r][c]), p = pattern_of(s, score, log_sum, i, j);
            dots[r][c] = product_gradient(s, p, d_p[r][c], mean, score);
            d_p[r][c] = p;
        }
    }
}

/* sums += weights times the rows from `at` on, number by number of the head. */
template <int R, int C, int CHUNKS>
__device__ static void add_over_queries(float (&sums)[CHUNKS][R][QUAD],
                                        float (*weights)[SIDE * C + QUAD], const float (&x)[R][C],
                                        float (*right)[LINE], const head_rows &rows, int at,
                                        int group, const gradient_task &t)
{
    put_weights<R, C>(weights, x);
#pragma unroll
    for (int p = 0; p < CHUNKS; p++) {
        load_tile<C>(right, rows, at, t.s.T, (group * CHUNKS + p) * CHUNK, t.s.d_head, t.wide);
        __syncthreads();
        add_weighted<R, C>(sums[p], weights, right);
        __syncthreads();
    }
}

template <int R, int C, int CHUNKS>
__global__ void __launch_bounds__(SIDE *SIDE, BLOCKS_TOGETHER) key_gradient_kernel(gradient_task t)
{
    __shared__ __align__(16) float left[SIDE * R][LINE], right[SIDE * C][LINE];
    __shared__ __align__(16) float weights[SIDE * R][SIDE * C + QUAD];
    const attention_shape &s = t.s;
    int group = (int)blockIdx.x % t.groups, rest = (int)blockIdx.x / t.groups;
    int first = rest % t.tiles * SIDE * R, bg = rest / t.tiles, sharing = s.n_heads / s.n_kv_heads;
    int b = bg / s.n_kv_heads, g = bg % s.n_kv_heads;
    int end = first + SIDE * R < s.T ? first + SIDE * R : s.T;                  /* of the keys */
    int last = s.window && end - 1 + s.window < s.T ? end - 1 + s.window : s.T; /* of queries */
    side keys = {part_of(t.qkv, s, b, s.k + g * s.kv_stride), first, end};
    side values = {part_of(t.qkv, s, b, s.v + g * s.kv_stride), first, end};
    key_gradients<R, C, CHUNKS> o = {};
    for (int h = g * sharing; h < (g + 1) * sharing; h++) {
        head_rows q = part_of(t.qkv, s, b, s.q + h * s.q_stride), d_z = d_z_of(t, b, h);
        for (int at = first / (SIDE * C) * (SIDE * C); at < last; at += SIDE * C) {
            float dots[R][C] = {}, d_p[R][C] = {};
            add_products<R, C>(dots, keys, side{q, at, s.T}, left, right, s.d_head, t.wide);
            add_products<R, C>(d_p, values, side{d_z, at, s.T}, left, right, s.d_head, t.wide);
            turn_to_gradients<R, C>(dots, d_p, t, b * s.n_heads + h, first, at);
            add_over_queries<R, C, CHUNKS>(o.d_k, weights, dots, right, q, at, group, t);
            add_over_queries<R, C, CHUNKS>(o.d_v, weights, d_p, right, d_z, at, group, t);
        }
    }
#pragma unroll
    for (int r = 0; r < R; r++) {
        int j = first + (int)threadIdx.y + SIDE * r;
        if (j >= s.T)
            continue;
        float *row = ROW(t.d_qkv, (size_t)b * (size_t)s.T + (size_t)j, s.row) + g * s.kv_stride;
#pragma unroll
        for (int p = 0; p < CHUNKS; p++) {
            int from = (group * CHUNKS + p) * CHUNK;
            store_quad(row + s.k, o.d_k[p][r], 1, from, s.d_head, t.wide);
            store_quad(row + s.v, o.d_v[p][r], 1, from, s.d_head, t.wide);
        }
    }
}

/* ---- launching ----------------------------------------------------------------------------------
 */

template <int SIZE, int CHUNKS> static void launch_gradients(backend *be, gradient_task t)
{
    const attention_shape &s = t.s;
    t.tiles = (int)blocks_of((size_t)s.T, SIDE * SIZE);
    t.groups = groups_of(s.d_head, CHUNKS);
    size_t blocks = (size_t)s.B * (size_t)t.tiles * (size_t)t.groups;
    launch(be, "attention_backward", query_gradient_kernel<SIZE, SIZE, CHUNKS>,
           blocks * (size_t)s.n_heads, dim3(SIDE, SIDE), t);
    launch(be, "attention_backward", key_gradient_kernel<SIZE, SIZE, CHUNKS>,
           blocks * (size_t)s.n_kv_heads, dim3(SIDE, SIDE), t);
}

template <int SIZE> static void launch_for_head(backend *be, const gradient_task &t)
{
    if (t.s.d_head <= CHUNK)
        launch_gradients<SIZE, 1>(be, t);
    else
        launch_gradients<SIZE, MOST_CHUNKS>(be, t);
}

static void cuda_attention_backward(backend *be, float *d_qkv_BTR, const float *d_z_BTHK,
                                    const float *log_sum_BHT, const float *qkv_BTR,
                                    const attention_shape *s)
{
    size_t n = (size_t)s->B * (size_t)s->n_heads * (size_t)s->T;
    gradient_task t = {d_qkv_BTR,   (float *)cuda_scratch(be, n * sizeof(float)),
                       qkv_BTR,     d_z_BTHK,
                       log_sum_BHT, *s,
                       0,           0,
                       false};
    t.wide = heads_are_wide(s) && is_wide(qkv_BTR) && is_wide(d_z_BTHK) && is_wide(d_qkv_BTR);
    if (!t.mean_BHT)
        return;
    if (s->T <= SHORT)
        launch_for_head<1>(be, t);
    else
        launch_for_head<2>(be, t);
}

void cuda_install_attention_backward(backend *be)
{
    be->attention_backward = cuda_attention_backward;
}
