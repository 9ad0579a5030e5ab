/* Reading safetensors. The header is believed only after the entries, sorted by place, tile the
 * data exactly: each begins where the one before ended and the last ends with the file, which rules
 * out overlaps, holes, reuse, truncation and trailing bytes in one pass. */
#include "data/safetensors.h"
#include "base/json.h"
#include "base/memory.h"
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    PREFIX_BYTES = 8,
    MAX_HEADER_BYTES = 25 << 20, /* a parsed header takes about 30 times its size in memory */
    MAX_NAME_BYTES = 1024
};

static const struct {
    const char *name;
    dtype type;
    int bits;
} dtypes[] = {
    {"F64", DTYPE_F64, 64},
    {"F32", DTYPE_F32, 32},
    {"F16", DTYPE_F16, 16},
    {"BF16", DTYPE_BF16, 16},
    {"I64", DTYPE_I64, 64},
    {"I32", DTYPE_I32, 32},
    {"I16", DTYPE_I16, 16},
    {"I8", DTYPE_I8, 8},
    {"U64", DTYPE_U64, 64},
    {"U32", DTYPE_U32, 32},
    {"U16", DTYPE_U16, 16},
    {"U8", DTYPE_U8, 8},
    {"BOOL", DTYPE_BOOL, 8},
    {"C64", DTYPE_UNKNOWN, 64},
    {"F8_E4M3", DTYPE_UNKNOWN, 8},
    {"F8_E5M2", DTYPE_UNKNOWN, 8},
    {"F8_E8M0", DTYPE_UNKNOWN, 8},
    {"F8_E4M3FNUZ", DTYPE_UNKNOWN, 8},
    {"F8_E5M2FNUZ", DTYPE_UNKNOWN, 8},
    {"F6_E2M3", DTYPE_UNKNOWN, 6},
    {"F6_E3M2", DTYPE_UNKNOWN, 6},
    {"F4", DTYPE_UNKNOWN, 4},
};

/* A tensor's place, until the places have been checked against each other. */
typedef struct place {
    size_t begin, end;
    int tensor;
} place;

static int compare_places(const void *a, const void *b)
{
    const place *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    if (x->end != y->end)
        return x->end < y->end ? -1 : 1;
    return (x->tensor > y->tensor) - (x->tensor < y->tensor);
}

/* A size in JSON: a whole number that a double holds exactly. */
static bool read_size(size_t *out, const cJSON *item)
{
    if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0) || item->valuedouble > 0x1p53 ||
        item->valuedouble != floor(item->valuedouble))
        return false;
    *out = (size_t)item->valuedouble;
    return true;
}

static err_code read_shape(stored_tensor *t, const cJSON *entry, err *e)
{
    const cJSON *shape = json_member(entry, "shape"), *item;
    if (!cJSON_IsArray(shape))
        return err_set(e, E_FORMAT, "%s: tensor %s: \"shape\" is not a list", t->file, t->name);
    t->count = 1;
    cJSON_ArrayForEach(item, shape) {
        size_t size;
        if (!read_size(&size, item))
            return err_set(e, E_FORMAT,
                           "%s: tensor %s: size %d of \"shape\" is not a whole number "
                           "from 0 to 2^53",
                           t->file, t->name, t->rank);
        err_code rc = stored_tensor_add_size(t, size, e);
        if (rc)
            return rc;
    }
    return OK;
}

/* Sets the type, and checks that its elements fill the place exactly. */
static err_code read_dtype(stored_tensor *t, const cJSON *entry, err *e)
{
    const cJSON *item = json_member(entry, "dtype");
    if (!cJSON_IsString(item))
        return err_set(e, E_FORMAT, "%s: tensor %s: \"dtype\" is not a string", t->file, t->name);
    size_t i = 0, bits;
    while (i < COUNT_OF(dtypes) && strcmp(dtypes[i].name, item->valuestring) != 0)
        i++;
    if (i == COUNT_OF(dtypes))
        return err_set(e, E_FORMAT, "%s: tensor %s: its \"dtype\" is none that safetensors has",
                       t->file, t->name);
    t->dtype_name = dtypes[i].name;
    t->type = dtypes[i].type;
    if (__builtin_mul_overflow(t->count, (size_t)dtypes[i].bits, &bits))
        return err_set(e, E_FORMAT, "%s: tensor %s: the size of its shape overflows", t->file,
                       t->name);
    if (bits % 8 != 0 || bits / 8 != t->size)
        return err_set(e, E_FORMAT, "%s: tensor %s: %zu elements of %s do not fill its %zu bytes",
                       t->file, t->name, t->count, t->dtype_name, t->size);
    return OK;
}

/* One header entry. data_size is the room after the header. */
static err_code read_entry(stored_tensor *t, place *p, const cJSON *entry,
                           const unsigned char *data, size_t data_size, arena *memory, err *e)
{
    err_code code = stored_name_check(entry->string, strlen(entry->string), t->file, e);
    if (code)
        return code;
    t->name = arena_strdup(memory, entry->string);
    const cJSON *offsets = json_member(entry, "data_offsets");
    if (!cJSON_IsObject(entry) || !cJSON_IsArray(offsets) || cJSON_GetArraySize(offsets) != 2 ||
        !read_size(&p->begin, offsets->child) || !read_size(&p->end, offsets->child->next))
        return err_set(e, E_FORMAT,
                       "%s: tensor %s: \"data_offsets\" is not a pair of whole numbers", t->file,
                       t->name);
    if (p->begin > p->end || p->end > data_size)
        return err_set(e, E_FORMAT,
                       "%s: tensor %s lies at bytes %zu to %zu of %zu: the file is "
                       "damaged or truncated",
                       t->file, t->name, p->begin, p->end, data_size);
    t->bytes = data + p->begin;
    t->size = p->end - p->begin;
    code = read_shape(t, entry, e);
    return code ? code : read_dtype(t, entry, e);
}

/* Sizes are plain digits: "1.0" and "1e1" are none, though their values are whole. Nothing else in
 * a header is a number, so all of them must be. */
static bool is_all_digits(const char *text, size_t n)
{
    bool in_string = false;
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '"')
            in_string = !in_string;
        else if (in_string && text[i] == '\\')
            i++;
        else if (!in_string && (text[i] == '-' || text[i] == '.' || text[i] == 'E'))
            return false;
        else if (!in_string && text[i] == 'e' && text[i - 1] >= '0' && text[i - 1] <= '9')
            return false; /* not that of true or false */
    }
    return true;
}

static err_code read_metadata(tensor_file *s, const cJSON *object, const char *file, err *e)
{
    const cJSON *item;
    if (!cJSON_IsObject(object))
        return err_set(e, E_FORMAT, "%s: \"__metadata__\" is not an object", file);
    s->metadata = arena_push(&s->memory, (size_t)cJSON_GetArraySize(object), sizeof *s->metadata);
    cJSON_ArrayForEach(item, object) {
        if (!cJSON_IsString(item))
            return err_set(e, E_FORMAT, "%s: a value of \"__metadata__\" is not a string", file);
        s->metadata[s->n_metadata][0] = arena_strdup(&s->memory, item->string);
        s->metadata[s->n_metadata++][1] = arena_strdup(&s->memory, item->valuestring);
    }
    return OK;
}

static err_code check_tiling(place *places, const tensor_file *s, size_t data_size,
                             const char *file, err *e)
{
    qsort(places, (size_t)s->n_tensors, sizeof *places, compare_places);
    size_t cursor = 0;
    for (int i = 0; i < s->n_tensors; i++) {
        if (places[i].begin != cursor)
            return err_set(e, E_FORMAT,
                           "%s: tensor %s begins at byte %zu of the data, expected "
                           "%zu: tensors overlap or leave a hole",
                           file, s->tensors[places[i].tensor].name, places[i].begin, cursor);
        cursor = places[i].end;
    }
    if (cursor != data_size)
        return err_set(e, E_FORMAT,
                       "%s: its tensors end at byte %zu of the data, the file at %zu: "
                       "it is damaged or truncated",
                       file, cursor, data_size);
    return OK;
}

static err_code read_header(tensor_file *s, const cJSON *header, const unsigned char *data,
                            size_t data_size, const char *file, err *e)
{
    if (!cJSON_IsObject(header))
        return err_set(e, E_FORMAT, "%s: the header is not a JSON object", file);
    size_t n = (size_t)cJSON_GetArraySize(header);
    place *places = mem_small(n, sizeof *places);
    stored_tensor *tensors = arena_push(&s->memory, n, sizeof *tensors);
    s->tensors = tensors;
    const cJSON *entry;
    err_code code = OK;
    cJSON_ArrayForEach(entry, header) {
        if (strcmp(entry->string, "__metadata__") == 0) {
            code = read_metadata(s, entry, file, e);
        } else {
            places[s->n_tensors].tensor = s->n_tensors;
            tensors[s->n_tensors].file = file;
            code = read_entry(&tensors[s->n_tensors], &places[s->n_tensors], entry, data, data_size,
                              &s->memory, e);
            s->n_tensors++;
        }
        if (code)
            goto out;
    }
    code = check_tiling(places, s, data_size, file, e);
    if (!code)
        code = tensor_file_sort(s, e);
out:
    mem_free(places);
    return code;
}

err_code safetensors_parse(tensor_file *out, const void *data, size_t size, const char *label,
                           err *e)
{
    *out = tensor_file_start(data, size, label);
    const char *file = out->label;
    uint64_t header_size = 0;
    cJSON *header = NULL;
    err_code code = OK;
    if (size < PREFIX_BYTES) {
        code = err_set(e, E_FORMAT, "%s: %zu bytes are too few for a safetensors file", file, size);
        goto out;
    }
    memcpy(&header_size, data, PREFIX_BYTES);
    if (header_size > MAX_HEADER_BYTES || header_size > size - PREFIX_BYTES) {
        code = err_set(e, E_FORMAT,
                       "%s: its header claims %" PRIu64 " bytes, the file has %zu and "
                       "the limit is %d: it is truncated or not a safetensors file",
                       file, header_size, size - PREFIX_BYTES, (int)MAX_HEADER_BYTES);
        goto out;
    }
    const char *text = (const char *)data + PREFIX_BYTES;
    code = json_parse(&header, text, (size_t)header_size, file, e);
    if (!code)
        code = read_header(out, header, (const unsigned char *)text + header_size,
                           size - PREFIX_BYTES - (size_t)header_size, file, e);
    if (!code && !is_all_digits(text, (size_t)header_size))
        code = err_set(e, E_FORMAT, "%s: a number of its header is not plain digits", file);
out:
    cJSON_Delete(header);
    if (code)
        tensor_file_close(out);
    return code;
}

const char *safetensors_metadata(const tensor_file *s, const char *key)
{
    for (int i = 0; i < s->n_metadata; i++)
        if (strcmp(s->metadata[i][0], key) == 0)
            return s->metadata[i][1];
    return NULL;
}
