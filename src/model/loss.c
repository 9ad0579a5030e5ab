/* Logits and cross-entropy, a chunk of rows at a time. */
#include "base/memory.h"
#include "model/forward.h"
#include "model/workspace.h"

/* Rows first .. first+n-1 into logits_NV. */
static void logits_forward(forward *f, float *logits_NV, int first, int n)
{
    const model_config *c = &f->m->config;
    backend *be = f->r.be;
    run rows = f->r;
    rows.N = n;
    linear_forward(&rows, logits_NV, &f->m->unembed, ROW(f->final.out_ND, first, c->d_model),
                   false);
    if (c->final_softcap > 0)
        be->softcap_forward(be, logits_NV, c->final_softcap, (size_t)n * (size_t)c->d_vocab);
}

err_code forward_logits(float *logits_NV, forward *f, int first_row, int n, err *e)
{
    err_code rc = forward_require(f, RAN_TO_END, "reading logits", e);
    if (rc)
        return rc;
    if (first_row < 0 || n < 0 || first_row > f->r.N || n > f->r.N - first_row)
        return err_set(e, E_SHAPE, "logits of rows %d to %d of %d", first_row, first_row + n,
                       f->r.N);
    logits_forward(f, logits_NV, first_row, n);
    return backend_sync(f->r.be, e);
}

static err_code set_targets(forward *f, const int32_t *host_targets_BT, err *e)
{
    for (int n = 0; n < f->r.N; n++)
        if (host_targets_BT[n] < -1 || host_targets_BT[n] >= f->m->config.d_vocab)
            return err_set(e, E_SHAPE, "target %d is %d, but the vocabulary has %d", n,
                           host_targets_BT[n], f->m->config.d_vocab);
    f->r.be->upload(f->r.be, f->targets_N, host_targets_BT, (size_t)f->r.N * sizeof *f->targets_N);
    return OK;
}

/* The gradient of one chunk's logits, in its place: to the final norm's output and the matrix. */
static void logits_backward(forward *f, float *d_logits, int first, int n)
{
    int D = f->m->config.d_model;
    run rows = f->r;
    rows.N = n;
    linear_backward(&rows, ROW(f->d_final_ND, first, D), &f->m->unembed, d_logits, false);
    if (f->r.weights)
        linear_gradients(&rows, &f->m->unembed, d_logits, ROW(f->final.out_ND, first, D));
}

static void loss_chunk(forward *f, int first, int n, bool gradient, float scale)
{
    const model_config *c = &f->m->config;
    backend *be = f->r.be;
    float *d_logits = !gradient ? NULL : c->final_softcap > 0 ? f->d_logits : f->logits;
    logits_forward(f, f->logits, first, n);
    be->cross_entropy(be, f->loss_N + first, d_logits, f->logits, f->targets_N + first, scale, n,
                      c->d_vocab);
    if (!gradient)
        return;
    if (c->final_softcap > 0)
        be->softcap_backward(be, d_logits, f->logits, c->final_softcap,
                             (size_t)n * (size_t)c->d_vocab);
    logits_backward(f, d_logits, first, n);
}

static err_code all_chunks(float *host_loss_BT, forward *f, const int32_t *host_targets_BT,
                           bool gradient, float scale, err *e)
{
    err_code rc = forward_require(f, RAN_TO_END, "the loss", e);
    if (!rc)
        rc = set_targets(f, host_targets_BT, e);
    if (rc)
        return rc;
    for (int first = 0; first < f->r.N; first += f->logit_rows) {
        int n = f->r.N - first < f->logit_rows ? f->r.N - first : f->logit_rows;
        loss_chunk(f, first, n, gradient, scale);
    }
    if (host_loss_BT)
        f->r.be->download(f->r.be, host_loss_BT, f->loss_N, (size_t)f->r.N * sizeof *host_loss_BT);
    return OK;
}

err_code forward_loss(float *host_loss_BT, forward *f, const int32_t *host_targets_BT, err *e)
{
    err_code rc = all_chunks(host_loss_BT, f, host_targets_BT, false, 0, e);
    return rc ? rc : backend_sync(f->r.be, e);
}

err_code backward_loss(float *host_loss_BT, float *d_x_BTD, forward *f,
                       const int32_t *host_targets_BT, float scale, err *e)
{
    if (f->mode == FORWARD_ONLY)
        return err_set(e, E_SHAPE, "this workspace keeps nothing for gradients");
    f->r.weights = f->mode == FORWARD_WEIGHT_GRADIENT;
    err_code rc = all_chunks(host_loss_BT, f, host_targets_BT, true, scale, e);
    if (rc)
        return rc;
    f->r.be->zero(f->r.be, f->r.d_resid_ND,
                  (size_t)f->r.N * (size_t)f->m->config.d_model * sizeof *f->r.d_resid_ND);
    norm_backward(&f->r, f->r.d_resid_ND, &f->final, &f->m->final, f->d_final_ND);
    blocks_backward(f, f->m->config.n_layers - 1);
    embed_backward(d_x_BTD, f);
    return backend_sync(f->r.be, e);
}
