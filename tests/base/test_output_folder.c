/* What may be replaced, and that a folder appears whole or not at all. */
#include "test.h"

#include "base/io.h"
#include "base/output_folder.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/saeinv-output.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    err e;
    return io_remove_tree(folder, &e);
}

static output_folder at(const char *name, arena *a)
{
    return output_folder_at(arena_printf(a, "%s/%s", folder, name), a);
}

static void slashes_at_the_end_do_not_count(void **state)
{
    (void)state;
    arena a = {0};
    output_folder f = output_folder_at("reports/a//", &a), root = output_folder_at("/", &a);
    assert_string_equal(f.path, "reports/a");
    assert_string_equal(f.unfinished, "reports/a.unfinished");
    assert_string_equal(f.lock_path, "reports/a.lock");
    assert_string_equal(f.above, "reports/");
    assert_string_equal(root.path, "/");
    assert_string_equal(output_folder_at("a", &a).above, ".");
    arena_release(&a);
}

static void only_ours_is_replaced_and_only_by_force(void **state)
{
    (void)state;
    arena a = {0};
    err e;
    output_folder f = at("place", &a);
    assert_int_equal(output_folder_check(&f, false, false, "a report", "another report", &e), OK);
    assert_int_equal(io_make_dir(f.path, &e), OK);
    assert_int_equal(output_folder_check(&f, false, true, "a report", "another report", &e),
                     E_USAGE);
    assert_non_null(strstr(e.text, "is not a report of saeinv"));
    assert_int_equal(output_folder_check(&f, true, false, "a report", "another report", &e),
                     E_USAGE);
    assert_non_null(strstr(e.text, "holds another report; add --force"));
    assert_int_equal(output_folder_check(&f, true, true, "a report", "another report", &e), OK);
    arena_release(&a);
}

static void whole_or_not_at_all(void **state)
{
    (void)state;
    arena a = {0};
    err e;
    output_folder f = at("whole", &a);
    assert_int_equal(output_folder_take(&f, &e), OK);
    assert_int_equal(io_make_dir(f.unfinished, &e), OK);
    assert_int_equal(output_folder_finish(&f, OK, &e), OK);
    assert_true(io_is_dir(f.path) && !io_exists(f.unfinished) && !io_exists(f.lock_path));
    assert_int_equal(output_folder_take(&f, &e), OK);
    assert_int_equal(io_make_dir(f.unfinished, &e), OK);
    err_set(&e, E_DATA, "no data");
    assert_int_equal(output_folder_finish(&f, E_DATA, &e), E_DATA);
    assert_string_equal(e.text, "no data");
    assert_true(io_is_dir(f.path) && !io_exists(f.unfinished));
    arena_release(&a);
}

static void another_program_writes_it(void **state)
{
    (void)state;
    arena a = {0};
    err e;
    output_folder f = at("above/below/mine", &a), other = f;
    assert_int_equal(output_folder_take(&f, &e), OK); /* the folders above are made */
    assert_int_equal(io_make_dir(f.unfinished, &e), OK);
    assert_int_equal(output_folder_take(&other, &e), E_USAGE);
    assert_non_null(strstr(e.text, "mine: another saeinv is writing it now"));
    assert_int_equal(output_folder_finish(&other, E_USAGE, &e), E_USAGE);
    assert_true(io_is_dir(f.unfinished)); /* what the first writes is not the second's to remove */
    assert_int_equal(output_folder_finish(&f, OK, &e), OK);
    assert_int_equal(output_folder_take(&other, &e), OK);
    assert_int_equal(output_folder_finish(&other, E_DATA, &e), E_DATA);
    assert_true(io_is_dir(f.path) && !io_exists(f.lock_path));
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slashes_at_the_end_do_not_count),
        cmocka_unit_test(only_ours_is_replaced_and_only_by_force),
        cmocka_unit_test(whole_or_not_at_all),
        cmocka_unit_test(another_program_writes_it),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
