/* The cuda backend: the best candidates of a row. A block looks through its row for the best that
 * has not been taken yet and offers it to the list, until one is not good enough; so with k = 1 it
 * looks once, and a block of the vocabulary that holds nothing better costs one look. */
#include "compute/cuda.cuh"
extern "C" {
#include "compute/ranking.h"
}

/* Larger for what is better: the score, of equal ones the earlier candidate. No number is behind
 * all numbers, and 0 is behind everything. */
__device__ static inline unsigned long long key_of(float score, int c)
{
    uint32_t order = isnan(score) ? 0 : order_of(score + 0.0f); /* -0 is 0 */
    return (unsigned long long)order << 32 | (uint32_t)(INT_MAX - c);
}

__device__ static inline unsigned long long team_largest(unsigned long long x)
{
    __shared__ unsigned long long part[TEAM / WARP];
    for (int distance = WARP / 2; distance; distance /= 2) {
        unsigned long long other = __shfl_xor_sync(FULL_WARP, x, distance);
        x = other > x ? other : x;
    }
    if (threadIdx.x % WARP == 0)
        part[threadIdx.x / WARP] = x;
    __syncthreads();
    for (int i = 0; i < TEAM / WARP; i++)
        x = part[i] > x ? part[i] : x;
    __syncthreads(); /* all have read what the next round writes */
    return x;
}

__global__ void rank_rows_kernel(int32_t *ids_Nk, float *score_Nk, int k, const float *dots_NM,
                                 ranked_columns from, int M)
{
    int32_t *ids = ROW(ids_Nk, blockIdx.x, k);
    float *score = ROW(score_Nk, blockIdx.x, k);
    const float *dots = ROW(dots_NM, blockIdx.x, M);
    unsigned long long taken = ~0ull; /* the key of the last */
    for (int i = 0; i < k; i++) {
        unsigned long long best = 0;
        for (int c = (int)threadIdx.x; c < from.C; c += TEAM) {
            unsigned long long key = key_of(candidate_score(&from, c, dots), c);
            best = key > best && key < taken ? key : best;
        }
        taken = team_largest(best);
        int c = INT_MAX - (int)(uint32_t)taken, seen = from.seen + i;
        if (!taken)
            return;
        float x = candidate_score(&from, c, dots);
        if (seen >= k && !(x > score[k - 1]))
            return;
        __syncthreads(); /* all have read the list's last */
        if (threadIdx.x == 0)
            ranking_add(ids, score, k, seen, from.ids_C[c], x);
        __syncthreads();
    }
}

static void cuda_rank_rows(backend *be, int32_t *ids_Nk, float *score_Nk, int k,
                           const float *dots_NM, const ranked_columns *from, int N, int M)
{
    if (k > 0 && from->C > 0)
        launch(be, "rank_rows", rank_rows_kernel, (size_t)N, dim3(TEAM), ids_Nk, score_Nk, k,
               dots_NM, *from, M);
}

void cuda_install_rank(backend *be)
{
    be->rank_rows = cuda_rank_rows;
}
