/* The reference backend: memory, products and rows. The definition of every operation, in double,
 * with no tricks; the other backends must agree with it. */
#include "base/half.h"
#include "base/memory.h"
#include "compute/install.h"
#include <string.h>

static void *ref_alloc(backend *be, size_t n, size_t size, const char *what, err *e)
{
    (void)be;
    return mem_array(n, size, what, e);
}

static void ref_free(backend *be, void *p)
{
    (void)be;
    mem_free(p);
}

static void ref_copy(backend *be, void *to, const void *from, size_t bytes)
{
    (void)be;
    if (bytes)
        memcpy(to, from, bytes);
}

static void ref_zero(backend *be, void *x, size_t bytes)
{
    (void)be;
    if (bytes)
        memset(x, 0, bytes);
}

static void ref_finish(backend *be)
{
    (void)be;
}

static void ref_close(backend *be)
{
    mem_free(be);
}

void ref_install_memory(backend *be)
{
    be->finish = ref_finish;
    be->close = ref_close;
    be->alloc = ref_alloc;
    be->free = ref_free;
    be->upload = ref_copy;
    be->download = ref_copy;
    be->copy = ref_copy;
    be->zero = ref_zero;
}

static double element(const float *x, int ld, orientation t, int row, int column)
{
    return (double)(t == PLAIN ? ROW(x, row, ld)[column] : ROW(x, column, ld)[row]);
}

static void ref_gemm(backend *be, float *c_MN, int ldc, const float *a, int lda, orientation ta,
                     const float *b, int ldb, orientation tb, int M, int N, int K, float alpha,
                     float beta)
{
    (void)be;
    for (int m = 0; m < M; m++) {
        for (int n = 0; n < N; n++) {
            double sum = 0;
            for (int k = 0; k < K; k++)
                sum += element(a, lda, ta, m, k) * element(b, ldb, tb, k, n);
            float *c = ROW(c_MN, m, ldc) + n;
            double old = beta == 0.0f ? 0 : (double)beta * (double)*c;
            *c = (float)((double)alpha * sum + old);
        }
    }
}

static void ref_fill(backend *be, float *x, float value, size_t n)
{
    (void)be;
    for (size_t i = 0; i < n; i++)
        x[i] = value;
}

static void ref_scale(backend *be, float *x, float a, size_t n)
{
    (void)be;
    for (size_t i = 0; i < n; i++)
        x[i] *= a;
}

static void ref_add(backend *be, float *y, const float *a, const float *b, size_t n)
{
    (void)be;
    for (size_t i = 0; i < n; i++)
        y[i] = a[i] + b[i];
}

static void ref_axpy(backend *be, float *y, float a, const float *x, size_t n)
{
    (void)be;
    for (size_t i = 0; i < n; i++)
        y[i] = (float)((double)y[i] + (double)a * (double)x[i]);
}

static void ref_multiply(backend *be, float *y, const float *a, const float *b, size_t n)
{
    (void)be;
    for (size_t i = 0; i < n; i++)
        y[i] = a[i] * b[i];
}

static void ref_widen(backend *be, float *y, const void *x, number_type type, size_t n)
{
    (void)be;
    for (size_t i = 0; i < n; i++)
        y[i] = type == NUMBER_F32   ? ((const float *)x)[i]
               : type == NUMBER_F16 ? f16_to_float(((const uint16_t *)x)[i])
                                    : bf16_to_float(((const uint16_t *)x)[i]);
}

static void ref_add_bias(backend *be, float *x_NC, const float *bias_C, int N, int C)
{
    (void)be;
    for (int n = 0; n < N; n++)
        for (int c = 0; c < C; c++)
            ROW(x_NC, n, C)[c] += bias_C[c];
}

void affine_in_steps(backend *be, float *y_NO, const float *x_ND, const float *w, orientation tw,
                     const float *bias_O, int N, int O, int D, float beta)
{
    be->gemm(be, y_NO, O, x_ND, D, PLAIN, w, tw == PLAIN ? O : D, tw, N, O, D, 1, beta);
    be->add_bias(be, y_NO, bias_O, N, O);
}

static void ref_scale_rows(backend *be, float *x_NC, const float *scale_N, int N, int C)
{
    (void)be;
    for (int n = 0; n < N; n++)
        for (int c = 0; c < C; c++)
            ROW(x_NC, n, C)[c] *= scale_N[n];
}

static void ref_scale_columns(backend *be, float *x_NC, const float *scale_C, int N, int C)
{
    (void)be;
    for (int n = 0; n < N; n++)
        for (int c = 0; c < C; c++)
            ROW(x_NC, n, C)[c] *= scale_C[c];
}

static void ref_gather_columns(backend *be, float *y_NC, const float *x_NF,
                               const int32_t *columns_C, int N, int F, int C)
{
    (void)be;
    for (int n = 0; n < N; n++)
        for (int c = 0; c < C; c++)
            ROW(y_NC, n, C)[c] = ROW(x_NF, n, F)[columns_C[c]];
}

static void ref_scatter_columns(backend *be, float *y_NF, const float *x_NC,
                                const int32_t *columns_C, int N, int F, int C)
{
    (void)be;
    for (int n = 0; n < N; n++)
        for (int c = 0; c < C; c++)
            ROW(y_NF, n, F)[columns_C[c]] = ROW(x_NC, n, C)[c];
}

void ref_install_rows(backend *be)
{
    be->gemm = ref_gemm;
    be->affine = affine_in_steps;
    be->fill = ref_fill;
    be->scale = ref_scale;
    be->add = ref_add;
    be->axpy = ref_axpy;
    be->multiply = ref_multiply;
    be->widen = ref_widen;
    be->add_bias = ref_add_bias;
    be->scale_rows = ref_scale_rows;
    be->scale_columns = ref_scale_columns;
    be->gather_columns = ref_gather_columns;
    be->scatter_columns = ref_scatter_columns;
}
