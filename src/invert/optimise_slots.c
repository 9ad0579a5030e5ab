/* Which job runs where: jobs begin, and those that are left close ranks. */
#include "base/memory.h"
#include "compute/descent.h"
#include "invert/optimiser.h"
#include <math.h>
#include <string.h>

int optimiser_arrays(float *arrays[OPTIMISER_MOST_ARRAYS], const optimiser *p)
{
    float *all[OPTIMISER_MOST_ARRAYS] = {p->x_ND,       p->best_ND, p->first_ND, p->second_ND,
                                         p->nearest_ND, p->y_ND,    p->target_ND};
    memcpy(arrays, all, sizeof all);
    return optimiser_is(p, FREE_WHITENED) ? 7 : 5;
}

/* A slot's rows, in bytes. */
static size_t slot_bytes(const optimiser *p)
{
    return (size_t)p->T * (size_t)p->D * sizeof(float);
}

/* Where the job begins: its free positions within bounds, of y first where there is one. */
static void place_start(optimiser *p, int b)
{
    const optimise_job *job = p->slots[b].job;
    int D = p->D;
    size_t bytes = (size_t)job->length * (size_t)D * sizeof(float);
    size_t to = optimiser_row(p, b, 0) * (size_t)D;
    memcpy(p->host_rows_ND, job->x_LD, bytes);
    if (optimiser_is(p, FREE_WHITENED)) {
        const whitening *w = p->set->whitening;
        p->be->upload(p->be, p->x_ND + to, p->host_rows_ND, bytes);
        for (int i = job->frozen; i < job->length; i++) {
            float *y_D = ROW(p->host_rows_ND, i, D);
            whitening_inverse(y_D, w, y_D);
            keep_inside(y_D, D, w->radius);
        }
        p->be->upload(p->be, p->y_ND + to, p->host_rows_ND, bytes);
    } else {
        for (int i = job->frozen; i < job->length; i++)
            keep_inside(ROW(p->host_rows_ND, i, D), D, optimiser_norm_limit(p));
        p->be->upload(p->be, p->x_ND + to, p->host_rows_ND, bytes);
    }
}

static void start_job(optimiser *p, int b)
{
    slot *s = &p->slots[b];
    optimise_job *job = &p->jobs[p->next_job++];
    s->job = job;
    s->step = s->reference_step = 0;
    s->best = s->reference = (double)-INFINITY;
    place_start(p, b);
    job->curve = arena_push(p->memory, (size_t)optimise_curve_room(p->o), sizeof *job->curve);
    job->n_curve = 0;
}

static void clear_rows(optimiser *p, int b)
{
    float *arrays[OPTIMISER_MOST_ARRAYS];
    for (int i = optimiser_arrays(arrays, p) - 1; i >= 0; i--)
        p->be->zero(p->be, ROW(arrays[i], b * p->T, p->D), slot_bytes(p));
}

/* The last slot, which goes on, takes this place, and this one the last. */
static void close_ranks(optimiser *p, int b)
{
    int last = --p->n_slots;
    slot finished = p->slots[b];
    p->slots[b] = p->slots[last];
    p->slots[last] = finished;
    float *arrays[OPTIMISER_MOST_ARRAYS];
    for (int i = optimiser_arrays(arrays, p) - 1; i >= 0; i--)
        p->be->copy(p->be, ROW(arrays[i], b * p->T, p->D), ROW(arrays[i], last * p->T, p->D),
                    slot_bytes(p));
}

void optimiser_fill(optimiser *p)
{
    while (p->n_slots < p->capacity)
        start_job(p, p->n_slots++);
}

void optimiser_refill(optimiser *p)
{
    for (int b = 0; b < p->n_slots;) {
        if (!optimiser_has_ended(&p->slots[b])) {
            b++;
        } else if (p->next_job < p->n_jobs) {
            clear_rows(p, b);
            start_job(p, b++);
        } else if (optimiser_has_ended(&p->slots[p->n_slots - 1])) {
            p->n_slots--;
        } else {
            close_ranks(p, b);
        }
    }
}
