/* What may share a call with others on the cpu backend, and must not be seen in the result. */
#include "base/pool.h"
#include "common_operations.h"
#include "test.h"

static void test_company(void **state)
{
    (void)state;
    pool *p = pool_new(3);
    backend *ref = backend_ref(), *cpu;
    err e;
    assert_int_equal(backend_cpu(&cpu, p, &e), OK);
    check_company_of_rows(cpu, 400);
    check_children(ref, cpu);
    backend_free(ref);
    backend_free(cpu);
    pool_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_company)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
