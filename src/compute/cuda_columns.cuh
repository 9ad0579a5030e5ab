/* Sums down the rows of a matrix, one for each column. A block owns WARP columns; thread (x, y)
 * adds rows y, y + LANE_ROWS, ... of column x, then the lanes are added in their order. */
#ifndef COMPUTE_CUDA_COLUMNS_CUH
#define COMPUTE_CUDA_COLUMNS_CUH
#include "compute/cuda.cuh"

enum { LANE_ROWS = 16 };

/* f.term(n, c) is added up over n < N; f.finish(c, total) puts it where it belongs. */
template <class F> __global__ void column_sums_kernel(F f, int N, int C)
{
    __shared__ float part[LANE_ROWS][WARP];
    int c = (int)(blockIdx.x * WARP + threadIdx.x);
    float sum = 0;
    for (int n = (int)threadIdx.y; n < N && c < C; n += LANE_ROWS)
        sum += f.term(n, c);
    part[threadIdx.y][threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.y > 0 || c >= C)
        return;
    float total = 0;
    for (int i = 0; i < LANE_ROWS; i++)
        total += part[i][threadIdx.x];
    f.finish(c, total);
}

template <class F> static void column_sums(backend *be, const char *what, F f, int N, int C)
{
    if (C > 0)
        launch(be, what, column_sums_kernel<F>, blocks_of((size_t)C, WARP), dim3(WARP, LANE_ROWS),
               f, N, C);
}

#endif
