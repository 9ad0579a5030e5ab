/* .npz: NumPy's files in every layout, and headers that it would not write. */
#include "test.h"
#include "base/memory.h"
#include "data/checkpoint.h"
#include "data/common.h"
#include "data/common_tensors.h"
#include "data/common_zip.h"
#include "data/tensor_file.h"
#include <string.h>

static const struct {
    const char *name, *description;
    dtype type;
} listed[] = {
    {"W_dec", "<f4 [5, 3]", DTYPE_F32},  {"W_enc", "<f4 [3, 5]", DTYPE_F32},
    {"b_enc", "<f4 [5]", DTYPE_F32},     {"count", "<i8 []", DTYPE_I64},
    {"double", "<f8 [2, 2]", DTYPE_F64}, {"fortran", "<f4 [2, 3, 4]", DTYPE_F32},
    {"half", "<f2 [2, 3]", DTYPE_F16},   {"mask", "|b1 [2]", DTYPE_BOOL},
    {"none", "<f4 [0, 4]", DTYPE_F32},   {"one", "<f4 [1]", DTYPE_F32},
    {"scalar", "<f4 []", DTYPE_F32},     {"swapped", ">f4 [3]", DTYPE_UNKNOWN},
    {"threshold", "<f4 [5]", DTYPE_F32},
};

static void check_arrays(const char *name)
{
    tensor_file f = open_container(name);
    assert_int_equal(f.n_tensors, COUNT_OF(listed));
    for (size_t i = 0; i < COUNT_OF(listed); i++) {
        str text = {0};
        assert_string_equal(f.tensors[i].name, listed[i].name);
        assert_int_equal(f.tensors[i].type, listed[i].type);
        stored_tensor_describe(&text, &f.tensors[i]);
        assert_string_equal(text.data, listed[i].description);
        str_release(&text);
    }
    check_values(&f, "W_enc", -1, SHAPE(3, 5));
    check_values(&f, "W_dec", -1, SHAPE(5, 3));
    check_values(&f, "threshold", -1, SHAPE(5));
    check_values(&f, "double", -1, SHAPE(2, 2));
    check_values(&f, "fortran", -1, SHAPE(2, 3, 4));
    check_values(&f, "half", -1, SHAPE(2, 3));
    check_values(&f, "none", -1, SHAPE(0, 4));
    check_values(&f, "scalar", -1, 0, NULL);
    float values[3];
    err e = {0};
    tensor_file_load_f32(values, &f, "swapped", SHAPE(3), &e);
    check_err(&e, E_FORMAT, "tensor swapped is stored as >f4");
    tensor_file_load_f32(values, &f, "count", 0, NULL, &e);
    check_err(&e, E_FORMAT, "tensor count is stored as <i8");
    tensor_file_load_f32(values, &f, "W_end", SHAPE(3), &e);
    check_err(&e, E_FORMAT, "W_end|the nearest name is W_enc");
    tensor_file_close(&f);
}

static void numpys_files_are_read(void **state)
{
    (void)state;
    check_arrays("stored.npz");
    check_arrays("deflated.npz");
    tensor_file f = open_container("versions.npz");
    check_values(&f, "v1", -1, SHAPE(2, 3));
    check_values(&f, "v2", -1, SHAPE(2, 3));
    check_values(&f, "v3", -1, SHAPE(2, 3));
    tensor_file_close(&f);
    f = open_container("empty.npz");
    assert_int_equal(f.n_tensors, 0);
    tensor_file_close(&f);
}

static void a_checkpoint_opens_one_by_its_content(void **state)
{
    (void)state;
    files folder = files_from_dir("tests/data/fixtures/containers");
    checkpoint c;
    err e = {0};
    float threshold[5];
    assert_int_equal(checkpoint_open_file(&c, &folder, "stored.npz", &e), OK);
    assert_int_equal(c.n_tensors, COUNT_OF(listed));
    assert_int_equal(checkpoint_load_f32(threshold, &c, "threshold", SHAPE(5), &e), OK);
    assert_true(threshold[4] == 0);
    checkpoint_close(&c);
    checkpoint_open_file(&c, &folder, "other.zip", &e);
    check_err(&e, E_FORMAT, "other.zip|readme.txt");
}

static void other_contents_are_refused(void **state)
{
    (void)state;
    check_refused("objects.npz", "array x|pickled Python objects");
    check_refused("records.npz", "array x|records");
    check_refused("other.zip", "readme.txt|neither");
}

#define DICT(descr, order, shape)                                                                  \
    "{'descr': " descr ", 'fortran_order': " order ", 'shape': " shape ", }"

static const struct {
    const char *header;
    size_t n_data;
    const char *said; /* NULL: legal */
} headers[] = {
    {DICT("'<f4'", "False", "(2,)"), 8, NULL},
    {DICT("'<f4'", "False", "(2,)") "   \n", 8, NULL},
    {DICT("\"<f4\"", "False", "(2,)"), 8, NULL},
    {"{'shape':(1,2),'descr':'<f4','fortran_order':True}", 8, NULL},
    {DICT("'<f4'", "True", "(2, 0)"), 0, NULL},
    {DICT("'<f4'", "False", "()"), 4, NULL},
    {DICT("'<c8'", "False", "(2,)"), 16, NULL}, /* listed, whatever it is */
    {DICT("'<f4'", "False", "(2,)"), 7, "do not fill"},
    {DICT("'<f4'", "False", "(2,)"), 9, "do not fill"}, /* something after the data */
    {DICT("'<f4'", "False", "(2)"), 8, "not a tuple"},
    {DICT("'<f4'", "False", "[2]"), 8, "not a tuple"},
    {DICT("'<f4'", "False", "2"), 8, "not a tuple"},
    {DICT("'<f4'", "False", "(-2,)"), 8, "not a tuple"},
    {DICT("'<f4'", "False", "(2.0,)"), 8, "not a tuple"},
    {DICT("'<f4'", "False", "(2"), 8, "not a tuple"},
    {DICT("'<f4'", "False", "(,)"), 8, "not a tuple"},
    {DICT("'<f4'", "False", "(1,,2)"), 8, "not a tuple"},
    {DICT("'<f4'", "False", "(1*2,)"), 8, "not a tuple"},
    {DICT("'<f4'", "False", "(18446744073709551618,)"), 8, "not a tuple"}, /* 2 mod 2^64 */
    {DICT("'<f4'", "False", "(9223372036854775808,)"), 8, "overflows"},
    {DICT("'<f4'", "False", "(4294967296, 4294967296)"), 0, "overflows"},
    {DICT("'<f4'", "False", "(4611686018427387904,)"), 0, "do not fill"}, /* times 4 is 0 */
    {DICT("'<f4'", "False", "(1,1,1,1,1,1,1,1,2)"), 8, "more than 8 dimensions"},
    {DICT("'<f4'", "1", "(2,)"), 8, "fortran_order"},
    {DICT("'<f4'", "false", "(2,)"), 8, "fortran_order"},
    {DICT("'|O'", "False", "(2,)"), 8, "pickled Python objects"},
    {DICT("[('a', '<f4')]", "False", "(2,)"), 8, "records"},
    {DICT("'<f4\\x00'", "False", "(2,)"), 8, "descr"},
    {DICT("'\x1b[2J'", "False", "(2,)"), 8, "control character"},
    {DICT("''", "False", "(2,)"), 8, "descr"},
    {DICT("'<f4", "False", "(2,)"), 8, "is not a dict"}, /* the string ends at the next quote */
    {DICT("None", "False", "(2,)"), 8, "descr"},
    {DICT("__import__('os').system('true')", "False", "(2,)"), 8, "descr"},
    {DICT("'<f4'", "False", "(2,)") "x", 8, "goes on"},
    {"{'descr': '<f4', 'fortran_order': False}", 8, "lacks"},
    {"{'descr': '<f4', 'shape': (2,), 'shape': (2,), 'fortran_order': False}", 8, "twice"},
    {"{'descr': '<f4', 'shape': (2,), 'fortran_order': False, 'x': 1}", 8, "unknown"},
    {"{'descr': '<f4' 'shape': (2,), 'fortran_order': False}", 8, "not a dict"},
    {"{'descr' '<f4'}", 8, "not a dict"},
    {"{'descr", 8, "not a dict"},
    {"{", 8, "not a dict"},
    {"{}", 8, "lacks"},
    {"[]", 8, "not a dict"},
    {"", 8, "not a dict"},
};

static void build_bare(str *out, const void *head, size_t n_head, const char *header, size_t n_data)
{
    str_clear(out);
    str_add_bytes(out, head, n_head);
    str_add(out, header);
    for (size_t i = 0; i < n_data; i++)
        str_add_char(out, '\0');
}

/* An archive of one member "w.npy". */
static void build(str *out, const void *head, size_t n_head, const char *header, size_t n_data)
{
    str npy = {0};
    zip_layout layout;
    build_bare(&npy, head, n_head, header, n_data);
    zip_build(out, &layout, &(zip_piece){"w.npy", npy.data, npy.len, false}, 1, ZIP_WIDE_LOCAL);
    str_release(&npy);
}

static void check_header(size_t i, const str *file)
{
    err e = {0};
    err_code rc = parse_tensors(file->data, file->len, &e);
    if (!headers[i].said && rc)
        fail_msg("%s: %s", headers[i].header, e.text);
    if (headers[i].said && !rc)
        fail_msg("%s: taken", headers[i].header);
    if (headers[i].said && !strstr(e.text, headers[i].said))
        fail_msg("%s: \"%s\" is not in \"%s\"", headers[i].header, headers[i].said, e.text);
}

static void hostile_headers_are_refused(void **state)
{
    (void)state;
    str file = {0};
    for (size_t i = 0; i < COUNT_OF(headers); i++) {
        size_t n = strlen(headers[i].header);
        const char head[] = {'\x93',           'N',           'U', 'M', 'P', 'Y', 1, 0,
                             (char)(n & 0xff), (char)(n >> 8)};
        build(&file, head, sizeof head, headers[i].header, headers[i].n_data);
        check_header(i, &file);
        build_bare(&file, head, sizeof head, headers[i].header, headers[i].n_data);
        check_header(i, &file);
    }
    str_release(&file);
}

static const struct {
    const char *head;
    size_t n;
    const char *said;
} heads[] = {
    {"", 0, "w.npy is not a .npy file"},
    {"\x93NUMPX\1\0\2\0", 10, "not a .npy file"},
    {"\x93NUMPY\1\0\2", 9, "not a .npy file"},
    {"\x93NUMPY\0\0\2\0", 10, ".npy version 0.0"},
    {"\x93NUMPY\4\0\2\0", 10, ".npy version 4.0"},
    {"\x93NUMPY\1\1\2\0", 10, ".npy version 1.1"},
    {"\x93NUMPY\1\0\377\377", 10, "longer than allowed"},
    {"\x93NUMPY\1\0\2\0", 10, "longer than allowed"},
    {"\x93NUMPY\2\0\2\0", 10, "cut off"},
    {"\x93NUMPY\2\0\377\377\377\377", 12, "longer than allowed"},
    {"\x93NUMPY\3\0\2\0\0\0", 12, "longer than allowed"},
};

static void hostile_beginnings_are_refused(void **state)
{
    (void)state;
    str file = {0};
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        err e = {0};
        build(&file, heads[i].head, heads[i].n, "", 0);
        parse_tensors(file.data, file.len, &e);
        check_err(&e, E_FORMAT, heads[i].said);
        build_bare(&file, heads[i].head, heads[i].n, "", 0);
        if (parse_tensors(file.data, file.len, &e) != E_FORMAT)
            fail_msg("beginning %zu: taken as a bare file", i);
    }
    str_release(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numpys_files_are_read),
        cmocka_unit_test(a_checkpoint_opens_one_by_its_content),
        cmocka_unit_test(other_contents_are_refused),
        cmocka_unit_test(hostile_headers_are_refused),
        cmocka_unit_test(hostile_beginnings_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
