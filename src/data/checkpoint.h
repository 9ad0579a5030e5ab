/* A model's weights, in one file or in the shards that an index file lists. */
#ifndef DATA_CHECKPOINT_H
#define DATA_CHECKPOINT_H
#include "base/err.h"
#include "data/files.h"
#include "data/safetensors.h"

/* Threads may share it. */
typedef struct checkpoint {
    const char *label; /* for messages: borrowed from the files */
    tensor_file *shards;
    int n_shards;
    const stored_tensor **tensors; /* of all shards, sorted by name */
    int n_tensors;
} checkpoint;

/* Opens model.safetensors, else the shards of model.safetensors.index.json, else E_IO (naming
 * pytorch_model.bin when only that is there). Every tensor that the index lists must be in the
 * shard it names. Owner: caller, checkpoint_close() (fine on a zeroed one). */
err_code checkpoint_open(checkpoint *out, const files *f, err *e);
/* Opens one file as a checkpoint ("sae_weights.safetensors", "params.npz", "ae.pt"); which format
 * it has, its first bytes say. */
err_code checkpoint_open_file(checkpoint *out, const files *f, const char *name, err *e);
void checkpoint_close(checkpoint *c);

/* NULL when there is none. */
const stored_tensor *checkpoint_find(const checkpoint *c, const char *name);
/* The tensor `name`, of this shape and readable as floats; E_FORMAT, E_SHAPE as below. */
err_code checkpoint_get(const stored_tensor **out, const checkpoint *c, const char *name, int rank,
                        const int64_t *shape, err *e);
/* As tensor_file_load_f32, over all shards: checkpoint_load_f32(w, &c, "embed", SHAPE(V, D), e). */
err_code checkpoint_load_f32(float *out, const checkpoint *c, const char *name, int rank,
                             const int64_t *shape, err *e);

#endif
