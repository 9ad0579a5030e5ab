/* Eigenvalues that are known in closed form, multiple ones included. */
#include "golden.h"
#include "features/lanczos.h"

typedef struct matrix {
    const double *a_NN;
    int n;
} matrix;

static void multiply(void *context, double *out_N, const double *in_N)
{
    const matrix *m = context;
    for (int i = 0; i < m->n; i++) {
        out_N[i] = 0;
        for (int j = 0; j < m->n; j++)
            out_N[i] += ROW(m->a_NN, i, m->n)[j] * in_N[j];
    }
}

static void check_pairs(const matrix *m, const double *want_K, int k)
{
    int n = m->n;
    double *value_K = mem_small((size_t)k, sizeof *value_K), product_N[120];
    double *vector_KN = mem_small((size_t)(k * n), sizeof *vector_KN);
    rng random = rng_stream(1, "test_lanczos");
    lanczos_limits limits = {1e-10, n};
    err e = {0};
    matrix copy = *m;
    assert_int_equal(
        lanczos_largest(value_K, vector_KN, NULL, multiply, &copy, n, k, limits, &random, NULL, &e),
        OK);
    check_close("eigenvalue", value_K, want_K, k, 1e-9);
    for (int a = 0; a < k; a++) {
        multiply(&copy, product_N, ROW(vector_KN, a, n));
        for (int i = 0; i < n; i++)
            check_value("A v - value v", product_N[i], value_K[a] * ROW(vector_KN, a, n)[i], 1e-7);
        for (int b = 0; b <= a; b++) {
            double dot = 0;
            for (int i = 0; i < n; i++)
                dot += ROW(vector_KN, a, n)[i] * ROW(vector_KN, b, n)[i];
            check_value("v . v", dot, a == b, 1e-9);
        }
    }
    mem_free(value_K);
    mem_free(vector_KN);
}

static void path_graph(void **state)
{
    (void)state;
    enum { N = 120, K = 4 };
    const double pi = 3.14159265358979323846;
    double *a_NN = mem_small((size_t)N * N, sizeof *a_NN), want_K[K];
    for (int i = 0; i + 1 < N; i++)
        a_NN[i * N + i + 1] = a_NN[(i + 1) * N + i] = 1;
    for (int i = 0; i < K; i++)
        want_K[i] = 2 * cos((i + 1) * pi / (N + 1));
    check_pairs(&(matrix){a_NN, N}, want_K, K);
    mem_free(a_NN);
}

static void multiple_eigenvalues(void **state)
{
    (void)state;
    enum { N = 90, K = 5 };
    double *a_NN = mem_small((size_t)N * N, sizeof *a_NN);
    const double want_K[K] = {3, 3, 3, 2, 1};
    for (int i = 0; i < N; i++)
        a_NN[i * N + i] = i < 3 ? 3 : i < 4 ? 2 : 1;
    check_pairs(&(matrix){a_NN, N}, want_K, K);
    mem_free(a_NN);
}

static void smallest_sizes(void **state)
{
    (void)state;
    const double zero[9] = {0}, minus_two[1] = {-2}, negative[1] = {-2};
    check_pairs(&(matrix){minus_two, 1}, negative, 1);
    check_pairs(&(matrix){zero, 3}, zero, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(path_graph),
        cmocka_unit_test(multiple_eigenvalues),
        cmocka_unit_test(smallest_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
