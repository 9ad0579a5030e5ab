/* The cuda backend: causal attention, of whole sequences and of children that share the beginning
 * of others.
 *
 * A block owns a tile of one head's queries and goes through the keys a tile at a time, keeping
 * each query's largest score so far, the sum of its exponentials and the weighted values, all
 * scaled anew when a larger score comes (Milakov, Gimelshein 2018; Dao et al. 2022): scores exist
 * for one tile only. Tiles of keys begin at multiples of their size whoever asks, so that a query
 * has the same bytes among whole sequences and among children. */
#include "compute/cuda_tiles.cuh"

typedef struct attention_task {
    const float *qkv;
    float *z, *log_sum; /* log_sum: NULL for children */
    attention_shape s;
    attention_children c; /* parent_C NULL: whole sequences */
    int tiles, groups;    /* blocks of one head */
    bool wide;
} attention_task;

/* One head of one sequence: `shared` positions have no query. */
typedef struct attended {
    head_rows q, k, v;
    float *z, *log_sum;
} attended;

__device__ static attended find_head(const attention_task &t, int sequence, int h)
{
    const attention_shape &s = t.s;
    int g = h / (s.n_heads / s.n_kv_heads), first = 0;
    size_t start = (size_t)sequence * (size_t)s.T;
    const float *parent = t.qkv;
    if (t.c.parent_C) {
        first = t.c.first_C[sequence];
        start = (size_t)t.c.start_C[sequence];
        parent = ROW(t.c.parent_qkv_BTR, (size_t)t.c.parent_C[sequence] * (size_t)s.T, s.row);
    }
    const float *own = ROW(t.qkv, start, s.row);
    int q = s.q + h * s.q_stride, k = s.k + g * s.kv_stride, v = s.v + g * s.kv_stride;
    attended a;
    a.q = head_rows{own + q, own + q, first, s.row};
    a.k = head_rows{parent + k, own + k, first, s.row};
    a.v = head_rows{parent + v, own + v, first, s.row};
    a.z = ROW(t.z, start, s.n_heads * s.d_head) + h * s.d_head;
    a.log_sum = t.log_sum ? t.log_sum + ((size_t)sequence * s.n_heads + h) * (size_t)s.T : NULL;
    return a;
}

/* What each of a thread's queries has gathered. */
template <int R, int CHUNKS> struct gathered {
    float largest[R], sum[R], values[CHUNKS][R][QUAD];
};

/* Scores of the tile of keys from `at` on become weights; what was gathered before is scaled down
 * to the largest score known now. */
template <int R, int C, int CHUNKS>
__device__ static void soften(gathered<R, CHUNKS> &o, float (&x)[R][C], const attention_shape &s,
                              int first, int at)
{
#pragma unroll
    for (int r = 0; r < R; r++) {
        int i = first + (int)threadIdx.y + SIDE * r;
        float largest = -INFINITY;
#pragma unroll
        for (int c = 0; c < C; c++) {
            int j = at + (int)threadIdx.x + SIDE * c;
            x[r][c] = i < s.T && sees(s, i, j) ? score_of(s, x[r][c]) : -INFINITY;
            largest = fmaxf(largest, x[r][c]);
        }
        largest = fmaxf(o.largest[r], side_max(largest));
        float keep = fast_exp(o.largest[r] - largest), sum = 0;
        if (largest == -INFINITY) /* no key seen yet: -inf minus -inf is no number */
            keep = 1;
#pragma unroll
        for (int c = 0; c < C; c++) {
            x[r][c] = x[r][c] == -INFINITY ? 0.0f : fast_exp(x[r][c] - largest);
            sum += x[r][c];
        }
        o.largest[r] = largest;
        o.sum[r] = o.sum[r] * keep + side_sum(sum);
#pragma unroll
        for (int p = 0; p < CHUNKS; p++)
            for (int d = 0; d < QUAD; d++)
                o.values[p][r][d] *= keep;
    }
}

template <int R, int C, int CHUNKS>
__global__ void __launch_bounds__(SIDE *SIDE, BLOCKS_TOGETHER) attention_kernel(attention_task t)
{
    __shared__ __align__(16) float queries[SIDE * R][LINE], keys[SIDE * C][LINE];
    __shared__ __align__(16) float weights[SIDE * R][SIDE * C + QUAD];
    const attention_shape &s = t.s;
    int group = (int)blockIdx.x % t.groups, rest = (int)blockIdx.x / t.groups;
    int tile = rest % t.tiles, head = rest / t.tiles % s.n_heads;
    attended a = find_head(t, rest / t.tiles / s.n_heads, head);
    int first = a.q.shared + tile * SIDE * R, last = first + SIDE * R - 1;
    if (first >= s.T)
        return;
    last = last < s.T ? last : s.T - 1;
    gathered<R, CHUNKS> o = {};
#pragma unroll
    for (int r = 0; r < R; r++)
        o.largest[r] = -INFINITY;
    int begin = first_seen(s, first) / (SIDE * C) * (SIDE * C);
    for (int at = begin; at <= last; at += SIDE * C) {
        float x[R][C] = {};
        for (int from = 0; from < s.d_head; from += CHUNK) {
            if (at == begin || s.d_head > CHUNK)
                load_tile<R>(queries, a.q, first, s.T, from, s.d_head, t.wide);
            load_tile<C>(keys, a.k, at, last + 1, from, s.d_head, t.wide);
            __syncthreads();
            add_dots<R, C>(x, queries, keys);
            __syncthreads();
        }
        soften<R, C, CHUNKS>(o, x, s, first, at);
        put_weights<R, C>(weights, x);
#pragma unroll
        for (int p = 0; p < CHUNKS; p++) {
            load_tile<C>(keys, a.v, at, last + 1, (group * CHUNKS + p) * CHUNK, s.d_head, t.wide);
            __syncthreads();
            add_weighted<R, C>(o.values[p], weights, keys);
            __syncthreads();
        }
    }
#pragma unroll
    for (int r = 0; r < R; r++) {
        int i = first + (int)threadIdx.y + SIDE * r;
        if (i >= s.T)
            continue;
        float *z = ROW(a.z, i - a.q.shared, s.n_heads * s.d_head);
#pragma unroll
        for (int p = 0; p < CHUNKS; p++)
            store_quad(z, o.values[p][r], 1.0f / o.sum[r], (group * CHUNKS + p) * CHUNK, s.d_head,
                       t.wide);
        if (a.log_sum && group == 0 && threadIdx.x == 0)
            a.log_sum[i] = o.largest[r] + logf(o.sum[r]);
    }
}

template <int R, int C, int CHUNKS>
static void launch_attention(backend *be, const char *what, attention_task t, int sequences)
{
    t.tiles = (int)blocks_of((size_t)t.s.T, SIDE * R);
    t.groups = groups_of(t.s.d_head, CHUNKS);
    size_t heads = (size_t)sequences * (size_t)t.s.n_heads;
    launch(be, what, attention_kernel<R, C, CHUNKS>, heads * (size_t)t.tiles * (size_t)t.groups,
           dim3(SIDE, SIDE), t);
}

template <int R, int C>
static void launch_for_head(backend *be, const char *what, const attention_task &t, int sequences)
{
    if (t.s.d_head <= CHUNK)
        launch_attention<R, C, 1>(be, what, t, sequences);
    else
        launch_attention<R, C, MOST_CHUNKS>(be, what, t, sequences);
}

/* Which tiles depends on T alone, so that children meet the same as whole sequences. */
static void attend(backend *be, const char *what, const attention_task &t, int sequences)
{
    if (t.s.T <= SHORT)
        launch_for_head<1, 1>(be, what, t, sequences);
    else
        launch_for_head<4, 2>(be, what, t, sequences);
}

static void cuda_attention_forward(backend *be, float *z_BTHK, float *log_sum_BHT,
                                   const float *qkv_BTR, const attention_shape *s)
{
    attention_task t = {qkv_BTR, z_BTHK, log_sum_BHT, *s, {}, 0, 0, false};
    t.wide = heads_are_wide(s) && is_wide(qkv_BTR) && is_wide(z_BTHK);
    attend(be, "attention_forward", t, s->B);
}

static void cuda_attention_children(backend *be, float *z_NHK, const float *qkv_NR,
                                    const attention_children *c, const attention_shape *s)
{
    attention_task t = {qkv_NR, z_NHK, NULL, *s, *c, 0, 0, false};
    t.wide = heads_are_wide(s) && is_wide(qkv_NR) && is_wide(z_NHK) && is_wide(c->parent_qkv_BTR);
    attend(be, "attention_children", t, c->C);
}

void cuda_install_attention(backend *be)
{
    be->attention_forward = cuda_attention_forward;
    be->attention_children = cuda_attention_children;
}
