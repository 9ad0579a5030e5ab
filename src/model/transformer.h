/* A decoder-only transformer: its weights, where they come from and where they go. */
#ifndef MODEL_TRANSFORMER_H
#define MODEL_TRANSFORMER_H
#include "model/config.h"

typedef struct model model;

/* One weight array in backend memory. */
typedef struct parameter {
    const char *name; /* as in the model's files: "gpt_neox.layers.0.mlp.dense_4h_to_h.weight" */
    size_t n;
    float *value, *gradient; /* gradient NULL until model_want_gradients() */
    bool decays;             /* weight decay applies: matrices yes, biases and norms no */
} parameter;

/* Reads config.json and model.safetensors (or its shards) from a Hugging Face folder or the
 * built-in one. Every tensor must be there with the shape the config gives; tensors nobody asked
 * for are refused except the known buffers (causal masks, inverse frequencies). NaN and infinities
 * are refused with file and tensor name. float32 weights of the cpu backends stay in the mapped
 * file when they are aligned there, so `f` must outlive the model. Owner: caller, model_free(). */
err_code model_load(model **out, backend *be, const files *f, err *e);

/* Random weights, reproducible from the seed alone (see the .c for the distributions). */
err_code model_new(model **out, backend *be, const model_config *c, uint64_t seed, err *e);

/* Writes config.json and model.safetensors (float32) into an existing directory, so that Hugging
 * Face transformers and model_load() read them. */
err_code model_save(const model *m, const char *dir, err *e);

void model_free(model *m);
const model_config *model_describe(const model *m);
backend *model_backend(const model *m);

/* Borrowed list in a fixed order; returns its length. Changing `value` changes the model (only
 * after model_new() or model_want_gradients(): loaded weights may lie in a read-only file). */
int model_parameters(parameter **list, model *m);
/* Gives every parameter a zeroed gradient and memory of its own. */
err_code model_want_gradients(model *m, err *e);
void model_zero_gradients(model *m);

/* The token embedding [V, D] (before embed_scale) and the output matrix [V, D], backend memory,
 * borrowed: nearest-token search and logit attribution. Equal when tied. */
const float *model_embedding(const model *m);
const float *model_unembedding(const model *m);

#endif
