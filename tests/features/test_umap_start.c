/* Where UMAP starts, on a graph whose eigenvectors are known and that needs more than a few steps:
 * a path of N rows has the vectors sqrt(degree_i) cos(pi k i / (N - 1)), k = 0, 1, ... */
#include "base/memory.h"
#include "features/umap_parts.h"
#include "test.h"
#include <math.h>

enum { N = 80, COMPONENTS = 3 };

static umap_graph path(void)
{
    umap_graph g = {.n = N};
    g.start = mem_small(N + 1, sizeof *g.start);
    g.column = mem_small(2 * N, sizeof *g.column);
    g.weight = mem_small(2 * N, sizeof *g.weight);
    for (int row = 0, n = 0; row < N; row++) {
        for (int other = row - 1; other <= row + 1; other += 2)
            if (other >= 0 && other < N) {
                g.column[n] = other;
                g.weight[n++] = 0.5f;
            }
        g.start[row + 1] = n;
    }
    return g;
}

/* A column of the map is the vector, moved and stretched, with noise of 1e-4 of its size. */
static void check_column(const float *y_NE, int component)
{
    double v[N], y[N], mean_v = 0, mean_y = 0, vv = 0, yy = 0, vy = 0, pi = acos(-1);
    for (int i = 0; i < N; i++) {
        double degree = i == 0 || i == N - 1 ? 1 : 2;
        v[i] = sqrt(degree) * cos(pi * (component + 1) * i / (N - 1));
        y[i] = (double)y_NE[COMPONENTS * i + component];
        mean_v += v[i] / N;
        mean_y += y[i] / N;
    }
    for (int i = 0; i < N; i++) {
        vv += (v[i] - mean_v) * (v[i] - mean_v);
        yy += (y[i] - mean_y) * (y[i] - mean_y);
        vy += (v[i] - mean_v) * (y[i] - mean_y);
    }
    double unlike = 1 - fabs(vy) / sqrt(vv * yy);
    if (!(unlike < 1e-3))
        fail_msg("component %d: 1 - correlation is %g", component, unlike);
}

static void a_part_starts_at_its_eigenvectors(void **state)
{
    (void)state;
    umap_graph g = path();
    float x_ND[N] = {0}, y_NE[COMPONENTS * N], again[COMPONENTS * N];
    int n_parts;
    err e = {0};
    pool *workers = pool_new(3);
    for (uint64_t seed = 1; seed < 5; seed++) {
        assert_int_equal(umap_start(y_NE, &n_parts, &g, x_ND, 1, COMPONENTS, seed, workers, &e),
                         OK);
        assert_int_equal(n_parts, 1);
        for (int i = 0; i < COMPONENTS; i++)
            check_column(y_NE, i);
    }
    assert_int_equal(umap_start(again, &n_parts, &g, x_ND, 1, COMPONENTS, 4, NULL, &e), OK);
    assert_memory_equal(again, y_NE, sizeof again);
    pool_free(workers);
    umap_graph_release(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_part_starts_at_its_eigenvectors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
