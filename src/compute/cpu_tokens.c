/* The cpu backend: embedding rows, the loss, the optimiser. */
#include "compute/cpu.h"
#include "compute/element.h"
#include "compute/install.h"
#include <math.h>
#include <string.h>

static void gather_rows_range(const operands *o, size_t first, size_t end)
{
    size_t D = (size_t)o->columns, row_size = D * number_size(o->type);
    for (size_t n = first; n < end; n++)
        if (o->index[n] >= 0)
            cpu_scaled_copy(ROW(o->out, n, D), ROW((const char *)o->stored, o->index[n], row_size),
                            o->type, o->number, D);
}

static void cpu_gather_rows(backend *be, float *x_ND, const void *table_VD, number_type type,
                            const int32_t *ids_N, float scale, int N, int V, int D)
{
    (void)V;
    operands o = {.out = x_ND,
                  .stored = table_VD,
                  .type = type,
                  .index = ids_N,
                  .number = scale,
                  .columns = D};
    cpu_rows(be, gather_rows_range, &o, N, D);
}

/* A block owns some of the table's columns and adds the rows in their order. */
static void scatter_range(const operands *o, size_t first, size_t end)
{
    for (int n = 0; n < o->rows; n++) {
        if (o->index[n] < 0)
            continue;
        float *to = ROW(o->out, o->index[n], o->columns);
        const float *x = ROW(o->a, n, o->columns);
        for (size_t d = first; d < end; d++)
            to[d] += o->number * x[d];
    }
}

static void cpu_scatter_add_rows(backend *be, float *table_VD, const float *x_ND,
                                 const int32_t *ids_N, float scale, int N, int V, int D)
{
    enum { COLUMN_BLOCK = 32 };
    (void)V;
    operands o = {
        .out = table_VD, .a = x_ND, .index = ids_N, .number = scale, .rows = N, .columns = D};
    cpu_for(be, scatter_range, &o, (size_t)D, COLUMN_BLOCK);
}

static float exp_sum(const float *x, float minus, int n)
{
    float lane[LANES] = {0};
    int i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int j = 0; j < LANES; j++)
            lane[j] += fast_exp(x[i + j] - minus);
    for (int j = 0; i < n; i++, j++)
        lane[j] += fast_exp(x[i] - minus);
    return lane_total(lane);
}

/* a: logits, index: targets; out: loss, out2: gradient or NULL. */
static void cross_entropy_range(const operands *o, size_t first, size_t end)
{
    int V = o->columns;
    for (size_t n = first; n < end; n++) {
        const float *x = ROW(o->a, n, V);
        int target = o->index[n];
        float scale = target < 0 ? 0 : o->number, largest = row_max(x, V);
        float log_sum = largest + logf(exp_sum(x, largest, V));
        o->out[n] = target < 0 ? 0 : log_sum - x[target];
        if (!o->out2)
            continue;
        float *d = ROW(o->out2, n, V);
        for (int v = 0; v < V; v++)
            d[v] = scale * fast_exp(x[v] - log_sum);
        if (target >= 0)
            d[target] -= scale;
    }
}

static void cpu_cross_entropy(backend *be, float *loss_N, float *d_logits_NV,
                              const float *logits_NV, const int32_t *targets_N, float scale, int N,
                              int V)
{
    operands o = {.out = loss_N,
                  .out2 = d_logits_NV,
                  .a = logits_NV,
                  .index = targets_N,
                  .number = scale,
                  .columns = V};
    cpu_rows(be, cross_entropy_range, &o, N, V);
}

typedef struct adamw_job {
    float *value, *first, *second;
    const float *gradient;
    adamw_constants c;
    size_t n;
} adamw_job;

enum { ADAMW_BLOCK = 16384 };

static void adamw_task(void *context, int index)
{
    const adamw_job *job = context;
    adamw_constants c = job->c;
    size_t start = (size_t)index * ADAMW_BLOCK;
    size_t n = job->n - start < ADAMW_BLOCK ? job->n - start : ADAMW_BLOCK;
    float *restrict value = job->value + start, *restrict first = job->first + start;
    float *restrict second = job->second + start;
    const float *restrict gradient = job->gradient + start;
    for (size_t i = 0; i < n; i++)
        adamw_element(&value[i], &first[i], &second[i], gradient[i], &c);
}

static void cpu_adamw(backend *be, float *value, const float *gradient, float *first, float *second,
                      size_t n, const adamw_settings *s)
{
    adamw_job job = {.value = value,
                     .first = first,
                     .second = second,
                     .gradient = gradient,
                     .c = adamw_constants_of(s),
                     .n = n};
    pool_run(be->pool, (int)((n + ADAMW_BLOCK - 1) / ADAMW_BLOCK), adamw_task, &job);
}

void cpu_install_tokens(backend *be)
{
    be->gather_rows = cpu_gather_rows;
    be->scatter_add_rows = cpu_scatter_add_rows;
    be->cross_entropy = cpu_cross_entropy;
    be->adamw = cpu_adamw;
}
