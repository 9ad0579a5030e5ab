/* The cuda backend: layernorm and rmsnorm, a team to a row. */
#include "compute/cuda_columns.cuh"

typedef struct norm_task {
    float *y_ND, *normalized_ND, *inverse_N;
    const float *x_ND, *gain_D, *bias_D;
    int N, D;
    float eps;
} norm_task;

template <int THREADS, bool CENTRE> __device__ static void normalise_row(const norm_task &t)
{
    size_t n = team_row();
    if (n >= (size_t)t.N)
        return;
    const float *x = ROW(t.x_ND, n, t.D);
    float sum = 0, square = 0;
    for (int d = (int)threadIdx.x; d < t.D && CENTRE; d += THREADS)
        sum += x[d];
    float mean = CENTRE ? team_sum<THREADS>(sum) / (float)t.D : 0.0f;
    for (int d = (int)threadIdx.x; d < t.D; d += THREADS)
        square = fmaf(x[d] - mean, x[d] - mean, square);
    float inverse = 1.0f / sqrtf(team_sum<THREADS>(square) / (float)t.D + t.eps);
    if (threadIdx.x == 0)
        t.inverse_N[n] = inverse;
    for (int d = (int)threadIdx.x; d < t.D; d += THREADS) {
        float value = (x[d] - mean) * inverse;
        ROW(t.normalized_ND, n, t.D)[d] = value;
        if (t.y_ND)
            ROW(t.y_ND, n, t.D)
        [d] = (t.gain_D ? value * t.gain_D[d] : value) + (t.bias_D ? t.bias_D[d] : 0.0f);
    }
}

template <int THREADS> __global__ void layernorm_kernel(norm_task t)
{
    normalise_row<THREADS, true>(t);
}

template <int THREADS> __global__ void rmsnorm_kernel(norm_task t)
{
    normalise_row<THREADS, false>(t);
}

static void cuda_layernorm_forward(backend *be, float *y_ND, float *normalized_ND, float *inverse_N,
                                   const float *x_ND, const float *gain_D, const float *bias_D,
                                   int N, int D, float eps)
{
    norm_task t = {y_ND, normalized_ND, inverse_N, x_ND, gain_D, bias_D, N, D, eps};
    LAUNCH_TEAMS(be, "layernorm_forward", layernorm_kernel, N, D, t);
}

static void cuda_rmsnorm_forward(backend *be, float *y_ND, float *normalized_ND, float *inverse_N,
                                 const float *x_ND, const float *gain_D, int N, int D, float eps)
{
    norm_task t = {y_ND, normalized_ND, inverse_N, x_ND, gain_D, NULL, N, D, eps};
    LAUNCH_TEAMS(be, "rmsnorm_forward", rmsnorm_kernel, N, D, t);
}

/* ---- backward -----------------------------------------------------------------------------------
 */

typedef struct norm_gradient {
    float *d_x_ND;
    const float *d_y_ND, *normalized_ND, *inverse_N, *gain_D;
    int N, D;
} norm_gradient;

/* With u = normalized and g = d_y * gain: d_x += inverse * (g - mean(g) - u mean(g u)). */
template <int THREADS, bool CENTRE> __device__ static void row_gradient(const norm_gradient &t)
{
    size_t n = team_row();
    if (n >= (size_t)t.N)
        return;
    const float *d_y = ROW(t.d_y_ND, n, t.D), *u = ROW(t.normalized_ND, n, t.D);
    float *d_x = ROW(t.d_x_ND, n, t.D), sum_g = 0, sum_gu = 0;
    for (int d = (int)threadIdx.x; d < t.D; d += THREADS) {
        float g = t.gain_D ? d_y[d] * t.gain_D[d] : d_y[d];
        sum_g += g;
        sum_gu = fmaf(g, u[d], sum_gu);
    }
    float mean_g = CENTRE ? team_sum<THREADS>(sum_g) / (float)t.D : 0.0f;
    float mean_gu = team_sum<THREADS>(sum_gu) / (float)t.D, inverse = t.inverse_N[n];
    for (int d = (int)threadIdx.x; d < t.D; d += THREADS) {
        float g = t.gain_D ? d_y[d] * t.gain_D[d] : d_y[d];
        d_x[d] += inverse * (g - mean_g - u[d] * mean_gu);
    }
}

template <int THREADS> __global__ void layernorm_backward_kernel(norm_gradient t)
{
    row_gradient<THREADS, true>(t);
}

template <int THREADS> __global__ void rmsnorm_backward_kernel(norm_gradient t)
{
    row_gradient<THREADS, false>(t);
}

struct gain_sum {
    float *d_gain_D;
    const float *d_y_ND, *normalized_ND;
    int D;
    __device__ float term(int n, int d) const
    {
        return ROW(d_y_ND, n, D)[d] * ROW(normalized_ND, n, D)[d];
    }
    __device__ void finish(int d, float total) const
    {
        d_gain_D[d] += total;
    }
};

static void cuda_layernorm_backward(backend *be, float *d_x_ND, float *d_gain_D, float *d_bias_D,
                                    const float *d_y_ND, const float *normalized_ND,
                                    const float *inverse_N, const float *gain_D, int N, int D)
{
    norm_gradient t = {d_x_ND, d_y_ND, normalized_ND, inverse_N, gain_D, N, D};
    LAUNCH_TEAMS(be, "layernorm_backward", layernorm_backward_kernel, N, D, t);
    if (d_gain_D)
        column_sums(be, "layernorm_backward", gain_sum{d_gain_D, d_y_ND, normalized_ND, D}, N, D);
    if (d_bias_D)
        be->column_sum(be, d_bias_D, d_y_ND, N, D);
}

static void cuda_rmsnorm_backward(backend *be, float *d_x_ND, float *d_gain_D, const float *d_y_ND,
                                  const float *normalized_ND, const float *inverse_N,
                                  const float *gain_D, int N, int D)
{
    norm_gradient t = {d_x_ND, d_y_ND, normalized_ND, inverse_N, gain_D, N, D};
    LAUNCH_TEAMS(be, "rmsnorm_backward", rmsnorm_backward_kernel, N, D, t);
    if (d_gain_D)
        column_sums(be, "rmsnorm_backward", gain_sum{d_gain_D, d_y_ND, normalized_ND, D}, N, D);
}

void cuda_install_norm(backend *be)
{
    be->layernorm_forward = cuda_layernorm_forward;
    be->layernorm_backward = cuda_layernorm_backward;
    be->rmsnorm_forward = cuda_rmsnorm_forward;
    be->rmsnorm_backward = cuda_rmsnorm_backward;
}
