/* The cuda backend: elementwise operations, a matrix with a vector along its rows or columns, the
 * optimiser. */
#include "compute/cuda_elements.cuh"

struct set_number {
    float value;
    __device__ void operator()(const float *, float *y) const
    {
        y[0] = value;
    }
};
struct times_number {
    float a;
    __device__ void operator()(const float *x, float *y) const
    {
        y[0] = x[0] * a;
    }
};
struct sum_of_two {
    __device__ void operator()(const float *x, float *y) const
    {
        y[0] = x[0] + x[1];
    }
};
struct product_of_two {
    __device__ void operator()(const float *x, float *y) const
    {
        y[0] = x[0] * x[1];
    }
};
struct plus_multiple {
    float a;
    __device__ void operator()(const float *x, float *y) const
    {
        y[0] = x[0] + a * x[1];
    }
};

static void cuda_fill(backend *be, float *x, float value, size_t n)
{
    operands<1, 1> o = {{{x, EACH}}, {x}};
    over(be, "fill", set_number{value}, o, n);
}

static void cuda_scale(backend *be, float *x, float a, size_t n)
{
    operands<1, 1> o = {{{x, EACH}}, {x}};
    over(be, "scale", times_number{a}, o, n);
}

static void cuda_add(backend *be, float *y, const float *a, const float *b, size_t n)
{
    operands<2, 1> o = {{{a, EACH}, {b, EACH}}, {y}};
    over(be, "add", sum_of_two{}, o, n);
}

static void cuda_axpy(backend *be, float *y, float a, const float *x, size_t n)
{
    operands<2, 1> o = {{{y, EACH}, {x, EACH}}, {y}};
    over(be, "axpy", plus_multiple{a}, o, n);
}

static void cuda_multiply(backend *be, float *y, const float *a, const float *b, size_t n)
{
    operands<2, 1> o = {{{a, EACH}, {b, EACH}}, {y}};
    over(be, "multiply", product_of_two{}, o, n);
}

static void cuda_add_bias(backend *be, float *x_NC, const float *bias_C, int N, int C)
{
    operands<2, 1> o = {{{x_NC, EACH}, {bias_C, BY_COLUMN}}, {x_NC}};
    over_rows(be, "add_bias", sum_of_two{}, o, (size_t)N, (size_t)C);
}

static void cuda_scale_rows(backend *be, float *x_NC, const float *scale_N, int N, int C)
{
    operands<2, 1> o = {{{x_NC, EACH}, {scale_N, BY_ROW}}, {x_NC}};
    over_rows(be, "scale_rows", product_of_two{}, o, (size_t)N, (size_t)C);
}

static void cuda_scale_columns(backend *be, float *x_NC, const float *scale_C, int N, int C)
{
    operands<2, 1> o = {{{x_NC, EACH}, {scale_C, BY_COLUMN}}, {x_NC}};
    over_rows(be, "scale_columns", product_of_two{}, o, (size_t)N, (size_t)C);
}

/* ---- sparse autoencoders ------------------------------------------------------------------------
 */

struct above_zero {
    __device__ void operator()(const float *x, float *f) const
    {
        f[0] = x[0] > 0 ? x[0] : 0.0f;
    }
};
struct above_threshold {
    __device__ void operator()(const float *x, float *f) const
    {
        f[0] = x[0] > 0 && x[0] > x[1] ? x[0] : 0.0f;
    }
};
struct where_active {
    __device__ void operator()(const float *x, float *d) const
    {
        d[0] = x[1] != 0.0f ? x[0] : 0.0f;
    }
};

static void cuda_jumprelu_forward(backend *be, float *f_NF, const float *pre_NF,
                                  const float *threshold_F, int N, int F)
{
    operands<1, 1> relu = {{{pre_NF, EACH}}, {f_NF}};
    operands<2, 1> jump = {{{pre_NF, EACH}, {threshold_F, BY_COLUMN}}, {f_NF}};
    if (threshold_F)
        over_rows(be, "jumprelu_forward", above_threshold{}, jump, (size_t)N, (size_t)F);
    else
        over(be, "jumprelu_forward", above_zero{}, relu, (size_t)N * (size_t)F);
}

/* The product, then bias and threshold in one pass over it. */
struct biased_above_zero {
    __device__ void operator()(const float *x, float *f) const
    {
        float pre = x[0] + x[1];
        f[0] = pre > 0 ? pre : 0.0f;
    }
};
struct biased_above_threshold {
    __device__ void operator()(const float *x, float *f) const
    {
        float pre = x[0] + x[1];
        f[0] = pre > 0 && pre > x[2] ? pre : 0.0f;
    }
};

static void cuda_encode(backend *be, float *f_NF, const float *x_ND, const float *w_DF,
                        const float *b_F, const float *threshold_F, int N, int D, int F)
{
    operands<2, 1> relu = {{{f_NF, EACH}, {b_F, BY_COLUMN}}, {f_NF}};
    operands<3, 1> jump = {{{f_NF, EACH}, {b_F, BY_COLUMN}, {threshold_F, BY_COLUMN}}, {f_NF}};
    be->gemm(be, f_NF, F, x_ND, D, PLAIN, w_DF, F, PLAIN, N, F, D, 1, 0);
    if (threshold_F)
        over_rows(be, "encode", biased_above_threshold{}, jump, (size_t)N, (size_t)F);
    else
        over_rows(be, "encode", biased_above_zero{}, relu, (size_t)N, (size_t)F);
}

static void cuda_jumprelu_backward(backend *be, float *d_pre_NF, const float *d_f_NF,
                                   const float *f_NF, size_t n)
{
    operands<2, 1> o = {{{d_f_NF, EACH}, {f_NF, EACH}}, {d_pre_NF}};
    over(be, "jumprelu_backward", where_active{}, o, n);
}

/* ---- optimiser ----------------------------------------------------------------------------------
 */

struct adamw_step {
    adamw_constants c;
    __device__ void operator()(const float *x, float *y) const
    {
        y[0] = x[0];
        y[1] = x[1];
        y[2] = x[2];
        adamw_element(&y[0], &y[1], &y[2], x[3], &c);
    }
};

static void cuda_adamw(backend *be, float *value, const float *gradient, float *first,
                       float *second, size_t n, const adamw_settings *s)
{
    operands<4, 3> o = {{{value, EACH}, {first, EACH}, {second, EACH}, {gradient, EACH}},
                        {value, first, second}};
    over(be, "adamw", adamw_step{adamw_constants_of(s)}, o, n);
}

void cuda_install_elements(backend *be)
{
    be->fill = cuda_fill;
    be->scale = cuda_scale;
    be->add = cuda_add;
    be->axpy = cuda_axpy;
    be->multiply = cuda_multiply;
    be->add_bias = cuda_add_bias;
    be->scale_rows = cuda_scale_rows;
    be->scale_columns = cuda_scale_columns;
    be->jumprelu_forward = cuda_jumprelu_forward;
    be->affine = affine_in_steps;
    be->encode = cuda_encode;
    be->jumprelu_backward = cuda_jumprelu_backward;
    be->adamw = cuda_adamw;
}
