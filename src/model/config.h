/* What a decoder-only transformer is made of, as data: one description covers every family. */
#ifndef MODEL_CONFIG_H
#define MODEL_CONFIG_H
#include "base/err.h"
#include "compute/backend.h"
#include "data/files.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { NORM_LAYER, NORM_RMS } norm_kind;
typedef enum { FAMILY_GPT_NEOX } model_family; /* which names and layouts its files use */

typedef struct model_config {
    model_family family;
    int n_layers, d_model, n_heads, n_kv_heads, d_head, d_mlp, d_vocab, context;
    norm_kind norm;
    float norm_eps;
    activation act;
    bool gated;           /* mlp = out(act(gate x) * up x), else out(act(in x)) */
    bool parallel;        /* attention and mlp both read resid_pre */
    bool qkv_interleaved; /* per head: query, key, value (GPT-NeoX), else all q, all k, all v */
    int rotary;           /* leading numbers of each head that rotate; 0: none */
    double rope_theta;
    bool learned_positions;
    bool tied; /* logits use the embedding */
    bool qkv_bias, attention_out_bias, mlp_bias;
    float embed_scale;                      /* 1, or sqrt(d_model) */
    float attention_scale;                  /* 0: 1 / sqrt(d_head) */
    float attention_softcap, final_softcap; /* 0: none */
    int bos, eos;                           /* token ids, -1 when the config has none */
} model_config;

/* A GPT-NeoX description with the family's defaults (Black et al. 2022: parallel blocks, a quarter
 * of each head rotates, erf gelu, biases, untied); sizes still 0. */
model_config config_neox(void);

/* Parses config.json. A model_type or setting the decoder cannot compute is E_CONFIG and named,
 * never ignored. The result passed config_check(). `text` need not end in NUL. */
err_code config_parse(model_config *out, const char *text, size_t n, const char *where, err *e);

/* The sizes agree with each other and stay inside what can be allocated and indexed. */
err_code config_check(const model_config *c, const char *where, err *e);

/* Number of parameters. */
size_t config_parameters(const model_config *c);

#endif
