/* Llama Scope and Llama Scope R1 Distill (OpenMOSS), read as SAELens does
 * (loading/pretrained_sae_loaders.py, get_llama_scope_config_from_hf and its neighbours). */
#include "base/memory.h"
#include "sae/layouts.h"
#include <math.h>
#include <string.h>

static const part_names parts = {"encoder.weight", "decoder.weight",  "encoder.bias",
                                 "decoder.bias",   STORED_TRANSPOSED, STORED_TRANSPOSED};

/* Settings of OpenMOSS's trainer that change the formula, and the values that leave it as it is. */
static err_code check_settings(const cJSON *root, const char *where, err *e)
{
    static const struct {
        const char *key, *supported;
    } texts[] = {{"act_fn", "jumprelu"}, {"norm_activation", "dataset-wise"}};
    static const struct {
        const char *key;
        bool supported;
    } flags[] = {{"use_glu_encoder", false},
                 {"apply_decoder_bias_to_pre_encoder", false},
                 {"use_decoder_bias", true}};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        char value[64] = "";
        err_code rc = field_string(value, sizeof value, root, texts[i].key, where, e);
        if (!rc && value[0] && strcmp(value, texts[i].supported))
            rc = err_set(e, E_CONFIG, "%s: \"%s\" is \"%s\"; supported: %s", where, texts[i].key,
                         value, texts[i].supported);
        if (rc)
            return rc;
    }
    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        bool value = flags[i].supported;
        err_code rc = field_bool(&value, root, flags[i].key, where, e);
        if (!rc && value != flags[i].supported)
            rc = err_set(e, E_CONFIG, "%s: \"%s\" is %s, which is not computed here", where,
                         flags[i].key, value ? "true" : "false");
        if (rc)
            return rc;
    }
    return OK;
}

static err_code read_hooks(sae_config *c, const cJSON *root, const char *where, err *e)
{
    err_code rc = field_string(c->hook, sizeof c->hook, root, "hook_point_in", where, e);
    if (!rc)
        rc = field_string(c->hook_out, sizeof c->hook_out, root, "hook_point_out", where, e);
    c->transcoder = c->hook_out[0] && strcmp(c->hook, c->hook_out);
    if (!c->transcoder)
        c->hook_out[0] = 0;
    return rc;
}

static sae_config common_config(void)
{
    return (sae_config){.architecture = SAE_JUMPRELU,
                        .prepend_bos = true,
                        .context = 1024,
                        .model = "meta-llama/Llama-3.1-8B"};
}

static err_code read_hyperparams(llama_scope_config *s, const cJSON *root, const char *where,
                                 err *e)
{
    const cJSON *norms = NULL;
    err_code rc = need_int(&s->c.d_in, root, "d_model", 1, SAE_MAX_D, where, e);
    if (!rc)
        rc = need_int(&s->c.d_sae, root, "d_sae", 1, SAE_MAX_F, where, e);
    if (!rc)
        rc = read_hooks(&s->c, root, where, e);
    if (!rc)
        rc = check_settings(root, where, e);
    if (!rc)
        rc = json_double(&s->threshold, root, "jump_relu_threshold", where, e);
    if (!rc)
        rc = need_object(&norms, root, "dataset_average_activation_norm", where, e);
    if (!rc)
        rc = need_positive(&s->norm_in, norms, "in", where, e);
    s->norm_out = s->norm_in;
    if (!rc && s->c.transcoder)
        rc = need_positive(&s->norm_out, norms, "out", where, e);
    return rc;
}

err_code llama_scope_config_parse(llama_scope_config *out, const char *text, size_t n,
                                  const char *where, err *e)
{
    cJSON *root = NULL;
    llama_scope_config s = {.c = common_config()};
    err_code rc = object_parse(&root, text, n, where, e);
    if (!rc)
        rc = read_hyperparams(&s, root, where, e);
    cJSON_Delete(root);
    if (!rc)
        *out = s;
    return rc;
}

err_code llama_scope_r1_config_parse(sae_config *out, const char *text, size_t n, const char *where,
                                     err *e)
{
    cJSON *root = NULL;
    int expansion = 0;
    sae_config c = common_config();
    c.unfolded = true;
    err_code rc = object_parse(&root, text, n, where, e);
    if (!rc)
        rc = need_int(&c.d_in, root, "d_model", 1, SAE_MAX_D, where, e);
    if (!rc)
        rc = need_int(&expansion, root, "expansion_factor", 1, SAE_MAX_F / c.d_in, where, e);
    if (!rc)
        rc = read_hooks(&c, root, where, e);
    if (!rc)
        rc = check_settings(root, where, e);
    c.d_sae = c.d_in * expansion;
    cJSON_Delete(root);
    if (!rc)
        *out = c;
    return rc;
}

/* Activations were scaled to norm sqrt(d_model) by the average over the data; the threshold is
 * given before that scale. A transcoder's output has an average of its own. */
err_code llama_scope_load(sae **out, sae_loader *l, err *e)
{
    mapping map = {0};
    const char *where;
    llama_scope_config s;
    err_code rc = loader_text(&map, &where, l, "hyperparams.json", e);
    if (!rc)
        rc = llama_scope_config_parse(&s, (const char *)map.data, map.size, where, e);
    io_unmap(&map);
    if (!rc)
        rc = loader_begin(l, &s.c, e);
    if (!rc)
        rc = loader_open(l, "checkpoints", "final.safetensors", e);
    if (!rc)
        rc = loader_parts(l, &parts, e);
    if (rc)
        return rc;
    double root = sqrt((double)s.c.d_in), in = root / s.norm_in, out_scale = root / s.norm_out;
    rc = loader_constant_threshold(l, s.threshold * in, e);
    if (l->hints->norm_scaling_factor > 0 && !s.c.transcoder) /* SAELens folds its table's */
        in = out_scale = l->hints->norm_scaling_factor;
    if (!rc)
        rc = fold_scales(l, in, out_scale, e);
    note_add(&l->notes,
             "Llama Scope is computed as SAELens reads it: pre-activations against the threshold "
             "times the input scale. OpenMOSS's own code weighs them by decoder norms first, which "
             "is the same where those are 1.");
    return rc ? rc : loader_finish(out, l, e);
}

/* The scale is in SAELens's table of releases only. */
err_code llama_scope_r1_load(sae **out, sae_loader *l, err *e)
{
    mapping map = {0};
    const char *where;
    sae_config c;
    err_code rc = loader_text(&map, &where, l, "config.json", e);
    if (!rc)
        rc = llama_scope_r1_config_parse(&c, (const char *)map.data, map.size, where, e);
    io_unmap(&map);
    if (!rc)
        rc = loader_begin(l, &c, e);
    if (!rc)
        rc = loader_open(l, NULL, "sae_weights.safetensors", e);
    if (!rc)
        rc = loader_parts(l, &parts, e);
    if (!rc)
        rc = loader_vector(&l->threshold_F, l, "log_jumprelu_threshold", c.d_sae, e);
    for (int f = 0; !rc && f < c.d_sae; f++)
        l->threshold_F[f] = expf(l->threshold_F[f]);
    double scale = l->hints->norm_scaling_factor;
    if (!rc && scale > 0)
        rc = fold_scales(l, scale, scale, e);
    return rc ? rc : loader_finish(out, l, e);
}
