/* What the phases of a search share: its members, its children, its best. */
#include "invert/search_state.h"
#include "base/memory.h"
#include "base/str.h"
#include <math.h>
#include <string.h>

enum { FRONT_MOST = 256, CURVE_POINTS = 64, SEEN_FIRST = 1024 };

static int at_least(int a, int b)
{
    return a > b ? a : b;
}

static candidate new_candidate(search_state *s)
{
    candidate c = {.which = s->which, .position = -1, .cross_entropy = (double)NAN};
    c.tokens_L = arena_push(&s->memory, (size_t)s->o->length, sizeof *c.tokens_L);
    return c;
}

state_size state_size_of(const search_options *o, const token_table *t)
{
    int restarts = restarts_of(o), K = at_least(o->top_last, o->sweep_tokens);
    int climbing = restarts * o->children, fronting = o->front_members * o->front_children;
    int walkers = LANES * o->sweep_walkers;
    int narrow = walkers * o->length * (SWEEP_NARROW + SWEEP_SHIFTS);
    int wide = o->length * (o->sweep_tokens + SWEEP_SHIFTS);
    int sweeping = o->sweep_tokens ? at_least(narrow, wide) : 0;
    return (state_size){.members = at_least(at_least(restarts, o->front_members), walkers),
                        .children = at_least(at_least(climbing, fronting), sweeping),
                        .K = K < t->n ? K : t->n};
}

static int curve_every(const search_options *o)
{
    return o->iterations / CURVE_POINTS + 1;
}

int search_curve_room(const search_options *o)
{
    return o->iterations / curve_every(o) + 2;
}

void state_open(search_state *s, search_job *job, const optimise_setting *set,
                const search_options *o, uint64_t seed, int which)
{
    rng all = rng_stream(seed, "search");
    *s = (search_state){.job = job,
                        .o = o,
                        .set = set,
                        .which = which,
                        .random = rng_split(&all, (uint64_t)job->feature),
                        .starting = true};
    state_size size = state_size_of(o, set->table);
    int L = o->length;
    s->K = size.K;
    s->most_members = size.members;
    s->most_children = size.children;
    s->members = arena_push(&s->memory, (size_t)s->most_members, sizeof *s->members);
    for (int i = 0; i < s->most_members; i++) {
        member *m = &s->members[i];
        size_t lists = (size_t)L * (size_t)s->K;
        m->at = new_candidate(s);
        m->best = new_candidate(s);
        m->best.value = -INFINITY;
        m->top_LK = arena_push(&s->memory, lists, sizeof *m->top_LK);
        m->log_p_LK = arena_push(&s->memory, lists, sizeof *m->log_p_LK);
        m->sweep.swaps = arena_push(&s->memory, (size_t)L, sizeof *m->sweep.swaps);
        m->loss_L = arena_push(&s->memory, (size_t)L, sizeof *m->loss_L);
    }
    s->children = arena_push(&s->memory, (size_t)s->most_children, sizeof *s->children);
    for (int i = 0; i < s->most_children; i++)
        s->children[i] = new_candidate(s);
    for (int lane = 0; lane < LANES; lane++)
        s->lane_best[lane] = new_candidate(s);
    s->front = front_new(FRONT_MOST, L);
    s->curve_every = curve_every(o);
}

void state_close(search_state *s)
{
    for (int lane = 0; lane < LANES; lane++)
        mem_free(s->seen[lane].slots);
    front_release(&s->front);
    arena_release(&s->memory);
    *s = (search_state){0};
}

member *state_add(search_state *s, const int32_t *tokens_L, start_kind start, int restart)
{
    member *m = &s->members[s->n_members++];
    memcpy(m->at.tokens_L, tokens_L, (size_t)s->o->length * sizeof *tokens_L);
    m->at.start = start;
    m->at.restart = restart;
    m->fresh = true;
    return m;
}

/* ---- sequences that were tried ------------------------------------------------------------------
 */

/* FNV-1a over the ids, then a mixer, so that neighbouring ids spread; never 0. */
static uint64_t hash_of(const int32_t *tokens, int n)
{
    uint64_t h = 14695981039346656037u;
    for (int i = 0; i < n; i++)
        h = (h ^ (uint32_t)tokens[i]) * 1099511628211u;
    h ^= h >> 32;
    h *= 0x9E3779B97F4A7C15u;
    return (h ^ (h >> 29)) | 1;
}

static void seen_grow(seen_set *set)
{
    seen_set larger = {.capacity = set->capacity ? 2 * set->capacity : SEEN_FIRST, .n = set->n};
    larger.slots = mem_small(larger.capacity, sizeof *larger.slots);
    for (size_t i = 0; i < set->capacity; i++) {
        if (!set->slots[i])
            continue;
        size_t at = set->slots[i] & (larger.capacity - 1);
        while (larger.slots[at])
            at = (at + 1) & (larger.capacity - 1);
        larger.slots[at] = set->slots[i];
    }
    mem_free(set->slots);
    *set = larger;
}

bool seen_add(seen_set *set, const int32_t *tokens, int n)
{
    if (2 * set->n >= set->capacity)
        seen_grow(set);
    uint64_t h = hash_of(tokens, n);
    size_t at = h & (set->capacity - 1);
    for (; set->slots[at]; at = (at + 1) & (set->capacity - 1))
        if (set->slots[at] == h)
            return false;
    set->slots[at] = h;
    set->n++;
    return true;
}

/* ---- candidates ---------------------------------------------------------------------------------
 */

void candidate_copy(candidate *to, const candidate *from, int length)
{
    int32_t *own = to->tokens_L;
    memmove(own, from->tokens_L, (size_t)length * sizeof *own);
    *to = *from;
    to->tokens_L = own;
}

void candidate_shift(candidate *c, int out, int in, int32_t token)
{
    int32_t *t = c->tokens_L;
    if (out < in)
        memmove(t + out, t + out + 1, (size_t)(in - out) * sizeof *t);
    else
        memmove(t + in + 1, t + in, (size_t)(out - in) * sizeof *t);
    t[in] = token;
}

bool candidate_respells(const search_state *s, const candidate *c)
{
    const tokenizer *t = s->set->tokenizer;
    if (!t)
        return true;
    err ignored;
    str text = {0};
    token_list again = {0};
    size_t n = (size_t)c->position + 1;
    tokenizer_decode(&text, t, c->tokens_L, n);
    bool same = !tokenizer_encode(&again, t, str_text(&text), text.len, &ignored) &&
                (size_t)again.n == n && !memcmp(again.ids, c->tokens_L, n * sizeof *again.ids);
    token_list_release(&again);
    str_release(&text);
    return same;
}

void state_offer(search_state *s, const candidate *c)
{
    candidate *lane = &s->lane_best[lane_of(c->start)];
    bool better = lane->position < 0 || c->value > lane->value;
    if (better && candidate_respells(s, c))
        candidate_copy(lane, c, s->o->length);
}

void state_offer_to_front(search_state *s, const candidate *c)
{
    if (front_wants(&s->front, c->value, c->cross_entropy) && candidate_respells(s, c))
        front_add(&s->front, c, s->job->scale);
}

candidate *child_begin(search_state *s, int i)
{
    if (s->n_children == s->most_children)
        return NULL;
    candidate *c = &s->children[s->n_children];
    candidate_copy(c, &s->members[i].at, s->o->length);
    c->parent = s->first_parent + i;
    c->guess = 0;
    c->shifted = false;
    return c;
}

bool child_end(search_state *s, candidate *c, bool new_only)
{
    const int32_t *old = s->members[c->parent - s->first_parent].at.tokens_L;
    int L = s->o->length;
    c->first = 0;
    while (c->first < L && c->tokens_L[c->first] == old[c->first])
        c->first++;
    if (c->first == L || (new_only && !seen_add(&s->seen[lane_of(c->start)], c->tokens_L, L)))
        return false;
    s->n_children++;
    return true;
}
