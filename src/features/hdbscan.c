/* HDBSCAN from rows to labels: density tree, condensed tree, selection. */
#include "features/hdbscan.h"
#include "base/memory.h"
#include "features/hdbscan_tree.h"
#include "features/labels.h"
#include <math.h>

hdbscan_options hdbscan_defaults(void)
{
    return (hdbscan_options){
        .min_cluster_size = 5, .method = HDBSCAN_EOM, .metric = METRIC_EUCLIDEAN};
}

static err_code check_options(const hdbscan_options *o, err *e)
{
    if (o->min_cluster_size < 2)
        return err_set(e, E_CONFIG, "hdbscan: min_cluster_size is %d; it must be at least 2",
                       o->min_cluster_size);
    if (o->min_samples < 0)
        return err_set(e, E_CONFIG,
                       "hdbscan: min_samples is %d; it must be at least 1, or 0 to "
                       "follow min_cluster_size",
                       o->min_samples);
    if (!(o->cluster_selection_epsilon >= 0) || isinf(o->cluster_selection_epsilon))
        return err_set(e, E_CONFIG,
                       "hdbscan: cluster_selection_epsilon is %g; it must be a "
                       "distance, 0 or more",
                       o->cluster_selection_epsilon);
    return OK;
}

static err_code cluster_rows(hdbscan_result *r, const points *p, const hdbscan_options *o,
                             pool *workers, err *e)
{
    int samples = o->min_samples > 0 ? o->min_samples : o->min_cluster_size;
    if (samples > p->n - 1)
        samples = p->n - 1;
    density_tree density = {0};
    condensed_tree condensed = {0};
    err_code code = density_build(&density, p, samples, workers, e);
    if (!code)
        code = condensed_build(&condensed, density.edges, p->n, o->min_cluster_size, e);
    if (!code)
        code = condensed_select(r, &condensed, o, e);
    condensed_release(&condensed);
    density_release(&density);
    return code;
}

err_code hdbscan_cluster(hdbscan_result *out, const float *x_ND, int n, int d,
                         const hdbscan_options *options, pool *workers, err *e)
{
    *out = (hdbscan_result){.n = n};
    points p = {0};
    if (check_options(options, e) || points_init(&p, x_ND, n, d, options->metric, "hdbscan", e))
        return e->code;
    err_code code = OK;
    size_t rows = (size_t)n;
    (void)((out->label_N = mem_array(rows, sizeof *out->label_N, "cluster labels", e)) &&
           (out->probability_N = mem_array(rows, sizeof(double), "cluster probabilities", e)) &&
           (out->outlier_N = mem_array(rows, sizeof(double), "outlier scores", e)));
    if (!out->outlier_N)
        code = e->code;
    else if (n == 1)
        out->label_N[0] = LABEL_NOISE;
    else
        code = cluster_rows(out, &p, options, workers, e);
    points_release(&p);
    if (code)
        hdbscan_release(out);
    return code;
}

void hdbscan_release(hdbscan_result *r)
{
    mem_free(r->label_N);
    mem_free(r->probability_N);
    mem_free(r->outlier_N);
    *r = (hdbscan_result){0};
}
