/* Checkpoints: one file, shards behind an index, and what an index may get wrong. */
#include "test.h"
#include "base/memory.h"
#include "data/checkpoint.h"
#include "data/common.h"
#include <string.h>

/* A built-in folder put together row by row. */
typedef struct folder {
    blob blobs[4];
    str bytes[4];
    int n;
} folder;

static void add_bytes(folder *f, const char *name, const char *text)
{
    str_add(&f->bytes[f->n], text);
    f->blobs[f->n] = (blob){name, (const unsigned char *)f->bytes[f->n].data, f->bytes[f->n].len};
    f->n++;
}

/* A shard with tensors x of shape [2], all holding `value`. */
static void add_shard(folder *f, const char *name, const char *a, const char *b, float value)
{
    float values[] = {value, value};
    tensor_entry entries[] = {{a, DTYPE_F32, 1, {2}, values}, {b, DTYPE_BF16, 1, {2}, values}};
    err e = {0};
    assert_int_equal(safetensors_print(&f->bytes[f->n], entries, 2, NULL, 0, &e), OK);
    f->blobs[f->n] = (blob){name, (const unsigned char *)f->bytes[f->n].data, f->bytes[f->n].len};
    f->n++;
}

static void folder_release(folder *f)
{
    for (int i = 0; i < f->n; i++)
        str_release(&f->bytes[i]);
}

static void shards_are_one_table(void **state)
{
    (void)state;
    folder f = {0};
    add_shard(&f, "one.safetensors", "z", "b", 1);
    add_shard(&f, "shard_7.safetensors", "a", "y", 2);
    add_bytes(&f, "model.safetensors.index.json",
              "{\"metadata\":{\"total_size\":27496319104.0},\"more\":[1],\"weight_map\":{"
              "\"z\":\"one.safetensors\",\"b\":\"one.safetensors\",\"a\":\"shard_7.safetensors\","
              "\"y\":\"shard_7.safetensors\"}}");
    files set = files_from_blobs("built-in", f.blobs, f.n);
    checkpoint c;
    err e = {0};
    float out[2];
    if (checkpoint_open(&c, &set, &e))
        fail_msg("%s", e.text);
    assert_int_equal(c.n_tensors, 4);
    static const char *const names[] = {"a", "b", "y", "z"};
    static const float values[] = {2, 1, 2, 1};
    for (int i = 0; i < 4; i++) {
        assert_string_equal(c.tensors[i]->name, names[i]);
        assert_int_equal(checkpoint_load_f32(out, &c, names[i], SHAPE(2), &e), OK);
        assert_true(out[0] == values[i] && out[1] == values[i]);
    }
    assert_null(checkpoint_find(&c, "c"));
    checkpoint_load_f32(out, &c, "aa", SHAPE(2), &e);
    check_err(&e, E_FORMAT, "built-in|no tensor aa|nearest name is a");
    checkpoint_load_f32(out, &c, "y", SHAPE(2, 1), &e);
    check_err(&e, E_SHAPE, "built-in/shard_7.safetensors|tensor y|[2]|[2, 1]");
    checkpoint_close(&c);
    folder_release(&f);
}

static void one_file_wins_over_an_index(void **state)
{
    (void)state;
    folder f = {0};
    add_shard(&f, "model.safetensors", "a", "b", 3);
    add_bytes(&f, "model.safetensors.index.json", "broken");
    files set = files_from_blobs("built-in", f.blobs, f.n);
    checkpoint c;
    err e = {0};
    assert_int_equal(checkpoint_open(&c, &set, &e), OK);
    assert_int_equal(c.n_tensors, 2);
    checkpoint_close(&c);
    assert_int_equal(checkpoint_open_file(&c, &set, "model.safetensors", &e), OK);
    assert_non_null(checkpoint_find(&c, "b"));
    checkpoint_close(&c);
    checkpoint_open_file(&c, &set, "sae_weights.safetensors", &e);
    check_err(&e, E_IO, "sae_weights.safetensors");
    checkpoint_close(&c); /* fine on what was never opened */
    folder_release(&f);
}

static const struct {
    const char *index;
    err_code code;
    const char *said;
} indexes[] = {
    {"{\"weight_map\":{\"a\":\"../one.safetensors\"}}", E_FORMAT, "plain file name"},
    {"{\"weight_map\":{\"a\":\"/etc/passwd\"}}", E_FORMAT, "plain file name"},
    {"{\"weight_map\":{\"a\":\"\"}}", E_FORMAT, "plain file name"},
    {"{\"weight_map\":{\"a\":7}}", E_FORMAT, "not a file name"},
    {"{\"weight_map\":[]}", E_FORMAT, "weight_map"},
    {"{}", E_FORMAT, "weight_map"},
    {"[]", E_FORMAT, "weight_map"},
    {"{\"weight_map\":", E_FORMAT, "built-in"},
    {"{\"weight_map\":{\"a\":\"absent.safetensors\"}}", E_IO, "absent.safetensors"},
    {"{\"weight_map\":{\"c\":\"one.safetensors\"}}", E_FORMAT, "tensor c|does not hold it"},
    {"{\"weight_map\":{\"a\":\"one.safetensors\",\"d\":\"two.safetensors\"}}", E_FORMAT,
     "tensor a|two shards"},
    {"{\"weight_map\":{\"a\":\"model.safetensors.index.json\"}}", E_FORMAT,
     "not a safetensors file"},
};

static void bad_indexes_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(indexes); i++) {
        folder f = {0};
        add_shard(&f, "one.safetensors", "a", "b", 1);
        add_shard(&f, "two.safetensors", "a", "d", 1); /* `a` again, unlisted */
        add_bytes(&f, "model.safetensors.index.json", indexes[i].index);
        files set = files_from_blobs("built-in", f.blobs, f.n);
        checkpoint c;
        err e = {0};
        if (!checkpoint_open(&c, &set, &e))
            fail_msg("%s: taken", indexes[i].index);
        check_err(&e, indexes[i].code, indexes[i].said);
        assert_null(c.shards);
        folder_release(&f);
    }
}

static void a_folder_without_weights_says_what_is_missing(void **state)
{
    (void)state;
    folder f = {0};
    files set = files_from_blobs("built-in", f.blobs, 0);
    checkpoint c;
    err e = {0};
    checkpoint_open(&c, &set, &e);
    check_err(&e, E_IO, "built-in|model.safetensors|model.safetensors.index.json");
    add_bytes(&f, "pytorch_model.bin", "pickle");
    set = files_from_blobs("built-in", f.blobs, f.n);
    checkpoint_open(&c, &set, &e);
    check_err(&e, E_IO, "pytorch_model.bin|convert");
    folder_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shards_are_one_table),
        cmocka_unit_test(one_file_wins_over_an_index),
        cmocka_unit_test(bad_indexes_are_refused),
        cmocka_unit_test(a_folder_without_weights_says_what_is_missing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
