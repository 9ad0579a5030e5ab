/* Running the model: to a hook or to the logits, and back.
 *
 * Rows are tokens: row b * T + t of every [B*T, width] array (but see forward_children()). Pointers
 * that are not called host_* are backend memory. One `forward` is used from one thread at a time;
 * several may share a model. No function here but forward_keep() allocates after forward_new().
 *
 * Ctrl-C is looked for between layers and between chunks of logits: a call then returns
 * E_CANCELLED and what it was to make is not there. Not where weights are learned, whose steps are
 * whole or not taken at all, nor after forward_uninterrupted(). */
#ifndef MODEL_FORWARD_H
#define MODEL_FORWARD_H
#include "model/hook.h"
#include "model/transformer.h"

typedef struct forward forward;

typedef enum {
    FORWARD_ONLY,           /* one layer's activations, overwritten by the next */
    FORWARD_INPUT_GRADIENT, /* keeps what the gradient to the embeddings needs */
    FORWARD_WEIGHT_GRADIENT /* and what the weight gradients need */
} forward_mode;

/* Workspace for up to max_B x max_T tokens, running no further than `last` (NULL: the logits): a
 * gradient workspace holds only the layers it will run. Owner: caller, forward_free(); the model
 * must outlive it. FORWARD_WEIGHT_GRADIENT needs model_want_gradients() first. */
err_code forward_new(forward **out, model *m, int max_B, int max_T, const hook *last,
                     forward_mode mode, err *e);
void forward_free(forward *f);
/* Runs of this workspace go on after Ctrl-C, which its owner looks for: for passes on which a step
 * of learning waits. */
void forward_uninterrupted(forward *f);

/* Runs to the hook and no further (stop NULL: to the end). A token outside 0 .. V-1 or B, T beyond
 * the workspace is E_SHAPE. In a parallel block only the branch the hook lies in is computed. */
err_code forward_tokens(forward *f, const int32_t *host_tokens_BT, int B, int T, const hook *stop,
                        err *e);
/* As forward_tokens, but where the token is -1 row x_BTD is the embedding (what hook_embed shows);
 * other rows of x_BTD are not read. */
err_code forward_mixed(forward *f, const int32_t *host_tokens_BT, const float *x_BTD, int B, int T,
                       const hook *stop, err *e);

/* Runs C sequences that begin like sequences of `parent`: sequence c is sequence host_parent_C[c]
 * of the parent's last run before position host_first_C[c] (0 .. T-1, T the parent's) and only its
 * rows from there on are computed, with the parent's keys and values before them. host_tokens_CT is
 * C x T; columns before first are not read.
 *
 * Rows are packed: sequence c's T - first rows follow each other, the sequences in order; N is
 * their total. forward_hook() then is [N, width], forward_logits() and forward_loss() take packed
 * rows. (What the token at `first` costs is read from the parent: its row first - 1.) A sequence's
 * bytes do not depend on the others in the call.
 *
 * f is a FORWARD_ONLY workspace of the parent's model with T <= max_T and N <= max_B * max_T; C
 * may exceed max_B. The parent ran forward_tokens() or forward_mixed() to `stop` or further in a
 * workspace that keeps every layer's keys: one with gradients, or FORWARD_ONLY of a single block.
 * In a parallel block a run to a place in the mlp has computed no keys. E_SHAPE otherwise.
 * Afterwards f cannot forward_splice() nor be a parent. */
err_code forward_children(forward *f, const forward *parent, const int32_t *host_tokens_CT,
                          const int *host_parent_C, const int *host_first_C, int C,
                          const hook *stop, err *e);

/* The value at the hook run to, [B*T, hook width], of the one head and processed as the hook says;
 * borrowed, valid until the next call on f. */
const float *forward_hook(const forward *f);

/* After a run to a hook: continues to the end with `value` [B*T, hook width] (which may be
 * forward_hook() itself) in place of what was there; other heads stay, and what processing took off
 * is added again. FORWARD_ONLY workspaces only. E_CONFIG where nothing can be put (see
 * hook_is_writable()). After forward_keep() for this hook it may be called again and again, with
 * `value` in the place of what the run to the hook left there each time; forward_hook() is only
 * there before the first. */
err_code forward_splice(forward *f, const float *value, err *e);
/* Makes room for what forward_splice() needs to be called more than once after a run to `at`. */
err_code forward_keep(forward *f, const hook *at, err *e);

/* After a run to the end: logits of n rows from first_row, [n, V]. */
err_code forward_logits(float *logits_NV, forward *f, int first_row, int n, err *e);
/* Logits of the listed rows, in their order, [R, V]; R is at most the rows of the run. */
err_code forward_logits_of(float *logits_RV, forward *f, const int *host_rows_R, int R, err *e);
/* Cross-entropy per token in nats; target -1 gives 0, and no logits are computed for it. The
 * targets are the caller's: for language modelling, token t's target is token t + 1. Logits exist a
 * chunk of rows at a time. */
err_code forward_loss(float *host_loss_BT, forward *f, const int32_t *host_targets_BT, err *e);
/* The same, and shows each chunk's logits: of the n rows listed, which have a target, in their
 * order, each row once; logits_nV is backend memory that lasts for the call, n at most
 * forward_loss_rows(). An error of the visitor is returned. */
typedef err_code logits_visitor(void *context, const float *logits_nV, const int32_t *host_rows_n,
                                int n, err *e);
err_code forward_loss_seen(float *host_loss_BT, forward *f, const int32_t *host_targets_BT,
                           logits_visitor *visit, void *context, err *e);
int forward_loss_rows(const forward *f);

/* d_x_BTD = gradient at hook_embed, given the gradient at the (processed) value of the hook run to.
 * The weights' gradients are not touched. E_CONFIG unless hook_is_writable(). */
err_code backward_to_embeddings(float *d_x_BTD, forward *f, const float *d_hook, err *e);

/* After a run to the end: loss as forward_loss() gives it (NULL: not wanted), the gradient of
 * scale * sum of the losses at hook_embed (d_x_BTD NULL: not wanted), and, in
 * FORWARD_WEIGHT_GRADIENT mode, adds to every parameter's gradient. */
err_code backward_loss(float *host_loss_BT, float *d_x_BTD, forward *f,
                       const int32_t *host_targets_BT, float scale, err *e);

#endif
