/* Counts are checked against what is left before anything is allocated by them. */
#include "invert/search_packed.h"
#include "base/memory.h"
#include <string.h>

void singles_put_best(str *to, const singles *s)
{
    size_t F = (size_t)s->F, NS = (size_t)s->n_targets * (size_t)s->S;
    packed_put(to, s->best_F, F, sizeof *s->best_F);
    packed_put(to, s->pre_activation_F, F, sizeof *s->pre_activation_F);
    packed_put(to, s->ids_NS, NS, sizeof *s->ids_NS);
    packed_put(to, s->pre_activation_NS, NS, sizeof *s->pre_activation_NS);
}

void singles_get_best(packed_reader *from, singles *s)
{
    size_t F = (size_t)s->F, NS = (size_t)s->n_targets * (size_t)s->S;
    packed_get(from, s->best_F, F, sizeof *s->best_F);
    packed_get(from, s->pre_activation_F, F, sizeof *s->pre_activation_F);
    packed_get(from, s->ids_NS, NS, sizeof *s->ids_NS);
    packed_get(from, s->pre_activation_NS, NS, sizeof *s->pre_activation_NS);
}

void singles_pack(str *payload, const singles *s)
{
    const int sizes[] = {s->n_tokens, s->F, s->n_targets, s->S};
    packed_put(payload, sizes, COUNT_OF(sizes), sizeof *sizes);
    singles_put_best(payload, s);
}

bool singles_unpack(singles *out, const str *payload)
{
    packed_reader r = packed_read(payload);
    int sizes[4];
    packed_get(&r, sizes, COUNT_OF(sizes), sizeof *sizes);
    *out = (singles){.n_tokens = sizes[0], .F = sizes[1], .n_targets = sizes[2], .S = sizes[3]};
    size_t F = (size_t)out->F, NS = (size_t)out->n_targets * (size_t)out->S;
    size_t cells = r.left / (sizeof(int32_t) + sizeof(float)); /* F + NS, which may not fit */
    if (r.short_read || out->F < 0 || out->n_targets < 0 || out->S < 0 || F > cells ||
        NS != cells - F || r.left % (sizeof(int32_t) + sizeof(float))) {
        *out = (singles){0};
        return false;
    }
    out->best_F = mem_small(F, sizeof *out->best_F);
    out->pre_activation_F = mem_small(F, sizeof *out->pre_activation_F);
    out->ids_NS = mem_small(NS, sizeof *out->ids_NS);
    out->pre_activation_NS = mem_small(NS, sizeof *out->pre_activation_NS);
    singles_get_best(&r, out);
    return true;
}

/* ---- searches -----------------------------------------------------------------------------------
 */

void search_point_put(str *payload, const search_point *p)
{
    search_point plain = *p;
    plain.tokens = NULL;
    plain.length = p->tokens ? p->length : 0;
    packed_put(payload, &plain, 1, sizeof plain);
    packed_put(payload, p->tokens, (size_t)plain.length, sizeof *p->tokens);
}

void search_point_get(packed_reader *r, search_point *p, arena *a)
{
    packed_get(r, p, 1, sizeof *p);
    p->tokens = NULL;
    if (p->length < 0 || (size_t)p->length > r->left / sizeof *p->tokens)
        r->short_read = true;
    if (r->short_read || p->length == 0)
        return;
    p->tokens = arena_push(a, (size_t)p->length, sizeof *p->tokens);
    packed_get(r, p->tokens, (size_t)p->length, sizeof *p->tokens);
}

/* The single points of a job, in the order they are kept. */
enum { SINGLE_POINTS = 5 };
static void list_points(search_point *out[SINGLE_POINTS], search_job *job)
{
    search_point *list[] = {&job->cold, &job->warm, &job->fluent, &job->window, &job->single};
    memcpy(out, list, sizeof list);
}

void search_job_put(str *payload, const search_job *of)
{
    search_job job = *of;
    search_point *points[SINGLE_POINTS];
    list_points(points, &job);
    for (int i = 0; i < SINGLE_POINTS; i++)
        search_point_put(payload, points[i]);
    const int counts[] = {job.n_front, job.n_restarts, job.n_curve, job.n_sweeps, job.certified};
    packed_put(payload, counts, COUNT_OF(counts), sizeof *counts);
    packed_put(payload, &job.hypervolume, 1, sizeof job.hypervolume);
    packed_put(payload, &job.relaxed, 1, sizeof job.relaxed);
    packed_put(payload, &job.n_forwards, 1, sizeof job.n_forwards);
    packed_put(payload, &job.flops, 1, sizeof job.flops);
    packed_put(payload, job.curve, (size_t)job.n_curve, sizeof *job.curve);
    for (int i = 0; i < job.n_front; i++)
        search_point_put(payload, &job.front[i]);
    for (int i = 0; i < job.n_restarts; i++) {
        packed_put(payload, &job.restarts[i], 1, sizeof *job.restarts);
        search_point_put(payload, &job.restarts[i].best);
    }
}

void searches_pack(str *payload, const search_job *jobs, int n)
{
    for (int i = 0; i < n; i++)
        search_job_put(payload, &jobs[i]);
}

static bool few(const packed_reader *r, int n, size_t size)
{
    return n >= 0 && (size_t)n <= r->left / size;
}

bool search_job_get(packed_reader *r, search_job *job, arena *a)
{
    search_point *points[SINGLE_POINTS];
    int counts[5];
    list_points(points, job);
    for (int i = 0; i < SINGLE_POINTS; i++)
        search_point_get(r, points[i], a);
    packed_get(r, counts, COUNT_OF(counts), sizeof *counts);
    packed_get(r, &job->hypervolume, 1, sizeof job->hypervolume);
    packed_get(r, &job->relaxed, 1, sizeof job->relaxed);
    packed_get(r, &job->n_forwards, 1, sizeof job->n_forwards);
    packed_get(r, &job->flops, 1, sizeof job->flops);
    if (r->short_read || !few(r, counts[0], sizeof *job->front) ||
        !few(r, counts[1], sizeof *job->restarts) || !few(r, counts[2], sizeof *job->curve))
        return false;
    job->n_front = counts[0];
    job->n_restarts = counts[1];
    job->n_curve = counts[2];
    job->n_sweeps = counts[3];
    job->certified = counts[4];
    job->curve = arena_push(a, (size_t)job->n_curve, sizeof *job->curve);
    job->front = arena_push(a, (size_t)job->n_front, sizeof *job->front);
    job->restarts = arena_push(a, (size_t)job->n_restarts, sizeof *job->restarts);
    packed_get(r, job->curve, (size_t)job->n_curve, sizeof *job->curve);
    for (int i = 0; i < job->n_front; i++)
        search_point_get(r, &job->front[i], a);
    for (int i = 0; i < job->n_restarts; i++) {
        packed_get(r, &job->restarts[i], 1, sizeof *job->restarts);
        search_point_get(r, &job->restarts[i].best, a);
    }
    return !r->short_read;
}

bool searches_unpack(search_job *jobs, int n, const str *payload, arena *a)
{
    packed_reader r = packed_read(payload);
    for (int i = 0; i < n; i++) {
        search_job read = jobs[i];
        if (!search_job_get(&r, &read, a))
            return false;
        jobs[i] = read;
    }
    return r.left == 0;
}
