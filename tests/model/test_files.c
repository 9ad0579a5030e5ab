/* Models to and from Hugging Face folders, and the weights that must be refused. */
#include "base/arena.h"
#include "base/io.h"
#include "base/memory.h"
#include "common.h"
#include "data/safetensors.h"
#include "model/forward.h"
#include "test.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- folders
 * --------------------------------------------------------------------------------------- */

typedef struct folder {
    char path[64];
} folder;

static folder folder_new(void)
{
    folder f = {"/tmp/saeinv-test-model-XXXXXX"};
    assert_non_null(mkdtemp(f.path));
    return f;
}

static void folder_free(const folder *f)
{
    err e;
    assert_int_equal(io_remove_tree(f->path, &e), OK);
}

static void assert_same_config(const model_config *a, const model_config *b)
{
    const double left[] = {
        a->n_layers,   a->d_model, a->n_heads,          a->n_kv_heads, a->d_head,   a->d_mlp,
        a->d_vocab,    a->context, (double)a->norm_eps, a->act,        a->parallel, a->rotary,
        a->rope_theta, a->tied,    a->qkv_bias,         a->bos,        a->eos};
    const double right[] = {
        b->n_layers,   b->d_model, b->n_heads,          b->n_kv_heads, b->d_head,   b->d_mlp,
        b->d_vocab,    b->context, (double)b->norm_eps, b->act,        b->parallel, b->rotary,
        b->rope_theta, b->tied,    b->qkv_bias,         b->bos,        b->eos};
    assert_memory_equal(left, right, sizeof left);
}

static void test_save_and_load(void **state)
{
    (void)state;
    const decoder_kind *kinds;
    backend *be = backend_ref();
    test_kinds(&kinds);
    for (int k = 0; k < 2; k++) { /* the two that GPT-NeoX files can say, tied and not */
        for (int tied = 0; tied < 2; tied++) {
            model_config c = kinds[k].config;
            c.tied = tied;
            c.bos = 0;
            folder dir = folder_new();
            files source = files_from_dir(dir.path);
            model *m, *again;
            parameter *list, *read;
            err e;
            assert_int_equal(model_new(&m, be, &c, 5, &e), OK);
            assert_int_equal(model_save(m, dir.path, &e), OK);
            if (model_load(&again, be, &source, &e))
                fail_msg("%s", e.text);
            int n = model_parameters(&list, m);
            assert_int_equal(model_parameters(&read, again), n);
            assert_same_config(model_describe(again), &c);
            for (int i = 0; i < n; i++)
                assert_memory_equal(read[i].value, list[i].value, list[i].n * sizeof(float));
            assert_int_equal(model_want_gradients(again, &e), OK); /* mapped weights become ours */
            model_parameters(&read, again);
            for (int i = 0; i < n; i++) {
                assert_memory_equal(read[i].value, list[i].value, list[i].n * sizeof(float));
                read[i].value[0] += 1;
            }
            model_free(m);
            model_free(again);
            folder_free(&dir);
        }
    }
    backend_free(be);
}

static void test_what_neox_cannot_say_is_not_saved(void **state)
{
    (void)state;
    const decoder_kind *kinds;
    int n = test_kinds(&kinds), refused = 0;
    backend *be = backend_ref();
    for (int k = 0; k < n; k++) {
        folder dir = folder_new();
        model *m;
        err e;
        assert_int_equal(model_new(&m, be, &kinds[k].config, 5, &e), OK);
        refused += model_save(m, dir.path, &e) == E_CONFIG;
        model_free(m);
        folder_free(&dir);
    }
    assert_int_equal(refused, n - 3);
    backend_free(be);
}

/* One tensor of a good file is changed, added or left out. */
typedef struct damage {
    const char *name;
    enum { ADDED, DROPPED, RESHAPED, NOT_A_NUMBER, INFINITE, HALVED } kind;
    err_code code;
} damage;

static const damage DAMAGES[] = {
    {"gpt_neox.layers.0.attention.bias", ADDED, OK}, /* the causal mask of old files */
    {"gpt_neox.layers.1.attention.masked_bias", ADDED, OK},
    {"gpt_neox.layers.0.attention.rotary_emb.inv_freq", ADDED, OK},
    {"gpt_neox.layers.2.mlp.dense_h_to_4h.weight", ADDED, E_FORMAT}, /* a third layer */
    {"embed_out.bias", ADDED, E_FORMAT},
    {"embed_out.weight", DROPPED, E_FORMAT},
    {"gpt_neox.layers.1.attention.dense.bias", DROPPED, E_FORMAT},
    {"gpt_neox.layers.1.mlp.dense_4h_to_h.weight", RESHAPED, E_SHAPE},
    {"gpt_neox.final_layer_norm.bias", NOT_A_NUMBER, E_NUMERIC},
    {"gpt_neox.embed_in.weight", INFINITE, E_NUMERIC},
    {"gpt_neox.embed_in.weight", HALVED, OK}, /* another dtype is copied, not mapped */
};

static void write_damaged(const char *path, const tensor_file *good, const damage *d)
{
    tensor_entry entries[64];
    float *values[64];
    int n = 0;
    for (int i = 0; i < good->n_tensors; i++) {
        const stored_tensor *t = &good->tensors[i];
        bool here = !strcmp(t->name, d->name);
        if (here && d->kind == DROPPED)
            continue;
        values[n] = mem_small(t->count, sizeof **values);
        memcpy(values[n], t->bytes, t->size);
        entries[n] = (tensor_entry){.name = t->name,
                                    .type = DTYPE_F32,
                                    .rank = t->rank,
                                    .shape = {t->shape[0], t->shape[1]},
                                    .values = values[n]};
        if (here && d->kind == RESHAPED) {
            entries[n].shape[0] = t->shape[1];
            entries[n].shape[1] = t->shape[0];
        }
        if (here && d->kind == HALVED)
            entries[n].type = DTYPE_F16;
        if (here && (d->kind == NOT_A_NUMBER || d->kind == INFINITE))
            values[n][t->count / 2] = d->kind == INFINITE ? INFINITY : NAN;
        n++;
    }
    float one = 1;
    if (d->kind == ADDED)
        entries[n] = (tensor_entry){
            .name = d->name, .type = DTYPE_F32, .rank = 1, .shape = {1}, .values = &one};
    err e;
    if (safetensors_write(path, entries, n + (d->kind == ADDED), NULL, 0, &e))
        fail_msg("%s", e.text);
    for (int i = 0; i < n; i++)
        mem_free(values[i]);
}

static void test_damaged_weights(void **state)
{
    (void)state;
    const decoder_kind *kinds;
    backend *be = backend_ref();
    folder dir = folder_new(), copy = folder_new();
    files source = files_from_dir(dir.path), damaged = files_from_dir(copy.path);
    arena names = {0};
    tensor_file good;
    model *m;
    err e = {0};
    test_kinds(&kinds);
    assert_int_equal(model_new(&m, be, &kinds[0].config, 5, &e), OK);
    assert_int_equal(model_save(m, dir.path, &e), OK);
    assert_int_equal(model_save(m, copy.path, &e), OK); /* for its config.json */
    model_free(m);
    assert_int_equal(tensor_file_open(&good, &source, "model.safetensors", &e), OK);
    for (size_t i = 0; i < COUNT_OF(DAMAGES); i++) {
        write_damaged(path_join(&names, copy.path, "model.safetensors"), &good, &DAMAGES[i]);
        e = (err){0};
        err_code rc = model_load(&m, be, &damaged, &e);
        if (rc != DAMAGES[i].code || (rc && !strstr(e.text, DAMAGES[i].name)))
            fail_msg("%s: code %d, \"%s\"", DAMAGES[i].name, rc, e.text);
        if (!rc)
            model_free(m);
        else
            assert_null(m);
    }
    tensor_file_close(&good);
    arena_release(&names);
    folder_free(&dir);
    folder_free(&copy);
    backend_free(be);
}

static void write_one_more(const char *path, const tensor_file *good, const char *prefix,
                           const char *more, int rows, int columns)
{
    tensor_entry entries[64];
    size_t skip = strlen(prefix);
    float *extra = mem_small((size_t)rows * (size_t)columns, sizeof *extra);
    err e;
    int n = 0;
    extra[0] = 1;
    for (; n < good->n_tensors; n++) {
        const stored_tensor *t = &good->tensors[n];
        float *values = mem_small(t->count, sizeof *values);
        memcpy(values, t->bytes, t->size);
        entries[n] =
            (tensor_entry){.name = strncmp(t->name, prefix, skip) ? t->name : t->name + skip,
                           .type = DTYPE_F32,
                           .rank = t->rank,
                           .shape = {t->shape[0], t->shape[1]},
                           .values = values};
    }
    if (more)
        entries[n] = (tensor_entry){
            .name = more, .type = DTYPE_F32, .rank = 2, .shape = {rows, columns}, .values = extra};
    if (safetensors_write(path, entries, n + (more != NULL), NULL, 0, &e))
        fail_msg("%s", e.text);
    for (int i = 0; i < n; i++) {
        union {
            const float *borrowed;
            float *ours;
        } values = {entries[i].values};
        mem_free(values.ours);
    }
    mem_free(extra);
}

/* Files of the bare network have no prefix; an output matrix that is stored is used though the
 * config says that the embedding is. */
static void test_names_and_tying(void **state)
{
    (void)state;
    const decoder_kind *kinds;
    backend *be = backend_ref();
    folder dir = folder_new();
    files source = files_from_dir(dir.path);
    arena names = {0};
    const char *path = path_join(&names, dir.path, "model.safetensors");
    tensor_file good;
    model *m, *again;
    err e;
    test_kinds(&kinds);
    model_config c = kinds[0].config;
    c.tied = true;
    assert_int_equal(model_new(&m, be, &c, 5, &e), OK);
    for (int stored = 0; stored < 2; stored++) {
        assert_int_equal(model_save(m, dir.path, &e), OK);
        assert_int_equal(tensor_file_open(&good, &source, "model.safetensors", &e), OK);
        write_one_more(path, &good, "gpt_neox.", stored ? "embed_out.weight" : NULL, c.d_vocab,
                       c.d_model);
        if (model_load(&again, be, &source, &e))
            fail_msg("%s", e.text);
        parameter *list;
        assert_int_equal(model_parameters(&list, again), good.n_tensors + stored);
        assert_string_equal(list[0].name, "embed_in.weight");
        assert_int_equal(model_describe(again)->tied, !stored);
        assert_true((model_unembedding(again) == model_embedding(again)) == !stored);
        model_free(again);
        tensor_file_close(&good);
    }
    model_free(m);
    arena_release(&names);
    folder_free(&dir);
    backend_free(be);
}

static void assert_same_file(const char *a, const char *b)
{
    mapping left = {0}, right = {0};
    err e;
    assert_int_equal(io_map(&left, a, &e), OK);
    assert_int_equal(io_map(&right, b, &e), OK);
    assert_int_equal(left.size, right.size);
    assert_memory_equal(left.data, right.data, left.size);
    io_unmap(&left);
    io_unmap(&right);
}

/* What `make builtin` wrote is written again byte for byte. */
static void test_builtin_is_written_again(void **state)
{
    (void)state;
    static const char from[] = "src/builtin/data/model";
    static const char *const written[] = {"config.json", "model.safetensors"};
    files source = files_from_dir(from);
    if (!files_has(&source, "config.json"))
        skip(); /* built without the built-in model */
    backend *be = backend_ref();
    folder dir = folder_new();
    arena names = {0};
    model *m;
    err e;
    if (model_load(&m, be, &source, &e))
        fail_msg("%s", e.text);
    assert_int_equal(model_save(m, dir.path, &e), OK);
    for (size_t i = 0; i < COUNT_OF(written); i++)
        assert_same_file(path_join(&names, dir.path, written[i]),
                         path_join(&names, from, written[i]));
    model_free(m);
    arena_release(&names);
    folder_free(&dir);
    backend_free(be);
}

static void test_random_start(void **state)
{
    (void)state;
    const decoder_kind *kinds;
    backend *be = backend_ref();
    model *a, *b, *c;
    parameter *list_a, *list_b, *list_c;
    err e;
    test_kinds(&kinds);
    assert_int_equal(model_new(&a, be, &kinds[0].config, 5, &e), OK);
    assert_int_equal(model_new(&b, be, &kinds[0].config, 5, &e), OK);
    assert_int_equal(model_new(&c, be, &kinds[0].config, 6, &e), OK);
    int n = model_parameters(&list_a, a);
    model_parameters(&list_b, b);
    model_parameters(&list_c, c);
    size_t total = 0;
    for (int i = 0; i < n; i++) {
        size_t bytes = list_a[i].n * sizeof(float);
        total += list_a[i].n;
        assert_memory_equal(list_a[i].value, list_b[i].value, bytes);
        /* matrices are drawn and decay; norms and biases start constant and do not */
        assert_true(list_a[i].decays == !!memcmp(list_a[i].value, list_c[i].value, bytes));
    }
    assert_int_equal(total, config_parameters(&kinds[0].config));
    model_free(a);
    model_free(b);
    model_free(c);
    backend_free(be);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_save_and_load),
                                       cmocka_unit_test(test_what_neox_cannot_say_is_not_saved),
                                       cmocka_unit_test(test_damaged_weights),
                                       cmocka_unit_test(test_names_and_tying),
                                       cmocka_unit_test(test_builtin_is_written_again),
                                       cmocka_unit_test(test_random_start)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
