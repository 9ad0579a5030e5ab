/* Which layout a folder has, by the files in it; and the one way in. */
#include "base/memory.h"
#include "sae/layouts.h"
#include <string.h>

/* The layouts in the order in which they are looked for: a folder has one when all its files are
 * there. Those with a reason instead of a loader are refused with it. */
static const struct {
    sae_layout layout;
    const char *name, *files[2];
    sae_layout_load *load;
    const char *why;
} layouts[] = {
    {SAE_LAYOUT_GEMMA_SCOPE, "Gemma Scope", {"params.npz"}, gemma_scope_load, NULL},
    {SAE_LAYOUT_GEMMA_SCOPE_2, "Gemma Scope 2", {"params.safetensors"}, gemma_scope_2_load, NULL},
    {SAE_LAYOUT_LLAMA_SCOPE, "Llama Scope", {"hyperparams.json"}, llama_scope_load, NULL},
    {SAE_LAYOUT_DICTIONARY_LEARNING,
     "dictionary_learning",
     {"config.json", "ae.pt"},
     dictionary_learning_load,
     NULL},
    {SAE_LAYOUT_SPARSIFY, "sparsify", {"cfg.json", "sae.safetensors"}, sparsify_load, NULL},
    {SAE_LAYOUT_SAELENS, "SAELens", {"cfg.json", "sae_weights.safetensors"}, saelens_load, NULL},
    {SAE_LAYOUT_LLAMA_SCOPE_R1,
     "Llama Scope R1 Distill",
     {"config.json", "sae_weights.safetensors"},
     llama_scope_r1_load,
     NULL},
    {SAE_LAYOUT_ANY,
     "a temporal SAE",
     {"conf.yaml", "latest_ckpt.safetensors"},
     NULL,
     "its features depend on earlier tokens through attention layers of their own"},
    {SAE_LAYOUT_ANY,
     "a cross-layer transcoder",
     {"W_enc_0.safetensors", "W_dec_0.safetensors"},
     NULL,
     "it writes to several layers at once"},
};

/* Everything that says what an SAE computes, whatever the layout. */
static const char *const file_names[] = {
    "cfg.json",           "sae_weights.safetensors", "activation_scaler.json",
    "config.json",        "hyperparams.json",        "params.npz",
    "params.safetensors", "sae.safetensors",         "ae.pt",
};

static int recognise(const files *f, sae_layout wanted)
{
    for (size_t i = 0; i < COUNT_OF(layouts); i++) {
        bool all = files_has(f, layouts[i].files[0]) &&
                   (!layouts[i].files[1] || files_has(f, layouts[i].files[1]));
        if (wanted ? layouts[i].layout == wanted : all)
            return (int)i;
    }
    return -1;
}

bool sae_recognised(const files *f)
{
    return recognise(f, SAE_LAYOUT_ANY) >= 0;
}

/* Says what the layouts consist of, and which of it is there: often only the config is. */
static err_code refuse_folder(const files *f, err *e)
{
    str known = {0}, present = {0};
    for (size_t i = 0; i < COUNT_OF(layouts) && layouts[i].load; i++)
        str_addf(&known, "%s%s (%s%s%s)", i ? ", " : "", layouts[i].name, layouts[i].files[0],
                 layouts[i].files[1] ? " and " : "",
                 layouts[i].files[1] ? layouts[i].files[1] : "");
    for (size_t i = 0; i < COUNT_OF(file_names); i++)
        if (files_has(f, file_names[i]))
            str_addf(&present, present.len ? ", %s" : "%s", file_names[i]);
    err_code rc = err_set(e, E_IO, "%s: not the files of an SAE%s%s; known are %s", f->label,
                          present.len ? ", only " : "", str_text(&present), str_text(&known));
    str_release(&known);
    str_release(&present);
    return rc;
}

err_code sae_load(sae **out, backend *be, const files *f, const sae_hints *hints, err *e)
{
    static const sae_hints none;
    *out = NULL;
    sae_loader l = {.be = be, .f = f, .hints = hints ? hints : &none};
    int i = recognise(f, l.hints->layout);
    if (i < 0)
        return refuse_folder(f, e);
    err_code rc = layouts[i].load ? layouts[i].load(out, &l, e)
                                  : err_set(e, E_CONFIG,
                                            "%s: holds %s, which is not computed here: "
                                            "%s",
                                            f->label, layouts[i].name, layouts[i].why);
    loader_release(&l);
    if (!rc)
        (*out)->layout = layouts[i].name;
    return rc;
}

const char *sae_layout_name(const sae *s)
{
    return s->layout ? s->layout : "";
}

err_code sae_hash(char hex[SHA256_HEX], const files *f, err *e)
{
    sha256 h;
    sha256_start(&h);
    err_code rc = files_hash(&h, f, file_names, (int)COUNT_OF(file_names), e);
    if (!rc && f->dir && files_has(f, "hyperparams.json")) {
        static const char *const inner_names[] = {"final.safetensors"};
        arena paths = {0};
        files inner = files_from_dir(path_join(&paths, f->dir, "checkpoints"));
        rc = files_hash(&h, &inner, inner_names, 1, e);
        arena_release(&paths);
    }
    sha256_finish(&h, hex);
    return rc;
}
