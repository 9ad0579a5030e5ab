/* A .npy file is
 *
 *   "\x93NUMPY" | version, 2 bytes | length of the header, 2 or 4 bytes | header | data
 *
 * and its header a Python dict of three entries, spelled out:
 *   {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }          */
#include "data/npz.h"
#include "base/memory.h"
#include <stdint.h>
#include <string.h>

enum {
    PREFIX_BYTES = 8,
    MAX_HEADER_BYTES = 10000, /* NumPy's own limit (numpy/lib/format.py) */
    MAX_DTYPE_BYTES = 32
};

static const struct {
    const char *name;
    dtype type;
    size_t size;
} dtypes[] = {
    {"<f8", DTYPE_F64, 8}, {"<f4", DTYPE_F32, 4}, {"<f2", DTYPE_F16, 2}, {"<i8", DTYPE_I64, 8},
    {"<i4", DTYPE_I32, 4}, {"<i2", DTYPE_I16, 2}, {"|i1", DTYPE_I8, 1},  {"<u8", DTYPE_U64, 8},
    {"<u4", DTYPE_U32, 4}, {"<u2", DTYPE_U16, 2}, {"|u1", DTYPE_U8, 1},  {"|b1", DTYPE_BOOL, 1},
};

/* What is left of a header's text. */
typedef struct reader {
    const char *at, *end;
} reader;

static void skip_blanks(reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n'))
        r->at++;
}

/* Takes the word, after blanks, if it comes next. */
static bool take(reader *r, const char *word)
{
    size_t n = strlen(word);
    skip_blanks(r);
    if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0)
        return false;
    r->at += n;
    return true;
}

/* A quoted string without escapes, borrowed. */
static bool take_string(reader *r, const char **text, size_t *n)
{
    char quote = take(r, "'") ? '\'' : '"';
    if (quote == '"' && !take(r, "\""))
        return false;
    const char *close = memchr(r->at, quote, (size_t)(r->end - r->at));
    if (!close || memchr(r->at, '\\', (size_t)(close - r->at)))
        return false;
    *text = r->at;
    *n = (size_t)(close - r->at);
    r->at = close + 1;
    return true;
}

static bool take_number(reader *r, size_t *out)
{
    skip_blanks(r);
    const char *start = r->at;
    size_t value = 0;
    for (; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++)
        if (__builtin_mul_overflow(value, (size_t)10, &value) ||
            __builtin_add_overflow(value, (size_t)(*r->at - '0'), &value))
            return false;
    *out = value;
    return r->at > start;
}

static err_code bad_header(const stored_tensor *t, const char *what, err *e)
{
    return err_set(e, E_FORMAT, "%s: array %s: its .npy header %s", t->file, t->name, what);
}

static err_code read_dtype(stored_tensor *t, reader *r, arena *memory, err *e)
{
    const char *text;
    size_t n;
    if (take(r, "["))
        return err_set(e, E_FORMAT, "%s: array %s holds records, not numbers", t->file, t->name);
    if (!take_string(r, &text, &n) || n == 0 || n >= MAX_DTYPE_BYTES)
        return bad_header(t, "has no plain \"descr\"", e);
    err_code rc = stored_name_check(text, n, t->file, e);
    if (rc)
        return rc;
    t->dtype_name = arena_strndup(memory, text, n);
    if (strchr(t->dtype_name, 'O'))
        return err_set(e, E_FORMAT,
                       "%s: array %s holds pickled Python objects (%s), which are not read",
                       t->file, t->name, t->dtype_name);
    return OK;
}

static err_code read_shape(stored_tensor *t, reader *r, err *e)
{
    if (!take(r, "("))
        return bad_header(t, "has a \"shape\" that is not a tuple of sizes", e);
    while (!take(r, ")")) {
        size_t size;
        if (!take_number(r, &size))
            return bad_header(t, "has a \"shape\" that is not a tuple of sizes", e);
        err_code rc = stored_tensor_add_size(t, size, e);
        if (rc)
            return rc;
        bool more = take(r, ",");
        if (!more && (t->rank == 1 || r->at == r->end || *r->at != ')')) /* (3) is no tuple */
            return bad_header(t, "has a \"shape\" that is not a tuple of sizes", e);
    }
    return OK;
}

static err_code read_order(bool *fortran, const stored_tensor *t, reader *r, err *e)
{
    *fortran = take(r, "True");
    return *fortran || take(r, "False") ? OK : bad_header(t, "has no true \"fortran_order\"", e);
}

/* The three entries, each exactly once, in any order. */
static err_code read_header(stored_tensor *t, bool *fortran, reader r, arena *memory, err *e)
{
    static const char *const keys[] = {"descr", "fortran_order", "shape"};
    unsigned seen = 0;
    if (!take(&r, "{"))
        return bad_header(t, "is not a dict", e);
    while (!take(&r, "}")) {
        const char *key;
        size_t n, k = 0;
        if (!take_string(&r, &key, &n) || !take(&r, ":"))
            return bad_header(t, "is not a dict", e);
        while (k < COUNT_OF(keys) && (strlen(keys[k]) != n || memcmp(keys[k], key, n) != 0))
            k++;
        if (k == COUNT_OF(keys) || seen & 1u << k)
            return bad_header(t, "has a key that is unknown or stands twice", e);
        seen |= 1u << k;
        err_code rc = k == 0   ? read_dtype(t, &r, memory, e)
                      : k == 1 ? read_order(fortran, t, &r, e)
                               : read_shape(t, &r, e);
        if (rc)
            return rc;
        if (!take(&r, ",") && !(r.at < r.end && *r.at == '}'))
            return bad_header(t, "is not a dict", e);
    }
    skip_blanks(&r);
    if (r.at != r.end || seen != 7)
        return bad_header(t, "lacks one of descr, fortran_order and shape, or goes on after them",
                          e);
    return OK;
}

/* Sets type and bytes; `left` bytes are what the member holds after its header. */
static err_code read_data(tensor_file *out, stored_tensor *t, const unsigned char *data,
                          size_t left, bool fortran, err *e)
{
    size_t i = 0, size = 0;
    while (i < COUNT_OF(dtypes) && strcmp(dtypes[i].name, t->dtype_name) != 0)
        i++;
    t->bytes = data;
    t->size = left;
    if (i == COUNT_OF(dtypes))
        return OK;
    t->type = dtypes[i].type;
    if (__builtin_mul_overflow(t->count, dtypes[i].size, &size) || size != left)
        return err_set(e, E_FORMAT, "%s: array %s: %zu elements of %s do not fill its %zu bytes",
                       t->file, t->name, t->count, t->dtype_name, left);
    if (!fortran || t->rank < 2 || t->count == 0)
        return OK;
    int64_t strides[TENSOR_MAX_RANK] = {1};
    for (int d = 1; d < t->rank; d++)
        strides[d] = strides[d - 1] * t->shape[d - 1];
    return tensor_file_gather(out, t, data, strides, e);
}

static err_code read_npy(tensor_file *out, stored_tensor *t, const zip_member *m, err *e)
{
    const unsigned char *head = m->bytes;
    if (m->size < PREFIX_BYTES + 2 || memcmp(head, "\x93NUMPY", 6) != 0)
        return err_set(e, E_FORMAT, "%s: member %s is not a .npy file", t->file, m->name);
    size_t prefix = head[6] == 1 ? PREFIX_BYTES + 2 : PREFIX_BYTES + 4;
    if (head[6] < 1 || head[6] > 3 || head[7] != 0)
        return err_set(e, E_FORMAT, "%s: array %s: .npy version %d.%d; 1.0 to 3.0 can be read",
                       t->file, t->name, head[6], head[7]);
    if (m->size < prefix)
        return bad_header(t, "is cut off", e);
    size_t length = head[8] | (size_t)head[9] << 8;
    if (prefix > PREFIX_BYTES + 2)
        length |= (size_t)head[10] << 16 | (size_t)head[11] << 24;
    if (length > MAX_HEADER_BYTES || length > m->size - prefix)
        return bad_header(t, "is longer than allowed or than the file", e);
    const char *text = (const char *)head + prefix;
    bool fortran = false;
    t->count = 1;
    err_code rc = read_header(t, &fortran, (reader){text, text + length}, &out->memory, e);
    if (rc)
        return rc;
    return read_data(out, t, head + prefix + length, m->size - prefix - length, fortran, e);
}

err_code npz_read(tensor_file *out, const zip *z, err *e)
{
    out->tensors = arena_push(&out->memory, z->n_members, sizeof *out->tensors);
    for (size_t i = 0; i < z->n_members; i++) {
        zip_member *m = &z->members[i];
        size_t n = strlen(m->name);
        if (n < 5 || strcmp(m->name + n - 4, ".npy") != 0)
            return err_set(e, E_FORMAT,
                           "%s: a zip archive with member %s: neither NumPy's .npz (all members "
                           "are .npy) nor torch.save's (one is data.pkl)",
                           out->label, m->name);
        stored_tensor *t = &out->tensors[out->n_tensors++];
        t->file = out->label;
        t->name = arena_strndup(&out->memory, m->name, n - 4);
        err_code rc = zip_read(m, z, &out->unpacked, e);
        if (!rc)
            rc = read_npy(out, t, m, e);
        if (rc)
            return rc;
    }
    return tensor_file_sort(out, e);
}

err_code npy_read(tensor_file *out, err *e)
{
    zip_member whole = {.name = out->label, .bytes = out->map.data, .size = out->map.size};
    stored_tensor *t = out->tensors = arena_push(&out->memory, 1, sizeof *t);
    out->n_tensors = 1;
    t->file = out->label;
    t->name = "array";
    return read_npy(out, t, &whole, e);
}
