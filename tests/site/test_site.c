/* Whole sites of synthetic records, usual, hostile and empty. */
#include "test.h"
#include "base/io.h"
#include "base/memory.h"
#include "site/common_site.h"
#include <stdlib.h>

static void sites_are_written(void **state)
{
    (void)state;
    arena a = {0};
    const char *keep = getenv("SAEINV_KEEP_SITE"); /* a folder to look at the pages in */
    write_site(keep ? path_join(&a, keep, "usual") : path_join(&a, scratch(), "usual"),
               SYNTHETIC_USUAL);
    write_site(keep ? path_join(&a, keep, "hostile") : path_join(&a, scratch(), "hostile"),
               SYNTHETIC_HOSTILE);
    write_site(keep ? path_join(&a, keep, "empty") : path_join(&a, scratch(), "empty"),
               SYNTHETIC_EMPTY);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sites_are_written),
    };
    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
