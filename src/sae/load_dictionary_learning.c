/* dictionary_learning (Marks, Karvonen, Mueller; 0.1.0: dictionary.py, trainers/): config.json and
 * ae.pt. Its own formulas hold where SAELens reads such files differently. */
#include "base/memory.h"
#include "sae/layouts.h"
#include <stdio.h>
#include <string.h>

#define THRESHOLD_NOTE                                                                             \
    "dictionary_learning applies the threshold that is saved with the weights; older SAELens "     \
    "releases drop it."

static const struct dictionary_class {
    const char *name;
    sae_architecture architecture;
    bool apply_b_dec;
    part_names parts;
    const char *note;
} classes[] = {
    {"AutoEncoder",
     SAE_STANDARD,
     true,
     {"encoder.weight", "decoder.weight", "encoder.bias", "bias", STORED_TRANSPOSED,
      STORED_TRANSPOSED},
     "dictionary_learning gives the decoder's directions norm 1 when it loads an AutoEncoder and "
     "scales the features to match; SAELens does not."},
    {"AutoEncoderNew",
     SAE_STANDARD,
     false,
     {"encoder.weight", "decoder.weight", "encoder.bias", "decoder.bias", STORED_TRANSPOSED,
      STORED_TRANSPOSED},
     "dictionary_learning's AutoEncoderNew does not subtract a bias from its input; SAELens cannot "
     "load it."},
    {"GatedAutoEncoder",
     SAE_GATED,
     true,
     {"encoder.weight", "decoder.weight", NULL, "decoder_bias", STORED_TRANSPOSED,
      STORED_TRANSPOSED},
     NULL},
    {"AutoEncoderTopK",
     SAE_TOPK,
     true,
     {"encoder.weight", "decoder.weight", "encoder.bias", "b_dec", STORED_TRANSPOSED,
      STORED_TRANSPOSED},
     NULL},
    {"BatchTopKSAE",
     SAE_BATCHTOPK,
     true,
     {"encoder.weight", "decoder.weight", "encoder.bias", "b_dec", STORED_TRANSPOSED,
      STORED_TRANSPOSED},
     THRESHOLD_NOTE},
    {"MatryoshkaBatchTopKSAE",
     SAE_MATRYOSHKA_BATCHTOPK,
     true,
     {"W_enc", "W_dec", "b_enc", "b_dec", AS_STORED, AS_STORED},
     THRESHOLD_NOTE},
    {"JumpReluAutoEncoder",
     SAE_JUMPRELU,
     false,
     {"W_enc", "W_dec", "b_enc", "b_dec", AS_STORED, AS_STORED},
     NULL},
};

/* submodule_name is "resid_post_layer_8", "mlp_out_layer_3", ...; SAELens takes the residual stream
 * for all of them. Where it is not known the hook is left for the user to give. */
static err_code read_hook(sae_config *c, const cJSON *trainer, const cJSON *buffer,
                          const char *where, err *e)
{
    char submodule[128] = "resid_post", io[16] = "out";
    int layer = -1;
    err_code rc = field_int(&layer, trainer, "layer", 0, SAE_MAX_LAYER, where, e);
    if (!rc)
        rc = field_string(submodule, sizeof submodule, trainer, "submodule_name", where, e);
    if (!rc)
        rc = field_string(io, sizeof io, buffer, "io", where, e);
    if (!rc && !strcmp(io, "in_and_out"))
        rc = err_set(e, E_CONFIG,
                     "%s: \"io\" is \"in_and_out\": dictionaries from a module's "
                     "input to its output are not computed here",
                     where);
    bool out = !strcmp(io, "out");
    const char *site = !strncmp(submodule, "resid_post", 10)
                           ? out ? "hook_resid_post" : "hook_resid_pre"
                       : !strncmp(submodule, "mlp_out", 7) && out  ? "hook_mlp_out"
                       : !strncmp(submodule, "attn_out", 8) && out ? "hook_attn_out"
                                                                   : NULL;
    if (!rc && site && layer >= 0)
        snprintf(c->hook, sizeof c->hook, "blocks.%d.%s", layer, site);
    return rc;
}

static err_code find_class(int *kind, const char *name, const char *where, err *e)
{
    str known = {0};
    for (size_t i = 0; i < COUNT_OF(classes); i++) {
        if (!strcmp(name, classes[i].name)) {
            *kind = (int)i;
            str_release(&known);
            return OK;
        }
        str_addf(&known, i ? ", %s" : "%s", classes[i].name);
    }
    err_code rc = err_set(e, E_CONFIG, "%s: \"dict_class\" is \"%s\"; supported: %s", where, name,
                          str_text(&known));
    str_release(&known);
    return rc;
}

static err_code read_config(dictionary_config *d, const cJSON *root, const char *where, err *e)
{
    const cJSON *trainer = NULL, *buffer = json_member(root, "buffer");
    char name[64] = "";
    sae_config *c = &d->c;
    err_code rc = need_object(&trainer, root, "trainer", where, e);
    if (!rc)
        rc = field_string(name, sizeof name, trainer, "dict_class", where, e);
    if (!rc)
        rc = find_class(&d->kind, name, where, e);
    if (rc)
        return rc;
    c->architecture = classes[d->kind].architecture;
    c->apply_b_dec_to_input = classes[d->kind].apply_b_dec;
    rc = need_int(&c->d_in, trainer, "activation_dim", 1, SAE_MAX_D, where, e);
    if (!rc)
        rc = need_int(&c->d_sae, trainer, "dict_size", 1, SAE_MAX_F, where, e);
    if (!rc && c->architecture == SAE_TOPK)
        rc = need_int(&c->k, trainer, "k", 1, SAE_MAX_F, where, e);
    if (!rc)
        rc = field_string(c->model, sizeof c->model, trainer, "lm_name", where, e);
    if (!rc)
        rc = field_int(&c->context, buffer, "ctx_len", 1, SAE_MAX_CONTEXT, where, e);
    return rc ? rc : read_hook(c, trainer, buffer, where, e);
}

err_code dictionary_config_parse(dictionary_config *out, const char *text, size_t n,
                                 const char *where, err *e)
{
    cJSON *root = NULL;
    dictionary_config d = {.c = {.prepend_bos = true}};
    err_code rc = object_parse(&root, text, n, where, e);
    if (!rc)
        rc = read_config(&d, root, where, e);
    cJSON_Delete(root);
    if (!rc)
        *out = d;
    return rc;
}

/* The number of features to keep stands in both files. */
static err_code check_k(sae_loader *l, err *e)
{
    double k = 0;
    if (!loader_has(l, "k"))
        return OK;
    err_code rc = loader_scalar(&k, l, "k", e);
    if (!rc && l->s->config.k && k != l->s->config.k)
        rc = err_set(e, E_CONFIG, "%s: config.json says k = %d, the weights say %g", l->f->label,
                     l->s->config.k, k);
    return rc;
}

static err_code read_threshold(sae_loader *l, err *e)
{
    double threshold = 0;
    err_code rc = OK;
    switch (l->s->config.architecture) {
    case SAE_JUMPRELU:
        return loader_vector(&l->threshold_F, l, "threshold", l->s->config.d_sae, e);
    case SAE_BATCHTOPK:
    case SAE_MATRYOSHKA_BATCHTOPK:
        rc = loader_scalar(&threshold, l, "threshold", e);
        return rc ? rc : loader_constant_threshold(l, threshold, e);
    case SAE_TOPK: /* saved for another way to encode, which is not the default one */
        loader_skip(l, "threshold");
        return OK;
    case SAE_STANDARD:
    case SAE_GATED:
        break;
    }
    return OK;
}

err_code dictionary_learning_load(sae **out, sae_loader *l, err *e)
{
    mapping map = {0};
    const char *where;
    dictionary_config d;
    err_code rc = loader_text(&map, &where, l, "config.json", e);
    if (!rc)
        rc = dictionary_config_parse(&d, (const char *)map.data, map.size, where, e);
    io_unmap(&map);
    if (!rc)
        rc = loader_begin(l, &d.c, e);
    if (!rc)
        rc = loader_open(l, NULL, "ae.pt", e);
    if (!rc)
        rc = loader_parts(l, &classes[d.kind].parts, e);
    if (!rc && d.c.architecture == SAE_GATED)
        rc = fold_gates(l, "gate_bias", "mag_bias", "r_mag", e);
    if (!rc)
        rc = check_k(l, e);
    if (!rc)
        rc = read_threshold(l, e);
    if (!rc && !strcmp(classes[d.kind].name, "AutoEncoder"))
        rc = fold_decoder_norms(l, UNIT_NORMS, e);
    if (rc)
        return rc;
    loader_skip(l, "group_sizes"); /* nested widths: for training */
    if (classes[d.kind].note)
        note_add(&l->notes, "%s", classes[d.kind].note);
    return loader_finish(out, l, e);
}
