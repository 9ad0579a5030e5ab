/* The reference backend: layernorm (Ba, Kiros, Hinton 2016) and rmsnorm (Zhang, Sennrich 2019). */
#include "base/memory.h"
#include "compute/install.h"
#include <math.h>

static void norm_forward(float *y_ND, float *normalized_ND, float *inverse_N, const float *x_ND,
                         const float *gain_D, const float *bias_D, int N, int D, float eps,
                         bool centre)
{
    for (int n = 0; n < N; n++) {
        const float *x = ROW(x_ND, n, D);
        double mean = 0, square = 0;
        for (int d = 0; d < D && centre; d++)
            mean += (double)x[d] / D;
        for (int d = 0; d < D; d++)
            square += ((double)x[d] - mean) * ((double)x[d] - mean);
        double inverse = 1 / sqrt(square / D + (double)eps);
        inverse_N[n] = (float)inverse;
        for (int d = 0; d < D; d++) {
            double value = ((double)x[d] - mean) * inverse;
            ROW(normalized_ND, n, D)[d] = (float)value;
            if (y_ND)
                ROW(y_ND, n, D)
            [d] = (float)(value * (gain_D ? (double)gain_D[d] : 1) +
                          (bias_D ? (double)bias_D[d] : 0));
        }
    }
}

/* With u = normalized and g = d_y * gain: d_x = inverse * (g - mean(g) - u * mean(g u)); without
 * centring the middle term is missing. */
static void norm_backward(float *d_x_ND, float *d_gain_D, float *d_bias_D, const float *d_y_ND,
                          const float *normalized_ND, const float *inverse_N, const float *gain_D,
                          int N, int D, bool centre)
{
    for (int n = 0; n < N; n++) {
        const float *d_y = ROW(d_y_ND, n, D), *u = ROW(normalized_ND, n, D);
        double mean_g = 0, mean_gu = 0;
        for (int d = 0; d < D; d++) {
            double g = (double)d_y[d] * (gain_D ? (double)gain_D[d] : 1);
            mean_g += centre ? g / D : 0;
            mean_gu += g * (double)u[d] / D;
        }
        for (int d = 0; d < D; d++) {
            double g = (double)d_y[d] * (gain_D ? (double)gain_D[d] : 1);
            ROW(d_x_ND, n, D)
            [d] += (float)((double)inverse_N[n] * (g - mean_g - (double)u[d] * mean_gu));
        }
    }
    for (int d = 0; d < D; d++) {
        double gain = 0, bias = 0;
        for (int n = 0; n < N; n++) {
            gain += (double)ROW(d_y_ND, n, D)[d] * (double)ROW(normalized_ND, n, D)[d];
            bias += (double)ROW(d_y_ND, n, D)[d];
        }
        if (d_gain_D)
            d_gain_D[d] += (float)gain;
        if (d_bias_D)
            d_bias_D[d] += (float)bias;
    }
}

static void ref_layernorm_forward(backend *be, float *y_ND, float *normalized_ND, float *inverse_N,
                                  const float *x_ND, const float *gain_D, const float *bias_D,
                                  int N, int D, float eps)
{
    (void)be;
    norm_forward(y_ND, normalized_ND, inverse_N, x_ND, gain_D, bias_D, N, D, eps, true);
}

static void ref_layernorm_backward(backend *be, float *d_x_ND, float *d_gain_D, float *d_bias_D,
                                   const float *d_y_ND, const float *normalized_ND,
                                   const float *inverse_N, const float *gain_D, int N, int D)
{
    (void)be;
    norm_backward(d_x_ND, d_gain_D, d_bias_D, d_y_ND, normalized_ND, inverse_N, gain_D, N, D, true);
}

static void ref_rmsnorm_forward(backend *be, float *y_ND, float *normalized_ND, float *inverse_N,
                                const float *x_ND, const float *gain_D, int N, int D, float eps)
{
    (void)be;
    norm_forward(y_ND, normalized_ND, inverse_N, x_ND, gain_D, NULL, N, D, eps, false);
}

static void ref_rmsnorm_backward(backend *be, float *d_x_ND, float *d_gain_D, const float *d_y_ND,
                                 const float *normalized_ND, const float *inverse_N,
                                 const float *gain_D, int N, int D)
{
    (void)be;
    norm_backward(d_x_ND, d_gain_D, NULL, d_y_ND, normalized_ND, inverse_N, gain_D, N, D, false);
}

void ref_install_norm(backend *be)
{
    be->layernorm_forward = ref_layernorm_forward;
    be->layernorm_backward = ref_layernorm_backward;
    be->rmsnorm_forward = ref_rmsnorm_forward;
    be->rmsnorm_backward = ref_rmsnorm_backward;
}
