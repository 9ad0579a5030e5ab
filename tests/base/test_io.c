/* Files: read with limits, gzip or not, written whole or not at all, folders swapped and removed.
 */
#include "test.h"
#include "base/common.h"
#include "base/io.h"
#include "base/memory.h"
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* gzip of "saeinv\n" (name and time cleared), and of 100,000 zero bytes: a small bomb. */
static const unsigned char small_gz[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02,
                                         0x03, 0x2b, 0x4e, 0x4c, 0xcd, 0xcc, 0x2b, 0xe3, 0x02,
                                         0x00, 0xc7, 0x58, 0x41, 0x4f, 0x07, 0x00, 0x00, 0x00};
static const unsigned char bomb_gz[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xed, 0xc1, 0x31, 0x01, 0x00,
    0x00, 0x00, 0xc2, 0xa0, 0xf5, 0x4f, 0x6d, 0x0d, 0x0f, 0xa0, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x80, 0x57, 0x03, 0x7d, 0x95, 0x11, 0xd4, 0xa0, 0x86, 0x01, 0x00};

static void mapping_a_file(void **state)
{
    (void)state;
    err e = {0};
    mapping m;
    const char *path = scratch("mapped");
    put_file(path, "a\0b", 3);
    assert_int_equal(io_map(&m, path, &e), OK);
    assert_int_equal(m.size, 3);
    assert_memory_equal(m.data, "a\0b", 3);
    io_unmap(&m);
    assert_null(m.data);
    io_unmap(&m); /* twice is fine */

    put_file(path, "", 0); /* an empty file has nothing to map, and is no error */
    assert_int_equal(io_map(&m, path, &e), OK);
    assert_int_equal(m.size, 0);
    assert_non_null(m.data);
    io_unmap(&m);
}

/* None of these is a file to read; each message names the path, none of them blocks. */
static void unreadable_paths(void **state)
{
    (void)state;
    const char *fifo = scratch("fifo"), *dangling = scratch("dangling"), *dir = scratch("dir");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(symlink("nowhere", dangling), 0);
    assert_int_equal(mkdir(dir, 0700), 0);
    const char *paths[] = {
        scratch("missing"), scratch("missing/below"), fifo, dangling, dir, "/dev/zero", ""};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        mapping m;
        str text = {0};
        err e = {0};
        assert_int_equal(io_map(&m, paths[i], &e), E_IO);
        assert_non_null(strstr(e.text, paths[i]));
        assert_int_equal(io_read(&text, paths[i], 10, &e), E_IO);
        assert_int_equal(io_read_maybe_gzip(&text, paths[i], 10, &e), E_IO);
        assert_int_equal(text.len, 0);
        str_release(&text);
    }
}

static void reading_with_a_limit(void **state)
{
    (void)state;
    const char *path = scratch("limited");
    put_file(path, "12345", 5);
    static const struct {
        size_t limit;
        err_code rc;
    } rows[] = {{5, OK}, {6, OK}, {SIZE_MAX, OK}, {4, E_FORMAT}, {0, E_FORMAT}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        str text = {0};
        err e = {0};
        str_add(&text, "kept ");
        assert_int_equal(io_read(&text, path, rows[i].limit, &e), rows[i].rc);
        assert_string_equal(text.data, rows[i].rc ? "kept " : "kept 12345");
        str_clear(&text);
        assert_int_equal(io_read_maybe_gzip(&text, path, rows[i].limit, &e), rows[i].rc);
        str_release(&text);
    }
}

static void gzip_is_unpacked(void **state)
{
    (void)state;
    const char *path = scratch("text.gz");
    str text = {0};
    err e = {0};
    put_file(path, small_gz, sizeof small_gz);
    assert_int_equal(io_read_maybe_gzip(&text, path, 100, &e), OK);
    assert_string_equal(str_text(&text), "saeinv\n");
    str_clear(&text);
    assert_int_equal(io_read_maybe_gzip(&text, path, 7, &e), OK);
    str_clear(&text);
    assert_int_equal(io_read_maybe_gzip(&text, path, 6, &e), E_FORMAT); /* the result's limit */

    put_file(path, bomb_gz, sizeof bomb_gz);
    str_clear(&text);
    assert_int_equal(io_read_maybe_gzip(&text, path, 99999, &e), E_FORMAT);
    assert_true(text.len <= 99999);
    str_clear(&text);
    assert_int_equal(io_read_maybe_gzip(&text, path, 100000, &e), OK);
    assert_int_equal(text.len, 100000);
    str_release(&text);
}

static void gzip_is_written_without_a_time(void **state)
{
    (void)state;
    enum { MANY = 300000, FLAGS = 3, TIME_END = 8 };
    static char data[MANY];
    for (size_t i = 0; i < MANY; i++)
        data[i] = (char)(i * i % 251);
    static const size_t sizes[] = {0, 1, MANY};
    err e = {0};
    const char *path = scratch("written.gz");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        str packed = {0}, back = {0};
        assert_int_equal(io_write_gzip(path, data, sizes[i], &e), OK);
        assert_int_equal(io_read(&packed, path, MANY, &e), OK);
        assert_memory_equal(packed.data, "\x1f\x8b", 2);
        for (size_t k = FLAGS; k < TIME_END; k++) /* no name, no time */
            assert_int_equal(packed.data[k], 0);
        assert_int_equal(io_read_maybe_gzip(&back, path, MANY, &e), OK);
        assert_int_equal(back.len, sizes[i]);
        if (sizes[i])
            assert_memory_equal(back.data, data, sizes[i]);
        str_release(&packed);
        str_release(&back);
    }
    assert_int_equal(io_write_gzip("/nowhere/x.gz", data, 1, &e), E_IO);
}

/* Every truncation and every damaged byte of the data: an error or the right text, never another.
 */
static void hostile_gzip(void **state)
{
    (void)state;
    const char *path = scratch("hostile.gz");
    unsigned char bytes[sizeof small_gz];
    for (size_t n = 2; n < sizeof small_gz; n++) {
        str text = {0};
        err e = {0};
        put_file(path, small_gz, n);
        assert_int_equal(io_read_maybe_gzip(&text, path, 1000, &e), E_FORMAT);
        assert_non_null(strstr(e.text, path));
        str_release(&text);
    }
    for (size_t i = 10; i < sizeof small_gz; i++) { /* after the header, whose fields mean little */
        str text = {0};
        err e = {0};
        memcpy(bytes, small_gz, sizeof bytes);
        bytes[i] ^= 0x41;
        put_file(path, bytes, sizeof bytes);
        assert_int_equal(io_read_maybe_gzip(&text, path, 1000, &e), E_FORMAT);
        str_release(&text);
    }
}

static void writing_is_atomic(void **state)
{
    (void)state;
    err e = {0};
    const char *path = scratch("atomic");
    assert_int_equal(io_write(path, "first", 5, &e), OK);
    assert_true(file_is(path, "first", 5));
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0644);

    io_file f;
    assert_int_equal(io_create(&f, path, &e), OK);
    io_put(&f, "sec\0", 4);
    io_printf(&f, "%s %d", "ond", 2);
    assert_true(file_is(path, "first", 5)); /* nothing is visible before the close */
    assert_int_equal(io_close(&f, &e), OK);
    assert_true(file_is(path, "sec\0ond 2", 9));
    io_abandon(&f); /* safe on a closed file */

    assert_int_equal(io_create(&f, path, &e), OK);
    io_put(&f, "third", 5);
    io_abandon(&f);
    assert_true(file_is(path, "sec\0ond 2", 9));
    f = (io_file){0};
    io_abandon(&f);
    assert_int_equal(io_write(path, NULL, 0, &e), OK);
    assert_true(file_is(path, "", 0));
}

static void unwritable_places(void **state)
{
    (void)state;
    const char *dir = scratch("place");
    assert_int_equal(mkdir(dir, 0700), 0);
    const char *paths[] = {scratch("no/such/folder"), scratch("place/"), dir, "/proc/version"};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        err e = {0};
        assert_int_equal(io_write(paths[i], "x", 1, &e), E_IO);
        assert_non_null(strstr(e.text, paths[i]));
    }
    assert_true(io_is_dir(dir));
}

/* A file size limit stands for the full disk: every write beyond it fails. */
static void a_full_disk_leaves_the_old_file(void **state)
{
    (void)state;
    const char *path = scratch("full");
    char *large = mem_small(1 << 20, 1);
    err e = {0};
    assert_int_equal(io_write(path, "old", 3, &e), OK);

    struct rlimit before, small = {.rlim_cur = 4096};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small.rlim_max = before.rlim_max;
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    err_code at_once = io_write(path, large, 1 << 20, &e);
    err later = {0};
    io_file f;
    err_code rc = io_create(&f, path, &later);
    for (int i = 0; i < 300 && !rc; i++) /* fits the buffer each time; fails at some flush */
        io_put(&f, large, 64);
    if (!rc)
        rc = io_close(&f, &later);
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, handler);
    mem_free(large);

    assert_int_equal(at_once, E_IO);
    assert_non_null(strstr(e.text, "full"));
    assert_int_equal(rc, E_IO);
    assert_non_null(strstr(later.text, path));
    assert_true(file_is(path, "old", 3));
    arena a = {0}; /* and no half-written file beside it */
    char **names;
    int n;
    str parent = {0};
    str_add_bytes(&parent, path, strlen(path) - strlen("/full"));
    assert_int_equal(io_list(&names, &n, parent.data, &a, &e), OK);
    for (int i = 0; i < n; i++)
        assert_true(strncmp(names[i], "full", 4) || !names[i][4]);
    str_release(&parent);
    arena_release(&a);
}

static void folders_are_made_and_listed(void **state)
{
    (void)state;
    err e = {0};
    arena a = {0};
    assert_int_equal(io_make_dir(scratch("made/b//c/"), &e), OK);
    assert_int_equal(io_make_dir(scratch("made/b/c"), &e), OK); /* again is fine */
    assert_true(io_is_dir(scratch("made/b/c")));
    put_file(scratch("made/Z"), "", 0);
    put_file(scratch("made/a"), "", 0);
    put_file(scratch("made/\xC3\xA9"), "", 0);
    put_file(scratch("made/.hidden"), "", 0);
    char **names;
    int n;
    assert_int_equal(io_list(&names, &n, scratch("made"), &a, &e), OK);
    static const char *const sorted[] = {".hidden", "Z", "a", "b", "\xC3\xA9"};
    assert_int_equal(n, COUNT_OF(sorted));
    for (int i = 0; i < n; i++)
        assert_string_equal(names[i], sorted[i]);
    assert_int_equal(io_list(&names, &n, scratch("made/b/c"), &a, &e), OK);
    assert_int_equal(n, 0);
    assert_int_equal(io_list(&names, &n, scratch("made/none"), &a, &e), E_IO);
    assert_int_equal(io_make_dir(scratch("made/a/below"), &e), E_IO); /* "a" is a file */
    assert_non_null(strstr(e.text, "made/a"));
    assert_string_equal(path_join(&a, "d", "n"), "d/n");
    assert_string_equal(path_join(&a, "d/", "n"), "d/n");
    arena_release(&a);
}

static void removing_never_follows_links(void **state)
{
    (void)state;
    err e = {0};
    assert_int_equal(io_make_dir(scratch("victim/deep"), &e), OK);
    put_file(scratch("victim/precious"), "p", 1);
    assert_int_equal(io_make_dir(scratch("tree/x/y"), &e), OK);
    put_file(scratch("tree/x/file"), "f", 1);
    assert_int_equal(symlink("../victim", scratch("tree/link")), 0);
    assert_int_equal(symlink("nowhere", scratch("tree/dangling")), 0);
    assert_true(io_exists(scratch("tree/dangling")));
    assert_int_equal(io_remove_tree(scratch("tree"), &e), OK);
    assert_false(io_exists(scratch("tree")));
    assert_true(file_is(scratch("victim/precious"), "p", 1));
    assert_int_equal(io_remove_tree(scratch("tree"), &e), OK); /* a missing path is fine */
    assert_int_equal(io_remove_tree(scratch("victim/precious"), &e), OK);
    assert_false(io_exists(scratch("victim/precious")));
}

static void folders_are_replaced(void **state)
{
    (void)state;
    static const char *const targets[] = {"run", "run/"}; /* the slash is what shells complete to */
    err e = {0};
    for (size_t i = 0; i < COUNT_OF(targets); i++) {
        assert_int_equal(io_remove_tree(scratch("run"), &e), OK);
        for (int round = 0; round < 2;
             round++) { /* first onto nothing, then onto the earlier run */
            char content = (char)('0' + round);
            assert_int_equal(io_make_dir(scratch("new"), &e), OK);
            put_file(scratch("new/index"), &content, 1);
            assert_int_equal(io_replace_dir(scratch("new"), scratch(targets[i]), &e), OK);
            assert_true(file_is(scratch("run/index"), &content, 1));
            assert_false(io_exists(scratch("new")));
            assert_false(io_exists(scratch("run.old")));
        }
        /* What cannot be moved in leaves the earlier run where it was. */
        assert_int_equal(io_replace_dir(scratch("missing"), scratch(targets[i]), &e), E_IO);
        assert_true(file_is(scratch("run/index"), "1", 1));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mapping_a_file),
        cmocka_unit_test(unreadable_paths),
        cmocka_unit_test(reading_with_a_limit),
        cmocka_unit_test(gzip_is_unpacked),
        cmocka_unit_test(gzip_is_written_without_a_time),
        cmocka_unit_test(hostile_gzip),
        cmocka_unit_test(writing_is_atomic),
        cmocka_unit_test(unwritable_places),
        cmocka_unit_test(a_full_disk_leaves_the_old_file),
        cmocka_unit_test(folders_are_made_and_listed),
        cmocka_unit_test(removing_never_follows_links),
        cmocka_unit_test(folders_are_replaced),
    };
    return cmocka_run_group_tests_name("io", tests, NULL, scratch_remove);
}
