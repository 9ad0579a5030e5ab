/* torch.save's archives: torch's own files, and pickles that point where no tensor lies. */
#include "test.h"
#include "base/memory.h"
#include "data/checkpoint.h"
#include "data/common.h"
#include "data/common_pickle.h"
#include "data/common_tensors.h"
#include "data/common_zip.h"
#include "data/tensor_file.h"
#include <string.h>

static void torchs_dicts_are_read(void **state)
{
    (void)state;
    tensor_file f = open_container("dict.pt");
    assert_int_equal(f.n_tensors, 15);
    check_values(&f, "encoder.weight", -1, SHAPE(5, 3));
    check_values(&f, "decoder.weight", -1, SHAPE(3, 5)); /* a Parameter */
    check_values(&f, "half", -1, SHAPE(2, 3));
    check_values(&f, "bfloat", -1, SHAPE(2, 3));
    check_values(&f, "double", -1, SHAPE(2, 2));
    check_values(&f, "scalar", -1, 0, NULL);
    check_values(&f, "none", -1, SHAPE(0, 4));
    check_values(&f, "turned", -1, SHAPE(3, 2)); /* columns first */
    check_values(&f, "shared.a", -1, SHAPE(2, 4));
    check_values(&f, "shared.b", 0, SHAPE(8));
    float slice[6];
    err e = {0};
    assert_int_equal(tensor_file_load_f32(slice, &f, "slice", SHAPE(2, 3), &e), OK);
    for (int i = 0; i < 6; i++) /* rows 1 and 2, columns 2 to 4 of 4 x 6 */
        assert_true(slice[i] == (float)(6 * (1 + i / 3) + 2 + i % 3) / 4 - 1);
    assert_int_equal(tensor_file_find(&f, "k")->type, DTYPE_I64);
    assert_int_equal(tensor_file_find(&f, "mask")->type, DTYPE_BOOL);
    assert_int_equal(tensor_file_find(&f, "bytes")->type, DTYPE_U8);
    tensor_file_load_f32(slice, &f, "complex", SHAPE(2), &e);
    check_err(&e, E_FORMAT, "tensor complex is stored as ComplexFloatStorage");
    tensor_file_close(&f);
}

static void dicts_in_dicts_are_read(void **state)
{
    (void)state;
    tensor_file f = open_container("module.pt"); /* a state_dict, which has a state of its own */
    assert_int_equal(f.n_tensors, 2);
    check_values(&f, "weight", -1, SHAPE(2, 3));
    tensor_file_close(&f);
    f = open_container("nested.pt"); /* all in one inner dict: its names alone */
    assert_int_equal(f.n_tensors, 2);
    check_values(&f, "weight", -1, SHAPE(2, 3));
    tensor_file_close(&f);
    f = open_container("two.pt");
    assert_int_equal(f.n_tensors, 5);
    check_values(&f, "ema.weight", -1, SHAPE(2, 3));
    check_values(&f, "model.bias", -1, SHAPE(2));
    check_values(&f, "scale", -1, SHAPE(1));
    tensor_file_close(&f);
}

static void a_checkpoint_opens_one_by_its_content(void **state)
{
    (void)state;
    files folder = files_from_dir("tests/data/fixtures/containers");
    checkpoint c;
    err e = {0};
    float bias[2];
    assert_int_equal(checkpoint_open_file(&c, &folder, "nested.pt", &e), OK);
    assert_int_equal(checkpoint_load_f32(bias, &c, "bias", SHAPE(2), &e), OK);
    assert_true(bias[1] == -0.75f);
    checkpoint_load_f32(bias, &c, "bias", SHAPE(3), &e);
    check_err(&e, E_SHAPE, "nested.pt|bias|[2]|[3]");
    checkpoint_close(&c);
}

static void what_runs_code_is_refused_by_name(void **state)
{
    (void)state;
    check_refused("runs.pt", "refuses to run posix.system");
    check_refused("module_itself.pt", "refuses to run torch.nn.modules.linear.Linear|state_dict");
    check_refused("numpy_scalar.pt", "refuses to run numpy._core.multiarray.scalar");
    check_refused("float8.pt", "refuses to run torch._utils._rebuild_tensor_v3");
    check_refused("sparse.pt", "refuses to run torch._utils._rebuild_sparse_tensor");
    check_refused("protocol4.pt", "protocol 2");
    check_refused("old.pt", "before 1.6|torch.save(torch.load(file, weights_only=True), file)");
    check_refused("expanded.pt", "tensor w|1000 elements on a storage of 1|contiguous");
    check_refused("bare_tensor.pt", "something else than a dict");
    check_refused("no_tensors.pt", "no tensor in it");
}

/* A call of _rebuild_tensor_v2 on a storage of 6 floats, spelled for pickle_build. */
#define STORAGE(class, key, n) "( 'storage' torch:" class " '" key "' 'cpu' " n " t Q"
#define SIX STORAGE("FloatStorage", "0", "6")
#define TENSOR(storage, offset, shape, strides)                                                    \
    "torch._utils:_rebuild_tensor_v2 ( " storage " " offset " " shape " " strides                  \
    " F collections:OrderedDict ) R t R"
#define DICT(value) "P } 'w' " value " s ."

static const struct {
    const char *words;
    const char *said; /* NULL: legal */
} pickles[] = {
    {DICT(TENSOR(SIX, "0", "6 t1", "1 t1")), NULL},
    {DICT(TENSOR(SIX, "5", "1 t1", "1 t1")), NULL},
    {DICT(TENSOR(SIX, "5", ")", ")")), NULL},
    {DICT(TENSOR(SIX, "0", "2 3 t2", "1 2 t2")), NULL},
    {DICT(TENSOR(SIX, "0", "3 t1", "0 t1")), NULL}, /* one element three times: no bomb */
    {DICT(TENSOR(SIX, "0", "2 2 t2", "1 1 t2")), NULL},
    {DICT(TENSOR(SIX, "0", "0 99 t2", "99 1 t2")), NULL},
    {DICT(TENSOR(SIX, "99", "0 t1", "1 t1")), NULL},     /* nothing is read there */
    {DICT(TENSOR(SIX, "0", "1 6 t2", "99 1 t2")), NULL}, /* a step that is never taken */
    {DICT(TENSOR(STORAGE("DoubleStorage", "0", "3"), "0", "3 t1", "1 t1")), NULL},
    {"P } 5 " TENSOR(SIX, "0", "6 t1", "1 t1") " s .", NULL}, /* a number as key */
    {"P } 'd' torch:device 'cpu' t1 R s 'w' " TENSOR(SIX, "0", "6 t1", "1 t1") " s .", NULL},
    {"P } 'd' torch:bfloat16 s 'w' " TENSOR(SIX, "0", "6 t1", "1 t1") " s .", NULL},
    {DICT(TENSOR(SIX, "1", "6 t1", "1 t1")), "past the end"},
    {DICT(TENSOR(SIX, "6", ")", ")")), "past the end"},
    {DICT(TENSOR(SIX, "0", "7 t1", "1 t1")), "past the end"},
    {DICT(TENSOR(SIX, "0", "2 3 t2", "4 1 t2")), "past the end"},
    {DICT(TENSOR(SIX, "0", "2 t1", "9223372036854775807 t1")), "past the end"},
    {DICT(TENSOR(SIX, "9223372036854775807", "2 t1", "1 t1")), "past the end"}, /* wraps */
    {DICT(TENSOR(SIX, "0", "4294967296 4294967296 t2", "0 0 t2")), "overflows"},
    {DICT(TENSOR(SIX, "0", "4611686018427387904 t1", "0 t1")), "expanded view"}, /* x 4 is 0 */
    {DICT(TENSOR(SIX, "0", "7 t1", "0 t1")), "expanded view of 7 elements on a storage of 6"},
    {DICT(TENSOR(SIX, "-1", "2 t1", "1 t1")), "place in the storage"},
    {DICT(TENSOR(SIX, "'0'", "2 t1", "1 t1")), "place in the storage"},
    {DICT(TENSOR(SIX, "0", "-2 t1", "1 t1")), "no size"},
    {DICT(TENSOR(SIX, "0", "N t1", "1 t1")), "no size"},
    {DICT(TENSOR(SIX, "0", "2 t1", "-1 t1")), "no step"},
    {DICT(TENSOR(SIX, "0", "2 t1", ")")), "one length"},
    {DICT(TENSOR(SIX, "0", "2", "1")), "one length"},
    {DICT(TENSOR(SIX, "0", "] 6 a", "] 1 a")), "one length"},
    {DICT(TENSOR(SIX, "0", "( 1 1 1 1 1 1 1 1 1 t", "( 1 1 1 1 1 1 1 1 1 t")), "8 dimensions"},
    {DICT(TENSOR(STORAGE("FloatStorage", "0", "5"), "0", "1 t1", "1 t1")), "do not fill"},
    {DICT(TENSOR(STORAGE("FloatStorage", "0", "7"), "0", "1 t1", "1 t1")), "do not fill"},
    {DICT(TENSOR(STORAGE("FloatStorage", "0", "-1"), "0", "1 t1", "1 t1")), "not described"},
    {DICT(TENSOR(STORAGE("FloatStorage", "0", "4611686018427387910"), "0", "6 t1", "1 t1")),
     "do not fill"}, /* times 4 is 24 again */
    {DICT(TENSOR(STORAGE("DoubleStorage", "0", "6"), "0", "1 t1", "1 t1")), "do not fill"},
    {DICT(TENSOR(STORAGE("FloatStorage", "7", "6"), "0", "1 t1", "1 t1")), "no member x/data/7"},
    {DICT(TENSOR(STORAGE("FloatStorage", "../data.pkl", "6"), "0", "1 t1", "1 t1")), "no member"},
    {DICT(TENSOR(STORAGE("FloatStorage", "", "6"), "0", "1 t1", "1 t1")), "a name of 0 bytes"},
    {DICT(TENSOR(STORAGE("FloatStorage", "\x1b[2J", "6"), "0", "1 t1", "1 t1")), "control"},
    {DICT(TENSOR("( 'storage' torch:Size '0' 'cpu' 6 t Q", "0", "1 t1", "1 t1")), "not described"},
    {DICT(TENSOR("( 'storage' torch:FloatStorage '0' 'cpu' t Q", "0", "1 t1", "1 t1")),
     "not described"},
    {DICT(TENSOR("( 'module' torch:FloatStorage '0' 'cpu' 6 t Q", "0", "1 t1", "1 t1")),
     "not described"},
    {DICT(TENSOR("N", "0", "1 t1", "1 t1")), "not described"},
    {DICT("torch._utils:_rebuild_tensor_v2 ) R"), "other arguments"},
    {DICT("torch._utils:_rebuild_tensor_v2 ( " SIX " 0 6 t1 1 t1 F N } 'conj' T s t R"),
     "other arguments"}, /* a view with its own meaning of the numbers */
    {DICT(TENSOR(SIX, "0", "6 t1", "1 t1") " } b"), "other arguments"}, /* __setstate__ */
    {DICT("torch._utils:_rebuild_parameter ) R"), "other arguments"},
    {DICT("torch._utils:_rebuild_parameter N T N t3 R"), "other arguments"},
    {DICT("torch._utils:_rebuild_parameter torch._utils:_rebuild_parameter N T N t3 R T N t3 R"),
     "other arguments"},
    {"P } ( 'w' " TENSOR(SIX, "0", "1 t1", "1 t1") " q0 'w' h0 u .", "two tensors named w"},
    {"P } ( 'w' " TENSOR(SIX, "0", "1 t1", "1 t1") " q0 N h0 u .", "key that is no string"},
    {"P } ( '' " TENSOR(SIX, "0", "1 t1", "1 t1") " u .", "a name of 0 bytes"},
    {"P } ( 'a\nb' " TENSOR(SIX, "0", "1 t1", "1 t1") " u .", "control character"},
    {"P } ( 'a\xff' " TENSOR(SIX, "0", "1 t1", "1 t1") " u .", "UTF-8"},
    {"P ] .", "something else than a dict"},
    {"P N .", "something else than a dict"},
    {"P collections:OrderedDict ] t1 R .", "something else than a dict"}, /* made from a list */
    {"P } q0 'self' h0 s .", "no tensor in it"}, /* a dict that holds itself */
    {"P } .", "no tensor in it"},
};

static const float six[] = {0, 1, 2, 3, 4, 5};

/* An archive "x/" of the pickle and one storage. */
static void build(str *out, const str *pickle, const char *order)
{
    const zip_piece pieces[] = {{"x/data.pkl", str_text(pickle), pickle->len, false},
                                {"x/byteorder", order, strlen(order), false},
                                {"x/data/0", six, sizeof six, false},
                                {"x/version", "3\n", 2, false}};
    zip_layout layout;
    zip_build(out, &layout, pieces, 4, ZIP_SIZES_FOLLOW | ZIP_WIDE_END);
}

static void pickles_that_point_astray_are_refused(void **state)
{
    (void)state;
    str pickle = {0}, file = {0};
    for (size_t i = 0; i < COUNT_OF(pickles); i++) {
        err e = {0};
        pickle_build(&pickle, pickles[i].words);
        build(&file, &pickle, "little");
        err_code rc = parse_tensors(file.data, file.len, &e);
        if (!pickles[i].said && rc)
            fail_msg("%s: %s", pickles[i].words, e.text);
        if (pickles[i].said && !rc)
            fail_msg("%s: taken", pickles[i].words);
        if (pickles[i].said && !strstr(e.text, pickles[i].said))
            fail_msg("%s: \"%s\" is not in \"%s\"", pickles[i].words, pickles[i].said, e.text);
    }
    str_release(&pickle);
    str_release(&file);
}

static void the_archive_around_is_checked(void **state)
{
    (void)state;
    str pickle = {0}, file = {0};
    err e = {0};
    pickle_build(&pickle, DICT(TENSOR(SIX, "0", "6 t1", "1 t1")));
    build(&file, &pickle, "big");
    parse_tensors(file.data, file.len, &e);
    check_err(&e, E_FORMAT, "little-endian");
    str_clear(&pickle);
    while (pickle.len <= 4 << 20)
        str_add(&pickle, "NNNNNNNNNNNNNNNNNNNNNNNNNNNNNNNN");
    build(&file, &pickle, "little");
    parse_tensors(file.data, file.len, &e);
    check_err(&e, E_FORMAT, "x/data.pkl has 4194");
    str_release(&pickle);
    str_release(&file);
}

/* One inner dict in many places: the work for it is bounded, not only the pickle. */
static void shared_dicts_are_no_bomb(void **state)
{
    (void)state;
    str pickle = {0}, file = {0}, words = {0};
    err e = {0};
    str_add(&words, "P } 'inner' } q0 ( ");
    for (int i = 0; i < 3000; i++)
        str_addf(&words, "%d N ", i);
    str_add(&words, "u s ( ");
    for (int i = 0; i < 3000; i++)
        str_addf(&words, "%d h0 ", i);
    str_add(&words, "u .");
    pickle_build(&pickle, words.data);
    build(&file, &pickle, "little");
    parse_tensors(file.data, file.len, &e);
    check_err(&e, E_FORMAT, "dicts have more than");
    /* Many views that must be copied are as many copies, which only the quota bounds. */
    str_clear(&words);
    str_add(&words, "P } 'a' " TENSOR(SIX, "0", "2 3 t2", "1 2 t2") " q0 s ( ");
    for (int i = 0; i < 3000; i++)
        str_addf(&words, "%d h0 ", i);
    str_add(&words, "u .");
    pickle_build(&pickle, words.data);
    build(&file, &pickle, "little");
    assert_int_equal(parse_tensors(file.data, file.len, &e), OK);
    str_release(&words);
    str_release(&pickle);
    str_release(&file);
}

static void truncations_fail_and_flips_do_not_crash(void **state)
{
    (void)state;
    static const char *const names[] = {"containers/dict.pt", "containers/stored.npz"};
    str file = {0};
    for (size_t f = 0; f < COUNT_OF(names); f++) {
        read_fixture(&file, names[f]);
        err e = {0};
        int refused = 0;
        assert_int_equal(parse_tensors(file.data, file.len, &e), OK);
        for (size_t n = 0; n < file.len; n += 3)
            assert_int_equal(parse_tensors(file.data, n, &e), E_FORMAT);
        for (size_t bit = 0; bit < 8 * file.len; bit += 11) { /* all of them take too long */
            file.data[bit / 8] ^= (char)(1 << bit % 8);
            refused += parse_tensors(file.data, file.len, &e) != OK;
            file.data[bit / 8] ^= (char)(1 << bit % 8);
        }
        assert_true(refused > 500);
    }
    str_release(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(torchs_dicts_are_read),
        cmocka_unit_test(dicts_in_dicts_are_read),
        cmocka_unit_test(a_checkpoint_opens_one_by_its_content),
        cmocka_unit_test(what_runs_code_is_refused_by_name),
        cmocka_unit_test(pickles_that_point_astray_are_refused),
        cmocka_unit_test(the_archive_around_is_checked),
        cmocka_unit_test(shared_dicts_are_no_bomb),
        cmocka_unit_test(truncations_fail_and_flips_do_not_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
