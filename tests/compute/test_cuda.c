/* Every operation of the cuda backend against the reference: on a GPU, or in test_emulated on the
 * emulated one. Without a GPU, or in a program built without CUDA, it says so and tests nothing. */
#include "base/memory.h"
#include "base/rng.h"
#include "common.h"
#include "common_operations.h"
#include "test.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

#ifdef EMULATED
enum { ROWS = 5 }; /* every thread of every block costs time */
#else
enum { ROWS = 400 };
#endif

static contenders all; /* ref, and the same GPU opened twice */

#define CHECKED_BY(check)                                                                          \
    static void test_##check(void **state)                                                         \
    {                                                                                              \
        (void)state;                                                                               \
        check(&all);                                                                               \
    }
CHECKED_BY(check_rows)
CHECKED_BY(check_activations)
CHECKED_BY(check_widen)
CHECKED_BY(check_stored_rows)
CHECKED_BY(check_products)
CHECKED_BY(check_beta_0)
CHECKED_BY(check_sparse)
CHECKED_BY(check_choice)
CHECKED_BY(check_rivals)
CHECKED_BY(check_descent)
CHECKED_BY(check_attention)
CHECKED_BY(check_heads)
CHECKED_BY(check_every_entry)

/* The tiles of products and attention. */
static void test_company(void **state)
{
    (void)state;
    check_company_of_rows(all.be[1], ROWS);
    check_children(all.be[0], all.be[1]);
}

static double rms_of(const float *x, size_t n)
{
    double square = 0;
    for (size_t i = 0; i < n; i++)
        square += (double)x[i] * (double)x[i];
    return sqrt(square / (double)n);
}

/* The bounds that backend.h and the help of run.products state, on a product of random numbers. */
static void test_precisions(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        double bound;
    } precisions[] = {{"f32", 1e-6}, {"tf32", 1e-3}, {"bf16", 6e-3}};
    enum { M = 130, N = 96, K = 512 };
    float *a = random_array(M * K, 1, "a"), *b = random_array(N * K, 1, "b");
    float *c[2] = {mem_small(M * N, sizeof **c), NULL};
    backend *ref = all.be[0], *be = all.be[1];
    ref->gemm(ref, c[0], N, a, K, PLAIN, b, K, TRANSPOSED, M, N, K, 1, 0);
    float *a_there = to_backend(be, a, M * K * sizeof *a),
          *b_there = to_backend(be, b, N * K * sizeof *b);
    float *c_there = to_backend(be, c[0], M * N * sizeof **c);
    err e;
    for (size_t p = 0; p < COUNT_OF(precisions); p++) {
        assert_int_equal(backend_set_products(be, precisions[p].name, &e), OK);
        be->gemm(be, c_there, N, a_there, K, PLAIN, b_there, K, TRANSPOSED, M, N, K, 1, 0);
        c[1] = from_backend(be, c_there, M * N);
        double size = rms_of(c[0], M * N);
        for (int i = 0; i < M * N; i++)
            c[1][i] -= c[0][i];
        double error = rms_of(c[1], M * N) / size;
        print_message("products in %s: relative error %.1e\n", precisions[p].name, error);
        assert_true(error < precisions[p].bound);
        mem_free(c[1]);
    }
    assert_int_equal(backend_set_products(be, "f32", &e), OK);
    assert_int_equal(backend_set_products(be, "f8", &e), E_CONFIG);
    assert_int_equal(backend_set_products(ref, "tf32", &e), E_CONFIG);
    be->free(be, a_there);
    be->free(be, b_there);
    be->free(be, c_there);
    mem_free(a);
    mem_free(b);
    mem_free(c[0]);
}

/* Small uploads go through a buffer that is gone through many times here. */
static void test_uploads(void **state)
{
    (void)state;
    enum { N = 1000, ROUNDS = 3000, BIG = 1 << 20 };
    backend *be = all.be[1];
    err e;
    float *there = be->alloc(be, N, sizeof *there, "rows", &e),
          *sum = be->alloc(be, N, 4, "sum", &e);
    float row[N];
    for (int i = 0; i < ROUNDS; i++) {
        for (int j = 0; j < N; j++)
            row[j] = (float)(i % 7);
        be->upload(be, there, row, sizeof row);
        be->add(be, sum, sum, there, N);
    }
    float *got = from_backend(be, sum, N), want = 0;
    for (int i = 0; i < ROUNDS; i++)
        want += (float)(i % 7);
    for (int j = 0; j < N; j++)
        assert_true(got[j] == want);
    float *big = random_array(BIG, 1, "big"), *big_there = to_backend(be, big, BIG * sizeof *big);
    float *back = from_backend(be, big_there, BIG);
    assert_memory_equal(back, big, BIG * sizeof *big);
    be->free(be, there);
    be->free(be, sum);
    be->free(be, big_there);
    mem_free(got);
    mem_free(big);
    mem_free(back);
}

static void test_failures(void **state)
{
    (void)state;
    backend *be = all.be[1];
    err e = {0};
    assert_null(be->alloc(be, SIZE_MAX / 4, 8, "too much", &e)); /* overflows */
    assert_int_equal(e.code, E_MEMORY);
    assert_null(be->alloc(be, SIZE_MAX / 16, 2, "too much", &e)); /* is more than there is */
    assert_int_equal(e.code, E_MEMORY);
    assert_non_null(strstr(e.text, "too much"));
    assert_int_equal(backend_sync(be, &e), OK); /* a refusal is no failure of what comes after */
    assert_int_equal(backend_cuda(&all.be[3], 99, NULL, &e), E_CONFIG);
    assert_non_null(strstr(e.text, "no GPU 99"));
}

int main(void)
{
    err e;
    all = (contenders){.be = {backend_ref()}, .n = 3};
    if (backend_cuda(&all.be[1], 0, NULL, &e) || backend_cuda(&all.be[2], 0, NULL, &e)) {
        printf("1..1\nok 1 - the cuda backend # SKIP %s\n", e.text);
        backend_free(all.be[0]);
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check_rows),      cmocka_unit_test(test_check_activations),
        cmocka_unit_test(test_check_widen),     cmocka_unit_test(test_check_stored_rows),
        cmocka_unit_test(test_check_products),  cmocka_unit_test(test_check_beta_0),
        cmocka_unit_test(test_check_sparse),    cmocka_unit_test(test_check_choice),
        cmocka_unit_test(test_check_rivals),    cmocka_unit_test(test_check_descent),
        cmocka_unit_test(test_check_attention), cmocka_unit_test(test_check_heads),
        cmocka_unit_test(test_company),         cmocka_unit_test(test_check_every_entry),
        cmocka_unit_test(test_precisions),      cmocka_unit_test(test_uploads),
        cmocka_unit_test(test_failures)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    for (int i = 0; i < all.n; i++)
        backend_free(all.be[i]);
    return failed;
}
