/* Named files: the folder and the built-in table answer alike, and no name leaves either. */
#include "test.h"
#include "data/common.h"
#include "data/files.h"
#include "base/memory.h"
#include <string.h>

static const blob BLOBS[] = {
    {"config.json", (const unsigned char *)"{}", 2},
    {"empty.bin", (const unsigned char *)"", 0},
};

static files folder_of_blobs(arena *a)
{
    const char *dir = arena_strdup(a, scratch("model"));
    err e = {0};
    assert_int_equal(io_make_dir(dir, &e), OK);
    for (size_t i = 0; i < COUNT_OF(BLOBS); i++)
        put_file(path_join(a, dir, BLOBS[i].name), BLOBS[i].data, BLOBS[i].size);
    return files_from_dir(dir);
}

static void folder_and_table_answer_alike(void **state)
{
    (void)state;
    arena a = {0};
    files both[] = {folder_of_blobs(&a), files_from_blobs("built-in", BLOBS, COUNT_OF(BLOBS))};
    for (size_t i = 0; i < COUNT_OF(both); i++) {
        mapping m;
        err e = {0};
        assert_true(files_has(&both[i], "config.json"));
        assert_false(files_has(&both[i], "absent"));
        assert_int_equal(files_open(&m, &both[i], "config.json", &e), OK);
        assert_int_equal(m.size, 2);
        assert_memory_equal(m.data, "{}", 2);
        io_unmap(&m);
        assert_int_equal(files_open(&m, &both[i], "empty.bin", &e), OK);
        assert_int_equal(m.size, 0);
        io_unmap(&m);
        files_open(&m, &both[i], "absent", &e);
        check_err(&e, E_IO, "absent");
        assert_null(m.data);
        assert_string_equal(files_path(&both[i], "x", &a),
                            path_join(&a, i ? "built-in" : both[i].dir, "x"));
    }
    arena_release(&a);
}

static void names_stay_inside(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", ".", "..", "../config.json", "/etc/passwd", "a/b", "a\\b", "./config.json",
    };
    arena a = {0};
    files both[] = {folder_of_blobs(&a), files_from_blobs("built-in", BLOBS, COUNT_OF(BLOBS))};
    for (size_t i = 0; i < COUNT_OF(both) * COUNT_OF(bad); i++) {
        const files *f = &both[i % 2];
        mapping m;
        err e = {0};
        files_open(&m, f, bad[i / 2], &e);
        check_err(&e, E_FORMAT, "not a plain file name");
        assert_false(files_has(f, bad[i / 2]));
    }
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folder_and_table_answer_alike),
        cmocka_unit_test(names_stay_inside),
    };
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}
