/* The front: members weigh cross-entropy differently, each keeps the best of all under its own
 * weight, and every pair that was measured may enter the front (after EPO). */
#include "base/memory.h"
#include "invert/search_state.h"
#include <math.h>
#include <string.h>

enum { WANTED_A_MEMBER = 2 /* children whose cross-entropy is measured */ };

static double unit_of(const search_state *s)
{
    return s->o->weight_raw ? 1 : s->job->scale;
}

/* Log-spaced, the first 0 where asked for. */
static double weight_of(const search_state *s, int i)
{
    const search_options *o = s->o;
    int first = o->weight_zero, n = o->front_members - first;
    if (i < first)
        return 0;
    double along = n > 1 ? (double)(i - first) / (n - 1) : 0;
    return o->weight_first * pow(o->weight_last / o->weight_first, along) * unit_of(s);
}

static double score(const candidate *c, double weight)
{
    if (isnan(c->value))
        return (double)-INFINITY;
    return (double)c->value - (weight > 0 ? weight * c->cross_entropy : 0);
}

static void offer_to_front(search_state *s, const candidate *c)
{
    if (front_wants(&s->front, c->value, c->cross_entropy) && candidate_respells(s, c))
        front_add(&s->front, c, s->job->scale);
}

static void take_point(member *m, const search_point *p)
{
    memcpy(m->at.tokens_L, p->tokens, (size_t)p->length * sizeof *p->tokens);
    m->at.start = p->start;
    m->at.restart = p->restart;
    m->fresh = true;
}

/* Members that climbed and the lanes' best, measured, are where the front begins. */
err_code front_enter(search_state *s, scorer *sc, err *e)
{
    candidate **list = mem_small((size_t)s->n_members * 2 + LANES, sizeof *list);
    int n = 0;
    for (int i = 0; i < s->n_members; i++) {
        list[n++] = &s->members[i].at;
        if (s->members[i].best.position >= 0)
            list[n++] = &s->members[i].best;
    }
    for (int lane = 0; lane < LANES; lane++)
        if (s->lane_best[lane].position >= 0)
            list[n++] = &s->lane_best[lane];
    err_code rc = scorer_cross_entropy(sc, list, n, NULL, 0, NULL, NULL, e);
    for (int i = 0; i < n && !rc; i++)
        offer_to_front(s, list[i]);
    mem_free(list);
    s->phase = PHASE_FRONT;
    s->iteration = 0;
    bool climbed = s->o->iterations > 0;
    for (int i = 0; i < s->o->front_members && !rc; i++) {
        member *m = &s->members[i];
        m->weight = weight_of(s, i);
        const search_point *best = front_best(&s->front, m->weight / s->job->scale, s->job->scale);
        if (climbed && best)
            take_point(m, best);
        else if (i >= s->n_members)
            candidate_copy(&m->at, &s->members[i % s->n_members].at, s->o->length);
        m->fresh = true;
    }
    s->n_members = s->o->front_members;
    return rc;
}

int front_wanted(search_state *s, candidate **list)
{
    int n = 0;
    if (s->o->cross_entropy_of_all) {
        for (int k = 0; k < s->n_children; k++)
            list[n++] = &s->children[k];
        return n;
    }
    for (int i = 0; i < s->n_members; i++) {
        const member *m = &s->members[i];
        candidate *best[WANTED_A_MEMBER] = {NULL};
        double most[WANTED_A_MEMBER];
        for (int k = 0; k < s->n_children; k++) {
            candidate *c = &s->children[k];
            double hope = (double)c->value - m->weight * c->guess;
            if (c->parent != s->first_parent + i || isnan(hope))
                continue;
            for (int w = 0; w < WANTED_A_MEMBER; w++) {
                if (best[w] && hope <= most[w])
                    continue;
                for (int v = WANTED_A_MEMBER - 1; v > w; v--) {
                    best[v] = best[v - 1];
                    most[v] = most[v - 1];
                }
                best[w] = c;
                most[w] = hope;
                break;
            }
        }
        for (int w = 0; w < WANTED_A_MEMBER; w++)
            if (best[w])
                list[n++] = best[w];
    }
    return n;
}

/* Every member becomes the one that is best under a weight drawn anew. */
static void restart(search_state *s)
{
    const search_options *o = s->o;
    rng r = rng_split(&s->random, (uint64_t)PHASE_DONE << 32 | (uint64_t)s->iteration);
    double weight =
        unit_of(s) * (o->restart_first + (o->restart_last - o->restart_first) * rng_uniform(&r));
    int best = 0;
    for (int i = 1; i < s->n_members; i++)
        if (score(&s->members[i].at, weight) > score(&s->members[best].at, weight))
            best = i;
    for (int i = 0; i < s->n_members; i++) {
        if (i == best)
            continue;
        candidate_copy(&s->members[i].at, &s->members[best].at, o->length);
        s->members[i].fresh = true;
    }
}

/* The best of members and measured children for each weight; the same one may serve several. */
void front_accept(search_state *s)
{
    const search_options *o = s->o;
    int n = s->n_members;
    const candidate **chosen = mem_small((size_t)n, sizeof *chosen);
    for (int k = 0; k < s->n_children; k++) {
        if (isnan(s->children[k].cross_entropy))
            continue;
        offer_to_front(s, &s->children[k]);
        state_offer(s, &s->children[k]);
    }
    for (int i = 0; i < n; i++) {
        double weight = s->members[i].weight;
        chosen[i] = &s->members[i].at;
        for (int j = 0; j < n; j++)
            if (score(&s->members[j].at, weight) > score(chosen[i], weight))
                chosen[i] = &s->members[j].at;
        for (int k = 0; k < s->n_children; k++)
            if (!isnan(s->children[k].cross_entropy) &&
                score(&s->children[k], weight) > score(chosen[i], weight))
                chosen[i] = &s->children[k];
    }
    candidate *copy = mem_small((size_t)n, sizeof *copy);
    int32_t *tokens = mem_small((size_t)n * (size_t)o->length, sizeof *tokens);
    for (int i = 0; i < n; i++) {
        copy[i].tokens_L = ROW(tokens, i, o->length);
        candidate_copy(&copy[i], chosen[i], o->length);
    }
    for (int i = 0; i < n; i++) {
        if (chosen[i] == &s->members[i].at)
            continue;
        candidate_copy(&s->members[i].at, &copy[i], o->length);
        s->members[i].fresh = true;
    }
    mem_free(tokens);
    mem_free(copy);
    mem_free(chosen);
    if (o->restart_every > 0 && (s->iteration + 1) % o->restart_every == 0)
        restart(s);
}
