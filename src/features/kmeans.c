/* Lloyd's algorithm. Rows are assigned in row blocks; centres are summed in column blocks, each
 * over all rows in order, so that no sum depends on how work was shared. */
#include "features/kmeans.h"
#include "base/memory.h"
#include "base/progress.h"
#include "features/distance.h"
#include "features/labels.h"
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { ROWS_PER_TASK = 64, COLUMNS_PER_TASK = 32 };

kmeans_options kmeans_defaults(void)
{
    return (kmeans_options){
        .n_clusters = 8, .n_init = 10, .max_iterations = 300, .tolerance = 1e-4};
}

/* One descent's state. */
typedef struct lloyd {
    const float *x_ND;
    int n, d, c;
    int *label_N, *before_N;
    double *square_N; /* to the own centre */
    double *centre_CD, *next_CD;
    int *size_C;
    double inertia;
    int iterations;
} lloyd;

static void lloyd_release(lloyd *s)
{
    mem_free(s->label_N);
    mem_free(s->before_N);
    mem_free(s->square_N);
    mem_free(s->centre_CD);
    mem_free(s->next_CD);
    mem_free(s->size_C);
}

static err_code lloyd_init(lloyd *s, const float *x_ND, int n, int d, int n_clusters, err *e)
{
    size_t rows = (size_t)n, cells = (size_t)n_clusters * (size_t)d;
    *s = (lloyd){.x_ND = x_ND, .n = n, .d = d, .c = n_clusters};
    (void)((s->label_N = mem_array(rows, sizeof *s->label_N, "cluster labels", e)) &&
           (s->before_N = mem_array(rows, sizeof *s->before_N, "cluster labels", e)) &&
           (s->square_N = mem_array(rows, sizeof *s->square_N, "centre distances", e)) &&
           (s->centre_CD = mem_array(cells, sizeof *s->centre_CD, "cluster centres", e)) &&
           (s->next_CD = mem_array(cells, sizeof *s->next_CD, "cluster centres", e)) &&
           (s->size_C = mem_array((size_t)n_clusters, sizeof *s->size_C, "cluster sizes", e)));
    return s->size_C ? OK : e->code;
}

static void assign_rows(void *context, int from, int to)
{
    lloyd *s = context;
    for (int i = from; i < to; i++) {
        s->square_N[i] = HUGE_VAL;
        for (int c = 0; c < s->c; c++) {
            double square =
                square_distance_to(ROW(s->centre_CD, c, s->d), ROW(s->x_ND, i, s->d), s->d);
            if (square < s->square_N[i]) {
                s->square_N[i] = square;
                s->label_N[i] = c;
            }
        }
    }
}

static void sum_columns(void *context, int from, int to)
{
    lloyd *s = context;
    for (int c = 0; c < s->c; c++)
        memset(ROW(s->next_CD, c, s->d) + from, 0, (size_t)(to - from) * sizeof *s->next_CD);
    for (int i = 0; i < s->n; i++) {
        double *sum_D = ROW(s->next_CD, s->label_N[i], s->d);
        const float *x_D = ROW(s->x_ND, i, s->d);
        for (int j = from; j < to; j++)
            sum_D[j] += (double)x_D[j];
    }
}

static int farthest_row(const lloyd *s, const bool *taken_N)
{
    int farthest = -1;
    for (int i = 0; i < s->n; i++)
        if (!taken_N[i] && (farthest < 0 || s->square_N[i] > s->square_N[farthest]))
            farthest = i;
    return farthest;
}

/* An empty cluster takes over the row farthest from its centre, the next one the next farthest. */
static void fill_empty_clusters(lloyd *s)
{
    bool *taken_N = mem_small((size_t)s->n, sizeof *taken_N);
    for (int c = 0; c < s->c; c++) {
        if (s->size_C[c] > 0)
            continue;
        int row = farthest_row(s, taken_N);
        if (row < 0 || !(s->square_N[row] > 0))
            break; /* fewer distinct rows than clusters: moving equal rows gains nothing */
        taken_N[row] = true;
        int old = s->label_N[row];
        for (int j = 0; j < s->d; j++) {
            double x = (double)ROW(s->x_ND, row, s->d)[j];
            ROW(s->next_CD, old, s->d)[j] -= x;
            ROW(s->next_CD, c, s->d)[j] = x;
        }
        s->size_C[c] = 1;
        s->size_C[old]--;
    }
    mem_free(taken_N);
}

/* Turns sums into means; returns the summed squared shift. A cluster still empty goes where the
 * largest one is. */
static double move_centres(lloyd *s)
{
    int largest = 0;
    double shift = 0;
    for (int c = 1; c < s->c; c++)
        largest = s->size_C[c] > s->size_C[largest] ? c : largest;
    for (int c = 0; c < s->c; c++)
        for (int j = 0; j < s->d && s->size_C[c] > 0; j++)
            ROW(s->next_CD, c, s->d)[j] /= s->size_C[c];
    for (int c = 0; c < s->c; c++)
        for (int j = 0; j < s->d; j++) {
            double *next = ROW(s->next_CD, c, s->d) + j;
            if (s->size_C[c] <= 0)
                *next = ROW(s->next_CD, largest, s->d)[j];
            double moved = *next - ROW(s->centre_CD, c, s->d)[j];
            shift += moved * moved;
        }
    double *old = s->centre_CD;
    s->centre_CD = s->next_CD;
    s->next_CD = old;
    return shift;
}

static void assign(lloyd *s, pool *workers)
{
    pool_share(workers, s->n, ROWS_PER_TASK, assign_rows, s);
}

static double update_centres(lloyd *s, pool *workers)
{
    pool_share(workers, s->d, COLUMNS_PER_TASK, sum_columns, s);
    memset(s->size_C, 0, (size_t)s->c * sizeof *s->size_C);
    for (int i = 0; i < s->n; i++)
        s->size_C[s->label_N[i]]++;
    fill_empty_clusters(s);
    return move_centres(s);
}

/* Mean over columns of their variance: what `tolerance` is relative to. */
static double mean_variance(const float *x_ND, int n, int d)
{
    double sum = 0;
    for (int j = 0; j < d; j++) {
        double mean = 0, squares = 0;
        for (int i = 0; i < n; i++)
            mean += (double)ROW(x_ND, i, d)[j];
        mean /= n;
        for (int i = 0; i < n; i++) {
            double off = (double)ROW(x_ND, i, d)[j] - mean;
            squares += off * off;
        }
        sum += squares / n;
    }
    return sum / d;
}

/* From s->centre_CD to a fixed point. */
static err_code descend(lloyd *s, int max_iterations, double shift_limit, pool *workers, err *e)
{
    bool settled = false;
    for (int i = 0; i < s->n; i++)
        s->before_N[i] = LABEL_NOISE;
    while (s->iterations < max_iterations) {
        if (cancel_check(e))
            return e->code;
        assign(s, workers);
        double shift = update_centres(s, workers);
        s->iterations++;
        settled = memcmp(s->label_N, s->before_N, (size_t)s->n * sizeof *s->label_N) == 0;
        if (settled || shift <= shift_limit)
            break;
        memcpy(s->before_N, s->label_N, (size_t)s->n * sizeof *s->label_N);
    }
    if (!settled)
        assign(s, workers); /* the labels belong to the centres as they now are */
    s->inertia = 0;
    for (int i = 0; i < s->n; i++)
        s->inertia +=
            square_distance_to(ROW(s->centre_CD, s->label_N[i], s->d), ROW(s->x_ND, i, s->d), s->d);
    return OK;
}

/* Takes labels and centres over into the result, clusters ordered by their smallest row. */
static void hand_over(kmeans_result *out, lloyd *s)
{
    int filled = 0;
    out->iterations = s->iterations;
    out->inertia = s->inertia;
    memcpy(s->before_N, s->label_N, (size_t)s->n * sizeof *s->label_N);
    out->n_clusters = labels_renumber(s->label_N, s->n);
    for (int i = 0; i < s->n; i++)
        if (s->label_N[i] == filled) {
            memcpy(ROW(s->next_CD, filled, s->d), ROW(s->centre_CD, s->before_N[i], s->d),
                   (size_t)s->d * sizeof *s->next_CD);
            filled++;
        }
    mem_free(out->label_N);
    mem_free(out->centre_CD);
    out->label_N = s->label_N;
    out->centre_CD = s->next_CD;
    s->label_N = NULL;
    s->next_CD = NULL;
}

static err_code check_input(const float *x_ND, int n, int d, const kmeans_options *o, err *e)
{
    if (o->n_clusters < 1 || o->n_init < 1 || o->max_iterations < 1 || !(o->tolerance >= 0))
        return err_set(e, E_CONFIG,
                       "k-means: n_clusters %d, n_init %d, max_iterations %d and "
                       "tolerance %g; the first three must be at least 1, the last 0 or more",
                       o->n_clusters, o->n_init, o->max_iterations, o->tolerance);
    points p;
    if (points_init(&p, x_ND, n, d, METRIC_EUCLIDEAN, "k-means", e))
        return e->code;
    points_release(&p);
    if (o->n_clusters > n)
        return err_set(e, E_DATA, "k-means: %d clusters asked for, but there are only %d rows",
                       o->n_clusters, n);
    return OK;
}

err_code kmeans_from(kmeans_result *out, const float *x_ND, const double *start_CD, int n, int d,
                     const kmeans_options *options, pool *workers, err *e)
{
    *out = (kmeans_result){.n = n, .d = d};
    if (check_input(x_ND, n, d, options, e))
        return e->code;
    lloyd s;
    double limit = options->tolerance * mean_variance(x_ND, n, d);
    err_code code = lloyd_init(&s, x_ND, n, d, options->n_clusters, e);
    if (!code) {
        memcpy(s.centre_CD, start_CD, (size_t)s.c * (size_t)d * sizeof *start_CD);
        code = descend(&s, options->max_iterations, limit, workers, e);
    }
    if (!code)
        hand_over(out, &s);
    lloyd_release(&s);
    return code;
}

/* One restart; replaces `out` when its inertia is lower. */
static err_code restart(kmeans_result *out, const float *x_ND, int n, int d, double limit,
                        const kmeans_options *o, rng *random, pool *workers, err *e)
{
    lloyd s;
    err_code code = lloyd_init(&s, x_ND, n, d, o->n_clusters, e);
    if (!code)
        code = kmeans_seed(s.centre_CD, x_ND, n, d, o->n_clusters, random, workers, e);
    if (!code)
        code = descend(&s, o->max_iterations, limit, workers, e);
    if (!code && (!out->label_N || s.inertia < out->inertia))
        hand_over(out, &s);
    lloyd_release(&s);
    return code;
}

err_code kmeans_cluster(kmeans_result *out, const float *x_ND, int n, int d,
                        const kmeans_options *options, pool *workers, err *e)
{
    *out = (kmeans_result){.n = n, .d = d};
    if (check_input(x_ND, n, d, options, e))
        return e->code;
    double limit = options->tolerance * mean_variance(x_ND, n, d);
    rng stream = rng_stream(options->seed, "kmeans");
    for (int i = 0; i < options->n_init; i++) {
        rng random = rng_split(&stream, (uint64_t)i);
        if (restart(out, x_ND, n, d, limit, options, &random, workers, e)) {
            kmeans_release(out);
            return e->code;
        }
    }
    return OK;
}

void kmeans_release(kmeans_result *r)
{
    mem_free(r->label_N);
    mem_free(r->centre_CD);
    *r = (kmeans_result){0};
}
