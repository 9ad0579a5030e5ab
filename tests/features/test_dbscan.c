/* DBSCAN against scikit-learn, its eps search, and both at their edges. */
#include "golden.h"
#include "base/rng.h"
#include "features/cluster_quality.h"
#include "features/dbscan.h"
#include "features/labels.h"

static const struct {
    const char *set, *kind;
} runs[] = {
    {"blobs", "dbscan.euclidean"}, {"blobs", "dbscan.cosine"},
    {"moons", "dbscan.euclidean"}, {"sparse", "dbscan.euclidean"},
    {"sparse", "dbscan.cosine"},   {"duplicates", "dbscan.euclidean"}, /* core distance 0 */
    {"ties", "dbscan.euclidean"}, /* distances equal to eps exactly */
};

static void equals_scikit_learn(void **state)
{
    (void)state;
    for (size_t s = 0; s < COUNT_OF(runs); s++) {
        golden g = golden_open(runs[s].set);
        for (int run = 0; run < 9; run++) {
            char key[96];
            double *option =
                golden_need(&g.values, 3, golden_key(key, runs[s].kind, run, "options"));
            dbscan_options o = {
                .metric = (metric)option[0], .eps = option[1], .min_samples = (int)option[2]};
            dbscan_result r;
            err e = {0};
            assert_int_equal(dbscan_cluster(&r, g.x_ND, g.n, g.d, &o, NULL, &e), OK);
            int *label_N =
                golden_ints(&g.values, g.n, golden_key(key, runs[s].kind, run, "labels"));
            assert_int_equal(labels_renumber(label_N, g.n), r.n_clusters);
            check_labels(key, r.label_N, label_N, g.n);
            mem_free(option);
            mem_free(label_N);
            dbscan_release(&r);
        }
        golden_close(&g);
    }
}

/* Three tight groups far apart and a few rows between them. */
static float *three_groups(int n)
{
    float *x_ND = mem_small((size_t)n * 2, sizeof *x_ND);
    rng r = rng_stream(2, "three_groups");
    for (int i = 0; i < n; i++)
        for (int j = 0; j < 2; j++) {
            double centre = i % 3 == j + 1 ? 20.0 : 0.0, spread = i >= n - 6 ? 30.0 : 1.0;
            x_ND[i * 2 + j] = (float)(centre + spread * rng_normal(&r));
        }
    return x_ND;
}

static void search_finds_the_groups(void **state)
{
    (void)state;
    enum { N = 240 };
    float *x_ND = three_groups(N);
    dbscan_options o = dbscan_defaults();
    dbscan_search search[2];
    dbscan_result r[2], direct;
    err e = {0};
    for (int t = 0; t < 2; t++) {
        pool *workers = pool_new(t + 1);
        assert_int_equal(dbscan_search_eps(&r[t], &search[t], x_ND, N, 2, &o, workers, &e), OK);
        pool_free(workers);
    }
    assert_int_equal(r[0].n_clusters, 3);
    assert_memory_equal(&search[0], &search[1], sizeof search[0]);
    assert_memory_equal(r[0].label_N, r[1].label_N, N * sizeof(int));

    const dbscan_trial *best = &search[0].trials[search[0].best];
    for (int i = 0; i < search[0].n_trials; i++) {
        assert_true(search[0].trials[i].score <= best->score);
        assert_true(i == 0 || search[0].trials[i].eps > search[0].trials[i - 1].eps);
    }
    o.eps = best->eps;
    assert_int_equal(dbscan_cluster(&direct, x_ND, N, 2, &o, NULL, &e), OK);
    check_labels("direct", direct.label_N, r[0].label_N, N);
    double mean;
    assert_int_equal(silhouette(&mean, NULL, x_ND, direct.label_N, N, 2, o.metric, NULL, &e), OK);
    check_value("score", best->score, mean * (1 - noise_share(direct.label_N, N)), 1e-12);
    dbscan_release(&direct);
    for (int t = 0; t < 2; t++)
        dbscan_release(&r[t]);
    mem_free(x_ND);
}

static void handles_few_rows(void **state)
{
    (void)state;
    static const struct {
        int n, min_samples, n_clusters, noise;
    } cases[] = {
        {1, 1, 1, 0}, /* a row is its own neighbour */
        {1, 2, 0, 1}, /* more neighbours asked for than there are rows */
        {2, 2, 1, 0}, {4, 9, 0, 4}, {4, 4, 1, 0}, /* all rows equal and just enough of them */
    };
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        float x_ND[8] = {0};
        dbscan_options o = {.eps = 0.5, .min_samples = cases[c].min_samples};
        dbscan_result r;
        err e = {0};
        assert_int_equal(dbscan_cluster(&r, x_ND, cases[c].n, 2, &o, NULL, &e), OK);
        assert_int_equal(r.n_clusters, cases[c].n_clusters);
        assert_int_equal(labels_noise(r.label_N, cases[c].n), cases[c].noise);
        dbscan_release(&r);
    }
}

static void refuses_what_it_cannot_use(void **state)
{
    (void)state;
    static const struct {
        int n, min_samples;
        double eps;
        float value;
        err_code code;
    } cases[] = {
        {0, 5, 1, 0, E_DATA},      {3, 0, 1, 0, E_CONFIG},
        {3, 5, 0, 0, E_CONFIG},    {3, 5, (double)NAN, 0, E_CONFIG},
        {3, 5, 1, NAN, E_NUMERIC},
    };
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        float x_ND[3] = {0, 1, cases[c].value};
        dbscan_options o = {.eps = cases[c].eps, .min_samples = cases[c].min_samples};
        dbscan_result r;
        err e = {0};
        assert_int_equal(dbscan_cluster(&r, x_ND, cases[c].n, 1, &o, NULL, &e), cases[c].code);
        assert_null(r.label_N);
    }
    /* The search needs two rows that differ. */
    for (int n = 1; n <= 3; n++) {
        float x_ND[3] = {1, 1, 1};
        dbscan_options o = {.min_samples = 2};
        dbscan_search search;
        dbscan_result r;
        err e = {0};
        assert_int_equal(dbscan_search_eps(&r, &search, x_ND, n, 1, &o, NULL, &e), E_DATA);
        assert_null(r.label_N);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_scikit_learn),
        cmocka_unit_test(search_finds_the_groups),
        cmocka_unit_test(handles_few_rows),
        cmocka_unit_test(refuses_what_it_cannot_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
