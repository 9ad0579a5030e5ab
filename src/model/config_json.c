/* config.json of Hugging Face transformers -> model_config.
 *
 * Spellings of both transformers 4 and 5 are read (version 5 moved the rotary settings into
 * "rope_parameters"). Every key is either read, listed as without influence on the forward pass, or
 * refused by name. */
#include "base/memory.h"
#include "base/str.h"
#include "model/family.h"
#include <limits.h>
#include <string.h>

/* Bounds on single sizes: above every published model of these families, and small enough for
 * int products of two of them with a factor. config_check() looks at them together. */
enum { MOST_WIDTH = 1 << 20, MOST_VOCABULARY = 1 << 22, MOST_CONTEXT = 1 << 24 };

/* Training, generation and bookkeeping: what transformers 4 and 5 write for any model. */
static const char *const IDLE[] = {"architectures",
                                   "transformers_version",
                                   "torch_dtype",
                                   "dtype",
                                   "auto_map",
                                   "_name_or_path",
                                   "name_or_path",
                                   "_commit_hash",
                                   "_attn_implementation",
                                   "_attn_implementation_autoset",
                                   "attn_implementation",
                                   "use_cache",
                                   "use_bfloat16",
                                   "gradient_checkpointing",
                                   "initializer_range",
                                   "pad_token_id",
                                   "sep_token_id",
                                   "tokenizer_class",
                                   "prefix",
                                   "finetuning_task",
                                   "task_specific_params",
                                   "problem_type",
                                   "id2label",
                                   "label2id",
                                   "num_labels",
                                   "_num_labels",
                                   "output_past",
                                   "xla_device",
                                   "unsloth_fixed",
                                   "unsloth_version",
                                   "transformers.js_config",
                                   "return_dict",
                                   "return_dict_in_generate",
                                   "output_hidden_states",
                                   "output_attentions",
                                   "output_scores",
                                   "torchscript",
                                   "tie_encoder_decoder",
                                   "is_decoder",
                                   "decoder_start_token_id",
                                   "chunk_size_feed_forward",
                                   "max_length",
                                   "min_length",
                                   "do_sample",
                                   "early_stopping",
                                   "num_beams",
                                   "num_beam_groups",
                                   "diversity_penalty",
                                   "temperature",
                                   "top_k",
                                   "top_p",
                                   "typical_p",
                                   "repetition_penalty",
                                   "length_penalty",
                                   "no_repeat_ngram_size",
                                   "encoder_no_repeat_ngram_size",
                                   "bad_words_ids",
                                   "num_return_sequences",
                                   "forced_bos_token_id",
                                   "forced_eos_token_id",
                                   "remove_invalid_values",
                                   "exponential_decay_length_penalty",
                                   "suppress_tokens",
                                   "begin_suppress_tokens",
                                   "tf_legacy_loss",
                                   NULL};

activation read_activation(config_reader *r, const char *key, const char *fallback)
{
    static const struct {
        const char *name;
        activation kind;
    } names[] = {{"gelu", ACTIVATION_GELU},
                 {"gelu_python", ACTIVATION_GELU},
                 {"gelu_new", ACTIVATION_GELU_TANH},
                 {"gelu_fast", ACTIVATION_GELU_TANH},
                 {"gelu_pytorch_tanh", ACTIVATION_GELU_TANH},
                 {"gelu_python_tanh", ACTIVATION_GELU_TANH},
                 {"silu", ACTIVATION_SILU},
                 {"swish", ACTIVATION_SILU},
                 {"relu", ACTIVATION_RELU}};
    const char *name = read_string(r, key, fallback);
    for (size_t i = 0; i < COUNT_OF(names) && !r->rc; i++)
        if (!strcmp(name, names[i].name))
            return names[i].kind;
    reader_fail(r, E_CONFIG,
                "\"%s\" is \"%.60s\", an activation this program does not compute (it has gelu, "
                "gelu_new, gelu_pytorch_tanh, silu, relu)",
                key, name);
    return ACTIVATION_GELU;
}

/* One id, or the first of a list (Llama 3 ends texts in several ways). */
static int read_token(config_reader *r, const char *key)
{
    const cJSON *item = reader_member(r, key);
    if (cJSON_IsArray(item))
        item = cJSON_GetArrayItem(item, 0);
    if (!item)
        return -1;
    double id = cJSON_IsNumber(item) ? item->valuedouble : -1;
    if (!(id >= 0 && id <= INT_MAX) || id != (int)id) {
        reader_fail(r, E_FORMAT, "\"%s\" is no token id and no list of them", key);
        return -1;
    }
    return (int)id;
}

/* ---- rotation ----------------------------------------------------------------------------------
 */

static const char *rope_type_of(config_reader *r)
{
    const char *old = read_string(r, "type", "default");
    return read_string(r, "rope_type", old);
}

static void read_llama3(config_reader *r, rope_scaling *s, double original)
{
    s->kind = ROPE_LLAMA3;
    s->factor = read_between(r, "factor", 1e-3, 1e6, 0);
    s->low = read_between(r, "low_freq_factor", 1e-6, 1e6, 0);
    s->high = read_between(r, "high_freq_factor", 1e-6, 1e6, 0);
    s->original = read_between(r, "original_max_position_embeddings", 1, 1e9, original);
    if (!(s->factor > 0 && s->low > 0 && s->high > s->low))
        reader_fail(r, E_CONFIG,
                    "llama3 rotary scaling needs \"factor\", \"low_freq_factor\" and a larger "
                    "\"high_freq_factor\"");
}

/* The object that says how rotation is scaled, with what else it may hold. */
static void read_rope_object(config_reader *r, model_config *c, double *share, double original,
                             const char *key)
{
    const char *type = rope_type_of(r);
    *share = read_double(r, "partial_rotary_factor", *share);
    c->rope_theta = read_double(r, "rope_theta", c->rope_theta);
    if (!r->rc && !strcmp(type, "llama3")) {
        read_llama3(r, &c->rope, original);
    } else if (!r->rc && !strcmp(type, "linear")) {
        c->rope.kind = ROPE_LINEAR;
        c->rope.factor = read_between(r, "factor", 1e-3, 1e6, 0);
        if (!(c->rope.factor > 0))
            reader_fail(r, E_CONFIG, "linear rotary scaling needs \"factor\"");
    } else if (strcmp(type, "default")) {
        reader_fail(r, E_CONFIG,
                    "\"%s\" asks for %.60s rotary scaling, which this program does not compute (it "
                    "has default, linear, llama3)",
                    key, type);
    }
    char inside[32];
    snprintf(inside, sizeof inside, "%s: ", key);
    refuse_unasked(r, NULL, NULL, inside);
}

static void read_rope(config_reader *r, model_config *c)
{
    double share = c->family == FAMILY_GPT_NEOX ? 0.25 : 1;
    if (c->family == FAMILY_GPT_NEOX) {
        share = read_double(r, "rotary_pct", share);
        c->rope_theta = read_double(r, "rotary_emb_base", c->rope_theta);
    }
    share = read_double(r, "partial_rotary_factor", share);
    c->rope_theta = read_double(r, "rope_theta", c->rope_theta);
    const cJSON *older = reader_member(r, "rope_scaling");
    const cJSON *newer = reader_member(r, "rope_parameters"), *rope = newer ? newer : older;
    const char *key = newer ? "rope_parameters" : "rope_scaling";
    /* Where a file has it beside the others, it is the pretraining length (transformers 5:
     * standardize_rope_params). */
    double original = read_between(r, "original_max_position_embeddings", 1, 1e9, c->context);
    if (older && newer)
        reader_fail(r, E_CONFIG, "\"rope_scaling\" and \"rope_parameters\" say it twice");
    if (rope && !cJSON_IsObject(rope))
        reader_fail(r, E_FORMAT, "\"%s\" should be an object", key);
    if (rope && !r->rc) {
        config_reader inner = {.object = rope, .where = r->where, .e = r->e};
        read_rope_object(&inner, c, &share, original, key);
        r->rc = inner.rc;
    }
    if (!(share >= 0 && share <= 1))
        reader_fail(r, E_CONFIG, "the rotating part of a head is %g, not 0 to 1", share);
    c->rotary = r->rc ? 0 : (int)(c->d_head * share);
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

static int default_head_width(config_reader *r, const model_config *c, const size_keys *keys)
{
    if (c->d_head)
        return c->d_head;
    if (c->d_model % c->n_heads && !(keys->head_width && reader_member(r, keys->head_width)))
        reader_fail(r, E_CONFIG, "%s %d is not a multiple of %d heads", keys->d_model, c->d_model,
                    c->n_heads);
    return c->d_model / c->n_heads;
}

static void read_sizes(config_reader *r, model_config *c, const family *f)
{
    const size_keys *keys = &f->keys;
    c->d_model = read_size(r, keys->d_model, MOST_WIDTH);
    c->n_layers = read_size(r, keys->layers, CONFIG_MAX_LAYERS);
    c->n_heads = read_size(r, keys->heads, MOST_WIDTH);
    c->d_vocab = read_size(r, "vocab_size", MOST_VOCABULARY);
    if (keys->kv_heads) /* null: as many as heads; absent: the family's number */
        c->n_kv_heads = read_size_or(r, keys->kv_heads, MOST_WIDTH,
                                     json_member(r->object, keys->kv_heads) ? 0 : c->n_kv_heads);
    c->n_kv_heads = c->n_kv_heads ? c->n_kv_heads : c->n_heads;
    c->d_head = default_head_width(r, c, keys);
    if (keys->head_width)
        c->d_head = read_size_or(r, keys->head_width, MOST_WIDTH, c->d_head);
    c->d_mlp = f->mlp_required ? read_size(r, keys->mlp, MOST_WIDTH * 4)
                               : read_size_or(r, keys->mlp, MOST_WIDTH * 4, 4 * c->d_model);
    c->context = read_size_or(r, keys->context, MOST_CONTEXT, c->context);
}

static void parse_family(config_reader *r, model_config *c, const family *f)
{
    *c = f->start;
    reader_member(r, "model_type");
    read_sizes(r, c, f);
    c->norm_eps = (float)read_double(r, f->keys.eps, (double)c->norm_eps);
    if (f->keys.act && reader_member(r, f->keys.act))
        c->act = read_activation(r, f->keys.act, "");
    c->tied = read_bool(r, "tie_word_embeddings", c->tied);
    c->bos = read_token(r, "bos_token_id");
    c->eos = read_token(r, "eos_token_id");
    refuse_true(r, "is_encoder_decoder");
    refuse_true(r, "add_cross_attention");
    const cJSON *pruned = reader_member(r, "pruned_heads");
    if (pruned && cJSON_GetArraySize(pruned))
        reader_fail(r, E_CONFIG, "\"pruned_heads\" leaves heads out, which is not computed here");
    if (c->rope_theta > 0 && !r->rc)
        read_rope(r, c);
    if (f->read && !r->rc)
        f->read(r, c);
    if (!r->rc)
        refuse_unasked(r, IDLE, f->idle, "");
}

static err_code refuse_family(const char *type, const char *where, err *e)
{
    str list = {0};
    for (int i = 0; i < FAMILIES; i++)
        str_addf(&list, "%s%s", i ? ", " : "", config_family_name((model_family)i));
    err_set(e, E_CONFIG, "%s: models of type \"%.60s\" cannot be loaded; these can: %s", where,
            type, str_text(&list));
    str_release(&list);
    return E_CONFIG;
}

err_code config_parse(model_config *out, const char *text, size_t n, const char *where, err *e)
{
    cJSON *tree = NULL;
    err_code rc = json_parse(&tree, text, n, where, e);
    if (rc)
        return rc;
    const char *type = NULL;
    const family *f = NULL;
    if (!cJSON_IsObject(tree))
        rc = err_set(e, E_FORMAT, "%s: not a JSON object", where);
    else
        rc = json_string(&type, tree, "model_type", where, e);
    if (!rc && !(f = family_named(type)))
        rc = refuse_family(type, where, e);
    if (!rc) {
        config_reader r = {.object = tree, .where = where, .e = e};
        parse_family(&r, out, f);
        rc = r.rc;
    }
    if (!rc)
        rc = config_check(out, where, e);
    cJSON_Delete(tree);
    return rc;
}
