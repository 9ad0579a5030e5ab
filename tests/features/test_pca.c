/* PCA against scikit-learn, and where it has little to work with. */
#include "golden.h"
#include "features/pca.h"

static const char *const sets[] = {"blobs", "moons", "sparse", "duplicates",
                                   "ties",  "swiss", "islands"};

/* scikit-learn's signs depend on its solver: ours are fixed by the largest entry, as documented. */
static double sign_of_largest(const double *row_D, int d)
{
    int largest = 0;
    for (int j = 1; j < d; j++)
        if (fabs(row_D[j]) > fabs(row_D[largest]) * (1 + 1e-6))
            largest = j;
    return row_D[largest] < 0 ? -1 : 1;
}

static void equals_scikit_learn(void **state)
{
    (void)state;
    for (size_t s = 0; s < COUNT_OF(sets); s++) {
        golden g = golden_open(sets[s]);
        int k = 0;
        mem_free(golden_find(&g.values, "pca.variance", &k));
        double *variance = golden_need(&g.values, k, "pca.variance");
        double *share = golden_need(&g.values, k, "pca.share");
        double *component = golden_need(&g.values, k * g.d, "pca.components");
        double *score = golden_need(&g.values, k * g.n, "pca.scores");
        pca_result r;
        err e = {0};
        assert_int_equal(pca_fit(&r, g.x_ND, g.n, g.d, k, NULL, &e), OK);
        check_close("variance", r.variance_K, variance, k, 1e-7);
        check_close("share", r.share_K, share, k, 1e-7);
        for (int c = 0; c < k; c++) {
            double sign = sign_of_largest(ROW(component, c, g.d), g.d);
            for (int j = 0; j < g.d; j++)
                check_value("component", ROW(r.component_KD, c, g.d)[j],
                            sign * ROW(component, c, g.d)[j], 1e-6);
            for (int i = 0; i < g.n; i++)
                check_value("score", (double)ROW(r.score_NK, i, k)[c], sign * ROW(score, i, k)[c],
                            2e-6);
        }
        mem_free(variance);
        mem_free(share);
        mem_free(component);
        mem_free(score);
        pca_release(&r);
        golden_close(&g);
    }
}

static void same_for_any_thread_count(void **state)
{
    (void)state;
    golden g = golden_open("sparse");
    pca_result r[2];
    err e = {0};
    for (int t = 0; t < 2; t++) {
        pool *workers = pool_new(t + 1);
        assert_int_equal(pca_fit(&r[t], g.x_ND, g.n, g.d, 20, workers, &e), OK);
        pool_free(workers);
    }
    assert_memory_equal(r[0].score_NK, r[1].score_NK, (size_t)g.n * 20 * sizeof(float));
    assert_memory_equal(r[0].component_KD, r[1].component_KD, (size_t)g.d * 20 * sizeof(double));
    for (int t = 0; t < 2; t++)
        pca_release(&r[t]);
    golden_close(&g);
}

/* Whatever the rank, components are orthonormal and the scores keep the rows' distances. */
static void handles_low_rank(void **state)
{
    (void)state;
    static const struct {
        int n, d, k, rank;
    } cases[] = {
        {1, 1, 1, 0}, /* smallest legal */
        {1, 5, 1, 0}, /* one row: no variance */
        {2, 3, 2, 1}, /* two rows: one direction */
        {6, 4, 4, 0}, /* all rows equal */
        {6, 4, 3, 1}, /* rows on a line */
    };
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        int n = cases[c].n, d = cases[c].d, k = cases[c].k;
        float x_ND[24];
        for (int i = 0; i < n * d; i++)
            x_ND[i] = (float)(i % d + 1) * (cases[c].rank ? (float)(i / d) : 1);
        pca_result r;
        err e = {0};
        assert_int_equal(pca_fit(&r, x_ND, n, d, k, NULL, &e), OK);
        for (int a = 0; a < k; a++) {
            for (int b = 0; b < k; b++) {
                double dot = 0;
                for (int j = 0; j < d; j++)
                    dot += ROW(r.component_KD, a, d)[j] * ROW(r.component_KD, b, d)[j];
                check_value("orthonormal", dot, a == b, 1e-10);
            }
            check_value("share", r.share_K[a], a < cases[c].rank, 1e-10);
        }
        for (int i = 0; i < n * k; i++)
            assert_true(isfinite(r.score_NK[i]));
        pca_release(&r);
    }
}

static void refuses_what_it_cannot_use(void **state)
{
    (void)state;
    static const struct {
        int n, k;
        float value;
        err_code code;
    } cases[] = {
        {0, 1, 0, E_DATA},      {2, 0, 0, E_DATA},
        {2, 3, 0, E_DATA}, /* more components than rows */
        {4, 3, 0, E_DATA}, /* more than columns */
        {4, 1, NAN, E_NUMERIC},
    };
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        float x_ND[8] = {0, 1, 2, cases[c].value, 4, 5, 6, 7};
        pca_result r;
        err e = {0};
        assert_int_equal(pca_fit(&r, x_ND, cases[c].n, 2, cases[c].k, NULL, &e), cases[c].code);
        assert_null(r.score_NK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_scikit_learn),
        cmocka_unit_test(same_for_any_thread_count),
        cmocka_unit_test(handles_low_rank),
        cmocka_unit_test(refuses_what_it_cannot_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
