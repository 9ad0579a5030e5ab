/* Gemma Scope: params.npz without a config, and Gemma Scope 2: params.safetensors with one at
 * times. What the files do not say is in the names of repository and folder (SAELens:
 * loading/pretrained_sae_loaders.py, get_gemma_2_config_from_hf and get_gemma_3_config_from_hf). */
#include "base/memory.h"
#include "sae/layouts.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The number after the last "layer_" of the place, or -1. */
static int layer_of(const char *place)
{
    static const char mark[] = "layer_";
    int layer = -1;
    for (const char *p = strstr(place, mark); p; p = strstr(p + 1, mark)) {
        long number =
            isdigit((unsigned char)p[sizeof mark - 1]) ? strtol(p + sizeof mark - 1, NULL, 10) : -1;
        if (number >= 0 && number <= SAE_MAX_LAYER)
            layer = (int)number;
    }
    return layer;
}

static void set_hook(char hook[64], int layer, const char *site)
{
    snprintf(hook, 64, "blocks.%d.%s", layer, site);
}

/* ---- Gemma Scope -------------------------------------------------------------------------------
 */

void gemma_scope_place(sae_config *c, bool *embedding, const char *place)
{
    static const struct {
        const char *kind, *hook, *hook_out;
    } kinds[] = {
        {"res", "hook_resid_post", NULL},
        {"mlp", "hook_mlp_out", NULL},
        {"att", "attn.hook_z", NULL},
        /* The norm's gain is folded into these (SAELens: get_gemma_2_transcoder_config_from_hf). */
        {"transcoders", "ln2.hook_normalized", "hook_mlp_out"},
    };
    char size[16], training[16], kind[16];
    const char *name = strstr(place, "gemma-scope-");
    int layer = layer_of(place);
    if (!name || sscanf(name, "gemma-scope-%15[0-9b]-%15[a-z]-%15[a-z]", size, training, kind) != 3)
        return;
    snprintf(c->model, sizeof c->model, "gemma-2-%s%s", size, strcmp(training, "it") ? "" : "-it");
    c->context = 1024;
    c->prepend_bos = true;
    *embedding = !strcmp(kind, "res") && strstr(name, "/embedding");
    if (*embedding)
        snprintf(c->hook, sizeof c->hook, "hook_embed");
    for (size_t i = 0; !*embedding && layer >= 0 && i < COUNT_OF(kinds); i++) {
        if (strcmp(kind, kinds[i].kind))
            continue;
        set_hook(c->hook, layer, kinds[i].hook);
        c->transcoder = kinds[i].hook_out != NULL;
        if (c->transcoder)
            set_hook(c->hook_out, layer, kinds[i].hook_out);
    }
}

/* The authors trained on rows of the embedding that were scaled up
 * (gemma_2_sae_huggingface_loader).
 */
static err_code unscale_embedding(sae_loader *l, err *e)
{
    int F = l->s->config.d_sae, D = l->s->config.d_in;
    float *scale_F = mem_array((size_t)F, sizeof(float), "SAE scales", e);
    if (!scale_F)
        return e->code;
    for (int f = 0; f < F; f++)
        scale_F[f] = sqrtf((float)D);
    err_code rc = fold_decoder(l, scale_F, e);
    l->be->scale(l->be, l->s->w_enc_DF, 1 / sqrtf((float)D), (size_t)D * (size_t)F);
    mem_free(scale_F);
    return rc;
}

err_code gemma_scope_load(sae **out, sae_loader *l, err *e)
{
    static const part_names names[] = {{"W_enc", "W_dec", "b_enc", "b_dec", AS_STORED, AS_STORED},
                                       {"w_enc", "w_dec", "b_enc", "b_dec", AS_STORED, AS_STORED}};
    sae_config c = {.architecture = SAE_JUMPRELU, .prepend_bos = true};
    bool embedding = false;
    int F = 0;
    gemma_scope_place(&c, &embedding, loader_place(l));
    if (l->hints->transcoder != SAE_UNSAID)
        c.transcoder = l->hints->transcoder == SAE_YES;
    err_code rc = loader_open(l, NULL, "params.npz", e);
    const part_names *parts = &names[!rc && !loader_has(l, "W_enc") && loader_has(l, "w_enc")];
    if (!rc)
        rc = loader_shape(&c.d_in, &c.d_sae, l, parts->w_enc, e);
    if (!rc)
        rc = loader_shape(&F, &c.d_out, l, parts->w_dec, e);
    if (!rc)
        rc = loader_begin(l, &c, e);
    if (!rc)
        rc = loader_parts(l, parts, e);
    if (!rc)
        rc = loader_vector(&l->threshold_F, l, "threshold", c.d_sae, e);
    if (!rc && embedding)
        rc = unscale_embedding(l, e);
    return rc ? rc : loader_finish(out, l, e);
}

/* ---- Gemma Scope 2
 * ------------------------------------------------------------------------------- */

/* Hugging Face's names of module inputs and outputs, after "model.layers.N.". Gemma 3's MLP reads
 * what its norm gives with the gain. */
static err_code hook_of(char hook[64], const cJSON *root, const char *key, const char *where,
                        err *e)
{
    static const struct {
        const char *point, *site;
    } sites[] = {
        {"output", "hook_resid_post"},
        {"self_attn.o_proj.input", "attn.hook_z"},
        {"post_feedforward_layernorm.output", "hook_mlp_out"},
        {"pre_feedforward_layernorm.output", "mlp.hook_in"},
    };
    char text[128] = "", point[128];
    int layer = -1;
    err_code rc = field_string(text, sizeof text, root, key, where, e);
    if (rc || !text[0])
        return rc;
    if (sscanf(text, "model.layers.%4d.%127s", &layer, point) == 2 && layer >= 0)
        for (size_t i = 0; i < COUNT_OF(sites); i++)
            if (!strcmp(point, sites[i].point)) {
                set_hook(hook, layer, sites[i].site);
                return OK;
            }
    return err_set(e, E_CONFIG, "%s: \"%s\" is \"%s\", for which no hook is known here", where, key,
                   text);
}

/* "gemma-v3-1b-pt" is google/gemma-3-1b-pt; the 270m model has no "-pt". */
static void name_model(sae_config *c)
{
    char name[sizeof c->model], *mark;
    snprintf(name, sizeof name, "%s", c->model);
    if ((mark = strstr(name, "-v3")))
        memmove(mark + 1, mark + 2, strlen(mark + 2) + 1);
    if (strstr(name, "270m") && (mark = strstr(name, "-pt")))
        *mark = 0;
    if (name[0])
        snprintf(c->model, sizeof c->model, "%s%.100s", strstr(name, "google") ? "" : "google/",
                 name);
}

err_code gemma_scope_2_config_parse(sae_config *c, const char *text, size_t n, const char *where,
                                    err *e)
{
    cJSON *root = NULL;
    char architecture[32] = "";
    err_code rc = object_parse(&root, text, n, where, e);
    if (!rc)
        rc = field_string(architecture, sizeof architecture, root, "architecture", where, e);
    if (!rc && strcmp(architecture, "jump_relu"))
        rc = err_set(e, E_CONFIG, "%s: \"architecture\" is \"%s\"; supported: jump_relu", where,
                     architecture);
    if (!rc)
        rc = field_string(c->model, sizeof c->model, root, "model_name", where, e);
    if (!rc)
        rc = hook_of(c->hook, root, "hf_hook_point_in", where, e);
    if (!rc)
        rc = hook_of(c->hook_out, root, "hf_hook_point_out", where, e);
    if (!rc)
        rc = field_bool(&c->skip, root, "affine_connection", where, e);
    cJSON_Delete(root);
    c->transcoder = c->hook_out[0] && strcmp(c->hook, c->hook_out);
    if (!c->transcoder)
        c->hook_out[0] = 0;
    name_model(c);
    return rc;
}

/* ".../gemma-scope-2-1b-pt/resid_post/layer_12_width_16k_l0_medium". */
static void place_of_2(sae_config *c, const char *place)
{
    static const struct {
        const char *folder, *hook, *hook_out;
    } kinds[] = {
        {"transcoder", "mlp.hook_in", "hook_mlp_out"},
        {"resid_post", "hook_resid_post", NULL},
        {"attn_out", "attn.hook_z", NULL},
        {"mlp_out", "hook_mlp_out", NULL},
    };
    int layer = layer_of(place);
    const char *name = strstr(place, "gemma-scope-2-");
    if (name) {
        snprintf(c->model, sizeof c->model, "gemma-3-%.*s", (int)strcspn(name + 14, "/"),
                 name + 14);
        name_model(c);
    }
    for (size_t i = 0; layer >= 0 && i < COUNT_OF(kinds); i++) {
        if (!strstr(place, kinds[i].folder))
            continue;
        set_hook(c->hook, layer, kinds[i].hook);
        c->transcoder = kinds[i].hook_out != NULL;
        if (c->transcoder)
            set_hook(c->hook_out, layer, kinds[i].hook_out);
        return;
    }
}

static err_code read_config_2(sae_config *c, sae_loader *l, err *e)
{
    place_of_2(c, loader_place(l));
    if (!files_has(l->f, "config.json"))
        return OK;
    mapping map = {0};
    const char *where;
    err_code rc = loader_text(&map, &where, l, "config.json", e);
    if (!rc)
        rc = gemma_scope_2_config_parse(c, (const char *)map.data, map.size, where, e);
    io_unmap(&map);
    return rc;
}

err_code gemma_scope_2_load(sae **out, sae_loader *l, err *e)
{
    static const part_names parts = {"w_enc", "w_dec", "b_enc", "b_dec", AS_STORED, AS_STORED};
    static const char skip[] = "affine_skip_connection";
    sae_config c = {.architecture = SAE_JUMPRELU, .prepend_bos = true, .context = 1024};
    int F = 0;
    err_code rc = read_config_2(&c, l, e);
    if (!rc)
        rc = loader_open(l, NULL, "params.safetensors", e);
    if (!rc)
        rc = loader_shape(&c.d_in, &c.d_sae, l, parts.w_enc, e);
    if (!rc)
        rc = loader_shape(&F, &c.d_out, l, parts.w_dec, e);
    if (l->hints->transcoder != SAE_UNSAID)
        c.transcoder = l->hints->transcoder == SAE_YES;
    c.skip = !rc && loader_has(l, skip);
    if (!rc)
        rc = loader_begin(l, &c, e);
    if (!rc)
        rc = loader_parts(l, &parts, e);
    if (!rc)
        rc = loader_vector(&l->threshold_F, l, "threshold", c.d_sae, e);
    /* Stored [d_in, d_out]: x is multiplied from the left (gemma_3_sae_huggingface_loader). */
    if (!rc && c.skip)
        rc = loader_w_skip(l, skip, STORED_TRANSPOSED, e);
    return rc ? rc : loader_finish(out, l, e);
}
