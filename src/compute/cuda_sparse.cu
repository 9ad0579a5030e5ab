/* The cuda backend: rows as their numbers above 0. They are counted, for each block of columns and
 * row; the sums of the counts before say where each begins; then they are written there. One copy
 * brings the starts and as many numbers as there were the last time, while the GPU and this thread
 * go on. */
#include "compute/cuda.cuh"
#include <string.h>
extern "C" {
#include "compute/sparse_rows.h"
}

enum { FOUR = 4, ACROSS = FOUR * WARP }; /* a lane reads neighbours */

/* What a number of the matrix stands for: itself, or a feature's product before its bias. */
struct as_it_is {
    __device__ float operator()(float x, int) const
    {
        return x;
    }
};
struct above_zero {
    const float *b_F;
    __device__ float operator()(float x, int f) const
    {
        return x + b_F[f];
    }
};
struct above_threshold {
    const float *b_F, *threshold_F;
    __device__ float operator()(float x, int f) const
    {
        float pre = x + b_F[f];
        return pre > threshold_F[f] ? pre : 0.0f;
    }
};

/* A warp's part of the matrix: one row in one block of columns. Row N, of which there is nothing,
 * ends its block. */
struct part {
    const float *row_F;
    int first, end, block, row;
};

__device__ static inline part part_of(const float *x_NF, int N, int F, size_t warp)
{
    int blocks = (F + SPARSE_BLOCK - 1) / SPARSE_BLOCK;
    part p = {x_NF, 0, 0, (int)(warp % (size_t)blocks), (int)(warp / (size_t)blocks)};
    p.first = p.end = p.block * SPARSE_BLOCK;
    if (p.row < N) {
        p.row_F = ROW(x_NF, p.row, F);
        p.end = F - p.first < SPARSE_BLOCK ? F : p.first + SPARSE_BLOCK;
    }
    return p;
}

/* What columns at .. at + 3 of the part stand for; what is behind its end is 0. `wide`: 16 bytes
 * can be read. */
template <class VALUE>
__device__ static inline void read_four(float x[FOUR], const part &p, int at, bool wide,
                                        const VALUE &value)
{
    if (wide && at < p.end) {
        float4 four = *reinterpret_cast<const float4 *>(p.row_F + at);
        x[0] = value(four.x, at);
        x[1] = value(four.y, at + 1);
        x[2] = value(four.z, at + 2);
        x[3] = value(four.w, at + 3);
        return;
    }
    for (int j = 0; j < FOUR; j++)
        x[j] = at + j < p.end ? value(p.row_F[at + j], at + j) : 0.0f;
}

template <class VALUE>
__global__ void count_positive_kernel(uint32_t *start, const float *x_NF, int N, int F, size_t n,
                                      bool wide, VALUE value)
{
    if (team_row() >= n)
        return;
    part p = part_of(x_NF, N, F, team_row());
    uint32_t count = 0;
    for (int at = p.first + FOUR * (int)threadIdx.x; at < p.end; at += ACROSS) {
        float x[FOUR];
        read_four(x, p, at, wide, value);
        for (int j = 0; j < FOUR; j++)
            count += x[j] > 0;
    }
    count = warp_sum(count);
    if (threadIdx.x == 0)
        start[(size_t)p.block * ((size_t)N + 1) + (size_t)p.row] = count;
}

/* n counts become the sums of those before: a thread goes through neighbours, twice. */
__global__ void starts_kernel(uint32_t *start, size_t n)
{
    __shared__ uint32_t sums[TEAM];
    size_t span = (n + TEAM - 1) / TEAM, first = span * threadIdx.x;
    size_t end = first + span < n ? first + span : n;
    uint32_t sum = 0;
    for (size_t i = first; i < end; i++)
        sum += start[i];
    sums[threadIdx.x] = sum;
    __syncthreads();
    sum = 0;
    for (unsigned t = 0; t < threadIdx.x; t++)
        sum += sums[t];
    for (size_t i = first; i < end; i++) {
        uint32_t count = start[i];
        start[i] = sum;
        sum += count;
    }
}

/* Numbers that lie in the lanes before come before, then those of the same lane. */
template <class VALUE>
__global__ void write_positive_kernel(sparse_number *numbers, const uint32_t *start,
                                      const float *x_NF, int N, int F, size_t n, bool wide,
                                      VALUE value)
{
    if (team_row() >= n)
        return;
    part p = part_of(x_NF, N, F, team_row());
    uint32_t to = start[(size_t)p.block * ((size_t)N + 1) + (size_t)p.row];
    unsigned lanes_before = (1u << threadIdx.x) - 1;
    for (int from = p.first; from < p.end; from += ACROSS) {
        int at = from + FOUR * (int)threadIdx.x, before = 0, all = 0;
        float x[FOUR];
        read_four(x, p, at, wide, value);
        for (int j = 0; j < FOUR; j++) {
            unsigned lanes = __ballot_sync(FULL_WARP, x[j] > 0);
            before += __popc(lanes & lanes_before);
            all += __popc(lanes);
        }
        sparse_number *mine = numbers + to + before;
        for (int j = 0; j < FOUR; j++)
            if (x[j] > 0)
                *mine++ = sparse_number{at + j, x[j]};
        to += (uint32_t)all;
    }
}

template <class VALUE>
static void pack(backend *be, sparse_rows *to, const float *x_NF, int N, VALUE value)
{
    static const char what[] = "to_sparse";
    uint32_t *start = static_cast<uint32_t *>(to->there);
    sparse_number *numbers =
        reinterpret_cast<sparse_number *>(static_cast<char *>(to->there) + sparse_rows_head(to, N));
    size_t n = (size_t)to->blocks * ((size_t)N + 1), blocks = blocks_of(n, WARPS);
    bool wide = to->F % FOUR == 0 && is_wide(x_NF);
    launch(be, what, count_positive_kernel<VALUE>, blocks, dim3(WARP, WARPS), start, x_NF, N, to->F,
           n, wide, value);
    launch(be, what, starts_kernel, 1, dim3(TEAM), start, n);
    launch(be, what, write_positive_kernel<VALUE>, blocks, dim3(WARP, WARPS), numbers,
           (const uint32_t *)start, x_NF, N, to->F, n, wide, value);
}

/* ---- on their way -------------------------------------------------------------------------------
 */

static cudaEvent_t arrival_of(const sparse_rows *s)
{
    return static_cast<cudaEvent_t>(s->arrival);
}

/* At least so many bytes of memory that the GPU writes to by itself; what is there stays. */
static bool hold(backend *be, sparse_rows *s, size_t bytes)
{
    if (bytes <= s->here_bytes)
        return true;
    size_t room = bytes + bytes / 2;
    void *here = NULL;
    if (!cuda_check(be, cudaMallocHost(&here, room), "taking memory for activations"))
        return false;
    if (s->here)
        memcpy(here, s->here, s->here_bytes);
    cudaFreeHost(s->here);
    s->here = here;
    s->here_bytes = room;
    s->start = static_cast<uint32_t *>(here);
    return true;
}

/* Bytes first .. end-1, and word of their arrival. */
static void send(backend *be, sparse_rows *s, size_t first, size_t end)
{
    cudaStream_t stream = state_of(be)->stream;
    cudaError_t code = cudaMemcpyAsync(static_cast<char *>(s->here) + first,
                                       static_cast<const char *>(s->there) + first, end - first,
                                       cudaMemcpyDeviceToHost, stream);
    cuda_check(be, code ? code : cudaEventRecord(arrival_of(s), stream), "bringing activations");
}

template <class VALUE>
static void pack_and_send(backend *be, sparse_rows *to, const float *x_NF, int N, VALUE value)
{
    size_t most = (size_t)N * (size_t)to->F, head = sparse_rows_head(to, N);
    to->usual = to->usual < most ? to->usual : most;
    to->N = N;
    cuda_check(be, cudaEventSynchronize(arrival_of(to)), "waiting for activations");
    pack(be, to, x_NF, N, value);
    size_t bytes = head + to->usual * sizeof(sparse_number);
    if (!be->failure.code && hold(be, to, bytes))
        send(be, to, 0, bytes);
}

static void cuda_sparse_arrive(backend *be, sparse_rows *s)
{
    size_t head = sparse_rows_head(s, s->N), usual = head + s->usual * sizeof(sparse_number);
    if (be->failure.code ||
        !cuda_check(be, cudaEventSynchronize(arrival_of(s)), "waiting for activations"))
        return;
    size_t found = s->start[(size_t)s->blocks * ((size_t)s->N + 1) - 1];
    size_t bytes = head + found * sizeof(sparse_number);
    if (found > s->usual && hold(be, s, bytes)) {
        send(be, s, usual, bytes);
        cuda_check(be, cudaEventSynchronize(arrival_of(s)), "waiting for activations");
    }
    for (int b = 0; b < s->blocks; b++)
        s->numbers_B[b] = reinterpret_cast<sparse_number *>(static_cast<char *>(s->here) + head);
    s->usual = found + found / 8;
}

static void cuda_to_sparse(backend *be, sparse_rows *to, const float *x_NF, int N)
{
    pack_and_send(be, to, x_NF, N, as_it_is{});
}

/* Bias and threshold are looked at where the product is counted and written. */
static void cuda_encode_sparse(backend *be, sparse_rows *to, const float *x_ND, const float *w_DF,
                               const float *b_F, const float *threshold_F, int N, int D, int F)
{
    float *f_NF = sparse_rows_dense(to);
    if (!f_NF)
        return;
    be->gemm(be, f_NF, F, x_ND, D, PLAIN, w_DF, F, PLAIN, N, F, D, 1, 0);
    if (threshold_F)
        pack_and_send(be, to, f_NF, N, above_threshold{b_F, threshold_F});
    else
        pack_and_send(be, to, f_NF, N, above_zero{b_F});
}

/* ---- memory -------------------------------------------------------------------------------------
 */

static err_code cuda_sparse_open(backend *be, sparse_rows *s, err *e)
{
    size_t head = sparse_rows_head(s, s->most_rows), most = (size_t)s->most_rows * (size_t)s->F;
    s->there = be->alloc(be, head + most * sizeof(sparse_number), 1, "a block of activations", e);
    if (!s->there)
        return e->code;
    cudaEvent_t arrival = NULL;
    bool ready = cuda_check(be, cudaEventCreateWithFlags(&arrival, cudaEventDisableTiming),
                            "preparing for activations");
    s->arrival = arrival;
    return ready && hold(be, s, head) ? OK : backend_failure(be, e);
}

static void cuda_sparse_close(backend *be, sparse_rows *s)
{
    if (s->arrival) {
        cudaEventSynchronize(arrival_of(s));
        cudaEventDestroy(arrival_of(s));
    }
    cudaFreeHost(s->here);
    be->free(be, s->there);
}

void cuda_install_sparse(backend *be)
{
    be->to_sparse = cuda_to_sparse;
    be->encode_sparse = cuda_encode_sparse;
    be->sparse_open = cuda_sparse_open;
    be->sparse_close = cuda_sparse_close;
    be->sparse_arrive = cuda_sparse_arrive;
}
