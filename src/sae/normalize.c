/* Activation normalisation per token, its gradient, and its undoing after the decoder.
 *
 * SAELens: saes/sae.py, _setup_activation_normalization. Few SAEs ask for it, so it is computed in
 * ordinary memory, in double, once for all backends. */
#include "base/memory.h"
#include "sae/sae_internal.h"
#include <math.h>

#define LAYER_NORM_EPS 1e-5 /* SAELens adds it to the deviation, not to the variance */

typedef struct row_scale {
    double mean;
    double spread; /* norm / sqrt(D), or the sample standard deviation */
    double eps;
} row_scale;

static row_scale row_measure(const float *x_D, int D, sae_normalization kind)
{
    row_scale r = {0};
    if (kind == SAE_NORMALIZE_LAYER_NORM) {
        for (int d = 0; d < D; d++)
            r.mean += (double)x_D[d] / D;
        r.eps = LAYER_NORM_EPS;
    }
    double squares = 0;
    for (int d = 0; d < D; d++)
        squares += ((double)x_D[d] - r.mean) * ((double)x_D[d] - r.mean);
    r.spread = sqrt(squares / (kind == SAE_NORMALIZE_LAYER_NORM && D > 1 ? D - 1 : D));
    return r;
}

/* A row of zeros has no direction: it stays zeros instead of turning into NaN. */
static double inverse_scale(const row_scale *r)
{
    double scale = r->spread + r->eps;
    return scale > 0 ? 1 / scale : 0;
}

static void row_normalize(float *y_D, const float *x_D, int D, sae_normalization kind)
{
    row_scale r = row_measure(x_D, D, kind);
    double inverse = inverse_scale(&r);
    for (int d = 0; d < D; d++)
        y_D[d] = (float)(((double)x_D[d] - r.mean) * inverse);
}

/* y = (x - mean) / (s + eps), s^2 = |x - mean|^2 / count:
 * d_x = (g - mean(g) - (x - mean) (g . (x - mean)) / (count s (s + eps))) / (s + eps);
 * without the mean term for the norm. */
static void row_backward(float *g_D, const float *x_D, int D, sae_normalization kind)
{
    row_scale r = row_measure(x_D, D, kind);
    bool centred = kind == SAE_NORMALIZE_LAYER_NORM;
    double inverse = inverse_scale(&r), count = centred && D > 1 ? D - 1 : D;
    double dot = 0, mean_g = 0;
    for (int d = 0; d < D; d++) {
        dot += (double)g_D[d] * ((double)x_D[d] - r.mean);
        mean_g += centred ? (double)g_D[d] / D : 0;
    }
    double along = r.spread > 0 ? dot * inverse / (count * r.spread) : 0;
    for (int d = 0; d < D; d++)
        g_D[d] = (float)(inverse * ((double)g_D[d] - mean_g - ((double)x_D[d] - r.mean) * along));
}

static void row_restore(float *y_D, const float *x_D, int D, sae_normalization kind)
{
    row_scale r = row_measure(x_D, D, kind);
    for (int d = 0; d < D; d++)
        y_D[d] = (float)((double)y_D[d] * r.spread + r.mean);
}

typedef void row_change(float *y_D, const float *x_D, int D, sae_normalization kind);

/* Applies `change` to every row of y in backend memory, x's rows beside them. */
static void change_rows(float *y_ND, sae *s, const float *x_ND, int N, row_change *change)
{
    int D = s->config.d_in;
    float *host_y_ND = s->host_rows_ND, *host_x_ND = ROW(s->host_rows_ND, SAE_BLOCK, D);
    for (int first = 0; first < N; first += SAE_BLOCK) {
        int n = N - first < SAE_BLOCK ? N - first : SAE_BLOCK;
        size_t bytes = (size_t)n * D * sizeof(float);
        s->be->download(s->be, host_y_ND, ROW(y_ND, first, D), bytes);
        s->be->download(s->be, host_x_ND, ROW(x_ND, first, D), bytes);
        for (int i = 0; i < n; i++)
            change(ROW(host_y_ND, i, D), ROW(host_x_ND, i, D), D, s->config.normalization);
        s->be->upload(s->be, ROW(y_ND, first, D), host_y_ND, bytes);
    }
}

const float *sae_input(sae *s, const float *x_ND, int N)
{
    bool normalizes = s->config.normalization != SAE_NORMALIZE_NONE;
    if (!normalizes && !s->config.apply_b_dec_to_input)
        return x_ND;
    int D = s->config.d_in;
    s->be->copy(s->be, s->input_ND, x_ND, (size_t)N * D * sizeof(float));
    if (normalizes)
        change_rows(s->input_ND, s, x_ND, N, row_normalize);
    if (s->config.apply_b_dec_to_input)
        s->be->add_bias(s->be, s->input_ND, s->negative_b_dec_D, N, D);
    return s->input_ND;
}

void sae_input_backward(float *d_x_ND, sae *s, const float *x_ND, int N)
{
    if (s->config.normalization != SAE_NORMALIZE_NONE)
        change_rows(d_x_ND, s, x_ND, N, row_backward);
}

void sae_denormalize(float *y_ND, sae *s, const float *x_ND, int N)
{
    if (s->config.normalization != SAE_NORMALIZE_NONE)
        change_rows(y_ND, s, x_ND, N, row_restore);
}

err_code sae_output_scale(float *host_scale_N, const sae *s, const float *x_ND, int N, err *e)
{
    int D = s->config.d_in;
    bool scales = s->config.normalization != SAE_NORMALIZE_NONE && !s->config.transcoder;
    for (int first = 0; first < N; first += SAE_BLOCK) {
        int n = N - first < SAE_BLOCK ? N - first : SAE_BLOCK;
        if (scales) {
            s->be->download(s->be, s->host_rows_ND, ROW(x_ND, first, D),
                            (size_t)n * (size_t)D * sizeof(float));
            err_code rc = backend_sync(s->be, e);
            if (rc)
                return rc;
        }
        for (int i = 0; i < n; i++)
            host_scale_N[first + i] =
                scales ? (float)row_measure(ROW(s->host_rows_ND, i, D), D, s->config.normalization)
                             .spread
                       : 1;
    }
    return OK;
}
