/* How children differ from their parents.
 *
 * Swaps go to tokens that the gradient ranks high (as greedy coordinate gradient and EPO do), or to
 * tokens that the model itself expects, drawn at a random temperature among those the gradient
 * likes (as done for SAE features by Kharlapenko, neverix, Nanda, Conmy 2024). Shifts take a token
 * out and put one in elsewhere: a word of two tokens can move as a whole, where single swaps are
 * stuck. */
#include "base/memory.h"
#include "invert/search_state.h"
#include <math.h>
#include <string.h>

enum { MOST_TRIES = 4 /* for a child that is new */ };

typedef struct mutation {
    search_state *s;
    const member *m;
    int index; /* of m */
    int top;   /* tokens of a list that may be drawn */
    int live;  /* positions that can matter: those up to the one that is read */
    rng random;
} mutation;

static int below(mutation *u, int n)
{
    return (int)rng_below(&u->random, (uint32_t)n);
}

static const int32_t *list_at(const mutation *u, int position)
{
    return ROW(u->m->top_LK, position, u->s->K);
}

static void swap_by_gradient(mutation *u, candidate *c)
{
    int i = below(u, u->live);
    c->tokens_L[i] = list_at(u, i)[below(u, u->top)];
}

static void swap_at_random(mutation *u, candidate *c)
{
    const token_table *t = u->s->set->table;
    int i = below(u, u->s->o->length);
    c->tokens_L[i] = t->ids[below(u, t->n)];
}

/* A draw from softmax(beta * log p) over the list, by the largest of log p beta + Gumbel noise. */
static void swap_likely(mutation *u, candidate *c)
{
    int i = below(u, u->live), best = 0, K = u->s->K;
    double beta = 2 * rng_uniform(&u->random), most = (double)-INFINITY;
    const float *log_p = ROW(u->m->log_p_LK, i, K);
    for (int k = 0; k < K; k++) {
        double gumbel = -log(-log(rng_uniform(&u->random) + 1e-300));
        double score = beta * (double)log_p[k] + gumbel;
        if (score > most) {
            most = score;
            best = k;
        }
    }
    c->tokens_L[i] = list_at(u, i)[best];
}

/* Half of the shifts take from behind the position that is read, where that exists, and so give it
 * one more token of context. */
static void shift(mutation *u, candidate *c)
{
    int L = u->s->o->length, in = below(u, u->live), out = below(u, u->live);
    if (u->live < L && below(u, 2))
        out = L - 1;
    if (out != in)
        candidate_shift(c, out, in, list_at(u, in)[below(u, u->top)]);
    else
        c->tokens_L[in] = list_at(u, in)[below(u, u->top)];
}

/* Both sides of a cut; the other member is one of the same lane. False when there is none. */
static bool cross(mutation *u, candidate *c)
{
    const search_state *s = u->s;
    int L = s->o->length, others = 0, pick;
    search_lane lane = lane_of(u->m->at.start);
    for (int i = 0; i < s->n_members; i++)
        others += i != u->index && lane_of(s->members[i].at.start) == lane;
    if (others == 0 || L < 2)
        return false;
    pick = below(u, others);
    int cut = 1 + below(u, L - 1);
    bool head = below(u, 2);
    for (int i = 0; i < s->n_members; i++) {
        const member *m = &s->members[i];
        if (i == u->index || lane_of(m->at.start) != lane || pick-- != 0)
            continue;
        int first = head ? 0 : cut, n = head ? cut : L - cut;
        memcpy(c->tokens_L + first, m->at.tokens_L + first, (size_t)n * sizeof *c->tokens_L);
    }
    return true;
}

static search_move choose_move(mutation *u)
{
    const search_options *o = u->s->o;
    const double *share = u->s->phase == PHASE_FRONT ? o->front_share : o->share;
    double left = rng_uniform(&u->random);
    for (int k = 0; k < MOVE_KINDS; k++) {
        if (left < share[k])
            return (search_move)k;
        left -= share[k];
    }
    return MOVE_GRADIENT;
}

static void mutate(mutation *u, candidate *c)
{
    search_move move = choose_move(u);
    if (move == MOVE_CROSS && cross(u, c))
        return;
    switch (move) {
    case MOVE_LIKELY:
        swap_likely(u, c);
        break;
    case MOVE_SHIFT:
        shift(u, c);
        break;
    case MOVE_RANDOM:
        swap_at_random(u, c);
        break;
    case MOVE_TWO:
        swap_by_gradient(u, c);
        swap_by_gradient(u, c);
        break;
    default:
        swap_by_gradient(u, c);
    }
}

/* What a child of one changed token adds to the mean cross-entropy at that token; what it does to
 * the tokens after it is not known yet. Other moves: nothing is known. */
static double guess(const search_state *s, const member *m, const candidate *c)
{
    int L = s->o->length, n = m->at.position + (s->set->bos >= 0);
    int i = c->first;
    if (i > m->at.position || n <= 0 ||
        memcmp(c->tokens_L + i + 1, m->at.tokens_L + i + 1, (size_t)(L - 1 - i) * sizeof(int32_t)))
        return 0;
    for (int k = 0; k < s->K; k++)
        if (ROW(m->top_LK, i, s->K)[k] == c->tokens_L[i])
            return (-(double)ROW(m->log_p_LK, i, s->K)[k] - (double)m->loss_L[i]) / n;
    return 0;
}

/* Tokens a swap is drawn from: rising geometrically over the phase. */
static int top_now(const search_state *s)
{
    const search_options *o = s->o;
    int steps = s->phase == PHASE_CLIMB ? o->iterations : o->front_iterations;
    double along = steps > 1 ? (double)s->iteration / (steps - 1) : 1;
    double top = o->top_first * pow((double)o->top_last / o->top_first, along);
    int n = (int)(top + 0.5);
    return n < 1 ? 1 : n < s->K ? n : s->K;
}

void state_propose(search_state *s, int per_member)
{
    rng phase = rng_split(&s->random, (uint64_t)s->phase);
    rng iteration = rng_split(&phase, (uint64_t)s->iteration);
    s->n_children = 0;
    for (int i = 0; i < s->n_members; i++) {
        const member *m = &s->members[i];
        mutation u = {.s = s,
                      .m = m,
                      .index = i,
                      .top = top_now(s),
                      .live = s->o->readout == READ_LAST ? s->o->length : m->at.position + 1,
                      .random = rng_split(&iteration, (uint64_t)i)};
        for (int k = 0; k < per_member; k++)
            for (int tries = 0; tries < MOST_TRIES; tries++) {
                candidate *c = child_begin(s, i);
                if (!c)
                    return;
                mutate(&u, c);
                if (!child_end(s, c, true))
                    continue;
                if (s->phase == PHASE_FRONT && !s->o->cross_entropy_of_all)
                    c->guess = guess(s, m, c);
                break;
            }
    }
}
