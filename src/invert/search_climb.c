/* Climbing: each member follows its best child, whatever it reads like. */
#include "invert/search_state.h"
#include <math.h>

/* The best child of member i that was not set aside (NaN); NULL when there is none. */
static candidate *best_child(search_state *s, int i)
{
    candidate *best = NULL;
    for (int k = 0; k < s->n_children; k++) {
        candidate *c = &s->children[k];
        if (c->parent == s->first_parent + i && !isnan(c->value) &&
            (!best || c->value > best->value))
            best = c;
    }
    return best;
}

static void become(search_state *s, member *m, const candidate *c)
{
    candidate_copy(&m->at, c, s->o->length);
    m->fresh = true;
}

/* Three random changes to the lane's best: enough to leave its neighbourhood. */
static void start_anew(search_state *s, member *m, int i)
{
    enum { CHANGES = 3 };
    const candidate *best = &s->lane_best[lane_of(m->at.start)];
    const token_table *t = s->set->table;
    rng phase = rng_split(&s->random, PHASE_DONE + (uint64_t)s->iteration);
    rng r = rng_split(&phase, (uint64_t)i);
    start_kind start = m->at.start;
    int restart = m->at.restart;
    if (best->position >= 0)
        candidate_copy(&m->at, best, s->o->length);
    m->at.start = start;
    m->at.restart = restart;
    for (int k = 0; k < CHANGES; k++)
        m->at.tokens_L[rng_below(&r, (uint32_t)s->o->length)] =
            t->ids[rng_below(&r, (uint32_t)t->n)];
    m->fresh = true;
    m->stalled = 0;
    m->n_restarted++;
}

/* How far below itself a member's next step may lie: falls to nothing over the climb. */
static double allowed_loss(const search_state *s, const member *m)
{
    const search_options *o = s->o;
    double left = 1 - (double)(s->iteration + 1) / o->iterations;
    rng phase = rng_split(&s->random, (uint64_t)PHASE_CLIMB);
    rng r = rng_split(&phase, ((uint64_t)s->iteration << 16) + (uint64_t)(m - s->members));
    return o->temperature * s->job->scale * left * rng_uniform(&r);
}

void climb_accept(search_state *s)
{
    const search_options *o = s->o;
    for (int i = 0; i < s->n_members; i++) {
        member *m = &s->members[i];
        candidate *c;
        bool written = false; /* can c be? */
        double floor = o->acceptance == KEEP_ALWAYS ? (double)-INFINITY
                                                    : (double)m->at.value - allowed_loss(s, m);
        while ((c = best_child(s, i)) && !(written = candidate_respells(s, c)) &&
               (double)c->value > floor)
            c->value = NAN; /* the next best */
        m->stalled++;
        if (c && written)
            state_offer(s, c);
        if (c && written && c->value > m->best.value) {
            candidate_copy(&m->best, c, o->length);
            m->stalled = 0;
        }
        if (c && (double)c->value > floor)
            become(s, m, c);
        if (o->patience > 0 && m->stalled >= o->patience)
            start_anew(s, m, i);
    }
}
