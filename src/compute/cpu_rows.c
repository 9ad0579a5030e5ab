/* The cpu backend: elementwise loops and rows. */
#include "base/half.h"
#include "compute/cpu.h"
#include "compute/install.h"
#include <string.h>

enum { COPY_BLOCK = 1 << 18 }; /* bytes */

static void copy_range(const operands *o, size_t first, size_t end)
{
    memcpy((char *)o->out + first, (const char *)o->a + first, end - first);
}

static void cpu_copy(backend *be, void *to, const void *from, size_t bytes)
{
    operands o = {.out = to, .a = from};
    cpu_for(be, copy_range, &o, bytes, COPY_BLOCK);
}

static void zero_range(const operands *o, size_t first, size_t end)
{
    memset((char *)o->out + first, 0, end - first);
}

static void cpu_zero(backend *be, void *x, size_t bytes)
{
    operands o = {.out = x};
    cpu_for(be, zero_range, &o, bytes, COPY_BLOCK);
}

static void fill_range(const operands *o, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++)
        o->out[i] = o->number;
}

static void cpu_fill(backend *be, float *x, float value, size_t n)
{
    operands o = {.out = x, .number = value};
    cpu_elements(be, fill_range, &o, n);
}

static void scale_range(const operands *o, size_t first, size_t end)
{
    float *x = o->out, a = o->number;
    for (size_t i = first; i < end; i++)
        x[i] *= a;
}

static void cpu_scale(backend *be, float *x, float a, size_t n)
{
    operands o = {.out = x, .number = a};
    cpu_elements(be, scale_range, &o, n);
}

static void add_range(const operands *o, size_t first, size_t end)
{
    float *y = o->out;
    const float *a = o->a, *b = o->b;
    for (size_t i = first; i < end; i++)
        y[i] = a[i] + b[i];
}

static void cpu_add(backend *be, float *y, const float *a, const float *b, size_t n)
{
    operands o = {.out = y, .a = a, .b = b};
    cpu_elements(be, add_range, &o, n);
}

static void axpy_range(const operands *o, size_t first, size_t end)
{
    float *y = o->out, a = o->number;
    const float *x = o->a;
    for (size_t i = first; i < end; i++)
        y[i] += a * x[i];
}

static void cpu_axpy(backend *be, float *y, float a, const float *x, size_t n)
{
    operands o = {.out = y, .number = a, .a = x};
    cpu_elements(be, axpy_range, &o, n);
}

static void multiply_range(const operands *o, size_t first, size_t end)
{
    float *y = o->out;
    const float *a = o->a, *b = o->b;
    for (size_t i = first; i < end; i++)
        y[i] = a[i] * b[i];
}

static void cpu_multiply(backend *be, float *y, const float *a, const float *b, size_t n)
{
    operands o = {.out = y, .a = a, .b = b};
    cpu_elements(be, multiply_range, &o, n);
}

void cpu_scaled_copy(float *y, const void *x, number_type type, float scale, size_t n)
{
    const float *single = x;
    const uint16_t *half = x;
    if (type == NUMBER_F32)
        for (size_t i = 0; i < n; i++)
            y[i] = scale * single[i];
    else if (type == NUMBER_F16)
        for (size_t i = 0; i < n; i++)
            y[i] = scale * f16_to_float(half[i]);
    else
        for (size_t i = 0; i < n; i++)
            y[i] = scale * bf16_to_float(half[i]);
}

static void widen_range(const operands *o, size_t first, size_t end)
{
    const char *x = (const char *)o->stored + first * number_size(o->type);
    cpu_scaled_copy(o->out + first, x, o->type, 1, end - first);
}

static void cpu_widen(backend *be, float *y, const void *x, number_type type, size_t n)
{
    operands o = {.out = y, .stored = x, .type = type};
    cpu_elements(be, widen_range, &o, n);
}

static void bias_range(const operands *o, size_t first, size_t end)
{
    for (size_t n = first; n < end; n++) {
        float *x = ROW(o->out, n, o->columns);
        for (int c = 0; c < o->columns; c++)
            x[c] += o->a[c];
    }
}

static void cpu_add_bias(backend *be, float *x_NC, const float *bias_C, int N, int C)
{
    operands o = {.out = x_NC, .a = bias_C, .columns = C};
    cpu_rows(be, bias_range, &o, N, C);
}

static void scale_rows_range(const operands *o, size_t first, size_t end)
{
    for (size_t n = first; n < end; n++) {
        float *x = ROW(o->out, n, o->columns), scale = o->a[n];
        for (int c = 0; c < o->columns; c++)
            x[c] *= scale;
    }
}

static void cpu_scale_rows(backend *be, float *x_NC, const float *scale_N, int N, int C)
{
    operands o = {.out = x_NC, .a = scale_N, .columns = C};
    cpu_rows(be, scale_rows_range, &o, N, C);
}

static void scale_columns_range(const operands *o, size_t first, size_t end)
{
    for (size_t n = first; n < end; n++) {
        float *x = ROW(o->out, n, o->columns);
        for (int c = 0; c < o->columns; c++)
            x[c] *= o->a[c];
    }
}

static void cpu_scale_columns(backend *be, float *x_NC, const float *scale_C, int N, int C)
{
    operands o = {.out = x_NC, .a = scale_C, .columns = C};
    cpu_rows(be, scale_columns_range, &o, N, C);
}

/* a: [N, F], out: [N, C]; rows is F. */
static void gather_columns_range(const operands *o, size_t first, size_t end)
{
    for (size_t n = first; n < end; n++) {
        const float *x = ROW(o->a, n, o->rows);
        float *y = ROW(o->out, n, o->columns);
        for (int c = 0; c < o->columns; c++)
            y[c] = x[o->index[c]];
    }
}

static void cpu_gather_columns(backend *be, float *y_NC, const float *x_NF,
                               const int32_t *columns_C, int N, int F, int C)
{
    operands o = {.out = y_NC, .a = x_NF, .index = columns_C, .rows = F, .columns = C};
    cpu_rows(be, gather_columns_range, &o, N, C);
}

/* a: [N, C], out: [N, F]; rows is F. */
static void scatter_columns_range(const operands *o, size_t first, size_t end)
{
    for (size_t n = first; n < end; n++) {
        const float *x = ROW(o->a, n, o->columns);
        float *y = ROW(o->out, n, o->rows);
        for (int c = 0; c < o->columns; c++)
            y[o->index[c]] = x[c];
    }
}

static void cpu_scatter_columns(backend *be, float *y_NF, const float *x_NC,
                                const int32_t *columns_C, int N, int F, int C)
{
    operands o = {.out = y_NF, .a = x_NC, .index = columns_C, .rows = F, .columns = C};
    cpu_rows(be, scatter_columns_range, &o, N, C);
}

void cpu_install_rows(backend *be)
{
    be->upload = cpu_copy;
    be->download = cpu_copy;
    be->copy = cpu_copy;
    be->zero = cpu_zero;
    be->fill = cpu_fill;
    be->scale = cpu_scale;
    be->add = cpu_add;
    be->axpy = cpu_axpy;
    be->multiply = cpu_multiply;
    be->widen = cpu_widen;
    be->add_bias = cpu_add_bias;
    be->scale_rows = cpu_scale_rows;
    be->scale_columns = cpu_scale_columns;
    be->gather_columns = cpu_gather_columns;
    be->scatter_columns = cpu_scatter_columns;
}
