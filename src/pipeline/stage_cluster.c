/* cluster: kept features as unit vectors, grouped, and laid out as a map. */
#include "base/memory.h"
#include "features/cluster_quality.h"
#include "features/dbscan.h"
#include "features/hdbscan.h"
#include "features/kmeans.h"
#include "features/labels.h"
#include "features/pca.h"
#include "features/umap.h"
#include "pipeline/cluster_store.h"
#include "pipeline/kept.h"
#include "pipeline/study.h"
#include <math.h>
#include <string.h>

enum { QUALITY_NEIGHBOURS = 15, FEWEST_FOR_A_MAP = 3 };

/* Rows of features to be compared. */
typedef struct vectors {
    float *x_ND; /* owned; mem_array */
    int n, d;
} vectors;

static void scale_to_unit(float *row_D, int d)
{
    double squares = 0;
    for (int i = 0; i < d; i++)
        squares += (double)row_D[i] * (double)row_D[i];
    for (int i = 0; i < d && squares > 0; i++)
        row_D[i] = (float)((double)row_D[i] / sqrt(squares));
}

static err_code build_vectors(vectors *out, const study *s, err *e)
{
    bool decoder = !strcmp(s->config->cluster.vectors, "decoder");
    int n = s->filtered.n_kept, d = decoder ? sae_describe(s->sae)->d_out : s->prompts.n;
    float *x = mem_array((size_t)n * (size_t)d, sizeof *x,
                         "feature vectors to cluster (fewer prompts, a stricter filter or "
                         "cluster.vectors=decoder need less)",
                         e);
    if (!x)
        return e->code;
    for (int i = 0; i < n; i++) {
        int feature = s->filtered.kept[i];
        float *row = ROW(x, i, d);
        if (decoder) {
            sae_decoder_row(row, s->sae, feature);
        } else {
            const prompt_activation *a = collection_entries(&s->collected, feature);
            for (size_t j = 0; j < collection_count(&s->collected, feature); j++)
                row[a[j].prompt] = stats_value(&a[j], study_statistic(s));
        }
        scale_to_unit(row, d);
    }
    *out = (vectors){.x_ND = x, .n = n, .d = d};
    return OK;
}

static umap_options umap_settings(const study *s, int components)
{
    umap_options o = umap_defaults();
    o.n_neighbors = s->config->cluster.n_neighbors;
    o.min_dist =
        components == 2 ? s->config->cluster.min_dist : 0; /* 0 packs clusters for HDBSCAN */
    o.n_epochs = s->config->cluster.umap_epochs;
    o.n_components = components;
    o.seed = (uint64_t)s->config->run.seed;
    return o;
}

static err_code copy_rows(vectors *out, const float *x_ND, int n, int d, err *e)
{
    size_t cells = (size_t)n * (size_t)d;
    *out = (vectors){.n = n, .d = d};
    out->x_ND = mem_array(cells, sizeof *out->x_ND, "feature vectors", e);
    if (out->x_ND)
        memcpy(out->x_ND, x_ND, cells * sizeof *out->x_ND);
    return out->x_ND ? OK : e->code;
}

static err_code reduce_by_pca(vectors *out, const vectors *all, int k, study *s, err *e)
{
    pca_result p;
    err_code rc = pca_fit(&p, all->x_ND, all->n, all->d, k, s->pool, e);
    if (rc)
        return rc;
    rc = copy_rows(out, p.score_NK, all->n, k, e);
    pca_release(&p);
    return rc;
}

static err_code reduce_by_umap(vectors *out, const vectors *all, int k, study *s, err *e)
{
    umap_result u;
    umap_options o = umap_settings(s, k);
    err_code rc = umap_fit(&u, all->x_ND, all->n, all->d, &o, s->pool, s->reporter, e);
    if (rc)
        return rc;
    rc = copy_rows(out, u.y_NE, all->n, k, e);
    umap_release(&u);
    return rc;
}

/* Too few rows for the reduction asked for leave the vectors as they are, and the report says so.
 */
static err_code reduce(vectors *out, const vectors *all, study *s, err *e)
{
    const run_config *c = s->config;
    const char *how = c->cluster.reduction;
    const char *of =
        strcmp(c->cluster.vectors, "decoder") ? "activations over prompts" : "decoder rows";
    int k = c->cluster.reduction_dimensions;
    bool wanted = strcmp(how, "none"), pca = !strcmp(how, "pca");
    bool possible = k < all->n && k < all->d && all->n >= FEWEST_FOR_A_MAP;
    if (!wanted || !possible) {
        s->clusters.space = arena_printf(&s->memory, "%s, unit length, %d dimensions%s", of, all->d,
                                         wanted ? " (too few features to reduce them)" : "");
        return copy_rows(out, all->x_ND, all->n, all->d, e);
    }
    s->clusters.space =
        arena_printf(&s->memory, "%s, %s to %d dimensions", of, pca ? "PCA" : "UMAP", k);
    return pca ? reduce_by_pca(out, all, k, s, e) : reduce_by_umap(out, all, k, s, e);
}

/* ---- algorithms ---------------------------------------------------------------------------------
 */

static err_code run_hdbscan(study *s, const vectors *v, err *e)
{
    const run_config *c = s->config;
    hdbscan_options o = hdbscan_defaults();
    o.min_cluster_size = c->cluster.min_cluster_size;
    o.min_samples = c->cluster.min_samples;
    o.cluster_selection_epsilon = c->cluster.cluster_selection_epsilon;
    o.method = strcmp(c->cluster.cluster_selection_method, "leaf") ? HDBSCAN_EOM : HDBSCAN_LEAF;
    hdbscan_result r;
    err_code rc = hdbscan_cluster(&r, v->x_ND, v->n, v->d, &o, s->pool, e);
    if (rc)
        return rc;
    memcpy(s->clusters.label_N, r.label_N, (size_t)v->n * sizeof(int));
    s->clusters.n_clusters = r.n_clusters;
    s->clusters.settings = arena_printf(
        &s->memory, "min_cluster_size %d, min_samples %d, epsilon %g, %s", o.min_cluster_size,
        o.min_samples, o.cluster_selection_epsilon, c->cluster.cluster_selection_method);
    hdbscan_release(&r);
    return OK;
}

/* The original program's search: even steps of eps, the best silhouette wins, where there are at
 * least two clusters and fewer than rows; the middle of the range when no step gives that. */
static err_code grid_search(double *best_eps, study *s, const vectors *v, dbscan_options *o, err *e)
{
    const run_config *c = s->config;
    double best = -1;
    err_code rc = OK;
    *best_eps = (c->cluster.eps_min + c->cluster.eps_max) / 2;
    for (int i = 0; i < c->cluster.eps_steps && !rc; i++) {
        double share = c->cluster.eps_steps > 1 ? (double)i / (c->cluster.eps_steps - 1) : 0;
        dbscan_result r;
        o->eps = c->cluster.eps_min + share * (c->cluster.eps_max - c->cluster.eps_min);
        rc = dbscan_cluster(&r, v->x_ND, v->n, v->d, o, s->pool, e);
        if (rc)
            return rc;
        double score = (double)NAN;
        if (r.n_clusters > 1 && r.n_clusters < v->n)
            rc = silhouette(&score, NULL, v->x_ND, r.label_N, v->n, v->d, o->metric, s->pool, e);
        if (score > best) {
            best = score;
            *best_eps = o->eps;
        }
        dbscan_release(&r);
    }
    return rc;
}

static err_code run_dbscan(study *s, const vectors *v, metric m, err *e)
{
    const run_config *c = s->config;
    dbscan_options o = dbscan_defaults();
    dbscan_result r;
    err_code rc;
    o.min_samples = c->cluster.dbscan_min_samples;
    o.metric = m;
    if (!strcmp(c->cluster.eps_search, "grid")) {
        double eps;
        rc = grid_search(&eps, s, v, &o, e);
        o.eps = eps;
        if (!rc)
            rc = dbscan_cluster(&r, v->x_ND, v->n, v->d, &o, s->pool, e);
    } else {
        dbscan_search search;
        rc = dbscan_search_eps(&r, &search, v->x_ND, v->n, v->d, &o, s->pool, e);
        if (!rc)
            o.eps = search.trials[search.best].eps;
    }
    if (rc)
        return rc;
    memcpy(s->clusters.label_N, r.label_N, (size_t)v->n * sizeof(int));
    s->clusters.n_clusters = r.n_clusters;
    s->clusters.settings = arena_printf(&s->memory,
                                        "eps %.4g (best silhouette of the %s searched), "
                                        "min_samples %d",
                                        o.eps, c->cluster.eps_search, o.min_samples);
    dbscan_release(&r);
    return OK;
}

static err_code run_kmeans(study *s, const vectors *v, err *e)
{
    const run_config *c = s->config;
    kmeans_options o = kmeans_defaults();
    o.n_clusters = c->cluster.n_clusters < v->n ? c->cluster.n_clusters : v->n;
    o.n_init = c->cluster.kmeans_restarts;
    o.seed = (uint64_t)c->run.seed;
    kmeans_result r;
    err_code rc = kmeans_cluster(&r, v->x_ND, v->n, v->d, &o, s->pool, e);
    if (rc)
        return rc;
    memcpy(s->clusters.label_N, r.label_N, (size_t)v->n * sizeof(int));
    s->clusters.n_clusters = r.n_clusters;
    s->clusters.settings =
        arena_printf(&s->memory, "%d clusters, best of %d starts", o.n_clusters, o.n_init);
    kmeans_release(&r);
    return OK;
}

/* ---- what was found
 * ------------------------------------------------------------------------------ */

/* The member with the highest mean cosine to its cluster: that of the sum of the unit vectors. */
static void find_medoids(clustering *k, const vectors *v, arena *a)
{
    k->medoid_C = arena_push(a, (size_t)k->n_clusters + 1, sizeof *k->medoid_C);
    double *sum = mem_small((size_t)v->d, sizeof *sum);
    for (int c = 0; c < k->n_clusters; c++) {
        double best = (double)-INFINITY;
        memset(sum, 0, (size_t)v->d * sizeof *sum);
        for (int i = 0; i < v->n; i++)
            for (int d = 0; d < v->d && k->label_N[i] == c; d++)
                sum[d] += (double)ROW(v->x_ND, i, v->d)[d];
        for (int i = 0; i < v->n; i++) {
            if (k->label_N[i] != c)
                continue;
            double closeness = dot_product_with(sum, ROW(v->x_ND, i, v->d), v->d);
            if (closeness > best) {
                best = closeness;
                k->medoid_C[c] = i;
            }
        }
    }
    mem_free(sum);
}

static err_code lay_out(study *s, const vectors *v, err *e)
{
    clustering *k = &s->clusters;
    k->trustworthiness = k->neighbour_overlap = (double)NAN;
    if (v->n < FEWEST_FOR_A_MAP) {
        k->map_settings = "no map: fewer than three features";
        return OK;
    }
    umap_result u;
    umap_options o = umap_settings(s, 2);
    err_code rc = umap_fit(&u, v->x_ND, v->n, v->d, &o, s->pool, s->reporter, e);
    if (rc)
        return rc;
    k->map_N2 = arena_push(&s->memory, (size_t)v->n * 2, sizeof *k->map_N2);
    memcpy(k->map_N2, u.y_NE, (size_t)v->n * 2 * sizeof *k->map_N2);
    k->map_settings = arena_printf(&s->memory,
                                   "UMAP of the unreduced vectors, cosine, n_neighbors "
                                   "%d, min_dist %g, %d epochs",
                                   u.n_neighbors, o.min_dist, u.n_epochs);
    int most = (v->n - 1) / 2 > 0 ? (v->n - 1) / 2 : 1;
    k->n_neighbours = QUALITY_NEIGHBOURS < most ? QUALITY_NEIGHBOURS : most;
    rc = trustworthiness(&k->trustworthiness, v->x_ND, u.y_NE, v->n, v->d, 2, METRIC_COSINE,
                         k->n_neighbours, s->pool, e);
    if (!rc)
        rc = neighbour_overlap(&k->neighbour_overlap, v->x_ND, u.y_NE, v->n, v->d, 2, METRIC_COSINE,
                               k->n_neighbours, s->pool, e);
    umap_release(&u);
    return rc;
}

/* Everything but the key and what was kept. */
static err_code cluster_vectors(study *s, const vectors *all, err *e)
{
    const char *method = s->config->cluster.method;
    vectors reduced = {0};
    clustering *k = &s->clusters;
    err_code rc = reduce(&reduced, all, s, e);
    if (rc)
        goto out;
    /* Unit vectors: euclidean distance orders pairs as the cosine does. Only dbscan's radius has a
     * scale that the user sets, and the original's is a cosine distance. */
    metric m = reduced.d == all->d ? METRIC_COSINE : METRIC_EUCLIDEAN;
    k->label_N = arena_push(&s->memory, (size_t)all->n, sizeof *k->label_N);
    rc = !strcmp(method, "hdbscan")  ? run_hdbscan(s, &reduced, e)
         : !strcmp(method, "dbscan") ? run_dbscan(s, &reduced, m, e)
                                     : run_kmeans(s, &reduced, e);
    if (!rc)
        rc = lay_out(s, all, e);
    if (!rc)
        rc = silhouette(&k->silhouette, NULL, all->x_ND, k->label_N, all->n, all->d, METRIC_COSINE,
                        s->pool, e);
    if (rc)
        goto out;
    k->noise_share = noise_share(k->label_N, all->n);
    find_medoids(k, all, &s->memory);
out:
    mem_free(reduced.x_ND);
    return rc;
}

/* Of targets given by hand there may be a handful, in which there is nothing to group. */
static bool too_few_targets(const study *s)
{
    int least = s->config->cluster.min_cluster_size;
    return s->target_names &&
           s->filtered.n_kept < (least > FEWEST_FOR_A_MAP ? least : FEWEST_FOR_A_MAP);
}

err_code stage_cluster(study *s, bool *cached, err *e)
{
    char key[SHA256_HEX];
    vectors all = {0};
    kept before;
    const clustering *k = &s->clusters;
    *cached = false;
    if (too_few_targets(s)) {
        report_line(s->reporter, "cluster    left out: %d of %d targets passed the filter",
                    s->filtered.n_kept, s->collected.n_features);
        return OK;
    }
    err_code rc = build_vectors(&all, s, e);
    if (rc)
        return rc;
    cluster_store_key(s, all.x_ND, all.n, all.d, key);
    rc = kept_find(&before, s, "cluster", key, e);
    *cached = !rc && before.found && cluster_store_unpack(s, all.n, &before.payload);
    if (!rc && !*cached) {
        rc = cluster_vectors(s, &all, e);
        str *room = rc ? NULL : kept_room(&before);
        if (room) {
            cluster_store_pack(room, s, all.n);
            rc = kept_save(&before, e);
        }
    }
    kept_close(&before);
    if (!rc)
        report_line(s->reporter, "cluster    %d clusters, %.0f%% of %d features in none%s",
                    k->n_clusters, 100 * k->noise_share, all.n,
                    *cached ? " (kept from before)" : "");
    mem_free(all.x_ND);
    return rc;
}
