/* Mixtures through the model and the gradient back to them. */
#include "invert/relaxed_pass.h"
#include "base/memory.h"
#include "invert/penalties.h"
#include "invert/smooth_max.h"
#include <string.h>

enum { REPETITION_REACH = 5 }; /* positions */

/* ---- opening and closing -----------------------------------------------------------------------
 */

static err_code allocate(relaxed_pass *p, int B, int T, err *e)
{
    static const char what[] = "relaxed inputs";
    size_t N = (size_t)B * (size_t)T, cells = N * (size_t)p->D, width = N * (size_t)p->W;
    size_t h = p->o->diversity > 0 ? width : 0;
    struct {
        float **array;
        size_t n;
        bool on_backend;
    } wanted[] = {
        {&p->x_ND, cells, true},       {&p->d_x_ND, cells, true},
        {&p->free_x_ND, cells, true},  {&p->d_h_NW, width, true},
        {&p->host_x_ND, cells, false}, {&p->host_d_x_ND, cells, false},
        {&p->host_value_N, N, false},  {&p->host_d_value_N, N, false},
        {&p->host_h_NW, h, false},     {&p->host_d_h_NW, h, false},
    };
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        *wanted[i].array = wanted[i].on_backend
                               ? p->be->alloc(p->be, wanted[i].n, sizeof(float), what, e)
                               : mem_array(wanted[i].n, sizeof(float), what, e);
        if (!*wanted[i].array)
            return e->code;
    }
    p->tokens_N = mem_small(N, sizeof *p->tokens_N);
    p->which_N = mem_small(N, sizeof *p->which_N);
    return forward_new(&p->run, p->set->model, B, T, p->set->hook, FORWARD_INPUT_GRADIENT, e);
}

static err_code list_features(relaxed_pass *p, const relaxed_job *jobs, int n, err *e)
{
    int *features_n = mem_small((size_t)n, sizeof *features_n);
    double *scale_n = mem_small((size_t)n, sizeof *scale_n);
    for (int i = 0; i < n; i++) {
        features_n[i] = jobs[i].feature;
        scale_n[i] = jobs[i].scale;
    }
    err_code rc = objective_new(&p->objective, p->set->sae, features_n, scale_n, n, e);
    mem_free(scale_n);
    mem_free(features_n);
    return rc;
}

err_code relaxed_pass_open(relaxed_pass *p, const relaxed_job *jobs, int n,
                           const optimise_setting *setting, const relaxed_options *o, err *e)
{
    *p = (relaxed_pass){.set = setting,
                        .o = o,
                        .be = model_backend(setting->model),
                        .skip = setting->bos >= 0,
                        .D = setting->table->D,
                        .W = setting->hook->width};
    int longest = 0, most = 0, context = model_describe(setting->model)->context;
    for (int i = 0; i < n; i++) {
        longest = jobs[i].length > longest ? jobs[i].length : longest;
        most = jobs[i].restarts > most ? jobs[i].restarts : most;
    }
    if (longest + p->skip > context)
        return err_set(e, E_CONFIG,
                       "%d searched positions%s do not fit the model's context of %d tokens; lower "
                       "optimise.sequence_length",
                       longest, p->skip ? " and the BOS" : "", context);
    most = most < o->batch_sequences ? most : o->batch_sequences;
    err_code rc = list_features(p, jobs, n, e);
    return rc ? rc : allocate(p, most, longest + p->skip, e);
}

void relaxed_pass_close(relaxed_pass *p)
{
    float *on_backend[] = {p->x_ND, p->d_x_ND, p->free_x_ND, p->d_h_NW};
    for (size_t i = 0; i < COUNT_OF(on_backend); i++)
        p->be->free(p->be, on_backend[i]);
    void *on_host[] = {p->host_x_ND, p->host_d_x_ND, p->host_value_N, p->host_d_value_N,
                       p->host_h_NW, p->host_d_h_NW, p->tokens_N,     p->which_N};
    for (size_t i = 0; i < COUNT_OF(on_host); i++)
        mem_free(on_host[i]);
    forward_free(p->run);
    objective_free(p->objective);
}

/* ---- values ------------------------------------------------------------------------------------
 */

/* Tokens of every row: the BOS, then what is given, or -1 for rows of embeddings. */
static void place_tokens(relaxed_pass *p, const int32_t *tokens_RL)
{
    int T = p->L + p->skip;
    for (int b = 0; b < p->R; b++)
        for (int t = 0; t < T; t++) {
            int i = t - p->skip;
            ROW(p->tokens_N, b, T)
            [t] = i < 0 ? p->set->bos : tokens_RL ? ROW(tokens_RL, b, p->L)[i] : -1;
            ROW(p->which_N, b, T)[t] = p->job;
        }
}

static err_code measure(relaxed_pass *p, err *e)
{
    return objective_values(p->host_value_N, NULL, NULL, p->objective, p->which_N,
                            forward_hook(p->run), p->R * (p->L + p->skip), e);
}

/* Rows of the free positions, packed, to their places among all rows; or back. */
static void spread(relaxed_pass *p, float *all_ND, float *free_ND, bool back)
{
    int T = p->L + p->skip;
    size_t bytes = (size_t)p->L * (size_t)p->D * sizeof(float);
    for (int b = 0; b < p->R; b++) {
        float *in_all = ROW(all_ND, b * T + p->skip, p->D), *packed = ROW(free_ND, b * p->L, p->D);
        p->be->copy(p->be, back ? packed : in_all, back ? in_all : packed, bytes);
    }
}

err_code relaxed_pass_values(relaxed_pass *p, double tau, double noise, int step, err *e)
{
    err_code rc = mixture_mix(p->free_x_ND, p->mix, tau, noise, step, e);
    if (rc)
        return rc;
    spread(p, p->x_ND, p->free_x_ND, false);
    place_tokens(p, NULL);
    rc = forward_mixed(p->run, p->tokens_N, p->x_ND, p->R, p->L + p->skip, p->set->hook, e);
    return rc ? rc : measure(p, e);
}

err_code relaxed_pass_tokens(relaxed_pass *p, const int32_t *tokens_RL, err *e)
{
    place_tokens(p, tokens_RL);
    err_code rc = forward_tokens(p->run, p->tokens_N, p->R, p->L + p->skip, p->set->hook, e);
    return rc ? rc : measure(p, e);
}

float relaxed_pass_best(const relaxed_pass *p, int restart)
{
    const float *value = ROW(p->host_value_N, restart, p->L + p->skip) + p->skip;
    float best = value[0];
    for (int i = 1; i < p->L; i++)
        best = value[i] > best ? value[i] : best;
    return best;
}

/* ---- gradient ----------------------------------------------------------------------------------
 */

/* J = softness logsumexp(zhat / softness), zhat = z / scale: d J / d z is a weight / scale. */
static void objective_gradient(relaxed_pass *p)
{
    int T = p->L + p->skip;
    for (int b = 0; b < p->R; b++) {
        float *d = ROW(p->host_d_value_N, b, T);
        memset(d, 0, (size_t)T * sizeof *d);
        smooth_max(d + p->skip, ROW(p->host_value_N, b, T) + p->skip, p->L,
                   SMOOTH_MAX_SOFTNESS * p->scale);
        for (int t = p->skip; t < T; t++)
            d[t] = (float)(-(double)d[t] / p->scale);
    }
}

/* The mean cosine between what restarts leave at the hook, all free positions in one vector. */
static err_code add_diversity(relaxed_pass *p, err *e)
{
    backend *be = p->be;
    int T = p->L + p->skip, reach = p->L * p->W;
    size_t row = (size_t)p->W * sizeof(float), used = (size_t)reach * sizeof(float);
    const float *h_NW = forward_hook(p->run);
    for (int b = 0; b < p->R; b++) {
        be->download(be, ROW(p->host_h_NW, b, reach), ROW(h_NW, b * T + p->skip, p->W), used);
        be->download(be, ROW(p->host_d_h_NW, b, reach), ROW(p->d_h_NW, b * T + p->skip, p->W),
                     (size_t)p->L * row);
    }
    err_code rc = backend_sync(be, e);
    if (rc)
        return rc;
    penalty_diversity(p->host_d_h_NW, p->host_h_NW, p->R, reach, p->R, p->o->diversity);
    for (int b = 0; b < p->R; b++)
        be->upload(be, ROW(p->d_h_NW, b * T + p->skip, p->W), ROW(p->host_d_h_NW, b, reach), used);
    return OK;
}

/* host_d_x += the repetition of each restart's rows. */
static err_code add_repetition(relaxed_pass *p, err *e)
{
    size_t bytes = (size_t)p->R * (size_t)p->L * (size_t)p->D * sizeof(float);
    p->be->download(p->be, p->host_x_ND, p->free_x_ND, bytes);
    err_code rc = backend_sync(p->be, e);
    for (int b = 0; b < p->R && !rc; b++)
        penalty_repetition(ROW(p->host_d_x_ND, b * p->L, p->D), ROW(p->host_x_ND, b * p->L, p->D),
                           p->L, p->D, REPETITION_REACH, p->o->repetition);
    return rc;
}

err_code relaxed_pass_gradient(relaxed_pass *p, double tau, double entropy, err *e)
{
    backend *be = p->be;
    int N = p->R * (p->L + p->skip);
    size_t bytes = (size_t)p->R * (size_t)p->L * (size_t)p->D * sizeof(float);
    objective_gradient(p);
    err_code rc = objective_backward(p->d_h_NW, p->objective, p->which_N, p->host_d_value_N,
                                     forward_hook(p->run), N, e);
    if (!rc && p->o->diversity > 0)
        rc = add_diversity(p, e);
    if (!rc)
        rc = backward_to_embeddings(p->d_x_ND, p->run, p->d_h_NW, e);
    if (rc)
        return rc;
    /* x_ND's rows are done with: they take the packed gradient. */
    spread(p, p->d_x_ND, p->x_ND, true);
    be->download(be, p->host_d_x_ND, p->x_ND, bytes);
    rc = backend_sync(be, e);
    if (!rc && p->o->repetition > 0) {
        rc = add_repetition(p, e);
        be->upload(be, p->x_ND, p->host_d_x_ND, bytes);
    }
    return rc ? rc : mixture_backward(p->mix, p->x_ND, tau, entropy, e);
}
