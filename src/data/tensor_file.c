/* What the formats share: opening by content, the sorted list, and copies in row-major order
 * of tensors that lie in another one. */
#include "data/tensor_file.h"
#include "base/memory.h"
#include "data/npz.h"
#include "data/safetensors.h"
#include "data/torch_file.h"
#include "data/zip.h"
#include <stdlib.h>
#include <string.h>

/* None of these can begin a safetensors file: as the length of a header they are over the limit. */
static const char ZIP_MAGIC[] = "PK\3\4", EMPTY_ZIP_MAGIC[] = "PK\5\6";
static const char NPY_MAGIC[] = "\x93NUM";
/* Protocol 2, then the integer of 10 bytes that torch.save wrote first before it wrote archives. */
static const char OLD_TORCH_MAGIC[] = "\x80\x02\x8a\x0a";

static bool begins(const void *data, size_t size, const char magic[5])
{
    return size >= 4 && memcmp(data, magic, 4) == 0;
}

static int compare_tensors(const void *a, const void *b)
{
    return strcmp(((const stored_tensor *)a)->name, ((const stored_tensor *)b)->name);
}

tensor_file tensor_file_start(const void *data, size_t size, const char *label)
{
    tensor_file f = {.map = {.data = data, .size = size}, .unpacked = quota_for_file(size)};
    f.label = arena_strdup(&f.memory, label);
    return f;
}

err_code tensor_file_sort(tensor_file *f, err *e)
{
    qsort(f->tensors, (size_t)f->n_tensors, sizeof *f->tensors, compare_tensors);
    for (int i = 1; i < f->n_tensors; i++)
        if (strcmp(f->tensors[i - 1].name, f->tensors[i].name) == 0)
            return err_set(e, E_FORMAT, "%s: holds two tensors named %s", f->label,
                           f->tensors[i].name);
    return OK;
}

err_code tensor_file_gather(tensor_file *f, stored_tensor *t, const unsigned char *from,
                            const int64_t *strides, err *e)
{
    size_t item = t->count ? t->size / t->count : 0;
    unsigned char *to = quota_take(&f->unpacked, t->size, 1, f->label, t->name, e);
    if (!to)
        return e->code;
    t->bytes = to;
    int64_t index[TENSOR_MAX_RANK] = {0}, at = 0;
    for (size_t i = 0; i < t->count; i++, to += item) {
        memcpy(to, from + at * (int64_t)item, item);
        int d = t->rank - 1;
        for (; d >= 0 && ++index[d] == t->shape[d]; d--) { /* carry, as an odometer does */
            at -= strides[d] * (t->shape[d] - 1);
            index[d] = 0;
        }
        if (d >= 0)
            at += strides[d];
    }
    return OK;
}

static err_code parse_zip(tensor_file *out, const void *data, size_t size, const char *label,
                          err *e)
{
    *out = tensor_file_start(data, size, label);
    zip z;
    err_code rc = zip_parse(&z, data, size, out->label, &out->memory, e);
    if (!rc)
        rc = torch_is(&z) ? torch_read(out, &z, e) : npz_read(out, &z, e);
    if (rc)
        tensor_file_close(out);
    return rc;
}

static err_code parse_npy(tensor_file *out, const void *data, size_t size, const char *label,
                          err *e)
{
    *out = tensor_file_start(data, size, label);
    err_code rc = npy_read(out, e);
    if (rc)
        tensor_file_close(out);
    return rc;
}

err_code tensor_file_parse(tensor_file *out, const void *data, size_t size, const char *label,
                           err *e)
{
    *out = (tensor_file){0};
    if (begins(data, size, ZIP_MAGIC) || begins(data, size, EMPTY_ZIP_MAGIC))
        return parse_zip(out, data, size, label, e);
    if (begins(data, size, NPY_MAGIC))
        return parse_npy(out, data, size, label, e);
    if (begins(data, size, OLD_TORCH_MAGIC))
        return err_set(e, E_FORMAT,
                       "%s: written by a torch before 1.6, as one bare pickle; write it again with "
                       "a newer one: torch.save(torch.load(file, weights_only=True), file)",
                       label);
    return safetensors_parse(out, data, size, label, e);
}

err_code tensor_file_open(tensor_file *out, const files *f, const char *name, err *e)
{
    *out = (tensor_file){0};
    mapping map;
    err_code rc = files_open(&map, f, name, e);
    if (rc)
        return rc;
    arena scratch = {0};
    rc = tensor_file_parse(out, map.data, map.size, files_path(f, name, &scratch), e);
    arena_release(&scratch);
    if (rc)
        io_unmap(&map);
    else
        out->map = map; /* the opened file owns the mapping now */
    return rc;
}

void tensor_file_close(tensor_file *f)
{
    if (f->map.base)
        io_unmap(&f->map);
    arena_release(&f->memory);
    quota_release(&f->unpacked);
    *f = (tensor_file){0};
}

const stored_tensor *tensor_file_find(const tensor_file *f, const char *name)
{
    stored_tensor key = {.name = name};
    return bsearch(&key, f->tensors, (size_t)f->n_tensors, sizeof key, compare_tensors);
}

err_code tensor_file_load_f32(float *out, const tensor_file *f, const char *name, int rank,
                              const int64_t *shape, err *e)
{
    const stored_tensor *t = tensor_file_find(f, name);
    if (t)
        return stored_tensor_load_f32(out, t, rank, shape, e);
    const char **names = mem_small((size_t)f->n_tensors, sizeof *names);
    for (int i = 0; i < f->n_tensors; i++)
        names[i] = f->tensors[i].name;
    err_code rc = stored_tensor_missing(names, f->n_tensors, name, f->label, e);
    mem_free(names);
    return rc;
}
