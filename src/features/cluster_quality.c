/* Silhouette, trustworthiness, neighbour overlap, noise share and adjusted Rand index. */
#include "features/cluster_quality.h"
#include "base/memory.h"
#include "base/partition.h"
#include "features/labels.h"
#include "features/neighbours.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int count_clusters(const int *label_N, int n)
{
    int highest = LABEL_NOISE;
    for (int i = 0; i < n; i++)
        highest = label_N[i] > highest ? label_N[i] : highest;
    return highest + 1;
}

typedef struct silhouettes {
    int n;
    const int *label_LN;
    int n_labellings, widest; /* widest: the most clusters of any labelling */
    int *size_LC;
    double *value_LN;
} silhouettes;

static double silhouette_of(const double *sum_C, const int *size_C, int own, int n_clusters)
{
    if (size_C[own] < 2)
        return 0;
    double a = sum_C[own] / (size_C[own] - 1), b = HUGE_VAL;
    for (int c = 0; c < n_clusters; c++)
        if (c != own && size_C[c] > 0)
            b = fmin(b, sum_C[c] / size_C[c]);
    double larger = fmax(a, b);
    return larger > 0 ? (b - a) / larger : 0;
}

static void silhouette_row(void *context, int i, const double *distance_N)
{
    const silhouettes *s = context;
    double *sum_C = mem_small((size_t)s->widest, sizeof *sum_C);
    for (int l = 0; l < s->n_labellings; l++) {
        const int *label_N = ROW(s->label_LN, l, s->n);
        double *value = ROW(s->value_LN, l, s->n) + i;
        *value = (double)NAN;
        if (label_N[i] < 0)
            continue;
        memset(sum_C, 0, (size_t)s->widest * sizeof *sum_C);
        for (int j = 0; j < s->n; j++)
            if (label_N[j] >= 0)
                sum_C[label_N[j]] += distance_N[j];
        *value = silhouette_of(sum_C, ROW(s->size_LC, l, s->widest), label_N[i], s->widest);
    }
    mem_free(sum_C);
}

static double mean_of_labelling(const silhouettes *s, int l)
{
    const int *size_C = ROW(s->size_LC, l, s->widest);
    const double *value_N = ROW(s->value_LN, l, s->n);
    int n_clusters = 0, counted = 0;
    for (int c = 0; c < s->widest; c++)
        n_clusters += size_C[c] > 0;
    double sum = 0;
    for (int i = 0; i < s->n; i++)
        if (!isnan(value_N[i])) {
            sum += value_N[i];
            counted++;
        }
    return n_clusters < 2 ? (double)NAN : sum / counted;
}

/* value_LN and mean_L are written. */
static err_code compute_silhouettes(double *mean_L, double *value_LN, const points *p,
                                    const int *label_LN, int n_labellings, pool *workers, err *e)
{
    silhouettes s = {
        .n = p->n, .label_LN = label_LN, .n_labellings = n_labellings, .value_LN = value_LN};
    s.widest = count_clusters(label_LN, n_labellings * p->n);
    size_t sizes = (size_t)n_labellings * (size_t)s.widest;
    s.size_LC = mem_array(sizes, sizeof *s.size_LC, "cluster sizes", e);
    if (!s.size_LC)
        return e->code;
    for (int l = 0; l < n_labellings; l++)
        for (int i = 0; i < p->n; i++)
            if (ROW(label_LN, l, p->n)[i] >= 0)
                ROW(s.size_LC, l, s.widest)[ROW(label_LN, l, p->n)[i]]++;
    err_code code = points_each_row(p, silhouette_row, &s, workers, e);
    for (int l = 0; !code && l < n_labellings; l++)
        mean_L[l] = mean_of_labelling(&s, l);
    mem_free(s.size_LC);
    return code;
}

err_code silhouette_many(double *mean_L, const points *p, const int *label_LN, int n_labellings,
                         pool *workers, err *e)
{
    size_t entries = (size_t)n_labellings * (size_t)p->n;
    double *value_LN = mem_array(entries, sizeof *value_LN, "silhouettes", e);
    if (!value_LN)
        return e->code;
    err_code code = compute_silhouettes(mean_L, value_LN, p, label_LN, n_labellings, workers, e);
    mem_free(value_LN);
    return code;
}

err_code silhouette(double *mean, double *silhouette_N, const float *x_ND, const int *label_N,
                    int n, int d, metric m, pool *workers, err *e)
{
    points p;
    if (points_init(&p, x_ND, n, d, m, "silhouette", e))
        return e->code;
    err_code code;
    if (silhouette_N) {
        code = compute_silhouettes(mean, silhouette_N, &p, label_N, 1, workers, e);
        for (int i = 0; !code && isnan(*mean) && i < n; i++)
            silhouette_N[i] = (double)NAN;
    } else {
        code = silhouette_many(mean, &p, label_N, 1, workers, e);
    }
    points_release(&p);
    return code;
}

typedef struct trust {
    const neighbours *map;
    double *penalty_N;
} trust;

/* How far down the ranking of the data the row's neighbours on the map stand. */
static void trust_row(void *context, int i, const double *distance_N)
{
    const trust *t = context;
    int n = t->map->n, k = t->map->k;
    for (int s = 0; s < k; s++) {
        int other = ROW(t->map->index_NK, i, k)[s], rank = 1;
        for (int j = 0; j < n; j++)
            rank += distance_N[j] < distance_N[other] ||
                    (distance_N[j] == distance_N[other] && j < other);
        rank -= distance_N[i] < distance_N[other] || i < other; /* the row itself, at 0 */
        t->penalty_N[i] += rank > k ? rank - k : 0;
    }
}

static err_code trust_of_map(double *out, const points *p, const neighbours *map, pool *workers,
                             err *e)
{
    trust t = {.map = map};
    t.penalty_N = mem_array((size_t)p->n, sizeof *t.penalty_N, "ranks", e);
    if (!t.penalty_N)
        return e->code;
    err_code code = points_each_row(p, trust_row, &t, workers, e);
    double sum = 0, n = p->n, k = map->k;
    for (int i = 0; i < p->n; i++)
        sum += t.penalty_N[i];
    *out = 1 - 2 / (n * k * (2 * n - 3 * k - 1)) * sum;
    mem_free(t.penalty_N);
    return code;
}

err_code trustworthiness(double *out, const float *x_ND, const float *y_NE, int n, int d, int n_map,
                         metric m, int k, pool *workers, err *e)
{
    if (n < 3)
        return err_set(e, E_DATA, "trustworthiness: %d rows; it needs at least 3", n);
    if (k < 1)
        return err_set(e, E_CONFIG, "trustworthiness: %d neighbours; it needs at least 1", k);
    k = k > (n - 1) / 2 ? (n - 1) / 2 : k;
    points p = {0};
    neighbours map = {0};
    err_code code = points_init(&p, x_ND, n, d, m, "trustworthiness", e);
    if (!code)
        code = neighbours_of_rows(&map, y_NE, n, n_map, METRIC_EUCLIDEAN, k, workers, e);
    if (!code)
        code = trust_of_map(out, &p, &map, workers, e);
    neighbours_release(&map);
    points_release(&p);
    return code;
}

err_code neighbour_overlap(double *out, const float *x_ND, const float *y_NE, int n, int d,
                           int n_map, metric m, int k, pool *workers, err *e)
{
    if (k < 1)
        return err_set(e, E_SHAPE, "neighbour overlap: %d neighbours; it needs at least 1", k);
    neighbours x = {0}, y = {0};
    err_code code = neighbours_of_rows(&x, x_ND, n, d, m, k, workers, e);
    if (!code)
        code = neighbours_of_rows(&y, y_NE, n, n_map, METRIC_EUCLIDEAN, k, workers, e);
    if (!code) {
        long shared = 0;
        for (int i = 0; i < n; i++)
            for (int s = 0; s < k; s++)
                for (int t = 0; t < k; t++)
                    shared += ROW(x.index_NK, i, k)[s] == ROW(y.index_NK, i, k)[t];
        *out = (double)shared / ((double)n * k);
    }
    neighbours_release(&x);
    neighbours_release(&y);
    return code;
}

double noise_share(const int *label_N, int n)
{
    return n > 0 ? (double)labels_noise(label_N, n) / n : 0;
}

double adjusted_rand(const int *a_N, const int *b_N, int n)
{
    if (n < 2)
        return 1;
    arena memory = {0};
    int *classes_2N = arena_push(&memory, 2 * (size_t)n, sizeof *classes_2N), n_cells;
    for (int i = 0; i < n; i++) { /* classes from 0 on, noise the first */
        classes_2N[i] = a_N[i] - LABEL_NOISE;
        classes_2N[n + i] = b_N[i] - LABEL_NOISE;
    }
    partition_cell *cells = partition_cells(&n_cells, classes_2N, classes_2N + n, n, &memory);
    double index = partition_rand_index(cells, n_cells);
    arena_release(&memory);
    return index;
}
