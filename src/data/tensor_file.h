/* One open file of tensors, whatever its format: safetensors, NumPy's .npz or .npy, torch.save's
 * archive. Which one it is, its first bytes say, never its name. */
#ifndef DATA_TENSOR_FILE_H
#define DATA_TENSOR_FILE_H
#include "base/arena.h"
#include "base/err.h"
#include "base/io.h"
#include "data/files.h"
#include "data/quota.h"
#include "data/stored_tensor.h"
#include <stddef.h>

/* Threads may share it. */
typedef struct tensor_file {
    const char *label; /* for messages */
    mapping map;
    stored_tensor *tensors; /* sorted by name, no name twice */
    int n_tensors;
    const char *(*metadata)[2]; /* key, value: only safetensors has some */
    int n_metadata;
    arena memory;
    quota unpacked; /* tensors whose bytes do not lie in the file as they are needed */
} tensor_file;

/* Opens and checks `name` in `f`. Owner: caller, tensor_file_close() (fine on a zeroed one). */
err_code tensor_file_open(tensor_file *out, const files *f, const char *name, err *e);
/* The same on bytes in memory; data is borrowed and must outlive `out`. */
err_code tensor_file_parse(tensor_file *out, const void *data, size_t size, const char *label,
                           err *e);
void tensor_file_close(tensor_file *f);

/* NULL when there is none. */
const stored_tensor *tensor_file_find(const tensor_file *f, const char *name);
/* Copies the tensor `name`, of exactly this shape, as floats from floats of any width.
 *   out  product(shape) floats, caller's; every element written on OK, none otherwise
 * E_FORMAT when it is missing (with the nearest name there is) or its dtype is another, E_SHAPE
 * when its shape differs; the error names the file, the tensor, got and expected. */
err_code tensor_file_load_f32(float *out, const tensor_file *f, const char *name, int rank,
                              const int64_t *shape, err *e);

/* For the readers of the formats: an empty file that borrows the bytes. */
tensor_file tensor_file_start(const void *data, size_t size, const char *label);
/* Sorts the list of tensors; E_FORMAT when a name stands twice. */
err_code tensor_file_sort(tensor_file *f, err *e);
/* Gives the tensor row-major bytes, copied from the element at `from`, one step along dimension i
 * being strides[i] elements of t->size / t->count bytes. Every element reached must lie in memory.
 */
err_code tensor_file_gather(tensor_file *f, stored_tensor *t, const unsigned char *from,
                            const int64_t *strides, err *e);

#endif
