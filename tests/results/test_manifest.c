/* MANIFEST.sha256: what it finds when a report is no longer what was written. */
#include "test.h"
#include "base/io.h"
#include "results/record.h"
#include <stdlib.h>
#include <string.h>

static char dir[64];

static int make_report(void **state)
{
    (void)state;
    err e;
    arena a = {0};
    snprintf(dir, sizeof dir, "/tmp/saeinv-manifest.XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    assert_int_equal(io_make_dir(path_join(&a, dir, "data"), &e), OK);
    assert_int_equal(io_make_dir(path_join(&a, dir, "volatile"), &e), OK);
    assert_int_equal(io_write(path_join(&a, dir, "run.json"), "{}\n", 3, &e), OK);
    assert_int_equal(io_write(path_join(&a, dir, "data/a.csv"), "a\n", 2, &e), OK);
    assert_int_equal(io_write(path_join(&a, dir, "volatile/log.txt"), "x\n", 2, &e), OK);
    assert_int_equal(record_write_manifest(dir, &e), OK);
    arena_release(&a);
    return 0;
}

static int drop_report(void **state)
{
    (void)state;
    err e;
    return io_remove_tree(dir, &e);
}

static void put(const char *name, const char *text)
{
    arena a = {0};
    err e;
    assert_int_equal(io_write(path_join(&a, dir, name), text, strlen(text), &e), OK);
    arena_release(&a);
}

static void refused(err_code code, const char *why)
{
    err e = {0};
    assert_int_equal(record_check_manifest(dir, &e), code);
    if (!strstr(e.text, why))
        fail_msg("%s does not say: %s", e.text, why);
}

static void every_change_is_found(void **state)
{
    (void)state;
    arena a = {0};
    err e;
    assert_int_equal(record_check_manifest(dir, &e), OK);
    put("volatile/log.txt", "another time\n");
    assert_int_equal(record_check_manifest(dir, &e), OK);
    put("data/a.csv", "b\n");
    refused(E_DATA, "1 file is not as MANIFEST.sha256 says; the first, data/a.csv, was changed");
    put("data/a.csv", "a\n");
    put("zz", "new\n");
    refused(E_DATA, "zz, is not listed");
    assert_int_equal(io_remove_tree(path_join(&a, dir, "data/a.csv"), &e), OK);
    refused(E_DATA, "2 files are not as MANIFEST.sha256 says; the first, data/a.csv, is missing");
    arena_release(&a);
}

static void what_is_no_manifest_is_refused(void **state)
{
    (void)state;
    put("MANIFEST.sha256", "short\n");
    refused(E_FORMAT, "not a list of SHA-256");
    put("MANIFEST.sha256", "\n\n");
    refused(E_FORMAT, "not a list of SHA-256");
    put("MANIFEST.sha256", "");
    refused(E_DATA, "is not listed");
    arena a = {0};
    err e;
    assert_int_equal(io_remove_tree(path_join(&a, dir, "MANIFEST.sha256"), &e), OK);
    refused(E_IO, "MANIFEST.sha256");
    assert_int_equal(record_write_manifest(dir, &e), OK);
    put("a\nb", "a name of two lines\n");
    refused(E_FORMAT, "not a list");
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_change_is_found, make_report, drop_report),
        cmocka_unit_test_setup_teardown(what_is_no_manifest_is_refused, make_report, drop_report),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
