/* The end: every token that the gradient likes, at every position, until none of them improves what
 * was found. Then the best is a certified optimum among single swaps of that many tokens.
 *
 * A sweep tries few tokens a position first, and all of them once few bring nothing (only in the
 * lane that is ahead: that is what is certified). When several
 * positions can be improved, the next step tries their swaps together, best first: most are
 * independent, and a sweep for each would cost far more. */
#include "base/memory.h"
#include "invert/search_state.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NARROW = 16 /* tokens a position that a sweep tries first */ };

static int widest(const search_state *s)
{
    return s->o->sweep_tokens < s->K ? s->o->sweep_tokens : s->K;
}

static void begin_sweep(search_state *s, sweep *w, int tokens)
{
    w->tokens = tokens < widest(s) ? tokens : widest(s);
    w->n_swaps = 0;
}

void sweep_enter(search_state *s)
{
    s->n_members = 0;
    s->phase = PHASE_SWEEP;
    s->iteration = 0;
    for (int lane = 0; lane < LANES; lane++) {
        const candidate *best = &s->lane_best[lane];
        s->sweeps[lane].settled = best->position < 0;
        if (s->sweeps[lane].settled)
            continue;
        begin_sweep(s, &s->sweeps[lane], NARROW);
        member *m = &s->members[s->n_members++];
        candidate_copy(&m->at, best, s->o->length);
        m->fresh = true;
    }
}

/* The first k swaps together, for every k. */
static void propose_together(search_state *s, const sweep *w, int i)
{
    for (int k = 2; k <= w->n_swaps; k++) {
        candidate *c = child_begin(s, i);
        if (!c)
            return;
        for (int j = 0; j < k; j++)
            c->tokens_L[w->swaps[j].position] = w->swaps[j].token;
        child_end(s, c);
    }
}

/* Tokens that were tried before are no better: the best would have been replaced by them. */
static void propose_singly(search_state *s, const sweep *w, int i)
{
    const member *m = &s->members[i];
    for (int p = 0; p <= m->at.position; p++)
        for (int k = 0; k < w->tokens; k++) {
            candidate *c = child_begin(s, i);
            if (!c)
                return;
            c->tokens_L[p] = ROW(m->top_LK, p, s->K)[k];
            child_end(s, c);
        }
}

void sweep_propose(search_state *s)
{
    s->n_children = 0;
    for (int i = 0; i < s->n_members; i++) {
        const sweep *w = &s->sweeps[lane_of(s->members[i].at.start)];
        if (w->n_swaps > 1)
            propose_together(s, w, i);
        else
            propose_singly(s, w, i);
    }
}

static int by_falling_value(const void *a, const void *b)
{
    const sweep_swap *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? 1 : -1;
    return (x->position > y->position) - (x->position < y->position);
}

/* The best swap of each position that improves on `before`, best first. */
static void note_swaps(search_state *s, sweep *w, int i, float before)
{
    w->n_swaps = 0;
    for (int k = 0; k < s->n_children; k++) {
        const candidate *c = &s->children[k];
        if (c->parent != s->first_parent + i || !(c->value > before))
            continue;
        int j = 0;
        while (j < w->n_swaps && w->swaps[j].position != c->first)
            j++;
        if (j == w->n_swaps)
            w->swaps[w->n_swaps++] = (sweep_swap){.position = c->first, .value = before};
        if (c->value > w->swaps[j].value) {
            w->swaps[j].value = c->value;
            w->swaps[j].token = c->tokens_L[c->first];
        }
    }
    qsort(w->swaps, (size_t)w->n_swaps, sizeof *w->swaps, by_falling_value);
}

/* The best child that can be written down becomes the lane's best. */
static bool improve(search_state *s, search_lane lane, int i)
{
    candidate *best = &s->lane_best[lane];
    float before = best->value;
    for (;;) {
        candidate *c = NULL;
        for (int k = 0; k < s->n_children; k++) {
            candidate *one = &s->children[k];
            if (one->parent == s->first_parent + i && one->value > best->value &&
                (!c || one->value > c->value))
                c = one;
        }
        if (!c)
            return best->value > before;
        state_offer(s, c);
        c->value = NAN;
    }
}

/* Only what was found best is to be certified. The other lane's best may only fall behind. */
static bool is_best(const search_state *s, search_lane lane)
{
    for (int other = 0; other < LANES; other++)
        if (s->lane_best[other].position >= 0 &&
            s->lane_best[other].value > s->lane_best[lane].value)
            return false;
    return true;
}

/* What comes after the sweep or the trial of member i: a trial of its swaps together, another sweep
 * as narrow, one of all tokens, or nothing. */
static void follow_up(search_state *s, int i)
{
    search_lane lane = lane_of(s->members[i].at.start);
    sweep *w = &s->sweeps[lane];
    bool together = w->n_swaps > 1;
    float before = s->members[i].at.value;
    if (!together)
        note_swaps(s, w, i, before);
    bool better = improve(s, lane, i);
    if (!together && w->n_swaps > 1)
        return; /* from the same member */
    if (better || together)
        begin_sweep(s, w, NARROW);
    else if (w->tokens < widest(s) && is_best(s, lane))
        begin_sweep(s, w, widest(s));
    else
        w->settled = true;
}

void sweep_accept(search_state *s)
{
    int kept = 0;
    s->job->n_sweeps++;
    for (int i = 0; i < s->n_members; i++)
        follow_up(s, i);
    for (int i = 0; i < s->n_members; i++) {
        search_lane lane = lane_of(s->members[i].at.start);
        if (s->sweeps[lane].settled)
            continue;
        member *m = &s->members[kept];
        if (kept < i)
            candidate_copy(&m->at, &s->members[i].at, s->o->length);
        if (s->sweeps[lane].n_swaps < 2)
            candidate_copy(&m->at, &s->lane_best[lane], s->o->length);
        m->fresh = true;
        kept++;
    }
    s->n_members = kept;
    for (int lane = 0; lane < LANES; lane++)
        if (is_best(s, (search_lane)lane) && s->lane_best[lane].position >= 0)
            s->job->certified = s->sweeps[lane].settled && s->sweeps[lane].tokens == widest(s);
}
