/* safetensors: the reference writer's files read and its bytes reproduced. */
#include "test.h"
#include "base/io.h"
#include "base/memory.h"
#include "data/common.h"
#include "base/half.h"
#include "data/safetensors.h"
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

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
        {"fp8", "F8_E4M3 [5]", DTYPE_UNKNOWN},
        {"mask", "BOOL [3]", DTYPE_BOOL},
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
    };
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}
