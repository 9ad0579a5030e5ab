/* Every operation of the cpu backend against the reference, and the same bytes for one and for
 * three threads. */
#include "base/memory.h"
#include "base/pool.h"
#include "common_operations.h"
#include "test.h"
#include <string.h>

typedef struct backends {
    contenders all; /* ref, cpu with 1 thread, cpu with 3 */
    pool *pools[MOST_CONTENDERS];
} backends;

static int start(void **state)
{
    static const int threads[] = {0, 1, 3};
    backends *b = mem_small(1, sizeof *b);
    err e;
    b->all = (contenders){.be = {backend_ref()}, .n = COUNT_OF(threads)};
    for (int i = 1; i < b->all.n; i++) {
        b->pools[i] = pool_new(threads[i]);
        assert_int_equal(backend_cpu(&b->all.be[i], b->pools[i], &e), OK);
    }
    *state = b;
    return 0;
}

static int stop(void **state)
{
    backends *b = *state;
    for (int i = 0; i < b->all.n; i++) {
        backend_free(b->all.be[i]);
        pool_free(b->pools[i]);
    }
    mem_free(b);
    return 0;
}

#define CHECKED_BY(check)                                                                          \
    static void test_##check(void **state)                                                         \
    {                                                                                              \
        const backends *b = *state;                                                                \
        check(&b->all);                                                                            \
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

/* ---- choosing one
 * ----------------------------------------------------------------------------------- */

static void test_open(void **state)
{
    (void)state;
    static const struct {
        const char *name, *opens;
    } rows[] = {{"cpu", "cpu"}, {"ref", "ref"}, {"gpu", NULL}, {"cuda:", NULL}, {"cuda:x", NULL}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        backend *be;
        err e = {0};
        err_code rc = backend_open(&be, rows[i].name, NULL, &e);
        assert_int_equal(rc, rows[i].opens ? OK : E_CONFIG);
        if (rows[i].opens)
            assert_string_equal(be->name, rows[i].opens);
        else
            assert_non_null(strstr(e.text, rows[i].name));
        backend_free(be);
    }
}

static void test_failures_stick(void **state)
{
    (void)state;
    backend *be = backend_ref();
    err e = {0};
    assert_int_equal(backend_sync(be, &e), OK);
    err_set(&be->failure, E_NUMERIC, "a failure");
    assert_int_equal(backend_sync(be, &e), E_NUMERIC);
    assert_string_equal(e.text, "a failure");
    assert_int_equal(backend_sync(be, &e), OK);
    assert_null(be->alloc(be, SIZE_MAX / 4, 8, "too much", &e));
    assert_int_equal(e.code, E_MEMORY);
    backend_free(be);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_check_rows),        cmocka_unit_test(test_check_activations),
        cmocka_unit_test(test_check_widen),       cmocka_unit_test(test_check_stored_rows),
        cmocka_unit_test(test_check_products),    cmocka_unit_test(test_check_beta_0),
        cmocka_unit_test(test_check_sparse),      cmocka_unit_test(test_check_choice),
        cmocka_unit_test(test_check_rivals),      cmocka_unit_test(test_check_descent),
        cmocka_unit_test(test_check_attention),   cmocka_unit_test(test_check_heads),
        cmocka_unit_test(test_check_every_entry), cmocka_unit_test(test_open),
        cmocka_unit_test(test_failures_stick)};
    return cmocka_run_group_tests(tests, start, stop);
}
