/* What a model's folder holds, found out without reading a weight. */
#ifndef MODEL_CONTENTS_H
#define MODEL_CONTENTS_H
#include "base/arena.h"
#include "data/stored_tensor.h"
#include "model/config.h"

/* Tensors stored in one type. */
typedef struct stored_kind {
    const char *name; /* as the files spell it: "BF16" */
    int n_tensors;
    size_t bytes;
} stored_kind;

enum { CONTENTS_MAX_KINDS = 8 };

/* Strings in the arena given to model_look(). */
typedef struct model_contents {
    model_config config;                   /* `tied` as the files have it */
    int n_files;                           /* shards */
    int n_weights;                         /* tensors that are read */
    size_t n_parameters;                   /* numbers in them */
    stored_kind kinds[CONTENTS_MAX_KINDS]; /* of those tensors, most bytes first */
    int n_kinds;
    const char **ignored; /* buffers beside the weights, which follow from the config; sorted */
    int n_ignored;
    size_t owned_bytes;    /* of memory that loading takes beyond the mapped files */
    size_t run_bytes;      /* of workspace for one sequence of `tokens` to the logits */
    size_t gradient_bytes; /* likewise with the gradient at the embeddings */
    int tokens;
} model_contents;

/* Checks all that model_load() checks except the values: config.json, that every tensor is there
 * with its shape, that none is left over. `tokens` is cut to the context. */
err_code model_look(model_contents *out, const files *f, int tokens, arena *a, err *e);

#endif
