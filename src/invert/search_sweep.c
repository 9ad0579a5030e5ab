/* The end: every token that the gradient likes, at every position, until none of them improves what
 * was found. Then the best is a certified optimum among single swaps of that many tokens. */
#include "base/memory.h"
#include "invert/search_state.h"
#include <math.h>

void sweep_enter(search_state *s)
{
    s->n_members = 0;
    s->phase = PHASE_SWEEP;
    s->iteration = 0;
    for (int lane = 0; lane < LANES; lane++) {
        const candidate *best = &s->lane_best[lane];
        s->settled[lane] = best->position < 0;
        if (s->settled[lane])
            continue;
        member *m = &s->members[s->n_members++];
        candidate_copy(&m->at, best, s->o->length);
        m->fresh = true;
    }
}

/* Tokens that were tried before are no better: the best would have been replaced by them. */
void sweep_propose(search_state *s)
{
    int most = s->o->sweep_tokens < s->K ? s->o->sweep_tokens : s->K;
    s->n_children = 0;
    for (int i = 0; i < s->n_members; i++) {
        const member *m = &s->members[i];
        for (int p = 0; p <= m->at.position; p++)
            for (int k = 0; k < most; k++) {
                candidate *c = child_begin(s, i);
                if (!c)
                    return;
                c->tokens_L[p] = ROW(m->top_LK, p, s->K)[k];
                child_end(s, c);
            }
    }
}

/* The best valid child replaces its parent, or the lane has settled. */
static void settle(search_state *s, search_lane lane)
{
    candidate *best = &s->lane_best[lane];
    float before = best->value;
    for (;;) {
        candidate *c = NULL;
        for (int k = 0; k < s->n_children; k++) {
            candidate *one = &s->children[k];
            if (lane_of(one->start) == lane && one->value > best->value &&
                (!c || one->value > c->value))
                c = one;
        }
        if (!c)
            break;
        state_offer(s, c);
        c->value = NAN;
    }
    s->settled[lane] = !(best->value > before);
}

bool sweep_accept(search_state *s)
{
    int kept = 0;
    s->job->n_sweeps++;
    for (int lane = 0; lane < LANES; lane++)
        if (!s->settled[lane])
            settle(s, (search_lane)lane);
    for (int lane = 0; lane < LANES; lane++) {
        if (s->settled[lane])
            continue;
        member *m = &s->members[kept++];
        candidate_copy(&m->at, &s->lane_best[lane], s->o->length);
        m->fresh = true;
    }
    s->n_members = kept;
    return kept == 0;
}
