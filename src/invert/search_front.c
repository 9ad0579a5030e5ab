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

/* Weights log-spaced, the first 0 where asked for; then those that pay beyond the limit alone. */
static toll toll_of(const search_state *s, int i)
{
    const search_options *o = s->o;
    int first = o->weight_zero, n = o->front_members - first - o->front_limited;
    if (i < first)
        return (toll){0};
    if (i >= first + n)
        return (toll){.weight = o->weight_last * unit_of(s), .from = s->job->fluent_limit};
    double along = n > 1 ? (double)(i - first) / (n - 1) : 0;
    return (toll){.weight =
                      o->weight_first * pow(o->weight_last / o->weight_first, along) * unit_of(s)};
}

static double score(toll t, float value, double cross_entropy)
{
    if (isnan(value) || (t.weight > 0 && isnan(cross_entropy)))
        return (double)-INFINITY;
    return (double)value - (t.weight > 0 ? t.weight * fmax(0, cross_entropy - t.from) : 0);
}

static double score_of(toll t, const candidate *c)
{
    return score(t, c->value, c->cross_entropy);
}

static const search_point *best_point(const front *f, toll t)
{
    const search_point *best = NULL;
    double most = (double)-INFINITY;
    for (int i = 0; i < f->n; i++) {
        double one = score(t, f->points[i].value, f->points[i].cross_entropy);
        if (one > most) {
            most = one;
            best = &f->points[i];
        }
    }
    return best;
}

static void take_point(member *m, const search_point *p)
{
    memcpy(m->at.tokens_L, p->tokens, (size_t)p->length * sizeof *p->tokens);
    m->at.start = p->start;
    m->at.restart = p->restart;
    m->fresh = true;
}

/* Members that climbed and the lanes' best, measured, are where the front begins; without any, as
 * when all were to grow from windows and the data have none, there is no front. */
err_code front_enter(search_state *s, scorer *sc, err *e)
{
    s->phase = PHASE_FRONT;
    s->iteration = 0;
    if (s->n_members == 0)
        return OK;
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
        state_offer_to_front(s, list[i]);
    mem_free(list);
    bool climbed = s->o->iterations > 0;
    for (int i = 0; i < s->o->front_members && !rc; i++) {
        member *m = &s->members[i];
        m->toll = toll_of(s, i);
        const search_point *best = best_point(&s->front, m->toll);
        if (i >= s->n_members) /* a new one: what stands behind a point's end must be tokens too */
            candidate_copy(&m->at, &s->members[i % s->n_members].at, s->o->length);
        if (climbed && best)
            take_point(m, best);
        m->fresh = true;
    }
    s->n_members = s->o->front_members;
    return rc;
}

/* The WANTED_A_MEMBER children of member i that promise most, by what their change is likely to
 * cost.
 */
static int most_promising(candidate **out, search_state *s, int i)
{
    const member *m = &s->members[i];
    double hope[WANTED_A_MEMBER];
    int n = 0;
    for (int k = 0; k < s->n_children; k++) {
        candidate *c = &s->children[k];
        if (c->parent != s->first_parent + i)
            continue;
        double one = score(m->toll, c->value, m->at.cross_entropy + c->guess);
        int at = n < WANTED_A_MEMBER ? n++ : WANTED_A_MEMBER - 1;
        if (at == WANTED_A_MEMBER - 1 && n == WANTED_A_MEMBER && out[at] && one <= hope[at])
            continue;
        for (; at > 0 && one > hope[at - 1]; at--) {
            out[at] = out[at - 1];
            hope[at] = hope[at - 1];
        }
        out[at] = c;
        hope[at] = one;
    }
    return n;
}

int front_wanted(search_state *s, candidate **list)
{
    int n = 0;
    for (int k = 0; k < s->n_children && s->o->cross_entropy_of_all; k++)
        list[n++] = &s->children[k];
    for (int i = 0; i < s->n_members && !s->o->cross_entropy_of_all; i++) {
        candidate *best[WANTED_A_MEMBER] = {NULL};
        int found = most_promising(best, s, i);
        for (int w = 0; w < found; w++)
            list[n++] = best[w];
    }
    return n;
}

/* Every member becomes the one that is best under a weight drawn anew. */
static void restart(search_state *s)
{
    const search_options *o = s->o;
    rng r = rng_split(&s->random, (uint64_t)PHASE_DONE << 32 | (uint64_t)s->iteration);
    double along = rng_uniform(&r);
    toll t = {.weight =
                  unit_of(s) * (o->restart_first + (o->restart_last - o->restart_first) * along)};
    int best = 0;
    for (int i = 1; i < s->n_members; i++)
        if (score_of(t, &s->members[i].at) > score_of(t, &s->members[best].at))
            best = i;
    for (int i = 0; i < s->n_members; i++) {
        if (i == best)
            continue;
        candidate_copy(&s->members[i].at, &s->members[best].at, o->length);
        s->members[i].fresh = true;
    }
}

/* The best of members and measured children under member i's toll. */
static const candidate *choose(const search_state *s, int i)
{
    toll t = s->members[i].toll;
    const candidate *best = &s->members[i].at;
    for (int j = 0; j < s->n_members; j++)
        if (score_of(t, &s->members[j].at) > score_of(t, best))
            best = &s->members[j].at;
    for (int k = 0; k < s->n_children; k++)
        if (!isnan(s->children[k].cross_entropy) &&
            score_of(t, &s->children[k]) > score_of(t, best))
            best = &s->children[k];
    return best;
}

/* Each member takes its choice; the same one may serve several. All choose before any changes. */
void front_accept(search_state *s)
{
    int n = s->n_members, L = s->o->length;
    for (int k = 0; k < s->n_children; k++) {
        if (isnan(s->children[k].cross_entropy))
            continue;
        state_offer_to_front(s, &s->children[k]);
        state_offer(s, &s->children[k]);
    }
    candidate *chosen = mem_small((size_t)n, sizeof *chosen);
    int32_t *tokens = mem_small((size_t)n * (size_t)L, sizeof *tokens);
    for (int i = 0; i < n; i++) {
        chosen[i].tokens_L = ROW(tokens, i, L);
        candidate_copy(&chosen[i], choose(s, i), L);
    }
    for (int i = 0; i < n; i++) {
        member *m = &s->members[i];
        m->fresh = m->fresh || memcmp(m->at.tokens_L, chosen[i].tokens_L,
                                      (size_t)L * sizeof *chosen[i].tokens_L);
        candidate_copy(&m->at, &chosen[i], L);
    }
    mem_free(tokens);
    mem_free(chosen);
    if (s->o->restart_every > 0 && (s->iteration + 1) % s->o->restart_every == 0)
        restart(s);
}
