/* Logits and cross-entropy, a chunk of rows at a time. */
#include "base/memory.h"
#include "model/forward.h"
#include "model/workspace.h"
#include <string.h>

/* Logits of n rows of the final norm's output. */
static void logits_forward(forward *f, float *logits_NV, const float *x_ND, int n)
{
    const model_config *c = &f->m->config;
    backend *be = f->r.be;
    run rows = f->r;
    rows.N = n;
    linear_forward(&rows, logits_NV, &f->m->unembed, x_ND, false);
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
    logits_forward(f, logits_NV, ROW(f->final.out_ND, first_row, f->m->config.d_model), n);
    return backend_sync(f->r.be, e);
}

/* Rows listed in rows_n of the final norm's output, at most logit_rows, to f->picked_ND. */
static void pick_rows(forward *f, int first, int n)
{
    int D = f->m->config.d_model;
    f->r.be->gather_rows(f->r.be, f->picked_ND, f->final.out_ND, NUMBER_F32, f->rows_N + first, 1,
                         n, f->r.N, D);
}

err_code forward_logits_of(float *logits_RV, forward *f, const int *host_rows_R, int R, err *e)
{
    err_code rc = forward_require(f, RAN_TO_END, "reading logits", e);
    if (rc)
        return rc;
    if (R < 0 || R > f->r.N)
        return err_set(e, E_SHAPE, "logits of %d rows of %d", R, f->r.N);
    for (int i = 0; i < R; i++) {
        if (host_rows_R[i] < 0 || host_rows_R[i] >= f->r.N)
            return err_set(e, E_SHAPE, "logits of row %d of %d", host_rows_R[i], f->r.N);
        f->host_rows_N[i] = host_rows_R[i];
    }
    f->r.be->upload(f->r.be, f->rows_N, f->host_rows_N, (size_t)R * sizeof *f->rows_N);
    for (int first = 0; first < R && !rc; first += f->logit_rows) {
        int n = R - first < f->logit_rows ? R - first : f->logit_rows;
        pick_rows(f, first, n);
        logits_forward(f, ROW(logits_RV, first, f->m->config.d_vocab), f->picked_ND, n);
        rc = forward_check_cancel(f, e);
    }
    return rc ? rc : backend_sync(f->r.be, e);
}

/* ---- the loss ----------------------------------------------------------------------------------
 */

/* Lists the rows that have a target, with their targets, and counts them: others need no logits.
 * Where weights have gradients all rows stay, so that sums over rows are cut where they were. */
static err_code list_rows(int *count, forward *f, const int32_t *host_targets_BT, err *e)
{
    int R = 0;
    for (int n = 0; n < f->r.N; n++) {
        int32_t target = host_targets_BT[n];
        if (target < -1 || target >= f->m->config.d_vocab)
            return err_set(e, E_SHAPE, "target %d is %d, but the vocabulary has %d", n, target,
                           f->m->config.d_vocab);
        if (target < 0 && f->mode != FORWARD_WEIGHT_GRADIENT)
            continue;
        f->host_rows_N[R] = n;
        f->host_targets_N[R++] = target;
    }
    *count = R;
    f->r.be->upload(f->r.be, f->rows_N, f->host_rows_N, (size_t)R * sizeof *f->rows_N);
    f->r.be->upload(f->r.be, f->targets_N, f->host_targets_N, (size_t)R * sizeof *f->targets_N);
    return OK;
}

/* The gradient of one chunk's logits, in its place: to the final norm's output, in the place of the
 * rows that were picked, and the matrix. */
static void logits_backward(forward *f, float *d_logits, int first, int n)
{
    int D = f->m->config.d_model;
    run rows = f->r;
    rows.N = n;
    if (f->r.weights)
        linear_gradients(&rows, &f->m->unembed, d_logits, f->picked_ND);
    linear_backward(&rows, f->picked_ND, &f->m->unembed, d_logits, false);
    f->r.be->scatter_add_rows(f->r.be, f->d_final_ND, f->picked_ND, f->rows_N + first, 1, n, f->r.N,
                              D);
}

static void loss_chunk(forward *f, int first, int n, bool gradient, float scale)
{
    const model_config *c = &f->m->config;
    backend *be = f->r.be;
    float *d_logits = !gradient ? NULL : c->final_softcap > 0 ? f->d_logits : f->logits;
    pick_rows(f, first, n);
    logits_forward(f, f->logits, f->picked_ND, n);
    be->cross_entropy(be, f->loss_N + first, d_logits, f->logits, f->targets_N + first, scale, n,
                      c->d_vocab);
    if (!gradient)
        return;
    if (c->final_softcap > 0)
        be->softcap_backward(be, d_logits, f->logits, c->final_softcap,
                             (size_t)n * (size_t)c->d_vocab);
    logits_backward(f, d_logits, first, n);
}

/* Losses of the R listed rows to all rows of the run. */
static err_code read_losses(float *host_loss_BT, forward *f, int R, err *e)
{
    f->r.be->download(f->r.be, f->host_loss_N, f->loss_N, (size_t)R * sizeof *f->host_loss_N);
    err_code rc = backend_sync(f->r.be, e);
    memset(host_loss_BT, 0, (size_t)f->r.N * sizeof *host_loss_BT);
    for (int i = 0; i < R && !rc; i++)
        host_loss_BT[f->host_rows_N[i]] = f->host_loss_N[i];
    return rc;
}

/* `visit` (NULL: nobody) is shown the logits of each chunk. */
static err_code all_chunks(float *host_loss_BT, forward *f, const int32_t *host_targets_BT,
                           bool gradient, float scale, logits_visitor *visit, void *context, err *e)
{
    int R = 0;
    err_code rc = forward_require(f, RAN_TO_END, "the loss", e);
    if (!rc)
        rc = list_rows(&R, f, host_targets_BT, e);
    for (int first = 0; first < R && !rc; first += f->logit_rows) {
        int n = R - first < f->logit_rows ? R - first : f->logit_rows;
        loss_chunk(f, first, n, gradient, scale);
        if (visit)
            rc = visit(context, f->logits, f->host_rows_N + first, n, e);
        if (!rc)
            rc = forward_check_cancel(f, e);
    }
    return rc || !host_loss_BT ? rc : read_losses(host_loss_BT, f, R, e);
}

err_code forward_loss(float *host_loss_BT, forward *f, const int32_t *host_targets_BT, err *e)
{
    return forward_loss_seen(host_loss_BT, f, host_targets_BT, NULL, NULL, e);
}

int forward_loss_rows(const forward *f)
{
    return f->logit_rows;
}

err_code forward_loss_seen(float *host_loss_BT, forward *f, const int32_t *host_targets_BT,
                           logits_visitor *visit, void *context, err *e)
{
    err_code rc = all_chunks(host_loss_BT, f, host_targets_BT, false, 0, visit, context, e);
    return rc ? rc : backend_sync(f->r.be, e);
}

err_code backward_loss(float *host_loss_BT, float *d_x_BTD, forward *f,
                       const int32_t *host_targets_BT, float scale, err *e)
{
    if (f->mode == FORWARD_ONLY)
        return err_set(e, E_SHAPE, "this workspace keeps nothing for gradients");
    f->r.weights = f->mode == FORWARD_WEIGHT_GRADIENT;
    f->r.be->zero(f->r.be, f->d_final_ND,
                  (size_t)f->r.N * (size_t)f->m->config.d_model * sizeof *f->d_final_ND);
    err_code rc = all_chunks(host_loss_BT, f, host_targets_BT, true, scale, NULL, NULL, e);
    if (rc)
        return rc;
    f->r.be->zero(f->r.be, f->r.d_resid_ND,
                  (size_t)f->r.N * (size_t)f->m->config.d_model * sizeof *f->r.d_resid_ND);
    norm_backward(&f->r, f->r.d_resid_ND, &f->final, &f->m->final, f->d_final_ND);
    rc = blocks_backward(f, f->m->config.n_layers - 1, e);
    if (rc)
        return rc;
    embed_backward(d_x_BTD, f);
    return backend_sync(f->r.be, e);
}
