/* The memory of a run. Private to src/model. */
#ifndef MODEL_WORKSPACE_H
#define MODEL_WORKSPACE_H
#include "model/block.h"
#include "model/forward.h"

typedef enum { NOTHING_RUN, RAN_TO_HOOK, RAN_TO_END } progress_made;

/* Room for values at hooks that do not lie in one piece, or from which something is taken off. W:
 * the widest such hook. */
typedef struct hook_room {
    float *packed_NW;
    int32_t *columns_W, *host_columns_W; /* of the site's array that the hook has */
    float *mean_N, *ones_D;
    float *projected_R, *bias_W; /* one row: the bias of the values, spread over the heads */
    int32_t *bias_columns_W, *host_bias_columns_W;
} hook_room;

enum { KEPT_ARRAYS = 3 };

/* What a run to a hook left there, for forward_splice() to begin with again. */
typedef struct kept_run {
    hook at;
    float *copies[KEPT_ARRAYS]; /* of what is read from there on; NULL: forward_keep() was not asked
                                   for */
    bool valid;                 /* of the last run to a hook */
} kept_run;

struct forward {
    model *m;
    run r;
    forward_mode mode;
    int max_B, max_T, n_layers; /* blocks this workspace can run */
    bool has_logits;
    int32_t *tokens_N, *targets_N, *positions_N;
    int32_t *host_positions_N;
    /* FORWARD_ONLY: room for children, at most one a row */
    int32_t *host_tokens_N, *host_children_3C, *children_3C;
    block_state *blocks; /* n_layers, pointing into shared arrays in FORWARD_ONLY */
    norm_state final;
    float *cos_TR, *sin_TR, *d_final_ND, *loss_N, *logits, *d_logits;
    int logit_rows;
    /* rows whose logits are wanted, their targets and losses in the same order; logit_rows of them
     * at a time from the final norm's output */
    int32_t *rows_N, *host_rows_N, *host_targets_N;
    float *host_loss_N, *picked_ND;
    bool uninterrupted; /* Ctrl-C does not stop a run between layers */
    progress_made made;
    hook stop;
    const float *value; /* at stop */
    hook_room room;
    kept_run kept;
    void **owned; /* every array above, for forward_free() */
    int n_owned;
};

/* E_SHAPE when the workspace has too few blocks to run to the hook. */
err_code forward_check_stop(const forward *f, const hook *stop, err *e);
/* Runs what the caller put into f->r (N, B, T and children) and host_positions_N. x_BTD, as
 * forward_mixed() takes it, may be NULL. */
err_code forward_run(forward *f, const int32_t *host_tokens_N, const float *x_BTD, const hook *stop,
                     err *e);
/* Each row's learned position. */
void forward_positions(float *x_ND, forward *f);

/* E_SHAPE unless the run reached `made`; `what` names the call. */
err_code forward_require(const forward *f, progress_made made, const char *what, err *e);
/* d_resid_ND is the gradient at the embedding's sum: hands it to d_x_BTD (may be NULL) and, with
 * weights, to the embedding's and positions' gradients. */
void embed_backward(float *d_x_BTD, forward *f);
/* Every block from the top; d_resid_ND is the gradient at resid_post of block `top`. */
err_code blocks_backward(forward *f, int top, err *e);
/* E_CANCELLED on Ctrl-C, unless weights are learned or the workspace is uninterrupted. */
err_code forward_check_cancel(const forward *f, err *e);

/* ---- hook_value.c: between a hook's value and the arrays of a run. f->stop is the hook. ---- */

/* Numbers of the widest hook that hook_room must hold. */
size_t hook_room_width(const model_config *c);
/* The value after a run to f->stop. */
const float *hook_read(forward *f);
/* Puts a value where hook_read() took it from, with what was taken off added again. */
void hook_write(forward *f, const float *value);
/* Copies what a run on from the hook reads, if there is room for it; and brings it back, whatever
 * was run since. */
void hook_keep(forward *f);
void hook_return(forward *f);
/* Brings the gradient at the hook to its site, as block_backward() wants it. */
const float *hook_gradient(forward *f, const float *d_hook);

#endif
