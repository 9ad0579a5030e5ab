/* Silhouette, trustworthiness, overlap and adjusted Rand index against scikit-learn. */
#include "golden.h"
#include "base/rng.h"
#include "features/cluster_quality.h"
#include "features/labels.h"

static const char *const sets[] = {"blobs", "moons", "sparse", "duplicates",
                                   "ties",  "swiss", "islands"};

static void check_silhouette(const golden *g, const int *label_N, metric m)
{
    char key[96];
    int kept = g->n - labels_noise(label_N, g->n), at = 0;
    snprintf(key, sizeof key, "quality.silhouette.%s", metric_name(m));
    double *want = golden_need(&g->values, kept, key);
    double *got_N = mem_small((size_t)g->n, sizeof *got_N), mean, sum = 0;
    err e = {0};
    assert_int_equal(silhouette(&mean, got_N, g->x_ND, label_N, g->n, g->d, m, NULL, &e), OK);
    for (int i = 0; i < g->n; i++) {
        if (label_N[i] < 0) {
            assert_true(isnan(got_N[i]));
            continue;
        }
        check_value(key, got_N[i], want[at], 3e-7);
        sum += want[at++];
    }
    check_value("mean", mean, sum / kept, 3e-7);
    mem_free(got_N);
    mem_free(want);
}

/* scikit-learn ranks equal distances in no set order: sets full of them only have to be near. */
static void check_trust(const golden *g, metric m, int k, double tolerance)
{
    char key[96];
    snprintf(key, sizeof key, "quality.trustworthiness.%s.%d", metric_name(m), k);
    double *want = golden_need(&g->values, 1, key), got;
    float *map_N2 = mem_small((size_t)g->n * 2, sizeof *map_N2);
    for (int i = 0; i < g->n; i++)
        for (int j = 0; j < 2; j++)
            map_N2[i * 2 + j] = ROW(g->x_ND, i, g->d)[j];
    err e = {0};
    assert_int_equal(trustworthiness(&got, g->x_ND, map_N2, g->n, g->d, 2, m, k, NULL, &e), OK);
    check_close(key, &got, want, 1, tolerance);
    mem_free(want);
    mem_free(map_N2);
}

static void equals_scikit_learn(void **state)
{
    (void)state;
    for (size_t s = 0; s < COUNT_OF(sets); s++) {
        golden g = golden_open(sets[s]);
        int *label_N = golden_ints(&g.values, g.n, "quality.labels");
        int *truth_N = golden_ints(&g.values, g.n, "quality.truth");
        bool equal_distances = g.n == 60 || g.n == 145 || g.d > 100; /* zeros on the map */
        for (metric m = METRIC_EUCLIDEAN; m <= METRIC_COSINE; m++) {
            check_silhouette(&g, label_N, m);
            for (int k = 5; k <= 15; k += 10)
                check_trust(&g, m, k, equal_distances ? 0.05 : 1e-8);
        }
        double *rand = golden_need(&g.values, 1, "quality.adjusted_rand");
        check_value("adjusted_rand", adjusted_rand(label_N, truth_N, g.n), rand[0], 1e-8);
        check_value("adjusted_rand", adjusted_rand(truth_N, label_N, g.n), rand[0], 1e-8);
        mem_free(rand);
        mem_free(label_N);
        mem_free(truth_N);
        golden_close(&g);
    }
}

static void known_answers(void **state)
{
    (void)state;
    static const int a[] = {0, 0, 1, 1}, renamed[] = {5, 5, -1, -1}, crossed[] = {0, 1, 0, 1},
                     one[] = {0, 0, 0, 0}, noise[] = {-1, -1, -1, -1}, half[] = {0, -1, 1, -1};
    float line_N[] = {0, 1, 10, 11}, twisted_N[] = {0, 10, 1, 11};
    double mean, value_N[4], trust, overlap;
    err e = {0};
    check_value("adjusted_rand", adjusted_rand(a, renamed, 4), 1, 0);
    check_value("adjusted_rand", adjusted_rand(a, crossed, 4), -0.5, 1e-15);
    check_value("adjusted_rand", adjusted_rand(a, a, 1), 1, 0);
    check_value("noise_share", noise_share(half, 4), 0.5, 0);
    check_value("noise_share", noise_share(half, 0), 0, 0);

    assert_int_equal(silhouette(&mean, value_N, line_N, one, 4, 1, METRIC_EUCLIDEAN, NULL, &e), OK);
    assert_true(isnan(mean) && isnan(value_N[0])); /* one cluster has no other to compare with */
    assert_int_equal(silhouette(&mean, NULL, line_N, noise, 4, 1, METRIC_EUCLIDEAN, NULL, &e), OK);
    assert_true(isnan(mean));
    assert_int_equal(silhouette(&mean, value_N, line_N, half, 4, 1, METRIC_COSINE, NULL, &e), OK);
    check_value("mean", mean, 0, 0); /* rows alone in their clusters */

    assert_int_equal(
        trustworthiness(&trust, line_N, line_N, 4, 1, 1, METRIC_EUCLIDEAN, 1, NULL, &e), OK);
    check_value("trust", trust, 1, 0);
    assert_int_equal(
        trustworthiness(&trust, line_N, twisted_N, 4, 1, 1, METRIC_EUCLIDEAN, 9, NULL, &e), OK);
    assert_true(trust < 1);
    assert_int_equal(
        neighbour_overlap(&overlap, line_N, twisted_N, 4, 1, 1, METRIC_EUCLIDEAN, 1, NULL, &e), OK);
    check_value("overlap", overlap, 0, 0);
    assert_int_equal(
        neighbour_overlap(&overlap, line_N, line_N, 4, 1, 1, METRIC_EUCLIDEAN, 2, NULL, &e), OK);
    check_value("overlap", overlap, 1, 0);
}

static void same_for_any_thread_count(void **state)
{
    (void)state;
    golden g = golden_open("sparse");
    int *label_N = golden_ints(&g.values, g.n, "quality.labels");
    double value_N[2][240], mean[2], trust[2];
    err e = {0};
    for (int t = 0; t < 2; t++) {
        pool *workers = pool_new(t + 1);
        assert_int_equal(
            silhouette(&mean[t], value_N[t], g.x_ND, label_N, g.n, g.d, METRIC_COSINE, workers, &e),
            OK);
        assert_int_equal(trustworthiness(&trust[t], g.x_ND, g.x_ND, g.n, g.d, g.d, METRIC_COSINE,
                                         10, workers, &e),
                         OK);
        pool_free(workers);
    }
    assert_memory_equal(value_N[0], value_N[1], sizeof value_N[0]);
    assert_memory_equal(&mean[0], &mean[1], sizeof mean[0]);
    assert_memory_equal(&trust[0], &trust[1], sizeof trust[0]);
    mem_free(label_N);
    golden_close(&g);
}

static void refuses_what_it_cannot_use(void **state)
{
    (void)state;
    float x_N[] = {0, 1, NAN}, y_N[] = {0, 1, 2};
    int label_N[] = {0, 0, 1};
    double out;
    err e = {0};
    assert_int_equal(silhouette(&out, NULL, x_N, label_N, 3, 1, METRIC_EUCLIDEAN, NULL, &e),
                     E_NUMERIC);
    assert_int_equal(silhouette(&out, NULL, x_N, label_N, 0, 1, METRIC_COSINE, NULL, &e), E_DATA);
    assert_int_equal(trustworthiness(&out, x_N, y_N, 3, 1, 1, METRIC_EUCLIDEAN, 1, NULL, &e),
                     E_NUMERIC);
    assert_int_equal(trustworthiness(&out, y_N, y_N, 2, 1, 1, METRIC_EUCLIDEAN, 1, NULL, &e),
                     E_DATA);
    assert_int_equal(neighbour_overlap(&out, y_N, y_N, 3, 1, 1, METRIC_EUCLIDEAN, 3, NULL, &e),
                     E_SHAPE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_scikit_learn),
        cmocka_unit_test(known_answers),
        cmocka_unit_test(same_for_any_thread_count),
        cmocka_unit_test(refuses_what_it_cannot_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
