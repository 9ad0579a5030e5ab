/* What is folded into the weights so that every architecture is computed in one form. Matrices are
 * scaled where they lie; vectors in double. */
#include "base/memory.h"
#include "sae/loader.h"
#include <math.h>

/* Backend memory with a copy of a vector, for one operation. */
static float *lend(sae_loader *l, const float *host, size_t n, err *e)
{
    float *placed = NULL;
    return sae_place(&placed, l->be, host, n, "SAE scales", e) ? NULL : placed;
}

static err_code scale_w_enc(sae_loader *l, const float *host_scale_F, err *e)
{
    int D = l->s->config.d_in, F = l->s->config.d_sae;
    float *scale_F = lend(l, host_scale_F, (size_t)F, e);
    if (!scale_F)
        return e->code;
    l->be->scale_columns(l->be, l->s->w_enc_DF, scale_F, D, F);
    l->be->free(l->be, scale_F);
    return OK;
}

err_code fold_encoder(sae_loader *l, const float *host_scale_F, err *e)
{
    for (int f = 0; f < l->s->config.d_sae; f++)
        l->b_enc_F[f] = (float)((double)l->b_enc_F[f] * (double)host_scale_F[f]);
    return scale_w_enc(l, host_scale_F, e);
}

err_code fold_decoder(sae_loader *l, const float *host_scale_F, err *e)
{
    int F = l->s->config.d_sae;
    float *scale_F = lend(l, host_scale_F, (size_t)F, e);
    if (!scale_F)
        return e->code;
    l->be->scale_rows(l->be, l->s->w_dec_FO, scale_F, F, l->s->config.d_out);
    l->be->free(l->be, scale_F);
    return OK;
}

/* The rule's scale for every feature out of its norm; false: nothing is to be done. */
static bool apply_rule(float *scale_F, int F, norm_rule rule)
{
    bool unit = true;
    for (int f = 0; f < F; f++) {
        unit = unit && fabs((double)scale_F[f] - 1) <= 1e-5; /* torch.allclose */
        if (rule == UNIT_NORMS && !(scale_F[f] > 0))
            scale_F[f] = 1;
    }
    return rule == TOP_K_NORMS || !unit;
}

err_code fold_decoder_norms(sae_loader *l, norm_rule rule, err *e)
{
    int F = l->s->config.d_sae;
    float *norm_F = lend(l, NULL, (size_t)F, e);
    float *host_F = norm_F ? mem_array((size_t)F, sizeof(float), "SAE scales", e) : NULL;
    err_code rc = host_F ? OK : e->code;
    if (!rc) {
        l->be->row_norms(l->be, norm_F, l->s->w_dec_FO, F, l->s->config.d_out);
        l->be->download(l->be, host_F, norm_F, (size_t)F * sizeof(float));
        rc = backend_sync(l->be, e);
    }
    if (!rc && apply_rule(host_F, F, rule)) {
        rc = fold_encoder(l, host_F, e);
        for (int f = 0; f < F; f++)
            host_F[f] = host_F[f] > 0 ? 1 / host_F[f] : 0;
        if (!rc)
            rc = fold_decoder(l, host_F, e);
    }
    mem_free(host_F);
    l->be->free(l->be, norm_F);
    return rc;
}

static err_code check_scale(const sae_loader *l, double scale, err *e)
{
    return isnormal((float)scale) && scale > 0
               ? OK
               : err_set(e, E_CONFIG, "%s: the norm scaling factor is %g, it should be above 0",
                         l->f->label, scale);
}

err_code fold_scales(sae_loader *l, double in, double out, err *e)
{
    const sae_config *c = &l->s->config;
    err_code rc = check_scale(l, in, e);
    if (!rc)
        rc = check_scale(l, out, e);
    if (rc)
        return rc;
    size_t F = (size_t)c->d_sae;
    l->be->scale(l->be, l->s->w_enc_DF, (float)in, (size_t)c->d_in * F);
    l->be->scale(l->be, l->s->w_dec_FO, (float)(1 / out), F * (size_t)c->d_out);
    for (int i = 0; i < c->d_out; i++)
        l->b_dec_O[i] = (float)((double)l->b_dec_O[i] / out);
    l->s->config.unfolded = false;
    return OK;
}

err_code fold_gates(sae_loader *l, const char *b_gate, const char *b_mag, const char *r_mag, err *e)
{
    int F = l->s->config.d_sae;
    float *gate_F = NULL, *scale_F = NULL;
    err_code rc = loader_vector(&gate_F, l, b_gate, F, e);
    if (!rc)
        rc = loader_vector(&l->b_enc_F, l, b_mag, F, e);
    if (!rc)
        rc = loader_vector(&scale_F, l, r_mag, F, e);
    if (!rc) {
        l->threshold_F = mem_array((size_t)F, sizeof(float), "SAE thresholds", e);
        rc = l->threshold_F ? OK : e->code;
    }
    for (int f = 0; !rc && f < F; f++) {
        double scale = exp((double)scale_F[f]), limit = (double)gate_F[f] * scale;
        if (!isnormal((float)scale) || !isfinite((float)limit))
            rc =
                err_set(e, E_NUMERIC,
                        "%s: %s[%d] is %g, whose exponential does not fit a float: the weights are "
                        "damaged",
                        l->weights.label, r_mag, f, (double)scale_F[f]);
        l->threshold_F[f] = (float)((double)l->b_enc_F[f] - limit);
        scale_F[f] = (float)scale;
    }
    if (!rc)
        rc = scale_w_enc(l, scale_F, e);
    mem_free(scale_F);
    mem_free(gate_F);
    return rc;
}
