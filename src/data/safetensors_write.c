/* Writing safetensors, the bytes the reference writer would write for the same tensors. */
#include "base/json.h"
#include "base/memory.h"
#include "base/half.h"
#include "data/safetensors.h"
#include <stdlib.h>
#include <string.h>

enum { CHUNK_VALUES = 4096 };

/* The two places bytes can go. */
typedef void put_bytes(void *target, const void *data, size_t n);

static void put_to_file(void *target, const void *data, size_t n)
{
    io_put(target, data, n);
}

static void put_to_str(void *target, const void *data, size_t n)
{
    str_add_bytes(target, data, n);
}

static size_t value_bytes(dtype type)
{
    return type == DTYPE_F32 ? 4 : 2;
}

static const char *value_name(dtype type)
{
    return type == DTYPE_F32 ? "F32" : type == DTYPE_BF16 ? "BF16" : "F16";
}

/* The reference sorts by its dtype enumeration, descending: F32, BF16, F16; then by name. */
static int dtype_place(dtype type)
{
    return type == DTYPE_F32 ? 0 : type == DTYPE_BF16 ? 1 : 2;
}

static int compare_entries(const void *a, const void *b)
{
    const tensor_entry *x = a, *y = b;
    int order = dtype_place(x->type) - dtype_place(y->type);
    return order ? order : strcmp(x->name, y->name);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const tensor_entry *)a)->name, ((const tensor_entry *)b)->name);
}

static err_code entry_count(size_t *out, const tensor_entry *t, err *e)
{
    size_t count = value_bytes(t->type);
    for (int i = 0; i < t->rank; i++)
        if (t->shape[i] < 0 || __builtin_mul_overflow(count, (size_t)t->shape[i], &count))
            return err_set(e, E_SHAPE, "tensor %s: its shape does not fit in memory", t->name);
    *out = count / value_bytes(t->type);
    return OK;
}

static err_code check_entries(tensor_entry *sorted, int n, err *e)
{
    for (int i = 0; i < n; i++) {
        dtype type = sorted[i].type;
        size_t count;
        if (type != DTYPE_F32 && type != DTYPE_F16 && type != DTYPE_BF16)
            return err_set(e, E_DATA, "tensor %s: only F32, F16 and BF16 can be written",
                           sorted[i].name);
        if (!utf8_valid(sorted[i].name, strlen(sorted[i].name)))
            return err_set(e, E_DATA, "tensor %d: its name is not UTF-8", i);
        if (entry_count(&count, &sorted[i], e))
            return e->code;
    }
    qsort(sorted, (size_t)n, sizeof *sorted, compare_names);
    for (int i = 1; i < n; i++)
        if (strcmp(sorted[i - 1].name, sorted[i].name) == 0)
            return err_set(e, E_DATA, "two tensors are named %s", sorted[i].name);
    qsort(sorted, (size_t)n, sizeof *sorted, compare_entries);
    return OK;
}

/* Length and header, with spaces up to a multiple of 8 so that the data after it are aligned. */
static void print_header(str *out, const tensor_entry *sorted, int n,
                         const char *const (*metadata)[2], int n_metadata)
{
    cJSON *header = cJSON_CreateObject();
    if (n_metadata > 0) {
        cJSON *object = cJSON_AddObjectToObject(header, "__metadata__");
        for (int i = 0; i < n_metadata; i++)
            cJSON_AddStringToObject(object, metadata[i][0], metadata[i][1]);
    }
    double offset = 0;
    for (int i = 0; i < n; i++) {
        cJSON *entry = cJSON_AddObjectToObject(header, sorted[i].name);
        cJSON_AddStringToObject(entry, "dtype", value_name(sorted[i].type));
        cJSON *shape = cJSON_AddArrayToObject(entry, "shape");
        double size = (double)value_bytes(sorted[i].type);
        for (int d = 0; d < sorted[i].rank; d++) {
            cJSON_AddItemToArray(shape, cJSON_CreateNumber((double)sorted[i].shape[d]));
            size *= (double)sorted[i].shape[d];
        }
        cJSON *offsets = cJSON_AddArrayToObject(entry, "data_offsets");
        cJSON_AddItemToArray(offsets, cJSON_CreateNumber(offset));
        offset += size;
        cJSON_AddItemToArray(offsets, cJSON_CreateNumber(offset));
    }
    char *text = cJSON_PrintUnformatted(header);
    cJSON_Delete(header);
    if (!text)
        err_die("out of memory for a safetensors header");
    uint64_t length = (strlen(text) + 7) & ~(uint64_t)7;
    str_add_bytes(out, &length, sizeof length);
    str_add(out, text);
    for (size_t i = strlen(text); i < length; i++)
        str_add_char(out, ' ');
    cJSON_free(text);
}

static void put_values(put_bytes *put, void *target, const tensor_entry *t, size_t count)
{
    if (t->type == DTYPE_F32) {
        if (count)
            put(target, t->values, count * sizeof(float));
        return;
    }
    uint16_t chunk[CHUNK_VALUES];
    for (size_t first = 0; first < count; first += CHUNK_VALUES) {
        size_t n = count - first < CHUNK_VALUES ? count - first : CHUNK_VALUES;
        for (size_t i = 0; i < n; i++)
            chunk[i] = t->type == DTYPE_BF16 ? bf16_from_float(t->values[first + i])
                                             : f16_from_float(t->values[first + i]);
        put(target, chunk, n * sizeof *chunk);
    }
}

static err_code put_all(put_bytes *put, void *target, const tensor_entry *entries, int n,
                        const char *const (*metadata)[2], int n_metadata, err *e)
{
    tensor_entry *sorted = mem_small((size_t)n, sizeof *sorted);
    if (n > 0)
        memcpy(sorted, entries, (size_t)n * sizeof *sorted);
    str header = {0};
    err_code code = check_entries(sorted, n, e);
    if (code)
        goto out;
    print_header(&header, sorted, n, metadata, n_metadata);
    put(target, header.data, header.len);
    for (int i = 0; !code && i < n; i++) {
        size_t count = 0;
        code = entry_count(&count, &sorted[i], e);
        if (!code)
            put_values(put, target, &sorted[i], count);
    }
out:
    str_release(&header);
    mem_free(sorted);
    return code;
}

err_code safetensors_write(const char *path, const tensor_entry *entries, int n,
                           const char *const (*metadata)[2], int n_metadata, err *e)
{
    io_file file;
    err_code code = io_create(&file, path, e);
    if (code)
        return code;
    code = put_all(put_to_file, &file, entries, n, metadata, n_metadata, e);
    if (code) {
        io_abandon(&file);
        return err_context(e, "%s", path);
    }
    return io_close(&file, e);
}

err_code safetensors_print(str *out, const tensor_entry *entries, int n,
                           const char *const (*metadata)[2], int n_metadata, err *e)
{
    return put_all(put_to_str, out, entries, n, metadata, n_metadata, e);
}
