/* Whether a restart with another OpenBLAS core is asked for: never twice, and never away from a
 * core that knows AVX-512. */
#include "compute/backend.h"
#include "test.h"
#include <cblas.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void test_a_choice_is_respected(void **state)
{
    (void)state;
    assert_int_equal(setenv("OPENBLAS_CORETYPE", "Haswell", 1), 0);
    assert_null(cpu_blas_core_override());
    assert_int_equal(unsetenv("OPENBLAS_CORETYPE"), 0);
}

static void test_only_older_cores_are_replaced(void **state)
{
    (void)state;
    assert_int_equal(unsetenv("OPENBLAS_CORETYPE"), 0);
    const char *core = cpu_blas_core_override();
    if (core)
        assert_string_equal(core, "SkylakeX");
    bool knows = !strcasecmp(openblas_get_corename(), "SkylakeX") ||
                 !strcasecmp(openblas_get_corename(), "Cooperlake");
    assert_false(knows && core);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_choice_is_respected),
                                       cmocka_unit_test(test_only_older_cores_are_replaced)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
