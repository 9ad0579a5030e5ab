/* A batch of inputs at a time, as long as its longest; padding follows on the right. */
#include "invert/probe.h"
#include "base/memory.h"
#include "compute/sparse_rows.h"
#include <math.h>
#include <string.h>

enum { BATCH = 32, ENCODE_CELLS = 1 << 22 };

typedef struct prober {
    const optimise_setting *set;
    backend *be;
    int D, T, skip, capacity;
    forward *forward;
    int32_t *tokens_BT, *targets_BT, *which_N;
    float *host_x_BTD, *host_f_N, *host_pre_N;
    float *x_BTD, *f_N, *pre_N; /* backend */
    /* Of all features, where specificity is asked for. */
    float *all_TF; /* backend */
    float *max_F;
    sparse_rows *all;
} prober;

static err_code open_all(prober *p, err *e)
{
    int F = sae_describe(p->set->sae)->d_sae;
    p->max_F = mem_array((size_t)F, sizeof *p->max_F, "maxima of all features", e);
    p->all_TF = p->be->alloc(p->be, (size_t)p->T * (size_t)F, sizeof *p->all_TF,
                             "a sequence's activations", e);
    return p->max_F && p->all_TF ? sparse_rows_new(&p->all, p->be, p->T, F, e) : e->code;
}

static err_code prober_open(prober *p, const optimise_setting *set, const probe_input *inputs,
                            int n, bool all_features, const hook *stop, err *e)
{
    *p = (prober){.set = set,
                  .be = model_backend(set->model),
                  .D = set->table->D,
                  .skip = set->bos >= 0,
                  .capacity = n < BATCH ? n : BATCH};
    for (int i = 0; i < n; i++)
        if (inputs[i].length + p->skip > p->T)
            p->T = inputs[i].length + p->skip;
    int context = model_describe(set->model)->context;
    if (p->T > context)
        return err_set(e, E_SHAPE, "an input of %d tokens does not fit the model's context of %d",
                       p->T, context);
    size_t N = (size_t)p->capacity * (size_t)p->T, cells = N * (size_t)p->D;
    const char *what = "a batch of inputs to measure";
    backend *be = p->be;
    p->x_BTD = be->alloc(be, cells, sizeof(float), what, e);
    p->f_N = be->alloc(be, N, sizeof(float), what, e);
    p->pre_N = be->alloc(be, N, sizeof(float), what, e);
    p->host_x_BTD = mem_array(cells, sizeof(float), what, e);
    p->host_f_N = mem_array(N, sizeof(float), what, e);
    p->host_pre_N = mem_array(N, sizeof(float), what, e);
    if (!p->x_BTD || !p->f_N || !p->pre_N || !p->host_x_BTD || !p->host_f_N || !p->host_pre_N)
        return e->code;
    err_code rc = all_features ? open_all(p, e) : OK;
    if (rc)
        return rc;
    p->tokens_BT = mem_small(N, sizeof *p->tokens_BT);
    p->targets_BT = mem_small(N, sizeof *p->targets_BT);
    p->which_N = mem_small(N, sizeof *p->which_N);
    return forward_new(&p->forward, set->model, p->capacity, p->T, stop, FORWARD_ONLY, e);
}

static void prober_close(prober *p)
{
    float *on_backend[] = {p->x_BTD, p->f_N, p->pre_N, p->all_TF};
    for (size_t i = 0; i < COUNT_OF(on_backend); i++)
        p->be->free(p->be, on_backend[i]);
    sparse_rows_free(p->all);
    void *on_host[] = {p->host_x_BTD, p->host_f_N,   p->host_pre_N, p->max_F,
                       p->tokens_BT,  p->targets_BT, p->which_N};
    for (size_t i = 0; i < COUNT_OF(on_host); i++)
        mem_free(on_host[i]);
    forward_free(p->forward);
}

static err_code run_batch(prober *p, const probe_input *inputs, int count, const hook *stop, err *e)
{
    int padding = p->set->bos >= 0 ? p->set->bos : 0;
    for (int b = 0; b < count; b++)
        for (int t = 0; t < p->T; t++) {
            int i = t - p->skip;
            bool inside = i >= 0 && i < inputs[b].length;
            bool follows = inputs[b].tokens_L && i + 1 > 0 && i + 1 < inputs[b].length;
            int32_t *token = ROW(p->tokens_BT, b, p->T) + t;
            *token = !inside ? padding : inputs[b].tokens_L ? inputs[b].tokens_L[i] : -1;
            ROW(p->targets_BT, b, p->T)[t] = follows ? inputs[b].tokens_L[i + 1] : -1;
            ROW(p->which_N, b, p->T)[t] = b;
            if (*token < 0)
                memcpy(p->host_x_BTD + ((size_t)b * p->T + t) * p->D, ROW(inputs[b].x_LD, i, p->D),
                       (size_t)p->D * sizeof(float));
        }
    p->be->upload(p->be, p->x_BTD, p->host_x_BTD,
                  (size_t)count * p->T * p->D * sizeof *p->host_x_BTD);
    return forward_mixed(p->forward, p->tokens_BT, p->x_BTD, count, p->T, stop, e);
}

static void read_result(probe_result *r, const prober *p, int b, int length)
{
    const float *f = ROW(p->host_f_N, b, p->T) + p->skip;
    const float *pre = ROW(p->host_pre_N, b, p->T) + p->skip;
    r->position = 0;
    for (int i = 1; i < length; i++)
        if (pre[i] > pre[r->position])
            r->position = i;
    r->pre_activation = pre[r->position];
    r->activation = f[r->position];
    r->specificity = (double)NAN;
    if (r->activation_L)
        memcpy(r->activation_L, f, (size_t)length * sizeof *f);
    if (r->pre_activation_L)
        memcpy(r->pre_activation_L, pre, (size_t)length * sizeof *pre);
}

static void take_maxima(const prober *p, int length)
{
    memset(p->max_F, 0, (size_t)sae_describe(p->set->sae)->d_sae * sizeof *p->max_F);
    for (int b = 0; b < p->all->blocks; b++)
        for (int t = 0; t < length; t++) {
            int n;
            const sparse_number *number = sparse_row(&n, p->all, b, t);
            for (int i = 0; i < n; i++)
                p->max_F[number[i].column] = fmaxf(p->max_F[number[i].column], number[i].value);
        }
}

/* The mean, over all features, of their maximum over the sequence's positions. */
static err_code mean_of_maxima(double *mean, const prober *p, int b, int length, err *e)
{
    int F = sae_describe(p->set->sae)->d_sae;
    const float *h =
        forward_hook(p->forward) + ((size_t)b * p->T + p->skip) * (size_t)p->set->hook->width;
    sae_encode(p->all_TF, p->set->sae, h, length);
    p->be->to_sparse(p->be, p->all, p->all_TF, length);
    err_code rc = sparse_rows_arrive(p->all, e);
    if (!rc)
        take_maxima(p, length);
    double total = 0;
    for (int f = 0; f < F; f++)
        total += (double)p->max_F[f];
    *mean = total / F;
    return rc;
}

static err_code measure_batch(probe_result *results, prober *p, const probe_input *inputs,
                              const int *features, int count, bool specificity, err *e)
{
    sae_columns *columns = NULL;
    backend *be = p->be;
    size_t N = (size_t)count * (size_t)p->T;
    err_code rc = run_batch(p, inputs, count, p->set->hook, e);
    if (!rc)
        rc = sae_columns_new(&columns, p->set->sae, features, count, e);
    if (rc)
        return rc;
    sae_encode_targets(p->f_N, p->pre_N, columns, p->which_N, forward_hook(p->forward), (int)N);
    be->download(be, p->host_f_N, p->f_N, N * sizeof(float));
    be->download(be, p->host_pre_N, p->pre_N, N * sizeof(float));
    rc = backend_sync(be, e);
    for (int b = 0; b < count && !rc; b++) {
        read_result(&results[b], p, b, inputs[b].length);
        if (specificity) {
            double mean;
            rc = mean_of_maxima(&mean, p, b, inputs[b].length, e);
            results[b].specificity = mean > 0 ? (double)results[b].activation / mean : (double)NAN;
        }
    }
    sae_columns_free(columns);
    return rc;
}

err_code probe_inputs(probe_result *results_n, const optimise_setting *setting,
                      const probe_input *inputs_n, const int *features_n, int n, bool specificity,
                      err *e)
{
    if (n == 0)
        return OK;
    prober p;
    err_code rc = prober_open(&p, setting, inputs_n, n, specificity, setting->hook, e);
    for (int first = 0; first < n && !rc; first += p.capacity) {
        int count = n - first < p.capacity ? n - first : p.capacity;
        rc = measure_batch(results_n + first, &p, inputs_n + first, features_n + first, count,
                           specificity, e);
    }
    prober_close(&p);
    return rc;
}

err_code probe_coherence(double *coherence_n, const optimise_setting *setting,
                         const probe_input *inputs_n, int n, err *e)
{
    if (n == 0)
        return OK;
    prober p;
    err_code rc = prober_open(&p, setting, inputs_n, n, false, NULL, e);
    for (int first = 0; first < n && !rc; first += p.capacity) {
        int count = n - first < p.capacity ? n - first : p.capacity;
        rc = run_batch(&p, inputs_n + first, count, NULL, e);
        if (!rc)
            rc = forward_loss(p.host_f_N, p.forward, p.targets_BT, e);
        for (int b = 0; b < count && !rc; b++) {
            double total = 0;
            int counted = 0;
            for (int t = 0; t < p.T; t++) {
                total += (double)ROW(p.host_f_N, b, p.T)[t];
                counted += ROW(p.targets_BT, b, p.T)[t] >= 0;
            }
            coherence_n[first + b] = counted ? -total / counted : (double)NAN;
        }
    }
    prober_close(&p);
    return rc;
}
