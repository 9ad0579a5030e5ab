/* Elementwise kernels: a thread reads four neighbours of each operand at once where they lie so
 * that it can, and gives them one by one to a functor f(in, out). */
#ifndef COMPUTE_CUDA_ELEMENTS_CUH
#define COMPUTE_CUDA_ELEMENTS_CUH
#include "compute/cuda.cuh"

/* What element (n, c) of a matrix of C columns reads: x[n, c], x[c] or x[n]. */
typedef enum { EACH, BY_COLUMN, BY_ROW } reading;

typedef struct operand {
    const float *x;
    reading by;
} operand;

/* An output may be the same array as an EACH operand. */
template <int IN, int OUT> struct operands {
    operand in[IN];
    float *out[OUT];
};

enum { FOUR = 4 };

__device__ static inline size_t place_of(reading by, size_t n, size_t c, size_t C)
{
    return by == EACH ? n * C + c : by == BY_COLUMN ? c : n;
}

/* Four elements from column c on. */
template <int IN, int OUT, class F>
__device__ static void four_elements(F f, const operands<IN, OUT> &o, size_t n, size_t c, size_t C)
{
    float in[FOUR][IN], out[FOUR][OUT];
    for (int i = 0; i < IN; i++) {
        float4 x;
        if (o.in[i].by == BY_ROW)
            x.x = x.y = x.z = x.w = o.in[i].x[n];
        else
            x = *reinterpret_cast<const float4 *>(o.in[i].x + place_of(o.in[i].by, n, c, C));
        in[0][i] = x.x;
        in[1][i] = x.y;
        in[2][i] = x.z;
        in[3][i] = x.w;
    }
    for (int j = 0; j < FOUR; j++)
        f(in[j], out[j]);
    for (int i = 0; i < OUT; i++) {
        float4 y = {out[0][i], out[1][i], out[2][i], out[3][i]};
        *reinterpret_cast<float4 *>(o.out[i] + n * C + c) = y;
    }
}

template <int IN, int OUT, class F>
__device__ static void one_element(F f, const operands<IN, OUT> &o, size_t n, size_t c, size_t C)
{
    float in[IN], out[OUT];
    for (int i = 0; i < IN; i++)
        in[i] = o.in[i].x[place_of(o.in[i].by, n, c, C)];
    f(in, out);
    for (int i = 0; i < OUT; i++)
        o.out[i][n * C + c] = out[i];
}

/* A block is one row's next FOUR * blockDim.x columns; `across` blocks are a row. */
template <int IN, int OUT, class F>
__global__ void elements_kernel(F f, operands<IN, OUT> o, size_t C, unsigned across, bool wide)
{
    size_t n = blockIdx.x / across, first = (size_t)(blockIdx.x % across) * FOUR * blockDim.x;
    if (wide) {
        size_t c = first + FOUR * threadIdx.x;
        if (c < C)
            four_elements(f, o, n, c, C);
        return;
    }
    for (int j = 0; j < FOUR; j++) {
        size_t c = first + j * blockDim.x + threadIdx.x;
        if (c < C)
            one_element(f, o, n, c, C);
    }
}

/* Every (n, c) of N x C. */
template <int IN, int OUT, class F>
static void over_rows(backend *be, const char *what, F f, operands<IN, OUT> o, size_t N, size_t C)
{
    if (N == 0 || C == 0)
        return;
    bool wide = C % FOUR == 0;
    for (int i = 0; i < IN; i++)
        wide = wide && (o.in[i].by == BY_ROW || is_wide(o.in[i].x));
    for (int i = 0; i < OUT; i++)
        wide = wide && is_wide(o.out[i]);
    size_t warps = blocks_of(blocks_of(C, FOUR), WARP);
    unsigned threads = (unsigned)(warps < TEAM / WARP ? warps : TEAM / WARP) * WARP;
    size_t across = blocks_of(C, FOUR * threads);
    launch(be, what, elements_kernel<IN, OUT, F>, N * across, dim3(threads), f, o, C,
           (unsigned)across, wide);
}

/* n numbers of each array: whole fours, then what is left. */
template <int IN, int OUT, class F>
static void over(backend *be, const char *what, F f, operands<IN, OUT> o, size_t n)
{
    size_t whole = n / FOUR * FOUR;
    over_rows(be, what, f, o, 1, whole);
    for (int i = 0; i < IN; i++)
        o.in[i].x += whole;
    for (int i = 0; i < OUT; i++)
        o.out[i] += whole;
    over_rows(be, what, f, o, 1, n - whole);
}

#endif
