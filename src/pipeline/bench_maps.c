/* Neighbours, maps and clusters of rows, as the cluster stage needs them. */
#include "base/memory.h"
#include "base/progress.h"
#include "base/rng.h"
#include "features/hdbscan.h"
#include "features/neighbours.h"
#include "features/umap.h"
#include "pipeline/bench.h"
#include <stdio.h>

/* 50 columns, as the reduction before clustering leaves. */
enum { ROWS = 10000, COLUMNS = 50, CENTRES = 50, NEIGHBOURS = 15, EPOCHS = 200, MIN_CLUSTER = 15 };

/* Rows around CENTRES points, a fifth of them anywhere. Owner: caller, mem_free(). */
static float *random_rows(int n)
{
    rng r = rng_stream(1, "bench rows");
    float centre_CD[CENTRES * COLUMNS], *x_ND = mem_small((size_t)n * COLUMNS, sizeof *x_ND);
    for (int i = 0; i < CENTRES * COLUMNS; i++)
        centre_CD[i] = (float)(3 * rng_normal(&r));
    for (int i = 0; i < n; i++) {
        int c = (int)rng_below(&r, CENTRES + CENTRES / 4);
        for (int j = 0; j < COLUMNS; j++)
            ROW(x_ND, i, COLUMNS)
        [j] = (float)rng_normal(&r) * (c < CENTRES ? 1.0f : 3.0f) +
              (c < CENTRES ? ROW(centre_CD, c, COLUMNS)[j] : 0.0f);
    }
    return x_ND;
}

/* Every pair of rows once: 2 operations for each of their columns. */
static void count_pairs(bench_work *w, int n, double passes)
{
    w->units = n;
    w->flops = passes * n * (double)n * COLUMNS;
    w->bytes = passes * sizeof(float) * (double)n * COLUMNS;
}

static err_code run_knn(bench_work *out, void *context, double scale, err *e)
{
    bench *b = context;
    int n = (int)(ROWS * scale);
    float *x_ND = random_rows(n);
    neighbours near;
    double start = clock_seconds();
    err_code rc = neighbours_of_rows(&near, x_ND, n, COLUMNS, METRIC_EUCLIDEAN, NEIGHBOURS,
                                     b->backend->pool, e);
    out->seconds = clock_seconds() - start;
    count_pairs(out, n, 1);
    neighbours_release(&near);
    mem_free(x_ND);
    return rc;
}

static err_code run_umap(bench_work *out, void *context, double scale, err *e)
{
    bench *b = context;
    int n = (int)(ROWS * scale);
    float *x_ND = random_rows(n);
    umap_options o = umap_defaults();
    o.metric = METRIC_EUCLIDEAN;
    o.n_neighbors = NEIGHBOURS;
    o.n_epochs = EPOCHS;
    umap_result map = {0};
    double start = clock_seconds();
    err_code rc = umap_fit(&map, x_ND, n, COLUMNS, &o, b->backend->pool, NULL, e);
    out->seconds = clock_seconds() - start;
    count_pairs(out, n, 1);
    umap_release(&map);
    mem_free(x_ND);
    return rc;
}

static err_code run_hdbscan(bench_work *out, void *context, double scale, err *e)
{
    bench *b = context;
    int n = (int)(ROWS * scale);
    float *x_ND = random_rows(n);
    hdbscan_options o = hdbscan_defaults();
    o.min_cluster_size = MIN_CLUSTER;
    hdbscan_result found = {0};
    double start = clock_seconds();
    err_code rc = hdbscan_cluster(&found, x_ND, n, COLUMNS, &o, b->backend->pool, e);
    out->seconds = clock_seconds() - start;
    count_pairs(out, n, 2); /* for the neighbours, then for the tree */
    hdbscan_release(&found);
    mem_free(x_ND);
    return rc;
}

err_code bench_maps(bench *b, err *e)
{
    char shape[32];
    snprintf(shape, sizeof shape, "%d x %d", b->quick ? ROWS / 4 : ROWS, COLUMNS);
    const bench_path paths[] = {{"knn", shape, "rows", run_knn, b},
                                {"umap", shape, "rows", run_umap, b},
                                {"hdbscan", shape, "rows", run_hdbscan, b}};
    err_code rc = OK;
    for (size_t i = 0; i < COUNT_OF(paths) && !rc; i++)
        if (bench_wants(b, paths[i].name) && bench_wants_shape(b, shape))
            rc = bench_measure(b, &paths[i], e);
    return rc;
}
