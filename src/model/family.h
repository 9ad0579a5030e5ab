/* What tells the families of models apart, as data: how config.json spells the sizes, what else it
 * may say, and what the tensors are called. Private to src/model. */
#ifndef MODEL_FAMILY_H
#define MODEL_FAMILY_H
#include "model/config.h"
#include "model/config_reader.h"

/* Names without ".weight" and ".bias"; NULL where the family has no such tensor. */
typedef struct tensor_names {
    const char *prefix; /* before all but unembed; files of the bare network go without */
    const char *embed, *positions, *final, *unembed;
    const char *block; /* "h": what follows is in "PREFIX h.LAYER." */
    const char *ln1, *ln2, *post1, *post2;
    const char *qkv, *q, *k, *v; /* one joint projection or three */
    const char *q_norm, *k_norm, *attention_out;
    const char *gate, *mlp_in, *mlp_out;
    bool input_major; /* matrices are [in, out] (GPT-2's Conv1D), not [out, in] */
} tensor_names;

/* How config.json spells what every family has; NULL where the family cannot choose. */
typedef struct size_keys {
    const char *d_model, *layers, *heads, *kv_heads, *head_width, *mlp, *context, *eps, *act;
} size_keys;

typedef struct family {
    const char *type; /* "model_type" in config.json */
    /* What holds unless config.json says otherwise. A 0 among the sizes: kv heads as many as
     * heads, head width d_model / heads, mlp 4 d_model. rope_theta 0: no rotation. */
    model_config start;
    bool mlp_required; /* config.json must give the mlp width */
    size_keys keys;
    void (*read)(config_reader *r, model_config *c); /* the rest; NULL: there is none */
    const char *const *idle; /* keys without influence on the forward pass, NULL at the end */
    tensor_names names;
} family;

const family *family_of(model_family id);
/* NULL when there is none of this type. */
const family *family_named(const char *type);

/* The activation a key names, E_CONFIG when it is one we do not compute. */
activation read_activation(config_reader *r, const char *key, const char *fallback);

#endif
