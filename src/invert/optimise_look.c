/* What the model says of all running inputs, what they pay, and the gradient of both. */
#include "base/memory.h"
#include "invert/optimiser.h"
#include "invert/penalties.h"
#include "invert/smooth_max.h"
#include <math.h>
#include <string.h>

static void place_tokens(optimiser *p)
{
    int T = p->T, padding = p->set->bos >= 0 ? p->set->bos : 0;
    for (int b = 0; b < p->n_slots; b++) {
        const slot *s = &p->slots[b];
        for (int t = 0; t < T; t++) {
            int i = t - p->skip; /* position of the job */
            bool free_position = i >= 0 && i < s->job->length;
            ROW(p->host_tokens_N, b, T)[t] = free_position ? -1 : padding;
            ROW(p->host_which_N, b, T)[t] = (int32_t)(s->job - p->jobs);
            /* The token that should follow: what is nearest to the next position. */
            ROW(p->host_targets_N, b, T)
            [t] = i + 1 >= 0 && i + 1 < s->job->length ? s->nearest_L[i + 1] : -1;
        }
    }
}

/* ---- the feature --------------------------------------------------------------------------------
 */

/* The gradient of minus the largest activation, which is nothing when no position is active. */
static void largest_gradient(float *d_pre, const float *f, int n)
{
    int best = 0;
    for (int i = 1; i < n; i++)
        best = f[i] > f[best] ? i : best;
    if (f[best] > 0)
        d_pre[best] = -1;
}

/* d_pre = the gradient of minus the smooth maximum. */
static void objective_gradient(optimiser *p)
{
    int T = p->T;
    for (int b = 0; b < p->n_slots; b++) {
        const optimise_job *job = p->slots[b].job;
        float *d_pre = ROW(p->host_d_pre_N, b, T);
        memset(d_pre, 0, (size_t)T * sizeof *d_pre);
        if (optimiser_is(p, FREE_ORIGINAL)) {
            largest_gradient(d_pre, ROW(p->host_f_N, b, T), job->length);
            continue;
        }
        smooth_max(d_pre + p->skip, ROW(p->host_pre_N, b, T) + p->skip, job->length,
                   SMOOTH_MAX_SOFTNESS * job->scale);
        for (int i = 0; i < job->length; i++)
            d_pre[p->skip + i] = -d_pre[p->skip + i];
    }
}

static err_code feature_gradient(optimiser *p, err *e)
{
    backend *be = p->be;
    int N = p->n_slots * p->T;
    err_code rc =
        forward_mixed(p->to_hook, p->host_tokens_N, p->x_ND, p->n_slots, p->T, p->set->hook, e);
    if (rc)
        return rc;
    const float *h = forward_hook(p->to_hook);
    sae_encode_targets(p->f_N, p->pre_N, p->columns, p->host_which_N, h, N);
    be->download(be, p->host_pre_N, p->pre_N, (size_t)N * sizeof(float));
    be->download(be, p->host_f_N, p->f_N, (size_t)N * sizeof(float));
    rc = backend_sync(be, e);
    if (rc)
        return rc;
    objective_gradient(p);
    be->upload(be, p->pre_N, p->host_d_pre_N, (size_t)N * sizeof(float));
    sae_backward_targets(p->d_h, p->columns, p->host_which_N, p->pre_N, h, N);
    return backward_to_embeddings(p->d_x_ND, p->to_hook, p->d_h, e);
}

/* ---- coherence ----------------------------------------------------------------------------------
 */

int optimiser_expected(const optimiser *p, const optimise_job *job)
{
    int n = job->length - !p->skip;
    return n > 0 ? n : 1;
}

/* Adds coherence_weight times the gradient of each sequence's mean cross-entropy. Sequences differ
 * in length and do not meet, so each one's mean is taken from the gradient of the sum. */
static err_code coherence_gradient(optimiser *p, err *e)
{
    backend *be = p->be;
    int N = p->n_slots * p->T;
    err_code rc = forward_mixed(p->to_end, p->host_tokens_N, p->x_ND, p->n_slots, p->T, NULL, e);
    if (!rc)
        rc = backward_loss(p->host_loss_N, p->d_loss_ND, p->to_end, p->host_targets_N,
                           (float)p->o->coherence_weight, e);
    if (rc)
        return rc;
    for (int row = 0; row < N; row++)
        p->host_share_N[row] = 1 / (float)optimiser_expected(p, p->slots[row / p->T].job);
    be->upload(be, p->share_N, p->host_share_N, (size_t)N * sizeof(float));
    be->scale_rows(be, p->d_loss_ND, p->share_N, N, p->D);
    be->add(be, p->d_x_ND, p->d_x_ND, p->d_loss_ND, (size_t)N * (size_t)p->D);
    return OK;
}

/* ---- penalties ----------------------------------------------------------------------------------
 */

/* Distances are averaged over a job's positions, in units of tokens' size. The original takes the
 * norm over all positions at once: rows of T * D numbers, 0 where a job has no position. */
static void add_distances(optimiser *p)
{
    backend *be = p->be;
    bool original = optimiser_is(p, FREE_ORIGINAL);
    int rows = original ? p->n_slots : p->n_slots * p->T;
    for (int row = 0; row < rows; row++)
        p->host_weight_N[row] =
            p->o->lambda_reg *
            (original ? 1 : optimiser_distance_unit(p, p->slots[row / p->T].job));
    be->upload(be, p->weight_N, p->host_weight_N, (size_t)rows * sizeof *p->weight_N);
    be->row_distances(be, p->distance_N, p->d_x_ND, p->x_ND, p->nearest_ND, p->weight_N, rows,
                      original ? p->T * p->D : p->D);
}

static err_code add_penalties(optimiser *p, err *e)
{
    backend *be = p->be;
    const optimise_options *o = p->o;
    for (int b = 0; b < p->n_slots; b++)
        p->host_length_B[b] = p->slots[b].job->length;
    be->upload(be, p->length_B, p->host_length_B, (size_t)p->n_slots * sizeof *p->length_B);
    add_distances(p);
    penalised_rows rows = {.d_x_BTC = p->d_x_ND,
                           .x_BTC = p->x_ND,
                           .length_B = p->length_B,
                           .B = p->n_slots,
                           .T = p->T,
                           .C = p->D,
                           .first = p->skip};
    penalty_diversity(p->diversity_B, be, &rows, o->diversity_window, o->diversity_penalty);
    penalty_repetition(p->repetition_B, be, &rows, o->repetition_window, o->repetition_penalty);
    be->download(be, p->host_distance_N, p->distance_N, optimiser_costs(p) * sizeof *p->distance_N);
    return backend_sync(be, e);
}

err_code optimiser_look(optimiser *p, err *e)
{
    if (optimiser_is(p, FREE_WHITENED))
        optimiser_transform(p, false);
    err_code rc = optimiser_refresh_nearest(p, e);
    if (rc)
        return rc;
    place_tokens(p);
    rc = feature_gradient(p, e);
    if (!rc && p->to_end)
        rc = coherence_gradient(p, e);
    return rc ? rc : add_penalties(p, e);
}
