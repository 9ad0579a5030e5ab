/* An SAE's memory: made from weights, looked at, released. */
#include "base/memory.h"
#include "sae/sae_internal.h"
#include <string.h>

/* Activations that a block holds at most, except that it has 16 rows at least. */
enum { BLOCK_FLOATS = 1 << 22, LEAST_ROWS = 16 };

void sae_free(sae *s)
{
    if (!s)
        return;
    float *arrays[] = {s->w_enc_DF,    s->b_enc_F,   s->w_dec_FO,         s->b_dec_O,
                       s->threshold_F, s->w_skip_OD, s->negative_b_dec_D, s->input_ND,
                       s->features_NF, s->pre_NF};
    for (size_t i = 0; i < COUNT_OF(arrays); i++)
        s->be->free(s->be, arrays[i]);
    mem_free(s->host_threshold_F);
    mem_free(s->host_log_sparsity_F);
    mem_free(s->host_rows_ND);
    mem_free(s->notes);
    arena_release(&s->memory);
    mem_free(s);
}

err_code sae_place(float **out, backend *be, const float *host_from, size_t n, const char *what,
                   err *e)
{
    *out = be->alloc(be, n, sizeof(float), what, e);
    if (!*out)
        return e->code;
    if (host_from)
        be->upload(be, *out, host_from, n * sizeof(float));
    return OK;
}

err_code sae_need_features(sae *s, err *e)
{
    if (s->features_NF)
        return OK;
    return sae_place(&s->features_NF, s->be, NULL, (size_t)s->rows_NF * s->config.d_sae,
                     "a block of SAE activations", e);
}

err_code sae_prepare(sae *s, err *e)
{
    size_t D = (size_t)s->config.d_in;
    int rows = BLOCK_FLOATS / s->config.d_sae;
    s->rows_NF = rows < LEAST_ROWS ? LEAST_ROWS : rows > SAE_BLOCK ? SAE_BLOCK : rows;
    err_code rc = sae_place(&s->input_ND, s->be, NULL, SAE_BLOCK * D, "SAE input", e);
    if (!rc && s->config.k) {
        rc = sae_need_features(s, e);
        if (!rc)
            rc = sae_place(&s->pre_NF, s->be, NULL, (size_t)s->rows_NF * s->config.d_sae,
                           "a block of SAE activations", e);
    }
    if (!rc && s->config.normalization != SAE_NORMALIZE_NONE) {
        s->host_rows_ND = mem_array(2 * SAE_BLOCK * D, sizeof(float), "SAE input", e);
        rc = s->host_rows_ND ? OK : e->code;
    }
    return rc;
}

err_code sae_place_vectors(sae *s, const float *host_b_enc_F, const float *host_b_dec_O,
                           const float *host_threshold_F, err *e)
{
    size_t F = (size_t)s->config.d_sae, D_out = (size_t)s->config.d_out;
    s->host_threshold_F = mem_array(F, sizeof(float), "SAE thresholds", e);
    if (!s->host_threshold_F)
        return e->code;
    if (host_threshold_F)
        memcpy(s->host_threshold_F, host_threshold_F, F * sizeof(float));
    err_code rc = sae_place(&s->b_enc_F, s->be, host_b_enc_F, F, "SAE encoder bias", e);
    if (!rc)
        rc = sae_place(&s->b_dec_O, s->be, host_b_dec_O, D_out, "SAE decoder bias", e);
    if (!rc)
        rc = sae_place(&s->threshold_F, s->be, host_threshold_F, F, "SAE thresholds", e);
    if (!rc && s->config.apply_b_dec_to_input) {
        rc = sae_place(&s->negative_b_dec_D, s->be, host_b_dec_O, D_out, "SAE decoder bias", e);
        if (!rc)
            s->be->scale(s->be, s->negative_b_dec_D, -1, D_out);
    }
    return rc;
}

err_code sae_new(sae **out, backend *be, const sae_config *c, const sae_weights *w, err *e)
{
    *out = NULL;
    sae_config config = *c;
    if (!config.d_out)
        config.d_out = config.d_in;
    err_code rc = sae_config_check(&config, "SAE", e);
    if (rc)
        return rc;
    sae *s = mem_small(1, sizeof *s);
    *s = (sae){.config = config, .be = be};
    size_t D = (size_t)config.d_in, F = (size_t)config.d_sae, D_out = (size_t)config.d_out;
    rc = sae_prepare(s, e);
    if (!rc)
        rc = sae_place(&s->w_enc_DF, be, w->w_enc_DF, D * F, "SAE encoder", e);
    if (!rc)
        rc = sae_place(&s->w_dec_FO, be, w->w_dec_FO, F * D_out, "SAE decoder", e);
    if (!rc && config.skip)
        rc = sae_place(&s->w_skip_OD, be, w->w_skip_OD, D_out * D, "SAE skip connection", e);
    if (!rc)
        rc = sae_place_vectors(s, w->b_enc_F, w->b_dec_O, w->threshold_F, e);
    if (!rc)
        rc = backend_sync(be, e);
    if (rc)
        sae_free(s);
    else
        *out = s;
    return rc;
}

const sae_config *sae_describe(const sae *s)
{
    return &s->config;
}

backend *sae_backend(const sae *s)
{
    return s->be;
}

const char *const *sae_notes(int *n, const sae *s)
{
    *n = s->n_notes;
    return s->notes;
}

const float *sae_log_sparsity(const sae *s)
{
    return s->host_log_sparsity_F;
}

const float *sae_thresholds(const sae *s)
{
    return s->host_threshold_F;
}

const float *sae_encoder(const sae *s)
{
    return s->w_enc_DF;
}

const float *sae_decoder(const sae *s)
{
    return s->w_dec_FO;
}

void sae_decoder_row(float *host_row_O, const sae *s, int feature)
{
    int D = s->config.d_out;
    s->be->download(s->be, host_row_O, ROW(s->w_dec_FO, feature, D), (size_t)D * sizeof(float));
}

err_code sae_decoder_bias(float *host_b_dec_O, const sae *s, err *e)
{
    s->be->download(s->be, host_b_dec_O, s->b_dec_O, (size_t)s->config.d_out * sizeof(float));
    return backend_sync(s->be, e);
}
