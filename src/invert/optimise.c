/* The optimiser: slots hold running jobs, a step runs all slots through the model together, then
 * each slot moves on its own. */
#include "base/memory.h"
#include "invert/descent.h"
#include "invert/optimiser.h"
#include "invert/penalties.h"
#include "invert/smooth_max.h"
#include <math.h>
#include <string.h>

enum { NEAREST_EVERY = 10 }; /* steps between looks at which token is nearest */

/* ---- starting and finishing jobs ---------------------------------------------------------------
 */

static bool in_mode(const optimiser *p, free_mode mode)
{
    return p->o->mode == mode;
}

size_t optimiser_slot_numbers(const optimiser *p)
{
    return (in_mode(p, FREE_WHITENED) ? 6u : 4u) * (size_t)p->longest * (size_t)p->D;
}

static double norm_limit(const optimiser *p)
{
    return p->o->norm_limit * p->set->table->max_norm;
}

int optimise_curve_room(const optimise_options *o)
{
    return o->curve_points + 2;
}

static void start_job(optimiser *p, slot *s)
{
    size_t cells = (size_t)p->longest * (size_t)p->D;
    optimise_job *job = &p->jobs[p->next_job++];
    s->job = job;
    s->step = s->reference_step = 0;
    s->best = s->reference = (double)-INFINITY;
    memcpy(s->x_LD, job->x_LD, (size_t)job->length * (size_t)p->D * sizeof *s->x_LD);
    for (int i = job->frozen; i < job->length; i++)
        if (in_mode(p, FREE_WHITENED)) {
            whitening_inverse(ROW(s->y_LD, i, p->D), p->set->whitening, ROW(s->x_LD, i, p->D));
            descent_keep_inside(ROW(s->y_LD, i, p->D), p->D, p->set->whitening->radius);
        } else {
            descent_keep_inside(ROW(s->x_LD, i, p->D), p->D, norm_limit(p));
        }
    memset(s->first_LD, 0, cells * sizeof *s->first_LD);
    memset(s->second_LD, 0, cells * sizeof *s->second_LD);
    job->curve = arena_push(p->memory, (size_t)optimise_curve_room(p->o), sizeof *job->curve);
    job->n_curve = 0;
}

/* Finished slots take the next job; when none waits, the last slot moves into their place. */
static void refill(optimiser *p)
{
    for (int i = 0; i < p->n_slots;) {
        if (p->slots[i].job->last_step == 0) {
            i++;
        } else if (p->next_job < p->n_jobs) {
            start_job(p, &p->slots[i++]);
        } else {
            slot finished = p->slots[i];
            p->slots[i] = p->slots[p->n_slots - 1];
            p->slots[--p->n_slots] = finished;
        }
    }
}

/* ---- one step of the whole batch ---------------------------------------------------------------
 */

static bool nearest_is_due(const optimiser *p, const slot *s)
{
    return in_mode(p, FREE_ORIGINAL) || s->step % NEAREST_EVERY == 0;
}

static void whiten_nearest(void *context, int b)
{
    const optimiser *p = context;
    const slot *s = &p->slots[b];
    for (int i = s->job->frozen; i < s->job->length && nearest_is_due(p, s); i++) {
        float *y_D = ROW(s->nearest_y_LD, i, p->D);
        token_table_row(y_D, p->set->table, s->nearest_L[i]);
        whitening_inverse(y_D, p->set->whitening, y_D);
    }
}

static err_code refresh_nearest(optimiser *p, err *e)
{
    int rows = 0;
    for (int i = 0; i < p->n_slots; i++) {
        slot *s = &p->slots[i];
        if (!nearest_is_due(p, s))
            continue;
        memcpy(ROW(p->nearest_x, rows, p->D), s->x_LD,
               (size_t)s->job->length * (size_t)p->D * sizeof *s->x_LD);
        rows += s->job->length;
    }
    if (rows == 0)
        return OK;
    const token_table *table = p->set->table;
    err_code rc = in_mode(p, FREE_WHITENED)
                      ? token_table_closest(p->nearest_ids, table, p->nearest_x, rows, 1, e)
                      : token_table_nearest(p->nearest_ids, NULL, table, p->nearest_x, rows, 1, e);
    rows = 0;
    for (int i = 0; i < p->n_slots && !rc; i++) {
        slot *s = &p->slots[i];
        if (!nearest_is_due(p, s))
            continue;
        memcpy(s->nearest_L, p->nearest_ids + rows, (size_t)s->job->length * sizeof(int32_t));
        rows += s->job->length;
    }
    if (!rc && in_mode(p, FREE_WHITENED) && p->o->pull > 0)
        pool_run(p->be->pool, p->n_slots, whiten_nearest, p);
    return rc;
}

/* The free rows of all slots, y to x or the gradient at x to that at y: one product for all. */
static err_code transform_slots(optimiser *p, bool gradient, err *e)
{
    int D = p->D, rows = 0;
    for (int b = 0; b < p->n_slots; b++) {
        const slot *s = &p->slots[b];
        int n = s->job->length - s->job->frozen;
        memcpy(ROW(p->nearest_x, rows, D), ROW(gradient ? s->d_x_LD : s->y_LD, s->job->frozen, D),
               (size_t)n * (size_t)D * sizeof(float));
        rows += n;
    }
    err_code rc = gradient ? whitening_gradient(p->nearest_x, &p->whitened, rows, e)
                           : whitening_points(p->nearest_x, &p->whitened, rows, e);
    rows = 0;
    for (int b = 0; b < p->n_slots && !rc; b++) {
        const slot *s = &p->slots[b];
        int n = s->job->length - s->job->frozen;
        memcpy(ROW(gradient ? s->d_x_LD : s->x_LD, s->job->frozen, D), ROW(p->nearest_x, rows, D),
               (size_t)n * (size_t)D * sizeof(float));
        rows += n;
    }
    return rc;
}

static void pack(optimiser *p)
{
    int T = p->T, D = p->D;
    for (int b = 0; b < p->n_slots; b++) {
        const slot *s = &p->slots[b];
        for (int t = 0; t < T; t++) {
            int i = t - p->skip; /* position of the job */
            bool free_position = i >= 0 && i < s->job->length;
            int padding = p->set->bos >= 0 ? p->set->bos : 0;
            ROW(p->tokens_BT, b, T)[t] = free_position ? -1 : padding;
            ROW(p->which_N, b, T)[t] = (int32_t)(s->job - p->jobs);
            /* The token that should follow: what is nearest to the next position. */
            ROW(p->targets_BT, b, T)
            [t] = i + 1 >= 0 && i + 1 < s->job->length ? s->nearest_L[i + 1] : -1;
            if (free_position)
                memcpy(p->host_x_BTD + ((size_t)b * T + t) * D, ROW(s->x_LD, i, D),
                       (size_t)D * sizeof(float));
        }
    }
    p->be->upload(p->be, p->x_BTD, p->host_x_BTD,
                  (size_t)p->n_slots * T * D * sizeof *p->host_x_BTD);
}

/* The gradient of minus the largest activation, which is nothing when no position is active. */
static void largest_gradient(float *d_pre, const float *f, int n)
{
    int best = 0;
    for (int i = 1; i < n; i++)
        best = f[i] > f[best] ? i : best;
    if (f[best] > 0)
        d_pre[best] = -1;
}

/* d_pre = the gradient of minus the smooth maximum. */
static void objective_gradient(optimiser *p)
{
    int T = p->T;
    for (int b = 0; b < p->n_slots; b++) {
        const optimise_job *job = p->slots[b].job;
        float *d_pre = ROW(p->host_d_pre_N, b, T);
        memset(d_pre, 0, (size_t)T * sizeof *d_pre);
        if (in_mode(p, FREE_ORIGINAL)) {
            largest_gradient(d_pre, ROW(p->host_f_N, b, T), job->length);
            continue;
        }
        smooth_max(d_pre + p->skip, ROW(p->host_pre_N, b, T) + p->skip, job->length,
                   SMOOTH_MAX_SOFTNESS * job->scale);
        for (int i = 0; i < job->length; i++)
            d_pre[p->skip + i] = -d_pre[p->skip + i];
    }
}

static err_code feature_gradient(optimiser *p, err *e)
{
    backend *be = p->be;
    int N = p->n_slots * p->T;
    err_code rc =
        forward_mixed(p->to_hook, p->tokens_BT, p->x_BTD, p->n_slots, p->T, p->set->hook, e);
    if (rc)
        return rc;
    const float *h = forward_hook(p->to_hook);
    sae_encode_targets(p->f_N, p->pre_N, p->columns, p->which_N, h, N);
    be->download(be, p->host_pre_N, p->pre_N, (size_t)N * sizeof(float));
    be->download(be, p->host_f_N, p->f_N, (size_t)N * sizeof(float));
    rc = backend_sync(be, e);
    if (rc)
        return rc;
    objective_gradient(p);
    be->upload(be, p->pre_N, p->host_d_pre_N, (size_t)N * sizeof(float));
    sae_backward_targets(p->d_h, p->columns, p->which_N, p->pre_N, h, N);
    rc = backward_to_embeddings(p->d_x_BTD, p->to_hook, p->d_h, e);
    be->download(be, p->host_d_BTD, p->d_x_BTD, (size_t)N * p->D * sizeof(float));
    return rc ? rc : backend_sync(be, e);
}

/* Positions of a job that have a token before them, so that a token can be expected there. */
static int n_expected(const optimiser *p, const optimise_job *job)
{
    int n = job->length - !p->skip;
    return n > 0 ? n : 1;
}

/* Adds coherence_weight times the gradient of each sequence's mean cross-entropy. Sequences differ
 * in length and do not meet, so each one's mean is taken from the gradient of the sum. */
static err_code coherence_gradient(optimiser *p, err *e)
{
    backend *be = p->be;
    size_t row = (size_t)p->T * (size_t)p->D, cells = (size_t)p->n_slots * row;
    float weight = (float)p->o->coherence_weight;
    err_code rc = forward_mixed(p->to_end, p->tokens_BT, p->x_BTD, p->n_slots, p->T, NULL, e);
    if (!rc)
        rc = backward_loss(p->host_loss_N, p->d_x_BTD, p->to_end, p->targets_BT, weight, e);
    if (rc)
        return rc;
    be->download(be, p->host_x_BTD, p->d_x_BTD, cells * sizeof(float));
    rc = backend_sync(be, e);
    for (int b = 0; b < p->n_slots; b++) {
        float share = 1 / (float)n_expected(p, p->slots[b].job);
        for (size_t i = (size_t)b * row; i < (size_t)(b + 1) * row; i++)
            p->host_d_BTD[i] += share * p->host_x_BTD[i];
    }
    return rc;
}

/* ---- one step of one slot
 * ------------------------------------------------------------------------ */

typedef struct slot_values {
    curve_point point;
    double score; /* what the best input is chosen by: minus the loss */
} slot_values;

/* The original takes the norm over all positions at once, which is one row of L * D numbers. */
static double distance_penalty(const optimiser *p, const slot *s, const float *nearest_LD)
{
    int L = s->job->length, D = p->D;
    double weight = p->o->lambda_reg, rms = p->set->table->rms;
    return in_mode(p, FREE_ORIGINAL)
               ? penalty_distance(s->d_x_LD, s->x_LD, nearest_LD, 1, L * D, 1 / sqrt(L * D), weight)
               : penalty_distance(s->d_x_LD, s->x_LD, nearest_LD, L, D, rms, weight);
}

static slot_values evaluate(const optimiser *p, int b)
{
    slot *s = &p->slots[b];
    const optimise_job *job = s->job;
    const optimise_options *o = p->o;
    const token_table *table = p->set->table;
    int L = job->length, D = p->D;
    const float *pre = ROW(p->host_pre_N, b, p->T) + p->skip;
    const float *f = ROW(p->host_f_N, b, p->T) + p->skip;
    slot_values v = {.point = {.step = s->step, .objective = pre[0], .activation = f[0]}};
    for (int i = 1; i < L; i++) {
        v.point.objective = fmaxf(v.point.objective, pre[i]);
        v.point.activation = fmaxf(v.point.activation, f[i]);
    }
    double coherence = 0;
    for (int t = 0; t < p->T && p->to_end; t++)
        coherence += (double)ROW(p->host_loss_N, b, p->T)[t] / n_expected(p, job);

    float *nearest_LD = mem_small((size_t)L * (size_t)D, sizeof *nearest_LD);
    for (int i = 0; i < L; i++)
        token_table_row(ROW(nearest_LD, i, D), table, s->nearest_L[i]);
    memcpy(s->d_x_LD, p->host_d_BTD + ((size_t)b * p->T + p->skip) * D,
           (size_t)L * D * sizeof *s->d_x_LD);
    double distance = distance_penalty(p, s, nearest_LD);
    double diversity =
        penalty_diversity(s->d_x_LD, s->x_LD, L, D, o->diversity_window, o->diversity_penalty);
    double repetition =
        penalty_repetition(s->d_x_LD, s->x_LD, L, D, o->repetition_window, o->repetition_penalty);
    mem_free(nearest_LD);
    float climbed = in_mode(p, FREE_ORIGINAL) ? v.point.activation : v.point.objective;
    double loss = -(double)climbed + o->lambda_reg * distance + o->diversity_penalty * diversity +
                  o->repetition_penalty * repetition + o->coherence_weight * coherence;
    v.point.distance = (float)distance;
    v.point.diversity = (float)diversity;
    v.point.repetition = (float)repetition;
    v.point.loss = (float)loss;
    v.score = -loss;
    return v;
}

/* The share of the way to the closest token that this step ends with. */
static double pull_at(const optimise_options *o, int step)
{
    double share = (double)step / o->max_steps;
    return o->pull * fmax(0, fmin(1, (share - 1.0 / 3) * 1.5));
}

static void move_whitened(const optimiser *p, slot *s)
{
    double limit = p->set->whitening->radius, pull = pull_at(p->o, s->step);
    for (int i = s->job->frozen; i < s->job->length; i++) {
        float *y_D = ROW(s->y_LD, i, p->D);
        descent_step(y_D, ROW(s->d_x_LD, i, p->D), ROW(s->first_LD, i, p->D),
                     ROW(s->second_LD, i, p->D), p->D, s->step, p->o->learning_rate, limit);
        for (int d = 0; d < p->D && pull > 0; d++)
            y_D[d] += (float)(pull * ((double)ROW(s->nearest_y_LD, i, p->D)[d] - (double)y_D[d]));
        descent_keep_inside(y_D, p->D, limit);
    }
}

static void move_slot(void *context, int b)
{
    const optimiser *p = context;
    slot *s = &p->slots[b];
    if (in_mode(p, FREE_WHITENED)) {
        move_whitened(p, s);
        return;
    }
    double rate = p->o->learning_rate * (in_mode(p, FREE_ORIGINAL) ? 1 : p->set->table->rms);
    for (int i = s->job->frozen; i < s->job->length; i++)
        descent_step(ROW(s->x_LD, i, p->D), ROW(s->d_x_LD, i, p->D), ROW(s->first_LD, i, p->D),
                     ROW(s->second_LD, i, p->D), p->D, s->step, rate, norm_limit(p));
}

static void judge_slot(void *context, int b)
{
    optimiser *p = context;
    slot *s = &p->slots[b];
    optimise_job *job = s->job;
    const optimise_options *o = p->o;
    slot_values v = evaluate(p, b);
    bool original = in_mode(p, FREE_ORIGINAL);
    if (v.score > s->best || original) {
        s->best = v.score;
        job->objective = v.point.objective;
        job->activation = v.point.activation;
        memcpy(job->x_LD, s->x_LD, (size_t)job->length * p->D * sizeof *s->x_LD);
    }
    if (s->best > s->reference + o->tolerance * fmax(fabs(s->best), job->scale)) {
        s->reference = s->best;
        s->reference_step = s->step;
    }
    bool converged = !original && s->step - s->reference_step >= o->patience;
    bool last = converged || s->step + !original == o->max_steps;
    int every = (o->max_steps + o->curve_points - 1) / o->curve_points;
    if (s->step % every == 0 || last)
        job->curve[job->n_curve++] = v.point;
    s->step++;
    if (last) {
        job->converged = converged;
        job->last_step = s->step;
    }
}

/* ---- setting up
 * ----------------------------------------------------------------------------------- */

static err_code open_slots(optimiser *p, err *e)
{
    size_t cells = (size_t)p->longest * (size_t)p->D;
    p->slots = mem_small((size_t)p->capacity, sizeof *p->slots);
    for (int i = 0; i < p->capacity; i++) {
        slot *s = &p->slots[i];
        float *block =
            mem_array(optimiser_slot_numbers(p), sizeof *block, "an optimised sequence", e);
        if (!block)
            return e->code;
        s->x_LD = block; /* owns the block */
        s->d_x_LD = block + cells;
        s->first_LD = block + 2 * cells;
        s->second_LD = block + 3 * cells;
        if (in_mode(p, FREE_WHITENED)) {
            s->y_LD = block + 4 * cells;
            s->nearest_y_LD = block + 5 * cells;
        }
        s->nearest_L = mem_small((size_t)p->longest, sizeof *s->nearest_L);
    }
    return OK;
}

static err_code open_buffers(optimiser *p, err *e)
{
    size_t N = (size_t)p->capacity * (size_t)p->T, cells = N * (size_t)p->D;
    backend *be = p->be;
    const char *what = "the optimiser's batch (optimise.batch_sequences bounds it)";
    float **on_backend[] = {&p->x_BTD, &p->d_x_BTD, &p->d_h, &p->pre_N, &p->f_N};
    float **on_host[] = {&p->host_x_BTD, &p->host_d_BTD,   &p->nearest_x,  &p->host_pre_N,
                         &p->host_f_N,   &p->host_d_pre_N, &p->host_loss_N};
    size_t width = (size_t)p->set->hook->width;
    size_t backend_sizes[] = {cells, cells, N * width, N, N};
    size_t host_sizes[] = {cells, cells, cells, N, N, N, N};
    for (size_t i = 0; i < COUNT_OF(on_backend); i++)
        if (!(*on_backend[i] = be->alloc(be, backend_sizes[i], sizeof(float), what, e)))
            return e->code;
    for (size_t i = 0; i < COUNT_OF(on_host); i++)
        if (!(*on_host[i] = mem_array(host_sizes[i], sizeof(float), what, e)))
            return e->code;
    p->tokens_BT = mem_small(N, sizeof *p->tokens_BT);
    p->targets_BT = mem_small(N, sizeof *p->targets_BT);
    p->which_N = mem_small(N, sizeof *p->which_N);
    p->nearest_ids = mem_small(N, sizeof *p->nearest_ids);
    return OK;
}

static err_code optimiser_open(optimiser *p, err *e)
{
    int *features = mem_small((size_t)p->n_jobs, sizeof *features);
    for (int i = 0; i < p->n_jobs; i++)
        features[i] = p->jobs[i].feature;
    err_code rc = sae_columns_new(&p->columns, p->set->sae, features, p->n_jobs, e);
    mem_free(features);
    if (!rc)
        rc = open_slots(p, e);
    if (!rc)
        rc = open_buffers(p, e);
    if (!rc && in_mode(p, FREE_WHITENED))
        rc = whitening_rows_new(&p->whitened, p->set->whitening, p->capacity * p->longest, e);
    if (!rc)
        rc = forward_new(&p->to_hook, p->set->model, p->capacity, p->T, p->set->hook,
                         FORWARD_INPUT_GRADIENT, e);
    if (!rc && p->o->coherence_weight > 0)
        rc = forward_new(&p->to_end, p->set->model, p->capacity, p->T, NULL, FORWARD_INPUT_GRADIENT,
                         e);
    return rc;
}

static void optimiser_close(optimiser *p)
{
    for (int i = 0; p->slots && i < p->capacity; i++) {
        mem_free(p->slots[i].x_LD);
        mem_free(p->slots[i].nearest_L);
    }
    mem_free(p->slots);
    sae_columns_free(p->columns);
    whitening_rows_free(&p->whitened);
    forward_free(p->to_hook);
    forward_free(p->to_end);
    float *on_backend[] = {p->x_BTD, p->d_x_BTD, p->d_h, p->pre_N, p->f_N};
    for (size_t i = 0; i < COUNT_OF(on_backend); i++)
        p->be->free(p->be, on_backend[i]);
    void *on_host[] = {p->host_x_BTD, p->host_d_BTD,   p->nearest_x,   p->host_pre_N,
                       p->host_f_N,   p->host_d_pre_N, p->host_loss_N, p->tokens_BT,
                       p->targets_BT, p->which_N,      p->nearest_ids};
    for (size_t i = 0; i < COUNT_OF(on_host); i++)
        mem_free(on_host[i]);
}

/* A job none of whose steps gave a number has no best input. */
static err_code check_finished(const optimiser *p, err *e)
{
    for (int i = 0; i < p->n_slots; i++)
        if (p->slots[i].job->last_step && !isfinite(p->slots[i].best))
            return err_set(e, E_NUMERIC,
                           "the objective of feature %d is not finite at any step; the weights or "
                           "the hook (%s) do not fit this model",
                           p->slots[i].job->feature, p->set->hook->name);
    return OK;
}

/* Steps of all jobs, a finished one counted in full: what is left when nobody converges early. */
static long steps_done(const optimiser *p)
{
    long done = (long)(p->next_job - p->n_slots) * p->o->max_steps;
    for (int i = 0; i < p->n_slots; i++)
        done += p->slots[i].step;
    return done;
}

/* What the model says of all slots; stopped in here, a step begins anew. */
static err_code look(optimiser *p, err *e)
{
    err_code rc = in_mode(p, FREE_WHITENED) ? transform_slots(p, false, e) : OK;
    if (!rc)
        rc = refresh_nearest(p, e);
    if (!rc) {
        pack(p);
        rc = feature_gradient(p, e);
    }
    return rc || !p->to_end ? rc : coherence_gradient(p, e);
}

/* Every slot a step further. */
static err_code move(optimiser *p, err *e)
{
    pool_run(p->be->pool, p->n_slots, judge_slot, p);
    err_code rc = check_finished(p, e);
    if (!rc && in_mode(p, FREE_WHITENED))
        rc = transform_slots(p, true, e);
    if (rc)
        return rc;
    pool_run(p->be->pool, p->n_slots, move_slot, p);
    refill(p);
    return OK;
}

static err_code begin(optimiser *p, err *e)
{
    if (draft_found(p->set->draft))
        return optimiser_get(p, e);
    while (p->n_slots < p->capacity)
        start_job(p, &p->slots[p->n_slots++]);
    return OK;
}

static err_code run(optimiser *p, err *e)
{
    progress bar =
        progress_start(p->set->reporter, p->set->name, (long)p->n_jobs * p->o->max_steps);
    err_code rc = begin(p, e);
    while (p->n_slots && !rc) {
        rc = look(p, e);
        bool between_steps = rc == E_CANCELLED;
        if (!rc) {
            rc = move(p, e);
            between_steps = !rc;
            progress_step(&bar, steps_done(p), NULL);
            rc = rc ? rc : cancel_check(e);
        }
        if (between_steps && draft_is_due(p->set->draft, rc)) {
            optimiser_put(draft_room(p->set->draft), p);
            rc = draft_keep(p->set->draft, rc, e);
        }
    }
    progress_end(&bar);
    return rc;
}

err_code optimise_jobs(optimise_job *jobs, int n, const optimise_setting *setting,
                       const optimise_options *o, arena *a, err *e)
{
    optimiser p = {.set = setting,
                   .o = o,
                   .be = model_backend(setting->model),
                   .jobs = jobs,
                   .n_jobs = n,
                   .capacity = n < o->batch_sequences ? n : o->batch_sequences,
                   .D = setting->table->D,
                   .skip = setting->bos >= 0 && o->mode != FREE_ORIGINAL,
                   .memory = a};
    for (int i = 0; i < n; i++) {
        jobs[i].last_step = 0;
        if (jobs[i].length > p.longest)
            p.longest = jobs[i].length;
    }
    p.T = p.longest + p.skip;
    int context = model_describe(setting->model)->context;
    if (p.T > context)
        return err_set(
            e, E_CONFIG,
            "%d optimised positions%s do not fit the model's context of %d tokens; lower "
            "optimise.sequence_length or explain.length",
            p.longest, p.skip ? " and the BOS" : "", context);
    err_code rc = optimiser_open(&p, e);
    if (!rc)
        rc = run(&p, e);
    optimiser_close(&p);
    return rc;
}
