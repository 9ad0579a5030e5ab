/* Kept results: what was saved is loaded, and nothing else ever is. */
#include "test.h"

#include "base/common.h"
#include "base/io.h"
#include "base/memory.h"
#include "pipeline/store.h"
#include <stdio.h>
#include <string.h>

static void key_of(char hex[SHA256_HEX], const char *kind, int version, const char *a,
                   const char *b)
{
    store_key k = store_key_start(kind, version);
    store_key_text(&k, a);
    store_key_text(&k, b);
    store_key_finish(&k, hex);
}

static void keys_tell_pieces_apart(void **state)
{
    (void)state;
    static const struct {
        const char *kind;
        int version;
        const char *a, *b;
    } keys[] = {
        {"collect", 1, "ab", "c"}, {"collect", 1, "a", "bc"}, /* same letters, another cut */
        {"collect", 1, "abc", ""}, {"collect", 1, "", "abc"},  {"collect", 2, "ab", "c"},
        {"collec", 1, "tab", "c"}, {"optimise", 1, "ab", "c"},
    };
    char hex[COUNT_OF(keys)][SHA256_HEX], again[SHA256_HEX];
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        key_of(hex[i], keys[i].kind, keys[i].version, keys[i].a, keys[i].b);
        key_of(again, keys[i].kind, keys[i].version, keys[i].a, keys[i].b);
        assert_string_equal(hex[i], again);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(hex[i], hex[k]);
    }
}

typedef struct kept {
    int32_t n;
    double values[3];
    char name[5];
} kept;

static const kept sample = {3, {1.5, -2, 1e300}, "name"};

static void put_sample(str *payload)
{
    packed_put(payload, &sample.n, 1, sizeof sample.n);
    packed_put(payload, sample.values, 3, sizeof *sample.values);
    packed_put(payload, sample.name, 0, sizeof *sample.name); /* nothing is nothing */
    packed_put(payload, sample.name, sizeof sample.name, 1);
}

static void arrays_come_back(void **state)
{
    (void)state;
    str payload = {0}, loaded = {0};
    char key[SHA256_HEX];
    reporter quiet = reporter_new(REPORT_QUIET);
    err e = {0};
    put_sample(&payload);
    key_of(key, "kind", 1, "x", "y");
    const char *dir = scratch("new/folder");
    assert_false(store_load(&loaded, dir, "kind", key, &quiet));
    assert_int_equal(store_save(dir, "kind", key, &payload, &e), OK);
    assert_true(store_load(&loaded, dir, "kind", key, &quiet));
    assert_int_equal(loaded.len, payload.len);
    assert_memory_equal(loaded.data, payload.data, payload.len);

    kept back = {0};
    packed_reader r = {.data = loaded.data, .left = loaded.len};
    packed_get(&r, &back.n, 1, sizeof back.n);
    packed_get(&r, back.values, 3, sizeof *back.values);
    packed_get(&r, NULL, 0, sizeof *back.values);
    packed_get(&r, back.name, sizeof back.name, 1);
    assert_false(r.short_read);
    assert_int_equal(r.left, 0);
    assert_int_equal(back.n, sample.n);
    assert_memory_equal(back.values, sample.values, sizeof sample.values);
    assert_string_equal(back.name, sample.name);

    char more = 'x';
    packed_get(&r, &more, 1, 1);
    assert_true(r.short_read);
    assert_int_equal(more, 0); /* defined, not what lay there */
    str_release(&payload);
    str_release(&loaded);
}

static void a_short_payload_is_noticed(void **state)
{
    (void)state;
    char bytes[10] = "012345678", out[16];
    packed_reader r = {.data = bytes, .left = sizeof bytes};
    packed_get(&r, out, 2, 8); /* 16 of 10 */
    assert_true(r.short_read);
    packed_get(&r, out, 1, 2); /* what would fit does not undo it */
    assert_true(r.short_read);
    r = (packed_reader){.data = bytes, .left = sizeof bytes};
    packed_get(&r, out, 10, 1);
    assert_false(r.short_read);
}

static void empty_payload(void **state)
{
    (void)state;
    str payload = {0}, loaded = {0};
    char key[SHA256_HEX];
    reporter quiet = reporter_new(REPORT_QUIET);
    err e = {0};
    key_of(key, "empty", 1, "", "");
    assert_int_equal(store_save(scratch("e"), "empty", key, &payload, &e), OK);
    assert_true(store_load(&loaded, scratch("e"), "empty", key, &quiet));
    assert_int_equal(loaded.len, 0);
    str_release(&loaded);
}

/* Every file that differs from the saved one in a byte or in its length is refused. */
static void damaged_files_are_not_loaded(void **state)
{
    (void)state;
    str payload = {0}, file = {0}, loaded = {0};
    char key[SHA256_HEX], other[SHA256_HEX], path[2048];
    reporter quiet = reporter_new(REPORT_QUIET);
    err e = {0};
    put_sample(&payload);
    key_of(key, "kind", 1, "x", "z");
    const char *dir = scratch("d");
    assert_int_equal(store_save(dir, "kind", key, &payload, &e), OK);
    snprintf(path, sizeof path, "%s/kind-%.32s.bin", dir, key);
    assert_int_equal(io_read(&file, path, 1 << 20, &e), OK);
    for (size_t i = 0; i < file.len; i++) {
        file.data[i] ^= 1;
        put_file(path, file.data, file.len);
        assert_false(store_load(&loaded, dir, "kind", key, &quiet));
        assert_int_equal(loaded.len, 0);
        file.data[i] ^= 1;
        put_file(path, file.data, i);
        assert_false(store_load(&loaded, dir, "kind", key, &quiet));
    }
    str_add_char(&file, '0'); /* and one byte too many */
    put_file(path, file.data, file.len);
    assert_false(store_load(&loaded, dir, "kind", key, &quiet));
    put_file(path, file.data, file.len - 1);
    assert_true(store_load(&loaded, dir, "kind", key, &quiet));

    /* A whole file of another key under this key's name. */
    memcpy(other, key, sizeof other);
    other[SHA256_HEX - 2] = key[SHA256_HEX - 2] == '0' ? '1' : '0'; /* beyond the name's digits */
    assert_false(store_load(&loaded, dir, "kind", other, &quiet));
    assert_false(store_load(&loaded, dir, "another", key, &quiet));
    assert_false(store_load(&loaded, scratch("none"), "kind", key, &quiet));
    str_release(&payload);
    str_release(&file);
    str_release(&loaded);
}

static void a_folder_that_cannot_be(void **state)
{
    (void)state;
    str payload = {0};
    char key[SHA256_HEX];
    err e = {0};
    put_sample(&payload);
    key_of(key, "kind", 1, "", "");
    put_file(scratch("file"), "x", 1);
    assert_int_equal(store_save(scratch("file"), "kind", key, &payload, &e), E_IO);
    str_release(&payload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_tell_pieces_apart),       cmocka_unit_test(arrays_come_back),
        cmocka_unit_test(a_short_payload_is_noticed),   cmocka_unit_test(empty_payload),
        cmocka_unit_test(damaged_files_are_not_loaded), cmocka_unit_test(a_folder_that_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}
