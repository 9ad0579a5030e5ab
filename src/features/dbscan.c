/* DBSCAN read off a density tree at any eps. */
#include "features/dbscan.h"
#include "base/memory.h"
#include "base/sort.h"
#include "features/cluster_quality.h"
#include "features/labels.h"
#include <math.h>
#include <stdbool.h>

dbscan_options dbscan_defaults(void)
{
    return (dbscan_options){.min_samples = 5, .metric = METRIC_EUCLIDEAN};
}

static int find_root(int *above, int i)
{
    while (above[i] != i) {
        above[i] = above[above[i]];
        i = above[i];
    }
    return i;
}

/* The smaller row becomes the root, so a root is its cluster's first core row. */
static void join(int *above, int a, int b)
{
    a = find_root(above, a);
    b = find_root(above, b);
    above[a > b ? a : b] = a > b ? b : a;
}

/* min_samples counts the row itself, so the tree was built with k = min_samples - 1; when there are
 * not even that many other rows (`dense` false), no row is core. */
static int label_at(int *label_N, int *above, const density_tree *t, double eps, bool dense)
{
    for (int i = 0; i < t->n; i++)
        above[i] = i;
    for (int i = 0; dense && i < t->n - 1 && t->edges[i].distance <= eps; i++)
        join(above, t->edges[i].a, t->edges[i].b);
    for (int i = 0; i < t->n; i++)
        label_N[i] = dense && t->core_N[i] <= eps ? find_root(above, i) : LABEL_NOISE;
    for (int i = 0; dense && i < t->n; i++) {
        if (t->core_N[i] <= eps)
            continue;
        const int *near = ROW(t->near.index_NK, i, t->near.k);
        const double *distance = ROW(t->near.distance_NK, i, t->near.k);
        int first = t->n;
        for (int j = 0; j < t->near.k && distance[j] <= eps; j++)
            if (t->core_N[near[j]] <= eps && label_N[near[j]] < first)
                first = label_N[near[j]];
        label_N[i] = first < t->n ? first : LABEL_NOISE;
    }
    return labels_renumber(label_N, t->n);
}

/* Memory, checked rows and the density tree that both public functions start from. */
typedef struct session {
    points p;
    density_tree tree;
    int *above;
    bool dense;
} session;

static void session_close(session *s)
{
    density_release(&s->tree);
    points_release(&s->p);
    mem_free(s->above);
}

static err_code session_open(session *s, dbscan_result *out, const float *x_ND, int n, int d,
                             const dbscan_options *o, pool *workers, err *e)
{
    if (o->min_samples < 1)
        return err_set(e, E_CONFIG, "dbscan: min_samples is %d; it must be at least 1",
                       o->min_samples);
    if (points_init(&s->p, x_ND, n, d, o->metric, "dbscan", e))
        return e->code;
    s->dense = o->min_samples <= n;
    s->above = mem_array((size_t)n, sizeof *s->above, "cluster forest", e);
    out->label_N = s->above ? mem_array((size_t)n, sizeof(int), "cluster labels", e) : NULL;
    if (!out->label_N)
        return e->code;
    return density_build(&s->tree, &s->p, s->dense ? o->min_samples - 1 : 0, workers, e);
}

err_code dbscan_cluster(dbscan_result *out, const float *x_ND, int n, int d,
                        const dbscan_options *options, pool *workers, err *e)
{
    *out = (dbscan_result){.n = n};
    if (!(options->eps > 0))
        return err_set(e, E_CONFIG, "dbscan: eps is %g; it must be a distance above 0",
                       options->eps);
    session s = {0};
    err_code code = session_open(&s, out, x_ND, n, d, options, workers, e);
    if (!code)
        out->n_clusters = label_at(out->label_N, s.above, &s.tree, options->eps, s.dense);
    session_close(&s);
    if (code)
        dbscan_release(out);
    return code;
}

void dbscan_release(dbscan_result *r)
{
    mem_free(r->label_N);
    *r = (dbscan_result){0};
}

/* Fills the search's eps values from the sorted k-distances. */
static void choose_trials(dbscan_search *search, const double *sorted_N, int n)
{
    search->n_trials = 0;
    for (int q = 1; q <= DBSCAN_TRIALS_MAX; q++) {
        double eps = sorted_N[(int)((long)(n - 1) * q / (DBSCAN_TRIALS_MAX + 1))];
        double last = search->n_trials ? search->trials[search->n_trials - 1].eps : 0;
        if (eps > last)
            search->trials[search->n_trials++] = (dbscan_trial){.eps = eps};
    }
}

/* With min_samples 1 every core distance is 0 and says nothing: the nearest row's does. */
static err_code collect_distances(double *distance_N, const session *s, pool *workers, err *e)
{
    if (s->tree.near.k > 0) {
        for (int i = 0; i < s->p.n; i++)
            distance_N[i] = s->tree.core_N[i];
        return OK;
    }
    neighbours near;
    if (neighbours_find(&near, &s->p, 1, workers, e))
        return e->code;
    for (int i = 0; i < s->p.n; i++)
        distance_N[i] = near.distance_NK[i];
    neighbours_release(&near);
    return OK;
}

static err_code score_trials(dbscan_search *search, session *s, int *label_LN, pool *workers,
                             err *e)
{
    double mean_L[DBSCAN_TRIALS_MAX];
    for (int l = 0; l < search->n_trials; l++) {
        dbscan_trial *trial = &search->trials[l];
        int *label_N = ROW(label_LN, l, s->p.n);
        trial->n_clusters = label_at(label_N, s->above, &s->tree, trial->eps, s->dense);
        trial->noise_share = noise_share(label_N, s->p.n);
    }
    if (silhouette_many(mean_L, &s->p, label_LN, search->n_trials, workers, e))
        return e->code;
    search->best = 0;
    for (int l = 0; l < search->n_trials; l++) {
        dbscan_trial *trial = &search->trials[l], *best = &search->trials[search->best];
        trial->score = isnan(mean_L[l]) ? 0 : mean_L[l] * (1 - trial->noise_share);
        if (trial->score > best->score ||
            (trial->score == best->score && trial->noise_share < best->noise_share))
            search->best = l;
    }
    return OK;
}

static err_code run_search(dbscan_result *out, dbscan_search *search, session *s, pool *workers,
                           err *e)
{
    double *distance_N = mem_array((size_t)s->p.n, sizeof *distance_N, "k-distances", e);
    int *label_LN = mem_array((size_t)s->p.n * DBSCAN_TRIALS_MAX, sizeof(int), "trial labels", e);
    err_code code = distance_N && label_LN ? collect_distances(distance_N, s, workers, e) : e->code;
    if (!code) {
        sort_doubles(distance_N, (size_t)s->p.n);
        choose_trials(search, distance_N, s->p.n);
        code = search->n_trials ? score_trials(search, s, label_LN, workers, e)
                                : err_set(e, E_DATA,
                                          "dbscan: 95%% of the rows are equal to their "
                                          "neighbours, so no eps is worth trying; set eps by hand");
    }
    if (!code)
        out->n_clusters =
            label_at(out->label_N, s->above, &s->tree, search->trials[search->best].eps, s->dense);
    mem_free(distance_N);
    mem_free(label_LN);
    return code;
}

err_code dbscan_search_eps(dbscan_result *out, dbscan_search *search, const float *x_ND, int n,
                           int d, const dbscan_options *options, pool *workers, err *e)
{
    *out = (dbscan_result){.n = n};
    *search = (dbscan_search){0};
    session s = {0};
    err_code code = session_open(&s, out, x_ND, n, d, options, workers, e);
    if (!code && n < 2)
        code = err_set(e, E_DATA, "dbscan: one row has no distance to choose eps from");
    if (!code)
        code = run_search(out, search, &s, workers, e);
    session_close(&s);
    if (code)
        dbscan_release(out);
    return code;
}
