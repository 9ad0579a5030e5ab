/* The cuda backend: the k largest of a row, a column's rival there, the k-th largest of an array.
 *
 * A number's bits, put in order, are found from the top, 11 at a time: each pass counts how many of
 * the numbers that share the digits found so far have each next digit. Counts are of whole numbers,
 * so the order in which threads add to them does not show. */
#include "compute/cuda.cuh"

enum { PASSES = 3, BINS = 2048 };

/* The digits found of the number looked for, and its place among those that share them. */
typedef struct search {
    uint32_t found, mask;
    unsigned long long k;
} search;

__device__ static inline int shift_of(int pass)
{
    return pass == 0 ? 21 : pass == 1 ? 10 : 0;
}

__device__ static inline uint32_t digit_of(uint32_t order, int pass)
{
    return order >> shift_of(pass) & (pass == PASSES - 1 ? BINS / 2 - 1 : BINS - 1);
}

/* One more digit, from the counts of this pass, by a block of TEAM threads; every thread gets it.
 * Afterwards *same is how many numbers share all digits found. */
template <class COUNT>
__device__ static search next_digit(search s, const COUNT *count, int pass, COUNT *same)
{
    enum { SPAN = BINS / TEAM };
    __shared__ COUNT spans[TEAM];
    __shared__ search next;
    __shared__ COUNT at_digit;
    COUNT sum = 0;
    for (int i = 0; i < SPAN; i++)
        sum += count[threadIdx.x * SPAN + i];
    spans[threadIdx.x] = sum;
    __syncthreads();
    if (threadIdx.x == 0) {
        int span = TEAM - 1, digit;
        while (span > 0 && spans[span] < s.k)
            s.k -= spans[span--];
        for (digit = span * SPAN + SPAN - 1; digit > 0 && count[digit] < s.k; digit--)
            s.k -= count[digit];
        s.found |= (uint32_t)digit << shift_of(pass);
        s.mask |= (pass == PASSES - 1 ? BINS / 2 - 1u : BINS - 1u) << shift_of(pass);
        next = s;
        at_digit = count[digit];
    }
    __syncthreads();
    s = next;
    *same = at_digit;
    __syncthreads(); /* all have read what the next pass writes */
    return s;
}

/* ---- rows ---------------------------------------------------------------------------------------
 */

/* The digits of the k-th largest of a row without column `without`, its place among equals in k,
 * and in *same how many of those there are. -0 is 0. */
__device__ static search search_row(const float *x, int F, int k, int without, unsigned *same)
{
    __shared__ unsigned count[BINS];
    search s = {0, 0, (unsigned long long)k};
    for (int pass = 0; pass < PASSES; pass++) {
        for (int i = (int)threadIdx.x; i < BINS; i += TEAM)
            count[i] = 0;
        __syncthreads();
        for (int i = (int)threadIdx.x; i < F; i += TEAM) {
            uint32_t order = order_of(x[i] + 0.0f);
            if ((order & s.mask) == s.found && i != without)
                atomicAdd(&count[digit_of(order, pass)], 1u);
        }
        __syncthreads();
        s = next_digit<unsigned>(s, count, pass, same);
    }
    return s;
}

/* The column of the n-th of those equal to `value`, `without` left out; n >= 1, and there are so
 * many. A block goes through the row TEAM columns at a time; how many came before is summed over
 * threads in their order. */
__device__ static int nth_equal(const float *x, int F, float value, int n, int without)
{
    __shared__ int in_warp[TEAM / WARP], column;
    int warp = (int)threadIdx.x / WARP, lane = (int)threadIdx.x % WARP;
    for (int first = 0; first < F && n > 0; first += TEAM) {
        int i = first + (int)threadIdx.x;
        bool equal = i < F && i != without && x[i] == value;
        unsigned lanes = __ballot_sync(FULL_WARP, equal);
        if (lane == 0)
            in_warp[warp] = __popc(lanes);
        __syncthreads();
        int before = __popc(lanes & ((1u << lane) - 1)), here = 0;
        for (int w = 0; w < TEAM / WARP; w++) {
            before += w < warp ? in_warp[w] : 0;
            here += in_warp[w];
        }
        if (equal && before == n - 1)
            column = i;
        n -= here;
        __syncthreads();
    }
    return column;
}

__global__ void top_k_kernel(float *f_NF, const float *pre_NF, int k, int F)
{
    const float *pre = ROW(pre_NF, blockIdx.x, F);
    float *f = ROW(f_NF, blockIdx.x, F);
    unsigned same = 0;
    search s = search_row(pre, F, k < F ? k : F, -1, &same);
    /* s.k of the values equal to the limit belong to the k largest, of `same` in all. */
    float limit = value_of(s.found);
    bool all = s.k == same || !(limit > 0);
    int last = all ? F - 1 : nth_equal(pre, F, limit, (int)s.k, -1);
    for (int i = (int)threadIdx.x; i < F; i += TEAM) {
        bool kept = pre[i] > limit || (pre[i] == limit && i <= last);
        f[i] = kept && pre[i] > 0 ? pre[i] : 0.0f;
    }
}

static void cuda_top_k_rows(backend *be, float *f_NF, const float *pre_NF, int k, int N, int F)
{
    if (k <= 0)
        be->zero(be, f_NF, (size_t)N * (size_t)F * sizeof *f_NF);
    else if (F > 0)
        launch(be, "top_k_rows", top_k_kernel, (size_t)N, dim3(TEAM), f_NF, pre_NF, k, F);
}

__global__ void rivals_kernel(int32_t *rival_N, float *own_value_N, float *rival_value_N,
                              const float *x_NF, const int32_t *own_N, int k, int F)
{
    const float *x = ROW(x_NF, blockIdx.x, F);
    int own = own_N[blockIdx.x], rival = -1;
    if (k < F) {
        unsigned same = 0;
        search s = search_row(x, F, k, own, &same);
        rival = nth_equal(x, F, value_of(s.found), (int)s.k, own);
    }
    if (threadIdx.x > 0)
        return;
    rival_N[blockIdx.x] = rival;
    own_value_N[blockIdx.x] = x[own];
    rival_value_N[blockIdx.x] = rival < 0 ? 0.0f : x[rival];
}

static void cuda_rivals(backend *be, int32_t *rival_N, float *own_value_N, float *rival_value_N,
                        const float *x_NF, const int32_t *own_N, int k, int N, int F)
{
    launch(be, "rivals", rivals_kernel, (size_t)N, dim3(TEAM), rival_N, own_value_N, rival_value_N,
           x_NF, own_N, k, F);
}

/* ---- arrays -------------------------------------------------------------------------------------
 */

enum { COUNT_BLOCKS = 256 };

/* On the device: the search and the counts of a pass. */
typedef struct whole_search {
    search s;
    unsigned long long count[BINS];
} whole_search;

__global__ void begin_search_kernel(whole_search *w, unsigned long long k)
{
    search s = {0, 0, k};
    if (threadIdx.x == 0)
        w->s = s;
    for (int i = (int)threadIdx.x; i < BINS; i += TEAM)
        w->count[i] = 0;
}

__global__ void count_digits_kernel(whole_search *w, const float *x, size_t n, int pass)
{
    __shared__ unsigned count[BINS];
    search s = w->s;
    for (int i = (int)threadIdx.x; i < BINS; i += TEAM)
        count[i] = 0;
    __syncthreads();
    for (size_t i = (size_t)blockIdx.x * TEAM + threadIdx.x; i < n;
         i += (size_t)COUNT_BLOCKS * TEAM) {
        uint32_t order = order_of(x[i]);
        if ((order & s.mask) == s.found)
            atomicAdd(&count[digit_of(order, pass)], 1u);
    }
    __syncthreads();
    for (int i = (int)threadIdx.x; i < BINS; i += TEAM)
        if (count[i])
            atomicAdd(&w->count[i], (unsigned long long)count[i]);
}

__global__ void next_digit_kernel(whole_search *w, int pass)
{
    unsigned long long same;
    search s = next_digit<unsigned long long>(w->s, w->count, pass, &same);
    if (threadIdx.x == 0)
        w->s = s;
    for (int i = (int)threadIdx.x; i < BINS; i += TEAM)
        w->count[i] = 0;
}

static void cuda_kth_largest(backend *be, float *host_value, const float *x, size_t n, size_t k)
{
    static const char what[] = "kth_largest";
    whole_search *w = (whole_search *)cuda_scratch(be, sizeof *w);
    if (!w)
        return;
    launch(be, what, begin_search_kernel, 1, dim3(TEAM), w, (unsigned long long)k);
    for (int pass = 0; pass < PASSES; pass++) {
        launch(be, what, count_digits_kernel, COUNT_BLOCKS, dim3(TEAM), w, x, n, pass);
        launch(be, what, next_digit_kernel, 1, dim3(TEAM), w, pass);
    }
    search s = {0, 0, 0};
    be->download(be, &s, &w->s, sizeof s);
    *host_value = value_of(s.found);
}

void cuda_install_select(backend *be)
{
    be->top_k_rows = cuda_top_k_rows;
    be->rivals = cuda_rivals;
    be->kth_largest = cuda_kth_largest;
}
