/* The cuda backend: rows as their numbers above 0. They are counted, for each block of columns and
 * row; the sums of the counts before say where each begins; then they are written there. One copy
 * brings the starts and as many numbers as there were the last time. */
#include "compute/cuda.cuh"
extern "C" {
#include "compute/sparse_rows.h"
}

enum { FOUR = 4, ACROSS = FOUR * WARP }; /* a lane reads neighbours */

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

/* Columns at .. at + 3 of the part; what is behind its end is 0. `wide`: 16 bytes can be read. */
__device__ static inline void read_four(float x[FOUR], const part &p, int at, bool wide)
{
    if (wide && at < p.end) {
        float4 four = *reinterpret_cast<const float4 *>(p.row_F + at);
        x[0] = four.x;
        x[1] = four.y;
        x[2] = four.z;
        x[3] = four.w;
        return;
    }
    for (int j = 0; j < FOUR; j++)
        x[j] = at + j < p.end ? p.row_F[at + j] : 0.0f;
}

__global__ void count_positive_kernel(uint32_t *start, const float *x_NF, int N, int F, size_t n,
                                      bool wide)
{
    if (team_row() >= n)
        return;
    part p = part_of(x_NF, N, F, team_row());
    uint32_t count = 0;
    for (int at = p.first + FOUR * (int)threadIdx.x; at < p.end; at += ACROSS) {
        float x[FOUR];
        read_four(x, p, at, wide);
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
__global__ void write_positive_kernel(sparse_number *numbers, const uint32_t *start,
                                      const float *x_NF, int N, int F, size_t n, bool wide)
{
    if (team_row() >= n)
        return;
    part p = part_of(x_NF, N, F, team_row());
    uint32_t to = start[(size_t)p.block * ((size_t)N + 1) + (size_t)p.row];
    unsigned lanes_before = (1u << threadIdx.x) - 1;
    for (int from = p.first; from < p.end; from += ACROSS) {
        int at = from + FOUR * (int)threadIdx.x, before = 0, all = 0;
        float x[FOUR];
        read_four(x, p, at, wide);
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

static void pack(backend *be, sparse_rows *to, const float *x_NF, int N)
{
    static const char what[] = "to_sparse";
    uint32_t *start = static_cast<uint32_t *>(to->there);
    sparse_number *numbers =
        reinterpret_cast<sparse_number *>(static_cast<char *>(to->there) + sparse_rows_head(to, N));
    size_t n = (size_t)to->blocks * ((size_t)N + 1), blocks = blocks_of(n, WARPS);
    bool wide = to->F % FOUR == 0 && is_wide(x_NF);
    launch(be, what, count_positive_kernel, blocks, dim3(WARP, WARPS), start, x_NF, N, to->F, n,
           wide);
    launch(be, what, starts_kernel, 1, dim3(TEAM), start, n);
    launch(be, what, write_positive_kernel, blocks, dim3(WARP, WARPS), numbers,
           (const uint32_t *)start, x_NF, N, to->F, n, wide);
}

/* Numbers first .. end-1, and before them the starts where `first` is 0. */
static void bring(backend *be, sparse_rows *to, size_t head, size_t first, size_t end)
{
    size_t from = first ? head + first * sizeof(sparse_number) : 0;
    size_t bytes = head + end * sizeof(sparse_number);
    sparse_rows_hold(to, bytes);
    be->download(be, static_cast<char *>(to->here) + from,
                 static_cast<const char *>(to->there) + from, bytes - from);
}

static void cuda_to_sparse(backend *be, sparse_rows *to, const float *x_NF, int N)
{
    size_t head = sparse_rows_head(to, N), most = (size_t)N * (size_t)to->F;
    size_t usual = to->usual < most ? to->usual : most;
    to->N = N;
    pack(be, to, x_NF, N);
    bring(be, to, head, 0, usual);
    if (be->failure.code)
        return;
    size_t found = to->start[(size_t)to->blocks * ((size_t)N + 1) - 1];
    if (found > usual)
        bring(be, to, head, usual, found);
    for (int b = 0; b < to->blocks; b++)
        to->numbers_B[b] = reinterpret_cast<sparse_number *>(static_cast<char *>(to->here) + head);
    to->usual = found + found / 8;
}

void cuda_install_sparse(backend *be)
{
    be->to_sparse = cuda_to_sparse;
    be->encode_sparse = encode_sparse_in_steps;
}
