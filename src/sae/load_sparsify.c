/* sparsify (EleutherAI; 1.3.3: sparse_coder.py, fused_encoder.py): per-token top-k of relu'd
 * pre-activations, b_dec subtracted from x always except in transcoders. */
#include "base/memory.h"
#include "sae/layouts.h"
#include <stdio.h>
#include <string.h>

err_code sparsify_hooks(sae_config *c, const char *place, err *e)
{
    static const struct {
        const char *module, *hook;
    } modules[] = {
        {"", "hook_resid_post"},         {".mlp", "hook_mlp_out"},
        {".attn", "hook_attn_out"},      {".self_attn", "hook_attn_out"},
        {".attention", "hook_attn_out"},
    };
    size_t n = strlen(place);
    while (n && place[n - 1] == '/')
        n--;
    size_t start = n;
    while (start && place[start - 1] != '/')
        start--;
    char name[64], module[64] = "";
    snprintf(name, sizeof name, "%.*s", (int)(n - start), place + start);
    int layer = -1;
    if (!strcmp(name, "embed_tokens") && !c->transcoder) {
        snprintf(c->hook, sizeof c->hook, "hook_embed");
        return OK;
    }
    bool numbered = sscanf(name, "layers.%4d%63s", &layer, module) >= 1 ||
                    sscanf(name, "layers_%4d%63s", &layer, module) >= 1 ||
                    sscanf(name, "h.%4d%63s", &layer, module) >= 1;
    for (size_t i = 0; numbered && layer >= 0 && i < COUNT_OF(modules); i++) {
        if (strcmp(module, modules[i].module) || (c->transcoder && strcmp(module, ".mlp")))
            continue;
        snprintf(c->hook, sizeof c->hook, "blocks.%d.%s", layer,
                 c->transcoder ? "mlp.hook_in" : modules[i].hook);
        if (c->transcoder)
            snprintf(c->hook_out, sizeof c->hook_out, "blocks.%d.%s", layer, modules[i].hook);
        return OK;
    }
    return err_set(e, E_CONFIG,
                   "the folder \"%s\" is not a hookpoint of sparsify's that is known here "
                   "(layers.5, layers.5.mlp, layers.5.attn, embed_tokens%s); give model.hook",
                   name, c->transcoder ? "; transcoders: layers.5.mlp" : "");
}

static err_code read_fields(sae_config *c, const cJSON *root, const char *where, err *e)
{
    char kept[32] = "topk";
    bool with_negative = false;
    int expansion = 32;
    err_code rc = need_int(&c->d_in, root, "d_in", 1, SAE_MAX_D, where, e);
    if (!rc)
        rc = field_int(&c->d_sae, root, "num_latents", 0, SAE_MAX_F, where, e);
    if (!rc && !c->d_sae)
        rc = field_int(&expansion, root, "expansion_factor", 1, SAE_MAX_F / c->d_in, where, e);
    if (!rc && !c->d_sae)
        c->d_sae = c->d_in * expansion;
    c->k = 32;
    if (!rc)
        rc = field_int(&c->k, root, "k", 1, SAE_MAX_F, where, e);
    if (!rc)
        rc = field_string(kept, sizeof kept, root, "activation", where, e);
    if (!rc && strcmp(kept, "topk"))
        rc = err_set(e, E_CONFIG,
                     "%s: \"activation\" is \"%s\", which is not computed here%s; supported: topk",
                     where, kept,
                     strcmp(kept, "groupmax") ? "" : " (it keeps one feature per group)");
    if (!rc)
        rc = field_bool(&with_negative, root, "signed", where, e);
    if (!rc && with_negative)
        rc =
            err_set(e, E_CONFIG,
                    "%s: \"signed\" is true: top-k that keeps negative activations is not computed "
                    "here",
                    where);
    if (!rc)
        rc = field_bool(&c->transcoder, root, "transcode", where, e);
    if (!rc)
        rc = field_bool(&c->skip, root, "skip_connection", where, e);
    return rc;
}

err_code sparsify_config_parse(sae_config *out, const char *text, size_t n, const char *where,
                               err *e)
{
    cJSON *root = NULL;
    sae_config c = {.architecture = SAE_TOPK};
    err_code rc = object_parse(&root, text, n, where, e);
    if (!rc)
        rc = read_fields(&c, root, where, e);
    cJSON_Delete(root);
    c.d_out = c.d_in;
    c.apply_b_dec_to_input = !c.transcoder;
    if (!rc && c.skip && !c.transcoder)
        rc = err_set(e, E_CONFIG,
                     "%s: \"skip_connection\" without \"transcode\": an autoencoder that may copy "
                     "its input is not computed here",
                     where);
    if (!rc)
        rc = sae_config_check(&c, where, e);
    if (!rc)
        *out = c;
    return rc;
}

static err_code read_config(sae_config *c, sae_loader *l, err *e)
{
    mapping map = {0};
    const char *where;
    err_code rc = loader_text(&map, &where, l, "cfg.json", e);
    if (!rc)
        rc = sparsify_config_parse(c, (const char *)map.data, map.size, where, e);
    io_unmap(&map);
    if (!rc && !(l->hints->hook && l->hints->hook[0])) {
        rc = sparsify_hooks(c, loader_place(l), e);
        if (rc)
            err_context(e, "%s", l->f->label);
    }
    return rc;
}

err_code sparsify_load(sae **out, sae_loader *l, err *e)
{
    static const part_names parts = {"encoder.weight", "W_dec",           "encoder.bias",
                                     "b_dec",          STORED_TRANSPOSED, AS_STORED};
    sae_config c;
    err_code rc = read_config(&c, l, e);
    if (!rc)
        rc = loader_begin(l, &c, e);
    if (!rc)
        rc = loader_open(l, NULL, "sae.safetensors", e);
    if (!rc)
        rc = loader_parts(l, &parts, e);
    if (!rc && c.skip)
        rc = loader_w_skip(l, "W_skip", AS_STORED, e);
    if (rc)
        return rc;
    note_add(&l->notes,
             "sparsify keeps the %d largest of the rectified pre-activations%s; SAELens "
             "reads this layout differently.",
             c.k, c.transcoder ? "" : " and always subtracts b_dec from its input");
    if (c.transcoder)
        note_add(&l->notes, "sparsify before February 2025 subtracted b_dec from a transcoder's "
                            "input too; files do not say which of the two they were trained with.");
    return loader_finish(out, l, e);
}
