/* zip archives: what NumPy and torch write is read in place, and no record is believed alone. */
#include "test.h"
#include "base/memory.h"
#include "data/common.h"
#include "data/common_zip.h"
#include "data/zip.h"
#include <stdlib.h>
#include <string.h>

static const unsigned char zeros[4000];

static const zip_piece two[] = {{"folder/b", "hello", 5, false}, {"a", zeros, sizeof zeros, true}};

/* Parses an exact copy, so that the sanitizers see every read outside, and reads every member. */
static err_code read_all(const void *data, size_t n, size_t memory_left, err *e)
{
    unsigned char *copy = malloc(n + 1);
    assert_non_null(copy);
    if (n)
        memcpy(copy + 1, data, n);
    arena memory = {0};
    quota unpacked = {.left = memory_left};
    zip z;
    err_code rc = zip_parse(&z, copy + 1, n, "f", &memory, e);
    for (size_t i = 0; !rc && i < z.n_members; i++)
        rc = zip_read(&z.members[i], &z, &unpacked, e);
    quota_release(&unpacked);
    arena_release(&memory);
    free(copy);
    return rc;
}

static void every_style_is_read(void **state)
{
    (void)state;
    static const zip_piece pieces[] = {{"folder/b", "hello", 5, false},
                                       {"a", zeros, sizeof zeros, true},
                                       {"empty", "", 0, false},
                                       {"empty too", "", 0, true}};
    for (int style = 0; style < 16; style++) {
        str file = {0};
        zip_layout layout;
        arena memory = {0};
        quota unpacked = quota_for_file(0);
        zip z;
        err e = {0};
        zip_build(&file, &layout, pieces, 4, style);
        if (zip_parse(&z, file.data, file.len, "f", &memory, &e))
            fail_msg("style %d: %s", style, e.text);
        assert_int_equal(z.n_members, 4);
        assert_string_equal(z.members[0].name, "a");
        assert_null(zip_find(&z, "folder"));
        for (int i = 0; i < 4; i++) {
            zip_member *m = zip_find(&z, pieces[i].name);
            assert_non_null(m);
            if (zip_read(m, &z, &unpacked, &e) || zip_read(m, &z, &unpacked, &e))
                fail_msg("style %d: %s", style, e.text);
            assert_int_equal(m->size, pieces[i].n);
            assert_memory_equal(m->bytes, pieces[i].data, m->size);
            assert_int_equal(m->bytes == m->packed, !pieces[i].deflated); /* in place */
        }
        quota_release(&unpacked);
        arena_release(&memory);
        str_release(&file);
    }
}

/* A record spoiled: `bytes` bytes at `at` of it become `value`. */
enum record { LOCAL, ENTRY, END, END64, LOCATOR };
enum { PLAIN = ZIP_PLAIN, LATER = ZIP_SIZES_FOLLOW, WIDE = ZIP_WIDE_ENTRY | ZIP_WIDE_LOCAL };

static const struct {
    int style;
    enum record record;
    int member;
    size_t at;
    int bytes;
    uint64_t value;
    const char *said;
} tricks[] = {
    {PLAIN, END, 0, 0, 4, 0, "no end record"},
    {PLAIN, END, 0, 4, 2, 1, "several disks"},
    {PLAIN, END, 0, 6, 2, 1, "several disks"},
    {PLAIN, END, 0, 8, 2, 1, "several disks"},
    {PLAIN, END, 0, 8, 4, 0x00010001, "belong to no member"}, /* a member hidden from the count */
    {PLAIN, END, 0, 8, 4, 0x00030003, "damaged"},             /* one too many */
    {PLAIN, END, 0, 8, 4, 0xffffffff, "does not end at its end record"},
    {PLAIN, END, 0, 12, 4, 10, "does not end at its end record"},
    {PLAIN, END, 0, 12, 4, 0xffffffff, "does not end at its end record"},
    {PLAIN, END, 0, 16, 4, 0, "does not end at its end record"},
    {PLAIN, END, 0, 16, 4, 0xffffffff, "does not end at its end record"},
    {PLAIN, END, 0, 20, 2, 1, "no end record"}, /* a comment that is not there */
    {PLAIN, ENTRY, 0, 0, 4, 0, "directory of the zip archive is damaged"},
    {PLAIN, ENTRY, 0, 8, 2, 1, "folder/b of the zip archive is encrypted"},
    {PLAIN, ENTRY, 0, 8, 2, 0x2000, "encrypted"},
    {PLAIN, ENTRY, 0, 8, 2, 8, "disagree"},
    {PLAIN, ENTRY, 0, 10, 2, 12, "method 12"},
    {PLAIN, ENTRY, 0, 10, 2, 8, "disagree"},
    {PLAIN, ENTRY, 0, 16, 4, 7, "disagree"}, /* checksum */
    {PLAIN, ENTRY, 0, 20, 4, 4, "stored as 4 bytes but claims 5"},
    {PLAIN, ENTRY, 0, 24, 4, 6, "stored as 5 bytes but claims 6"},
    {PLAIN, ENTRY, 0, 20, 4, 0xffffffff, "no 64-bit sizes"},
    {PLAIN, ENTRY, 0, 20, 8, 0x7000000070000000, "reaches past its end"},
    {PLAIN, ENTRY, 1, 24, 4, 0x7fffffff, "cannot unpack to the 2147483647"}, /* a bomb's claim */
    {PLAIN, ENTRY, 1, 24, 4, 3999, "disagree"},
    {PLAIN, ENTRY, 0, 28, 2, 0xfff0, "directory of the zip archive is damaged"},
    {PLAIN, ENTRY, 0, 28, 2, 0, "a name of 0 bytes"},
    {PLAIN, ENTRY, 0, 28, 2, 7, "disagree"}, /* names of two lengths */
    {PLAIN, ENTRY, 0, 30, 2, 0xfff0, "directory of the zip archive is damaged"},
    {PLAIN, ENTRY, 0, 32, 2, 0xfff0, "directory of the zip archive is damaged"},
    {PLAIN, ENTRY, 0, 42, 4, 1, "does not begin where"},
    {PLAIN, ENTRY, 0, 42, 4, 0x7fffffff, "does not begin where"},
    {PLAIN, ENTRY, 0, 46, 1, 'F', "disagree"}, /* two names */
    {PLAIN, ENTRY, 0, 46, 1, 0x1b, "control character"},
    {PLAIN, ENTRY, 0, 46, 1, 0, "control character"},
    {PLAIN, ENTRY, 0, 46, 1, 0xff, "UTF-8"},
    {PLAIN, LOCAL, 0, 0, 4, 0, "does not begin where"},
    {PLAIN, LOCAL, 0, 6, 2, 8, "disagree"},
    {PLAIN, LOCAL, 0, 8, 2, 8, "disagree"},
    {PLAIN, LOCAL, 0, 14, 4, 0, "disagree"},
    {PLAIN, LOCAL, 0, 18, 4, 4, "disagree"},
    {PLAIN, LOCAL, 0, 22, 4, 4, "disagree"},
    {PLAIN, LOCAL, 0, 22, 4, 0xffffffff, "disagree"}, /* 64-bit size promised, not there */
    {PLAIN, LOCAL, 0, 26, 2, 0xfff0, "reaches past its end"},
    {PLAIN, LOCAL, 0, 26, 2, 9, "disagree"},
    {PLAIN, LOCAL, 0, 28, 2, 0xfff0, "reaches past its end"},
    {PLAIN, LOCAL, 0, 28, 2, 5, "overlap"}, /* shifts the data */
    {PLAIN, LOCAL, 0, 30, 1, 'g', "disagree"},
    {PLAIN, LOCAL, 0, 42, 1, 'H', "b of the zip archive does not match its checksum"},
    {PLAIN, LOCAL, 1, 35, 2, 0xffff, "a of the zip archive does not unpack"},
    {LATER, LOCAL, 0, 14, 4, 1, "disagree"}, /* neither zero nor the checksum */
    {LATER, LOCAL, 0, 22, 4, 1, "disagree"},
    {WIDE, LOCAL, 0, 46, 8, 6, "disagree"},
    {WIDE, LOCAL, 0, 54, 8, 6, "disagree"},
    {WIDE, LOCAL, 0, 44, 2, 15, "disagree"}, /* the extra field too short for both */
    {WIDE, LOCAL, 0, 44, 2, 17, "disagree"}, /* and longer than its room */
    {WIDE, ENTRY, 0, 58, 8, UINT64_MAX, "stored as 5 bytes"},
    {WIDE, ENTRY, 0, 74, 8, UINT64_MAX, "does not begin where"}, /* wraps when 30 is added */
    {WIDE, ENTRY, 0, 74, 8, (uint64_t)1 << 63, "does not begin where"},
    {WIDE, ENTRY, 0, 54, 2, 2, "no 64-bit sizes"},
    {WIDE, ENTRY, 0, 56, 2, 16, "no 64-bit sizes"},
    {ZIP_WIDE_END, LOCATOR, 0, 0, 4, 0, "does not end at its end record"},
    {ZIP_WIDE_END, LOCATOR, 0, 4, 4, 1, "several disks"},
    {ZIP_WIDE_END, LOCATOR, 0, 16, 4, 2, "several disks"},
    {ZIP_WIDE_END, LOCATOR, 0, 8, 8, UINT64_MAX, "not where its locator says"},
    {ZIP_WIDE_END, LOCATOR, 0, 8, 8, 0, "not where its locator says"},
    {ZIP_WIDE_END, END64, 0, 0, 4, 0, "not where its locator says"},
    {ZIP_WIDE_END, END64, 0, 4, 8, UINT64_MAX - 11, "not where its locator says"},
    {ZIP_WIDE_END, END64, 0, 16, 4, 1, "disagree"},
    {ZIP_WIDE_END, END64, 0, 24, 8, 1, "disagree"},
    {ZIP_WIDE_END, END64, 0, 32, 8, UINT64_MAX, "disagree"},
    {ZIP_WIDE_END, END64, 0, 40, 8, UINT64_MAX, "disagree"},
    {ZIP_WIDE_END, END64, 0, 48, 8, UINT64_MAX, "does not end at its end record"},
    {ZIP_WIDE_END, END, 0, 8, 4, 0x00010001, "disagree"},
    {ZIP_WIDE_END, END, 0, 12, 4, 1, "disagree"},
};

static void no_record_is_believed(void **state)
{
    (void)state;
    str file = {0};
    for (size_t i = 0; i < COUNT_OF(tricks); i++) {
        zip_layout layout;
        err e = {0};
        zip_build(&file, &layout, two, 2, tricks[i].style);
        const size_t starts[] = {layout.local[tricks[i].member], layout.entry[tricks[i].member],
                                 layout.end, layout.end64, layout.locator};
        zip_patch(&file, starts[tricks[i].record] + tricks[i].at, tricks[i].bytes, tricks[i].value);
        if (!read_all(file.data, file.len, SIZE_MAX, &e))
            fail_msg("trick %zu: taken", i);
        if (!strstr(e.text, tricks[i].said))
            fail_msg("trick %zu: \"%s\" is not in \"%s\"", i, tricks[i].said, e.text);
        assert_int_equal(e.code, E_FORMAT);
    }
    str_release(&file);
}

static void names_must_differ_and_members_must_not_overlap(void **state)
{
    (void)state;
    static const zip_piece same[] = {{"w", "one", 3, false}, {"w", "two", 3, false}};
    static const zip_piece alike[] = {{"w", "one", 3, false}, {"v", "one", 3, false}};
    str file = {0};
    zip_layout layout;
    err e = {0};
    zip_build(&file, &layout, same, 2, ZIP_PLAIN);
    read_all(file.data, file.len, SIZE_MAX, &e);
    check_err(&e, E_FORMAT, "two members named w");
    /* Two entries of the directory for one member: the trick behind quadratic bombs. */
    zip_build(&file, &layout, alike, 2, ZIP_PLAIN);
    zip_patch(&file, layout.entry[1] + 42, 4, 0);
    zip_patch(&file, layout.entry[1] + 46, 1, 'w');
    read_all(file.data, file.len, SIZE_MAX, &e);
    check_err(&e, E_FORMAT, "overlap");
    str_release(&file);
}

static void bombs_stop_at_the_quota(void **state)
{
    (void)state;
    str file = {0};
    zip_layout layout;
    err e = {0};
    zip_build(&file, &layout, two, 2, ZIP_PLAIN);
    assert_int_equal(read_all(file.data, file.len, sizeof zeros, &e), OK);
    read_all(file.data, file.len, sizeof zeros - 1, &e);
    check_err(&e, E_FORMAT, "f: with a it would unpack|bomb");
    str_release(&file);
}

static void the_end_is_the_last_record_that_fits(void **state)
{
    (void)state;
    str file = {0};
    zip_layout layout;
    err e = {0};
    zip_build(&file, &layout, two, 2, ZIP_PLAIN);
    zip_patch(&file, layout.end + 20, 2, 7);
    str_add(&file, "comment");
    assert_int_equal(read_all(file.data, file.len, SIZE_MAX, &e), OK);
    str_add(&file, "x");
    read_all(file.data, file.len, SIZE_MAX, &e);
    check_err(&e, E_FORMAT, "no end record");
    zip_build(&file, &layout, two, 2, ZIP_PLAIN); /* an archive behind another one */
    str both = {0};
    str_add_bytes(&both, file.data, file.len);
    str_add_bytes(&both, file.data, file.len);
    read_all(both.data, both.len, SIZE_MAX, &e);
    check_err(&e, E_FORMAT, "does not end at its end record");
    str_release(&both);
    str_release(&file);
}

static void every_truncation_fails_and_no_flip_crashes(void **state)
{
    (void)state;
    static const int styles[] = {ZIP_PLAIN, ZIP_WIDE_LOCAL | ZIP_WIDE_ENTRY | ZIP_WIDE_END,
                                 ZIP_WIDE_END | ZIP_SIZES_FOLLOW};
    str file = {0};
    for (size_t s = 0; s < COUNT_OF(styles); s++) {
        zip_layout layout;
        err e = {0};
        int refused = 0;
        zip_build(&file, &layout, two, 2, styles[s]);
        for (size_t n = 0; n < file.len; n++)
            assert_int_equal(read_all(file.data, n, SIZE_MAX, &e), E_FORMAT);
        for (size_t bit = 0; bit < 8 * file.len; bit++) {
            file.data[bit / 8] ^= (char)(1 << bit % 8);
            refused += read_all(file.data, file.len, SIZE_MAX, &e) != OK;
            file.data[bit / 8] ^= (char)(1 << bit % 8);
        }
        assert_true(refused > 1000); /* versions, times and attributes are nobody's business */
    }
    str_release(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_style_is_read),
        cmocka_unit_test(no_record_is_believed),
        cmocka_unit_test(names_must_differ_and_members_must_not_overlap),
        cmocka_unit_test(bombs_stop_at_the_quota),
        cmocka_unit_test(the_end_is_the_last_record_that_fits),
        cmocka_unit_test(every_truncation_fails_and_no_flip_crashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
