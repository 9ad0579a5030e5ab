/* The reference backend: sums, maxima and norms. */
#include "base/memory.h"
#include "compute/install.h"
#include <math.h>

static void ref_column_sum(backend *be, float *sum_C, const float *x_NC, int N, int C)
{
    (void)be;
    for (int c = 0; c < C; c++) {
        double sum = (double)sum_C[c];
        for (int n = 0; n < N; n++)
            sum += (double)ROW(x_NC, n, C)[c];
        sum_C[c] = (float)sum;
    }
}

static void ref_column_max(backend *be, float *max_C, int32_t *row_C, const float *x_NC, int N,
                           int C)
{
    (void)be;
    for (int c = 0; c < C; c++) {
        max_C[c] = x_NC[c];
        row_C[c] = 0;
        for (int n = 1; n < N; n++) {
            if (ROW(x_NC, n, C)[c] > max_C[c]) {
                max_C[c] = ROW(x_NC, n, C)[c];
                row_C[c] = n;
            }
        }
    }
}

static double dot(const float *a, const float *b, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static void ref_row_norms(backend *be, float *norm_N, const float *x_NC, int N, int C)
{
    (void)be;
    for (int n = 0; n < N; n++)
        norm_N[n] = (float)sqrt(dot(ROW(x_NC, n, C), ROW(x_NC, n, C), C));
}

static void ref_row_dots(backend *be, float *dot_N, const float *a_NC, const float *b_NC, int N,
                         int C)
{
    (void)be;
    for (int n = 0; n < N; n++)
        dot_N[n] = (float)dot(ROW(a_NC, n, C), ROW(b_NC, n, C), C);
}

static void ref_sum_squares(backend *be, double *host_sum, const float *x, size_t n)
{
    (void)be;
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    *host_sum = sum;
}

static void ref_sum(backend *be, double *host_sum, const float *x, size_t n)
{
    (void)be;
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i];
    *host_sum = sum;
}

static void ref_count_nonfinite(backend *be, size_t *host_count, const float *x, size_t n)
{
    (void)be;
    size_t count = 0;
    for (size_t i = 0; i < n; i++)
        count += !isfinite(x[i]);
    *host_count = count;
}

void ref_install_reductions(backend *be)
{
    be->column_sum = ref_column_sum;
    be->column_max = ref_column_max;
    be->row_norms = ref_row_norms;
    be->row_dots = ref_row_dots;
    be->sum_squares = ref_sum_squares;
    be->sum = ref_sum;
    be->count_nonfinite = ref_count_nonfinite;
}
