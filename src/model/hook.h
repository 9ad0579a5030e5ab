/* Places in the network that have a name. Names and meaning follow TransformerLens 3
 * (HookedTransformer) with no weight processing, unless hook_apply_processing() asks for it:
 * "hook_embed", "blocks.2.hook_resid_post", "blocks.0.attn.hook_z", ... */
#ifndef MODEL_HOOK_H
#define MODEL_HOOK_H
#include "model/config.h"

/* In the order in which a block computes them. H, K: heads and key-value heads, e: head width. */
typedef enum {
    HOOK_EMBED,            /* token embedding, after its scale, before positions [D] */
    HOOK_POS_EMBED,        /* learned position [D]; can only be looked at */
    HOOK_RESID_PRE,        /* residual stream entering the block [D] */
    HOOK_LN1_SCALE,        /* sqrt(variance + eps) [1]; can only be looked at, as all scales */
    HOOK_LN1_NORMALIZED,   /* before gain and bias [D] */
    HOOK_Q,                /* after bias, before norm and rotation [H e] */
    HOOK_K,                /* the same [K e] */
    HOOK_V,                /* [K e] */
    HOOK_ROT_Q,            /* after rotation; rotating models only [H e] */
    HOOK_ROT_K,            /* [K e] */
    HOOK_Z,                /* attention-weighted values, heads side by side [H e] */
    HOOK_ATTN_OUT,         /* what attention adds to the stream, after a post norm [D] */
    HOOK_RESID_MID,        /* between attention and mlp; sequential blocks only [D] */
    HOOK_LN2_SCALE,        /* [1] */
    HOOK_LN2_NORMALIZED,   /* before gain and bias [D] */
    HOOK_MLP_IN,           /* after gain and bias [D] */
    HOOK_MLP_PRE,          /* what the nonlinearity is applied to [M] */
    HOOK_MLP_PRE_LINEAR,   /* what its result is multiplied by; gated models only [M] */
    HOOK_MLP_POST,         /* after the nonlinearity (and gate), input of the last matrix [M] */
    HOOK_MLP_OUT,          /* what the mlp adds to the stream, after a post norm [D] */
    HOOK_RESID_POST,       /* residual stream leaving the block [D] */
    HOOK_FINAL_SCALE,      /* ln_final.hook_scale [1] */
    HOOK_FINAL_NORMALIZED, /* ln_final.hook_normalized, before gain and bias [D] */
    HOOK_SITES
} hook_site;

/* What is taken off the value where it lies to give the value at the hook. */
typedef enum {
    LESS_NOTHING,
    LESS_MEAN,             /* each token's mean over D */
    LESS_VALUE_BIAS,       /* the bias of the values */
    LESS_FOLDED_VALUE_BIAS /* that, and what ln1's bias adds to the values */
} hook_less;

typedef struct hook {
    hook_site site;
    int layer; /* 0 for hook_embed and hook_pos_embed, n_layers for ln_final.* */
    int width; /* numbers per token */
    int head;  /* the only one, or -1: all heads side by side */
    hook_less less;
    char name[64];
} hook;

/* Options of TransformerLens's from_pretrained() that change values at hooks. */
typedef struct hook_processing {
    bool center_writing_weights, fold_value_biases, fold_ln;
} hook_processing;

/* E_CONFIG when the name does not exist in this model: the message lists the names that do. */
err_code hook_parse(hook *out, const model_config *c, const char *name, err *e);

/* The hook of a site; false when this model has none there. */
bool hook_of_site(hook *out, const model_config *c, hook_site site, int layer);

/* Leaves one head of q, k, v, rot_q, rot_k or z (SAELens: hook_head_index); width becomes d_head.
 * Keys and values have n_kv_heads. E_CONFIG for another place or a head that is not there. */
err_code hook_select_head(hook *h, const model_config *c, int head, err *e);

/* The hook as a model processed this way has it: value, gradient and splice are then those of the
 * processed value. Does nothing where the processing changes nothing. Not to be applied twice. */
void hook_apply_processing(hook *h, const model_config *c, const hook_processing *p);

/* May values be put in place here and gradients start here? Scales and positions can only be
 * looked at. */
bool hook_is_writable(const hook *h);

#endif
