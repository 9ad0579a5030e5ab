/* One tensor as it lies in a weights file, and its values as floats. */
#ifndef DATA_STORED_TENSOR_H
#define DATA_STORED_TENSOR_H
#include "base/err.h"
#include "base/str.h"
#include <stddef.h>
#include <stdint.h>

typedef enum {
    DTYPE_UNKNOWN = 0, /* listed, refused when its values are asked for */
    DTYPE_F64,
    DTYPE_F32,
    DTYPE_F16,
    DTYPE_BF16,
    DTYPE_I64,
    DTYPE_I32,
    DTYPE_I16,
    DTYPE_I8,
    DTYPE_U64,
    DTYPE_U32,
    DTYPE_U16,
    DTYPE_U8,
    DTYPE_BOOL
} dtype;

enum { TENSOR_MAX_RANK = 8 };

/* A tensor as it lies in a file. Everything is borrowed from the open file. */
typedef struct stored_tensor {
    const char *file; /* for messages */
    const char *name;
    const char *dtype_name; /* as the file spells it */
    dtype type;
    int rank; /* 0: one number without a shape */
    int64_t shape[TENSOR_MAX_RANK];
    size_t count;               /* of elements: the product of the shape */
    const unsigned char *bytes; /* little-endian, row-major, NOT aligned: memcpy, never cast */
    size_t size;
} stored_tensor;

/* An expected shape as two arguments (rank, sizes): SHAPE(V, D). A scalar is `0, NULL`. */
#define SHAPE(...)                                                                                 \
    (int)(sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (const int64_t[])             \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

/* E_FORMAT unless a name (n bytes) out of the file is 1 to 1024 bytes of UTF-8 without control
 * characters: names end up in messages on terminals. */
err_code stored_name_check(const char *name, size_t n, const char *file, err *e);
/* Appends a size to the shape, starting from `rank = 0, count = 1`. E_FORMAT for more than
 * TENSOR_MAX_RANK sizes and for a product that overflows. */
err_code stored_tensor_add_size(stored_tensor *t, size_t size, err *e);

/* Copies the values as floats from F32, F16, BF16 or F64 (rounded to nearest; beyond a float's
 * range they become infinite, which check_finite() reports).
 *   out  t->count floats, caller's; every element written on OK, none otherwise
 * expected_rank < 0 takes any shape. E_FORMAT for another dtype, E_SHAPE for another shape; the
 * error names the file, the tensor, got and expected. */
err_code stored_tensor_load_f32(float *out, const stored_tensor *t, int expected_rank,
                                const int64_t *expected_shape, err *e);
/* What stored_tensor_load_f32() refuses, without reading values. */
err_code stored_tensor_check_numbers(const stored_tensor *t, int expected_rank,
                                     const int64_t *expected_shape, err *e);
/* E_SHAPE, naming both, unless the tensor has this shape. */
err_code stored_tensor_check_shape(const stored_tensor *t, int rank, const int64_t *shape, err *e);
/* "F32 [512, 64]" appended. */
void stored_tensor_describe(str *out, const stored_tensor *t);

/* E_FORMAT: no tensor `name` among the n of `file`, with the nearest name there is. */
err_code stored_tensor_missing(const char *const *names, int n, const char *name, const char *file,
                               err *e);

/* E_NUMERIC naming file, tensor, first index and how many, when a value is NaN or infinite. */
err_code check_finite(const float *values, size_t n, const char *file, const char *name, err *e);
/* The same of an F32, F16 or BF16 tensor where it lies. */
err_code stored_tensor_check_finite(const stored_tensor *t, err *e);

#endif
