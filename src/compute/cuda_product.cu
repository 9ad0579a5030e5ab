/* The cuda backend: a plain tiled product, for sizes and alignments that the library refuses, and
 * for empty sums. */
#include "compute/cuda_product.cuh"

enum { TILE = 64, STEP = 16, PER_THREAD = 4, THREADS_ACROSS = TILE / PER_THREAD };

/* A matrix by its distances between neighbours of either index. */
typedef struct strided {
    const float *x;
    size_t outer, inner; /* of rows of a or columns of b, and of k */
} strided;

/* to[k][i] = x[first + i, from + k], 0 where there is none. Neighbouring threads read neighbours.
 */
__device__ static void load_step(float (*to)[TILE + PER_THREAD], const strided &x, int first, int n,
                                 int from, int K)
{
    for (int t = (int)threadIdx.x; t < TILE * STEP; t += TEAM) {
        int k = x.inner == 1 ? t % STEP : t / TILE, i = x.inner == 1 ? t / STEP : t % TILE;
        bool there = first + i < n && from + k < K;
        to[k][i] = there ? x.x[(size_t)(first + i) * x.outer + (size_t)(from + k) * x.inner] : 0.0f;
    }
}

__device__ static void finish_tile(const product_task &p, const float (*sum)[PER_THREAD], int row,
                                   int column)
{
    for (int i = 0; i < PER_THREAD; i++) {
        for (int j = 0; j < PER_THREAD; j++) {
            if (row + i >= p.M || column + j >= p.N)
                continue;
            float *c = ROW(p.c, row + i, p.ldc) + column + j;
            float x = p.alpha * sum[i][j];
            *c = p.beta == 0.0f ? x : x + p.beta * *c;
        }
    }
}

__global__ void product_kernel(product_task p, strided a, strided b, int across)
{
    __shared__ __align__(16) float rows[STEP][TILE + PER_THREAD], columns[STEP][TILE + PER_THREAD];
    int first_row = (int)(blockIdx.x / (unsigned)across) * TILE;
    int first_column = (int)(blockIdx.x % (unsigned)across) * TILE;
    int i0 = (int)threadIdx.x / THREADS_ACROSS * PER_THREAD;
    int j0 = (int)threadIdx.x % THREADS_ACROSS * PER_THREAD;
    float sum[PER_THREAD][PER_THREAD] = {};
    for (int from = 0; from < p.K; from += STEP) {
        load_step(rows, a, first_row, p.M, from, p.K);
        load_step(columns, b, first_column, p.N, from, p.K);
        __syncthreads();
        for (int k = 0; k < STEP; k++) {
            float4 left = *reinterpret_cast<float4 *>(&rows[k][i0]);
            float4 right = *reinterpret_cast<float4 *>(&columns[k][j0]);
            const float l[PER_THREAD] = {left.x, left.y, left.z, left.w};
            const float r[PER_THREAD] = {right.x, right.y, right.z, right.w};
            for (int i = 0; i < PER_THREAD; i++)
                for (int j = 0; j < PER_THREAD; j++)
                    sum[i][j] = fmaf(l[i], r[j], sum[i][j]);
        }
        __syncthreads();
    }
    finish_tile(p, sum, first_row + i0, first_column + j0);
}

void cuda_plain_product(backend *be, const product_task *p)
{
    strided a = {p->a, 1, (size_t)p->lda}, b = {p->b, 1, (size_t)p->ldb};
    if (p->ta == PLAIN)
        a = strided{p->a, (size_t)p->lda, 1};
    if (p->tb == TRANSPOSED)
        b = strided{p->b, (size_t)p->ldb, 1};
    size_t across = blocks_of((size_t)p->N, TILE), down = blocks_of((size_t)p->M, TILE);
    launch(be, "a product", product_kernel, across * down, dim3(TEAM), *p, a, b, (int)across);
}
