/* A decoder-only transformer: its weights, where they come from and where they go. */
#ifndef MODEL_TRANSFORMER_H
#define MODEL_TRANSFORMER_H
#include "model/config.h"

typedef struct model model;

/* One weight array in backend memory, in the type its file stores it in: matrices of 16-bit numbers
 * stay so, and computing widens them a block at a time. */
typedef struct parameter {
    const char *name; /* as in the model's files: "gpt_neox.layers.0.mlp.dense_4h_to_h.weight" */
    size_t n;
    number_type type;
    const void *stored;
    float *value;    /* the same numbers; NULL while they are 16 bit */
    float *gradient; /* NULL until model_want_gradients() */
    bool decays;     /* weight decay applies: matrices yes, biases and norms no */
} parameter;

/* Reads config.json and model.safetensors (or its shards) from a Hugging Face folder or the
 * built-in one. Tensors may be named as the whole network's or, without the family's prefix, as the
 * bare network's; an output matrix that is stored is used though config.json says that the
 * embedding is shared. Every tensor must be there with the shape the config gives; tensors nobody
 * asked for are refused except the known buffers (causal masks, inverse frequencies). NaN and
 * infinities are refused with file and tensor name. Matrices of the cpu backends stay in the mapped
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
/* Gives every parameter a zeroed gradient and float32 memory of its own. Before forward_new(). */
err_code model_want_gradients(model *m, err *e);
void model_zero_gradients(model *m);

/* Where heads lie in a row of the joint projection of this model, and what a layer's see. */
attention_shape model_attention(const model_config *c, int layer, int B, int T);

/* The token embedding [V, D] (before embed_scale) and the output matrix [V, D], borrowed:
 * nearest-token search and logit attribution. The same when tied. */
const parameter *model_embedding(const model *m);
const parameter *model_unembedding(const model *m);
/* Rows first .. first+n-1 of a matrix of C columns as floats in backend memory: where they lie, or
 * widened into wide_nC. */
const float *parameter_rows(float *wide_nC, backend *be, const parameter *p, int first, int n,
                            int C);

#endif
