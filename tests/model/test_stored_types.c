/* Models whose file holds 16-bit weights: they compute what the same numbers as float32 compute,
 * without becoming float32 in memory, from one file or several, aligned or not. */
#include "base/half.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/str.h"
#include "common.h"
#include "data/safetensors.h"
#include "model/forward.h"
#include "model/weights.h"
#include "test.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { B = 2, T = 7, N = B * T, MOST = 64 };

typedef enum { ONE_FILE, SHARDS, ODD_ADDRESS } arrangement;

typedef struct folder {
    char path[64];
    arena names;
    files files;
} folder;

static folder folder_new(void)
{
    folder f = {.path = "/tmp/saeinv-test-stored-XXXXXX"};
    assert_non_null(mkdtemp(f.path));
    return f;
}

static const char *at(folder *f, const char *name)
{
    return path_join(&f->names, f->path, name);
}

static void folder_free(folder *f)
{
    err e;
    assert_int_equal(io_remove_tree(f->path, &e), OK);
    arena_release(&f->names);
}

/* The weights of a float32 file, rounded to `rounded`, stored as `stored`. */
static int round_tensors(tensor_entry *entries, const tensor_file *from, dtype rounded,
                         dtype stored)
{
    for (int i = 0; i < from->n_tensors; i++) {
        const stored_tensor *t = &from->tensors[i];
        float *x = mem_small(t->count, sizeof *x);
        memcpy(x, t->bytes, t->size);
        for (size_t j = 0; j < t->count; j++)
            x[j] = rounded == DTYPE_F16 ? f16_to_float(f16_from_float(x[j]))
                                        : bf16_to_float(bf16_from_float(x[j]));
        entries[i] = (tensor_entry){.name = t->name,
                                    .type = stored,
                                    .rank = t->rank,
                                    .shape = {t->shape[0], t->shape[1]},
                                    .values = x};
    }
    return from->n_tensors;
}

/* A byte more of header moves every number to an odd address. */
static void move_by_one(const char *path)
{
    mapping map = {0};
    str moved = {0};
    err e;
    assert_int_equal(io_map(&map, path, &e), OK);
    uint64_t header;
    memcpy(&header, map.data, sizeof header);
    uint64_t longer = header + 1;
    str_add_bytes(&moved, &longer, sizeof longer);
    str_add_bytes(&moved, (const char *)map.data + 8, header);
    str_add_char(&moved, ' ');
    str_add_bytes(&moved, (const char *)map.data + 8 + header, map.size - 8 - header);
    io_unmap(&map);
    assert_int_equal(io_write(path, str_text(&moved), moved.len, &e), OK);
    str_release(&moved);
}

static void write_shards(folder *f, const tensor_entry *entries, int n)
{
    str index = {0};
    err e;
    int half = n / 2;
    str_addf(&index, "{\"weight_map\": {");
    for (int i = 0; i < n; i++)
        str_addf(&index, "%s\"%s\": \"%s.safetensors\"", i ? ", " : "", entries[i].name,
                 i < half ? "a" : "b");
    str_addf(&index, "}}");
    assert_int_equal(safetensors_write(at(f, "a.safetensors"), entries, half, NULL, 0, &e), OK);
    assert_int_equal(
        safetensors_write(at(f, "b.safetensors"), entries + half, n - half, NULL, 0, &e), OK);
    assert_int_equal(
        io_write(at(f, "model.safetensors.index.json"), str_text(&index), index.len, &e), OK);
    str_release(&index);
    assert_int_equal(remove(at(f, "model.safetensors")), 0);
}

/* A folder with the model's weights rounded and stored so. */
static void write_folder(folder *f, const model *m, dtype rounded, dtype stored, arrangement how)
{
    tensor_entry entries[MOST];
    tensor_file original;
    err e;
    f->files = files_from_dir(f->path);
    assert_int_equal(model_save(m, f->path, &e), OK);
    assert_int_equal(tensor_file_open(&original, &f->files, "model.safetensors", &e), OK);
    int n = round_tensors(entries, &original, rounded, stored);
    if (how == SHARDS)
        write_shards(f, entries, n);
    else
        assert_int_equal(safetensors_write(at(f, "model.safetensors"), entries, n, NULL, 0, &e),
                         OK);
    if (how == ODD_ADDRESS)
        move_by_one(at(f, "model.safetensors"));
    for (int i = 0; i < n; i++) {
        union {
            const float *lent;
            float *owned;
        } values = {.lent = entries[i].values};
        mem_free(values.owned);
    }
    tensor_file_close(&original);
}

static bool in_a_file(const model *m, const void *p)
{
    for (int s = 0; s < m->file.n_shards; s++) {
        const mapping *map = &m->file.shards[s].map;
        const char *start = (const char *)map->data;
        if ((const char *)p >= start && (const char *)p < start + map->size)
            return true;
    }
    return false;
}

static void check_memory(model *m, number_type type, arrangement how)
{
    parameter *list;
    int n = model_parameters(&list, m);
    for (int i = 0; i < n; i++) {
        const parameter *p = &list[i];
        bool matrix = p->decays; /* no kind here has positions */
        assert_int_equal(p->type, matrix ? type : NUMBER_F32);
        assert_true((p->value == NULL) == matrix && p->stored);
        assert_true(in_a_file(m, p->stored) == (matrix && how != ODD_ADDRESS));
        assert_int_equal((uintptr_t)p->stored % number_size(p->type), 0);
    }
}

typedef struct results {
    float *logits, *hook, d_x[N * 64], loss[N];
} results;

static void run_model(results *r, model *m, backend *be)
{
    const model_config *c = model_describe(m);
    forward *f;
    hook h;
    err e;
    int32_t tokens[N], targets[N];
    random_tokens(tokens, N, c->d_vocab, "tokens");
    random_tokens(targets, N, c->d_vocab, "targets");
    r->logits = mem_small((size_t)(N * c->d_vocab), sizeof *r->logits);
    assert_int_equal(forward_new(&f, m, B, T, NULL, FORWARD_INPUT_GRADIENT, &e), OK);
    assert_int_equal(forward_tokens(f, tokens, B, T, NULL, &e), OK);
    assert_int_equal(forward_logits(r->logits, f, 0, N, &e), OK);
    assert_int_equal(backward_loss(r->loss, r->d_x, f, targets, 1, &e), OK);
    assert_int_equal(hook_parse(&h, c, "blocks.1.mlp.hook_post", &e), OK);
    r->hook = mem_small((size_t)(N * h.width), sizeof *r->hook);
    assert_int_equal(forward_tokens(f, tokens, B, T, &h, &e), OK);
    be->download(be, r->hook, forward_hook(f), (size_t)(N * h.width) * sizeof *r->hook);
    forward_free(f);
}

static void check_close(const char *what, const float *got, const float *want, int n)
{
    double *exact = mem_small((size_t)n, sizeof *exact);
    for (int i = 0; i < n; i++)
        exact[i] = (double)want[i];
    double error = relative_error(got, exact, (size_t)n);
    if (!(error < 1e-6))
        fail_msg("%s: off by %g", what, error);
    mem_free(exact);
}

static void same_results(model *got, model *want, backend *be)
{
    const model_config *c = model_describe(want);
    results a, b;
    run_model(&a, got, be);
    run_model(&b, want, be);
    check_close("logits", a.logits, b.logits, N * c->d_vocab);
    check_close("hook", a.hook, b.hook, N * c->d_mlp);
    check_close("input gradient", a.d_x, b.d_x, N * c->d_model);
    check_close("loss", a.loss, b.loss, N);
    mem_free(a.logits);
    mem_free(a.hook);
    mem_free(b.logits);
    mem_free(b.hook);
}

/* Saved and, after asking for gradients, in memory: the same float32 numbers. */
static void same_numbers(model *narrow, model *wide)
{
    folder a = folder_new(), b = folder_new();
    mapping left = {0}, right = {0};
    parameter *got, *want;
    err e;
    assert_int_equal(model_save(narrow, a.path, &e), OK);
    assert_int_equal(model_save(wide, b.path, &e), OK);
    assert_int_equal(io_map(&left, at(&a, "model.safetensors"), &e), OK);
    assert_int_equal(io_map(&right, at(&b, "model.safetensors"), &e), OK);
    assert_int_equal(left.size, right.size);
    assert_memory_equal(left.data, right.data, left.size);
    io_unmap(&left);
    io_unmap(&right);
    folder_free(&a);
    folder_free(&b);
    assert_int_equal(model_want_gradients(narrow, &e), OK);
    int n = model_parameters(&got, narrow);
    assert_int_equal(model_parameters(&want, wide), n);
    for (int i = 0; i < n; i++) {
        assert_int_equal(got[i].type, NUMBER_F32);
        assert_memory_equal(got[i].value, want[i].value, want[i].n * sizeof(float));
        got[i].value[0] += 1; /* ours to change */
    }
}

static void one_case(backend *be, const model_config *c, dtype type, arrangement how)
{
    model *original, *narrow = NULL, *wide = NULL;
    folder a = folder_new(), b = folder_new();
    err e = {0};
    assert_int_equal(model_new(&original, be, c, 5, &e), OK);
    write_folder(&a, original, type, type, how);
    write_folder(&b, original, type, DTYPE_F32, ONE_FILE);
    if (model_load(&narrow, be, &a.files, &e) || model_load(&wide, be, &b.files, &e))
        fail_msg("%s", e.text);
    check_memory(narrow, type == DTYPE_F16 ? NUMBER_F16 : NUMBER_BF16, how);
    same_results(narrow, wide, be);
    same_numbers(narrow, wide);
    model_free(original);
    model_free(narrow);
    model_free(wide);
    folder_free(&a);
    folder_free(&b);
}

static void every_arrangement(backend *be)
{
    const decoder_kind *kinds;
    test_kinds(&kinds);
    for (arrangement how = ONE_FILE; how <= ODD_ADDRESS; how++)
        for (int tied = 0; tied < 2; tied++) {
            model_config c = kinds[how == SHARDS].config; /* parallel and sequential */
            c.tied = tied;
            one_case(be, &c, DTYPE_F16, how);
            one_case(be, &c, DTYPE_BF16, how);
        }
}

static void test_ref(void **state)
{
    (void)state;
    backend *be = backend_ref();
    every_arrangement(be);
    backend_free(be);
}

static void test_cpu(void **state)
{
    (void)state;
    pool *p = pool_new(2);
    backend *be;
    err e;
    assert_int_equal(backend_cpu(&be, p, &e), OK);
    every_arrangement(be);
    backend_free(be);
    pool_free(p);
}

/* A constant of the form is added when the file is read, whatever its type. */
static void test_offset(void **state)
{
    (void)state;
    const decoder_kind *kinds;
    test_kinds(&kinds);
    backend *be = backend_ref();
    folder f = folder_new();
    model *original, *m;
    err e = {0};
    assert_int_equal(model_new(&original, be, &kinds[0].config, 5, &e), OK);
    write_folder(&f, original, DTYPE_BF16, DTYPE_BF16, ONE_FILE);
    m = model_declare(be, model_describe(original), false);
    int gain = (int)(m->final.gain - m->parameters);
    m->forms[gain].offset = 0.25f;
    assert_int_equal(checkpoint_open(&m->file, &f.files, &e), OK);
    assert_int_equal(model_read_parameters(m, &e), OK);
    for (size_t i = 0; i < m->final.gain->n; i++) {
        assert_true(m->final.gain->value[i] == 1.25f);
        assert_true(m->final.bias->value[i] == 0);
    }
    model_free(original);
    model_free(m);
    folder_free(&f);
    backend_free(be);
}

/* Writes the float32 file `from` again with 64-bit numbers, which our writer does not write. */
static void write_doubles(const char *path, const tensor_file *from)
{
    str header = {0}, data = {0}, file = {0};
    err e;
    for (int i = 0; i < from->n_tensors; i++) {
        const stored_tensor *t = &from->tensors[i];
        str_addf(&header, "%s\"%s\":{\"dtype\":\"F64\",\"shape\":[", i ? "," : "{", t->name);
        for (int d = 0; d < t->rank; d++)
            str_addf(&header, d ? ",%d" : "%d", (int)t->shape[d]);
        str_addf(&header, "],\"data_offsets\":[%zu,%zu]}", data.len, data.len + 2 * t->size);
        for (size_t j = 0; j < t->count; j++) {
            float narrow;
            memcpy(&narrow, t->bytes + j * sizeof narrow, sizeof narrow);
            double wide = (double)narrow;
            str_add_bytes(&data, &wide, sizeof wide);
        }
    }
    str_add_char(&header, '}');
    uint64_t length = header.len;
    str_add_bytes(&file, &length, sizeof length);
    str_add_bytes(&file, header.data, header.len);
    str_add_bytes(&file, data.data, data.len);
    assert_int_equal(io_write(path, file.data, file.len, &e), OK);
    str_release(&header);
    str_release(&data);
    str_release(&file);
}

static void test_doubles(void **state)
{
    (void)state;
    const decoder_kind *kinds;
    test_kinds(&kinds);
    backend *be = backend_ref();
    folder a = folder_new(), b = folder_new();
    model *original, *narrow = NULL, *wide = NULL;
    tensor_file floats;
    err e = {0};
    assert_int_equal(model_new(&original, be, &kinds[0].config, 5, &e), OK);
    write_folder(&a, original, DTYPE_F16, DTYPE_F32, ONE_FILE);
    write_folder(&b, original, DTYPE_F16, DTYPE_F32, ONE_FILE);
    assert_int_equal(tensor_file_open(&floats, &a.files, "model.safetensors", &e), OK);
    write_doubles(at(&b, "model.safetensors"), &floats);
    tensor_file_close(&floats);
    if (model_load(&narrow, be, &a.files, &e) || model_load(&wide, be, &b.files, &e))
        fail_msg("%s", e.text);
    same_results(wide, narrow, be);
    model_free(original);
    model_free(narrow);
    model_free(wide);
    folder_free(&a);
    folder_free(&b);
    backend_free(be);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_ref), cmocka_unit_test(test_cpu),
                                       cmocka_unit_test(test_offset),
                                       cmocka_unit_test(test_doubles)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
