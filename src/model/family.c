/* The families: keys, defaults and tensor names are those of the classes in Hugging Face
 * transformers 5.24 (models/NAME/configuration_NAME.py and modeling_NAME.py). */
#include "model/family.h"
#include "base/memory.h"
#include <limits.h>
#include <math.h>
#include <string.h>

/* ---- settings that not every family has ---------------------------------------------------- */

static void read_attention_bias(config_reader *r, model_config *c)
{
    c->qkv_bias = c->attention_out_bias = read_bool(r, "attention_bias", c->qkv_bias);
}

/* null: no window. Absent: the family's default. */
static void read_window(config_reader *r, model_config *c, const char *key)
{
    const cJSON *item = json_member(r->object, key);
    c->window = cJSON_IsNull(item) ? 0 : c->window;
    c->window = read_size_or(r, key, INT_MAX, c->window);
}

/* "layer_types" says of each layer whether it is windowed; without it `windowed` stands. */
static void read_layer_types(config_reader *r, model_config *c)
{
    const cJSON *list = reader_member(r, "layer_types"), *item;
    int layer = 0;
    if (!list)
        return;
    if (!cJSON_IsArray(list) || cJSON_GetArraySize(list) != c->n_layers) {
        reader_fail(r, E_CONFIG, "\"layer_types\" is no list of one name for each of %d layers",
                    c->n_layers);
        return;
    }
    cJSON_ArrayForEach(item, list) {
        const char *name = cJSON_IsString(item) ? item->valuestring : "";
        bool windowed = !strcmp(name, "sliding_attention");
        if (!windowed && strcmp(name, "full_attention"))
            reader_fail(r, E_CONFIG,
                        "\"layer_types\" has \"%.60s\" for layer %d; this program computes "
                        "\"full_attention\" and \"sliding_attention\"",
                        name, layer);
        if (windowed && !c->window)
            reader_fail(r, E_CONFIG,
                        "\"layer_types\" makes layer %d sliding, but \"sliding_window\" is not set",
                        layer);
        c->windowed[layer++] = windowed;
    }
}

static void window_layers(model_config *c, int first)
{
    for (int layer = first; layer < c->n_layers && c->window; layer++)
        c->windowed[layer] = true;
}

static float read_softcap(config_reader *r, const char *key, double fallback)
{
    if (cJSON_IsNull(json_member(r->object, key)))
        fallback = 0;
    return (float)read_between(r, key, 1e-3, 1e6, fallback);
}

/* ---- one function a family ------------------------------------------------------------------- */

static void read_gpt2(config_reader *r, model_config *c)
{
    c->attention_scale = read_bool(r, "scale_attn_weights", true) ? 0.0f : 1.0f;
    c->scale_by_layer = read_bool(r, "scale_attn_by_inverse_layer_idx", false);
}

static void read_neox(config_reader *r, model_config *c)
{
    c->parallel = read_bool(r, "use_parallel_residual", true);
    read_attention_bias(r, c);
}

/* Layer `layer` is called `name`; the older and the newer list must agree. */
static void set_neo_layer(config_reader *r, model_config *c, const cJSON *name, int layer,
                          bool decided)
{
    bool local = cJSON_IsString(name) && !strcmp(name->valuestring, "local");
    if (!local && !(cJSON_IsString(name) && !strcmp(name->valuestring, "global")))
        reader_fail(r, E_CONFIG, "attention of layer %d is neither \"global\" nor \"local\"",
                    layer);
    if (decided && c->windowed[layer] != local)
        reader_fail(r, E_CONFIG,
                    "\"attention_types\" and \"attention_layers\" disagree about layer %d", layer);
    c->windowed[layer] = local;
}

/* [[["global", "local"], 12]]: a pattern and how often it is repeated, and so on. */
static int expand_neo_types(config_reader *r, model_config *c, const cJSON *types)
{
    const cJSON *group, *name;
    int layer = 0;
    cJSON_ArrayForEach(group, types) {
        const cJSON *pattern = cJSON_GetArrayItem(group, 0), *times = cJSON_GetArrayItem(group, 1);
        if (!cJSON_IsArray(group) || !cJSON_IsArray(pattern) || !cJSON_GetArraySize(pattern) ||
            !cJSON_IsNumber(times) || !(times->valuedouble >= 0)) {
            reader_fail(r, E_CONFIG, "\"attention_types\" is no list of [[names], times]");
            return layer;
        }
        for (double i = 0; i < times->valuedouble && layer <= c->n_layers; i++) {
            cJSON_ArrayForEach(name, pattern) {
                if (layer < c->n_layers)
                    set_neo_layer(r, c, name, layer, false);
                layer++;
            }
        }
    }
    return layer;
}

static void read_gpt_neo(config_reader *r, model_config *c)
{
    const cJSON *types = reader_member(r, "attention_types"), *name;
    const cJSON *layers = reader_member(r, "attention_layers");
    c->window = read_size_or(r, "window_size", INT_MAX, c->window);
    if (!types && !layers) { /* [[["global", "local"], 12]] */
        for (int layer = 1; layer < c->n_layers; layer += 2)
            c->windowed[layer] = true;
        return;
    }
    if ((types && !cJSON_IsArray(types)) || (layers && !cJSON_IsArray(layers))) {
        reader_fail(r, E_CONFIG, "\"attention_types\" and \"attention_layers\" must be lists");
        return;
    }
    int n = types ? expand_neo_types(r, c, types) : c->n_layers;
    if (n == c->n_layers && layers)
        n = cJSON_GetArraySize(layers);
    if (n != c->n_layers) {
        reader_fail(r, E_CONFIG, "\"%s\" does not say what each of %d layers attends to",
                    types ? "attention_types" : "attention_layers", c->n_layers);
        return;
    }
    int layer = 0;
    cJSON_ArrayForEach(name, layers)
        set_neo_layer(r, c, name, layer++, types != NULL);
}

static void read_llama(config_reader *r, model_config *c)
{
    read_attention_bias(r, c);
    c->mlp_bias = read_bool(r, "mlp_bias", false);
}

static void read_mistral(config_reader *r, model_config *c)
{
    read_window(r, c, "sliding_window");
    window_layers(c, 0);
}

static void read_gemma_common(config_reader *r, model_config *c)
{
    c->embed_scale = (float)sqrt((double)c->d_model);
    read_attention_bias(r, c);
    refuse_true(r, "use_bidirectional_attention");
}

/* The first Gemma files say "gelu" and mean its tanh form (transformers pull request 29402). Newer
 * ones repeat the name as "hidden_activation"; what else "hidden_act" says has then no influence in
 * transformers 4, but has in 5. */
static void read_gemma(config_reader *r, model_config *c)
{
    const char *old = read_string(r, "hidden_act", "gelu_pytorch_tanh");
    activation kind = strcmp(old, "gelu") ? read_activation(r, "hidden_act", "gelu_pytorch_tanh")
                                          : ACTIVATION_GELU_TANH;
    c->act = reader_member(r, "hidden_activation")
                 ? read_activation(r, "hidden_activation", "gelu_pytorch_tanh")
                 : kind;
    if (c->act != kind)
        reader_fail(r, E_CONFIG, "\"hidden_act\" and \"hidden_activation\" disagree");
    read_gemma_common(r, c);
}

static void read_gemma2(config_reader *r, model_config *c)
{
    read_gemma_common(r, c);
    double scalar = read_between(r, "query_pre_attn_scalar", 1e-4, 1e9, 256);
    c->attention_scale = (float)(1 / sqrt(scalar));
    c->attention_softcap = read_softcap(r, "attn_logit_softcapping", 50);
    c->final_softcap = read_softcap(r, "final_logit_softcapping", 30);
    read_window(r, c, "sliding_window");
    for (int layer = 0; layer < c->n_layers && c->window; layer += 2)
        c->windowed[layer] = true;
    read_layer_types(r, c);
}

static void read_qwen_windows(config_reader *r, model_config *c)
{
    bool sliding = read_bool(r, "use_sliding_window", false);
    read_window(r, c, "sliding_window");
    c->window = sliding ? c->window : 0;
    refuse_true(r, "use_mrope");
    double first = read_double(r, "max_window_layers", 28);
    window_layers(c, first < 0 ? 0 : first > c->n_layers ? c->n_layers : (int)ceil(first));
    read_layer_types(r, c);
}

static void read_qwen3(config_reader *r, model_config *c)
{
    read_attention_bias(r, c);
    read_qwen_windows(r, c);
}

/* ---- tables ---------------------------------------------------------------------------------- */

static const char *const GPT2_IDLE[] = {
    "n_special",
    "predict_special_tokens",
    "n_ctx",
    "resid_pdrop",
    "embd_pdrop",
    "attn_pdrop",
    "summary_type",
    "summary_use_proj",
    "summary_activation",
    "summary_proj_to_labels",
    "summary_first_dropout",
    "reorder_and_upcast_attn", /* the order of products that are exact in real numbers */
    NULL};
static const char *const NEOX_IDLE[] = {
    "attention_dropout",   "hidden_dropout",     "attention_probs_dropout_prob",
    "hidden_dropout_prob", "classifier_dropout", NULL};
static const char *const NEO_IDLE[] = {"resid_dropout",         "embed_dropout",
                                       "attention_dropout",     "classifier_dropout",
                                       "summary_type",          "summary_use_proj",
                                       "summary_activation",    "summary_proj_to_labels",
                                       "summary_first_dropout", NULL};
static const char *const LLAMA_IDLE[] = {"attention_dropout", "pretraining_tp",
                                         /* a product in slices */ NULL};
/* gemma2 follows "hidden_activation" and "sliding_window" alone. */
static const char *const GEMMA2_IDLE[] = {"attention_dropout", "hidden_act", "cache_implementation",
                                          "sliding_window_size", NULL};

#define LLAMA_KEYS                                                                                 \
    {                                                                                              \
        "hidden_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",          \
            "head_dim", "intermediate_size", "max_position_embeddings", "rms_norm_eps",            \
            "hidden_act"                                                                           \
    }

#define LLAMA_NAMES                                                                                \
    .prefix = "model.", .embed = "embed_tokens", .final = "norm", .unembed = "lm_head",            \
    .block = "layers", .ln1 = "input_layernorm", .q = "self_attn.q_proj", .k = "self_attn.k_proj", \
    .v = "self_attn.v_proj", .attention_out = "self_attn.o_proj", .gate = "mlp.gate_proj",         \
    .mlp_in = "mlp.up_proj", .mlp_out = "mlp.down_proj"

#define LLAMA_START(activation)                                                                    \
    .norm = NORM_RMS, .norm_eps = 1e-6f, .act = activation, .gated = true, .rope_theta = 10000,    \
    .embed_scale = 1, .bos = -1, .eos = -1

static const family TABLE[FAMILIES] = {
    [FAMILY_GPT2] = {.type = "gpt2",
                     .start = {.family = FAMILY_GPT2,
                               .context = 1024,
                               .norm = NORM_LAYER,
                               .norm_eps = 1e-5f,
                               .act = ACTIVATION_GELU_TANH,
                               .learned_positions = true,
                               .tied = true,
                               .qkv_bias = true,
                               .attention_out_bias = true,
                               .mlp_bias = true,
                               .embed_scale = 1,
                               .bos = -1,
                               .eos = -1},
                     .keys = {"n_embd", "n_layer", "n_head", NULL, NULL, "n_inner", "n_positions",
                              "layer_norm_epsilon", "activation_function"},
                     .read = read_gpt2,
                     .idle = GPT2_IDLE,
                     .names = {.prefix = "transformer.",
                               .embed = "wte",
                               .positions = "wpe",
                               .final = "ln_f",
                               .unembed = "lm_head",
                               .block = "h",
                               .ln1 = "ln_1",
                               .ln2 = "ln_2",
                               .qkv = "attn.c_attn",
                               .attention_out = "attn.c_proj",
                               .mlp_in = "mlp.c_fc",
                               .mlp_out = "mlp.c_proj",
                               .input_major = true}},
    [FAMILY_GPT_NEOX] = {.type = "gpt_neox",
                         .start = {.family = FAMILY_GPT_NEOX,
                                   .context = 2048,
                                   .norm = NORM_LAYER,
                                   .norm_eps = 1e-5f,
                                   .act = ACTIVATION_GELU,
                                   .parallel = true,
                                   .qkv_interleaved = true,
                                   .rope_theta = 10000,
                                   .qkv_bias = true,
                                   .attention_out_bias = true,
                                   .mlp_bias = true,
                                   .embed_scale = 1,
                                   .bos = -1,
                                   .eos = -1},
                         .mlp_required = true,
                         .keys = {"hidden_size", "num_hidden_layers", "num_attention_heads", NULL,
                                  NULL, "intermediate_size", "max_position_embeddings",
                                  "layer_norm_eps", "hidden_act"},
                         .read = read_neox,
                         .idle = NEOX_IDLE,
                         .names = {.prefix = "gpt_neox.",
                                   .embed = "embed_in",
                                   .final = "final_layer_norm",
                                   .unembed = "embed_out",
                                   .block = "layers",
                                   .ln1 = "input_layernorm",
                                   .ln2 = "post_attention_layernorm",
                                   .qkv = "attention.query_key_value",
                                   .attention_out = "attention.dense",
                                   .mlp_in = "mlp.dense_h_to_4h",
                                   .mlp_out = "mlp.dense_4h_to_h"}},
    [FAMILY_GPT_NEO] = {.type = "gpt_neo",
                        .start = {.family = FAMILY_GPT_NEO,
                                  .context = 2048,
                                  .norm = NORM_LAYER,
                                  .norm_eps = 1e-5f,
                                  .act = ACTIVATION_GELU_TANH,
                                  .learned_positions = true,
                                  .tied = true,
                                  .attention_out_bias = true,
                                  .mlp_bias = true,
                                  .embed_scale = 1,
                                  .attention_scale = 1,
                                  .window = 256,
                                  .bos = -1,
                                  .eos = -1},
                        .keys = {"hidden_size", "num_layers", "num_heads", NULL, NULL,
                                 "intermediate_size", "max_position_embeddings",
                                 "layer_norm_epsilon", "activation_function"},
                        .read = read_gpt_neo,
                        .idle = NEO_IDLE,
                        .names = {.prefix = "transformer.",
                                  .embed = "wte",
                                  .positions = "wpe",
                                  .final = "ln_f",
                                  .unembed = "lm_head",
                                  .block = "h",
                                  .ln1 = "ln_1",
                                  .ln2 = "ln_2",
                                  .q = "attn.attention.q_proj",
                                  .k = "attn.attention.k_proj",
                                  .v = "attn.attention.v_proj",
                                  .attention_out = "attn.attention.out_proj",
                                  .mlp_in = "mlp.c_fc",
                                  .mlp_out = "mlp.c_proj"}},
    [FAMILY_LLAMA] = {.type = "llama",
                      .start = {.family = FAMILY_LLAMA,
                                .context = 2048,
                                LLAMA_START(ACTIVATION_SILU)},
                      .mlp_required = true,
                      .keys = LLAMA_KEYS,
                      .read = read_llama,
                      .idle = LLAMA_IDLE,
                      .names = {LLAMA_NAMES, .ln2 = "post_attention_layernorm"}},
    [FAMILY_MISTRAL] = {.type = "mistral",
                        .start = {.family = FAMILY_MISTRAL,
                                  .n_kv_heads = 8,
                                  .context = 4096 * 32,
                                  .window = 4096,
                                  LLAMA_START(ACTIVATION_SILU)},
                        .mlp_required = true,
                        .keys = LLAMA_KEYS,
                        .read = read_mistral,
                        .idle = LLAMA_IDLE,
                        .names = {LLAMA_NAMES, .ln2 = "post_attention_layernorm"}},
    [FAMILY_GEMMA] = {.type = "gemma",
                      .start = {.family = FAMILY_GEMMA,
                                .n_kv_heads = 16,
                                .d_head = 256,
                                .context = 8192,
                                .gain_plus_one = true,
                                .tied = true,
                                LLAMA_START(ACTIVATION_GELU_TANH)},
                      .mlp_required = true,
                      .keys = {"hidden_size", "num_hidden_layers", "num_attention_heads",
                               "num_key_value_heads", "head_dim", "intermediate_size",
                               "max_position_embeddings", "rms_norm_eps", NULL},
                      .read = read_gemma,
                      .idle = LLAMA_IDLE,
                      .names = {LLAMA_NAMES, .ln2 = "post_attention_layernorm"}},
    [FAMILY_GEMMA2] = {.type = "gemma2",
                       .start = {.family = FAMILY_GEMMA2,
                                 .n_kv_heads = 4,
                                 .d_head = 256,
                                 .context = 8192,
                                 .gain_plus_one = true,
                                 .post_norms = true,
                                 .tied = true,
                                 .window = 4096,
                                 LLAMA_START(ACTIVATION_GELU_TANH)},
                       .mlp_required = true,
                       .keys = {"hidden_size", "num_hidden_layers", "num_attention_heads",
                                "num_key_value_heads", "head_dim", "intermediate_size",
                                "max_position_embeddings", "rms_norm_eps", "hidden_activation"},
                       .read = read_gemma2,
                       .idle = GEMMA2_IDLE,
                       .names = {LLAMA_NAMES, .post1 = "post_attention_layernorm",
                                 .ln2 = "pre_feedforward_layernorm",
                                 .post2 = "post_feedforward_layernorm"}},
    [FAMILY_QWEN2] = {.type = "qwen2",
                      .start = {.family = FAMILY_QWEN2,
                                .n_kv_heads = 32,
                                .context = 32768,
                                .qkv_bias = true,
                                .window = 4096,
                                LLAMA_START(ACTIVATION_SILU)},
                      .mlp_required = true,
                      .keys = LLAMA_KEYS,
                      .read = read_qwen_windows,
                      .idle = LLAMA_IDLE,
                      .names = {LLAMA_NAMES, .ln2 = "post_attention_layernorm"}},
    [FAMILY_QWEN3] = {.type = "qwen3",
                      .start = {.family = FAMILY_QWEN3,
                                .n_kv_heads = 32,
                                .d_head = 128,
                                .context = 32768,
                                .qk_norm = true,
                                .window = 4096,
                                LLAMA_START(ACTIVATION_SILU)},
                      .mlp_required = true,
                      .keys = LLAMA_KEYS,
                      .read = read_qwen3,
                      .idle = LLAMA_IDLE,
                      .names = {LLAMA_NAMES, .ln2 = "post_attention_layernorm",
                                .q_norm = "self_attn.q_norm", .k_norm = "self_attn.k_norm"}},
};

const family *family_of(model_family id)
{
    return &TABLE[id];
}

const family *family_named(const char *type)
{
    for (int i = 0; i < FAMILIES; i++)
        if (!strcmp(TABLE[i].type, type))
            return &TABLE[i];
    return NULL;
}

model_config config_start(model_family id)
{
    return TABLE[id].start;
}

const char *config_family_name(model_family id)
{
    return TABLE[id].type;
}
