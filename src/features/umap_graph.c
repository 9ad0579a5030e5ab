/* UMAP's fuzzy neighbour graph. Each row sees its neighbours with strength
 * exp(-max(0, d - rho) / sigma), sigma set so that the strengths sum to log2(n_neighbors); the two
 * views p and q of a pair are joined as p + q - p q. */
#include "base/memory.h"
#include "features/umap_parts.h"
#include <float.h>
#include <math.h>
#include <string.h>

enum { BISECTIONS = 64, ROWS_PER_TASK = 256 };
#define SUM_TOLERANCE 1e-5
#define SIGMA_MIN 1e-3 /* of the mean distance */

static double strength_sum(const double *distance_K, int k, double rho, double sigma)
{
    double sum = 0;
    for (int j = 0; j < k; j++)
        sum += distance_K[j] > rho ? exp(-(distance_K[j] - rho) / sigma) : 1;
    return sum;
}

static double find_sigma(const double *distance_K, int k, double rho)
{
    double low = 0, high = HUGE_VAL, sigma = 1, target = log2(k + 1);
    for (int i = 0; i < BISECTIONS; i++) {
        double sum = strength_sum(distance_K, k, rho, sigma);
        if (fabs(sum - target) < SUM_TOLERANCE)
            break;
        if (sum > target)
            high = sigma;
        else
            low = sigma;
        sigma = isinf(high) ? sigma * 2 : (low + high) / 2;
    }
    return sigma;
}

typedef struct width_task {
    double *sigma_N, *rho_N, mean_all;
    const neighbours *near;
} width_task;

/* umap-learn's n_neighbors counts the row itself, at distance 0; so do its means. */
static void measure_rows(void *context, int first, int end)
{
    const width_task *t = context;
    int k = t->near->k;
    for (int i = first; i < end; i++) {
        const double *distance_K = ROW(t->near->distance_NK, i, k);
        double sum = 0, rho = 0;
        for (int j = 0; j < k; j++) {
            sum += distance_K[j];
            if (distance_K[j] > 0 && !(rho > 0))
                rho = distance_K[j];
        }
        double mean = rho > 0 ? sum / (k + 1) : t->mean_all;
        t->rho_N[i] = rho;
        t->sigma_N[i] = fmax(find_sigma(distance_K, k, rho), SIGMA_MIN * mean);
    }
}

static void measure(double *sigma_N, double *rho_N, const neighbours *near, pool *workers)
{
    double total = 0;
    for (size_t i = 0; i < (size_t)near->n * (size_t)near->k; i++)
        total += near->distance_NK[i];
    width_task t = {sigma_N, rho_N, total / near->n / (near->k + 1), near};
    pool_share(workers, near->n, ROWS_PER_TASK, measure_rows, &t);
}

/* Directed strengths, each row's columns rising. */
static void fill_directed(umap_graph *g, const neighbours *near, const double *sigma_N,
                          const double *rho_N)
{
    int filled = 0;
    for (int i = 0; i < near->n; i++) {
        g->start[i] = filled;
        for (int s = 0; s < near->k; s++) {
            int column = ROW(near->index_NK, i, near->k)[s], at;
            double beyond = ROW(near->distance_NK, i, near->k)[s] - rho_N[i];
            double strength = beyond <= 0 || !(sigma_N[i] > 0) ? 1 : exp(-beyond / sigma_N[i]);
            if (!((float)strength > 0))
                continue;
            for (at = filled++; at > g->start[i] && g->column[at - 1] > column; at--) {
                g->column[at] = g->column[at - 1];
                g->weight[at] = g->weight[at - 1];
            }
            g->column[at] = column;
            g->weight[at] = (float)strength;
        }
    }
    g->start[near->n] = filled;
}

/* Entries in column order, which leaves each row of the transpose rising too. */
static void transpose(umap_graph *out, const umap_graph *g)
{
    int entries = g->start[g->n];
    memset(out->start, 0, ((size_t)g->n + 1) * sizeof *out->start);
    for (int i = 0; i < entries; i++)
        out->start[g->column[i] + 1]++;
    for (int i = 0; i < g->n; i++)
        out->start[i + 1] += out->start[i];
    for (int row = 0; row < g->n; row++)
        for (int i = g->start[row]; i < g->start[row + 1]; i++) {
            int at = out->start[g->column[i]]++;
            out->column[at] = row;
            out->weight[at] = g->weight[i];
        }
    memmove(out->start + 1, out->start, (size_t)g->n * sizeof *out->start);
    out->start[0] = 0;
}

static void join(umap_graph *out, const umap_graph *p, const umap_graph *q)
{
    int filled = 0;
    for (int row = 0; row < p->n; row++) {
        int i = p->start[row], j = q->start[row];
        out->start[row] = filled;
        while (i < p->start[row + 1] || j < q->start[row + 1]) {
            int left = i < p->start[row + 1] ? p->column[i] : p->n;
            int right = j < q->start[row + 1] ? q->column[j] : q->n;
            float a = left <= right ? p->weight[i++] : 0, b = right <= left ? q->weight[j++] : 0;
            out->column[filled] = left < right ? left : right;
            out->weight[filled++] = a + b - a * b;
        }
    }
    out->start[p->n] = filled;
}

static err_code graph_init(umap_graph *g, int n, size_t entries, err *e)
{
    *g = (umap_graph){.n = n};
    (void)((g->start = mem_array((size_t)n + 1, sizeof *g->start, "neighbour graph", e)) &&
           (g->column = mem_array(entries, sizeof *g->column, "neighbour graph", e)) &&
           (g->weight = mem_array(entries, sizeof *g->weight, "neighbour graph", e)));
    return g->weight ? OK : e->code;
}

err_code umap_graph_build(umap_graph *out, double *sigma_N, double *rho_N, const neighbours *near,
                          pool *workers, err *e)
{
    size_t entries = (size_t)near->n * (size_t)near->k;
    umap_graph directed = {0}, reversed = {0};
    *out = (umap_graph){0};
    if (entries > INT32_MAX / 2)
        return err_set(e, E_MEMORY,
                       "umap: %d rows with %d neighbours each are too many; lower "
                       "n_neighbors",
                       near->n, near->k);
    double *sigma = mem_array((size_t)near->n * 2, sizeof *sigma, "neighbourhood widths", e);
    err_code code = sigma ? graph_init(&directed, near->n, entries, e) : e->code;
    if (!code)
        code = graph_init(&reversed, near->n, entries, e);
    if (!code)
        code = graph_init(out, near->n, 2 * entries, e);
    if (!code) {
        double *rho = sigma + near->n;
        measure(sigma, rho, near, workers);
        fill_directed(&directed, near, sigma, rho);
        transpose(&reversed, &directed);
        join(out, &directed, &reversed);
        if (sigma_N)
            memcpy(sigma_N, sigma, (size_t)near->n * sizeof *sigma_N);
        if (rho_N)
            memcpy(rho_N, rho, (size_t)near->n * sizeof *rho_N);
    } else {
        umap_graph_release(out);
    }
    umap_graph_release(&directed);
    umap_graph_release(&reversed);
    mem_free(sigma);
    return code;
}

void umap_graph_prune(umap_graph *g, int n_epochs)
{
    float largest = 0;
    for (int i = 0; i < g->start[g->n]; i++)
        largest = g->weight[i] > largest ? g->weight[i] : largest;
    int filled = 0;
    for (int row = 0, i = 0; row < g->n; row++) {
        int end = g->start[row + 1];
        g->start[row] = filled;
        for (; i < end; i++)
            if (g->weight[i] >= largest / (float)n_epochs) {
                g->column[filled] = g->column[i];
                g->weight[filled++] = g->weight[i];
            }
    }
    g->start[g->n] = filled;
}

void umap_graph_release(umap_graph *g)
{
    mem_free(g->start);
    mem_free(g->column);
    mem_free(g->weight);
    *g = (umap_graph){0};
}
