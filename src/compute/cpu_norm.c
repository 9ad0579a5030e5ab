/* The cpu backend: layernorm and rmsnorm, rows to the pool, gains by owned columns. */
#include "compute/cpu.h"
#include "compute/install.h"
#include <math.h>

/* a: x, b: gain, c: bias; out: y, out2: normalized, out3: inverse; number: eps. */
static void finish_row(const operands *o, size_t n, float mean, float square)
{
    int D = o->columns;
    const float *x = ROW(o->a, n, D);
    float inverse = 1.0f / sqrtf(square / (float)D + o->number);
    float *normalized = ROW(o->out2, n, D);
    o->out3[n] = inverse;
    for (int d = 0; d < D; d++)
        normalized[d] = (x[d] - mean) * inverse;
    if (!o->out)
        return;
    float *y = ROW(o->out, n, D);
    for (int d = 0; d < D; d++)
        y[d] = o->b ? normalized[d] * o->b[d] : normalized[d];
    for (int d = 0; d < D && o->c; d++)
        y[d] += o->c[d];
}

static void layernorm_range(const operands *o, size_t first, size_t end)
{
    int D = o->columns;
    for (size_t n = first; n < end; n++) {
        const float *x = ROW(o->a, n, D);
        float mean = row_sum(x, D) / (float)D, *centred = ROW(o->out2, n, D);
        for (int d = 0; d < D; d++)
            centred[d] = x[d] - mean;
        finish_row(o, n, mean, row_dot(centred, centred, D));
    }
}

static void cpu_layernorm_forward(backend *be, float *y_ND, float *normalized_ND, float *inverse_N,
                                  const float *x_ND, const float *gain_D, const float *bias_D,
                                  int N, int D, float eps)
{
    operands o = {.out = y_ND,
                  .out2 = normalized_ND,
                  .out3 = inverse_N,
                  .a = x_ND,
                  .b = gain_D,
                  .c = bias_D,
                  .number = eps,
                  .columns = D};
    cpu_rows(be, layernorm_range, &o, N, D);
}

static void rmsnorm_range(const operands *o, size_t first, size_t end)
{
    for (size_t n = first; n < end; n++) {
        const float *x = ROW(o->a, n, o->columns);
        finish_row(o, n, 0, row_dot(x, x, o->columns));
    }
}

static void cpu_rmsnorm_forward(backend *be, float *y_ND, float *normalized_ND, float *inverse_N,
                                const float *x_ND, const float *gain_D, int N, int D, float eps)
{
    operands o = {.out = y_ND,
                  .out2 = normalized_ND,
                  .out3 = inverse_N,
                  .a = x_ND,
                  .b = gain_D,
                  .number = eps,
                  .columns = D};
    cpu_rows(be, rmsnorm_range, &o, N, D);
}

/* a: d_y, b: normalized, c: inverse, d: gain; out: d_x. The centring kind needs sum(d_y gain), the
 * other does not; everything else is shared. */
static void backward_row(const operands *o, size_t n, bool centre)
{
    int D = o->columns;
    const float *d_y = ROW(o->a, n, D), *u = ROW(o->b, n, D), *gain = o->d;
    float *d_x = ROW(o->out, n, D), inverse = o->c[n];
    float g_lane[LANES] = {0}, gu_lane[LANES] = {0};
    int d = 0;
    for (; d + LANES <= D; d += LANES) {
        for (int j = 0; j < LANES; j++) {
            float g = d_y[d + j] * (gain ? gain[d + j] : 1.0f);
            g_lane[j] += g;
            gu_lane[j] += g * u[d + j];
        }
    }
    for (int j = 0; d < D; d++, j++) {
        float g = d_y[d] * (gain ? gain[d] : 1.0f);
        g_lane[j] += g;
        gu_lane[j] += g * u[d];
    }
    float mean_g = centre ? lane_total(g_lane) / (float)D : 0;
    float mean_gu = lane_total(gu_lane) / (float)D;
    for (d = 0; d < D; d++) {
        float g = d_y[d] * (gain ? gain[d] : 1.0f);
        d_x[d] += inverse * (g - mean_g - u[d] * mean_gu);
    }
}

static void layernorm_backward_range(const operands *o, size_t first, size_t end)
{
    for (size_t n = first; n < end; n++)
        backward_row(o, n, true);
}

static void rmsnorm_backward_range(const operands *o, size_t first, size_t end)
{
    for (size_t n = first; n < end; n++)
        backward_row(o, n, false);
}

enum { COLUMN_BLOCK = 64 };

/* a: d_y, b: normalized; out: d_gain. */
static void gain_range(const operands *o, size_t first, size_t end)
{
    size_t N = (size_t)o->rows;
    for (size_t start = 0; start < N; start += ROW_CHUNK) {
        float sum[COLUMN_BLOCK] = {0};
        size_t stop = N - start < ROW_CHUNK ? N : start + ROW_CHUNK;
        for (size_t n = start; n < stop; n++) {
            const float *d_y = ROW(o->a, n, o->columns) + first;
            const float *u = ROW(o->b, n, o->columns) + first;
            for (size_t c = 0; c < end - first; c++)
                sum[c] += d_y[c] * u[c];
        }
        for (size_t c = 0; c < end - first; c++)
            o->out[first + c] += sum[c];
    }
}

static void cpu_layernorm_backward(backend *be, float *d_x_ND, float *d_gain_D, float *d_bias_D,
                                   const float *d_y_ND, const float *normalized_ND,
                                   const float *inverse_N, const float *gain_D, int N, int D)
{
    operands o = {
        .out = d_x_ND, .a = d_y_ND, .b = normalized_ND, .c = inverse_N, .d = gain_D, .columns = D};
    cpu_rows(be, layernorm_backward_range, &o, N, D);
    operands gain = {.out = d_gain_D, .a = d_y_ND, .b = normalized_ND, .columns = D, .rows = N};
    if (d_gain_D)
        cpu_for(be, gain_range, &gain, (size_t)D, COLUMN_BLOCK);
    if (d_bias_D)
        be->column_sum(be, d_bias_D, d_y_ND, N, D);
}

static void cpu_rmsnorm_backward(backend *be, float *d_x_ND, float *d_gain_D, const float *d_y_ND,
                                 const float *normalized_ND, const float *inverse_N,
                                 const float *gain_D, int N, int D)
{
    operands o = {
        .out = d_x_ND, .a = d_y_ND, .b = normalized_ND, .c = inverse_N, .d = gain_D, .columns = D};
    cpu_rows(be, rmsnorm_backward_range, &o, N, D);
    operands gain = {.out = d_gain_D, .a = d_y_ND, .b = normalized_ND, .columns = D, .rows = N};
    if (d_gain_D)
        cpu_for(be, gain_range, &gain, (size_t)D, COLUMN_BLOCK);
}

void cpu_install_norm(backend *be)
{
    be->layernorm_forward = cpu_layernorm_forward;
    be->layernorm_backward = cpu_layernorm_backward;
    be->rmsnorm_forward = cpu_rmsnorm_forward;
    be->rmsnorm_backward = cpu_rmsnorm_backward;
}
