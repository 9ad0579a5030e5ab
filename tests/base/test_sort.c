/* Orders of numbers. */
#include "test.h"

#include "base/memory.h"
#include "base/sort.h"

static void numbers_are_put_in_order(void **state)
{
    (void)state;
    double x[] = {3, -1, 3, 0, -0.5, 1e300, -1e300};
    const double rising[] = {-1e300, -1, -0.5, 0, 3, 3, 1e300};
    sort_doubles(x, COUNT_OF(x));
    assert_memory_equal(x, rising, sizeof x);
    float y[] = {1, 5, -2, 5, 0};
    const float falling[] = {5, 5, 1, 0, -2};
    sort_floats_falling(y, COUNT_OF(y));
    assert_memory_equal(y, falling, sizeof y);
    int z[] = {4, -7, 4, 2147483647, -2147483647 - 1};
    const int ascending[] = {-2147483647 - 1, -7, 4, 4, 2147483647};
    sort_ints(z, COUNT_OF(z));
    assert_memory_equal(z, ascending, sizeof z);
    sort_doubles(x, 0);
    sort_floats_falling(y, 1);
    assert_memory_equal(y, falling, sizeof y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(numbers_are_put_in_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
