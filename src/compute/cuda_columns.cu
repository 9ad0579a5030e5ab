/* The cuda backend: sums and maxima over rows, for each column. */
#include "compute/cuda_columns.cuh"

struct plain_sum {
    float *sum_C;
    const float *x_NC;
    int C;
    __device__ float term(int n, int c) const
    {
        return ROW(x_NC, n, C)[c];
    }
    __device__ void finish(int c, float total) const
    {
        sum_C[c] += total;
    }
};

static void cuda_column_sum(backend *be, float *sum_C, const float *x_NC, int N, int C)
{
    column_sums(be, "column_sum", plain_sum{sum_C, x_NC, C}, N, C);
}

struct threshold_sum {
    float *d_threshold_F;
    const float *d_f_NF, *pre_NF, *threshold_F;
    float bandwidth, l0_weight;
    int F;
    __device__ float term(int n, int i) const
    {
        float threshold = threshold_F[i];
        bool near = fabsf(ROW(pre_NF, n, F)[i] - threshold) < bandwidth / 2;
        return near ? threshold * ROW(d_f_NF, n, F)[i] + l0_weight : 0.0f;
    }
    __device__ void finish(int i, float total) const
    {
        d_threshold_F[i] -= total / bandwidth;
    }
};

static void cuda_jumprelu_threshold_gradient(backend *be, float *d_threshold_F, const float *d_f_NF,
                                             const float *pre_NF, const float *threshold_F,
                                             float bandwidth, float l0_weight, int N, int F)
{
    threshold_sum f = {d_threshold_F, d_f_NF, pre_NF, threshold_F, bandwidth, l0_weight, F};
    column_sums(be, "jumprelu_threshold_gradient", f, N, F);
}

/* The larger of two places, of equal ones the first row. Row INT_MAX is no place. */
__device__ static inline void take_larger(float *best, int *row, float x, int n)
{
    if (x > *best || (x == *best && n < *row)) {
        *best = x;
        *row = n;
    }
}

/* The specification starts from row 0 and passes over what is not larger, NaN too: a NaN in row 0
 * stays. */
__global__ void column_max_kernel(float *max_C, int32_t *row_C, const float *x_NC, int N, int C)
{
    __shared__ float largest[LANE_ROWS][WARP];
    __shared__ int rows[LANE_ROWS][WARP];
    int c = (int)(blockIdx.x * WARP + threadIdx.x), row = INT_MAX;
    float best = -INFINITY;
    for (int n = (int)threadIdx.y; n < N && c < C; n += LANE_ROWS)
        take_larger(&best, &row, ROW(x_NC, n, C)[c], n);
    largest[threadIdx.y][threadIdx.x] = best;
    rows[threadIdx.y][threadIdx.x] = row;
    __syncthreads();
    if (threadIdx.y > 0 || c >= C)
        return;
    for (int i = 1; i < LANE_ROWS; i++)
        take_larger(&best, &row, largest[i][threadIdx.x], rows[i][threadIdx.x]);
    bool first = row == INT_MAX || isnan(x_NC[c]);
    max_C[c] = first ? x_NC[c] : best;
    row_C[c] = first ? 0 : row;
}

static void cuda_column_max(backend *be, float *max_C, int32_t *row_C, const float *x_NC, int N,
                            int C)
{
    if (C > 0)
        launch(be, "column_max", column_max_kernel, blocks_of((size_t)C, WARP),
               dim3(WARP, LANE_ROWS), max_C, row_C, x_NC, N, C);
}

void cuda_install_columns(backend *be)
{
    be->column_sum = cuda_column_sum;
    be->column_max = cuda_column_max;
    be->jumprelu_threshold_gradient = cuda_jumprelu_threshold_gradient;
}
