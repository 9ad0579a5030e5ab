/* Weights in the safetensors format: an 8-byte length, a JSON header, then packed tensors.
 * https://github.com/huggingface/safetensors (README "Format"); the checks are those of its
 * reference parser plus the ones it leaves out, because the file may be anybody's. */
#ifndef DATA_SAFETENSORS_H
#define DATA_SAFETENSORS_H
#include "base/arena.h"
#include "base/err.h"
#include "base/io.h"
#include "base/str.h"
#include "data/files.h"
#include "data/stored_tensor.h"
#include <stddef.h>

/* An open file. Threads may share it. */
typedef struct safetensors {
    const char *label; /* for messages */
    mapping map;
    stored_tensor *tensors; /* sorted by name */
    int n_tensors;
    const char *(*metadata)[2]; /* key, value */
    int n_metadata;
    arena memory;
} safetensors;

/* Opens and checks `name` in `f`. Owner: caller, safetensors_close() (fine on a zeroed one). */
err_code safetensors_open(safetensors *out, const files *f, const char *name, err *e);
/* The same on bytes in memory; data is borrowed and must outlive `out`. */
err_code safetensors_parse(safetensors *out, const void *data, size_t size, const char *label,
                           err *e);
void safetensors_close(safetensors *s);

/* NULL when there is none. */
const stored_tensor *safetensors_find(const safetensors *s, const char *name);
const char *safetensors_metadata(const safetensors *s, const char *key);

/* Copies the tensor `name`, of exactly this shape, as floats from F32, F16 or BF16.
 *   out  product(shape) floats, caller's; every element written on OK, none otherwise
 * E_FORMAT when it is missing (with the nearest name there is) or its dtype is another, E_SHAPE
 * when its shape differs; the error names the file, the tensor, got and expected. */
err_code safetensors_load_f32(float *out, const safetensors *s, const char *name, int rank,
                              const int64_t *shape, err *e);
/* One tensor to write. Everything is borrowed for the call. */
typedef struct tensor_entry {
    const char *name;
    dtype type; /* stored as DTYPE_F32, DTYPE_F16 or DTYPE_BF16 (rounded to nearest even) */
    int rank;
    int64_t shape[TENSOR_MAX_RANK];
    const float *values; /* product(shape) floats */
} tensor_entry;

/* Writes the file whole or not at all, byte for byte as the reference writer would: entries by
 * dtype alignment (descending) then name, header padded with spaces to a multiple of 8, metadata
 * first (`metadata`: n_metadata pairs of key and value, or NULL). E_DATA for two entries of one
 * name or a name that is not UTF-8. */
err_code safetensors_write(const char *path, const tensor_entry *entries, int n,
                           const char *const (*metadata)[2], int n_metadata, err *e);
/* The same bytes appended to `out`. */
err_code safetensors_print(str *out, const tensor_entry *entries, int n,
                           const char *const (*metadata)[2], int n_metadata, err *e);

#endif
