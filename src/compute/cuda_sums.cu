/* The cuda backend: sums along rows and of whole arrays. */
#include "compute/cuda.cuh"
#include <float.h>

/* ---- rows ---------------------------------------------------------------------------------------
 */

template <int THREADS> __device__ static float row_product(const float *a, const float *b, int C)
{
    float sum = 0;
    for (int c = (int)threadIdx.x; c < C; c += THREADS)
        sum = fmaf(a[c], b[c], sum);
    return team_sum<THREADS>(sum);
}

template <int THREADS>
__global__ void row_dots_kernel(float *dot_N, const float *a_NC, const float *b_NC, int N, int C,
                                bool root)
{
    size_t n = team_row();
    if (n >= (size_t)N)
        return;
    float dot = row_product<THREADS>(ROW(a_NC, n, C), ROW(b_NC, n, C), C);
    if (threadIdx.x == 0)
        dot_N[n] = root ? sqrtf(dot) : dot;
}

static void cuda_row_dots(backend *be, float *dot_N, const float *a_NC, const float *b_NC, int N,
                          int C)
{
    LAUNCH_TEAMS(be, "row_dots", row_dots_kernel, N, C, dot_N, a_NC, b_NC, N, C, false);
}

static void cuda_row_norms(backend *be, float *norm_N, const float *x_NC, int N, int C)
{
    LAUNCH_TEAMS(be, "row_norms", row_dots_kernel, N, C, norm_N, x_NC, x_NC, N, C, true);
}

/* ---- whole arrays -------------------------------------------------------------------------------
 */

enum { SUM_BLOCKS = 256 };
typedef enum { OF_VALUES, OF_SQUARES, OF_NONFINITE } summed;

template <summed WHAT> __device__ static inline double term(float x)
{
    return WHAT == OF_NONFINITE ? (fabsf(x) <= FLT_MAX ? 0.0 : 1.0)
           : WHAT == OF_SQUARES ? (double)x * (double)x
                                : (double)x;
}

template <summed WHAT>
__global__ void partial_sums_kernel(double *partial, const float *x, size_t n)
{
    double sum = 0;
    for (size_t i = (size_t)blockIdx.x * TEAM + threadIdx.x; i < n; i += (size_t)SUM_BLOCKS * TEAM)
        sum += term<WHAT>(x[i]);
    sum = team_sum<TEAM>(sum);
    if (threadIdx.x == 0)
        partial[blockIdx.x] = sum;
}

/* The blocks' sums are added in their order on the host: one copy back, no second kernel. */
template <summed WHAT>
static double whole_sum(backend *be, const char *what, const float *x, size_t n)
{
    double partial[SUM_BLOCKS] = {0}, total = 0;
    double *on_device = (double *)cuda_scratch(be, sizeof partial);
    if (!on_device)
        return 0;
    launch(be, what, partial_sums_kernel<WHAT>, SUM_BLOCKS, dim3(TEAM), on_device, x, n);
    be->download(be, partial, on_device, sizeof partial);
    for (int i = 0; i < SUM_BLOCKS; i++)
        total += partial[i];
    return total;
}

static void cuda_sum(backend *be, double *host_sum, const float *x, size_t n)
{
    *host_sum = whole_sum<OF_VALUES>(be, "sum", x, n);
}

static void cuda_sum_squares(backend *be, double *host_sum, const float *x, size_t n)
{
    *host_sum = whole_sum<OF_SQUARES>(be, "sum_squares", x, n);
}

static void cuda_count_nonfinite(backend *be, size_t *host_count, const float *x, size_t n)
{
    *host_count = (size_t)whole_sum<OF_NONFINITE>(be, "count_nonfinite", x, n);
}

void cuda_install_sums(backend *be)
{
    be->row_dots = cuda_row_dots;
    be->row_norms = cuda_row_norms;
    be->sum = cuda_sum;
    be->sum_squares = cuda_sum_squares;
    be->count_nonfinite = cuda_count_nonfinite;
}
