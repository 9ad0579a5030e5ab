/* cfg.json as SAELens 6 writes it, and the words it has for settings. */
#include "base/json.h"
#include "sae/saelens.h"
#include <stdio.h>
#include <string.h>

/* The version the files we write follow. */
#define SAELENS_VERSION "6.18.0"

/* [start, stop, step], null where nothing was said. */
static void add_slice(cJSON *metadata, const sae_slice *s)
{
    if (!s->has_start && !s->has_stop && s->step < 2)
        return;
    cJSON *list = json_add_array(metadata, "seqpos_slice");
    const int values[] = {s->start, s->stop, s->step ? s->step : 1};
    const bool has[] = {s->has_start, s->has_stop, true};
    for (int i = 0; i < 3; i++)
        cJSON_AddItemToArray(list, has[i] ? json_number(values[i]) : cJSON_CreateNull());
}

static void add_excluded(cJSON *metadata, const sae_config *c)
{
    if (c->exclude_special)
        json_add_bool(metadata, "exclude_special_tokens", true);
    if (!c->n_excluded)
        return;
    cJSON *list = json_add_array(metadata, "exclude_special_tokens");
    for (int i = 0; i < c->n_excluded; i++)
        cJSON_AddItemToArray(list, json_number(c->excluded[i]));
}

static void add_kwargs(cJSON *metadata, const sae_config *c)
{
    if (!c->center_writing_weights && !c->fold_ln && !c->fold_value_biases)
        return;
    cJSON *kwargs = json_add_object(metadata, "model_from_pretrained_kwargs");
    json_add_bool(kwargs, "center_writing_weights", c->center_writing_weights);
    json_add_bool(kwargs, "fold_ln", c->fold_ln);
    json_add_bool(kwargs, "fold_value_biases", c->fold_value_biases);
}

static void add_metadata(cJSON *metadata, const sae_config *c)
{
    json_add_string(metadata, "sae_lens_version", SAELENS_VERSION);
    json_add_string(metadata, "sae_lens_training_version", SAELENS_VERSION);
    json_add_string(metadata, "model_name", c->model);
    json_add_string(metadata, "model_class_name", "HookedTransformer");
    json_add_string(metadata, "hook_name", c->hook);
    if (c->has_head)
        json_add_number(metadata, "hook_head_index", c->head);
    if (c->transcoder)
        json_add_string(metadata, "hook_name_out", c->hook_out);
    if (c->has_head_out)
        json_add_number(metadata, "hook_head_index_out", c->head_out);
    json_add_bool(metadata, "prepend_bos", c->prepend_bos);
    if (c->context)
        json_add_number(metadata, "context_size", c->context);
    add_slice(metadata, &c->positions);
    add_excluded(metadata, c);
    add_kwargs(metadata, c);
}

const char *sae_normalization_name(const sae_config *c)
{
    static const char *const names[] = {[SAE_NORMALIZE_NONE] = "none",
                                        [SAE_NORMALIZE_NORM] = "constant_norm_rescale",
                                        [SAE_NORMALIZE_LAYER_NORM] = "layer_norm"};
    return names[c->normalization];
}

const char *sae_processing_text(char buf[SAE_PROCESSING_TEXT], const sae_config *c)
{
    const struct {
        bool set;
        const char *name;
    } flags[] = {{c->center_writing_weights, "center_writing_weights"},
                 {c->fold_value_biases, "fold_value_biases"},
                 {c->fold_ln, "fold_ln"}};
    size_t n = 0;
    buf[0] = '\0';
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (flags[i].set)
            n += (size_t)snprintf(buf + n, SAE_PROCESSING_TEXT - n, "%s%s", n ? ", " : "",
                                  flags[i].name);
    return buf;
}

void sae_config_print(str *out, const sae_config *c)
{
    char architecture[SAE_ARCHITECTURE_TEXT];
    cJSON *root = cJSON_CreateObject();
    if (!root)
        err_die("out of memory while building JSON");
    json_add_string(root, "architecture", sae_architecture_name(architecture, c));
    json_add_number(root, "d_in", c->d_in);
    json_add_number(root, "d_sae", c->d_sae);
    if (c->transcoder)
        json_add_number(root, "d_out", c->d_out);
    if (c->k) {
        json_add_number(root, "k", c->k);
        json_add_bool(root, "rescale_acts_by_decoder_norm", false);
    }
    json_add_string(root, "dtype", "float32");
    json_add_string(root, "device", "cpu");
    json_add_bool(root, "apply_b_dec_to_input", c->apply_b_dec_to_input);
    json_add_string(root, "normalize_activations",
                    c->unfolded ? "expected_average_only_in" : sae_normalization_name(c));
    bool heads = saelens_is_hook_z(c->hook) && !c->has_head;
    json_add_string(root, "reshape_activations", heads ? "hook_z" : "none");
    add_metadata(json_add_object(root, "metadata"), c);
    json_print(out, root);
    cJSON_Delete(root);
}
