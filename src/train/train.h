/* Makes the built-in model from nothing but a seed: text, tokenizer, language model, sparse
 * autoencoder, and what they are worth. */
#ifndef TRAIN_TRAIN_H
#define TRAIN_TRAIN_H
#include "base/progress.h"
#include "compute/backend.h"
#include <stdbool.h>
#include <stdint.h>

typedef struct train_options {
    const char *out; /* directory; made when missing */
    uint64_t seed;
    int d_vocab, n_layers, d_model, n_heads, d_mlp, context;
    double rotary_share;
    int tokenizer_documents; /* the vocabulary is learned from */
    int lm_batch;            /* windows per step */
    long lm_steps;
    double lm_rate;
    const char *hook;     /* NULL: the residual stream after the middle block */
    int d_sae, sae_batch; /* tokens per step */
    double sae_k, sae_rate;
    long sae_steps;
    int evaluate_windows; /* of context tokens, for the features' figures */
    bool keep_model;      /* train an SAE for the model that out holds already */
    bool evaluate_only;   /* measure what out holds already */
} train_options;

/* The built-in model's own settings. */
train_options train_defaults(const char *out);

/* Writes
 *   out/model/     config.json, model.safetensors, tokenizer.json (Hugging Face, GPT-NeoX)
 *   out/sae/       cfg.json, sae_weights.safetensors, sparsity.safetensors (SAELens 6)
 *   out/training/  lm.csv, sae.csv (curves), evaluation.json, concepts.csv
 * Each part appears when it is done; a part whose checkpoint in out/checkpoint is finished is not
 * made again, an unfinished one goes on, and the folder is removed at the end. So the same call
 * after Ctrl-C or a kill goes on and gives the same bytes; with no checkpoint it starts anew. be's
 * memory must be ordinary memory (cpu, ref). */
err_code train_builtin(const train_options *o, backend *be, reporter *r, err *e);

#endif
