/* Neighbours, map and clusters of a matrix from a file, timed: one side of side_by_side.py.
 *
 *   rows FILE N D   float32, row-major; the map goes to FILE.map, labels to FILE.labels */
#include "base/io.h"
#include "base/memory.h"
#include "base/progress.h"
#include "features/hdbscan.h"
#include "features/neighbours.h"
#include "features/umap.h"
#include <stdio.h>
#include <stdlib.h>

enum { NEIGHBOURS = 15, MIN_CLUSTER = 15 };

static void stop_on(err_code rc, const err *e)
{
    if (rc)
        err_die("%s", e->text);
}

static void save(const char *path, const char *ending, const void *data, size_t bytes)
{
    err e;
    arena a = {0};
    stop_on(io_write(arena_printf(&a, "%s.%s", path, ending), data, bytes, &e), &e);
    arena_release(&a);
}

int main(int argc, char **argv)
{
    err e;
    if (argc != 4)
        err_die("rows FILE N D");
    int n = atoi(argv[2]), d = atoi(argv[3]);
    mapping m;
    stop_on(io_map(&m, argv[1], &e), &e);
    if (n < 3 || d < 1 || m.size != (size_t)n * (size_t)d * sizeof(float))
        err_die("%s does not hold %d x %d numbers", argv[1], n, d);
    const float *x_ND = (const void *)m.data;
    pool *p = pool_new(0);
    double start = clock_seconds();
    neighbours near;
    stop_on(neighbours_of_rows(&near, x_ND, n, d, METRIC_EUCLIDEAN, NEIGHBOURS, p, &e), &e);
    double after_knn = clock_seconds();
    umap_options o = umap_defaults();
    o.metric = METRIC_EUCLIDEAN;
    o.n_neighbors = NEIGHBOURS;
    umap_result map;
    stop_on(umap_fit(&map, x_ND, n, d, &o, p, NULL, &e), &e);
    double after_umap = clock_seconds();
    hdbscan_options c = hdbscan_defaults();
    c.min_cluster_size = MIN_CLUSTER;
    hdbscan_result found;
    stop_on(hdbscan_cluster(&found, x_ND, n, d, &c, p, &e), &e);
    double after_hdbscan = clock_seconds();
    save(argv[1], "map", map.y_NE, (size_t)n * (size_t)map.n_components * sizeof(float));
    save(argv[1], "labels", found.label_N, (size_t)n * sizeof(int));
    printf("{\"knn\": %.3f, \"umap\": %.3f, \"hdbscan\": %.3f, \"clusters\": %d}\n",
           after_knn - start, after_umap - after_knn, after_hdbscan - after_umap, found.n_clusters);
    hdbscan_release(&found);
    umap_release(&map);
    neighbours_release(&near);
    pool_free(p);
    io_unmap(&m);
    return 0;
}
