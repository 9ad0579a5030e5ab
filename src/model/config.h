/* What a decoder-only transformer is made of, as data: one description covers every family. */
#ifndef MODEL_CONFIG_H
#define MODEL_CONFIG_H
#include "base/err.h"
#include "compute/backend.h"
#include "data/files.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CONFIG_MAX_LAYERS = 512 };

typedef enum { NORM_LAYER, NORM_RMS } norm_kind;

/* Which keys, names and layouts a model's files use. */
typedef enum {
    FAMILY_GPT2,
    FAMILY_GPT_NEOX,
    FAMILY_GPT_NEO,
    FAMILY_LLAMA,
    FAMILY_MISTRAL,
    FAMILY_GEMMA,
    FAMILY_GEMMA2,
    FAMILY_QWEN2,
    FAMILY_QWEN3,
    FAMILIES
} model_family;

/* How rotation is slowed down to stretch the context it was trained with. LLAMA3: wavelengths
 * above original / low are divided by factor, below original / high kept, between interpolated. */
typedef enum { ROPE_PLAIN, ROPE_LINEAR, ROPE_LLAMA3 } rope_kind;
typedef struct rope_scaling {
    rope_kind kind;
    double factor, low, high, original;
} rope_scaling;

typedef struct model_config {
    model_family family;
    int n_layers, d_model, n_heads, n_kv_heads, d_head, d_mlp, d_vocab, context;
    norm_kind norm;
    float norm_eps;
    bool gain_plus_one; /* a norm's gain is 1 + what the file holds (Gemma) */
    bool post_norms;    /* a branch is normalised again before it is added (Gemma 2) */
    bool qk_norm;       /* each query and key head is RMS-normalised before it rotates (Qwen 3) */
    activation act;
    bool gated;           /* mlp = out(act(gate x) * up x), else out(act(in x)) */
    bool parallel;        /* attention and mlp both read resid_pre */
    bool qkv_interleaved; /* per head: query, key, value (GPT-NeoX), else all q, all k, all v */
    int rotary;           /* leading numbers of each head that rotate; 0: none */
    double rope_theta;
    rope_scaling rope;
    bool learned_positions;
    bool tied; /* logits use the embedding */
    bool qkv_bias, attention_out_bias, mlp_bias;
    float embed_scale;                      /* 1, or sqrt(d_model) */
    float attention_scale;                  /* 0: 1 / sqrt(d_head) */
    bool scale_by_layer;                    /* layer l divides its scale by l + 1 */
    float attention_softcap, final_softcap; /* 0: none */
    int window; /* a windowed layer's token sees itself and window - 1 tokens before it */
    bool windowed[CONFIG_MAX_LAYERS];
    int bos, eos; /* token ids, -1 when the config has none */
} model_config;

/* A family's description with the defaults of its files; sizes still 0. */
model_config config_start(model_family family);

/* Parses config.json. A model_type or setting the decoder cannot compute is E_CONFIG and named,
 * never ignored. The result passed config_check(). `text` need not end in NUL. */
err_code config_parse(model_config *out, const char *text, size_t n, const char *where, err *e);

/* The sizes agree with each other and stay inside what can be allocated and indexed, and files of
 * the family can hold such a model. */
err_code config_check(const model_config *c, const char *where, err *e);

/* Number of parameters. */
size_t config_parameters(const model_config *c);

/* Radians per position by which pair j of a head rotates, j < rotary / 2. */
double config_rope_frequency(const model_config *c, int j);

/* What config.json calls the family: "gpt_neox". */
const char *config_family_name(model_family family);

#endif
