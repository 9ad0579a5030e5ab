/* The relation of two features, case by case at its limits. */
#include "test.h"

#include "base/memory.h"
#include "pipeline/report_effects.h"

static void relations_at_their_limits(void **state)
{
    (void)state;
    static const struct {
        int64_t target, other, both, tokens;
        double cosine;
        const char *want;
    } cases[] = {
        {100, 100, 95, 10000, 0, "same"},
        {100, 400, 90, 10000, 0, "contains"},
        {100, 400, 89, 10000, 0, ""},
        {400, 100, 90, 10000, 0.9, "inside"},
        {400, 100, 10, 10000, 0.4, "apart"},
        {400, 100, 11, 10000, 0.4, ""}, /* too much together */
        {400, 100, 0, 10000, 0.39, ""}, /* too unlike */
        {20, 100, 0, 10000, 0.4, "apart"},
        {19, 100, 0, 10000, 0.4, ""}, /* too few tokens */
        {100, 1000, 100, 10000, 0, "contains"},
        {100, 1001, 100, 10000, 0, ""}, /* a dense feature contains everything */
        {0, 100, 0, 10000, 1, ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_string_equal(relation_between(cases[i].target, cases[i].other, cases[i].both,
                                             cases[i].tokens, cases[i].cosine),
                            cases[i].want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(relations_at_their_limits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
