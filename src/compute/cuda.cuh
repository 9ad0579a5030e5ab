/* What the cuda backend's files share: its state, launching, and sums in a fixed order.
 *
 * Everything runs in one stream. No sum uses atomic additions of floats: threads add in the order
 * of their index, lanes of a warp in a butterfly, warps in the order of theirs, so the same
 * arguments give the same bytes on the same GPU. Kernels are compiled without contraction; where a
 * product and its addition are one instruction, fmaf() says so.
 *
 * tests/compute/emulated/ runs these files on the processor, one fiber per GPU thread. */
#ifndef COMPUTE_CUDA_CUH
#define COMPUTE_CUDA_CUH
#define _Noreturn [[noreturn]]
extern "C" {
#include "base/memory.h"
#include "compute/backend.h"
#include "compute/element.h"
#include "compute/install.h"
}
#include <cuda_runtime.h>
#include <limits.h>

enum { WARP = 32, TEAM = 256, STAGING_BYTES = 4 << 20 };
static const unsigned FULL_WARP = ~0u; /* the mask of all lanes */

typedef struct cuda_products cuda_products;

typedef struct cuda_state {
    backend be; /* first: a backend * of this kind is a cuda_state * */
    cudaStream_t stream;
    cudaMemPool_t memory; /* the GPU's own pool */
    cuda_products *products;
    /* What a kernel leaves for the next; grows. */
    char *scratch;
    size_t scratch_bytes;
    /* Small uploads go through pinned memory, so that they wait for nothing. */
    char *staging;
    size_t staged;
} cuda_state;

static inline cuda_state *state_of(backend *be)
{
    return reinterpret_cast<cuda_state *>(be);
}

/* Whether a call succeeded; the first failure sticks, naming `what`. */
bool cuda_check(backend *be, cudaError_t code, const char *what);
/* At least this many bytes that hold until the next call; NULL when they do not fit, which sticks.
 */
void *cuda_scratch(backend *be, size_t bytes);

/* Each file puts in the operations it defines. */
void cuda_install_memory(backend *be);
void cuda_install_elements(backend *be);
void cuda_install_activations(backend *be);
void cuda_install_rows(backend *be);
void cuda_install_columns(backend *be);
void cuda_install_sums(backend *be);
void cuda_install_norm(backend *be);
void cuda_install_heads(backend *be);
void cuda_install_attention(backend *be);
void cuda_install_attention_backward(backend *be);
void cuda_install_tokens(backend *be);
void cuda_install_select(backend *be);
void cuda_install_rank(backend *be);
void cuda_install_sparse(backend *be);
void cuda_install_descent(backend *be);

/* The library of products, and gemm. E_CONFIG when it cannot be loaded. */
err_code cuda_products_open(backend *be, err *e);
void cuda_products_close(backend *be);

/* ---- launching ----------------------------------------------------------------------------------
 */

#ifdef __CUDACC__
template <class... P, class... A>
static void start(backend *be, void (*kernel)(P...), unsigned blocks, dim3 threads, A... a)
{
    kernel<<<blocks, threads, 0, state_of(be)->stream>>>(a...);
}
#else
template <class... P, class... A>
static void start(backend *be, void (*kernel)(P...), unsigned blocks, dim3 threads, A... a)
{
    (void)be;
    emulate(blocks, threads, [=] { kernel(a...); });
}
#endif

/* Nothing is asked of the GPU after a failure. */
template <class... P, class... A>
static void launch(backend *be, const char *what, void (*kernel)(P...), size_t blocks, dim3 threads,
                   A... a)
{
    if (blocks == 0 || be->failure.code)
        return;
    if (blocks > INT_MAX) {
        err_set(&be->failure, E_SHAPE, "%s: %zu blocks are too many for a GPU", what, blocks);
        return;
    }
    start(be, kernel, (unsigned)blocks, threads, a...);
    cuda_check(be, cudaGetLastError(), what);
}

static inline size_t blocks_of(size_t n, size_t per_block)
{
    return (n + per_block - 1) / per_block;
}

static inline bool is_wide(const void *p) /* 16 bytes can be read at once */
{
    return reinterpret_cast<uintptr_t>(p) % 16 == 0;
}

/* ---- teams --------------------------------------------------------------------------------------
 *
 * A row is the work of a team: a warp, several to a block, or a block of TEAM threads. All threads
 * of a team call these together and all get the result. */

template <class X> __device__ static inline X warp_sum(X x)
{
    for (int distance = WARP / 2; distance; distance /= 2)
        x += __shfl_xor_sync(FULL_WARP, x, distance);
    return x;
}

__device__ static inline float warp_max(float x)
{
    for (int distance = WARP / 2; distance; distance /= 2)
        x = fmaxf(x, __shfl_xor_sync(FULL_WARP, x, distance));
    return x;
}

template <int THREADS, class X> __device__ static inline X team_sum(X x)
{
    x = warp_sum(x);
    if (THREADS == WARP)
        return x;
    __shared__ X part[THREADS / WARP];
    __syncthreads(); /* the last sum has been read */
    if (threadIdx.x % WARP == 0)
        part[threadIdx.x / WARP] = x;
    __syncthreads();
    x = 0;
    for (int i = 0; i < THREADS / WARP; i++)
        x += part[i];
    return x;
}

template <int THREADS> __device__ static inline float team_max(float x)
{
    x = warp_max(x);
    if (THREADS == WARP)
        return x;
    __shared__ float part[THREADS / WARP];
    __syncthreads();
    if (threadIdx.x % WARP == 0)
        part[threadIdx.x / WARP] = x;
    __syncthreads();
    x = part[0];
    for (int i = 1; i < THREADS / WARP; i++)
        x = fmaxf(x, part[i]);
    return x;
}

/* The row of this thread's team: a block holds blockDim.y of them. */
__device__ static inline size_t team_row()
{
    return (size_t)blockIdx.x * blockDim.y + threadIdx.y;
}

/* Launches `kernel`, made for both sizes of team, for N rows of C numbers. */
enum { WARPS = 4, LONG_ROW = 2048 };
#define LAUNCH_TEAMS(be, what, kernel, N, C, ...)                                                  \
    do {                                                                                           \
        if ((C) < LONG_ROW)                                                                        \
            launch(be, what, kernel<WARP>, blocks_of((size_t)(N), WARPS), dim3(WARP, WARPS),       \
                   __VA_ARGS__);                                                                   \
        else                                                                                       \
            launch(be, what, kernel<TEAM>, (size_t)(N), dim3(TEAM), __VA_ARGS__);                  \
    } while (0)

#endif
