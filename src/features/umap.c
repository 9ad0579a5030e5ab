/* UMAP from rows to a map: neighbours, fuzzy graph, starting layout, gradient descent. */
#include "features/umap.h"
#include "base/memory.h"
#include "features/umap_parts.h"
#include <math.h>

enum { ROWS_MIN = 3, FEW_ROWS = 10000, EPOCHS_FEW = 500, EPOCHS_MANY = 200, EPOCHS_SHORT = 10 };

umap_options umap_defaults(void)
{
    return (umap_options){.n_neighbors = 15,
                          .min_dist = 0.1,
                          .spread = 1,
                          .metric = METRIC_COSINE,
                          .n_components = 2,
                          .learning_rate = 1,
                          .negative_sample_rate = 5,
                          .repulsion_strength = 1};
}

static err_code check_options(const umap_options *o, err *e)
{
    if (o->n_neighbors < 2)
        return err_set(e, E_CONFIG, "umap: n_neighbors is %d; it must be at least 2",
                       o->n_neighbors);
    if (!(o->spread > 0) || isinf(o->spread))
        return err_set(e, E_CONFIG, "umap: spread is %g; it must be above 0", o->spread);
    if (!(o->min_dist >= 0 && o->min_dist <= o->spread))
        return err_set(e, E_CONFIG, "umap: min_dist is %g; it must be from 0 to spread (%g)",
                       o->min_dist, o->spread);
    if (o->n_components < 1 || o->n_components > UMAP_MOST_COMPONENTS)
        return err_set(e, E_CONFIG, "umap: n_components is %d; it must be from 1 to %d",
                       o->n_components, UMAP_MOST_COMPONENTS);
    if (o->n_epochs < 0)
        return err_set(e, E_CONFIG,
                       "umap: n_epochs is %d; it must be at least 1, or 0 for the "
                       "default",
                       o->n_epochs);
    if (!(o->learning_rate > 0) || isinf(o->learning_rate))
        return err_set(e, E_CONFIG, "umap: learning_rate is %g; it must be above 0",
                       o->learning_rate);
    if (o->negative_sample_rate < 0 || !(o->repulsion_strength >= 0))
        return err_set(e, E_CONFIG,
                       "umap: negative_sample_rate is %d and repulsion_strength %g; "
                       "both must be at least 0",
                       o->negative_sample_rate, o->repulsion_strength);
    return OK;
}

static err_code build_graph(umap_graph *graph, umap_result *r, const float *x_ND, int d, metric m,
                            pool *workers, err *e)
{
    neighbours near = {0};
    err_code code = neighbours_of_rows(&near, x_ND, r->n, d, m, r->n_neighbors - 1, workers, e);
    if (!code)
        code = umap_graph_build(graph, NULL, NULL, &near, workers, e);
    if (!code)
        umap_graph_prune(graph, r->n_epochs > EPOCHS_SHORT ? r->n_epochs
                                : r->n <= FEW_ROWS         ? EPOCHS_FEW
                                                           : EPOCHS_MANY);
    neighbours_release(&near);
    return code ? err_context(e, "umap") : OK;
}

err_code umap_fit(umap_result *out, const float *x_ND, int n, int d, const umap_options *options,
                  pool *workers, reporter *to, err *e)
{
    const umap_options *o = options;
    *out = (umap_result){.n = n, .n_components = o->n_components};
    if (check_options(o, e))
        return e->code;
    if (n < ROWS_MIN)
        return err_set(e, E_DATA, "umap: %d rows; a map needs at least %d", n, ROWS_MIN);
    out->n_neighbors = o->n_neighbors < n ? o->n_neighbors : n - 1;
    out->n_epochs = o->n_epochs ? o->n_epochs : n <= FEW_ROWS ? EPOCHS_FEW : EPOCHS_MANY;
    umap_fit_curve(&out->a, &out->b, o->spread, o->min_dist);

    umap_graph graph = {0};
    size_t cells = (size_t)n * (size_t)o->n_components;
    out->y_NE = mem_array(cells, sizeof *out->y_NE, "umap map", e);
    err_code code = out->y_NE ? OK : e->code;
    if (!code)
        code = build_graph(&graph, out, x_ND, d, o->metric, workers, e);
    if (!code)
        code = umap_start(out->y_NE, &out->n_parts, &graph, x_ND, d, o->n_components, o->seed,
                          workers, e);
    if (!code)
        code = umap_optimise(out->y_NE, &graph, o, out->n_epochs, out->a, out->b, workers, to, e);
    umap_graph_release(&graph);
    if (code)
        umap_release(out);
    return code;
}

void umap_release(umap_result *r)
{
    mem_free(r->y_NE);
    *r = (umap_result){0};
}
