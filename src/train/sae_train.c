/* The sparse autoencoder's training loop. */
#include "train/sae_train.h"
#include "base/memory.h"
#include "train/activation_stream.h"
#include "train/curves.h"
#include "train/state.h"
#include <stdio.h>

#define STATE_NAME "sae.safetensors"
#define CURVE_COLUMNS                                                                              \
    "step,tokens,loss,explained_variance,l0,dead_share,auxiliary_loss,threshold,learning_rate,"    \
    "gradient_norm"

/* Running sums since the curve's last row, kept as floats so that a checkpoint holds them exactly.
 */
enum { SUM_ERROR, SUM_VARIANCE, SUM_ACTIVE, SUM_AUXILIARY, SUMS };
/* Weights and both moments, then what else a step changes. */
enum { ARRAY_IDLE = 3 * SAE_PARAMETERS, ARRAY_SCALE, ARRAY_SUMS, ARRAYS };

typedef struct sae_run {
    const sae_train_options *o;
    const char *work_dir, *curve_dir;
    sae_learner *learner;
    activation_stream *activations;
    hook h;
    float *x_ND;
    float sums[SUMS];
    double norm;
    state_array arrays[ARRAYS];
    arena names;
    char options[512];
    train_state state; /* its number: the learner's threshold */
} sae_run;

static void describe_options(sae_run *u, const text_stream *text)
{
    const sae_learner_options *l = &u->o->learner;
    const adamw_options *a = &l->optimiser;
    snprintf(u->options, sizeof u->options,
             "sae %dx%d k %g at %s, batch %d, steps %ld, chunk %d, rate %g*%g warmup %ld decay "
             "%ld, adam %g %g %g, clip %g, dead %d, aux %d %g, threshold %g, seed %llu, "
             "text %llu/%d/%d, report %ld",
             l->d_in, l->d_sae, (double)l->k, u->h.name, l->batch, a->steps, u->o->chunk_windows,
             (double)a->peak_rate, (double)a->final_share, a->warmup, a->decay, (double)a->beta1,
             (double)a->beta2, (double)a->eps, (double)a->max_norm, l->dead_after, l->k_aux,
             (double)l->aux_weight, (double)l->threshold_rate, (unsigned long long)l->seed,
             (unsigned long long)text->seed, text->group, text->context, u->o->report_every);
    u->state.options = u->options;
}

/* The learner's memory is ordinary memory, so checkpoints read and write it in place. */
static void list_arrays(sae_run *u)
{
    static const char *const suffixes[] = {"", ".first_moment", ".second_moment"};
    sae_learner *l = u->learner;
    for (int i = 0; i < 3 * SAE_PARAMETERS; i++) {
        const parameter *p = &l->list[i / 3];
        float *values[] = {p->value, adamw_first(l->optimiser, i / 3),
                           adamw_second(l->optimiser, i / 3)};
        u->arrays[i] = (state_array){arena_printf(&u->names, "%s%s", p->name, suffixes[i % 3]),
                                     values[i % 3], p->n};
    }
    u->arrays[ARRAY_IDLE] = (state_array){"idle", l->idle_F, (size_t)l->o.d_sae};
    u->arrays[ARRAY_SCALE] = (state_array){"input_scale", &l->input_scale, 1};
    u->arrays[ARRAY_SUMS] = (state_array){"sums", u->sums, SUMS};
}

static err_code save(sae_run *u, err *e)
{
    u->state.number = u->learner->threshold;
    return train_state_save(&u->state, u->arrays, ARRAYS, u->work_dir, STATE_NAME, e);
}

static err_code resume_or_calibrate(sae_run *u, reporter *r, err *e)
{
    bool found = false;
    err_code rc =
        train_state_load(&found, &u->state, u->arrays, ARRAYS, u->work_dir, STATE_NAME, e);
    if (!rc && found) {
        u->learner->threshold = u->state.number;
        report_line(r, "sae: going on from step %ld of %ld", u->state.step,
                    u->o->learner.optimiser.steps);
    } else if (!rc) {
        curve_header(&u->state.curve, CURVE_COLUMNS);
        rc = activation_batch(u->x_ND, u->activations, 0, e);
        if (!rc)
            sae_learner_calibrate(u->learner, u->x_ND, u->o->learner.batch);
    }
    return rc;
}

static err_code prepare(sae_run *u, model *m, const text_stream *text, reporter *r, err *e)
{
    const sae_train_options *o = u->o;
    const sae_learner_options *l = &o->learner;
    err_code rc = hook_parse(&u->h, model_describe(m), o->hook, e);
    if (!rc && u->h.width != l->d_in)
        rc = err_set(e, E_SHAPE, "%s is %d wide, the SAE's d_in is %d", o->hook, u->h.width,
                     l->d_in);
    if (!rc)
        rc = sae_learner_new(&u->learner, model_backend(m), l, e);
    if (!rc)
        rc = activation_stream_new(&u->activations, m, &u->h, text, o->chunk_windows, o->part,
                                   l->batch, l->seed, e);
    if (rc)
        return rc;
    u->x_ND = mem_array((size_t)l->batch * (size_t)l->d_in, sizeof(float), "activations", e);
    if (!u->x_ND)
        return e->code;
    describe_options(u, text);
    list_arrays(u);
    return resume_or_calibrate(u, r, e);
}

static void release(sae_run *u)
{
    sae_learner_free(u->learner);
    activation_stream_free(u->activations);
    mem_free(u->x_ND);
    arena_release(&u->names);
    train_state_release(&u->state);
}

/* ---- steps -------------------------------------------------------------------------------------
 */

static long steps_since_row(const sae_run *u)
{
    long since = u->state.step % u->o->report_every;
    return since ? since : u->o->report_every;
}

static double explained_variance(const sae_run *u)
{
    double variance = (double)u->sums[SUM_VARIANCE];
    return variance > 0 ? 1 - (double)u->sums[SUM_ERROR] / variance : 0;
}

static double rows_since_row(const sae_run *u)
{
    return (double)steps_since_row(u) * u->o->learner.batch;
}

static double dead_share(const sae_run *u)
{
    return (double)u->learner->n_dead / u->o->learner.d_sae;
}

static err_code add_row(sae_run *u, err *e)
{
    const sae_learner_options *l = &u->o->learner;
    double rows = rows_since_row(u), numbers = rows * l->d_in;
    long step = u->state.step;
    double row[] = {(double)step,
                    (double)step * l->batch,
                    (double)u->sums[SUM_ERROR] / numbers,
                    explained_variance(u),
                    (double)u->sums[SUM_ACTIVE] / rows,
                    dead_share(u),
                    (double)u->sums[SUM_AUXILIARY] / numbers,
                    u->learner->threshold,
                    (double)adamw_rate(&l->optimiser, step),
                    u->norm};
    curve_row(&u->state.curve, row, (int)COUNT_OF(row));
    for (int i = 0; i < SUMS; i++)
        u->sums[i] = 0;
    return curve_write(&u->state.curve, u->curve_dir, "sae.csv", e);
}

static void show(progress *bar, const sae_run *u, long first, double started)
{
    char text[128];
    double seconds = clock_seconds() - started;
    double tokens = (double)(u->state.step - first) * u->o->learner.batch;
    snprintf(text, sizeof text, "variance %.3f  L0 %.1f  dead %.1f%%  %.1fk tokens/s",
             explained_variance(u), (double)u->sums[SUM_ACTIVE] / rows_since_row(u),
             100 * dead_share(u), seconds > 0 ? tokens / seconds / 1000 : 0);
    progress_step(bar, u->state.step, text);
}

static err_code train_step(sae_run *u, err *e)
{
    sae_step_sums sums;
    long step = u->state.step + 1;
    err_code rc = activation_batch(u->x_ND, u->activations, step - 1, e);
    if (!rc)
        rc = sae_learner_step(&sums, u->learner, u->x_ND, step, e);
    if (rc)
        return rc;
    u->state.step = step;
    u->sums[SUM_ERROR] += (float)sums.squared_error;
    u->sums[SUM_VARIANCE] += (float)sums.variance;
    u->sums[SUM_ACTIVE] += (float)sums.active;
    u->sums[SUM_AUXILIARY] += (float)sums.auxiliary;
    u->norm = sums.gradient_norm;
    return OK;
}

static err_code run_steps(sae_run *u, reporter *r, err *e)
{
    const sae_train_options *o = u->o;
    long steps = o->learner.optimiser.steps, first = u->state.step;
    double started = clock_seconds();
    progress bar = progress_start(r, "sparse autoencoder", steps);
    err_code rc = OK;
    while (u->state.step < steps && !rc) {
        rc = train_step(u, e);
        if (rc)
            break;
        long step = u->state.step;
        show(&bar, u, first, started);
        if (step % o->report_every == 0 || step == steps)
            rc = add_row(u, e);
        bool stop = cancel_requested();
        if (!rc && (step % o->save_every == 0 || step == steps || stop))
            rc = save(u, e);
        if (!rc && stop)
            rc = cancel_check(e);
    }
    progress_end(&bar);
    return rc;
}

err_code sae_train(sae **out, model *m, const sae_train_options *o, const text_stream *text,
                   const char *work_dir, const char *curve_dir, reporter *r, err *e)
{
    sae_run u = {.o = o, .work_dir = work_dir, .curve_dir = curve_dir};
    *out = NULL;
    err_code rc = prepare(&u, m, text, r, e);
    if (!rc)
        rc = run_steps(&u, r, e);
    if (!rc)
        rc = curve_write(&u.state.curve, curve_dir, "sae.csv", e);
    if (!rc) {
        sae_config c = {.prepend_bos = true, .context = text->context};
        snprintf(c.hook, sizeof c.hook, "%s", u.h.name);
        snprintf(c.model, sizeof c.model, "%s", o->model_name);
        rc = sae_learner_export(out, u.learner, &c, e);
    }
    release(&u);
    return rc;
}
