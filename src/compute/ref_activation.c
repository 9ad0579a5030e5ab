/* The reference backend: nonlinearities and their derivatives, in double with libm. */
#include "compute/install.h"
#include <math.h>

static const double TANH_SCALE = 0.79788456080286536; /* sqrt(2 / pi) */
static const double TANH_CUBIC = 0.044715;

static double value_of(double x, activation kind)
{
    switch (kind) {
    case ACTIVATION_GELU:
        return 0.5 * x * (1 + erf(x * M_SQRT1_2));
    case ACTIVATION_GELU_TANH:
        return 0.5 * x * (1 + tanh(TANH_SCALE * (x + TANH_CUBIC * x * x * x)));
    case ACTIVATION_SILU:
        return x / (1 + exp(-x));
    case ACTIVATION_RELU:
        return x > 0 ? x : 0;
    }
    return (double)NAN;
}

static double slope_of(double x, activation kind)
{
    switch (kind) {
    case ACTIVATION_GELU:
        return 0.5 * (1 + erf(x * M_SQRT1_2)) + x * exp(-0.5 * x * x) / sqrt(2 * M_PI);
    case ACTIVATION_GELU_TANH: {
        double t = tanh(TANH_SCALE * (x + TANH_CUBIC * x * x * x));
        return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * TANH_SCALE * (1 + 3 * TANH_CUBIC * x * x);
    }
    case ACTIVATION_SILU: {
        double s = 1 / (1 + exp(-x));
        return s * (1 + x * (1 - s));
    }
    case ACTIVATION_RELU:
        return x > 0 ? 1 : 0;
    }
    return (double)NAN;
}

static void ref_activate_forward(backend *be, float *y, const float *x, activation kind, size_t n)
{
    (void)be;
    for (size_t i = 0; i < n; i++)
        y[i] = (float)value_of((double)x[i], kind);
}

static void ref_activate_backward(backend *be, float *d_x, const float *d_y, const float *x,
                                  activation kind, size_t n)
{
    (void)be;
    for (size_t i = 0; i < n; i++)
        d_x[i] = (float)((double)d_y[i] * slope_of((double)x[i], kind));
}

static void ref_gated_forward(backend *be, float *y, const float *gate, const float *up,
                              activation kind, size_t n)
{
    (void)be;
    for (size_t i = 0; i < n; i++)
        y[i] = (float)(value_of((double)gate[i], kind) * (double)up[i]);
}

static void ref_gated_backward(backend *be, float *d_gate, float *d_up, const float *d_y,
                               const float *gate, const float *up, activation kind, size_t n)
{
    (void)be;
    for (size_t i = 0; i < n; i++) {
        d_gate[i] = (float)((double)d_y[i] * (double)up[i] * slope_of((double)gate[i], kind));
        d_up[i] = (float)((double)d_y[i] * value_of((double)gate[i], kind));
    }
}

static void ref_softcap_forward(backend *be, float *x, float cap, size_t n)
{
    (void)be;
    for (size_t i = 0; i < n; i++)
        x[i] = (float)((double)cap * tanh((double)x[i] / (double)cap));
}

static void ref_softcap_backward(backend *be, float *d, const float *y, float cap, size_t n)
{
    (void)be;
    for (size_t i = 0; i < n; i++) {
        double t = (double)y[i] / (double)cap;
        d[i] = (float)((double)d[i] * (1 - t * t));
    }
}

void ref_install_activations(backend *be)
{
    be->activate_forward = ref_activate_forward;
    be->activate_backward = ref_activate_backward;
    be->gated_forward = ref_gated_forward;
    be->gated_backward = ref_gated_backward;
    be->softcap_forward = ref_softcap_forward;
    be->softcap_backward = ref_softcap_backward;
}
