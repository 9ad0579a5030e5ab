/* SAELens's cfg.json.
 *
 * Version 6 nests what describes the model under "metadata"; before it everything was flat, some
 * keys had older names and others were missing (SAELens: loading/pretrained_sae_loaders.py,
 * handle_pre_6_0_config, whose defaults are used here). */
#include "sae/config.h"
#include "base/memory.h"
#include "sae/config_keys.h"
#include "sae/saelens.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    sae_architecture architecture;
    bool transcoder, skip;
} architectures[] = {
    {"standard", SAE_STANDARD, false, false},
    {"gated", SAE_GATED, false, false},
    {"topk", SAE_TOPK, false, false},
    {"batchtopk", SAE_BATCHTOPK, false, false},
    {"matryoshka_batchtopk", SAE_MATRYOSHKA_BATCHTOPK, false, false},
    {"jumprelu", SAE_JUMPRELU, false, false},
    {"transcoder", SAE_STANDARD, true, false},
    {"skip_transcoder", SAE_STANDARD, true, true},
    {"jumprelu_transcoder", SAE_JUMPRELU, true, false},
    {"jumprelu_skip_transcoder", SAE_JUMPRELU, true, true},
};

static const struct {
    const char *name, *why;
} refused_architectures[] = {
    {"matching_pursuit", "its features are found one after the other by subtracting from the "
                         "input, so they have no pre-activation to optimise"},
    {"temporal", "its features depend on earlier tokens through attention layers of their own"},
    {"abstopk", "its features may be negative"},
    {"crosscoder", "it reads several layers at once"},
    {"cross_layer_transcoder", "it writes to several layers at once"},
    {"clt", "it writes to several layers at once"},
};

/* ---- pieces of the file ------------------------------------------------------------------------
 */

static bool is_version_6(const cJSON *root, const cJSON *metadata)
{
    const cJSON *version = json_member(root, "sae_lens_version");
    if (!cJSON_IsString(version) && metadata)
        version = json_member(metadata, "sae_lens_version");
    return cJSON_IsString(version) && strtol(version->valuestring, NULL, 10) >= 6;
}

static err_code refuse_architecture(const char *name, const char *where, err *e)
{
    for (size_t i = 0; i < COUNT_OF(refused_architectures); i++)
        if (!strcmp(name, refused_architectures[i].name))
            return err_set(e, E_CONFIG,
                           "%s: \"architecture\" is \"%s\", which is not computed "
                           "here: %s",
                           where, name, refused_architectures[i].why);
    str known = {0};
    for (size_t i = 0; i < COUNT_OF(architectures); i++)
        str_addf(&known, i ? ", %s" : "%s", architectures[i].name);
    err_code rc = err_set(e, E_CONFIG, "%s: \"architecture\" is \"%s\"; supported: %s", where, name,
                          str_text(&known));
    str_release(&known);
    return rc;
}

static err_code set_architecture(sae_config *c, const char *name, const char *where, err *e)
{
    for (size_t i = 0; i < COUNT_OF(architectures); i++) {
        if (strcmp(name, architectures[i].name))
            continue;
        c->architecture = architectures[i].architecture;
        c->transcoder = architectures[i].transcoder;
        c->skip = architectures[i].skip;
        return OK;
    }
    return refuse_architecture(name, where, e);
}

/* Flat files name the nonlinearity apart; "topk" with a k is an architecture of version 6. */
static err_code read_activation(sae_config *c, const cJSON *root, const char *where, err *e)
{
    char name[64] = "relu";
    const char *key = json_member(root, "activation_fn") ? "activation_fn" : "activation_fn_str";
    err_code rc = field_string(name, sizeof name, root, key, where, e);
    if (rc || !strcmp(name, "relu"))
        return rc;
    if (!strcmp(name, "tanh-relu"))
        return err_set(e, E_CONFIG,
                       "%s: \"%s\" is \"tanh-relu\", which SAELens 3 to 5 computed as "
                       "tanh(relu(x)) and SAELens 6 loads as relu; it is not computed here",
                       where, key);
    if (strcmp(name, "topk"))
        return err_set(e, E_CONFIG, "%s: \"%s\" is \"%s\"; supported: relu, topk", where, key,
                       name);
    const cJSON *kwargs = field(root, "activation_fn_kwargs");
    bool with_negative = false;
    rc = need_int(&c->k, kwargs ? kwargs : root, "k", 1, SAE_MAX_F, where, e);
    if (!rc && kwargs)
        rc = field_bool(&with_negative, kwargs, "signed", where, e);
    if (!rc && with_negative)
        rc = err_set(e, E_CONFIG,
                     "%s: \"signed\": top-k that keeps negative activations is not "
                     "computed here",
                     where);
    if (!rc && field(kwargs, "postact_fn"))
        rc = err_set(e, E_CONFIG,
                     "%s: \"postact_fn\" of \"activation_fn_kwargs\" is not computed "
                     "here",
                     where);
    c->architecture = SAE_TOPK;
    return rc;
}

static err_code read_architecture(saelens_config *s, const cJSON *root, bool flat,
                                  const char *where, err *e)
{
    char name[64] = "";
    if (flat)
        snprintf(name, sizeof name, "standard");
    err_code rc = field_string(name, sizeof name, root, "architecture", where, e);
    bool named_topk = !strcmp(name, "topk");
    if (!rc)
        rc = set_architecture(&s->c, name, where, e);
    if (!rc && flat)
        rc = read_activation(&s->c, root, where, e);
    if (!rc && named_topk && !s->c.k) {
        s->c.k = 100; /* SAELens's default: saes/topk_sae.py */
        rc = field_int(&s->c.k, root, "k", 1, SAE_MAX_F, where, e);
    }
    /* The training forms rescale unless they say otherwise (TopKTrainingSAEConfig). */
    s->rescale =
        s->c.architecture == SAE_BATCHTOPK || s->c.architecture == SAE_MATRYOSHKA_BATCHTOPK;
    if (!rc)
        rc = field_bool(&s->rescale, root, "rescale_acts_by_decoder_norm", where, e);
    if (!rc)
        rc = field_bool(&s->finetuned, root, "finetuning_scaling_factor", where, e);
    return rc;
}

static err_code read_sizes(sae_config *c, const cJSON *root, const char *where, err *e)
{
    err_code rc = need_int(&c->d_in, root, "d_in", 1, SAE_MAX_D, where, e);
    if (!rc)
        rc = need_int(&c->d_sae, root, "d_sae", 1, SAE_MAX_F, where, e);
    c->d_out = c->d_in;
    if (!rc && c->transcoder)
        rc = need_int(&c->d_out, root, "d_out", 1, SAE_MAX_D, where, e);
    return rc;
}

err_code saelens_normalization(sae_config *c, const char *name, const char *where, err *e)
{
    c->normalization = SAE_NORMALIZE_NONE;
    c->unfolded = false;
    if (!strcmp(name, "expected_average_only_in"))
        c->unfolded = true;
    else if (!strcmp(name, "constant_norm_rescale"))
        c->normalization = SAE_NORMALIZE_NORM;
    else if (!strcmp(name, "layer_norm"))
        c->normalization = SAE_NORMALIZE_LAYER_NORM;
    else if (!strcmp(name, "covariance_whitening"))
        return err_set(e, E_CONFIG,
                       "%s: \"normalize_activations\" is \"covariance_whitening\", which SAELens "
                       "folds into the weights of the SAE it saves at the end; this is an unfolded "
                       "checkpoint",
                       where);
    else if (strcmp(name, "none"))
        return err_set(e, E_CONFIG,
                       "%s: \"normalize_activations\" is \"%s\"; supported: none, "
                       "expected_average_only_in, constant_norm_rescale, layer_norm",
                       where, name);
    return OK;
}

static err_code read_normalization(sae_config *c, const cJSON *root, const char *where, err *e)
{
    const cJSON *item = field(root, "normalize_activations");
    if (!item || cJSON_IsFalse(item))
        return OK;
    char name[64] = "expected_average_only_in"; /* what true meant before it had a name */
    err_code rc = OK;
    if (!cJSON_IsTrue(item))
        rc = field_string(name, sizeof name, root, "normalize_activations", where, e);
    return rc ? rc : saelens_normalization(c, name, where, e);
}

static err_code read_dtype(const cJSON *root, str *notes, const char *where, err *e)
{
    static const char *const names[] = {"float32", "float16", "bfloat16", "float64"};
    char text[64] = "float32";
    err_code rc = field_string(text, sizeof text, root, "dtype", where, e);
    if (rc)
        return rc;
    const char *name = strncmp(text, "torch.", 6) ? text : text + 6;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (strcmp(name, names[i]))
            continue;
        if (i)
            note_add(notes,
                     "The SAE asks for %s arithmetic; it is computed in float32 from the weights "
                     "as they are stored, so features close to their threshold may differ.",
                     name);
        return OK;
    }
    return err_set(e, E_CONFIG,
                   "%s: \"dtype\" is \"%s\"; known: float32, float16, bfloat16, "
                   "float64",
                   where, text);
}

bool saelens_is_hook_z(const char *hook)
{
    size_t n = strlen(hook);
    return n >= 2 && strcmp(hook + n - 2, "_z") == 0;
}

static err_code read_reshape(const sae_config *c, const cJSON *root, const char *where, err *e)
{
    char text[32] = "none";
    err_code rc = field_string(text, sizeof text, root, "reshape_activations", where, e);
    if (rc || !strcmp(text, "none"))
        return rc;
    if (strcmp(text, "hook_z"))
        return err_set(e, E_CONFIG, "%s: \"reshape_activations\" is \"%s\"; known: none, hook_z",
                       where, text);
    if (c->hook[0] && !saelens_is_hook_z(c->hook))
        return err_set(e, E_CONFIG, "%s: \"reshape_activations\" is \"hook_z\", but the hook is %s",
                       where, c->hook);
    return OK;
}

/* ---- what it was trained on --------------------------------------------------------------------
 */

static err_code read_head(bool *has, int *head, const cJSON *origin, const char *key,
                          const char *old_key, const char *where, err *e)
{
    const char *name = field(origin, key) || !old_key ? key : old_key;
    *has = field(origin, name) != NULL;
    return field_int(head, origin, name, 0, SAE_MAX_D, where, e);
}

/* [start, stop, step], each may be null, later ones missing. */
static err_code read_slice(sae_slice *s, const cJSON *origin, const char *where, err *e)
{
    const cJSON *list = field(origin, "seqpos_slice");
    if (!list)
        return OK;
    int64_t value[3] = {0};
    bool has[3] = {false};
    int n = 0;
    const cJSON *item;
    bool good = cJSON_IsArray(list) && cJSON_GetArraySize(list) <= 3;
    if (good)
        cJSON_ArrayForEach(item, list) {
            double number = cJSON_IsNumber(item) ? item->valuedouble : 0;
            good = good && (cJSON_IsNumber(item) || cJSON_IsNull(item)) &&
                   number >= -SAE_MAX_CONTEXT && number <= SAE_MAX_CONTEXT;
            if (!good)
                break;
            has[n] = cJSON_IsNumber(item);
            value[n++] = (int64_t)number;
            good = (double)value[n - 1] == number;
        }
    if (!good || (has[2] && value[2] < 1))
        return err_set(e, E_CONFIG,
                       "%s: \"seqpos_slice\" should be a list of start, stop and step, whole "
                       "numbers or null, the step above 0",
                       where);
    *s = (sae_slice){.has_start = has[0],
                     .has_stop = has[1],
                     .start = (int)value[0],
                     .stop = (int)value[1],
                     .step = (int)value[2]};
    return OK;
}

static err_code read_excluded(sae_config *c, const cJSON *origin, const char *where, err *e)
{
    const cJSON *given = field(origin, "exclude_special_tokens");
    if (!given || cJSON_IsBool(given)) {
        c->exclude_special = cJSON_IsTrue(given);
        return OK;
    }
    bool good = cJSON_IsArray(given) && cJSON_GetArraySize(given) <= SAE_MAX_EXCLUDED;
    const cJSON *item;
    if (good)
        cJSON_ArrayForEach(item, given) {
            good = cJSON_IsNumber(item) && item->valuedouble >= 0 && item->valuedouble < INT32_MAX;
            if (!good)
                break;
            c->excluded[c->n_excluded++] = (int32_t)item->valuedouble;
        }
    return good ? OK
                : err_set(e, E_CONFIG,
                          "%s: \"exclude_special_tokens\" should be true, false or a list of at "
                          "most %d token ids",
                          where, SAE_MAX_EXCLUDED);
}

/* Training choices that a run's statistics do not follow. */
static void note_training(const sae_config *c, str *notes)
{
    const sae_slice *s = &c->positions;
    if ((s->has_start && s->start) || s->has_stop || s->step > 1)
        note_add(notes, "It was trained on some positions of each sequence only (seqpos_slice); "
                        "statistics here count all.");
    if (c->n_excluded)
        note_add(notes,
                 "%d token ids were left out of its training (exclude_special_tokens); statistics "
                 "here leave out the tokenizer's special tokens.",
                 c->n_excluded);
}

/* Under "metadata" in version 6, at the top before. */
static err_code read_origin(sae_config *c, const cJSON *origin, str *notes, const char *where,
                            err *e)
{
    const char *hook_key = field(origin, "hook_name") ? "hook_name" : "hook_point";
    err_code rc = field_string(c->hook, sizeof c->hook, origin, hook_key, where, e);
    if (!rc)
        rc = field_string(c->hook_out, sizeof c->hook_out, origin, "hook_name_out", where, e);
    if (!rc)
        rc = field_string(c->model, sizeof c->model, origin, "model_name", where, e);
    if (!rc)
        rc = field_bool(&c->prepend_bos, origin, "prepend_bos", where, e);
    if (!rc)
        rc = field_int(&c->context, origin, "context_size", 1, SAE_MAX_CONTEXT, where, e);
    if (!rc)
        rc = read_head(&c->has_head, &c->head, origin, "hook_head_index", "hook_point_head_index",
                       where, e);
    if (!rc)
        rc = read_head(&c->has_head_out, &c->head_out, origin, "hook_head_index_out", NULL, where,
                       e);
    if (!rc)
        rc = read_slice(&c->positions, origin, where, e);
    if (!rc)
        rc = read_excluded(c, origin, where, e);
    if (!rc)
        note_training(c, notes);
    const cJSON *kwargs = field(origin, "model_from_pretrained_kwargs");
    return rc || !kwargs ? rc : config_keys_model(c, kwargs, notes, where, e);
}

/* ---- the whole ---------------------------------------------------------------------------------
 */

err_code sae_config_check(const sae_config *c, const char *where, err *e)
{
    const struct {
        const char *name;
        int value, most;
    } sizes[] = {{"d_in", c->d_in, SAE_MAX_D},
                 {"d_sae", c->d_sae, SAE_MAX_F},
                 {"d_out", c->d_out, SAE_MAX_D}};
    for (size_t i = 0; i < COUNT_OF(sizes); i++)
        if (sizes[i].value < 1 || sizes[i].value > sizes[i].most)
            return err_set(e, E_CONFIG, "%s: %s is %d, it should be 1 to %d", where, sizes[i].name,
                           sizes[i].value, sizes[i].most);
    if ((c->architecture == SAE_TOPK) != (c->k > 0) || c->k < 0 || c->k > c->d_sae)
        return err_set(e, E_CONFIG,
                       "%s: k is %d, it should be 1 to d_sae (%d) for top-k, 0 for others", where,
                       c->k, c->d_sae);
    if (c->skip && !c->transcoder)
        return err_set(e, E_CONFIG, "%s: only transcoders have skip connections", where);
    if (!c->transcoder && c->d_out != c->d_in)
        return err_set(e, E_CONFIG, "%s: d_out is %d, d_in is %d; only a transcoder's differ",
                       where, c->d_out, c->d_in);
    if (c->transcoder && c->apply_b_dec_to_input)
        return err_set(e, E_CONFIG,
                       "%s: \"apply_b_dec_to_input\" is true, but a transcoder's b_dec belongs to "
                       "its output",
                       where);
    return OK;
}

static err_code parse_object(saelens_config *s, str *notes, const cJSON *root, const char *where,
                             err *e)
{
    const cJSON *metadata = json_member(root, "metadata");
    bool flat = !is_version_6(root, metadata);
    if (!flat && !cJSON_IsObject(metadata))
        return err_set(e, E_CONFIG, "%s: a version 6 file has an object \"metadata\"", where);
    err_code rc = read_architecture(s, root, flat, where, e);
    if (!rc)
        rc = config_keys_check(root, notes, where, e);
    if (!rc)
        rc = read_sizes(&s->c, root, where, e);
    if (!rc)
        rc = field_bool(&s->c.apply_b_dec_to_input, root, "apply_b_dec_to_input", where, e);
    if (!rc)
        rc = read_normalization(&s->c, root, where, e);
    if (!rc)
        rc = read_dtype(root, notes, where, e);
    if (!rc)
        rc = read_origin(&s->c, flat ? root : metadata, notes, where, e);
    if (!rc)
        rc = read_reshape(&s->c, root, where, e);
    return rc ? rc : sae_config_check(&s->c, where, e);
}

err_code saelens_config_parse(saelens_config *out, str *notes, const char *text, size_t n,
                              const char *where, err *e)
{
    cJSON *root = NULL;
    saelens_config s = {.c = {.apply_b_dec_to_input = true, .prepend_bos = true}};
    err_code rc = object_parse(&root, text, n, where, e);
    if (!rc)
        rc = parse_object(&s, notes, root, where, e);
    cJSON_Delete(root);
    if (!rc)
        *out = s;
    return rc;
}

err_code sae_config_parse(sae_config *out, const char *text, size_t n, const char *where, err *e)
{
    saelens_config s;
    err_code rc = saelens_config_parse(&s, NULL, text, n, where, e);
    if (!rc)
        *out = s.c;
    return rc;
}

const char *sae_architecture_name(char buf[SAE_ARCHITECTURE_TEXT], const sae_config *c)
{
    static const char *const names[] = {
        [SAE_STANDARD] = "standard",   [SAE_JUMPRELU] = "jumprelu",
        [SAE_GATED] = "gated",         [SAE_TOPK] = "topk",
        [SAE_BATCHTOPK] = "batchtopk", [SAE_MATRYOSHKA_BATCHTOPK] = "matryoshka_batchtopk",
    };
    if (!c->transcoder)
        snprintf(buf, SAE_ARCHITECTURE_TEXT, "%s", names[c->architecture]);
    else
        snprintf(buf, SAE_ARCHITECTURE_TEXT, "%s%s%stranscoder",
                 c->architecture == SAE_STANDARD ? "" : names[c->architecture],
                 c->architecture == SAE_STANDARD ? "" : "_", c->skip ? "skip_" : "");
    return buf;
}
