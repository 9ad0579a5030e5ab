/* Places in the network that have a name. Names and meaning follow TransformerLens with no weight
 * processing: "hook_embed", "blocks.2.hook_resid_post", "blocks.0.attn.hook_z", ... */
#ifndef MODEL_HOOK_H
#define MODEL_HOOK_H
#include "model/config.h"

/* In the order in which a block computes them. */
typedef enum {
    HOOK_EMBED,            /* token embedding, after its scale, before positions [D] */
    HOOK_RESID_PRE,        /* residual stream entering the block [D] */
    HOOK_LN1_NORMALIZED,   /* before gain and bias [D] */
    HOOK_Z,                /* attention-weighted values, heads side by side [n_heads * d_head] */
    HOOK_ATTN_OUT,         /* what attention adds to the stream [D] */
    HOOK_RESID_MID,        /* between attention and mlp; sequential blocks only [D] */
    HOOK_LN2_NORMALIZED,   /* before gain and bias [D] */
    HOOK_MLP_POST,         /* after the nonlinearity (and gate), input of the last matrix [M] */
    HOOK_MLP_OUT,          /* what the mlp adds to the stream [D] */
    HOOK_RESID_POST,       /* residual stream leaving the block [D] */
    HOOK_FINAL_NORMALIZED, /* ln_final.hook_normalized, before gain and bias [D] */
    HOOK_SITES
} hook_site;

typedef struct hook {
    hook_site site;
    int layer; /* 0 for hook_embed, n_layers for ln_final.hook_normalized */
    int width; /* numbers per token */
    char name[64];
} hook;

/* E_CONFIG when the name does not exist in this model: the message lists the names that do. */
err_code hook_parse(hook *out, const model_config *c, const char *name, err *e);

#endif
