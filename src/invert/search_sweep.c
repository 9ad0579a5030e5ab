/* The end: walkers go to the best of their neighbours until none is better.
 *
 * A sweep tries the tokens that the gradient likes at every position. When several positions can be
 * improved, the next step tries their swaps together, best first: most are independent, and a sweep
 * for each would cost far more. Walkers begin at the best of each lane and at other restarts' ends;
 * then, a few times, at the lane's best with some tokens changed by chance, which leads out of what
 * single swaps cannot leave (iterated local search; Lourenco, Martin, Stutzle 2003). At last the
 * best of all is swept with all tokens that are asked for: it is then a certified optimum among
 * single swaps. */
#include "base/memory.h"
#include "invert/search_state.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int widest(const search_state *s)
{
    return s->o->sweep_tokens < s->K ? s->o->sweep_tokens : s->K;
}

static void begin_sweep(const search_state *s, member *m, int tokens)
{
    m->sweep.tokens = tokens < widest(s) ? tokens : widest(s);
    m->sweep.n_swaps = 0;
    m->sweep.settled = false;
    m->fresh = true;
}

/* ---- where walkers begin ------------------------------------------------------------------------
 */

static member *add_walker(search_state *s, const candidate *from, int tokens)
{
    member *m = &s->members[s->n_members++];
    candidate_copy(&m->at, from, s->o->length);
    candidate_copy(&m->best, from, s->o->length);
    begin_sweep(s, m, tokens);
    return m;
}

static bool is_taken(const search_state *s, const candidate *list, int n, const candidate *c)
{
    size_t bytes = (size_t)s->o->length * sizeof *c->tokens_L;
    for (int i = 0; i < n; i++)
        if (!memcmp(list[i].tokens_L, c->tokens_L, bytes))
            return true;
    return false;
}

/* The lane's best and the best ends of other restarts, no two the same; they are copied, for their
 * members become walkers. */
static int list_ends(candidate *out, search_state *s, search_lane lane)
{
    int most = s->o->sweep_walkers, n = 0;
    if (s->lane_best[lane].position < 0)
        return 0;
    candidate_copy(&out[n++], &s->lane_best[lane], s->o->length);
    while (n < most) {
        const candidate *best = NULL;
        for (int i = 0; i < s->most_members; i++) {
            const candidate *c = &s->members[i].best;
            if (c->position >= 0 && lane_of(c->start) == lane && !is_taken(s, out, n, c) &&
                (!best || c->value > best->value))
                best = c;
        }
        if (!best)
            break;
        candidate_copy(&out[n++], best, s->o->length);
    }
    return n;
}

void sweep_enter(search_state *s)
{
    int most = LANES * s->o->sweep_walkers, n = 0, L = s->o->length;
    s->phase = PHASE_SWEEP;
    s->iteration = 0;
    s->kicks_left = s->o->sweep_kicks;
    s->certifying = false;
    candidate *ends = mem_small((size_t)most, sizeof *ends);
    int32_t *tokens = mem_small((size_t)most * (size_t)L, sizeof *tokens);
    for (int i = 0; i < most; i++)
        ends[i].tokens_L = ROW(tokens, i, L);
    for (int lane = 0; lane < LANES; lane++)
        n += list_ends(ends + n, s, (search_lane)lane);
    s->n_members = 0;
    for (int i = 0; i < n; i++)
        add_walker(s, &ends[i], SWEEP_NARROW);
    mem_free(tokens);
    mem_free(ends);
}

/* Two tokens changed by chance, or one taken out and another put in elsewhere. */
static void kick(search_state *s, member *m, int number)
{
    const token_table *t = s->set->table;
    rng phase = rng_split(&s->random, (uint64_t)PHASE_SWEEP);
    rng round = rng_split(&phase, (uint64_t)s->kicks_left), r = rng_split(&round, (uint64_t)number);
    int32_t *tokens = m->at.tokens_L;
    uint32_t live = (uint32_t)m->at.position + 1;
    int32_t token = t->ids[rng_below(&r, (uint32_t)t->n)];
    if (rng_below(&r, 2)) {
        candidate_shift(&m->at, (int)rng_below(&r, live), (int)rng_below(&r, live), token);
    } else {
        tokens[rng_below(&r, live)] = token;
        tokens[rng_below(&r, live)] = t->ids[rng_below(&r, (uint32_t)t->n)];
    }
    m->best.value = -INFINITY; /* not measured yet */
}

static void begin_kicked(search_state *s)
{
    s->kicks_left--;
    for (int lane = 0; lane < LANES; lane++)
        for (int k = 0; k < s->o->sweep_walkers && s->lane_best[lane].position >= 0; k++)
            kick(s, add_walker(s, &s->lane_best[lane], SWEEP_NARROW),
                 lane * s->o->sweep_walkers + k);
}

static const candidate *best_of_all(const search_state *s)
{
    const candidate *cold = &s->lane_best[LANE_COLD], *warm = &s->lane_best[LANE_WARM];
    if (cold->position < 0 && warm->position < 0)
        return NULL;
    if (cold->position < 0 || warm->position < 0)
        return cold->position < 0 ? warm : cold;
    return warm->value > cold->value ? warm : cold;
}

/* When no walker is left: kicked ones, then the one that certifies, then none. */
static void begin_next(search_state *s)
{
    const candidate *best = best_of_all(s);
    if (s->n_members > 0 || !best)
        return;
    if (s->kicks_left > 0) {
        begin_kicked(s);
    } else if (!s->certifying) {
        s->certifying = true;
        add_walker(s, best, widest(s));
    } else {
        s->job->certified = true;
    }
}

/* ---- a step -------------------------------------------------------------------------------------
 */

/* The first k swaps together, for every k. */
static void propose_together(search_state *s, int i)
{
    const sweep *w = &s->members[i].sweep;
    for (int k = 2; k <= w->n_swaps; k++) {
        candidate *c = child_begin(s, i);
        if (!c)
            return;
        for (int j = 0; j < k; j++)
            c->tokens_L[w->swaps[j].position] = w->swaps[j].token;
        child_end(s, c, false);
    }
}

/* Also sequences that were tried before: what was no better than its parent then may be on the way
 * from here. */
static void propose_singly(search_state *s, int i)
{
    const member *m = &s->members[i];
    for (int p = 0; p <= m->at.position; p++)
        for (int k = 0; k < m->sweep.tokens; k++) {
            candidate *c = child_begin(s, i);
            if (!c)
                return;
            c->tokens_L[p] = ROW(m->top_LK, p, s->K)[k];
            child_end(s, c, false);
        }
}

/* Each token left out, and at each position the likeliest put in: what single swaps take many steps
 * for. Where the last token is the one that is read, the first makes room. */
static void propose_shifts(search_state *s, int i)
{
    const member *m = &s->members[i];
    int last = s->o->length - 1, room = m->at.position < last ? last : 0;
    for (int p = 0; p <= m->at.position && last > 0; p++)
        for (int put_in = 0; put_in < 2; put_in++) {
            candidate *c = child_begin(s, i);
            if (!c)
                return;
            int32_t token = put_in ? ROW(m->top_LK, p, s->K)[0] : m->at.tokens_L[p];
            candidate_shift(c, put_in ? room : p, put_in ? p : last, token);
            c->shifted = true;
            child_end(s, c, false);
        }
}

void sweep_propose(search_state *s)
{
    s->n_children = 0;
    for (int i = 0; i < s->n_members; i++)
        if (s->members[i].sweep.n_swaps > 1) {
            propose_together(s, i);
        } else {
            propose_singly(s, i);
            propose_shifts(s, i);
        }
}

static int by_falling_value(const void *a, const void *b)
{
    const sweep_swap *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? 1 : -1;
    return (x->position > y->position) - (x->position < y->position);
}

/* The best swap of each position that improves on the walker, best first. */
static void note_swaps(search_state *s, int i)
{
    sweep *w = &s->members[i].sweep;
    float before = s->members[i].at.value;
    w->n_swaps = 0;
    for (int k = 0; k < s->n_children; k++) {
        const candidate *c = &s->children[k];
        if (c->parent != s->first_parent + i || c->shifted || !(c->value > before))
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

/* The walker's best becomes its best child, if that can be written down; else the next. */
static void improve(search_state *s, int i)
{
    member *m = &s->members[i];
    for (;;) {
        candidate *c = NULL;
        for (int k = 0; k < s->n_children; k++) {
            candidate *one = &s->children[k];
            if (one->parent == s->first_parent + i && one->value > m->best.value &&
                (!c || one->value > c->value))
                c = one;
        }
        if (!c)
            return;
        if (candidate_respells(s, c)) {
            candidate_copy(&m->best, c, s->o->length);
            state_offer(s, c);
        }
        c->value = NAN;
    }
}

/* What comes after the sweep or the trial of walker i: a trial of its swaps together, another sweep
 * from where that led, one of all tokens when it certifies, or nothing. */
static void follow_up(search_state *s, int i)
{
    member *m = &s->members[i];
    bool together = m->sweep.n_swaps > 1;
    if (m->best.value < m->at.value) /* kicked, and only now measured */
        candidate_copy(&m->best, &m->at, s->o->length);
    if (!together)
        note_swaps(s, i);
    improve(s, i);
    if (!together && m->sweep.n_swaps > 1)
        return; /* from where it is */
    /* By tokens: the value of the same ones differs in its last digits as a child and as a parent.
     */
    bool moves = memcmp(m->at.tokens_L, m->best.tokens_L,
                        (size_t)s->o->length * sizeof *m->at.tokens_L) != 0;
    if (moves)
        candidate_copy(&m->at, &m->best, s->o->length);
    if (moves)
        begin_sweep(s, m, SWEEP_NARROW);
    else if (s->certifying && m->sweep.tokens < widest(s))
        begin_sweep(s, m, widest(s));
    else
        m->sweep.settled = true;
}

void sweep_accept(search_state *s)
{
    int kept = 0;
    s->job->n_sweeps++;
    for (int i = 0; i < s->n_members; i++)
        follow_up(s, i);
    for (int i = 0; i < s->n_members; i++) {
        if (s->members[i].sweep.settled)
            continue;
        if (kept < i) { /* all arrays stay with a member */
            member moved = s->members[kept];
            s->members[kept] = s->members[i];
            s->members[i] = moved;
        }
        kept++;
    }
    s->n_members = kept;
    begin_next(s);
}
