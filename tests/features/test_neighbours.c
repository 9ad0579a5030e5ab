/* Distances and exact nearest neighbours against their definitions. */
#include "golden.h"
#include "base/memory.h"
#include "base/rng.h"
#include "features/neighbours.h"

static void distances_follow_their_definition(void **state)
{
    (void)state;
    static const int widths[] = {1, 15, 16, 17, 100}; /* around the 16 strands of a sum */
    for (size_t w = 0; w < COUNT_OF(widths); w++) {
        int d = widths[w];
        float x_ND[2 * 100];
        rng r = rng_stream((uint64_t)d, "test_neighbours");
        double square = 0, dot = 0, length[2] = {0, 0};
        for (int i = 0; i < 2 * d; i++)
            x_ND[i] = (float)rng_normal(&r);
        for (int j = 0; j < d; j++) {
            double a = (double)x_ND[j], b = (double)x_ND[d + j];
            square += (a - b) * (a - b);
            dot += a * b;
            length[0] += a * a;
            length[1] += b * b;
        }
        double want[2] = {sqrt(square), 1 - dot / sqrt(length[0] * length[1])};
        for (metric m = METRIC_EUCLIDEAN; m <= METRIC_COSINE; m++) {
            points p;
            err e = {0};
            assert_int_equal(points_init(&p, x_ND, 2, d, m, "test", &e), OK);
            check_value(metric_name(m), points_distance(&p, 0, 1), want[m], 1e-12);
            check_value("symmetry", points_distance(&p, 1, 0), points_distance(&p, 0, 1), 0);
            points_release(&p);
        }
    }
}

static void cosine_of_special_rows(void **state)
{
    (void)state;
    static const struct {
        float a[3], b[3];
        double distance;
    } cases[] = {
        {{0.1f, 0.2f, 0.3f}, {0.1f, 0.2f, 0.3f}, 0}, /* exactly, though 0.1 is not exact */
        {{0, 0, 0}, {0, 0, 0}, 0},                   /* no direction, but equal */
        {{0, 0, 0}, {1, 0, 0}, 1},
        {{1, 0, 0}, {-3, 0, 0}, 2},
        {{1e-30f, 0, 0}, {0, 1e-30f, 0}, 1}, /* squares far below FLT_MIN */
        {{3e38f, 0, 0}, {3e38f, 0, 0}, 0},   /* squares far above FLT_MAX */
    };
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        float x_ND[6];
        memcpy(x_ND, cases[c].a, sizeof cases[c].a);
        memcpy(x_ND + 3, cases[c].b, sizeof cases[c].b);
        points p;
        err e = {0};
        assert_int_equal(points_init(&p, x_ND, 2, 3, METRIC_COSINE, "test", &e), OK);
        check_value("cosine distance", points_distance(&p, 0, 1), cases[c].distance, 0);
        points_release(&p);
    }
}

typedef struct rows_check {
    const points *p;
    int *visits_N;
} rows_check;

static void check_row(void *context, int i, const double *distance_N)
{
    const rows_check *c = context;
    c->visits_N[i]++;
    for (int j = 0; j < c->p->n; j++)
        if (distance_N[j] != points_distance(c->p, i, j))
            fail_msg("row %d, row %d: %.17g is not %.17g", i, j, distance_N[j],
                     points_distance(c->p, i, j));
}

/* Rows with few entries take another road, to the same bits. */
static void rows_of_distances_are_the_same_numbers(void **state)
{
    (void)state;
    static const struct {
        int n, d;
        double filled; /* share of entries that are not 0 */
        metric m;
        bool listed; /* expected: sparse enough for lists of columns */
    } cases[] = {
        {61, 100, 0.05, METRIC_COSINE, true}, /* a tail after the strands; rows left of a tile */
        {8, 16, 0.05, METRIC_COSINE, true},   /* many rows of zeros */
        {33, 250, 0.3, METRIC_COSINE, true},  /* hardly sparse */
        {61, 100, 0.5, METRIC_COSINE, false}, {61, 100, 0.05, METRIC_EUCLIDEAN, false},
        {1, 1, 0, METRIC_COSINE, true},
    };
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        int n = cases[c].n, d = cases[c].d;
        float *x_ND = mem_small((size_t)(n * d), sizeof *x_ND);
        int *visits_N = mem_small((size_t)n, sizeof *visits_N);
        rng r = rng_stream(c, "test_neighbours rows");
        for (int i = 0; i < n * d; i++)
            x_ND[i] = rng_uniform(&r) < cases[c].filled ? (float)rng_normal(&r) : 0;
        points p;
        err e = {0};
        pool *workers = pool_new(2);
        assert_int_equal(points_init(&p, x_ND, n, d, cases[c].m, "test", &e), OK);
        assert_true((p.columns.start_D != NULL) == cases[c].listed);
        rows_check check = {&p, visits_N};
        assert_int_equal(points_each_row(&p, check_row, &check, workers, &e), OK);
        for (int i = 0; i < n; i++)
            assert_int_equal(visits_N[i], 1);
        pool_free(workers);
        points_release(&p);
        mem_free(x_ND);
        mem_free(visits_N);
    }
}

static void nearest_first_ties_by_index(void **state)
{
    (void)state;
    float x_N[] = {0, 2, 1, -1, 2, 10};
    static const int want[6][3] = {{2, 3, 1}, {4, 2, 0}, {0, 1, 4},
                                   {0, 2, 1}, {1, 2, 0}, {1, 4, 2}};
    neighbours near;
    err e = {0};
    assert_int_equal(neighbours_of_rows(&near, x_N, 6, 1, METRIC_EUCLIDEAN, 3, NULL, &e), OK);
    for (int i = 0; i < 6; i++)
        for (int s = 0; s < 3; s++) {
            assert_int_equal(ROW(near.index_NK, i, 3)[s], want[i][s]);
            check_value("distance", ROW(near.distance_NK, i, 3)[s],
                        fabs((double)x_N[i] - (double)x_N[want[i][s]]), 0);
        }
    neighbours_release(&near);
}

static void equal_to_sorting_all_rows(void **state)
{
    (void)state;
    golden g = golden_open("sparse");
    enum { K = 12 };
    neighbours near[2];
    points p;
    err e = {0};
    assert_int_equal(points_init(&p, g.x_ND, g.n, g.d, METRIC_COSINE, "test", &e), OK);
    for (int t = 0; t < 2; t++) {
        pool *workers = pool_new(t + 1);
        assert_int_equal(neighbours_find(&near[t], &p, K, workers, &e), OK);
        pool_free(workers);
    }
    size_t entries = (size_t)g.n * K;
    assert_memory_equal(near[0].index_NK, near[1].index_NK, entries * sizeof(int));
    assert_memory_equal(near[0].distance_NK, near[1].distance_NK, entries * sizeof(double));
    for (int i = 0; i < g.n; i++) {
        double farthest = ROW(near[0].distance_NK, i, K)[K - 1];
        int closer = 0, at_most = 0;
        for (int j = 0; j < g.n; j++) {
            closer += j != i && points_distance(&p, i, j) < farthest;
            at_most += j != i && points_distance(&p, i, j) <= farthest;
        }
        assert_true(closer < K && at_most >= K);
    }
    for (int t = 0; t < 2; t++)
        neighbours_release(&near[t]);
    points_release(&p);
    golden_close(&g);
}

static int nearer(const points *p, int row, int a, int b)
{
    double to_a = points_distance(p, row, a), to_b = points_distance(p, row, b);
    return to_a < to_b || (to_a == to_b && a < b);
}

/* Every list holds, in order, the rows that fewer than k others come before. */
static void check_lists(const points *p, const neighbours *near)
{
    for (int i = 0; i < p->n; i++) {
        const int *index_K = ROW(near->index_NK, i, near->k);
        int before_last = 0;
        for (int s = 0; s < near->k; s++) {
            assert_true(index_K[s] != i && (s == 0 || nearer(p, i, index_K[s - 1], index_K[s])));
            check_value("distance", ROW(near->distance_NK, i, near->k)[s],
                        points_distance(p, i, index_K[s]), 0);
        }
        for (int j = 0; j < p->n; j++)
            before_last += j != i && nearer(p, i, j, index_K[near->k - 1]);
        assert_int_equal(before_last, near->k - 1);
    }
}

/* Dense rows are compared block by block; here one block, a few, an even and an odd number, the
 * last one short. Rows of whole numbers have many ties, and many rows are equal or 0. */
static void dense_rows_meet_all_others(void **state)
{
    (void)state;
    static const int counts[] = {2, 191, 192, 193, 400, 577, 800};
    enum { D = 3, K = 7 };
    for (size_t c = 0; c < COUNT_OF(counts); c++)
        for (metric m = METRIC_EUCLIDEAN; m <= METRIC_COSINE; m++)
            for (int whole = 0; whole < 2; whole++) {
                int n = counts[c];
                float *x_ND = mem_small((size_t)n * D, sizeof *x_ND);
                rng r = rng_stream(c, "test_neighbours dense");
                for (int i = 0; i < n * D; i++)
                    x_ND[i] = whole ? (float)(int)rng_below(&r, 3) - 1 : (float)rng_normal(&r);
                neighbours near;
                points p;
                err e = {0};
                pool *workers = pool_new(1 + (int)c % 3);
                assert_int_equal(points_init(&p, x_ND, n, D, m, "test", &e), OK);
                assert_true(p.columns.start_D == NULL);
                assert_int_equal(neighbours_find(&near, &p, n > K ? K : 1, workers, &e), OK);
                check_lists(&p, &near);
                pool_free(workers);
                neighbours_release(&near);
                points_release(&p);
                mem_free(x_ND);
            }
}

static void limits(void **state)
{
    (void)state;
    float x_N[] = {0, 1, 3};
    static const struct {
        int n, d, k;
        err_code code;
    } cases[] = {
        {1, 1, 0, OK},      /* one row has no neighbour to ask for */
        {3, 1, 2, OK},      /* all others */
        {3, 1, 3, E_SHAPE}, /* not itself */
        {3, 1, -1, E_SHAPE}, {0, 1, 0, E_DATA}, {3, 0, 1, E_DATA},
    };
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        neighbours near;
        err e = {0};
        assert_int_equal(neighbours_of_rows(&near, x_N, cases[c].n, cases[c].d, METRIC_EUCLIDEAN,
                                            cases[c].k, NULL, &e),
                         cases[c].code);
        assert_true(cases[c].code == OK || near.index_NK == NULL);
        neighbours_release(&near);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(distances_follow_their_definition),
        cmocka_unit_test(cosine_of_special_rows),
        cmocka_unit_test(rows_of_distances_are_the_same_numbers),
        cmocka_unit_test(nearest_first_ties_by_index),
        cmocka_unit_test(equal_to_sorting_all_rows),
        cmocka_unit_test(dense_rows_meet_all_others),
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
