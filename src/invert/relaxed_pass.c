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
        {&p->x_ND, cells, true},        {&p->d_x_ND, cells, true},
        {&p->free_x_ND, cells, true},   {&p->free_d_x_ND, cells, true},
        {&p->d_h_NW, width, true},      {&p->free_h_NW, h, true},
        {&p->free_d_h_NW, h, true},     {&p->host_value_N, N, false},
        {&p->host_d_value_N, N, false},
    };
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        *wanted[i].array = wanted[i].on_backend
                               ? p->be->alloc(p->be, wanted[i].n, sizeof(float), what, e)
                               : mem_array(wanted[i].n, sizeof(float), what, e);
        if (!*wanted[i].array)
            return e->code;
    }
    p->cost_R = p->be->alloc(p->be, (size_t)B, sizeof *p->cost_R, what, e);
    if (!p->cost_R)
        return e->code;
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
    void *on_backend[] = {p->x_ND,   p->d_x_ND,    p->free_x_ND,   p->free_d_x_ND,
                          p->d_h_NW, p->free_h_NW, p->free_d_h_NW, p->cost_R};
    for (size_t i = 0; i < COUNT_OF(on_backend); i++)
        p->be->free(p->be, on_backend[i]);
    void *on_host[] = {p->host_value_N, p->host_d_value_N, p->tokens_N, p->which_N};
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

/* Rows of `width` numbers of the free positions, packed, to their places among all rows; or back.
 */
static void spread(relaxed_pass *p, float *all_N, const float *free_N, int width)
{
    int T = p->L + p->skip;
    size_t bytes = (size_t)p->L * (size_t)width * sizeof(float);
    for (int b = 0; b < p->R; b++)
        p->be->copy(p->be, ROW(all_N, b * T + p->skip, width), ROW(free_N, b * p->L, width), bytes);
}

static void pack(relaxed_pass *p, float *free_N, const float *all_N, int width)
{
    int T = p->L + p->skip;
    size_t bytes = (size_t)p->L * (size_t)width * sizeof(float);
    for (int b = 0; b < p->R; b++)
        p->be->copy(p->be, ROW(free_N, b * p->L, width), ROW(all_N, b * T + p->skip, width), bytes);
}

err_code relaxed_pass_values(relaxed_pass *p, double tau, double noise, int step, err *e)
{
    err_code rc = mixture_mix(p->free_x_ND, p->mix, tau, noise, step, e);
    if (rc)
        return rc;
    spread(p, p->x_ND, p->free_x_ND, p->D);
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
static void add_diversity(relaxed_pass *p)
{
    pack(p, p->free_h_NW, forward_hook(p->run), p->W);
    pack(p, p->free_d_h_NW, p->d_h_NW, p->W);
    penalised_rows restarts = {
        .d_x_BTC = p->free_d_h_NW, .x_BTC = p->free_h_NW, .B = 1, .T = p->R, .C = p->L * p->W};
    penalty_diversity(p->cost_R, p->be, &restarts, p->R, p->o->diversity);
    spread(p, p->d_h_NW, p->free_d_h_NW, p->W);
}

/* The repetition of each restart's rows. */
static void add_repetition(relaxed_pass *p)
{
    penalised_rows rows = {
        .d_x_BTC = p->free_d_x_ND, .x_BTC = p->free_x_ND, .B = p->R, .T = p->L, .C = p->D};
    penalty_repetition(p->cost_R, p->be, &rows, REPETITION_REACH, p->o->repetition);
}

err_code relaxed_pass_gradient(relaxed_pass *p, double tau, double entropy, err *e)
{
    int N = p->R * (p->L + p->skip);
    objective_gradient(p);
    err_code rc = objective_backward(p->d_h_NW, p->objective, p->which_N, p->host_d_value_N,
                                     forward_hook(p->run), N, e);
    if (rc)
        return rc;
    if (p->o->diversity > 0)
        add_diversity(p);
    rc = backward_to_embeddings(p->d_x_ND, p->run, p->d_h_NW, e);
    if (rc)
        return rc;
    pack(p, p->free_d_x_ND, p->d_x_ND, p->D);
    if (p->o->repetition > 0)
        add_repetition(p);
    return mixture_backward(p->mix, p->free_d_x_ND, tau, entropy, e);
}
