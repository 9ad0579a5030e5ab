/* Running a model: tokens in, blocks up to a hook or the end, and the way back to the embeddings.
 */
#include "model/forward.h"
#include "base/memory.h"
#include "base/progress.h"
#include "model/workspace.h"

static size_t stream_bytes(const forward *f)
{
    return (size_t)f->r.N * (size_t)f->m->config.d_model * sizeof(float);
}

static err_code check_tokens(const forward *f, const int32_t *host_tokens_BT, int B, int T,
                             bool mixed, err *e)
{
    int V = f->m->config.d_vocab;
    if (B < 1 || T < 1 || B > f->max_B || T > f->max_T)
        return err_set(e, E_SHAPE, "%d sequences of %d tokens in a workspace for %d of %d", B, T,
                       f->max_B, f->max_T);
    for (int n = 0; n < B * T; n++)
        if (host_tokens_BT[n] >= V || host_tokens_BT[n] < (mixed ? -1 : 0))
            return err_set(e, E_SHAPE, "token %d of sequence %d is %d, but the vocabulary has %d",
                           n % T, n / T, host_tokens_BT[n], V);
    return OK;
}

/* A workspace for all blocks can stop anywhere; a shorter one not above its last block. */
err_code forward_check_stop(const forward *f, const hook *stop, err *e)
{
    int layers = f->m->config.n_layers;
    bool fits = !stop                            ? f->has_logits
                : stop->site <= HOOK_POS_EMBED   ? true
                : stop->site >= HOOK_FINAL_SCALE ? f->n_layers == layers
                                                 : stop->layer < f->n_layers;
    if (!fits)
        return err_set(e, E_SHAPE,
                       "this workspace has memory for %d of %d blocks, too few to "
                       "reach %s",
                       f->n_layers, layers, stop ? stop->name : "the logits");
    return OK;
}

void forward_positions(float *x_ND, forward *f)
{
    const model_config *c = &f->m->config;
    f->r.be->gather_rows(f->r.be, x_ND, f->m->positions->stored, f->m->positions->type,
                         f->positions_N, 1, f->r.N, c->context, c->d_model);
}

static void add_positions(forward *f)
{
    if (!f->m->positions)
        return;
    forward_positions(f->r.branch_ND, f);
    f->r.be->add(f->r.be, f->r.resid_ND, f->r.resid_ND, f->r.branch_ND,
                 (size_t)f->r.N * (size_t)f->m->config.d_model);
}

void forward_uninterrupted(forward *f)
{
    f->uninterrupted = true;
}

err_code forward_check_cancel(const forward *f, err *e)
{
    return f->uninterrupted || f->mode == FORWARD_WEIGHT_GRADIENT ? OK : cancel_check(e);
}

/* Runs from (layer, from) to the stop of this run, or to the end. */
static err_code run_blocks(forward *f, int layer, hook_site from, const hook *stop, err *e)
{
    err_code rc = OK;
    int n_layers = f->m->config.n_layers;
    int last = !stop || stop->site >= HOOK_FINAL_SCALE ? n_layers - 1 : stop->layer;
    for (int l = layer; l <= last && !rc; l++) {
        hook_site to = stop && l == stop->layer ? stop->site : HOOK_RESID_POST;
        block_forward(&f->r, &f->m->blocks[l], &f->blocks[l], l == layer ? from : HOOK_RESID_PRE,
                      to);
        rc = forward_check_cancel(f, e);
    }
    if (!rc && (!stop || stop->site >= HOOK_FINAL_SCALE))
        norm_forward(&f->r, &f->final, &f->m->final, f->r.resid_ND);
    return rc;
}

static err_code finish(forward *f, const hook *stop, err *e)
{
    f->made = stop ? RAN_TO_HOOK : RAN_TO_END;
    f->stop = stop ? *stop : (hook){0};
    f->value = stop ? hook_read(f) : NULL;
    err_code rc = backend_sync(f->r.be, e);
    if (rc)
        f->made = NOTHING_RUN;
    return rc;
}

err_code forward_run(forward *f, const int32_t *host_tokens_N, const float *x_BTD, const hook *stop,
                     err *e)
{
    const model_config *c = &f->m->config;
    backend *be = f->r.be;
    size_t ids = (size_t)f->r.N * sizeof *f->tokens_N;
    be->upload(be, f->tokens_N, host_tokens_N, ids);
    be->upload(be, f->positions_N, f->host_positions_N, ids);
    if (x_BTD)
        be->copy(be, f->r.resid_ND, x_BTD, stream_bytes(f));
    be->gather_rows(be, f->r.resid_ND, f->m->embed->stored, f->m->embed->type, f->tokens_N,
                    c->embed_scale, f->r.N, c->d_vocab, c->d_model);
    err_code rc = OK;
    if (!stop || stop->site > HOOK_POS_EMBED) {
        add_positions(f);
        rc = run_blocks(f, 0, HOOK_RESID_PRE, stop, e);
    }
    return rc ? rc : finish(f, stop, e);
}

static err_code start(forward *f, const int32_t *host_tokens_BT, const float *x_BTD, int B, int T,
                      const hook *stop, err *e)
{
    f->made = NOTHING_RUN;
    f->kept.valid = false;
    err_code rc = check_tokens(f, host_tokens_BT, B, T, x_BTD != NULL, e);
    if (!rc)
        rc = forward_check_stop(f, stop, e);
    if (rc)
        return rc;
    f->r.N = B * T;
    f->r.B = B;
    f->r.T = T;
    f->r.children = (attention_children){0};
    f->r.parents = NULL;
    for (int n = 0; n < f->r.N; n++)
        f->host_positions_N[n] = n % T;
    return forward_run(f, host_tokens_BT, x_BTD, stop, e);
}

err_code forward_tokens(forward *f, const int32_t *host_tokens_BT, int B, int T, const hook *stop,
                        err *e)
{
    return start(f, host_tokens_BT, NULL, B, T, stop, e);
}

err_code forward_mixed(forward *f, const int32_t *host_tokens_BT, const float *x_BTD, int B, int T,
                       const hook *stop, err *e)
{
    return start(f, host_tokens_BT, x_BTD, B, T, stop, e);
}

err_code forward_require(const forward *f, progress_made made, const char *what, err *e)
{
    if (f->made == made)
        return OK;
    return err_set(e, E_SHAPE, "%s needs a run to %s first", what,
                   made == RAN_TO_END ? "the end" : "a hook");
}

const float *forward_hook(const forward *f)
{
    return f->value;
}

err_code forward_splice(forward *f, const float *value, err *e)
{
    if (f->kept.valid)
        hook_return(f);
    err_code rc = forward_require(f, RAN_TO_HOOK, "continuing from a hook", e);
    if (rc)
        return rc;
    if (f->r.children.C)
        return err_set(e, E_SHAPE, "a run of children does not continue from %s", f->stop.name);
    if (f->mode != FORWARD_ONLY || !f->has_logits)
        return err_set(e, E_SHAPE,
                       "continuing from %s needs a workspace without gradients that "
                       "goes to the logits",
                       f->stop.name);
    if (!hook_is_writable(&f->stop))
        return err_set(e, E_CONFIG, "%s can only be looked at, nothing can be put in its place",
                       f->stop.name);
    if (!f->kept.valid)
        hook_keep(f);
    hook_write(f, value);
    f->made = NOTHING_RUN;
    if (f->stop.site == HOOK_FINAL_NORMALIZED) {
        norm_finish(&f->r, &f->final, &f->m->final);
    } else if (f->stop.site == HOOK_EMBED) {
        add_positions(f);
        rc = run_blocks(f, 0, HOOK_RESID_PRE, NULL, e);
    } else {
        rc = run_blocks(f, f->stop.layer, f->stop.site, NULL, e);
    }
    return rc ? rc : finish(f, NULL, e);
}

err_code blocks_backward(forward *f, int top, err *e)
{
    err_code rc = OK;
    for (int l = top; l >= 0 && !rc; l--) {
        block_backward(&f->r, &f->m->blocks[l], &f->blocks[l], HOOK_RESID_POST, NULL);
        rc = forward_check_cancel(f, e);
    }
    return rc;
}

void embed_backward(float *d_x_BTD, forward *f)
{
    backend *be = f->r.be;
    const model_config *c = &f->m->config;
    if (d_x_BTD)
        be->copy(be, d_x_BTD, f->r.d_resid_ND, stream_bytes(f));
    if (!f->r.weights)
        return;
    be->scatter_add_rows(be, f->m->embed->gradient, f->r.d_resid_ND, f->tokens_N, c->embed_scale,
                         f->r.N, c->d_vocab, c->d_model);
    size_t n = (size_t)f->r.T * (size_t)c->d_model;
    for (int b = 0; b < f->r.B && f->m->positions; b++)
        be->axpy(be, f->m->positions->gradient, 1, f->r.d_resid_ND + (size_t)b * n, n);
}

err_code backward_to_embeddings(float *d_x_BTD, forward *f, const float *d_hook, err *e)
{
    err_code rc = forward_require(f, RAN_TO_HOOK, "the gradient at the embeddings", e);
    if (rc)
        return rc;
    if (f->mode == FORWARD_ONLY)
        return err_set(e, E_SHAPE, "this workspace keeps nothing for gradients");
    if (!hook_is_writable(&f->stop))
        return err_set(e, E_CONFIG, "%s can only be looked at, no gradient starts there",
                       f->stop.name);
    hook_site site = f->stop.site;
    int top = f->stop.layer;
    f->r.weights = false;
    d_hook = hook_gradient(f, d_hook);
    if (site == HOOK_FINAL_NORMALIZED)
        norm_backward_normalized(&f->r, f->r.d_resid_ND, &f->final, d_hook);
    else if (site != HOOK_EMBED)
        block_backward(&f->r, &f->m->blocks[top], &f->blocks[top], site, d_hook);
    rc = blocks_backward(f, top - 1, e);
    if (rc)
        return rc;
    embed_backward(d_x_BTD, f);
    return backend_sync(f->r.be, e);
}
