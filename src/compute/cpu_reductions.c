/* The cpu backend: sums, maxima and norms. For sums over rows a block owns some columns. */
#include "compute/cpu.h"
#include "compute/install.h"
#include <float.h>
#include <math.h>

enum { COLUMN_BLOCK = 64 };

/* A block owns COLUMN_BLOCK columns and goes down all rows, ROW_CHUNK rows to a partial sum. */
static void column_sum_range(const operands *o, size_t first, size_t end)
{
    size_t N = (size_t)o->rows;
    for (size_t start = 0; start < N; start += ROW_CHUNK) {
        float sum[COLUMN_BLOCK] = {0};
        size_t stop = N - start < ROW_CHUNK ? N : start + ROW_CHUNK;
        for (size_t n = start; n < stop; n++) {
            const float *x = ROW(o->a, n, o->columns) + first;
            for (size_t c = 0; c < end - first; c++)
                sum[c] += x[c];
        }
        for (size_t c = 0; c < end - first; c++)
            o->out[first + c] += sum[c];
    }
}

static void cpu_column_sum(backend *be, float *sum_C, const float *x_NC, int N, int C)
{
    operands o = {.out = sum_C, .a = x_NC, .columns = C, .rows = N};
    cpu_for(be, column_sum_range, &o, (size_t)C, COLUMN_BLOCK);
}

static void column_max_range(const operands *o, size_t first, size_t end)
{
    for (size_t c = first; c < end; c++) {
        o->out[c] = o->a[c];
        o->out_index[c] = 0;
    }
    for (int n = 1; n < o->rows; n++) {
        const float *x = ROW(o->a, n, o->columns);
        for (size_t c = first; c < end; c++) {
            o->out_index[c] = x[c] > o->out[c] ? n : o->out_index[c];
            o->out[c] = x[c] > o->out[c] ? x[c] : o->out[c];
        }
    }
}

static void cpu_column_max(backend *be, float *max_C, int32_t *row_C, const float *x_NC, int N,
                           int C)
{
    operands o = {.out = max_C, .out_index = row_C, .a = x_NC, .columns = C, .rows = N};
    cpu_for(be, column_max_range, &o, (size_t)C, COLUMN_BLOCK);
}

static void row_norms_range(const operands *o, size_t first, size_t end)
{
    for (size_t n = first; n < end; n++) {
        const float *x = ROW(o->a, n, o->columns);
        o->out[n] = sqrtf(row_dot(x, x, o->columns));
    }
}

static void cpu_row_norms(backend *be, float *norm_N, const float *x_NC, int N, int C)
{
    operands o = {.out = norm_N, .a = x_NC, .columns = C};
    cpu_rows(be, row_norms_range, &o, N, C);
}

static void row_dots_range(const operands *o, size_t first, size_t end)
{
    for (size_t n = first; n < end; n++)
        o->out[n] = row_dot(ROW(o->a, n, o->columns), ROW(o->b, n, o->columns), o->columns);
}

static void cpu_row_dots(backend *be, float *dot_N, const float *a_NC, const float *b_NC, int N,
                         int C)
{
    operands o = {.out = dot_N, .a = a_NC, .b = b_NC, .columns = C};
    cpu_rows(be, row_dots_range, &o, N, C);
}

/* Partial sums in double per chunk, merged in their order; the chunks are few enough for one go. */
enum { SUM_CHUNKS = 256, LEAST_CHUNK = 8192 };
typedef enum { OF_VALUES, OF_SQUARES, OF_NONFINITE } summed;
typedef struct sum_job {
    const float *x;
    size_t n, per_chunk;
    summed what;
    double partial[SUM_CHUNKS];
} sum_job;

static inline double term(float x, summed what)
{
    if (what == OF_NONFINITE)
        return fabsf(x) <= FLT_MAX ? 0 : 1;
    return (double)x * (what == OF_SQUARES ? (double)x : 1);
}

static void sum_task(void *context, int index)
{
    sum_job *job = context;
    size_t first = (size_t)index * job->per_chunk;
    size_t end = job->n - first < job->per_chunk ? job->n : first + job->per_chunk;
    double lane[LANES] = {0};
    size_t i = first;
    for (; i + LANES <= end; i += LANES)
        for (int j = 0; j < LANES; j++)
            lane[j] += term(job->x[i + j], job->what);
    for (int j = 0; i < end; i++, j++)
        lane[j] += term(job->x[i], job->what);
    for (int j = 0; j < LANES; j++)
        job->partial[index] += lane[j];
}

static double chunked_sum(backend *be, const float *x, size_t n, summed what)
{
    sum_job job = {.x = x, .n = n, .what = what};
    size_t chunk = n / SUM_CHUNKS + 1;
    job.per_chunk = chunk < LEAST_CHUNK ? LEAST_CHUNK : chunk;
    int n_chunks = (int)((n + job.per_chunk - 1) / job.per_chunk);
    pool_run(be->pool, n_chunks, sum_task, &job);
    double total = 0;
    for (int i = 0; i < n_chunks; i++)
        total += job.partial[i];
    return total;
}

static void cpu_sum_squares(backend *be, double *host_sum, const float *x, size_t n)
{
    *host_sum = chunked_sum(be, x, n, OF_SQUARES);
}

static void cpu_sum(backend *be, double *host_sum, const float *x, size_t n)
{
    *host_sum = chunked_sum(be, x, n, OF_VALUES);
}

static void cpu_count_nonfinite(backend *be, size_t *host_count, const float *x, size_t n)
{
    *host_count = (size_t)chunked_sum(be, x, n, OF_NONFINITE);
}

void cpu_install_reductions(backend *be)
{
    be->column_sum = cpu_column_sum;
    be->column_max = cpu_column_max;
    be->row_norms = cpu_row_norms;
    be->row_dots = cpu_row_dots;
    be->sum_squares = cpu_sum_squares;
    be->sum = cpu_sum;
    be->count_nonfinite = cpu_count_nonfinite;
}
