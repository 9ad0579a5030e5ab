/* k-means against scikit-learn from the same start, its own seeding, and its edges. */
#include "golden.h"
#include "features/kmeans.h"
#include "features/labels.h"

static const char *const sets[] = {"blobs", "moons", "sparse", "duplicates", "ties"};

/* Run 2 of each set starts with two equal centres, so one cluster is empty at first. */
static void check_run(const golden *g, int run)
{
    char key[96];
    int n_clusters = 0;
    double *start = golden_find(&g->values, golden_key(key, "kmeans", run, "start"), &n_clusters);
    assert_non_null(start);
    double *start_CD = mem_small((size_t)(n_clusters * g->d), sizeof *start_CD);
    for (int c = 0; c < n_clusters; c++)
        for (int j = 0; j < g->d; j++)
            start_CD[c * g->d + j] = (double)ROW(g->x_ND, (int)start[c], g->d)[j];
    kmeans_options o = kmeans_defaults();
    o.n_clusters = n_clusters;
    kmeans_result r;
    err e = {0};
    assert_int_equal(kmeans_from(&r, g->x_ND, start_CD, g->n, g->d, &o, NULL, &e), OK);

    int *label_N = golden_ints(&g->values, g->n, golden_key(key, "kmeans", run, "labels"));
    assert_int_equal(labels_renumber(label_N, g->n), r.n_clusters);
    check_labels(key, r.label_N, label_N, g->n);
    double *inertia = golden_need(&g->values, 1, golden_key(key, "kmeans", run, "inertia"));
    check_value(key, r.inertia, *inertia, 1e-9);
    double *iterations = golden_need(&g->values, 1, golden_key(key, "kmeans", run, "iterations"));
    assert_int_equal(r.iterations, (int)*iterations);
    mem_free(start);
    mem_free(start_CD);
    mem_free(label_N);
    mem_free(inertia);
    mem_free(iterations);
    kmeans_release(&r);
}

static void equals_scikit_learn(void **state)
{
    (void)state;
    for (size_t s = 0; s < COUNT_OF(sets); s++) {
        golden g = golden_open(sets[s]);
        for (int run = 0; run < 3; run++)
            check_run(&g, run);
        golden_close(&g);
    }
}

/* Restarts from our own seeds do at least as well as the one descent from the stored start. */
static void seeds_find_a_good_optimum(void **state)
{
    (void)state;
    for (size_t s = 0; s < COUNT_OF(sets); s++) {
        golden g = golden_open(sets[s]);
        for (int run = 0; run < 2; run++) {
            char key[96];
            int n_clusters = 0;
            mem_free(golden_find(&g.values, golden_key(key, "kmeans", run, "start"), &n_clusters));
            double *want = golden_need(&g.values, 1, golden_key(key, "kmeans", run, "inertia"));
            kmeans_options o = kmeans_defaults();
            o.n_clusters = n_clusters;
            kmeans_result r;
            err e = {0};
            assert_int_equal(kmeans_cluster(&r, g.x_ND, g.n, g.d, &o, NULL, &e), OK);
            if (r.inertia > *want * 1.001)
                fail_msg("%s: inertia %g above %g", g.name, r.inertia, *want);
            mem_free(want);
            kmeans_release(&r);
        }
        golden_close(&g);
    }
}

static void same_for_any_thread_count(void **state)
{
    (void)state;
    golden g = golden_open("sparse");
    kmeans_options o = kmeans_defaults();
    o.n_clusters = 11;
    kmeans_result r[2];
    err e = {0};
    for (int t = 0; t < 2; t++) {
        pool *workers = pool_new(t + 1);
        assert_int_equal(kmeans_cluster(&r[t], g.x_ND, g.n, g.d, &o, workers, &e), OK);
        pool_free(workers);
    }
    size_t cells = (size_t)r[0].n_clusters * (size_t)g.d;
    assert_int_equal(r[0].n_clusters, 11);
    assert_memory_equal(r[0].label_N, r[1].label_N, (size_t)g.n * sizeof(int));
    assert_memory_equal(r[0].centre_CD, r[1].centre_CD, cells * sizeof(double));
    assert_memory_equal(&r[0].inertia, &r[1].inertia, sizeof(double));
    for (int t = 0; t < 2; t++)
        kmeans_release(&r[t]);
    golden_close(&g);
}

static void handles_few_and_equal_rows(void **state)
{
    (void)state;
    static const struct {
        int n, n_distinct, n_clusters, found;
    } cases[] = {
        {1, 1, 1, 1},
        {2, 2, 2, 2}, /* every row its own cluster */
        {6, 1, 3, 1}, /* all rows equal: no cluster can be filled */
        {6, 2, 3, 2},
    };
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        float x_N[6];
        for (int i = 0; i < cases[c].n; i++)
            x_N[i] = (float)(i % cases[c].n_distinct);
        kmeans_options o = kmeans_defaults();
        o.n_clusters = cases[c].n_clusters;
        kmeans_result r;
        err e = {0};
        assert_int_equal(kmeans_cluster(&r, x_N, cases[c].n, 1, &o, NULL, &e), OK);
        assert_int_equal(r.n_clusters, cases[c].found);
        check_value("inertia", r.inertia, 0, 0);
        for (int i = 0; i < cases[c].n; i++)
            check_value("centre", r.centre_CD[r.label_N[i]], (double)x_N[i], 0);
        kmeans_release(&r);
    }
}

static void refuses_what_it_cannot_use(void **state)
{
    (void)state;
    static const struct {
        int n, n_clusters, n_init, max_iterations;
        double tolerance;
        float value;
        err_code code;
    } cases[] = {
        {0, 1, 1, 1, 0, 0, E_DATA},      {3, 4, 1, 1, 0, 0, E_DATA},
        {3, 0, 1, 1, 0, 0, E_CONFIG},    {3, 2, 0, 1, 0, 0, E_CONFIG},
        {3, 2, 1, 0, 0, 0, E_CONFIG},    {3, 2, 1, 1, -1, 0, E_CONFIG},
        {3, 2, 1, 1, 0, NAN, E_NUMERIC},
    };
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        float x_N[3] = {0, 1, cases[c].value};
        kmeans_options o = {cases[c].n_clusters, cases[c].n_init, cases[c].max_iterations,
                            cases[c].tolerance, 0};
        kmeans_result r;
        err e = {0};
        assert_int_equal(kmeans_cluster(&r, x_N, cases[c].n, 1, &o, NULL, &e), cases[c].code);
        assert_true(strlen(e.text) > 0);
        assert_null(r.label_N);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_scikit_learn),        cmocka_unit_test(seeds_find_a_good_optimum),
        cmocka_unit_test(same_for_any_thread_count),  cmocka_unit_test(handles_few_and_equal_rows),
        cmocka_unit_test(refuses_what_it_cannot_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
