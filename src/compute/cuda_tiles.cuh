/* Tiles of attention: rows of queries, keys, values or gradients in shared memory, products between
 * two tiles and of weights with a tile.
 *
 * A block is SIDE x SIDE threads (x, y). For a tile of SIDE * R rows against one of SIDE * C,
 * thread (x, y) owns the products of rows y + SIDE r with rows x + SIDE c, and numbers 4 x .. 4 x +
 * 3 of rows y + SIDE r of what is summed over the other tile. Heads are gone through CHUNK numbers
 * at a time. Sums over numbers and over rows run in the order of their index. */
#ifndef COMPUTE_CUDA_TILES_CUH
#define COMPUTE_CUDA_TILES_CUH
#include "compute/cuda.cuh"

enum {
    SIDE = 16,
    QUAD = 4, /* numbers read at once */
    CHUNK = SIDE * QUAD,
    MOST_CHUNKS = 2,     /* a block sums of a head; longer ones are cut into groups */
    LINE = CHUNK + QUAD, /* of a tile in shared memory: the padding spreads rows over the banks */
    BLOCKS_TOGETHER = 2, /* share a multiprocessor's registers */
    SHORT = SIDE         /* sequences up to this have one small tile */
};

/* Rows of one head in memory: row j is parent + j * stride before `shared`, from there on row
 * j - shared of `own`. */
typedef struct head_rows {
    const float *parent, *own;
    int shared, stride;
} head_rows;

__device__ static inline const float *head_row(const head_rows &h, int j)
{
    return j < h.shared ? ROW(h.parent, j, h.stride) : ROW(h.own, j - h.shared, h.stride);
}

/* Numbers from .. from + CHUNK - 1 of rows first .. first + SIDE * ROWS - 1; 0 where there are
 * none: from row `rows` on and from number `depth` on. */
template <int ROWS>
__device__ static void load_tile(float (*to)[LINE], const head_rows &h, int first, int rows,
                                 int from, int depth, bool wide)
{
    int d = from + (int)threadIdx.x * QUAD;
#pragma unroll
    for (int r = 0; r < ROWS; r++) {
        int i = (int)threadIdx.y + SIDE * r, j = first + i;
        float4 four = {0, 0, 0, 0};
        if (j < rows && d < depth) {
            const float *x = head_row(h, j) + d;
            if (wide) {
                four = *reinterpret_cast<const float4 *>(x);
            } else {
                four.x = x[0];
                four.y = d + 1 < depth ? x[1] : 0.0f;
                four.z = d + 2 < depth ? x[2] : 0.0f;
                four.w = d + 3 < depth ? x[3] : 0.0f;
            }
        }
        *reinterpret_cast<float4 *>(&to[i][threadIdx.x * QUAD]) = four;
    }
}

__device__ static inline float4 quad_at(const float *x)
{
    return *reinterpret_cast<const float4 *>(x);
}

/* dots += products of this thread's rows of a with its rows of b. */
template <int R, int C>
__device__ static void add_dots(float (&dots)[R][C], const float (*a)[LINE], const float (*b)[LINE])
{
#pragma unroll 4
    for (int d = 0; d < CHUNK; d += QUAD) {
        float4 left[R], right[C];
#pragma unroll
        for (int r = 0; r < R; r++)
            left[r] = quad_at(&a[threadIdx.y + SIDE * r][d]);
#pragma unroll
        for (int c = 0; c < C; c++)
            right[c] = quad_at(&b[threadIdx.x + SIDE * c][d]);
#pragma unroll
        for (int r = 0; r < R; r++) {
#pragma unroll
            for (int c = 0; c < C; c++) {
                float sum = fmaf(left[r].x, right[c].x, dots[r][c]);
                sum = fmaf(left[r].y, right[c].y, sum);
                sum = fmaf(left[r].z, right[c].z, sum);
                dots[r][c] = fmaf(left[r].w, right[c].w, sum);
            }
        }
    }
}

/* sums += weights of this thread's rows with the numbers it owns of b's rows. */
template <int R, int C>
__device__ static void add_weighted(float (&sums)[R][QUAD], const float (*weights)[SIDE * C + QUAD],
                                    const float (*b)[LINE])
{
#pragma unroll 2
    for (int j = 0; j < SIDE * C; j += QUAD) {
        float4 rows[QUAD];
        for (int i = 0; i < QUAD; i++)
            rows[i] = quad_at(&b[j + i][threadIdx.x * QUAD]);
#pragma unroll
        for (int r = 0; r < R; r++) {
            float4 four = quad_at(&weights[threadIdx.y + SIDE * r][j]);
            const float w[QUAD] = {four.x, four.y, four.z, four.w};
            for (int i = 0; i < QUAD; i++) {
                sums[r][0] = fmaf(w[i], rows[i].x, sums[r][0]);
                sums[r][1] = fmaf(w[i], rows[i].y, sums[r][1]);
                sums[r][2] = fmaf(w[i], rows[i].z, sums[r][2]);
                sums[r][3] = fmaf(w[i], rows[i].w, sums[r][3]);
            }
        }
    }
}

/* This thread's products to where add_weighted reads them. */
template <int R, int C>
__device__ static void put_weights(float (*weights)[SIDE * C + QUAD], const float (&x)[R][C])
{
#pragma unroll
    for (int r = 0; r < R; r++)
#pragma unroll
        for (int c = 0; c < C; c++)
            weights[threadIdx.y + SIDE * r][threadIdx.x + SIDE * c] = x[r][c];
}

/* What this thread owns of a row, `scale` times, to `row` from number `from` on. */
__device__ static inline void store_quad(float *row, const float *sums, float scale, int from,
                                         int depth, bool wide)
{
    int d = from + (int)threadIdx.x * QUAD;
    if (wide && d < depth) {
        float4 four = {scale * sums[0], scale * sums[1], scale * sums[2], scale * sums[3]};
        *reinterpret_cast<float4 *>(row + d) = four;
        return;
    }
    for (int i = 0; i < QUAD; i++)
        if (d + i < depth)
            row[d + i] = scale * sums[i];
}

/* Over the SIDE threads of one y; all of a warp call these together. */
__device__ static inline float side_max(float x)
{
    for (int distance = SIDE / 2; distance; distance /= 2)
        x = fmaxf(x, __shfl_xor_sync(FULL_WARP, x, distance));
    return x;
}

__device__ static inline float side_sum(float x)
{
    for (int distance = SIDE / 2; distance; distance /= 2)
        x += __shfl_xor_sync(FULL_WARP, x, distance);
    return x;
}

/* Whether the query at position i sees key j. */
__device__ static inline bool sees(const attention_shape &s, int i, int j)
{
    return j <= i && (s.window == 0 || i - j < s.window);
}

/* The score of a product q k'. */
__device__ static inline float score_of(const attention_shape &s, float dot)
{
    float x = s.scale * dot;
    return s.softcap > 0 ? capped(x, s.softcap, 1.0f / s.softcap) : x;
}

/* The first key that the query at this position sees. */
__device__ static inline int first_seen(const attention_shape &s, int position)
{
    return s.window && position >= s.window ? position - s.window + 1 : 0;
}

/* Whether every head's every row can be read four numbers at a time. */
static inline bool heads_are_wide(const attention_shape *s)
{
    const int steps[] = {s->d_head, s->row, s->q, s->k, s->v, s->q_stride, s->kv_stride};
    for (size_t i = 0; i < COUNT_OF(steps); i++)
        if (steps[i] % QUAD)
            return false;
    return true;
}

/* How many blocks' worth of sums a head has, when a block sums `chunks`. */
static inline int groups_of(int d_head, int chunks)
{
    return (int)blocks_of((size_t)d_head, (size_t)chunks * CHUNK);
}

#endif
