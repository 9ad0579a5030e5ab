/* The cuda backend: gradients of embedding rows, and the loss. */
#include "compute/cuda.cuh"

/* ---- scatter ------------------------------------------------------------------------------------
 *
 * Rows that name the same row of the table are added in their order and by no atomics: the block of
 * the first of them adds all. */

typedef struct scatter_task {
    float *table_VD;
    const float *x_ND;
    const int32_t *ids_N;
    float scale;
    int N, D;
} scatter_task;

/* Whether an earlier row has the id of row n. */
__device__ static bool comes_again(const int32_t *ids_N, int n)
{
    bool again = false;
    for (int i = (int)threadIdx.x; i < n; i += TEAM)
        again = again || ids_N[i] == ids_N[n];
    return __syncthreads_or(again) != 0;
}

__global__ void scatter_kernel(scatter_task t)
{
    __shared__ int found[TEAM];
    int n = (int)blockIdx.x, id = t.ids_N[n];
    if (id < 0 || comes_again(t.ids_N, n))
        return;
    float *to = ROW(t.table_VD, id, t.D);
    for (int first = n; first < t.N; first += TEAM) {
        int i = first + (int)threadIdx.x;
        found[threadIdx.x] = i < t.N && t.ids_N[i] == id;
        if (!__syncthreads_or(found[threadIdx.x]))
            continue;
        for (int j = 0; j < TEAM; j++)
            for (int d = (int)threadIdx.x; d < t.D && found[j]; d += TEAM)
                to[d] += t.scale * ROW(t.x_ND, first + j, t.D)[d];
        __syncthreads();
    }
}

static void cuda_scatter_add_rows(backend *be, float *table_VD, const float *x_ND,
                                  const int32_t *ids_N, float scale, int N, int V, int D)
{
    (void)V;
    scatter_task t = {table_VD, x_ND, ids_N, scale, N, D};
    launch(be, "scatter_add_rows", scatter_kernel, (size_t)N, dim3(TEAM), t);
}

/* ---- loss ---------------------------------------------------------------------------------------
 */

typedef struct loss_task {
    float *loss_N, *d_logits_NV;
    const float *logits_NV;
    const int32_t *targets_N;
    float scale;
    int N, V;
} loss_task;

template <int THREADS> __global__ void cross_entropy_kernel(loss_task t)
{
    size_t n = team_row();
    if (n >= (size_t)t.N)
        return;
    const float *x = ROW(t.logits_NV, n, t.V);
    int target = t.targets_N[n];
    float largest = -INFINITY, sum = 0, at_target = target < 0 ? 0.0f : x[target];
    for (int v = (int)threadIdx.x; v < t.V; v += THREADS)
        largest = fmaxf(largest, x[v]);
    largest = team_max<THREADS>(largest);
    for (int v = (int)threadIdx.x; v < t.V; v += THREADS)
        sum += fast_exp(x[v] - largest);
    float log_sum = largest + logf(team_sum<THREADS>(sum));
    /* Every thread has read the target's logit: the gradient may take the logits' place. */
    if (threadIdx.x == 0)
        t.loss_N[n] = target < 0 ? 0.0f : log_sum - at_target;
    float scale = target < 0 ? 0.0f : t.scale;
    for (int v = (int)threadIdx.x; v < t.V && t.d_logits_NV; v += THREADS) {
        float p = scale * fast_exp(x[v] - log_sum);
        ROW(t.d_logits_NV, n, t.V)[v] = v == target ? p - scale : p;
    }
}

static void cuda_cross_entropy(backend *be, float *loss_N, float *d_logits_NV,
                               const float *logits_NV, const int32_t *targets_N, float scale, int N,
                               int V)
{
    loss_task t = {loss_N, d_logits_NV, logits_NV, targets_N, scale, N, V};
    LAUNCH_TEAMS(be, "cross_entropy", cross_entropy_kernel, N, V, t);
}

void cuda_install_tokens(backend *be)
{
    be->scatter_add_rows = cuda_scatter_add_rows;
    be->cross_entropy = cuda_cross_entropy;
}
