/* The optimiser: slots hold running jobs, a step runs all slots through the model together, then
 * each slot moves on its own. Inputs stay in the backend's memory from a job's beginning to its
 * end: what a step brings back is a few numbers a position. */
#include "base/memory.h"
#include "invert/optimiser.h"
#include <string.h>

int optimise_curve_room(const optimise_options *o)
{
    return o->curve_points + 2;
}

/* ---- setting up ---------------------------------------------------------------------------------
 */

typedef struct wanted_floats {
    float **array;
    size_t n;
    bool on_backend;
} wanted_floats;

enum { MOST_ARRAYS = 24 };

static int list_floats(wanted_floats list[MOST_ARRAYS], optimiser *p)
{
    size_t N = (size_t)p->capacity * (size_t)p->T, cells = N * (size_t)p->D;
    size_t two = optimiser_is(p, FREE_WHITENED) ? cells : 0,
           loss = p->o->coherence_weight > 0 ? cells : 0;
    wanted_floats all[] = {{&p->x_ND, cells, true},
                           {&p->best_ND, cells, true},
                           {&p->first_ND, cells, true},
                           {&p->second_ND, cells, true},
                           {&p->nearest_ND, cells, true},
                           {&p->y_ND, two, true},
                           {&p->target_ND, two, true},
                           {&p->d_x_ND, cells, true},
                           {&p->d_loss_ND, loss, true},
                           {&p->d_h, N * (size_t)p->set->hook->width, true},
                           {&p->packed_ND, cells, true},
                           {&p->packed2_ND, two, true},
                           {&p->pre_N, N, true},
                           {&p->f_N, N, true},
                           {&p->share_N, N, true},
                           {&p->host_pre_N, N, false},
                           {&p->host_f_N, N, false},
                           {&p->host_d_pre_N, N, false},
                           {&p->host_loss_N, N, false},
                           {&p->host_share_N, N, false},
                           {&p->host_rows_ND, cells, false}};
    memcpy(list, all, sizeof all);
    return (int)COUNT_OF(all);
}

static const char BATCH[] = "the optimiser's batch (optimise.batch_sequences bounds it)";

static err_code open_floats(optimiser *p, err *e)
{
    wanted_floats list[MOST_ARRAYS];
    for (int i = list_floats(list, p) - 1; i >= 0; i--) {
        *list[i].array = list[i].on_backend
                             ? p->be->alloc(p->be, list[i].n, sizeof(float), BATCH, e)
                             : mem_array(list[i].n, sizeof(float), BATCH, e);
        if (!*list[i].array)
            return e->code;
    }
    return OK;
}

static err_code open_indices(optimiser *p, err *e)
{
    size_t N = (size_t)p->capacity * (size_t)p->T;
    int32_t **here[] = {&p->host_tokens_N, &p->host_targets_N, &p->host_which_N, &p->host_list_N,
                        &p->host_place_N,  &p->host_ids_N,     &p->host_step_N,  &p->host_length_B};
    int32_t **there[] = {&p->list_N, &p->place_N, &p->step_N, &p->length_B};
    for (size_t i = 0; i < COUNT_OF(here); i++)
        *here[i] = mem_small(N, sizeof(int32_t));
    for (size_t i = 0; i < COUNT_OF(there); i++)
        if (!(*there[i] = p->be->alloc(p->be, N, sizeof(int32_t), BATCH, e)))
            return e->code;
    return OK;
}

static err_code open_costs(optimiser *p, err *e)
{
    size_t B = (size_t)p->capacity, N = B * (size_t)p->T;
    double **here[] = {&p->host_weight_N, &p->host_pull_N, &p->host_distance_N};
    double **there[] = {&p->weight_N, &p->pull_N, &p->distance_N};
    for (size_t i = 0; i < COUNT_OF(here); i++) {
        *here[i] = mem_small(optimiser_costs(p), sizeof(double));
        if (!(*there[i] = p->be->alloc(p->be, optimiser_costs(p), sizeof(double), BATCH, e)))
            return e->code;
    }
    p->diversity_B = p->distance_N + N;
    p->repetition_B = p->diversity_B + B;
    p->host_diversity_B = p->host_distance_N + N;
    p->host_repetition_B = p->host_diversity_B + B;
    return OK;
}

static void close_buffers(optimiser *p)
{
    wanted_floats list[MOST_ARRAYS];
    for (int i = list_floats(list, p) - 1; i >= 0; i--)
        if (list[i].on_backend)
            p->be->free(p->be, *list[i].array);
        else
            mem_free(*list[i].array);
    void *here[] = {p->host_tokens_N, p->host_targets_N, p->host_which_N,   p->host_list_N,
                    p->host_place_N,  p->host_ids_N,     p->host_step_N,    p->host_length_B,
                    p->host_weight_N, p->host_pull_N,    p->host_distance_N};
    void *there[] = {p->list_N,   p->place_N, p->step_N,    p->length_B,
                     p->weight_N, p->pull_N,  p->distance_N};
    for (size_t i = 0; i < COUNT_OF(here); i++)
        mem_free(here[i]);
    for (size_t i = 0; i < COUNT_OF(there); i++)
        p->be->free(p->be, there[i]);
}

static err_code optimiser_open(optimiser *p, err *e)
{
    int *features = mem_small((size_t)p->n_jobs, sizeof *features);
    for (int i = 0; i < p->n_jobs; i++)
        features[i] = p->jobs[i].feature;
    err_code rc = sae_columns_new(&p->columns, p->set->sae, features, p->n_jobs, e);
    mem_free(features);
    p->slots = mem_small((size_t)p->capacity, sizeof *p->slots);
    for (int b = 0; b < p->capacity; b++)
        p->slots[b].nearest_L = mem_small((size_t)p->longest, sizeof *p->slots[b].nearest_L);
    if (!rc)
        rc = open_floats(p, e);
    if (!rc)
        rc = open_indices(p, e);
    if (!rc)
        rc = open_costs(p, e);
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
    close_buffers(p);
    for (int b = 0; b < p->capacity; b++)
        mem_free(p->slots[b].nearest_L);
    mem_free(p->slots);
    sae_columns_free(p->columns);
    forward_free(p->to_hook);
    forward_free(p->to_end);
}

/* ---- running ------------------------------------------------------------------------------------
 */

/* Steps of all jobs, a finished one counted in full: what is left when nobody converges early. */
static long steps_done(const optimiser *p)
{
    long done = (long)(p->next_job - p->n_slots) * p->o->max_steps;
    for (int i = 0; i < p->n_slots; i++)
        done += p->slots[i].step;
    return done;
}

static err_code begin(optimiser *p, err *e)
{
    if (draft_found(p->set->draft))
        return optimiser_get(p, e);
    optimiser_fill(p);
    return OK;
}

/* `code` of the work so far, E_CANCELLED or OK. */
static err_code keep_draft(optimiser *p, err_code code, err *e)
{
    err failure = {0};
    if (optimiser_put(draft_room(p->set->draft), p, &failure)) {
        *e = failure;
        return e->code;
    }
    return draft_keep(p->set->draft, code, e);
}

static err_code run(optimiser *p, err *e)
{
    progress bar =
        progress_start(p->set->reporter, p->set->name, (long)p->n_jobs * p->o->max_steps);
    err_code rc = begin(p, e);
    while (p->n_slots && !rc) {
        rc = optimiser_look(p, e);
        bool between_steps = rc == E_CANCELLED;
        if (!rc) {
            rc = optimiser_move(p, e);
            between_steps = !rc;
            progress_step(&bar, steps_done(p), NULL);
            rc = rc ? rc : cancel_check(e);
        }
        if (between_steps && draft_is_due(p->set->draft, rc))
            rc = keep_draft(p, rc, e);
    }
    progress_end(&bar);
    return rc ? rc : backend_sync(p->be, e);
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
