/* Every running input is judged, and goes a step down its gradient. */
#include "base/memory.h"
#include "invert/optimiser.h"
#include <math.h>
#include <string.h>

/* ---- judging ------------------------------------------------------------------------------------
 */

typedef struct slot_values {
    curve_point point;
    double score; /* what the best input is chosen by: minus the loss */
} slot_values;

static double distance_of(const optimiser *p, int b)
{
    const optimise_job *job = p->slots[b].job;
    if (optimiser_is(p, FREE_ORIGINAL))
        return p->host_distance_N[b];
    double total = 0;
    for (int i = 0; i < job->length; i++)
        total += p->host_distance_N[optimiser_row(p, b, i)];
    return total * optimiser_distance_unit(p, job);
}

static slot_values evaluate(const optimiser *p, int b)
{
    const slot *s = &p->slots[b];
    const optimise_options *o = p->o;
    const float *pre = ROW(p->host_pre_N, b, p->T) + p->skip;
    const float *f = ROW(p->host_f_N, b, p->T) + p->skip;
    slot_values v = {.point = {.step = s->step, .objective = pre[0], .activation = f[0]}};
    for (int i = 1; i < s->job->length; i++) {
        v.point.objective = fmaxf(v.point.objective, pre[i]);
        v.point.activation = fmaxf(v.point.activation, f[i]);
    }
    double coherence = 0;
    for (int t = 0; t < p->T && p->to_end; t++)
        coherence += (double)ROW(p->host_loss_N, b, p->T)[t] / optimiser_expected(p, s->job);
    double distance = distance_of(p, b), diversity = p->host_diversity_B[b],
           repetition = p->host_repetition_B[b];
    float climbed = optimiser_is(p, FREE_ORIGINAL) ? v.point.activation : v.point.objective;
    double loss = -(double)climbed + o->lambda_reg * distance + o->diversity_penalty * diversity +
                  o->repetition_penalty * repetition + o->coherence_weight * coherence;
    v.point.distance = (float)distance;
    v.point.diversity = (float)diversity;
    v.point.repetition = (float)repetition;
    v.point.loss = (float)loss;
    v.score = -loss;
    return v;
}

/* Writes down what came of the last step; whether this input is the one to keep. */
static bool judge(optimiser *p, int b)
{
    slot *s = &p->slots[b];
    optimise_job *job = s->job;
    const optimise_options *o = p->o;
    slot_values v = evaluate(p, b);
    bool original = optimiser_is(p, FREE_ORIGINAL), better = v.score > s->best || original;
    if (better) {
        s->best = v.score;
        job->objective = v.point.objective;
        job->activation = v.point.activation;
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
    return better;
}

/* A job none of whose steps gave a number has no best input. */
static err_code check_finished(const optimiser *p, err *e)
{
    for (int b = 0; b < p->n_slots; b++)
        if (optimiser_has_ended(&p->slots[b]) && !isfinite(p->slots[b].best))
            return err_set(e, E_NUMERIC,
                           "the objective of feature %d is not finite at any step; the weights or "
                           "the hook (%s) do not fit this model",
                           p->slots[b].job->feature, p->set->hook->name);
    return OK;
}

/* The best inputs of the jobs that have ended. */
static void hand_back(optimiser *p)
{
    int n = optimiser_list(p, FINISHED_POSITIONS);
    if (n == 0)
        return;
    optimiser_pack(p, p->packed_ND, p->best_ND, n);
    p->be->download(p->be, p->host_rows_ND, p->packed_ND,
                    (size_t)n * (size_t)p->D * sizeof *p->host_rows_ND);
    const float *from = p->host_rows_ND;
    for (int b = 0; b < p->n_slots; b++) {
        optimise_job *job = p->slots[b].job;
        size_t cells = (size_t)job->length * (size_t)p->D;
        if (!optimiser_has_ended(&p->slots[b]))
            continue;
        memcpy(job->x_LD, from, cells * sizeof *from);
        from += cells;
    }
}

static err_code judge_all(optimiser *p, err *e)
{
    backend *be = p->be;
    int N = p->n_slots * p->T;
    for (int row = 0; row < N; row += p->T) {
        bool better = judge(p, row / p->T);
        for (int t = 0; t < p->T; t++)
            p->host_place_N[row + t] = better ? row + t : -1;
    }
    err_code rc = check_finished(p, e);
    if (rc)
        return rc;
    be->upload(be, p->place_N, p->host_place_N, (size_t)N * sizeof *p->place_N);
    be->gather_rows(be, p->best_ND, p->x_ND, NUMBER_F32, p->place_N, 1, N, N, p->D);
    hand_back(p);
    return OK;
}

/* ---- moving -------------------------------------------------------------------------------------
 */

/* The share of the way to the closest token that this step ends with. */
static double pull_at(const optimise_options *o, int step)
{
    double share = (double)step / o->max_steps;
    return o->pull * fmax(0, fmin(1, (share - 1.0 / 3) * 1.5));
}

static void descend(optimiser *p)
{
    backend *be = p->be;
    const optimise_options *o = p->o;
    bool whitened = optimiser_is(p, FREE_WHITENED), original = optimiser_is(p, FREE_ORIGINAL);
    int N = p->n_slots * p->T;
    for (int row = 0; row < N; row++) {
        const slot *s = &p->slots[row / p->T];
        int i = row % p->T - p->skip;
        p->host_step_N[row] = i >= s->job->frozen && i < s->job->length ? s->step : 0;
        p->host_pull_N[row] = pull_at(o, s->step);
    }
    be->upload(be, p->step_N, p->host_step_N, (size_t)N * sizeof *p->step_N);
    be->upload(be, p->pull_N, p->host_pull_N, (size_t)N * sizeof *p->pull_N);
    descent_settings settings = {
        .rate = o->learning_rate * (whitened || original ? 1 : p->set->table->rms),
        .beta2 = 0.999,
        .limit = whitened ? p->set->whitening->radius : optimiser_norm_limit(p),
        .step_N = p->step_N,
        .target_NC = whitened ? p->target_ND : NULL,
        .pull_N = p->pull_N};
    be->descend_rows(be, whitened ? p->y_ND : p->x_ND, p->d_x_ND, p->first_ND, p->second_ND,
                     &settings, N, p->D);
}

err_code optimiser_move(optimiser *p, err *e)
{
    err_code rc = judge_all(p, e);
    if (rc)
        return rc;
    if (optimiser_is(p, FREE_WHITENED))
        optimiser_transform(p, true);
    descend(p);
    optimiser_refill(p);
    return OK;
}
