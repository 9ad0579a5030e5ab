/* What is kept of a feature's search: its best, its front, its restarts, and beside them what the
 * data's windows and single tokens reach. */
#include "base/memory.h"
#include "invert/search_state.h"
#include <math.h>
#include <string.h>

enum { FRONT_KEPT = 16 };

search_point result_point(const candidate *c, arena *a)
{
    search_point p = {.cross_entropy = (double)NAN};
    if (!c || c->position < 0)
        return p;
    p = (search_point){.length = c->position + 1,
                       .value = c->value,
                       .z = c->z,
                       .activation = c->activation,
                       .cross_entropy = c->cross_entropy,
                       .start = c->start,
                       .restart = c->restart};
    p.tokens = arena_push(a, (size_t)p.length, sizeof *p.tokens);
    memcpy(p.tokens, c->tokens_L, (size_t)p.length * sizeof *p.tokens);
    return p;
}

static search_point copy_point(const search_point *from, arena *a)
{
    if (!from)
        return (search_point){.cross_entropy = (double)NAN};
    search_point p = *from;
    p.tokens = arena_push(a, (size_t)p.length, sizeof *p.tokens);
    memcpy(p.tokens, from->tokens, (size_t)p.length * sizeof *p.tokens);
    return p;
}

/* What became of the n members that climbed. */
void result_keep_restarts(search_state *t, int n, arena *a)
{
    search_job *job = t->job;
    job->restarts = arena_push(a, (size_t)n, sizeof *job->restarts);
    job->n_restarts = n;
    for (int i = 0; i < n; i++) {
        const member *m = &t->members[i];
        job->restarts[i] =
            (search_restart){.start = m->best.position < 0 ? m->at.start : m->best.start,
                             .first_value = m->first_value,
                             .first_gradient = m->first_gradient,
                             .best = result_point(&m->best, a),
                             .n_restarted = m->n_restarted};
    }
}

static void keep_front(search_state *t, arena *a)
{
    search_job *job = t->job;
    job->hypervolume = front_hypervolume(&t->front, job->scale);
    job->fluent = copy_point(front_within(&t->front, job->fluent_limit), a);
    front_thin(&t->front, FRONT_KEPT, job->scale);
    job->n_front = t->front.n;
    job->front = arena_push(a, (size_t)job->n_front, sizeof *job->front);
    for (int i = 0; i < job->n_front; i++)
        job->front[i] = copy_point(&t->front.points[i], a);
}

err_code result_keep(search_state *t, scorer *sc, arena *a, err *e)
{
    search_job *job = t->job;
    candidate *list[LANES] = {NULL};
    int n = 0;
    for (int lane = 0; lane < LANES; lane++)
        if (t->lane_best[lane].position >= 0)
            list[n++] = &t->lane_best[lane];
    err_code rc = scorer_cross_entropy(sc, list, n, NULL, 0, NULL, NULL, e);
    for (int i = 0; i < n && !rc; i++)
        front_add(&t->front, list[i], job->scale);
    if (rc)
        return rc;
    job->cold = result_point(&t->lane_best[LANE_COLD], a);
    job->warm = result_point(&t->lane_best[LANE_WARM], a);
    keep_front(t, a);
    job->flops = scorer_flops(sc, t->which);
    job->n_forwards = scorer_rows(sc, t->which) / (t->o->length + (t->set->bos >= 0));
    return OK;
}
