/* Sets of tokens of which one is near: unions overlap, so they are counted as bits. */
#include "base/memory.h"
#include "rules/bits.h"
#include "rules/seek.h"
#include <stdlib.h>
#include <string.h>

/* Windows show every position dozens of tokens, so chance has dozens of tries. */
static const double PULL = 8;
enum { MOST_TRIED = 24 };

typedef struct near_token {
    int32_t token;
    double share, f1; /* of hits, pulled to the scope's; of the token alone */
} near_token;

static int by_share(const void *a, const void *b)
{
    const near_token *x = a, *y = b;
    if (x->share != y->share)
        return x->share < y->share ? 1 : -1;
    return (x->token > y->token) - (x->token < y->token);
}

static int by_f1(const void *a, const void *b)
{
    const near_token *x = a, *y = b;
    if (x->f1 != y->f1)
        return x->f1 < y->f1 ? 1 : -1;
    return by_share(a, b);
}

/* Where unions are counted: bits of the fit part, or of the scope's drawn positions. */
typedef struct plane {
    const rule_search *s;
    const rule_scope *c;
    bool negated;
    size_t words;
    uint64_t *hits, *misses; /* which positions are what */
    double hit_weight, miss_weight;
    uint64_t *bits; /* a row for each tried token */
} plane;

typedef int token_order(const void *, const void *);

/* Keeps the first `most` by the order. */
static void keep_best(near_token *kept, int *n, int most, near_token one, token_order *order)
{
    int at = *n;
    while (at > 0 && order(&one, &kept[at - 1]) < 0)
        at--;
    if (at == most)
        return;
    if (*n < most)
        ++*n;
    memmove(kept + at + 1, kept + at, (size_t)(*n - 1 - at) * sizeof *kept);
    kept[at] = one;
}

static near_token rate(const rule_search *s, const rule_scope *c, int32_t token, bool negated)
{
    const token_tally *t = &s->tally_V[token];
    double seen = t->hits + t->misses, wanted = negated ? t->misses : t->hits;
    double all = c->hits + c->misses, base = (negated ? c->misses : c->hits) / all;
    double f1 = negated ? rule_search_f1(s, c->hits - t->hits, c->misses - t->misses)
                        : rule_search_f1(s, t->hits, t->misses);
    return (near_token){token, (wanted + PULL * base) / (seen + PULL), f1};
}

/* Tokens that are worth a try: the best alone first, then others by their share of hits. Negated:
 * of misses, and what the scope without the token scores. */
static int pick(near_token *tried, rule_search *s, const rule_scope *c, bool negated)
{
    near_token alone[MOST_TRIED / 2], by_hits[MOST_TRIED];
    int n_alone = 0, n_by_hits = 0, n = 0;
    for (int i = 0; i < s->n_touched; i++) {
        const token_tally *t = &s->tally_V[s->touched[i]];
        if ((negated ? t->misses : t->hits) == 0)
            continue;
        near_token one = rate(s, c, s->touched[i], negated);
        keep_best(alone, &n_alone, MOST_TRIED / 2, one, by_f1);
        keep_best(by_hits, &n_by_hits, MOST_TRIED, one, by_share);
    }
    for (; n < n_alone; n++)
        tried[n] = alone[n];
    for (int i = 0; i < n_by_hits && n < MOST_TRIED; i++) {
        bool known = false;
        for (int k = 0; k < n_alone && !known; k++)
            known = alone[k].token == by_hits[i].token;
        if (!known)
            tried[n++] = by_hits[i];
    }
    if (n)
        qsort(tried + 1, (size_t)n - 1, sizeof *tried, by_share);
    return n;
}

static double score(const plane *p, double tp, double fp)
{
    return p->negated ? rule_search_f1(p->s, p->c->hits - tp, p->c->misses - fp)
                      : rule_search_f1(p->s, tp, fp);
}

static double score_bits(const plane *p, const uint64_t *a, const uint64_t *b)
{
    return score(p, p->hit_weight * (double)bits_count_either(a, b, p->hits, p->words),
                 p->miss_weight * (double)bits_count_either(a, b, p->misses, p->words));
}

/* Takes what improves the union, then drops what the others make needless. Returns how many stay:
 * chosen[] holds rows. */
static int choose_union(int *chosen, const plane *p, int n)
{
    uint64_t *joined = mem_small(p->words, sizeof *joined);
    int taken = 0;
    double best = score(p, 0, 0);
    for (int i = 0; i < n; i++) {
        const uint64_t *row = ROW(p->bits, i, p->words);
        double value = score_bits(p, joined, row);
        if (value < best + p->s->o->token_price)
            continue;
        best = value;
        bits_or(joined, row, p->words);
        chosen[taken++] = i;
    }
    for (int i = taken - 1; i >= 0 && taken > 1; i--) {
        memset(joined, 0, p->words * sizeof *joined);
        for (int k = 0; k < taken; k++)
            if (k != i)
                bits_or(joined, ROW(p->bits, chosen[k], p->words), p->words);
        double value = score_bits(p, joined, joined);
        if (value < best - p->s->o->token_price)
            continue;
        best = value;
        memmove(chosen + i, chosen + i + 1, (size_t)(taken - 1 - i) * sizeof *chosen);
        taken--;
    }
    mem_free(joined);
    return taken;
}

static void open_plane(plane *p, rule_search *s, const rule_scope *c, const near_token *tried,
                       int n, int window)
{
    p->words = c->whole ? s->words : ((size_t)c->n + 63) / 64;
    p->hit_weight = c->whole ? 1 : c->hit_weight;
    p->miss_weight = c->whole ? 1 : c->miss_weight;
    p->hits = mem_small(p->words, sizeof *p->hits);
    p->misses = mem_small(p->words, sizeof *p->misses);
    p->bits = mem_small((size_t)n * p->words, sizeof *p->bits);
    if (c->whole) {
        for (size_t w = 0; w < p->words; w++) {
            p->hits[w] = s->open[w] & s->active[w];
            p->misses[w] = s->open[w] & ~s->active[w];
        }
        for (int i = 0; i < n; i++) {
            rule_predicate one = {
                .kind = RULE_NEAR, .window = window, .n_tokens = 1, .tokens = &tried[i].token};
            rule_predicate_bits(ROW(p->bits, i, p->words), s->t, RULE_FIT, &one);
        }
        return;
    }
    for (int i = 0; i < c->n; i++)
        bits_set(c->active[i] ? p->hits : p->misses, (size_t)i);
    for (int i = 0; i < n; i++)
        s->slot_V[tried[i].token] = i;
    rule_scope_bits(p->bits, p->words, s, c, (rule_view){.distance = -1, .window = window});
    for (int i = 0; i < n; i++)
        s->slot_V[tried[i].token] = -1;
}

typedef struct owed {
    int row;
    int64_t n;
} owed;

static int by_falling_count(const void *a, const void *b)
{
    const owed *x = a, *y = b;
    if (x->n != y->n)
        return x->n < y->n ? 1 : -1;
    return (x->row > y->row) - (x->row < y->row);
}

/* The set, named by what it owes most to. */
static void add(rule_proposals *out, rule_search *s, const plane *p, const near_token *tried,
                const int *chosen, int n, int window)
{
    owed order[MOST_TRIED];
    for (int i = 0; i < n; i++) {
        const uint64_t *row = ROW(p->bits, chosen[i], p->words);
        order[i] =
            (owed){chosen[i], bits_count_both(row, p->negated ? p->misses : p->hits, p->words)};
    }
    qsort(order, (size_t)n, sizeof *order, by_falling_count);
    int32_t *tokens = arena_push(s->memory, (size_t)n, sizeof *tokens);
    for (int i = 0; i < n; i++)
        tokens[i] = tried[order[i].row].token;
    out->items[out->n++] = (rule_predicate){.kind = RULE_NEAR,
                                            .negated = p->negated,
                                            .window = window,
                                            .n_tokens = n,
                                            .tokens = tokens};
}

static void propose(rule_proposals *out, rule_search *s, const rule_scope *c, int window,
                    bool negated)
{
    near_token tried[MOST_TRIED];
    int chosen[MOST_TRIED];
    int n = pick(tried, s, c, negated);
    if (!n || out->n == RULE_MOST_PROPOSALS)
        return;
    plane p = {.s = s, .c = c, .negated = negated};
    open_plane(&p, s, c, tried, n, window);
    int taken = choose_union(chosen, &p, n);
    if (taken)
        add(out, s, &p, tried, chosen, taken, window);
    mem_free(p.hits);
    mem_free(p.misses);
    mem_free(p.bits);
}

void rule_propose_near(rule_proposals *out, rule_search *s, const rule_scope *c, int window)
{
    rule_tally(s, c, (rule_view){.distance = -1, .window = window});
    propose(out, s, c, window, false);
    if (!c->whole)
        propose(out, s, c, window, true);
    rule_tally_clear(s);
}
