/* UMAP: its deterministic steps against umap-learn's numbers, its maps by quality. */
#include "golden.h"
#include "sanitized.h"
#include "base/rng.h"
#include "features/cluster_quality.h"
#include "features/umap_parts.h"

/* umap-learn's maps are of GOLDEN_SEEDS. */
enum { GOLDEN_SEEDS = 4, SEEDS = SANITIZED ? 1 : GOLDEN_SEEDS, QUALITY_NEIGHBOURS = 10 };

static const char *const sets[] = {
    "blobs",      /* convex, with background noise */
    "moons",      /* two curves */
    "sparse",     /* many columns, cosine */
    "duplicates", /* rows at distance 0 */
    "ties",       /* grids */
    "swiss",      /* one rolled-up sheet */
    "islands",    /* as many parts of the graph as groups */
};

static void curve_equals_umap_learn(void **state)
{
    (void)state;
    str values = {0};
    golden_text(&values, "umap_parts", "golden");
    double *curve = golden_need(&values, 40, "curve"); /* min_dist, spread, a, b */
    for (int i = 0; i < 40; i += 4) {
        double fitted[2];
        umap_fit_curve(&fitted[0], &fitted[1], curve[i + 1], curve[i]);
        check_close("a, b", fitted, curve + i + 2, 2, 1e-5);
    }
    mem_free(curve);
    str_release(&values);
}

static void graph_equals_umap_learn(void **state)
{
    (void)state;
    golden g = golden_open("moons");
    str values = {0};
    golden_text(&values, "umap_parts", "golden");
    neighbours near;
    umap_graph graph;
    err e = {0};
    double sigma_N[240], rho_N[240], sum_N[240] = {0};
    assert_int_equal(neighbours_of_rows(&near, g.x_ND, g.n, g.d, METRIC_EUCLIDEAN, 9, NULL, &e),
                     OK);
    assert_int_equal(umap_graph_build(&graph, sigma_N, rho_N, &near, NULL, &e), OK);
    double *sigma = golden_need(&values, g.n, "sigma"), *rho = golden_need(&values, g.n, "rho");
    double *sums = golden_need(&values, g.n, "graph.row_sums");
    double *entries = golden_need(&values, 1, "graph.entries");
    for (int row = 0; row < g.n; row++)
        for (int i = graph.start[row]; i < graph.start[row + 1]; i++) {
            assert_true(i == graph.start[row] || graph.column[i] > graph.column[i - 1]);
            sum_N[row] += (double)graph.weight[i];
        }
    assert_int_equal(graph.start[g.n], (int)*entries);
    check_close("sigma", sigma_N, sigma, g.n, 1e-5);
    check_close("rho", rho_N, rho, g.n, 1e-6);
    check_close("graph", sum_N, sums, g.n, 2e-4); /* umap-learn bisects in single precision */
    mem_free(sigma);
    mem_free(rho);
    mem_free(sums);
    mem_free(entries);
    umap_graph_release(&graph);
    neighbours_release(&near);
    str_release(&values);
    golden_close(&g);
}

static double mean_of(const double *value, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += value[i];
    return sum / n;
}

static umap_options read_options(const double option[4])
{
    umap_options o = umap_defaults();
    o.metric = (metric)option[0];
    o.n_neighbors = (int)option[1];
    o.min_dist = option[2];
    o.n_components = (int)option[3];
    return o;
}

/* Each side averages over its maps; ours may be better, never worse by more than 0.02,
 * or for fewer maps than umap-learn's by what a mean of fewer strays more. */
static void check_quality(const golden *g, int run, const umap_options *options)
{
    char key[96];
    double trust[SEEDS], overlap[SEEDS], *want[2];
    umap_options o = *options;
    err e = {0};
    for (int seed = 0; seed < SEEDS; seed++) {
        umap_result r;
        o.seed = (uint64_t)seed;
        assert_int_equal(umap_fit(&r, g->x_ND, g->n, g->d, &o, NULL, NULL, &e), OK);
        assert_int_equal(trustworthiness(&trust[seed], g->x_ND, r.y_NE, g->n, g->d, o.n_components,
                                         o.metric, QUALITY_NEIGHBOURS, NULL, &e),
                         OK);
        assert_int_equal(neighbour_overlap(&overlap[seed], g->x_ND, r.y_NE, g->n, g->d,
                                           o.n_components, o.metric, QUALITY_NEIGHBOURS, NULL, &e),
                         OK);
        umap_release(&r);
    }
    want[0] =
        golden_need(&g->values, GOLDEN_SEEDS, golden_key(key, "umap", run, "trustworthiness"));
    want[1] = golden_need(&g->values, GOLDEN_SEEDS, golden_key(key, "umap", run, "overlap"));
    double got[2] = {mean_of(trust, SEEDS), mean_of(overlap, SEEDS)};
    double reference[2] = {mean_of(want[0], GOLDEN_SEEDS), mean_of(want[1], GOLDEN_SEEDS)};
    print_message("%s %s: trustworthiness %.4f (umap-learn %.4f), overlap %.4f (%.4f)\n", g->name,
                  metric_name(o.metric), got[0], reference[0], got[1], reference[1]);
    for (int i = 0; i < 2; i++) {
        assert_true(got[i] >= reference[i] - 0.02 * sqrt(GOLDEN_SEEDS / SEEDS));
        mem_free(want[i]);
    }
}

static void as_good_as_umap_learn(void **state)
{
    (void)state;
    for (size_t s = 0; s < COUNT_OF(sets); s++) {
        golden g = golden_open(sets[s]);
        int run = 0, n = 0;
        char key[96];
        for (;; run++) {
            double *option = golden_find(&g.values, golden_key(key, "umap", run, "options"), &n);
            if (!option)
                break;
            umap_options o = read_options(option);
            check_quality(&g, run, &o);
            mem_free(option);
        }
        assert_true(run > 0);
        golden_close(&g);
    }
}

static void same_for_any_thread_count(void **state)
{
    (void)state;
    golden g = golden_open("sparse");
    umap_options o = umap_defaults();
    o.n_epochs = 50;
    umap_result r[3];
    err e = {0};
    for (int t = 0; t < 3; t++) {
        pool *workers = pool_new(t + 1);
        o.seed = t == 2; /* the third map is another one */
        assert_int_equal(umap_fit(&r[t], g.x_ND, g.n, g.d, &o, workers, NULL, &e), OK);
        pool_free(workers);
    }
    size_t bytes = (size_t)g.n * 2 * sizeof(float);
    assert_memory_equal(r[0].y_NE, r[1].y_NE, bytes);
    assert_memory_not_equal(r[0].y_NE, r[2].y_NE, bytes);
    for (int t = 0; t < 3; t++)
        umap_release(&r[t]);
    golden_close(&g);
}

static void handles_hard_rows(void **state)
{
    (void)state;
    static const struct {
        int n, d, n_components, n_neighbors;
        int distinct; /* rows repeat after so many; 0: all rows are 0 */
        int used;     /* neighbours after clamping */
    } cases[] = {
        {3, 2, 2, 15, 3, 2}, /* smallest legal; fewer rows than neighbours */
        {4, 1, 3, 15, 4, 3}, /* more map columns than data columns */
        {15, 2, 2, 15, 15, 14}, {30, 3, 2, 5, 1, 5}, /* all rows equal */
        {30, 3, 2, 5, 0, 5},                         /* all rows 0: no direction */
        {40, 3, 2, 5, 4, 5},                         /* a graph of four cliques */
        {60, 2, 2, 2, 60, 2},                        /* one neighbour each */
        {12, 2, 9, 4, 12, 4}, /* more map columns than a part has eigenvectors */
    };
    for (size_t c = 0; c < COUNT_OF(cases); c++)
        for (metric m = METRIC_EUCLIDEAN; m <= METRIC_COSINE; m++) {
            int n = cases[c].n, d = cases[c].d, cells = n * cases[c].n_components;
            float *x_ND = mem_small((size_t)(n * d), sizeof *x_ND);
            rng random = rng_stream(3, "hard rows");
            for (int i = 0; i < n * d && cases[c].distinct; i++)
                x_ND[i] = (float)rng_at(&random, (uint64_t)(i % (cases[c].distinct * d))) /
                          (float)UINT64_MAX;
            umap_options o = umap_defaults();
            o.n_neighbors = cases[c].n_neighbors;
            o.n_components = cases[c].n_components;
            o.metric = m;
            umap_result r;
            err e = {0};
            if (umap_fit(&r, x_ND, n, d, &o, NULL, NULL, &e))
                fail_msg("case %zu: %s", c, e.text);
            assert_int_equal(r.n_neighbors, cases[c].used);
            assert_true(r.n_parts >= 1 && r.n_parts <= n);
            for (int i = 0; i < cells; i++)
                assert_true(isfinite(r.y_NE[i]));
            umap_release(&r);
            mem_free(x_ND);
        }
}

static void refuses_what_it_cannot_use(void **state)
{
    (void)state;
    umap_options good = umap_defaults(), bad[9];
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        bad[i] = good;
    bad[0].n_neighbors = 1;
    bad[1].min_dist = 1.5;
    bad[2].min_dist = -0.1;
    bad[3].spread = 0;
    bad[4].n_components = 0;
    bad[5].n_epochs = -1;
    bad[6].learning_rate = (double)NAN;
    bad[7].negative_sample_rate = -1;
    bad[8].n_components = UMAP_MOST_COMPONENTS + 1;
    float x_ND[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    umap_result r;
    err e = {0};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(umap_fit(&r, x_ND, 4, 2, &bad[i], NULL, NULL, &e), E_CONFIG);
        assert_null(r.y_NE);
    }
    for (int n = 0; n < 3; n++) {
        assert_int_equal(umap_fit(&r, x_ND, n, 2, &good, NULL, NULL, &e), E_DATA);
        assert_null(r.y_NE);
    }
    x_ND[5] = NAN;
    assert_int_equal(umap_fit(&r, x_ND, 4, 2, &good, NULL, NULL, &e), E_NUMERIC);
    assert_non_null(strstr(e.text, "umap"));
    assert_null(r.y_NE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(curve_equals_umap_learn), cmocka_unit_test(graph_equals_umap_learn),
        cmocka_unit_test(as_good_as_umap_learn),   cmocka_unit_test(same_for_any_thread_count),
        cmocka_unit_test(handles_hard_rows),       cmocka_unit_test(refuses_what_it_cannot_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
