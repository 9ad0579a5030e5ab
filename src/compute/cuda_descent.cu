/* The cuda backend: what optimised inputs pay, and how they move, a team to a row. */
#include "compute/cuda.cuh"
extern "C" {
#include "compute/descent.h"
}

template <int THREADS> __device__ static double row_product(const float *a, const float *b, int C)
{
    double sum = 0;
    for (int c = (int)threadIdx.x; c < C; c += THREADS)
        sum += (double)a[c] * (double)b[c];
    return team_sum<THREADS>(sum);
}

/* ---- distance -----------------------------------------------------------------------------------
 */

template <int THREADS>
__global__ void row_distances_kernel(double *distance_N, float *d_x_NC, const float *x_NC,
                                     const float *e_NC, const double *weight_N, int N, int C)
{
    size_t n = team_row();
    if (n >= (size_t)N)
        return;
    const float *x = ROW(x_NC, n, C), *e = ROW(e_NC, n, C);
    float *d_x = ROW(d_x_NC, n, C);
    double squares = 0;
    for (int c = (int)threadIdx.x; c < C; c += THREADS)
        squares += ((double)x[c] - (double)e[c]) * ((double)x[c] - (double)e[c]);
    double distance = sqrt(team_sum<THREADS>(squares));
    if (threadIdx.x == 0)
        distance_N[n] = distance;
    for (int c = (int)threadIdx.x; c < C && distance > 0; c += THREADS)
        d_x[c] += (float)(weight_N[n] * ((double)x[c] - (double)e[c]) / distance);
}

static void cuda_row_distances(backend *be, double *distance_N, float *d_x_NC, const float *x_NC,
                               const float *e_NC, const double *weight_N, int N, int C)
{
    LAUNCH_TEAMS(be, "row_distances", row_distances_kernel, N, C, distance_N, d_x_NC, x_NC, e_NC,
                 weight_N, N, C);
}

/* ---- cosines ------------------------------------------------------------------------------------
 * A row looks at its near rows on both sides, so that it alone writes its gradient, in the order in
 * which the pairs come; what a pair costs is counted by the earlier of the two. */

typedef struct cosine_task {
    double *mean_B, *cost_N; /* the latter of each row's later pairs */
    float *d_x_BTC;
    const float *x_BTC;
    near_rows near;
    double weight;
    int B, T, C;
} cosine_task;

__device__ static inline int rows_of(const cosine_task &t, size_t b)
{
    return t.near.length_B ? t.near.length_B[b] : t.T - t.near.first;
}

/* What row i costs with row j, both of a sequence that begins at `from`. */
template <int THREADS>
__device__ static double near_cosine(const cosine_task &t, size_t from, int i, int j, double a2,
                                     double weight)
{
    const float *a = ROW(t.x_BTC, from + i, t.C), *b = ROW(t.x_BTC, from + j, t.C);
    float *d_a = ROW(t.d_x_BTC, from + i, t.C);
    double b2 = row_product<THREADS>(b, b, t.C);
    double lengths = sqrt(a2) * sqrt(b2);
    double cosine = cosine_of(row_product<THREADS>(a, b, t.C), lengths);
    if (!(cosine > t.near.floor))
        return 0;
    for (int c = (int)threadIdx.x; c < t.C && lengths > 0; c += THREADS)
        d_a[c] += (float)(weight * cosine_slope(a[c], b[c], cosine, a2, lengths));
    return cosine_cost(cosine, t.near.floor);
}

template <int THREADS> __global__ void near_cosines_kernel(cosine_task t)
{
    size_t n = team_row(), T = (size_t)t.T, b = n / T, from = b * T + t.near.first;
    if (b >= (size_t)t.B)
        return;
    int i = (int)(n % T) - t.near.first, rows = rows_of(t, b), window = t.near.window;
    if (i < 0 || i >= rows)
        return;
    const float *x = ROW(t.x_BTC, n, t.C);
    double a2 = row_product<THREADS>(x, x, t.C), cost = 0;
    double weight = t.weight / near_pairs(rows, window);
    for (int j = i > window ? i - window : 0; j < rows && j - i <= window; j++) {
        double one = j == i ? 0 : near_cosine<THREADS>(t, from, i, j, a2, weight);
        cost += j > i ? one : 0;
    }
    if (threadIdx.x == 0)
        t.cost_N[n] = cost;
}

__global__ void mean_costs_kernel(cosine_task t)
{
    size_t b = (size_t)blockIdx.x * blockDim.x + threadIdx.x;
    if (b >= (size_t)t.B)
        return;
    int rows = rows_of(t, b);
    double total = 0, pairs = near_pairs(rows, t.near.window);
    for (int i = 0; i < rows; i++)
        total += t.cost_N[b * (size_t)t.T + t.near.first + i];
    t.mean_B[b] = pairs > 0 ? total / pairs : 0;
}

static void cuda_near_cosines(backend *be, double *mean_B, float *d_x_BTC, const float *x_BTC,
                              const near_rows *near, double weight, int B, int T, int C)
{
    size_t N = (size_t)B * (size_t)T;
    double *cost_N = (double *)cuda_scratch(be, N * sizeof *cost_N);
    if (!cost_N)
        return;
    cosine_task t = {mean_B, cost_N, d_x_BTC, x_BTC, *near, weight, B, T, C};
    LAUNCH_TEAMS(be, "near_cosines", near_cosines_kernel, N, C, t);
    launch(be, "near_cosines", mean_costs_kernel, blocks_of((size_t)B, TEAM), dim3(TEAM), t);
}

/* ---- descent ------------------------------------------------------------------------------------
 */

template <int THREADS> __device__ static void keep_row_inside(float *x, int C, double limit)
{
    double length = sqrt(row_product<THREADS>(x, x, C));
    for (int c = (int)threadIdx.x; c < C && limit > 0 && length > limit; c += THREADS)
        x[c] = (float)((double)x[c] * limit / length);
}

template <int THREADS>
__global__ void descend_rows_kernel(float *x_NC, const float *gradient_NC, float *first_NC,
                                    float *second_NC, descent_settings s, int N, int C)
{
    size_t n = team_row();
    if (n >= (size_t)N || s.step_N[n] == 0)
        return;
    float *x = ROW(x_NC, n, C), *first = ROW(first_NC, n, C), *second = ROW(second_NC, n, C);
    const float *gradient = ROW(gradient_NC, n, C);
    adam_constants constants = adam_constants_of(s.step_N[n], s.rate, s.beta2);
    double square = row_product<THREADS>(x, x, C), inward = row_product<THREADS>(gradient, x, C);
    double outward = leads_outward(square, inward, s.limit) ? inward / square : 0;
    for (int c = (int)threadIdx.x; c < C; c += THREADS) {
        float along = gradient[c] - (float)(outward * (double)x[c]);
        x[c] = adam_element(x[c], &first[c], &second[c], along, &constants);
    }
    keep_row_inside<THREADS>(x, C, s.limit);
    if (!s.target_NC || !(s.pull_N[n] > 0))
        return;
    for (int c = (int)threadIdx.x; c < C; c += THREADS)
        x[c] += (float)(s.pull_N[n] * ((double)ROW(s.target_NC, n, C)[c] - (double)x[c]));
    keep_row_inside<THREADS>(x, C, s.limit);
}

static void cuda_descend_rows(backend *be, float *x_NC, const float *gradient_NC, float *first_NC,
                              float *second_NC, const descent_settings *s, int N, int C)
{
    LAUNCH_TEAMS(be, "descend_rows", descend_rows_kernel, N, C, x_NC, gradient_NC, first_NC,
                 second_NC, *s, N, C);
}

void cuda_install_descent(backend *be)
{
    be->row_distances = cuda_row_distances;
    be->near_cosines = cuda_near_cosines;
    be->descend_rows = cuda_descend_rows;
}
