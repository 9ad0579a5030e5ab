/* Mean, covariance, its Cholesky factor and the quantile of lengths in whitened coordinates. */
#include "invert/whitening.h"
#include "base/memory.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_ROWS = 1024, SAMPLE = 4096, FACTOR_ROWS = 64 };

static const double QUANTILE = 0.99, RIDGE = 1e-6; /* the ridge in units of the mean variance */

static void measure_mean(whitening *w, const token_table *t)
{
    float *row_D = mem_small((size_t)w->D, sizeof *row_D);
    for (int i = 0; i < t->n; i++) {
        token_table_row(row_D, t, t->ids[i]);
        for (int d = 0; d < w->D; d++)
            w->mean_D[d] += (double)row_D[d] / t->n;
    }
    mem_free(row_D);
}

/* Adds up the products of blocks of centred rows in double. */
static err_code add_products(whitening *w, const token_table *t, float *host_ND, float *host_DD,
                             float *rows_ND, float *product_DD, err *e)
{
    backend *be = w->be;
    int D = w->D;
    size_t cells = (size_t)D * (size_t)D;
    err_code rc = OK;
    for (int first = 0; first < t->n && !rc; first += BLOCK_ROWS) {
        int n = t->n - first < BLOCK_ROWS ? t->n - first : BLOCK_ROWS;
        for (int i = 0; i < n; i++) {
            float *row_D = ROW(host_ND, i, D);
            token_table_row(row_D, t, t->ids[first + i]);
            for (int d = 0; d < D; d++)
                row_D[d] = (float)((double)row_D[d] - w->mean_D[d]);
        }
        be->upload(be, rows_ND, host_ND, (size_t)n * (size_t)D * sizeof(float));
        be->gemm(be, product_DD, D, rows_ND, D, TRANSPOSED, rows_ND, D, PLAIN, D, D, n, 1, 0);
        be->download(be, host_DD, product_DD, cells * sizeof(float));
        rc = backend_sync(be, e);
        for (size_t i = 0; i < cells; i++)
            w->c_DD[i] += (double)host_DD[i] / t->n;
    }
    return rc;
}

static err_code measure_covariance(whitening *w, const token_table *t, err *e)
{
    static const char what[] = "covariance of token embeddings";
    backend *be = w->be;
    size_t D = (size_t)w->D, rows = (size_t)(t->n < BLOCK_ROWS ? t->n : BLOCK_ROWS);
    float *host_ND = mem_array(rows * D, sizeof(float), what, e);
    float *host_DD = mem_array(D * D, sizeof(float), what, e);
    float *rows_ND = be->alloc(be, rows * D, sizeof(float), what, e);
    float *product_DD = be->alloc(be, D * D, sizeof(float), what, e);
    err_code rc = host_ND && host_DD && rows_ND && product_DD
                      ? add_products(w, t, host_ND, host_DD, rows_ND, product_DD, e)
                      : e->code;
    be->free(be, product_DD);
    be->free(be, rows_ND);
    mem_free(host_DD);
    mem_free(host_ND);
    double trace = 0;
    for (size_t d = 0; d < D; d++)
        trace += w->c_DD[d * D + d];
    for (size_t d = 0; d < D; d++)
        w->c_DD[d * D + d] += RIDGE * trace / (double)D;
    return rc;
}

/* A column of the factor for a block of the rows below its diagonal. */
typedef struct factor_task {
    double *c_DD;
    int D, column;
} factor_task;

static void factor_rows(void *context, int block)
{
    const factor_task *t = context;
    int first = t->column + 1 + block * FACTOR_ROWS, end = first + FACTOR_ROWS;
    const double *pivot = ROW(t->c_DD, t->column, t->D);
    for (int i = first; i < end && i < t->D; i++) {
        double *row = ROW(t->c_DD, i, t->D), sum = row[t->column];
        for (int k = 0; k < t->column; k++)
            sum -= row[k] * pivot[k];
        row[t->column] = sum / pivot[t->column];
    }
}

/* Sigma becomes C, column by column; zeros above the diagonal. */
static err_code factorise(whitening *w, err *e)
{
    int D = w->D;
    for (int j = 0; j < D; j++) {
        double *pivot = ROW(w->c_DD, j, D), sum = pivot[j];
        for (int k = 0; k < j; k++)
            sum -= pivot[k] * pivot[k];
        if (!(sum > 0))
            return err_set(e, E_NUMERIC,
                           "the token embeddings have no usable covariance (pivot %d is %g)", j,
                           sum);
        pivot[j] = sqrt(sum);
        for (int k = j + 1; k < D; k++)
            pivot[k] = 0;
        factor_task t = {.c_DD = w->c_DD, .D = D, .column = j};
        pool_run(w->be->pool, (D - j - 2) / FACTOR_ROWS + 1, factor_rows, &t);
    }
    return OK;
}

void whitening_inverse(float *y_D, const whitening *w, const float *x_D)
{
    double *y = mem_small((size_t)w->D, sizeof *y);
    for (int i = 0; i < w->D; i++) {
        const double *row = ROW(w->c_DD, i, w->D);
        double sum = (double)x_D[i] - w->mean_D[i];
        for (int k = 0; k < i; k++)
            sum -= row[k] * y[k];
        y[i] = sum / row[i];
        y_D[i] = (float)y[i];
    }
    mem_free(y);
}

typedef struct radius_task {
    const whitening *w;
    const token_table *table;
    int n;
    double *norm_n;
} radius_task;

static void whitened_norm(void *context, int i)
{
    const radius_task *t = context;
    int D = t->w->D, place = (int)((long)i * t->table->n / t->n);
    float *row_D = mem_small((size_t)D, sizeof *row_D);
    double squares = 0;
    token_table_row(row_D, t->table, t->table->ids[place]);
    whitening_inverse(row_D, t->w, row_D);
    for (int d = 0; d < D; d++)
        squares += (double)row_D[d] * (double)row_D[d];
    t->norm_n[i] = sqrt(squares);
    mem_free(row_D);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure_radius(whitening *w, const token_table *t)
{
    radius_task task = {.w = w, .table = t, .n = t->n < SAMPLE ? t->n : SAMPLE};
    task.norm_n = mem_small((size_t)task.n, sizeof *task.norm_n);
    pool_run(w->be->pool, task.n, whitened_norm, &task);
    qsort(task.norm_n, (size_t)task.n, sizeof *task.norm_n, ascending);
    w->radius = task.norm_n[(int)ceil(QUANTILE * task.n) - 1];
    mem_free(task.norm_n);
}

/* A copy in single precision, in backend memory. */
static err_code place(float **out, backend *be, const double *x, size_t n, err *e)
{
    float *single = mem_array(n, sizeof *single, "whitening", e);
    *out = single ? be->alloc(be, n, sizeof **out, "whitening", e) : NULL;
    err_code rc = *out ? OK : e->code;
    if (!rc) {
        for (size_t i = 0; i < n; i++)
            single[i] = (float)x[i];
        be->upload(be, *out, single, n * sizeof *single);
        rc = backend_sync(be, e);
    }
    mem_free(single);
    return rc;
}

err_code whitening_new(whitening **out, const token_table *t, err *e)
{
    whitening *w = mem_small(1, sizeof *w);
    *w = (whitening){.be = t->be, .D = t->D};
    w->mean_D = mem_small((size_t)w->D, sizeof *w->mean_D);
    w->c_DD = mem_array((size_t)w->D * (size_t)w->D, sizeof *w->c_DD, "whitening", e);
    err_code rc = w->c_DD ? OK : e->code;
    if (!rc) {
        measure_mean(w, t);
        rc = measure_covariance(w, t, e);
    }
    if (!rc)
        rc = factorise(w, e);
    if (!rc)
        rc = place(&w->mean, w->be, w->mean_D, (size_t)w->D, e);
    if (!rc)
        rc = place(&w->c, w->be, w->c_DD, (size_t)w->D * (size_t)w->D, e);
    if (rc) {
        whitening_free(w);
        return rc;
    }
    measure_radius(w, t);
    *out = w;
    return OK;
}

void whitening_free(whitening *w)
{
    if (!w)
        return;
    w->be->free(w->be, w->mean);
    w->be->free(w->be, w->c);
    mem_free(w->c_DD);
    mem_free(w->mean_D);
    mem_free(w);
}

/* ---- rows --------------------------------------------------------------------------------------
 */

void whitening_points(float *x_ND, const whitening *w, const float *y_ND, int N)
{
    backend *be = w->be;
    int D = w->D;
    be->gemm(be, x_ND, D, y_ND, D, PLAIN, w->c, D, TRANSPOSED, N, D, D, 1, 0);
    be->add_bias(be, x_ND, w->mean, N, D);
}

void whitening_gradient(float *d_y_ND, const whitening *w, const float *d_x_ND, int N)
{
    backend *be = w->be;
    int D = w->D;
    be->gemm(be, d_y_ND, D, d_x_ND, D, PLAIN, w->c, D, PLAIN, N, D, D, 1, 0);
}
