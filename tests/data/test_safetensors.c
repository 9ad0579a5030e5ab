/* safetensors: the reference writer's files read, its bytes reproduced, and every hostile header
 * refused with the reason. */
#include "test.h"
#include "base/io.h"
#include "base/memory.h"
#include "data/common.h"
#include "data/common_tensors.h"
#include "base/half.h"
#include "data/safetensors.h"
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Length, header and n_data zero bytes, as a file would hold them. */
static void build(str *out, const char *header, size_t n_data)
{
    uint64_t length = strlen(header);
    str_clear(out);
    str_add_bytes(out, &length, sizeof length);
    str_add(out, header);
    for (size_t i = 0; i < n_data; i++)
        str_add_char(out, '\0');
}

static void reads_the_reference_writers_files(void **state)
{
    (void)state;
    files f = files_from_dir("tests/data/fixtures");
    tensor_file s;
    err e = {0};
    assert_int_equal(tensor_file_open(&s, &f, "floats.safetensors", &e), OK);
    assert_int_equal(s.n_tensors, 6);
    assert_string_equal(s.tensors[0].name, "a_f32"); /* listed by name */
    assert_string_equal(safetensors_metadata(&s, "format"), "pt");
    assert_null(safetensors_metadata(&s, "other"));
    float f32[24], bf16[24], f16[24], scalar, unicode[3];
    assert_int_equal(tensor_file_load_f32(f32, &s, "a_f32", SHAPE(2, 3, 4), &e), OK);
    assert_int_equal(tensor_file_load_f32(bf16, &s, "b_bf16", SHAPE(2, 3, 4), &e), OK);
    assert_int_equal(tensor_file_load_f32(f16, &s, "c_f16", SHAPE(2, 3, 4), &e), OK);
    for (int i = 0; i < 24; i++) { /* torch rounded them; so do we */
        float want = bf16_to_float(bf16_from_float(f32[i]));
        assert_memory_equal(&bf16[i], &want, sizeof want);
        want = f16_to_float(f16_from_float(f32[i]));
        assert_memory_equal(&f16[i], &want, sizeof want);
    }
    assert_true(f32[3] == -1.0f && f32[23] == -7.25f);
    assert_int_equal(tensor_file_load_f32(&scalar, &s, "scalar", 0, NULL, &e), OK);
    assert_true(scalar == 2.5f);
    assert_int_equal(tensor_file_load_f32(unicode, &s, "\xc3\xbcnicode", SHAPE(3), &e), OK);
    assert_true(unicode[2] == 3.0f);
    assert_int_equal(tensor_file_load_f32(NULL, &s, "empty", SHAPE(0, 4), &e), OK);
    tensor_file_close(&s);
}

static void lists_what_it_cannot_convert(void **state)
{
    (void)state;
    files f = files_from_dir("tests/data/fixtures");
    tensor_file s;
    err e = {0};
    float out[8];
    assert_int_equal(tensor_file_open(&s, &f, "mixed.safetensors", &e), OK);
    static const struct {
        const char *name, *description;
        dtype type;
    } rows[] = {
        {"byte", "U8 [3]", DTYPE_U8},
        {"fp8", "F8_E4M3 [5]", DTYPE_UNKNOWN}, {"mask", "BOOL [3]", DTYPE_BOOL},
        {"steps", "I64 []", DTYPE_I64},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const stored_tensor *t = tensor_file_find(&s, rows[i].name);
        str text = {0};
        assert_non_null(t);
        assert_int_equal(t->type, rows[i].type);
        stored_tensor_describe(&text, t);
        assert_string_equal(text.data, rows[i].description);
        str_release(&text);
        stored_tensor_load_f32(out, t, -1, NULL, &e);
        check_err(&e, E_FORMAT, rows[i].name);
        check_err(&e, E_FORMAT, "mixed.safetensors|16, 32 and 64-bit floats");
    }
    assert_int_equal(tensor_file_load_f32(out, &s, "w", SHAPE(2, 2), &e), OK);
    assert_true(out[3] == 4.0f);
    assert_int_equal(tensor_file_load_f32(out, &s, "double", SHAPE(2), &e), OK);
    assert_true(out[0] == 0.5f && out[1] == -0.25f);
    tensor_file_close(&s);
}

static void errors_name_file_tensor_and_shapes(void **state)
{
    (void)state;
    files f = files_from_dir("tests/data/fixtures");
    tensor_file s;
    err e = {0};
    float out[24];
    assert_int_equal(tensor_file_open(&s, &f, "mixed.safetensors", &e), OK);
    out[0] = 77;
    tensor_file_load_f32(out, &s, "w", SHAPE(4), &e);
    check_err(&e, E_SHAPE, "mixed.safetensors|tensor w|[2, 2]|[4]");
    tensor_file_load_f32(out, &s, "w", SHAPE(2, 3), &e);
    check_err(&e, E_SHAPE, "[2, 2]|[2, 3]");
    tensor_file_load_f32(out, &s, "w", 0, NULL, &e);
    check_err(&e, E_SHAPE, "[2, 2]|[]");
    assert_true(out[0] == 77); /* untouched */
    tensor_file_load_f32(out, &s, "doubel", SHAPE(2), &e);
    check_err(&e, E_FORMAT, "mixed.safetensors|doubel|double");
    tensor_file_close(&s);
    tensor_file_open(&s, &f, "absent.safetensors", &e);
    check_err(&e, E_IO, "absent.safetensors");
}

static void values_that_are_no_numbers_are_counted(void **state)
{
    (void)state;
    err e = {0};
    float values[] = {1, 2, -INFINITY, 3, NAN, 0};
    assert_int_equal(check_finite(values, 2, "f", "w", &e), OK);
    assert_int_equal(check_finite(NULL, 0, "f", "w", &e), OK);
    check_finite(values, COUNT_OF(values), "model.safetensors", "w_enc", &e);
    check_err(&e, E_NUMERIC, "model.safetensors|w_enc|2 values|index 2 of 6|-inf");
}

/* The entries of floats.safetensors, out of order. */
static void reference_entries(tensor_entry entries[6], const float *values, const float *others)
{
    const tensor_entry list[] = {
        {"c_f16", DTYPE_F16, 3, {2, 3, 4}, values},
        {"scalar", DTYPE_F32, 0, {0}, others},
        {"b_bf16", DTYPE_BF16, 3, {2, 3, 4}, values},
        {"\xc3\xbcnicode", DTYPE_F32, 1, {3}, others + 1},
        {"empty", DTYPE_F32, 2, {0, 4}, NULL},
        {"a_f32", DTYPE_F32, 3, {2, 3, 4}, values},
    };
    memcpy(entries, list, sizeof list);
}

static void writes_the_reference_writers_bytes(void **state)
{
    (void)state;
    files f = files_from_dir("tests/data/fixtures");
    tensor_file s;
    err e = {0};
    float values[24];
    static const float others[] = {2.5f, 1, 2, 3};
    static const char *const metadata[][2] = {{"format", "pt"}};
    assert_int_equal(tensor_file_open(&s, &f, "floats.safetensors", &e), OK);
    assert_int_equal(tensor_file_load_f32(values, &s, "a_f32", SHAPE(2, 3, 4), &e), OK);
    tensor_entry entries[6];
    reference_entries(entries, values, others);
    str memory = {0};
    assert_int_equal(safetensors_print(&memory, entries, 6, metadata, 1, &e), OK);
    assert_int_equal(memory.len, s.map.size);
    assert_memory_equal(memory.data, s.map.data, memory.len);
    const char *path = scratch("written.safetensors");
    assert_int_equal(safetensors_write(path, entries, 6, metadata, 1, &e), OK);
    str file = {0};
    assert_int_equal(io_read(&file, path, 1 << 20, &e), OK);
    assert_int_equal(file.len, memory.len);
    assert_memory_equal(file.data, memory.data, memory.len);
    str_release(&file);
    str_release(&memory);
    tensor_file_close(&s);
}

static void large_tensors_survive(void **state)
{
    (void)state;
    enum { N = 10007 }; /* more than the writer's chunk, no multiple of it */
    float *values = mem_small(N, sizeof *values), *got = mem_small(N, sizeof *got);
    for (int i = 0; i < N; i++)
        values[i] = (float)(i % 251) - 125; /* exact in bf16 and f16 */
    tensor_entry entries[] = {{"x", DTYPE_BF16, 1, {N}, values},
                              {"y", DTYPE_F16, 1, {N}, values},
                              {"z", DTYPE_F32, 1, {N}, values}};
    str memory = {0};
    tensor_file s;
    err e = {0};
    assert_int_equal(safetensors_print(&memory, entries, 3, NULL, 0, &e), OK);
    uint64_t length;
    memcpy(&length, memory.data, sizeof length);
    assert_int_equal(length % 8, 0);
    assert_int_equal(safetensors_parse(&s, memory.data, memory.len, "memory", &e), OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(tensor_file_load_f32(got, &s, entries[i].name, SHAPE(N), &e), OK);
        assert_memory_equal(got, values, N * sizeof *values);
    }
    tensor_file_close(&s);
    str_release(&memory);
    mem_free(values);
    mem_free(got);
}

static void the_writer_refuses(void **state)
{
    (void)state;
    static const float one[] = {1};
    err e = {0};
    const char *path = scratch("refused.safetensors");
    tensor_entry twice[] = {{"w", DTYPE_F32, 1, {1}, one}, {"w", DTYPE_F16, 1, {1}, one}};
    safetensors_write(path, twice, 2, NULL, 0, &e);
    check_err(&e, E_DATA, "refused.safetensors|two tensors|w");
    tensor_entry integer = {"i", DTYPE_I32, 1, {1}, one};
    safetensors_write(path, &integer, 1, NULL, 0, &e);
    check_err(&e, E_DATA, "tensor i|F32, F16 and BF16");
    tensor_entry latin = {"\xfc", DTYPE_F32, 1, {1}, one};
    safetensors_write(path, &latin, 1, NULL, 0, &e);
    check_err(&e, E_DATA, "UTF-8");
    tensor_entry vast = {"v", DTYPE_F32, 3, {INT64_MAX, 4, 4}, one};
    safetensors_write(path, &vast, 1, NULL, 0, &e);
    check_err(&e, E_SHAPE, "tensor v");
    assert_false(io_exists(path)); /* nothing half-written is left */
    safetensors_write(scratch("no/such/folder.safetensors"), &integer, 1, NULL, 0, &e);
    check_err(&e, E_IO, "no/such");
}

/* A limit on file size stands in for a full disk: the write fails in the middle. */
static void a_failed_write_leaves_the_old_file(void **state)
{
    (void)state;
    enum { N = 1 << 16 };
    float *values = mem_small(N, sizeof *values);
    tensor_entry entry = {"w", DTYPE_F32, 1, {N}, values};
    const char *path = scratch("full.safetensors");
    err e = {0};
    struct rlimit before, small;
    put_file(path, "before", 6);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = (struct rlimit){N, before.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    err_code code = safetensors_write(path, &entry, 1, NULL, 0, &e);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(code, E_IO);
    check_err(&e, E_IO, "full.safetensors");
    str file = {0};
    assert_int_equal(io_read(&file, path, 100, &e), OK);
    assert_string_equal(file.data, "before");
    arena a = {0};
    char **names;
    int n;
    assert_int_equal(io_list(&names, &n, scratch("."), &a, &e), OK);
    for (int i = 0; i < n; i++) /* no temporary file is left either */
        assert_true(strcmp(names[i], "full.safetensors") == 0 || !strstr(names[i], "full"));
    arena_release(&a);
    str_release(&file);
    mem_free(values);
}

#define ENTRY(dtype, shape, offsets)                                                               \
    "\"dtype\":\"" dtype "\",\"shape\":" shape ",\"data_offsets\":" offsets
#define W(dtype, shape, offsets) "{\"w\":{" ENTRY(dtype, shape, offsets) "}}"

static const struct {
    const char *header;
    size_t n_data;
    const char *said; /* NULL: this one is legal */
} headers[] = {
    {W("F32", "[2]", "[0,8]"), 8, NULL},
    {"  " W("F32", "[2]", "[0,8]") "   ", 8, NULL}, /* blanks around */
    {"{\"w\":{\"x\":1," ENTRY("F32", "[2]", "[0,8]") "}}", 8,
     NULL}, /* unknown members are skipped */
    {"{}", 0, NULL},
    {W("F32", "[0]", "[0,0]"), 0, NULL}, /* an empty tensor */
    {W("F4", "[4]", "[0,2]"), 2, NULL},  /* half bytes that fill whole ones */
    {"{\"__metadata__\":{\"a\":\"b\"}}", 0, NULL},
    {"[]", 0, "not a JSON object"},
    {"", 0, "f"},
    {"{", 0, "f"},
    {W("F32", "[2]", "[0,8]") "x", 8, "f"},             /* trailing garbage */
    {W("F32", "[2]", "[0,8]"), 7, "bytes 0 to 8 of 7"}, /* truncated */
    {W("F32", "[2]", "[0,8]"), 9, "end at byte 8"},     /* trailing bytes: two files in one */
    {W("F32", "[2]", "[0,12]"), 12, "do not fill"},     /* more place than elements */
    {W("F32", "[2]", "[8,0]"), 8, "bytes 8 to 0"},      /* end before begin */
    {W("F32", "[2]", "[0,-1]"), 8, "data_offsets"},
    {W("F32", "[2]", "[0,18446744073709551615]"), 8, "data_offsets"}, /* wraps when 8 is added */
    {W("F32", "[2]", "[0.5,8]"), 8, "data_offsets"},
    {W("F32", "[2]", "[0,8,8]"), 8, "data_offsets"},
    {W("F32", "[2]", "[0]"), 8, "data_offsets"},
    {W("F32", "[2]", "\"08\""), 8, "data_offsets"},
    {"{\"w\":{\"dtype\":\"F32\",\"shape\":[2]}}", 8, "data_offsets"},
    {"{\"w\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8, "dtype"},
    {"{\"w\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8, "shape"},
    {"{\"w\":[0,8]}", 8, "w"},
    {"{\"w\":null}", 8, "w"},
    {W("F32", "[-2]", "[0,8]"), 8, "size 0"},
    {W("F32", "[2,null]", "[0,8]"), 8, "size 1"},
    {W("F32", "[\"2\"]", "[0,8]"), 8, "size 0"},
    {W("F32", "2", "[0,8]"), 8, "not a list"},
    {W("F32", "[9007199254740992,9007199254740992]", "[0,8]"), 8, "overflows"},
    {W("F32", "[4503599627370496,1024]", "[0,8]"), 8, "overflows"}, /* times 32 bits: 0 mod 2^64 */
    {W("F32", "[1,1,1,1,1,1,1,1,2]", "[0,8]"), 8, "dimensions"},
    {W("F4", "[3]", "[0,2]"), 2, "do not fill"}, /* 12 bits are no whole bytes */
    {W("F\\u001b[2J", "[2]", "[0,8]"), 8, "not the name of a type"}, /* a terminal's escape */
    {"{\"a\":{" ENTRY("U8", "[4]", "[0,4]") "},\"b\":{" ENTRY("U8", "[4]", "[2,6]") "}}", 6,
     "overlap"},
    {"{\"a\":{" ENTRY("U8", "[4]", "[0,4]") "},\"b\":{" ENTRY("U8", "[4]", "[0,4]") "}}", 4,
     "overlap"},
    {"{\"a\":{" ENTRY("U8", "[4]", "[0,4]") "},\"b\":{" ENTRY("U8", "[4]", "[5,9]") "}}", 9,
     "hole"},
    {W("U8", "[4]", "[1,5]"), 5, "hole"}, /* does not start at 0 */
    {"{\"w\":{" ENTRY("U8", "[1]", "[0,1]") "},\"w\":{" ENTRY("U8", "[0]", "[1,1]") "}}", 1,
     "twice"},
    {"{\"\":{" ENTRY("U8", "[1]", "[0,1]") "}}", 1, "name"},
    {"{\"a\\u0000b\":{" ENTRY("U8", "[1]", "[0,1]") "}}", 1, "NUL"},
    {"{\"a\\u001bb\":{" ENTRY("U8", "[1]", "[0,1]") "}}", 1, "control character"},
    {"{\"\xff\":{" ENTRY("U8", "[1]", "[0,1]") "}}", 1, "UTF-8"},
    {"{\"\\ud800\":{" ENTRY("U8", "[1]", "[0,1]") "}}", 1, "f"}, /* half a surrogate pair */
    {"{\"__metadata__\":[]}", 0, "__metadata__"},
    {"{\"__metadata__\":{\"a\":1}}", 0, "__metadata__"},
};

static void hostile_headers_are_refused(void **state)
{
    (void)state;
    str file = {0};
    for (size_t i = 0; i < COUNT_OF(headers); i++) {
        err e = {0};
        build(&file, headers[i].header, headers[i].n_data);
        err_code code = parse_tensors(file.data, file.len, &e);
        if (!headers[i].said && code)
            fail_msg("%s: %s", headers[i].header, e.text);
        if (headers[i].said && !code)
            fail_msg("%s: taken", headers[i].header);
        if (headers[i].said)
            check_err(&e, E_FORMAT, headers[i].said);
    }
    str_release(&file);
}

static void hostile_lengths_are_refused(void **state)
{
    (void)state;
    static const uint64_t lengths[] = {
        3, 100, (uint64_t)1 << 31, (uint64_t)1 << 63, UINT64_MAX - 7, UINT64_MAX};
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        char file[10];
        memcpy(file, &lengths[i], sizeof lengths[i]);
        memcpy(file + 8, "{}", 2);
        err e = {0};
        parse_tensors(file, sizeof file, &e);
        check_err(&e, E_FORMAT, "truncated or not a safetensors file");
    }
}

static void many_entries_take_no_quadratic_time(void **state)
{
    (void)state;
    str header = {0}, file = {0};
    err e = {0};
    str_add(&header, "{");
    for (int i = 0; i < 60000; i++) /* the "abuse" pattern: all claim the same bytes */
        str_addf(&header, "%s\"t%d\":{" ENTRY("U8", "[16]", "[0,16]") "}", i ? "," : "", i);
    str_add(&header, "}");
    build(&file, header.data, 16);
    parse_tensors(file.data, file.len, &e);
    check_err(&e, E_FORMAT, "overlap");
    str_clear(&header);
    for (int i = 0; i < 100000; i++)
        str_add_char(&header, '[');
    build(&file, header.data, 0);
    parse_tensors(file.data, file.len, &e);
    check_err(&e, E_FORMAT, "deeper");
    str_release(&header);
    str_release(&file);
}

static void every_truncation_fails_and_no_flip_crashes(void **state)
{
    (void)state;
    static const char *const names[] = {"floats.safetensors", "mixed.safetensors"};
    str file = {0};
    for (size_t f = 0; f < COUNT_OF(names); f++) {
        read_fixture(&file, names[f]);
        err e = {0};
        assert_int_equal(parse_tensors(file.data, file.len, &e), OK);
        for (size_t n = 0; n < file.len; n++)
            assert_int_equal(parse_tensors(file.data, n, &e), E_FORMAT);
        int refused = 0;
        for (size_t bit = 0; bit < 8 * file.len; bit++) {
            file.data[bit / 8] ^= (char)(1 << bit % 8);
            refused += parse_tensors(file.data, file.len, &e) != OK;
            file.data[bit / 8] ^= (char)(1 << bit % 8);
        }
        assert_true(refused > 1000);
    }
    str_release(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_reference_writers_files),
        cmocka_unit_test(lists_what_it_cannot_convert),
        cmocka_unit_test(errors_name_file_tensor_and_shapes),
        cmocka_unit_test(values_that_are_no_numbers_are_counted),
        cmocka_unit_test(writes_the_reference_writers_bytes),
        cmocka_unit_test(large_tensors_survive),
        cmocka_unit_test(the_writer_refuses),
        cmocka_unit_test(a_failed_write_leaves_the_old_file),
        cmocka_unit_test(hostile_headers_are_refused),
        cmocka_unit_test(hostile_lengths_are_refused),
        cmocka_unit_test(many_entries_take_no_quadratic_time),
        cmocka_unit_test(every_truncation_fails_and_no_flip_crashes),
    };
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}
