/* The values of a stored tensor, converted; and every message about one that does not fit. */
#include "data/stored_tensor.h"
#include "data/half.h"
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "stored numbers are copied as they lie");

enum { MAX_NAMES_COMPARED = 10000 }; /* suggesting a name must not take seconds */

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

err_code stored_tensor_load_f32(float *out, const stored_tensor *t, int expected_rank,
                                const int64_t *expected_shape, err *e)
{
    if (t->type != DTYPE_F32 && t->type != DTYPE_F16 && t->type != DTYPE_BF16)
        return err_set(e, E_FORMAT, "%s: tensor %s is stored as %s; F32, F16 and BF16 can be read",
                       t->file, t->name, t->dtype_name);
    if (expected_rank >= 0) {
        err_code code = stored_tensor_check_shape(t, expected_rank, expected_shape, e);
        if (code)
            return code;
    }
    if (t->type == DTYPE_F32) {
        if (t->size)
            memcpy(out, t->bytes, t->size);
        return OK;
    }
    for (size_t i = 0; i < t->count; i++) {
        uint16_t bits;
        memcpy(&bits, t->bytes + 2 * i, sizeof bits);
        out[i] = t->type == DTYPE_F16 ? f16_to_float(bits) : bf16_to_float(bits);
    }
    return OK;
}

err_code stored_tensor_missing(const char *const *names, int n, const char *name, const char *file,
                               err *e)
{
    const char *nearest = n <= MAX_NAMES_COMPARED ? nearest_name(name, names, (size_t)n) : NULL;
    return err_set(e, E_FORMAT, "%s: no tensor %s among its %d%s%s", file, name, n,
                   nearest ? "; the nearest name is " : "", nearest ? nearest : "");
}

err_code check_finite(const float *values, size_t n, const char *file, const char *name, err *e)
{
    size_t first = n, bad = 0;
    for (size_t i = 0; i < n; i++) {
        if (isfinite(values[i]))
            continue;
        if (bad++ == 0)
            first = i;
    }
    if (bad == 0)
        return OK;
    return err_set(e, E_NUMERIC,
                   "%s: tensor %s holds %zu values that are NaN or infinite, the "
                   "first (%g) at index %zu of %zu: the weights are damaged or overflowed their "
                   "format",
                   file, name, bad, (double)values[first], first, n);
}
