/* Inside a model: where each weight is. Private to src/model. */
#ifndef MODEL_WEIGHTS_H
#define MODEL_WEIGHTS_H
#include "base/arena.h"
#include "data/checkpoint.h"
#include "model/transformer.h"

/* NULL where the description has no such weight. Matrices are [out, in] as files hold them:
 * y = x W' + b. */
typedef struct norm_weights {
    parameter *gain, *bias;
} norm_weights;

typedef struct linear_weights {
    parameter *matrix, *bias;
    int in, out;
} linear_weights;

typedef struct block_weights {
    norm_weights ln1, ln2;
    linear_weights qkv, attention_out, gate, mlp_in, mlp_out; /* gate only when gated */
} block_weights;

/* How a parameter is stored and how it starts. */
typedef struct weight_form {
    int rank, rows, columns; /* rank 1: rows numbers */
    bool owned;              /* value is ours to change and free */
    float deviation;         /* of its random start; 0: constant */
    float constant;
} weight_form;

struct model {
    backend *be;
    model_config config;
    parameter *parameters;
    weight_form *forms; /* beside parameters */
    int n_parameters;
    parameter *embed, *positions, *unembed; /* unembed is embed when tied */
    norm_weights final;
    block_weights *blocks;
    checkpoint file; /* open while weights lie in it */
    arena names;
};

/* A model with names and shapes for its description and no values yet. */
model *model_declare(backend *be, const model_config *c);
/* Memory of its own for parameter i; the old value is copied when it has one. */
err_code model_own(model *m, int i, err *e);

/* Where heads lie in a row of the joint projection of this model. */
attention_shape model_attention(const model_config *c, int B, int T);

#endif
