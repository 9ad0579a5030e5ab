/* The values of a stored tensor, converted; and every message about one that does not fit. */
#include "data/stored_tensor.h"
#include "base/half.h"
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "stored numbers are copied as they lie");

enum {
    MAX_NAMES_COMPARED = 10000, /* suggesting a name must not take seconds */
    MAX_NAME_BYTES = 1024
};

static void add_shape(str *out, int rank, const int64_t *shape)
{
    str_add_char(out, '[');
    for (int i = 0; i < rank; i++)
        str_addf(out, i ? ", %" PRId64 : "%" PRId64, shape[i]);
    str_add_char(out, ']');
}

void stored_tensor_describe(str *out, const stored_tensor *t)
{
    str_addf(out, "%s ", t->dtype_name);
    add_shape(out, t->rank, t->shape);
}

err_code stored_tensor_check_shape(const stored_tensor *t, int rank, const int64_t *shape, err *e)
{
    bool same = t->rank == rank;
    for (int i = 0; same && i < rank; i++)
        same = t->shape[i] == shape[i];
    if (same)
        return OK;
    str got = {0}, expected = {0};
    add_shape(&got, t->rank, t->shape);
    add_shape(&expected, rank, shape);
    err_code code = err_set(e, E_SHAPE,
                            "%s: tensor %s has shape %s, expected %s: the weights and "
                            "the config do not belong together",
                            t->file, t->name, str_text(&got), str_text(&expected));
    str_release(&got);
    str_release(&expected);
    return code;
}

err_code stored_name_check(const char *name, size_t n, const char *file, err *e)
{
    if (n == 0 || n > MAX_NAME_BYTES)
        return err_set(e, E_FORMAT, "%s: a name of %zu bytes in it (1 to %d are allowed)", file, n,
                       (int)MAX_NAME_BYTES);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
            return err_set(e, E_FORMAT, "%s: a name in it holds control character 0x%02x", file,
                           (unsigned char)name[i]);
    if (!utf8_valid(name, n))
        return err_set(e, E_FORMAT, "%s: a name in it is not valid UTF-8", file);
    return OK;
}

err_code stored_tensor_add_size(stored_tensor *t, size_t size, err *e)
{
    if (t->rank == TENSOR_MAX_RANK)
        return err_set(e, E_FORMAT, "%s: tensor %s has more than %d dimensions", t->file, t->name,
                       TENSOR_MAX_RANK);
    if (size > INT64_MAX || __builtin_mul_overflow(t->count, size, &t->count))
        return err_set(e, E_FORMAT, "%s: tensor %s: the product of its shape overflows", t->file,
                       t->name);
    t->shape[t->rank++] = (int64_t)size;
    return OK;
}

err_code stored_tensor_check_numbers(const stored_tensor *t, int expected_rank,
                                     const int64_t *expected_shape, err *e)
{
    if (t->type != DTYPE_F32 && t->type != DTYPE_F16 && t->type != DTYPE_BF16 &&
        t->type != DTYPE_F64)
        return err_set(e, E_FORMAT,
                       "%s: tensor %s is stored as %s; 16, 32 and 64-bit floats can be read",
                       t->file, t->name, t->dtype_name);
    return expected_rank < 0 ? OK : stored_tensor_check_shape(t, expected_rank, expected_shape, e);
}

/* Numbers first .. first+n-1. */
static void read_numbers(float *out, const stored_tensor *t, size_t first, size_t n)
{
    if (t->type == DTYPE_F32) {
        if (n)
            memcpy(out, t->bytes + first * sizeof *out, n * sizeof *out);
        return;
    }
    for (size_t i = 0; t->type == DTYPE_F64 && i < n; i++) {
        double wide;
        memcpy(&wide, t->bytes + sizeof wide * (first + i), sizeof wide);
        out[i] = (float)wide;
    }
    for (size_t i = 0; t->type != DTYPE_F64 && i < n; i++) {
        uint16_t bits;
        memcpy(&bits, t->bytes + 2 * (first + i), sizeof bits);
        out[i] = t->type == DTYPE_F16 ? f16_to_float(bits) : bf16_to_float(bits);
    }
}

err_code stored_tensor_load_f32(float *out, const stored_tensor *t, int expected_rank,
                                const int64_t *expected_shape, err *e)
{
    err_code code = stored_tensor_check_numbers(t, expected_rank, expected_shape, e);
    if (!code)
        read_numbers(out, t, 0, t->count);
    return code;
}

err_code stored_tensor_missing(const char *const *names, int n, const char *name, const char *file,
                               err *e)
{
    const char *nearest = n <= MAX_NAMES_COMPARED ? nearest_name(name, names, (size_t)n) : NULL;
    return err_set(e, E_FORMAT, "%s: no tensor %s among its %d%s%s", file, name, n,
                   nearest ? "; the nearest name is " : "", nearest ? nearest : "");
}

/* What a pass over an array found. */
typedef struct nonfinite {
    size_t count, first; /* first: where the first lies */
    float value;         /* of the first */
} nonfinite;

static void look_for_nonfinite(nonfinite *found, const float *values, size_t n, size_t at)
{
    int any = 0; /* nearly always none, which a loop without branches sees fastest */
    for (size_t i = 0; i < n; i++)
        any |= !isfinite(values[i]);
    for (size_t i = 0; any && i < n; i++)
        if (!isfinite(values[i]) && found->count++ == 0) {
            found->first = at + i;
            found->value = values[i];
        }
}

static err_code refuse_nonfinite(const nonfinite *found, size_t n, const char *file,
                                 const char *name, err *e)
{
    if (found->count == 0)
        return OK;
    return err_set(e, E_NUMERIC,
                   "%s: tensor %s holds %zu values that are NaN or infinite, the "
                   "first (%g) at index %zu of %zu: the weights are damaged or overflowed their "
                   "format",
                   file, name, found->count, (double)found->value, found->first, n);
}

err_code check_finite(const float *values, size_t n, const char *file, const char *name, err *e)
{
    nonfinite found = {0};
    look_for_nonfinite(&found, values, n, 0);
    return refuse_nonfinite(&found, n, file, name, e);
}

err_code stored_tensor_check_finite(const stored_tensor *t, err *e)
{
    enum { CHUNK = 4096 };
    float values[CHUNK];
    nonfinite found = {0};
    for (size_t first = 0; first < t->count; first += CHUNK) {
        size_t n = t->count - first < CHUNK ? t->count - first : CHUNK;
        read_numbers(values, t, first, n);
        look_for_nonfinite(&found, values, n, first);
    }
    return refuse_nonfinite(&found, t->count, t->file, t->name, e);
}
