/* Three runs of the same tokens that differ at one hook. */
#include "effects/splice.h"
#include "base/memory.h"
#include <math.h>

typedef enum { CLEAN, SPLICED, ABLATED, VARIANTS } variant;

struct splicer {
    model *m;
    sae *s;
    backend *be;
    const hook *read, *write;
    forward *pass;
    float *input_ND, *output_NO, *clean_NO, *value_NO; /* backend; input only when the hooks
                                                          differ */
    float *host_value_NO, *host_output_NO, *loss_N;
};

double splice_recovered(const splice_sums *s)
{
    double all = s->ablated - s->clean;
    return all != 0 ? (s->ablated - s->spliced) / all : (double)NAN;
}

/* ---- variance ----------------------------------------------------------------------------------
 */

variance_sums variance_sums_new(int D)
{
    return (variance_sums){.D = D,
                           .sum_D = mem_small((size_t)D, sizeof(double)),
                           .squares_D = mem_small((size_t)D, sizeof(double))};
}

void variance_sums_release(variance_sums *v)
{
    mem_free(v->sum_D);
    mem_free(v->squares_D);
    *v = (variance_sums){0};
}

void variance_sums_put(str *to, const variance_sums *v)
{
    size_t D = (size_t)v->D;
    packed_put(to, &v->n, 1, sizeof v->n);
    packed_put(to, &v->error, 1, sizeof v->error);
    packed_put(to, v->sum_D, D, sizeof *v->sum_D);
    packed_put(to, v->squares_D, D, sizeof *v->squares_D);
}

void variance_sums_get(packed_reader *from, variance_sums *v)
{
    size_t D = (size_t)v->D;
    packed_get(from, &v->n, 1, sizeof v->n);
    packed_get(from, &v->error, 1, sizeof v->error);
    packed_get(from, v->sum_D, D, sizeof *v->sum_D);
    packed_get(from, v->squares_D, D, sizeof *v->squares_D);
}

void variance_sums_add(variance_sums *v, const float *x_ND, const float *y_ND, const bool *keep_N,
                       int N)
{
    for (int n = 0; n < N; n++) {
        if (keep_N && keep_N[n])
            continue;
        v->n++;
        for (int d = 0; d < v->D; d++) {
            double x = (double)ROW(x_ND, n, v->D)[d], error = x - (double)ROW(y_ND, n, v->D)[d];
            v->sum_D[d] += x;
            v->squares_D[d] += x * x;
            v->error += error * error;
        }
    }
}

double variance_explained(const variance_sums *v)
{
    double variance = 0;
    for (int d = 0; d < v->D; d++)
        variance += v->squares_D[d] - v->sum_D[d] * v->sum_D[d] / (double)v->n;
    return v->n && variance > 0 ? 1 - v->error / variance : (double)NAN;
}

/* ---- runs --------------------------------------------------------------------------------------
 */

void splicer_free(splicer *p)
{
    if (!p)
        return;
    forward_free(p->pass);
    p->be->free(p->be, p->input_ND);
    p->be->free(p->be, p->output_NO);
    p->be->free(p->be, p->clean_NO);
    p->be->free(p->be, p->value_NO);
    mem_free(p->host_value_NO);
    mem_free(p->host_output_NO);
    mem_free(p->loss_N);
    mem_free(p);
}

static err_code allocate(splicer *p, size_t N, err *e)
{
    size_t D = (size_t)p->read->width, O = (size_t)p->write->width;
    float **arrays[] = {&p->output_NO, &p->clean_NO, &p->value_NO, &p->input_ND};
    size_t widths[] = {O, O, O, D};
    for (int i = 0; i < (p->read == p->write ? 3 : 4); i++) {
        *arrays[i] = p->be->alloc(p->be, N * widths[i], sizeof(float), "spliced activations", e);
        if (!*arrays[i])
            return e->code;
    }
    p->loss_N = mem_small(N, sizeof *p->loss_N);
    p->host_value_NO = mem_array(N * O, sizeof(float), "spliced activations", e);
    p->host_output_NO = mem_array(N * O, sizeof(float), "spliced activations", e);
    return p->host_value_NO && p->host_output_NO ? OK : e->code;
}

err_code splicer_new(splicer **out, model *m, sae *s, const hook *read, const hook *write,
                     int max_B, int max_T, err *e)
{
    *out = NULL;
    if (!hook_is_writable(write))
        return err_set(e, E_CONFIG, "%s can only be looked at, nothing can be put in its place",
                       write->name);
    splicer *p = mem_small(1, sizeof *p);
    *p = (splicer){.m = m, .s = s, .be = model_backend(m), .read = read, .write = write};
    err_code rc = allocate(p, (size_t)max_B * (size_t)max_T, e);
    if (!rc)
        rc = forward_new(&p->pass, m, max_B, max_T, NULL, FORWARD_ONLY, e);
    if (!rc)
        rc = forward_keep(p->pass, write, e);
    if (rc)
        splicer_free(p);
    else
        *out = p;
    return rc;
}

static size_t bytes(int N, const hook *h)
{
    return (size_t)N * (size_t)h->width * sizeof(float);
}

/* The SAE's output for these tokens; p->pass has then been run to the read hook. */
static err_code reconstruct(splicer *p, const int32_t *tokens_BT, int B, int T, err *e)
{
    err_code rc = forward_tokens(p->pass, tokens_BT, B, T, p->read, e);
    if (rc)
        return rc;
    const float *x_ND = forward_hook(p->pass);
    if (p->input_ND) {
        p->be->copy(p->be, p->input_ND, x_ND, bytes(B * T, p->read));
        x_ND = p->input_ND;
    }
    return sae_reconstruct(p->output_NO, p->s, x_ND, B * T, e);
}

/* What stands at the hook. */
static void fill_value(splicer *p, variant kind, const bool *keep_BT, int N)
{
    const float *clean_NO = p->clean_NO;
    size_t row = (size_t)p->write->width * sizeof(float);
    if (kind == SPLICED)
        p->be->copy(p->be, p->value_NO, p->output_NO, (size_t)N * row);
    else if (kind == ABLATED)
        p->be->zero(p->be, p->value_NO, (size_t)N * row);
    for (int i = 0; i < N; i++)
        if (kind == CLEAN || keep_BT[i])
            p->be->copy(p->be, ROW(p->value_NO, i, p->write->width),
                        ROW(clean_NO, i, p->write->width), row);
}

static err_code add_variance(variance_sums *v, splicer *p, const bool *keep_BT, int N, err *e)
{
    p->be->download(p->be, p->host_value_NO, p->clean_NO, bytes(N, p->write));
    p->be->download(p->be, p->host_output_NO, p->output_NO, bytes(N, p->write));
    err_code rc = backend_sync(p->be, e);
    if (!rc)
        variance_sums_add(v, p->host_value_NO, p->host_output_NO, keep_BT, N);
    return rc;
}

static err_code add_loss(double *sum, splicer *p, const int32_t *targets_BT, int N, err *e)
{
    err_code rc = forward_splice(p->pass, p->value_NO, e);
    if (!rc)
        rc = forward_loss(p->loss_N, p->pass, targets_BT, e);
    for (int i = 0; i < N && !rc; i++)
        *sum += (double)p->loss_N[i];
    return rc;
}

err_code splicer_add(splice_sums *sums, variance_sums *variance, splicer *p,
                     const int32_t *tokens_BT, const int32_t *targets_BT, const bool *keep_BT,
                     int B, int T, err *e)
{
    double *losses[VARIANTS] = {&sums->clean, &sums->spliced, &sums->ablated};
    int N = B * T;
    err_code rc = reconstruct(p, tokens_BT, B, T, e);
    if (!rc && p->read != p->write)
        rc = forward_tokens(p->pass, tokens_BT, B, T, p->write, e);
    if (rc)
        return rc;
    p->be->copy(p->be, p->clean_NO, forward_hook(p->pass), bytes(N, p->write));
    if (variance)
        rc = add_variance(variance, p, keep_BT, N, e);
    for (variant kind = CLEAN; kind < VARIANTS && !rc; kind++) {
        fill_value(p, kind, keep_BT, N);
        rc = add_loss(losses[kind], p, targets_BT, N, e);
    }
    for (int i = 0; i < N && !rc; i++)
        sums->n += targets_BT[i] >= 0;
    return rc;
}
