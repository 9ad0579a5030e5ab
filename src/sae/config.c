/* cfg.json in and out.
 *
 * Version 6 nests what describes the model under "metadata"; before it everything was flat, some
 * keys had older names and others were missing (SAELens: loading/pretrained_sae_loaders.py,
 * handle_pre_6_0_config, whose defaults are used here). */
#include "sae/config.h"
#include "base/json.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Keeps products of sizes inside 64 bits and obviously wrong files out of the allocator. */
#define MAX_D_IN (1 << 20)
#define MAX_D_SAE (1 << 25)

/* The version the files we write follow. */
#define SAELENS_VERSION "6.18.0"

/* Optional members: `value` keeps its default when the key is absent or null. */
static err_code optional_bool(bool *value, const cJSON *object, const char *key,
                              const char *where, err *e)
{
    const cJSON *item = json_member(object, key);
    return !item || cJSON_IsNull(item) ? OK : json_bool(value, object, key, where, e);
}

static err_code optional_string(char *value, size_t size, const cJSON *object, const char *key,
                                const char *where, err *e)
{
    const cJSON *item = json_member(object, key);
    if (!item || cJSON_IsNull(item))
        return OK;
    const char *text = NULL;
    err_code rc = json_string(&text, object, key, where, e);
    if (!rc && strlen(text) >= size)
        rc = err_set(e, E_CONFIG, "%s: \"%s\" is %zu bytes long, at most %zu are allowed", where,
                     key, strlen(text), size - 1);
    if (!rc)
        snprintf(value, size, "%s", text);
    return rc;
}

static err_code read_size(int *out, const cJSON *object, const char *key, int limit,
                          const char *where, err *e)
{
    int64_t value = 0;
    err_code rc = json_int(&value, object, key, where, e);
    if (!rc && (value < 1 || value > limit))
        rc = err_set(e, E_CONFIG, "%s: \"%s\" is %lld, it should be 1 to %d", where, key,
                     (long long)value, limit);
    if (!rc)
        *out = (int)value;
    return rc;
}

static bool is_version_6(const cJSON *root, const cJSON *metadata)
{
    const cJSON *version = json_member(root, "sae_lens_version");
    if (!cJSON_IsString(version) && metadata)
        version = json_member(metadata, "sae_lens_version");
    return cJSON_IsString(version) && strtol(version->valuestring, NULL, 10) >= 6;
}

static err_code read_architecture(sae_config *c, const cJSON *root, bool flat, const char *where,
                                  err *e)
{
    char name[64] = "", activation_name[64] = "relu";
    if (flat)
        snprintf(name, sizeof name, "standard");
    err_code rc = optional_string(name, sizeof name, root, "architecture", where, e);
    const char *key = json_member(root, "activation_fn") ? "activation_fn" : "activation_fn_str";
    if (!rc && flat)
        rc = optional_string(activation_name, sizeof activation_name, root, key, where, e);
    if (rc)
        return rc;
    if (strcmp(activation_name, "relu"))
        return err_set(e, E_CONFIG, "%s: \"%s\" is \"%s\"; supported: relu", where, key,
                       activation_name);
    if (!strcmp(name, "standard"))
        c->architecture = SAE_STANDARD;
    else if (!strcmp(name, "jumprelu"))
        c->architecture = SAE_JUMPRELU;
    else
        return err_set(e, E_CONFIG,
                       "%s: \"architecture\" is \"%s\"; supported: standard, jumprelu "
                       "(batchtopk SAEs are saved as jumprelu for inference)",
                       where, name);
    return OK;
}

static err_code read_normalization(sae_config *c, const cJSON *root, const char *where, err *e)
{
    const cJSON *item = json_member(root, "normalize_activations");
    if (!item || cJSON_IsNull(item) || cJSON_IsFalse(item))
        return OK;
    char name[64] = "expected_average_only_in"; /* what true meant before it had a name */
    err_code rc = OK;
    if (!cJSON_IsTrue(item))
        rc = optional_string(name, sizeof name, root, "normalize_activations", where, e);
    if (rc)
        return rc;
    if (!strcmp(name, "expected_average_only_in"))
        c->unfolded = true;
    else if (!strcmp(name, "constant_norm_rescale"))
        c->normalization = SAE_NORMALIZE_NORM;
    else if (!strcmp(name, "layer_norm"))
        c->normalization = SAE_NORMALIZE_LAYER_NORM;
    else if (strcmp(name, "none"))
        return err_set(e, E_CONFIG,
                       "%s: \"normalize_activations\" is \"%s\"; supported: none, "
                       "expected_average_only_in, constant_norm_rescale, layer_norm",
                       where, name);
    return OK;
}

/* What the SAE was trained on: under "metadata" in version 6, at the top before. */
static err_code read_origin(sae_config *c, const cJSON *origin, const char *where, err *e)
{
    const char *hook_key = json_member(origin, "hook_name") ? "hook_name" : "hook_point";
    err_code rc = optional_string(c->hook, sizeof c->hook, origin, hook_key, where, e);
    if (!rc && !c->hook[0])
        rc = err_set(e, E_CONFIG, "%s: \"hook_name\" is missing: it says which activation the SAE "
                                  "reads, as \"blocks.3.hook_resid_post\"", where);
    if (!rc)
        rc = optional_string(c->model, sizeof c->model, origin, "model_name", where, e);
    if (!rc)
        rc = optional_bool(&c->prepend_bos, origin, "prepend_bos", where, e);
    const cJSON *context = json_member(origin, "context_size");
    if (!rc && context && !cJSON_IsNull(context))
        rc = read_size(&c->context, origin, "context_size", 1 << 30, where, e);
    const char *head_key = "hook_head_index";
    const cJSON *head = json_member(origin, head_key);
    if (!head)
        head = json_member(origin, head_key = "hook_point_head_index");
    if (!rc && head && !cJSON_IsNull(head))
        rc = err_set(e, E_CONFIG, "%s: \"%s\" picks one attention head; only SAEs on all heads are "
                                  "supported", where, head_key);
    return rc;
}

err_code sae_config_check(const sae_config *c, const char *where, err *e)
{
    if (c->d_in < 1 || c->d_in > MAX_D_IN)
        return err_set(e, E_CONFIG, "%s: d_in is %d, it should be 1 to %d", where, c->d_in,
                       MAX_D_IN);
    if (c->d_sae < 1 || c->d_sae > MAX_D_SAE)
        return err_set(e, E_CONFIG, "%s: d_sae is %d, it should be 1 to %d", where, c->d_sae,
                       MAX_D_SAE);
    return OK;
}

err_code sae_config_parse(sae_config *out, const char *text, size_t n, const char *where, err *e)
{
    cJSON *root = NULL;
    sae_config c = {.apply_b_dec_to_input = true, .prepend_bos = true};
    err_code rc = json_parse(&root, text, n, where, e);
    if (rc)
        return rc;
    const cJSON *metadata = json_member(root, "metadata");
    bool flat = !is_version_6(root, metadata);
    if (!cJSON_IsObject(root))
        rc = err_set(e, E_FORMAT, "%s: should hold one JSON object", where);
    else if (!flat && !cJSON_IsObject(metadata))
        rc = err_set(e, E_CONFIG, "%s: a version 6 file has an object \"metadata\"", where);
    if (!rc)
        rc = read_size(&c.d_in, root, "d_in", MAX_D_IN, where, e);
    if (!rc)
        rc = read_size(&c.d_sae, root, "d_sae", MAX_D_SAE, where, e);
    if (!rc)
        rc = read_architecture(&c, root, flat, where, e);
    if (!rc)
        rc = optional_bool(&c.apply_b_dec_to_input, root, "apply_b_dec_to_input", where, e);
    if (!rc)
        rc = read_normalization(&c, root, where, e);
    if (!rc)
        rc = read_origin(&c, flat ? root : metadata, where, e);
    cJSON_Delete(root);
    if (!rc)
        *out = c;
    return rc;
}

void sae_config_print(str *out, const sae_config *c)
{
    static const char *const normalizations[] = {"none", "constant_norm_rescale", "layer_norm"};
    cJSON *root = cJSON_CreateObject();
    if (!root)
        err_die("out of memory while building JSON");
    json_add_string(root, "architecture", c->architecture == SAE_JUMPRELU ? "jumprelu" : "standard");
    json_add_number(root, "d_in", c->d_in);
    json_add_number(root, "d_sae", c->d_sae);
    json_add_string(root, "dtype", "float32");
    json_add_string(root, "device", "cpu");
    json_add_bool(root, "apply_b_dec_to_input", c->apply_b_dec_to_input);
    json_add_string(root, "normalize_activations",
                    c->unfolded ? "expected_average_only_in" : normalizations[c->normalization]);
    json_add_string(root, "reshape_activations", strstr(c->hook, "hook_z") ? "hook_z" : "none");
    cJSON *metadata = json_add_object(root, "metadata");
    json_add_string(metadata, "sae_lens_version", SAELENS_VERSION);
    json_add_string(metadata, "sae_lens_training_version", SAELENS_VERSION);
    json_add_string(metadata, "model_name", c->model);
    json_add_string(metadata, "model_class_name", "HookedTransformer");
    json_add_string(metadata, "hook_name", c->hook);
    json_add_bool(metadata, "prepend_bos", c->prepend_bos);
    if (c->context)
        json_add_number(metadata, "context_size", c->context);
    json_print(out, root);
    cJSON_Delete(root);
}
