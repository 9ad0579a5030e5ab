/* Directions through single matrices and gains, in double: there are few of them. */
#include "model/direction.h"
#include "base/memory.h"
#include "model/weights.h"
#include <math.h>
#include <string.h>

stream_reach direction_reach(const hook *h)
{
    switch (h->site) {
    case HOOK_EMBED:
    case HOOK_RESID_PRE:
    case HOOK_ATTN_OUT:
    case HOOK_RESID_MID:
    case HOOK_MLP_OUT:
    case HOOK_RESID_POST:
        return REACH_STREAM;
    case HOOK_Z:
        return REACH_ATTENTION;
    case HOOK_MLP_POST:
        return REACH_MLP;
    default:
        return REACH_NOTHING;
    }
}

/* Numbers of a parameter in ordinary memory; NULL on failure. Owner: caller, mem_free(). */
static float *host_copy(const model *m, const parameter *p, err *e)
{
    float *host = mem_array(p->n, sizeof *host, p->name, e);
    if (host && parameter_download(host, m, p, e)) {
        mem_free(host);
        host = NULL;
    }
    return host;
}

/* out_NO = x_NI W', x the inputs first .. first+I-1 of the matrix and the others 0. */
static void multiply(float *out_NO, const float *x_NI, const float *matrix, const linear_weights *w,
                     int first, int I, int N)
{
    int O = w->out;
    double *sum_O = mem_small((size_t)O, sizeof *sum_O);
    for (int n = 0; n < N; n++) {
        memset(sum_O, 0, (size_t)O * sizeof *sum_O);
        for (int i = 0; i < I; i++) {
            double x = (double)ROW(x_NI, n, I)[i];
            for (int o = 0; o < O; o++)
                sum_O[o] +=
                    x * (double)(w->parts[0].layout == OUT_IN ? ROW(matrix, o, w->in)[first + i]
                                                              : ROW(matrix, first + i, O)[o]);
        }
        for (int o = 0; o < O; o++)
            ROW(out_NO, n, O)[o] = (float)sum_O[o];
    }
    mem_free(sum_O);
}

static void scale_columns(float *x_ND, const float *gain_D, int N, int D)
{
    for (int n = 0; n < N; n++)
        for (int d = 0; d < D; d++)
            ROW(x_ND, n, D)[d] *= gain_D[d];
}

err_code direction_to_stream(float *host_stream_ND, const model *m, const hook *h,
                             const float *host_NW, int N, err *e)
{
    int D = m->config.d_model;
    stream_reach reach = direction_reach(h);
    if (reach == REACH_NOTHING)
        return err_set(e, E_CONFIG, "%s does not reach the residual stream by weights alone",
                       h->name);
    if (reach == REACH_STREAM) {
        memcpy(host_stream_ND, host_NW, (size_t)N * (size_t)D * sizeof *host_NW);
        return OK;
    }
    const block_weights *b = &m->blocks[h->layer];
    const linear_weights *w = reach == REACH_ATTENTION ? &b->attention_out : &b->mlp_out;
    const parameter *gain = reach == REACH_ATTENTION ? b->post1.gain : b->post2.gain;
    float *matrix = host_copy(m, w->parts[0].matrix, e), *gain_D = NULL;
    err_code rc = matrix ? OK : e->code;
    if (!rc && m->config.post_norms) {
        gain_D = host_copy(m, gain, e);
        rc = gain_D ? OK : e->code;
    }
    if (!rc)
        multiply(host_stream_ND, host_NW, matrix, w, h->head < 0 ? 0 : h->head * h->width, h->width,
                 N);
    if (!rc && gain_D)
        scale_columns(host_stream_ND, gain_D, N, D);
    mem_free(gain_D);
    mem_free(matrix);
    return rc;
}

static void normalize(float *x_D, const float *gain_D, int D, bool centred)
{
    double mean = 0, squares = 0, size = 0;
    for (int d = 0; d < D; d++)
        mean += centred ? (double)x_D[d] / D : 0;
    for (int d = 0; d < D; d++) {
        squares += ((double)x_D[d] - mean) * ((double)x_D[d] - mean) / D;
        size += (double)x_D[d] * (double)x_D[d] / D;
    }
    /* What centring leaves of a constant row is rounding. */
    double inverse = squares > 1e-12 * size ? 1 / sqrt(squares) : 0;
    for (int d = 0; d < D; d++)
        x_D[d] = (float)(((double)x_D[d] - mean) * inverse * (double)gain_D[d]);
}

err_code direction_final_norm(float *host_ND, const model *m, int N, err *e)
{
    int D = m->config.d_model;
    float *gain_D = host_copy(m, m->final.gain, e);
    if (!gain_D)
        return e->code;
    for (int n = 0; n < N; n++)
        normalize(ROW(host_ND, n, D), gain_D, D, m->config.norm == NORM_LAYER);
    mem_free(gain_D);
    return OK;
}
