/* The climb: one feature's restarts at a time, so that their numbers depend on nothing else. A
 * product's last digits depend on how many rows it has and on where a row stands among them; a
 * search that compares numbers turns last digits into other tokens. */
#include "invert/relaxed.h"
#include "base/memory.h"
#include "invert/relaxed_pass.h"
#include "model/flops.h"
#include <math.h>
#include <string.h>

relaxed_options relaxed_defaults(void)
{
    return (relaxed_options){.steps = 250,
                             .learning_rate = 0.1,
                             .tau_first = 2,
                             .tau_last = 0.05,
                             .noise = 1,
                             .entropy = 4,
                             .candidates = 1024,
                             .refresh_every = 25,
                             .decode_every = 25,
                             .batch_sequences = 256};
}

/* From soft and noisy to hard: theta can keep any mixture at any tau, so being mixed has a price
 * that rises over the second half (Geisler et al. 2024 anneal the same entropy). Steps shrink with
 * the noise: at a low tau a step of full size would throw theta from token to token. */
typedef struct schedule {
    double tau, noise, entropy, rate;
} schedule;

static schedule schedule_at(const relaxed_options *o, int step)
{
    double share = (double)step / o->steps;
    return (schedule){.tau = o->tau_first * pow(o->tau_last / o->tau_first, share),
                      .noise = o->noise * (1 - share),
                      .entropy = o->entropy * fmax(0, 2 * share - 1),
                      .rate = o->learning_rate * (1 - share)};
}

/* A group of restarts: where its results go. */
typedef struct group {
    int32_t *tokens_RL;
    float *value_R, *relaxed_R, *first_gradient_R;
    int32_t *reading_RL; /* scratch */
} group;

static void keep_first_gradient(const relaxed_pass *p, const group *g)
{
    const mixture *m = p->mix;
    for (int b = 0; b < p->R; b++) {
        double squares = 0;
        for (int row = b * p->L; row < (b + 1) * p->L; row++)
            for (int c = 0; c < m->n; c++)
                squares += pow((double)ROW(m->d_theta_NK, row, m->K)[c], 2);
        g->first_gradient_R[b] = (float)sqrt(squares);
    }
}

/* Reads the mixtures as tokens, measures those and keeps what is better than before. */
static err_code decode(relaxed_pass *p, const group *g, err *e)
{
    mixture_read(g->reading_RL, p->mix);
    err_code rc = relaxed_pass_tokens(p, g->reading_RL, e);
    for (int b = 0; b < p->R && !rc; b++) {
        float value = relaxed_pass_best(p, b);
        if (!(value > g->value_R[b]))
            continue;
        g->value_R[b] = value;
        memcpy(ROW(g->tokens_RL, b, p->L), ROW(g->reading_RL, b, p->L),
               (size_t)p->L * sizeof(int32_t));
    }
    return rc;
}

static err_code step_group(relaxed_pass *p, const group *g, int step, err *e)
{
    const relaxed_options *o = p->o;
    schedule s = schedule_at(o, step);
    err_code rc = relaxed_pass_values(p, s.tau, s.noise, step, e);
    if (!rc)
        rc = relaxed_pass_gradient(p, s.tau, s.entropy, e);
    if (rc)
        return rc;
    if (step == 0)
        keep_first_gradient(p, g);
    mixture_step(p->mix, step + 1, s.rate);
    if (step % o->refresh_every == 0)
        rc = mixture_refresh(p->mix, p->free_d_x_ND, s.tau, e);
    if (!rc && ((step + 1) % o->decode_every == 0 || step + 1 == o->steps))
        rc = decode(p, g, e);
    return rc ? rc : cancel_check(e);
}

static err_code check_group(const relaxed_pass *p, const group *g, int feature, err *e)
{
    for (int b = 0; b < p->R; b++)
        if (!isfinite(g->value_R[b]))
            return err_set(e, E_NUMERIC,
                           "the objective of feature %d is not finite at any reading; the weights "
                           "or the hook (%s) do not fit this model",
                           feature, p->set->hook->name);
    return OK;
}

static err_code climb(relaxed_pass *p, const group *g, progress *bar, long done, err *e)
{
    const relaxed_options *o = p->o;
    err_code rc = OK;
    for (int step = 0; step < o->steps && !rc; step++) {
        rc = step_group(p, g, step, e);
        progress_step(bar, done + (long)(step + 1) * p->R, NULL);
    }
    if (!rc)
        rc = relaxed_pass_values(p, o->tau_last, 0, 0, e);
    for (int b = 0; b < p->R && !rc; b++)
        g->relaxed_R[b] = relaxed_pass_best(p, b);
    return rc;
}

/* All restarts of one job, batch_sequences at a time. */
static err_code run_job(relaxed_pass *p, relaxed_job *job, progress *bar, long done, err *e)
{
    rng all = rng_stream(job->seed, "relaxed"), own = rng_split(&all, (uint64_t)job->feature);
    p->L = job->length;
    p->scale = job->scale;
    err_code rc = OK;
    int32_t *reading = mem_small((size_t)job->restarts * (size_t)job->length, sizeof *reading);
    for (int first = 0; first < job->restarts && !rc; first += p->o->batch_sequences) {
        int left = job->restarts - first;
        p->R = left < p->o->batch_sequences ? left : p->o->batch_sequences;
        group g = {.tokens_RL = ROW(job->tokens_RL, first, job->length),
                   .value_R = job->value_R + first,
                   .relaxed_R = job->relaxed_R + first,
                   .first_gradient_R = job->first_gradient_R + first,
                   .reading_RL = reading};
        rc = mixture_new(&p->mix, p->set->table, p->R * p->L, p->o->candidates, &own, first * p->L,
                         e);
        if (!rc)
            rc = climb(p, &g, bar, done + (long)first * p->o->steps, e);
        if (!rc)
            rc = check_group(p, &g, job->feature, e);
        mixture_free(p->mix);
        p->mix = NULL;
    }
    mem_free(reading);
    return rc;
}

void relaxed_make_results(relaxed_job *job, arena *a)
{
    size_t R = (size_t)job->restarts;
    job->tokens_RL = arena_push(a, R * (size_t)job->length, sizeof *job->tokens_RL);
    job->value_R = arena_push(a, R, sizeof *job->value_R);
    job->relaxed_R = arena_push(a, R, sizeof *job->relaxed_R);
    job->first_gradient_R = arena_push(a, R, sizeof *job->first_gradient_R);
    for (size_t b = 0; b < R; b++)
        job->value_R[b] = -INFINITY;
}

static long steps_of(const relaxed_job *jobs, int n, const relaxed_options *o)
{
    long steps = 0;
    for (int i = 0; i < n; i++)
        steps += (long)jobs[i].restarts * o->steps;
    return steps;
}

err_code relaxed_run(relaxed_job *jobs, int n, int *done, const optimise_setting *setting,
                     const relaxed_options *o, arena *a, err *e)
{
    relaxed_pass p;
    err_code rc = relaxed_pass_open(&p, jobs, n, setting, o, e);
    progress bar = progress_start(setting->reporter, setting->name, steps_of(jobs, n, o));
    while (*done < n && !rc) {
        relaxed_job *job = &jobs[*done];
        relaxed_make_results(job, a);
        p.job = *done;
        rc = run_job(&p, job, &bar, steps_of(jobs, *done, o), e);
        *done += !rc;
    }
    progress_end(&bar);
    relaxed_pass_close(&p);
    return rc;
}

double relaxed_flops(const optimise_setting *setting, const relaxed_options *o, int length)
{
    const model_config *c = model_describe(setting->model);
    int T = length + (setting->bos >= 0);
    const sae_config *s = sae_describe(setting->sae);
    double rivals = s->k ? 2.0 * s->d_in * s->d_sae : 0; /* as objective_flops() */
    double run = T * (model_flops(c, setting->hook, 0.5 * (T + 1)) + rivals);
    double mixing = 4.0 * length * o->candidates * setting->table->D; /* there and back */
    int readings = (o->steps - 1) / o->decode_every + 1;
    return o->steps * (2 * run + mixing) + readings * run;
}
