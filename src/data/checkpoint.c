/* One weights file, or the shards of an index, behind one sorted table of tensors. */
#include "data/checkpoint.h"
#include "base/json.h"
#include "base/memory.h"
#include <stdlib.h>
#include <string.h>

static const char SINGLE[] = "model.safetensors", INDEX[] = "model.safetensors.index.json";

enum { MAX_INDEX_BYTES = 64 << 20 };

static int compare_tensors(const void *a, const void *b)
{
    return strcmp((*(const stored_tensor *const *)a)->name,
                  (*(const stored_tensor *const *)b)->name);
}

static int compare_strings(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Gathers the tensors of all shards. */
static err_code build_table(checkpoint *c, err *e)
{
    size_t n = 0;
    for (int s = 0; s < c->n_shards; s++)
        n += (size_t)c->shards[s].n_tensors;
    c->tensors = mem_small(n, sizeof *c->tensors);
    for (int s = 0; s < c->n_shards; s++)
        for (int i = 0; i < c->shards[s].n_tensors; i++)
            c->tensors[c->n_tensors++] = &c->shards[s].tensors[i];
    qsort(c->tensors, n, sizeof *c->tensors, compare_tensors);
    for (int i = 1; i < c->n_tensors; i++)
        if (strcmp(c->tensors[i - 1]->name, c->tensors[i]->name) == 0)
            return err_set(e, E_FORMAT, "%s: tensor %s is in two shards, %s too", c->label,
                           c->tensors[i]->name, c->tensors[i - 1]->file);
    return OK;
}

err_code checkpoint_open_file(checkpoint *out, const files *f, const char *name, err *e)
{
    *out = (checkpoint){.label = f->label, .shards = mem_small(1, sizeof *out->shards)};
    err_code code = tensor_file_open(&out->shards[0], f, name, e);
    if (!code) {
        out->n_shards = 1;
        code = build_table(out, e);
    }
    if (code)
        checkpoint_close(out);
    return code;
}

/* The different shard names of the weight map, sorted; borrowed from the tree. Owner: caller. */
static err_code shard_names(const char ***names, int *n, const cJSON *weight_map, const char *label,
                            err *e)
{
    size_t n_listed = (size_t)cJSON_GetArraySize(weight_map);
    const char **list = mem_small(n_listed, sizeof *list);
    const cJSON *item;
    size_t k = 0;
    cJSON_ArrayForEach(item, weight_map) {
        if (!cJSON_IsString(item)) {
            mem_free(list);
            return err_set(e, E_FORMAT, "%s: %s: a value of \"weight_map\" is not a file name",
                           label, INDEX);
        }
        list[k++] = item->valuestring;
    }
    qsort(list, k, sizeof *list, compare_strings);
    *n = 0;
    for (size_t i = 0; i < k; i++)
        if (i == 0 || strcmp(list[i], list[*n - 1]) != 0)
            list[(*n)++] = list[i];
    *names = list;
    return OK;
}

/* Every listed tensor must be in the shard the index says. */
static err_code check_listed(const checkpoint *c, const char *const *names, const cJSON *weight_map,
                             err *e)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, weight_map) {
        const char *listed = item->valuestring;
        const char *const *shard =
            bsearch(&listed, names, (size_t)c->n_shards, sizeof *names, compare_strings);
        if (!tensor_file_find(&c->shards[shard - names], item->string))
            return err_set(e, E_FORMAT, "%s: %s lists tensor %.200s, but %s does not hold it",
                           c->label, INDEX, item->string, listed);
    }
    return OK;
}

static err_code open_index(checkpoint *out, const files *f, err *e)
{
    *out = (checkpoint){.label = f->label};
    mapping map = {0};
    cJSON *index = NULL;
    const char **names = NULL;
    int n_names = 0;
    err_code code = files_open(&map, f, INDEX, e);
    if (code)
        return code;
    if (map.size > MAX_INDEX_BYTES) {
        code = err_set(e, E_FORMAT, "%s: %s has %zu bytes, the limit is %d", f->label, INDEX,
                       map.size, (int)MAX_INDEX_BYTES);
        goto out;
    }
    code = json_parse(&index, (const char *)map.data, map.size, INDEX, e);
    if (code) {
        err_context(e, "%s", f->label);
        goto out;
    }
    const cJSON *weight_map = json_member(index, "weight_map");
    if (!cJSON_IsObject(weight_map)) {
        code = err_set(e, E_FORMAT, "%s: %s has no object \"weight_map\"", f->label, INDEX);
        goto out;
    }
    code = shard_names(&names, &n_names, weight_map, f->label, e);
    if (code)
        goto out;
    out->shards = mem_small((size_t)n_names, sizeof *out->shards);
    for (; out->n_shards < n_names; out->n_shards++) {
        code = tensor_file_open(&out->shards[out->n_shards], f, names[out->n_shards], e);
        if (code)
            goto out;
    }
    code = check_listed(out, names, weight_map, e);
    if (!code)
        code = build_table(out, e);
out:
    mem_free(names);
    cJSON_Delete(index);
    io_unmap(&map);
    if (code)
        checkpoint_close(out);
    return code;
}

err_code checkpoint_open(checkpoint *out, const files *f, err *e)
{
    *out = (checkpoint){0};
    if (files_has(f, SINGLE))
        return checkpoint_open_file(out, f, SINGLE, e);
    if (files_has(f, INDEX))
        return open_index(out, f, e);
    if (files_has(f, "pytorch_model.bin"))
        return err_set(e, E_IO,
                       "%s: only pytorch_model.bin is there, which can run code when "
                       "loaded; convert it to %s",
                       f->label, SINGLE);
    return err_set(e, E_IO, "%s: neither %s nor %s is there", f->label, SINGLE, INDEX);
}

void checkpoint_close(checkpoint *c)
{
    for (int s = 0; s < c->n_shards; s++)
        tensor_file_close(&c->shards[s]);
    mem_free(c->shards);
    mem_free(c->tensors);
    *c = (checkpoint){0};
}

const stored_tensor *checkpoint_find(const checkpoint *c, const char *name)
{
    stored_tensor named = {.name = name};
    const stored_tensor *key = &named;
    const stored_tensor *const *found =
        bsearch(&key, c->tensors, (size_t)c->n_tensors, sizeof key, compare_tensors);
    return found ? *found : NULL;
}

err_code checkpoint_get(const stored_tensor **out, const checkpoint *c, const char *name, int rank,
                        const int64_t *shape, err *e)
{
    *out = checkpoint_find(c, name);
    if (*out)
        return stored_tensor_check_numbers(*out, rank, shape, e);
    const char **names = mem_small((size_t)c->n_tensors, sizeof *names);
    for (int i = 0; i < c->n_tensors; i++)
        names[i] = c->tensors[i]->name;
    const char *file = c->n_shards == 1 ? c->shards[0].label : c->label;
    err_code code = stored_tensor_missing(names, c->n_tensors, name, file, e);
    mem_free(names);
    return code;
}

err_code checkpoint_load_f32(float *out, const checkpoint *c, const char *name, int rank,
                             const int64_t *shape, err *e)
{
    const stored_tensor *t;
    err_code code = checkpoint_get(&t, c, name, rank, shape, e);
    return code ? code : stored_tensor_load_f32(out, t, rank, shape, e);
}
