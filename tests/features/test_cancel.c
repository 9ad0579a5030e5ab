/* Ctrl-C in every long computation over rows: E_CANCELLED, and nothing left to release. */
#include "golden.h"
#include "features/cluster_quality.h"
#include "features/dbscan.h"
#include "features/hdbscan.h"
#include "features/kmeans.h"
#include "features/pca.h"
#include "features/umap.h"
#include <signal.h>

static void stops_every_method(void **state)
{
    (void)state;
    golden g = golden_open("blobs");
    int *label_N = golden_ints(&g.values, g.n, "quality.labels");
    err e = {0};
    cancel_install();
    raise(SIGTERM);

    umap_options umap = umap_defaults();
    umap_result map;
    assert_int_equal(umap_fit(&map, g.x_ND, g.n, g.d, &umap, NULL, NULL, &e), E_CANCELLED);
    assert_null(map.y_NE);
    hdbscan_options hdbscan = hdbscan_defaults();
    hdbscan_result clusters;
    assert_int_equal(hdbscan_cluster(&clusters, g.x_ND, g.n, g.d, &hdbscan, NULL, &e), E_CANCELLED);
    assert_null(clusters.label_N);
    dbscan_options dbscan = dbscan_defaults();
    dbscan_result dense;
    dbscan_search search;
    assert_int_equal(dbscan_search_eps(&dense, &search, g.x_ND, g.n, g.d, &dbscan, NULL, &e),
                     E_CANCELLED);
    assert_null(dense.label_N);
    kmeans_options kmeans = kmeans_defaults();
    kmeans_result means;
    assert_int_equal(kmeans_cluster(&means, g.x_ND, g.n, g.d, &kmeans, NULL, &e), E_CANCELLED);
    assert_null(means.label_N);
    pca_result pca;
    assert_int_equal(pca_fit(&pca, g.x_ND, g.n, g.d, 2, NULL, &e), E_CANCELLED);
    assert_null(pca.score_NK);
    double value;
    assert_int_equal(silhouette(&value, NULL, g.x_ND, label_N, g.n, g.d, METRIC_COSINE, NULL, &e),
                     E_CANCELLED);
    assert_int_equal(
        trustworthiness(&value, g.x_ND, g.x_ND, g.n, g.d, g.d, METRIC_COSINE, 5, NULL, &e),
        E_CANCELLED);
    mem_free(label_N);
    golden_close(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(stops_every_method)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
