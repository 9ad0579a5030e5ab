/* Weights in the safetensors format: an 8-byte length, a JSON header, then packed tensors.
 * https://github.com/huggingface/safetensors (README "Format"); the checks are those of its
 * reference parser plus the ones it leaves out, because the file may be anybody's. */
#ifndef DATA_SAFETENSORS_H
#define DATA_SAFETENSORS_H
#include "base/err.h"
#include "base/str.h"
#include "data/tensor_file.h"
#include <stddef.h>

/* Reads bytes in memory, which are borrowed and must outlive `out`. Owner: caller,
 * tensor_file_close() (fine on a zeroed one). */
err_code safetensors_parse(tensor_file *out, const void *data, size_t size, const char *label,
                           err *e);
/* The value of an entry of "__metadata__", NULL when there is none. */
const char *safetensors_metadata(const tensor_file *f, const char *key);

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
