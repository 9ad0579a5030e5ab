/* Hook names -> places. */
#include "model/hook.h"
#include "base/memory.h"
#include "base/str.h"
#include <stdio.h>
#include <string.h>

typedef struct site_name {
    hook_site site;
    const char *name; /* within a block, or whole */
} site_name;

static const site_name IN_BLOCK[] = {{HOOK_RESID_PRE, "hook_resid_pre"},
                                     {HOOK_LN1_NORMALIZED, "ln1.hook_normalized"},
                                     {HOOK_Z, "attn.hook_z"},
                                     {HOOK_ATTN_OUT, "hook_attn_out"},
                                     {HOOK_RESID_MID, "hook_resid_mid"},
                                     {HOOK_LN2_NORMALIZED, "ln2.hook_normalized"},
                                     {HOOK_MLP_POST, "mlp.hook_post"},
                                     {HOOK_MLP_OUT, "hook_mlp_out"},
                                     {HOOK_RESID_POST, "hook_resid_post"}};

static int width_of(const model_config *c, hook_site site)
{
    return site == HOOK_Z ? c->n_heads * c->d_head : site == HOOK_MLP_POST ? c->d_mlp : c->d_model;
}

static err_code unknown(const model_config *c, const char *name, err *e)
{
    str list = {0};
    for (size_t i = 0; i < COUNT_OF(IN_BLOCK); i++)
        if (!(c->parallel && IN_BLOCK[i].site == HOOK_RESID_MID))
            str_addf(&list, "%s%s", i ? ", " : "", IN_BLOCK[i].name);
    err_set(e, E_CONFIG,
            "this model has no hook \"%.80s\": it has hook_embed, ln_final.hook_normalized and, as "
            "blocks.0. to blocks.%d., %s",
            name, c->n_layers - 1, str_text(&list));
    str_release(&list);
    return E_CONFIG;
}

static bool parse_block(hook *out, const model_config *c, const char *name)
{
    int layer = 0, digits = 0;
    const char *p = name + strlen("blocks.");
    if (strncmp(name, "blocks.", strlen("blocks.")))
        return false;
    for (; *p >= '0' && *p <= '9' && digits < 6; p++, digits++)
        layer = layer * 10 + (*p - '0');
    if (!digits || *p != '.' || layer >= c->n_layers)
        return false;
    for (size_t i = 0; i < COUNT_OF(IN_BLOCK); i++) {
        hook_site site = IN_BLOCK[i].site;
        if (strcmp(p + 1, IN_BLOCK[i].name) || (c->parallel && site == HOOK_RESID_MID))
            continue;
        *out = (hook){.site = site, .layer = layer, .width = width_of(c, site)};
        return true;
    }
    return false;
}

err_code hook_parse(hook *out, const model_config *c, const char *name, err *e)
{
    if (!strcmp(name, "hook_embed"))
        *out = (hook){.site = HOOK_EMBED, .layer = 0, .width = c->d_model};
    else if (!strcmp(name, "ln_final.hook_normalized"))
        *out = (hook){.site = HOOK_FINAL_NORMALIZED, .layer = c->n_layers, .width = c->d_model};
    else if (strlen(name) >= sizeof out->name || !parse_block(out, c, name))
        return unknown(c, name, e);
    snprintf(out->name, sizeof out->name, "%s", name);
    return OK;
}
