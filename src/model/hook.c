/* Hook names -> places. */
#include "model/hook.h"
#include "base/memory.h"
#include "base/str.h"
#include <stdio.h>
#include <string.h>

typedef enum { WIDE_MODEL, WIDE_ONE, WIDE_QUERIES, WIDE_KEYS, WIDE_MLP } site_width;
typedef enum { IN_BLOCK, AT_START, AT_END } site_place;
typedef enum { ALWAYS, WITH_POSITIONS, WITH_ROTATION, WITH_GATE, SEQUENTIAL } site_condition;

static const struct site {
    const char *name; /* after "blocks.L." in a block */
    site_width width;
    site_place place;
    site_condition condition;
} SITES[HOOK_SITES] = {
    [HOOK_EMBED] = {"hook_embed", WIDE_MODEL, AT_START, ALWAYS},
    [HOOK_POS_EMBED] = {"hook_pos_embed", WIDE_MODEL, AT_START, WITH_POSITIONS},
    [HOOK_RESID_PRE] = {"hook_resid_pre", WIDE_MODEL, IN_BLOCK, ALWAYS},
    [HOOK_LN1_SCALE] = {"ln1.hook_scale", WIDE_ONE, IN_BLOCK, ALWAYS},
    [HOOK_LN1_NORMALIZED] = {"ln1.hook_normalized", WIDE_MODEL, IN_BLOCK, ALWAYS},
    [HOOK_Q] = {"attn.hook_q", WIDE_QUERIES, IN_BLOCK, ALWAYS},
    [HOOK_K] = {"attn.hook_k", WIDE_KEYS, IN_BLOCK, ALWAYS},
    [HOOK_V] = {"attn.hook_v", WIDE_KEYS, IN_BLOCK, ALWAYS},
    [HOOK_ROT_Q] = {"attn.hook_rot_q", WIDE_QUERIES, IN_BLOCK, WITH_ROTATION},
    [HOOK_ROT_K] = {"attn.hook_rot_k", WIDE_KEYS, IN_BLOCK, WITH_ROTATION},
    [HOOK_Z] = {"attn.hook_z", WIDE_QUERIES, IN_BLOCK, ALWAYS},
    [HOOK_ATTN_OUT] = {"hook_attn_out", WIDE_MODEL, IN_BLOCK, ALWAYS},
    [HOOK_RESID_MID] = {"hook_resid_mid", WIDE_MODEL, IN_BLOCK, SEQUENTIAL},
    [HOOK_LN2_SCALE] = {"ln2.hook_scale", WIDE_ONE, IN_BLOCK, ALWAYS},
    [HOOK_LN2_NORMALIZED] = {"ln2.hook_normalized", WIDE_MODEL, IN_BLOCK, ALWAYS},
    [HOOK_MLP_IN] = {"mlp.hook_in", WIDE_MODEL, IN_BLOCK, ALWAYS},
    [HOOK_MLP_PRE] = {"mlp.hook_pre", WIDE_MLP, IN_BLOCK, ALWAYS},
    [HOOK_MLP_PRE_LINEAR] = {"mlp.hook_pre_linear", WIDE_MLP, IN_BLOCK, WITH_GATE},
    [HOOK_MLP_POST] = {"mlp.hook_post", WIDE_MLP, IN_BLOCK, ALWAYS},
    [HOOK_MLP_OUT] = {"hook_mlp_out", WIDE_MODEL, IN_BLOCK, ALWAYS},
    [HOOK_RESID_POST] = {"hook_resid_post", WIDE_MODEL, IN_BLOCK, ALWAYS},
    [HOOK_FINAL_SCALE] = {"ln_final.hook_scale", WIDE_ONE, AT_END, ALWAYS},
    [HOOK_FINAL_NORMALIZED] = {"ln_final.hook_normalized", WIDE_MODEL, AT_END, ALWAYS},
};

/* TransformerLens has these as well, but an SAE cannot sit there. */
static const struct {
    const char *ending, *reason;
} NO_ROWS[] = {
    {".attn.hook_pattern", "it is a number for each query and key, no row of numbers for a token"},
    {".attn.hook_attn_scores",
     "it is a number for each query and key, no row of numbers for a token"},
    {".attn.hook_result", "it is a row for each head of a token; use attn.hook_z"}};

static int width_of(const model_config *c, site_width width)
{
    switch (width) {
    case WIDE_ONE:
        return 1;
    case WIDE_QUERIES:
        return c->n_heads * c->d_head;
    case WIDE_KEYS:
        return c->n_kv_heads * c->d_head;
    case WIDE_MLP:
        return c->d_mlp;
    case WIDE_MODEL:
        break;
    }
    return c->d_model;
}

static bool exists(const model_config *c, const struct site *s)
{
    switch (s->condition) {
    case WITH_POSITIONS:
        return c->learned_positions;
    case WITH_ROTATION:
        return c->rotary > 0;
    case WITH_GATE:
        return c->gated;
    case SEQUENTIAL:
        return !c->parallel;
    case ALWAYS:
        break;
    }
    return true;
}

static void add_names(str *list, const model_config *c, bool in_block)
{
    const char *separator = "";
    for (int i = 0; i < HOOK_SITES; i++) {
        if (!exists(c, &SITES[i]) || (SITES[i].place == IN_BLOCK) != in_block)
            continue;
        str_addf(list, "%s%s", separator, SITES[i].name);
        separator = ", ";
    }
}

static err_code unknown(const model_config *c, const char *name, err *e)
{
    size_t length = strlen(name);
    for (size_t i = 0; i < COUNT_OF(NO_ROWS); i++) {
        size_t n = strlen(NO_ROWS[i].ending);
        if (length > n && !strcmp(name + length - n, NO_ROWS[i].ending))
            return err_set(e, E_CONFIG, "no SAE can read the hook \"%.80s\": %s", name,
                           NO_ROWS[i].reason);
    }
    str list = {0}, whole = {0};
    add_names(&whole, c, false);
    add_names(&list, c, true);
    err_set(e, E_CONFIG,
            "this model has no hook \"%.80s\": it has %s and, as blocks.0. to blocks.%d., %s", name,
            str_text(&whole), c->n_layers - 1, str_text(&list));
    str_release(&list);
    str_release(&whole);
    return E_CONFIG;
}

/* "blocks.12.rest": the layer, and rest; NULL when it does not start so. */
static const char *block_part(int *layer, const char *name)
{
    const char *p = name + strlen("blocks.");
    int digits = 0;
    *layer = 0;
    if (strncmp(name, "blocks.", strlen("blocks.")))
        return NULL;
    for (; *p >= '0' && *p <= '9' && digits < 6; p++, digits++)
        *layer = *layer * 10 + (*p - '0');
    return digits && *p == '.' ? p + 1 : NULL;
}

bool hook_of_site(hook *out, const model_config *c, hook_site site, int layer)
{
    const struct site *s = &SITES[site];
    bool in_block = s->place == IN_BLOCK;
    if (!exists(c, s) || (in_block && (layer < 0 || layer >= c->n_layers)))
        return false;
    *out = (hook){.site = site,
                  .layer = in_block             ? layer
                           : s->place == AT_END ? c->n_layers
                                                : 0,
                  .width = width_of(c, s->width),
                  .head = -1};
    if (in_block)
        snprintf(out->name, sizeof out->name, "blocks.%d.%s", layer, s->name);
    else
        snprintf(out->name, sizeof out->name, "%s", s->name);
    return true;
}

err_code hook_parse(hook *out, const model_config *c, const char *name, err *e)
{
    int layer = 0;
    const char *rest = block_part(&layer, name);
    for (int i = 0; i < HOOK_SITES; i++) {
        const char *part = SITES[i].place == IN_BLOCK ? rest : name;
        if (part && !strcmp(part, SITES[i].name) && hook_of_site(out, c, (hook_site)i, layer))
            return OK;
    }
    return unknown(c, name, e);
}

err_code hook_select_head(hook *h, const model_config *c, int head, err *e)
{
    site_width width = SITES[h->site].width;
    if (width != WIDE_QUERIES && width != WIDE_KEYS)
        return err_set(e, E_CONFIG, "%s has no heads, but head %d of it is asked for", h->name,
                       head);
    int n = width == WIDE_QUERIES ? c->n_heads : c->n_kv_heads;
    if (head < 0 || head >= n)
        return err_set(e, E_CONFIG, "%s has %d heads, but head %d of it is asked for", h->name, n,
                       head);
    h->head = head;
    h->width = c->d_head;
    return OK;
}

/* TransformerLens centres weights of LayerNorm models alone: an RMS norm would notice. */
static bool is_centred(hook_site site)
{
    return site == HOOK_EMBED || site == HOOK_POS_EMBED || site == HOOK_RESID_PRE ||
           site == HOOK_ATTN_OUT || site == HOOK_RESID_MID || site == HOOK_MLP_OUT ||
           site == HOOK_RESID_POST;
}

void hook_apply_processing(hook *h, const model_config *c, const hook_processing *p)
{
    if (p->center_writing_weights && c->norm == NORM_LAYER && is_centred(h->site))
        h->less = LESS_MEAN;
    if (p->fold_value_biases && (h->site == HOOK_V || h->site == HOOK_Z))
        h->less = p->fold_ln && c->norm == NORM_LAYER ? LESS_FOLDED_VALUE_BIAS : LESS_VALUE_BIAS;
    else if (p->fold_ln && h->site == HOOK_MLP_IN)
        h->site = HOOK_LN2_NORMALIZED; /* gain and bias went into the matrices after it */
}

bool hook_is_writable(const hook *h)
{
    return h->site != HOOK_POS_EMBED && SITES[h->site].width != WIDE_ONE;
}
