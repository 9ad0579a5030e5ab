/* The reference backend: the nonlinearities of sparse autoencoders. */
#include "base/memory.h"
#include "compute/install.h"
#include <math.h>
#include <stdlib.h>

static void ref_jumprelu_forward(backend *be, float *f_NF, const float *pre_NF,
                                 const float *threshold_F, int N, int F)
{
    (void)be;
    for (int n = 0; n < N; n++) {
        for (int i = 0; i < F; i++) {
            float x = ROW(pre_NF, n, F)[i], threshold = threshold_F ? threshold_F[i] : 0;
            ROW(f_NF, n, F)[i] = x > 0 && x > threshold ? x : 0;
        }
    }
}

void encode_in_steps(backend *be, float *f_NF, const float *x_ND, const float *w_DF,
                     const float *b_F, const float *threshold_F, int N, int D, int F)
{
    be->gemm(be, f_NF, F, x_ND, D, PLAIN, w_DF, F, PLAIN, N, F, D, 1, 0);
    be->add_bias(be, f_NF, b_F, N, F);
    be->jumprelu_forward(be, f_NF, f_NF, threshold_F, N, F);
}

static void ref_jumprelu_backward(backend *be, float *d_pre_NF, const float *d_f_NF,
                                  const float *f_NF, size_t n)
{
    (void)be;
    for (size_t i = 0; i < n; i++)
        d_pre_NF[i] = f_NF[i] != 0.0f ? d_f_NF[i] : 0;
}

static void ref_jumprelu_threshold_gradient(backend *be, float *d_threshold_F, const float *d_f_NF,
                                            const float *pre_NF, const float *threshold_F,
                                            float bandwidth, float l0_weight, int N, int F)
{
    (void)be;
    for (int i = 0; i < F; i++) {
        double sum = 0, threshold = (double)threshold_F[i];
        for (int n = 0; n < N; n++)
            if (fabs((double)ROW(pre_NF, n, F)[i] - threshold) < (double)bandwidth / 2)
                sum += threshold * (double)ROW(d_f_NF, n, F)[i] + (double)l0_weight;
        d_threshold_F[i] = (float)((double)d_threshold_F[i] - sum / (double)bandwidth);
    }
}

/* How many of the F values come before value i: larger ones, and equal ones further left. */
static int rank_of(const float *x_F, int i, int F)
{
    int rank = 0;
    for (int j = 0; j < F; j++)
        rank += x_F[j] > x_F[i] || (x_F[j] == x_F[i] && j < i);
    return rank;
}

static void ref_top_k_rows(backend *be, float *f_NF, const float *pre_NF, int k, int N, int F)
{
    (void)be;
    for (int n = 0; n < N; n++) {
        const float *pre = ROW(pre_NF, n, F);
        for (int i = 0; i < F; i++)
            ROW(f_NF, n, F)[i] = pre[i] > 0 && rank_of(pre, i, F) < k ? pre[i] : 0;
    }
}

static int descending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

static void ref_kth_largest(backend *be, float *host_value, const float *x, size_t n, size_t k)
{
    float *sorted = be->alloc(be, n, sizeof *sorted, "values to sort", &be->failure);
    if (!sorted)
        return;
    be->download(be, sorted, x, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, descending);
    *host_value = sorted[k - 1];
    be->free(be, sorted);
}

void ref_install_sae(backend *be)
{
    be->jumprelu_forward = ref_jumprelu_forward;
    be->encode = encode_in_steps;
    be->jumprelu_backward = ref_jumprelu_backward;
    be->jumprelu_threshold_gradient = ref_jumprelu_threshold_gradient;
    be->top_k_rows = ref_top_k_rows;
    be->kth_largest = ref_kth_largest;
}
