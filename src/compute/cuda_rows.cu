/* The cuda backend: stored numbers made float32, rows of a table, chosen columns, rotary positions.
 */
#include "compute/cuda.cuh"
extern "C" {
#include "base/half.h"
}

/* ---- stored numbers -----------------------------------------------------------------------------
 */

enum { NUMBERS = 4 }; /* a thread's */

template <number_type TYPE> __device__ static inline float number_at(const void *x, size_t i)
{
    return TYPE == NUMBER_F32   ? static_cast<const float *>(x)[i]
           : TYPE == NUMBER_F16 ? f16_to_float(static_cast<const uint16_t *>(x)[i])
                                : bf16_to_float(static_cast<const uint16_t *>(x)[i]);
}

/* Four numbers read at once, as 16 bytes or 8. */
template <number_type TYPE>
__device__ static inline void four_numbers(float to[NUMBERS], const void *x, size_t i)
{
    if (TYPE == NUMBER_F32) {
        float4 four = *reinterpret_cast<const float4 *>(static_cast<const float *>(x) + i);
        to[0] = four.x;
        to[1] = four.y;
        to[2] = four.z;
        to[3] = four.w;
        return;
    }
    uint2 four = *reinterpret_cast<const uint2 *>(static_cast<const uint16_t *>(x) + i);
    const uint16_t stored[NUMBERS] = {(uint16_t)four.x, (uint16_t)(four.x >> 16), (uint16_t)four.y,
                                      (uint16_t)(four.y >> 16)};
    for (int j = 0; j < NUMBERS; j++)
        to[j] = number_at<TYPE>(stored, (size_t)j);
}

typedef struct stored_rows {
    float *x;
    const void *table;
    const int32_t *ids; /* NULL: row n is row n of the table */
    float scale;
    size_t D;
    unsigned across; /* blocks to a row */
    bool wide;
} stored_rows;

template <number_type TYPE> __global__ void stored_rows_kernel(stored_rows r)
{
    size_t n = blockIdx.x / r.across;
    size_t first = (size_t)(blockIdx.x % r.across) * NUMBERS * blockDim.x;
    long long row = r.ids ? r.ids[n] : (long long)n;
    if (row < 0)
        return;
    size_t from = (size_t)row * r.D, to = n * r.D;
    if (r.wide) {
        size_t d = first + NUMBERS * threadIdx.x;
        if (d >= r.D)
            return;
        float four[NUMBERS];
        four_numbers<TYPE>(four, r.table, from + d);
        float4 y = {r.scale * four[0], r.scale * four[1], r.scale * four[2], r.scale * four[3]};
        *reinterpret_cast<float4 *>(r.x + to + d) = y;
        return;
    }
    for (int j = 0; j < NUMBERS; j++) {
        size_t d = first + j * blockDim.x + threadIdx.x;
        if (d < r.D)
            r.x[to + d] = r.scale * number_at<TYPE>(r.table, from + d);
    }
}

static void read_rows(backend *be, const char *what, stored_rows r, number_type type, size_t N)
{
    if (r.D == 0)
        return;
    size_t warps = blocks_of(blocks_of(r.D, NUMBERS), WARP);
    unsigned threads = (unsigned)(warps < TEAM / WARP ? warps : TEAM / WARP) * WARP;
    size_t across = blocks_of(r.D, NUMBERS * threads);
    r.across = (unsigned)across;
    r.wide = r.D % NUMBERS == 0 && is_wide(r.x) && is_wide(r.table);
    if (type == NUMBER_F32)
        launch(be, what, stored_rows_kernel<NUMBER_F32>, N * across, dim3(threads), r);
    else if (type == NUMBER_F16)
        launch(be, what, stored_rows_kernel<NUMBER_F16>, N * across, dim3(threads), r);
    else
        launch(be, what, stored_rows_kernel<NUMBER_BF16>, N * across, dim3(threads), r);
}

static void cuda_widen(backend *be, float *y, const void *x, number_type type, size_t n)
{
    size_t whole = n / NUMBERS * NUMBERS;
    stored_rows r = {};
    r.x = y;
    r.table = x;
    r.scale = 1;
    r.D = whole;
    read_rows(be, "widen", r, type, 1);
    r.x += whole;
    r.table = static_cast<const char *>(x) + whole * number_size(type);
    r.D = n - whole;
    read_rows(be, "widen", r, type, 1);
}

static void cuda_gather_rows(backend *be, float *x_ND, const void *table_VD, number_type type,
                             const int32_t *ids_N, float scale, int N, int V, int D)
{
    (void)V;
    stored_rows r = {};
    r.x = x_ND;
    r.table = table_VD;
    r.ids = ids_N;
    r.scale = scale;
    r.D = (size_t)D;
    read_rows(be, "gather_rows", r, type, (size_t)N);
}

/* ---- chosen columns -----------------------------------------------------------------------------
 */

/* One thread an element of the narrow matrix. */
__global__ void gather_columns_kernel(float *y_NC, const float *x_NF, const int32_t *columns_C,
                                      size_t n, int F, int C)
{
    size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        y_NC[i] = x_NF[i / (size_t)C * (size_t)F + (size_t)columns_C[i % (size_t)C]];
}

__global__ void scatter_columns_kernel(float *y_NF, const float *x_NC, const int32_t *columns_C,
                                       size_t n, int F, int C)
{
    size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        y_NF[i / (size_t)C * (size_t)F + (size_t)columns_C[i % (size_t)C]] = x_NC[i];
}

static void cuda_gather_columns(backend *be, float *y_NC, const float *x_NF,
                                const int32_t *columns_C, int N, int F, int C)
{
    size_t n = (size_t)N * (size_t)C;
    launch(be, "gather_columns", gather_columns_kernel, blocks_of(n, TEAM), dim3(TEAM), y_NC, x_NF,
           columns_C, n, F, C);
}

static void cuda_scatter_columns(backend *be, float *y_NF, const float *x_NC,
                                 const int32_t *columns_C, int N, int F, int C)
{
    size_t n = (size_t)N * (size_t)C;
    launch(be, "scatter_columns", scatter_columns_kernel, blocks_of(n, TEAM), dim3(TEAM), y_NF,
           x_NC, columns_C, n, F, C);
}

/* ---- rotary positions ---------------------------------------------------------------------------
 */

/* A block turns the queries and keys of one token. */
__global__ void rope_kernel(float *qkv_NR, attention_shape s, const int32_t *positions_N,
                            const float *cos_PR, const float *sin_PR, int half, float direction)
{
    float *qkv = ROW(qkv_NR, blockIdx.x, s.row);
    const float *cos = ROW(cos_PR, positions_N[blockIdx.x], half);
    const float *sin = ROW(sin_PR, positions_N[blockIdx.x], half);
    int pairs = (s.n_heads + s.n_kv_heads) * half;
    for (int i = threadIdx.x; i < pairs; i += blockDim.x) {
        int head = i / half, j = i % half, kv = head - s.n_heads;
        float *x = qkv + (kv < 0 ? s.q + head * s.q_stride : s.k + kv * s.kv_stride);
        rotate_pair(&x[j], &x[j + half], cos[j], direction * sin[j]);
    }
}

static void cuda_rope(backend *be, float *qkv_NR, const attention_shape *s,
                      const int32_t *positions_N, const float *cos_PR, const float *sin_PR,
                      int rotary, bool inverse)
{
    if (rotary >= 2)
        launch(be, "rope", rope_kernel, (size_t)s->B * (size_t)s->T, dim3(TEAM), qkv_NR, *s,
               positions_N, cos_PR, sin_PR, rotary / 2, inverse ? -1.0f : 1.0f);
}

void cuda_install_rows(backend *be)
{
    be->widen = cuda_widen;
    be->gather_rows = cuda_gather_rows;
    be->gather_columns = cuda_gather_columns;
    be->scatter_columns = cuda_scatter_columns;
    be->rope = cuda_rope;
}
