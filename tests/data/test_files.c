/* Named files: the folder and the built-in table answer alike, and no name leaves either. */
#include "test.h"
#include "data/common.h"
#include "data/files.h"
#include "base/memory.h"
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* A large file is known by its size, its beginning and a sample of each MB; a smaller one by every
 * byte. The holes of the file cost nothing. */
static void large_files_are_sampled(void **state)
{
    (void)state;
    static const struct {
        int64_t size, at; /* where one byte is not 0 */
        bool told;        /* apart from the same file without it */
    } rows[] = {{FILES_WHOLE + (int64_t)5000, 0, true},
                {FILES_WHOLE + (int64_t)5000, FILES_SAMPLE, false},
                {FILES_WHOLE + (int64_t)5000, 7 * (int64_t)FILES_STEP + 1, true},
                {FILES_WHOLE + (int64_t)5000, FILES_WHOLE + (int64_t)17, true},
                {3 * (int64_t)FILES_STEP, FILES_SAMPLE, true}};
    arena a = {0};
    const char *name = "model.safetensors", *dir = arena_strdup(&a, scratch("large")),
               *path = path_join(&a, dir, name);
    files f = files_from_dir(dir);
    assert_int_equal(mkdir(dir, 0755), 0);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char hex[2][SHA256_HEX];
        for (int marked = 0; marked < 2; marked++) {
            sha256 h;
            err e = {0};
            FILE *file = fopen(path, "w");
            assert_non_null(file);
            assert_int_equal(ftruncate(fileno(file), rows[i].size), 0);
            assert_int_equal(fseeko(file, rows[i].at, SEEK_SET), 0);
            if (marked)
                fputc(1, file);
            fclose(file);
            sha256_start(&h);
            assert_int_equal(files_hash(&h, &f, &name, 1, &e), OK);
            sha256_finish(&h, hex[marked]);
        }
        assert_int_equal(strcmp(hex[0], hex[1]) != 0, rows[i].told);
    }
    remove(path);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folder_and_table_answer_alike),
        cmocka_unit_test(names_stay_inside),
        cmocka_unit_test(large_files_are_sampled),
    };
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}
