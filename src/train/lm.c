/* The language model's training loop. */
#include "train/lm.h"
#include "base/memory.h"
#include "model/forward.h"
#include "train/curves.h"
#include "train/state.h"
#include <stdio.h>

#define STATE_NAME "lm.safetensors"
#define CURVE_COLUMNS "step,tokens,loss,validation_loss,learning_rate,gradient_norm"

typedef struct lm_run {
    const lm_options *o;
    const text_stream *train, *validation;
    const char *work_dir, *curve_dir;
    backend *be;
    model *m;
    parameter *list;
    int n_list;
    adamw *optimiser;
    forward *pass;
    int32_t *tokens_BT, *targets_BT;
    float *loss_BT;
    state_array *arrays; /* weights and both moments, ordinary memory */
    arena names;
    char options[512];
    train_state state; /* its number: sum of the losses since the curve's last row */
    double norm;
} lm_run;

err_code lm_loss(double *nats_per_token, model *m, const text_stream *s, uint64_t first, int n,
                 int part, err *e)
{
    forward *pass = NULL;
    size_t rows = (size_t)part * (size_t)s->context;
    int32_t *tokens_BT = mem_small(rows, sizeof *tokens_BT);
    int32_t *targets_BT = mem_small(rows, sizeof *targets_BT);
    float *loss_BT = mem_small(rows, sizeof *loss_BT);
    double sum = 0, count = 0;
    err_code rc = forward_new(&pass, m, part, s->context, NULL, FORWARD_ONLY, e);
    if (!rc)
        forward_uninterrupted(pass); /* steps look for Ctrl-C, when the state can be saved */
    for (int done = 0; !rc && done < n; done += part) {
        int B = n - done < part ? n - done : part;
        rc = text_windows(tokens_BT, NULL, s, first + (uint64_t)done, B, e);
        if (rc)
            break;
        text_targets(targets_BT, tokens_BT, B, s->context);
        rc = forward_tokens(pass, tokens_BT, B, s->context, NULL, e);
        if (!rc)
            rc = forward_loss(loss_BT, pass, targets_BT, e);
        for (size_t i = 0; !rc && i < (size_t)B * (size_t)s->context; i++) {
            sum += (double)loss_BT[i];
            count += targets_BT[i] >= 0;
        }
    }
    *nats_per_token = sum / (count > 0 ? count : 1);
    forward_free(pass);
    mem_free(loss_BT);
    mem_free(targets_BT);
    mem_free(tokens_BT);
    return rc;
}

/* ---- state -------------------------------------------------------------------------------------
 */

/* Everything the result depends on, so that a checkpoint of another run is not mistaken for ours.
 */
static void describe_options(lm_run *u)
{
    const lm_options *o = u->o;
    const adamw_options *a = &o->optimiser;
    const model_config *c = &o->model;
    snprintf(u->options, sizeof u->options,
             "model %dx%d heads %d mlp %d vocab %d rotary %d context %d, batch %d, steps %ld, "
             "rate %g*%g warmup %ld decay %ld, adam %g %g %g, weight decay %g, clip %g, seed %llu, "
             "text %llu/%d, report %ld",
             c->n_layers, c->d_model, c->n_heads, c->d_mlp, c->d_vocab, c->rotary,
             u->train->context, o->batch, a->steps, (double)a->peak_rate, (double)a->final_share,
             a->warmup, a->decay, (double)a->beta1, (double)a->beta2, (double)a->eps,
             (double)a->weight_decay, (double)a->max_norm, (unsigned long long)o->seed,
             (unsigned long long)u->train->seed, u->train->group, o->report_every);
    u->state.options = u->options;
}

/* Names in a checkpoint: the parameter's, and for its moments a suffix. */
static err_code make_arrays(lm_run *u, err *e)
{
    static const char *const suffixes[] = {"", ".first_moment", ".second_moment"};
    u->arrays = mem_small(3 * (size_t)u->n_list, sizeof *u->arrays);
    for (int i = 0; i < 3 * u->n_list; i++) {
        const parameter *p = &u->list[i / 3];
        u->arrays[i].name = arena_printf(&u->names, "%s%s", p->name, suffixes[i % 3]);
        u->arrays[i].n = p->n;
        u->arrays[i].values = mem_array(p->n, sizeof(float), "checkpoint", e);
        if (!u->arrays[i].values)
            return e->code;
    }
    return OK;
}

static float *live_array(lm_run *u, int i)
{
    return i % 3 == 0   ? u->list[i / 3].value
           : i % 3 == 1 ? adamw_first(u->optimiser, i / 3)
                        : adamw_second(u->optimiser, i / 3);
}

static err_code save(lm_run *u, err *e)
{
    for (int i = 0; i < 3 * u->n_list; i++)
        u->be->download(u->be, u->arrays[i].values, live_array(u, i),
                        u->arrays[i].n * sizeof(float));
    err_code rc = backend_sync(u->be, e);
    return rc ? rc
              : train_state_save(&u->state, u->arrays, 3 * u->n_list, u->work_dir, STATE_NAME, e);
}

static err_code resume(lm_run *u, reporter *r, err *e)
{
    bool found = false;
    err_code rc =
        train_state_load(&found, &u->state, u->arrays, 3 * u->n_list, u->work_dir, STATE_NAME, e);
    if (rc || !found)
        return rc;
    for (int i = 0; i < 3 * u->n_list; i++)
        u->be->upload(u->be, live_array(u, i), u->arrays[i].values, u->arrays[i].n * sizeof(float));
    report_line(r, "language model: going on from step %ld of %ld", u->state.step,
                u->o->optimiser.steps);
    return backend_sync(u->be, e);
}

static void release(lm_run *u)
{
    for (int i = 0; u->arrays && i < 3 * u->n_list; i++)
        mem_free(u->arrays[i].values);
    mem_free(u->arrays);
    arena_release(&u->names);
    forward_free(u->pass);
    adamw_free(u->optimiser);
    model_free(u->m);
    mem_free(u->tokens_BT);
    mem_free(u->targets_BT);
    mem_free(u->loss_BT);
    train_state_release(&u->state);
}

static err_code prepare(lm_run *u, reporter *r, err *e)
{
    const lm_options *o = u->o;
    int T = u->train->context;
    size_t rows = (size_t)o->batch * (size_t)T;
    describe_options(u);
    u->tokens_BT = mem_small(rows, sizeof *u->tokens_BT);
    u->targets_BT = mem_small(rows, sizeof *u->targets_BT);
    u->loss_BT = mem_small(rows, sizeof *u->loss_BT);
    err_code rc = model_new(&u->m, u->be, &o->model, o->seed, e);
    if (!rc)
        rc = model_want_gradients(u->m, e);
    if (!rc) {
        u->n_list = model_parameters(&u->list, u->m);
        rc = adamw_new(&u->optimiser, u->be, u->list, u->n_list, e);
    }
    if (!rc)
        rc = forward_new(&u->pass, u->m, o->part, T, NULL, FORWARD_WEIGHT_GRADIENT, e);
    if (!rc)
        rc = make_arrays(u, e);
    if (!rc) {
        curve_header(&u->state.curve, CURVE_COLUMNS);
        rc = resume(u, r, e);
    }
    return rc;
}

/* Mean training loss of the steps since the curve's last row. */
static double recent_loss(const lm_run *u)
{
    long since = u->state.step % u->o->report_every;
    return u->state.number / (double)(since ? since : u->o->report_every);
}

/* ---- steps -------------------------------------------------------------------------------------
 */

static err_code train_step(lm_run *u, long step, err *e)
{
    const lm_options *o = u->o;
    int T = u->train->context;
    uint64_t first = (uint64_t)(step - 1) * (uint64_t)o->batch;
    err_code rc = text_windows(u->tokens_BT, NULL, u->train, first, o->batch, e);
    if (rc)
        return rc;
    text_targets(u->targets_BT, u->tokens_BT, o->batch, T);
    double predicted = (double)o->batch * (T - 1), sum = 0;
    model_zero_gradients(u->m);
    for (int b = 0; b < o->batch && !rc; b += o->part) {
        int B = o->batch - b < o->part ? o->batch - b : o->part;
        size_t at = (size_t)b * (size_t)T;
        rc = forward_tokens(u->pass, u->tokens_BT + at, B, T, NULL, e);
        if (!rc)
            rc = backward_loss(u->loss_BT + at, NULL, u->pass, u->targets_BT + at,
                               (float)(1 / predicted), e);
    }
    if (rc)
        return rc;
    for (size_t i = 0; i < (size_t)o->batch * (size_t)T; i++)
        sum += (double)u->loss_BT[i];
    u->state.number += sum / predicted;
    return adamw_step(&u->norm, u->optimiser, &o->optimiser, step, e);
}

static err_code add_row(lm_run *u, err *e)
{
    const lm_options *o = u->o;
    double validation = 0;
    err_code rc = lm_loss(&validation, u->m, u->validation, 0, o->validation_windows, o->part, e);
    if (rc)
        return rc;
    long step = u->state.step;
    double row[] = {(double)step, (double)step * o->batch * u->train->context, recent_loss(u),
                    validation,   (double)adamw_rate(&o->optimiser, step),     u->norm};
    curve_row(&u->state.curve, row, (int)COUNT_OF(row));
    u->state.number = 0;
    return curve_write(&u->state.curve, u->curve_dir, "lm.csv", e);
}

static void show(progress *bar, const lm_run *u, long first, double started)
{
    const lm_options *o = u->o;
    char text[96];
    double seconds = clock_seconds() - started;
    double tokens = (double)(u->state.step - first) * o->batch * u->train->context;
    snprintf(text, sizeof text, "loss %.3f  rate %.2g  %.1fk tokens/s", recent_loss(u),
             (double)adamw_rate(&o->optimiser, u->state.step),
             seconds > 0 ? tokens / seconds / 1000 : 0);
    progress_step(bar, u->state.step, text);
}

static err_code run_steps(lm_run *u, reporter *r, err *e)
{
    const lm_options *o = u->o;
    long steps = o->optimiser.steps, first = u->state.step;
    double started = clock_seconds();
    progress bar = progress_start(r, "language model", steps);
    err_code rc = OK;
    while (u->state.step < steps && !rc) {
        rc = train_step(u, u->state.step + 1, e);
        if (rc)
            break;
        long step = ++u->state.step;
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

err_code lm_train(model **out, backend *be, const lm_options *o, const text_stream *train,
                  const text_stream *validation, const char *work_dir, const char *curve_dir,
                  reporter *r, err *e)
{
    lm_run u = {.o = o,
                .train = train,
                .validation = validation,
                .work_dir = work_dir,
                .curve_dir = curve_dir,
                .be = be};
    *out = NULL;
    err_code rc = prepare(&u, r, e);
    if (!rc)
        rc = run_steps(&u, r, e);
    if (!rc)
        rc = curve_write(&u.state.curve, curve_dir, "lm.csv", e);
    if (!rc) {
        *out = u.m;
        u.m = NULL;
    }
    release(&u);
    return rc;
}
