/* config.json of Hugging Face transformers -> model_config.
 *
 * Spellings of both transformers 4 and 5 are read (version 5 moved the rotary settings into
 * "rope_parameters"). Every key is either read here, listed as without influence on the forward
 * pass, or refused by name. */
#include "base/json.h"
#include "base/memory.h"
#include "model/config.h"
#include <limits.h>
#include <string.h>

typedef struct reader {
    const cJSON *object;
    const char *where;
    err *e;
    err_code rc; /* sticky: the first failure */
} reader;

static bool present(const cJSON *object, const char *key)
{
    const cJSON *item = json_member(object, key);
    return item && !cJSON_IsNull(item);
}

static int read_int(reader *r, const char *key, int fallback, bool required)
{
    int64_t value = fallback;
    if (r->rc || (!required && !present(r->object, key)))
        return fallback;
    r->rc = json_int(&value, r->object, key, r->where, r->e);
    if (!r->rc && (value < INT_MIN || value > INT_MAX))
        r->rc = err_set(r->e, E_CONFIG, "%s: \"%s\" is out of range", r->where, key);
    return r->rc ? fallback : (int)value;
}

static double read_double(reader *r, const char *key, double fallback)
{
    if (!r->rc && present(r->object, key))
        r->rc = json_double(&fallback, r->object, key, r->where, r->e);
    return fallback;
}

static bool read_bool(reader *r, const char *key, bool fallback)
{
    if (!r->rc && present(r->object, key))
        r->rc = json_bool(&fallback, r->object, key, r->where, r->e);
    return fallback;
}

static const char *read_string(reader *r, const char *key, const char *fallback)
{
    if (!r->rc && present(r->object, key))
        r->rc = json_string(&fallback, r->object, key, r->where, r->e);
    return fallback;
}

static activation read_activation(reader *r, const char *key)
{
    static const struct {
        const char *name;
        activation kind;
    } names[] = {{"gelu", ACTIVATION_GELU},
                 {"gelu_new", ACTIVATION_GELU_TANH},
                 {"gelu_fast", ACTIVATION_GELU_TANH},
                 {"gelu_pytorch_tanh", ACTIVATION_GELU_TANH},
                 {"silu", ACTIVATION_SILU},
                 {"swish", ACTIVATION_SILU},
                 {"relu", ACTIVATION_RELU}};
    const char *name = read_string(r, key, "gelu");
    for (size_t i = 0; i < COUNT_OF(names) && !r->rc; i++)
        if (!strcmp(name, names[i].name))
            return names[i].kind;
    if (!r->rc)
        r->rc = err_set(r->e, E_CONFIG,
                        "%s: \"%s\" is \"%.60s\", an activation this program does not compute "
                        "(it has gelu, gelu_new, gelu_pytorch_tanh, silu, relu)",
                        r->where, key, name);
    return ACTIVATION_GELU;
}

/* Only unscaled rotary positions are computed. */
static void refuse_scaling(reader *r, const cJSON *rope, const char *key)
{
    if (r->rc || !cJSON_IsObject(rope))
        return;
    const cJSON *type = json_member(rope, "rope_type");
    type = type ? type : json_member(rope, "type");
    if (!type || (cJSON_IsString(type) && !strcmp(type->valuestring, "default")))
        return;
    r->rc = err_set(r->e, E_CONFIG,
                    "%s: \"%s\" asks for %.60s rotary scaling, which this program "
                    "does not compute",
                    r->where, key, cJSON_IsString(type) ? type->valuestring : "an unnamed kind of");
}

static void read_rotary(reader *r, model_config *c)
{
    double fraction = read_double(r, "rotary_pct", 0.25);
    fraction = read_double(r, "partial_rotary_factor", fraction);
    c->rope_theta = read_double(r, "rotary_emb_base", 10000);
    c->rope_theta = read_double(r, "rope_theta", c->rope_theta);
    refuse_scaling(r, json_member(r->object, "rope_scaling"), "rope_scaling");
    const cJSON *rope = json_member(r->object, "rope_parameters");
    if (cJSON_IsObject(rope)) {
        refuse_scaling(r, rope, "rope_parameters");
        reader inner = {.object = rope, .where = r->where, .e = r->e, .rc = r->rc};
        fraction = read_double(&inner, "partial_rotary_factor", fraction);
        c->rope_theta = read_double(&inner, "rope_theta", c->rope_theta);
        r->rc = inner.rc;
    }
    if (!r->rc && !(fraction >= 0 && fraction <= 1))
        r->rc = err_set(r->e, E_CONFIG, "%s: the rotating part of a head is %g, not 0 to 1",
                        r->where, fraction);
    if (!r->rc)
        c->rotary = (int)(c->d_head * fraction);
}

/* Read above or below, or without influence on what the network computes. */
static const char *const NEOX_KEYS[] = {
    "model_type", "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size",
    "vocab_size", "max_position_embeddings", "layer_norm_eps", "hidden_act", "rotary_pct",
    "partial_rotary_factor", "rotary_emb_base", "rope_theta", "rope_scaling", "rope_parameters",
    "use_parallel_residual", "attention_bias", "tie_word_embeddings", "bos_token_id",
    "eos_token_id",
    /* without influence: training, generation and bookkeeping */
    "architectures", "torch_dtype", "dtype", "transformers_version", "_name_or_path", "use_cache",
    "initializer_range", "classifier_dropout", "attention_dropout", "hidden_dropout",
    "attention_probs_dropout_prob", "hidden_dropout_prob", "pad_token_id", "return_dict",
    "id2label", "label2id", "problem_type", "_attn_implementation", "is_decoder"};

static err_code refuse_unknown(const cJSON *object, const char *where, err *e)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, object) {
        bool known = cJSON_IsNull(item) || cJSON_IsFalse(item); /* absent, in other words */
        for (size_t i = 0; i < COUNT_OF(NEOX_KEYS) && !known; i++)
            known = !strcmp(item->string, NEOX_KEYS[i]);
        if (!known)
            return err_set(e, E_CONFIG,
                           "%s: \"%.100s\" is a setting this program does not know; remove it if "
                           "it changes nothing in the forward pass",
                           where, item->string);
    }
    return OK;
}

static err_code parse_neox(model_config *c, const cJSON *object, const char *where, err *e)
{
    reader r = {.object = object, .where = where, .e = e};
    *c = config_neox();
    c->d_model = read_int(&r, "hidden_size", 0, true);
    c->n_layers = read_int(&r, "num_hidden_layers", 0, true);
    c->n_heads = read_int(&r, "num_attention_heads", 0, true);
    c->n_kv_heads = c->n_heads;
    c->d_mlp = read_int(&r, "intermediate_size", 0, true);
    c->d_vocab = read_int(&r, "vocab_size", 0, true);
    c->context = read_int(&r, "max_position_embeddings", 2048, false);
    c->norm_eps = (float)read_double(&r, "layer_norm_eps", 1e-5);
    c->act = read_activation(&r, "hidden_act");
    c->parallel = read_bool(&r, "use_parallel_residual", true);
    c->qkv_bias = c->attention_out_bias = read_bool(&r, "attention_bias", true);
    c->tied = read_bool(&r, "tie_word_embeddings", false);
    c->bos = read_int(&r, "bos_token_id", -1, false);
    c->eos = read_int(&r, "eos_token_id", -1, false);
    if (!r.rc && (c->n_heads < 1 || c->d_model < 1 || c->d_model % c->n_heads))
        r.rc = err_set(e, E_CONFIG, "%s: hidden_size %d is not a multiple of %d heads", where,
                       c->d_model, c->n_heads);
    if (r.rc)
        return r.rc;
    c->d_head = c->d_model / c->n_heads;
    read_rotary(&r, c);
    return r.rc ? r.rc : refuse_unknown(object, where, e);
}

err_code config_parse(model_config *out, const char *text, size_t n, const char *where, err *e)
{
    cJSON *tree = NULL;
    err_code rc = json_parse(&tree, text, n, where, e);
    if (rc)
        return rc;
    const char *type = NULL;
    if (!cJSON_IsObject(tree))
        rc = err_set(e, E_FORMAT, "%s: not a JSON object", where);
    else
        rc = json_string(&type, tree, "model_type", where, e);
    if (!rc && strcmp(type, "gpt_neox"))
        rc = err_set(e, E_CONFIG,
                     "%s: models of type \"%.60s\" cannot be loaded yet; gpt_neox can (Pythia)",
                     where, type);
    if (!rc)
        rc = parse_neox(out, tree, where, e);
    if (!rc)
        rc = config_check(out, where, e);
    cJSON_Delete(tree);
    return rc;
}
