/* The cuda backend: nonlinearities; the arithmetic is compute/element.h's. */
#include "compute/cuda_elements.cuh"

template <activation KIND> __device__ static inline float activated(float x, float *slope)
{
    return KIND == ACTIVATION_GELU        ? gelu(x, slope)
           : KIND == ACTIVATION_GELU_TANH ? gelu_tanh(x, slope)
           : KIND == ACTIVATION_SILU      ? silu(x, slope)
                                          : relu(x, slope);
}

template <activation KIND> struct forward {
    __device__ void operator()(const float *x, float *y) const
    {
        float slope;
        y[0] = activated<KIND>(x[0], &slope);
    }
};

/* x, d_y. */
template <activation KIND> struct backward {
    __device__ void operator()(const float *x, float *d) const
    {
        float slope;
        (void)activated<KIND>(x[0], &slope);
        d[0] = x[1] * slope;
    }
};

/* gate, up. */
template <activation KIND> struct gated_forward {
    __device__ void operator()(const float *x, float *y) const
    {
        float slope;
        y[0] = activated<KIND>(x[0], &slope) * x[1];
    }
};

/* gate, up, d_y; gradients of gate and up. */
template <activation KIND> struct gated_backward {
    __device__ void operator()(const float *x, float *d) const
    {
        float slope, value = activated<KIND>(x[0], &slope);
        d[0] = x[2] * x[1] * slope;
        d[1] = x[2] * value;
    }
};

/* One kernel per kind, so that none has a branch. */
template <template <activation> class F, int IN, int OUT>
static void over_kind(backend *be, const char *what, activation kind, operands<IN, OUT> o, size_t n)
{
    switch (kind) {
    case ACTIVATION_GELU:
        over(be, what, F<ACTIVATION_GELU>{}, o, n);
        break;
    case ACTIVATION_GELU_TANH:
        over(be, what, F<ACTIVATION_GELU_TANH>{}, o, n);
        break;
    case ACTIVATION_SILU:
        over(be, what, F<ACTIVATION_SILU>{}, o, n);
        break;
    case ACTIVATION_RELU:
        over(be, what, F<ACTIVATION_RELU>{}, o, n);
        break;
    }
}

static void cuda_activate_forward(backend *be, float *y, const float *x, activation kind, size_t n)
{
    operands<1, 1> o = {{{x, EACH}}, {y}};
    over_kind<forward>(be, "activate_forward", kind, o, n);
}

static void cuda_activate_backward(backend *be, float *d_x, const float *d_y, const float *x,
                                   activation kind, size_t n)
{
    operands<2, 1> o = {{{x, EACH}, {d_y, EACH}}, {d_x}};
    over_kind<backward>(be, "activate_backward", kind, o, n);
}

static void cuda_gated_forward(backend *be, float *y, const float *gate, const float *up,
                               activation kind, size_t n)
{
    operands<2, 1> o = {{{gate, EACH}, {up, EACH}}, {y}};
    over_kind<gated_forward>(be, "gated_forward", kind, o, n);
}

static void cuda_gated_backward(backend *be, float *d_gate, float *d_up, const float *d_y,
                                const float *gate, const float *up, activation kind, size_t n)
{
    operands<3, 2> o = {{{gate, EACH}, {up, EACH}, {d_y, EACH}}, {d_gate, d_up}};
    over_kind<gated_backward>(be, "gated_backward", kind, o, n);
}

struct cap {
    float limit, inverse;
    __device__ void operator()(const float *x, float *y) const
    {
        y[0] = capped(x[0], limit, inverse);
    }
};
struct cap_backward {
    float inverse;
    __device__ void operator()(const float *x, float *d) const
    {
        d[0] = x[0] * cap_slope(x[1], inverse);
    }
};

static void cuda_softcap_forward(backend *be, float *x, float limit, size_t n)
{
    operands<1, 1> o = {{{x, EACH}}, {x}};
    over(be, "softcap_forward", cap{limit, 1.0f / limit}, o, n);
}

static void cuda_softcap_backward(backend *be, float *d, const float *y, float limit, size_t n)
{
    operands<2, 1> o = {{{d, EACH}, {y, EACH}}, {d}};
    over(be, "softcap_backward", cap_backward{1.0f / limit}, o, n);
}

void cuda_install_activations(backend *be)
{
    be->activate_forward = cuda_activate_forward;
    be->activate_backward = cuda_activate_backward;
    be->gated_forward = cuda_gated_forward;
    be->gated_backward = cuda_gated_backward;
    be->softcap_forward = cuda_softcap_forward;
    be->softcap_backward = cuda_softcap_backward;
}
