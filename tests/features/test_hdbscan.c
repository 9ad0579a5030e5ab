/* HDBSCAN against the package's labels, probabilities and outlier scores, and at its edges. */
#include "golden.h"
#include "base/rng.h"
#include "features/hdbscan.h"
#include "features/labels.h"

static const char *const sets[] = {
    "blobs",      /* convex, with background noise */
    "moons",      /* not convex */
    "sparse",     /* many columns, mostly zero, cosine */
    "duplicates", /* infinite densities */
    "ties",       /* integer grids: most edges are equal */
    "swiss",      /* no clusters to speak of */
    "islands",    /* clusters beyond doubt */
};

static void check_run(const golden *g, int run, const double *option)
{
    char key[96], what[128];
    hdbscan_options o = hdbscan_defaults();
    o.metric = (metric)option[0];
    o.min_cluster_size = (int)option[1];
    o.min_samples = (int)option[2];
    o.cluster_selection_epsilon = option[3];
    o.method = option[4] > 0 ? HDBSCAN_LEAF : HDBSCAN_EOM;
    o.allow_single_cluster = option[5] > 0;
    hdbscan_result r;
    err e = {0};
    assert_int_equal(hdbscan_cluster(&r, g->x_ND, g->n, g->d, &o, NULL, &e), OK);

    int *label_N = golden_ints(&g->values, g->n, golden_key(key, "hdbscan", run, "labels"));
    int n_clusters = labels_renumber(label_N, g->n);
    snprintf(what, sizeof what, "%s hdbscan.%d", g->name, run);
    check_labels(what, r.label_N, label_N, g->n);
    assert_int_equal(r.n_clusters, n_clusters);

    double *probability_N =
        golden_need(&g->values, g->n, golden_key(key, "hdbscan", run, "probabilities"));
    check_close(what, r.probability_N, probability_N, g->n, 2e-6);
    double *outlier_N = golden_need(&g->values, g->n, golden_key(key, "hdbscan", run, "outliers"));
    for (int i = 0; i < g->n; i++)
        outlier_N[i] = isnan(outlier_N[i]) ? 1 : outlier_N[i]; /* the package: inf / inf */
    check_close(what, r.outlier_N, outlier_N, g->n, 2e-6);
    mem_free(label_N);
    mem_free(probability_N);
    mem_free(outlier_N);
    hdbscan_release(&r);
}

static void equals_the_package(void **state)
{
    (void)state;
    for (size_t s = 0; s < COUNT_OF(sets); s++) {
        golden g = golden_open(sets[s]);
        int run = 0, n;
        char key[96];
        for (;; run++) {
            double *option = golden_find(&g.values, golden_key(key, "hdbscan", run, "options"), &n);
            if (!option)
                break;
            assert_int_equal(n, 6);
            check_run(&g, run, option);
            mem_free(option);
        }
        assert_true(run > 0);
        golden_close(&g);
    }
}

/* 3,000 rows of 48 columns: enough for several tasks in one step of Prim's algorithm. */
static void same_for_any_thread_count(void **state)
{
    (void)state;
    enum { N = 3000, D = 48 };
    float *x_ND = mem_small((size_t)N * D, sizeof *x_ND);
    rng r = rng_stream(1, "test_hdbscan");
    for (int i = 0; i < N * D; i++)
        x_ND[i] = (float)(rng_normal(&r) + 4 * (i / D % 7 == i % D % 7));
    hdbscan_options o = hdbscan_defaults();
    hdbscan_result got[2];
    err e = {0};
    for (int t = 0; t < 2; t++) {
        pool *workers = pool_new(t + 1);
        assert_int_equal(hdbscan_cluster(&got[t], x_ND, N, D, &o, workers, &e), OK);
        pool_free(workers);
    }
    assert_memory_equal(got[0].label_N, got[1].label_N, N * sizeof(int));
    assert_memory_equal(got[0].probability_N, got[1].probability_N, N * sizeof(double));
    assert_memory_equal(got[0].outlier_N, got[1].outlier_N, N * sizeof(double));
    assert_true(got[0].n_clusters > 1);
    for (int t = 0; t < 2; t++)
        hdbscan_release(&got[t]);
    mem_free(x_ND);
}

static void handles_few_and_equal_rows(void **state)
{
    (void)state;
    static const struct {
        int n;
        bool equal, single;
        int n_clusters;
    } cases[] = {
        {1, true, false, 0},  /* nothing to link */
        {2, false, false, 0}, /* one edge */
        {2, false, true, 1},  /* which is then the root's only density */
        {3, true, false, 0},  /* infinite density, root not allowed */
        {9, true, true, 1},   /* infinite density, root allowed */
        {9, true, false, 0},  /* the same rows, root not allowed */
    };
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        float x_ND[9 * 2];
        for (int i = 0; i < cases[c].n * 2; i++)
            x_ND[i] = cases[c].equal ? 1.5f : (float)i;
        hdbscan_options o = hdbscan_defaults();
        o.min_cluster_size = 2;
        o.min_samples = 1;
        o.allow_single_cluster = cases[c].single;
        hdbscan_result r;
        err e = {0};
        assert_int_equal(hdbscan_cluster(&r, x_ND, cases[c].n, 2, &o, NULL, &e), OK);
        assert_int_equal(r.n_clusters, cases[c].n_clusters);
        for (int i = 0; i < cases[c].n; i++) {
            assert_true(r.label_N[i] >= LABEL_NOISE && r.label_N[i] < r.n_clusters);
            assert_true(r.probability_N[i] >= 0 && r.probability_N[i] <= 1);
            assert_true(r.outlier_N[i] >= 0 && r.outlier_N[i] <= 1);
        }
        hdbscan_release(&r);
    }
}

static void refuses_what_it_cannot_use(void **state)
{
    (void)state;
    static const struct {
        int n, min_cluster_size, min_samples;
        double epsilon;
        float value;
        err_code code;
        const char *says;
    } cases[] = {
        {0, 5, 0, 0, 0, E_DATA, "0 rows"},
        {4, 1, 0, 0, 0, E_CONFIG, "min_cluster_size"},
        {4, 5, -1, 0, 0, E_CONFIG, "min_samples"},
        {4, 5, 0, -1, 0, E_CONFIG, "epsilon"},
        {4, 5, 0, (double)NAN, 0, E_CONFIG, "epsilon"},
        {4, 5, 0, 0, NAN, E_NUMERIC, "row 1, column 1 is NaN"},
        {4, 5, 0, 0, INFINITY, E_NUMERIC, "infinite"},
    };
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        float x_ND[8] = {0, 1, 2, 3, 4, 5, 6, 7};
        x_ND[3] = cases[c].value;
        hdbscan_options o = hdbscan_defaults();
        o.min_cluster_size = cases[c].min_cluster_size;
        o.min_samples = cases[c].min_samples;
        o.cluster_selection_epsilon = cases[c].epsilon;
        hdbscan_result r;
        err e = {0};
        assert_int_equal(hdbscan_cluster(&r, x_ND, cases[c].n, 2, &o, NULL, &e), cases[c].code);
        assert_non_null(strstr(e.text, cases[c].says));
        assert_null(r.label_N);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_the_package),
        cmocka_unit_test(same_for_any_thread_count),
        cmocka_unit_test(handles_few_and_equal_rows),
        cmocka_unit_test(refuses_what_it_cannot_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
