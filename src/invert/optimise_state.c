/* An optimiser between two steps as bytes. Jobs are put in their order: those that wait are as the
 * caller made them; slots in theirs, since the products' rows stand in that order. */
#include "base/memory.h"
#include "base/packed.h"
#include "invert/optimiser.h"

static bool has_begun(const optimiser *p, int job)
{
    return job < p->next_job;
}

/* ---- putting ----------------------------------------------------------------------------------
 */

void optimise_job_put(str *to, const optimise_job *job, int D)
{
    packed_put(to, job->x_LD, (size_t)job->length * (size_t)D, sizeof *job->x_LD);
    packed_put(to, &job->objective, 1, sizeof job->objective);
    packed_put(to, &job->activation, 1, sizeof job->activation);
    packed_put(to, &job->last_step, 1, sizeof job->last_step);
    packed_put(to, &job->converged, 1, sizeof job->converged);
    packed_put(to, &job->n_curve, 1, sizeof job->n_curve);
    packed_put(to, job->curve, (size_t)job->n_curve, sizeof *job->curve);
}

/* A slot's rows of every array that stays, by way of a buffer in ordinary memory. */
typedef struct rows_buffer {
    float *host_TD;
    size_t numbers;
} rows_buffer;

static rows_buffer buffer_new(const optimiser *p)
{
    rows_buffer r = {.numbers = (size_t)p->T * (size_t)p->D};
    r.host_TD = mem_small(r.numbers, sizeof *r.host_TD);
    return r;
}

static void put_slot(str *to, const optimiser *p, int b, const rows_buffer *buffer)
{
    const slot *s = &p->slots[b];
    int job = (int)(s->job - p->jobs);
    packed_put(to, &job, 1, sizeof job);
    packed_put(to, &s->step, 1, sizeof s->step);
    packed_put(to, &s->best, 1, sizeof s->best);
    packed_put(to, &s->reference, 1, sizeof s->reference);
    packed_put(to, &s->reference_step, 1, sizeof s->reference_step);
    packed_put(to, s->nearest_L, (size_t)p->longest, sizeof *s->nearest_L);
    float *arrays[OPTIMISER_MOST_ARRAYS];
    int n = optimiser_arrays(arrays, p);
    for (int i = 0; i < n; i++) {
        p->be->download(p->be, buffer->host_TD, ROW(arrays[i], b, buffer->numbers),
                        buffer->numbers * sizeof(float));
        packed_put(to, buffer->host_TD, buffer->numbers, sizeof(float));
    }
}

err_code optimiser_put(str *to, const optimiser *p, err *e)
{
    packed_put(to, &p->next_job, 1, sizeof p->next_job);
    packed_put(to, &p->n_slots, 1, sizeof p->n_slots);
    for (int i = 0; i < p->n_jobs && has_begun(p, i); i++)
        optimise_job_put(to, &p->jobs[i], p->D);
    rows_buffer buffer = buffer_new(p);
    for (int b = 0; b < p->n_slots; b++)
        put_slot(to, p, b, &buffer);
    mem_free(buffer.host_TD);
    return backend_sync(p->be, e);
}

/* ---- getting ----------------------------------------------------------------------------------
 */

bool optimise_job_get(packed_reader *from, optimise_job *job, int D, const optimise_options *o,
                      arena *a)
{
    packed_get(from, job->x_LD, (size_t)job->length * (size_t)D, sizeof *job->x_LD);
    packed_get(from, &job->objective, 1, sizeof job->objective);
    packed_get(from, &job->activation, 1, sizeof job->activation);
    packed_get(from, &job->last_step, 1, sizeof job->last_step);
    packed_get(from, &job->converged, 1, sizeof job->converged);
    packed_get(from, &job->n_curve, 1, sizeof job->n_curve);
    if (job->n_curve < 0 || job->n_curve > optimise_curve_room(o))
        return false;
    job->curve = arena_push(a, (size_t)optimise_curve_room(o), sizeof *job->curve);
    packed_get(from, job->curve, (size_t)job->n_curve, sizeof *job->curve);
    return !from->short_read;
}

static bool get_slot(packed_reader *r, const optimiser *p, int b, const rows_buffer *buffer)
{
    int job;
    slot *s = &p->slots[b];
    packed_get(r, &job, 1, sizeof job);
    packed_get(r, &s->step, 1, sizeof s->step);
    packed_get(r, &s->best, 1, sizeof s->best);
    packed_get(r, &s->reference, 1, sizeof s->reference);
    packed_get(r, &s->reference_step, 1, sizeof s->reference_step);
    packed_get(r, s->nearest_L, (size_t)p->longest, sizeof *s->nearest_L);
    float *arrays[OPTIMISER_MOST_ARRAYS];
    int n = optimiser_arrays(arrays, p);
    for (int i = 0; i < n; i++) {
        packed_get(r, buffer->host_TD, buffer->numbers, sizeof(float));
        p->be->upload(p->be, ROW(arrays[i], b, buffer->numbers), buffer->host_TD,
                      buffer->numbers * sizeof(float));
    }
    if (job < 0 || !has_begun(p, job))
        return false;
    s->job = &p->jobs[job];
    return s->step >= 0 && s->step <= p->o->max_steps && s->job->last_step == 0 &&
           token_table_knows(p->set->table, s->nearest_L, p->longest);
}

err_code optimiser_get(optimiser *p, err *e)
{
    const draft *d = p->set->draft;
    packed_reader r = packed_read(&d->state);
    packed_get(&r, &p->next_job, 1, sizeof p->next_job);
    packed_get(&r, &p->n_slots, 1, sizeof p->n_slots);
    bool fits = p->next_job >= 0 && p->next_job <= p->n_jobs && p->n_slots >= 0 &&
                p->n_slots <= p->capacity;
    for (int i = 0; fits && i < p->n_jobs && has_begun(p, i); i++)
        fits = optimise_job_get(&r, &p->jobs[i], p->D, p->o, p->memory);
    rows_buffer buffer = buffer_new(p);
    for (int b = 0; fits && b < p->n_slots; b++)
        fits = get_slot(&r, p, b, &buffer);
    mem_free(buffer.host_TD);
    err_code rc = draft_accept(d, &r, fits, "these optimisations", e);
    p->n_slots = rc ? 0 : p->n_slots;
    return rc;
}
