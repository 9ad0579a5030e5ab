/* Predicates without a set of tokens: classes, marks, depth. */
#include "rules/seek.h"

typedef struct ranked_shape {
    rule_predicate predicate;
    double f1;
} ranked_shape;

enum { MOST_SHAPES = 4 }; /* of each sort */

/* Keeps the best few, the first of equals before others. */
static void rank(ranked_shape *kept, int *n, rule_predicate p, double f1)
{
    int at = *n;
    while (at > 0 && kept[at - 1].f1 < f1)
        at--;
    if (at == MOST_SHAPES)
        return;
    if (*n < MOST_SHAPES)
        ++*n;
    for (int i = *n - 1; i > at; i--)
        kept[i] = kept[i - 1];
    kept[at] = (ranked_shape){p, f1};
}

/* A predicate and, where something has been chosen before, its negation. */
static void rank_both(ranked_shape *kept, int *n, const rule_search *s, const rule_scope *c,
                      rule_predicate p, token_tally t)
{
    if (t.hits > 0)
        rank(kept, n, p, rule_search_f1(s, t.hits, t.misses));
    p.negated = true;
    if (!c->whole && t.hits < c->hits)
        rank(kept, n, p, rule_search_f1(s, c->hits - t.hits, c->misses - t.misses));
}

static void add_all(rule_proposals *out, const ranked_shape *kept, int n)
{
    for (int i = 0; i < n && out->n < RULE_MOST_PROPOSALS; i++)
        out->items[out->n++] = kept[i].predicate;
}

static void count(token_tally *t, const rule_scope *c, int i)
{
    if (c->active[i])
        t->hits += c->hit_weight;
    else
        t->misses += c->miss_weight;
}

static void propose_classes(rule_proposals *out, const rule_search *s, const rule_scope *c,
                            int distance)
{
    token_tally classes[RULE_MOST_CLASSES] = {{0, 0}};
    for (int i = 0; i < c->n; i++) {
        if (rule_text_depth(s->t, c->at[i]) < distance)
            continue;
        uint64_t bits = s->t->classes_V[s->t->token_N[c->at[i] - (uint32_t)distance]];
        for (; bits; bits &= bits - 1)
            count(&classes[__builtin_ctzll(bits)], c, i);
    }
    ranked_shape kept[MOST_SHAPES];
    int n = 0;
    for (int k = 0; k < RULE_FIRST_AFFIX + s->t->n_affixes; k++)
        rank_both(kept, &n, s, c,
                  (rule_predicate){.kind = RULE_CLASS_IS, .distance = distance, .detail = k},
                  classes[k]);
    add_all(out, kept, n);
}

static void propose_flags(rule_proposals *out, const rule_search *s, const rule_scope *c)
{
    ranked_shape kept[MOST_SHAPES];
    int n = 0;
    for (int flag = RULE_AFTER_NEWLINE; flag <= RULE_IN_BRACKETS; flag *= 2) {
        token_tally t = {0, 0};
        for (int i = 0; i < c->n; i++)
            if (s->t->flags_N[c->at[i]] & flag)
                count(&t, c, i);
        rank_both(kept, &n, s, c, (rule_predicate){.kind = RULE_FLAG, .detail = flag}, t);
    }
    add_all(out, kept, n);
}

/* The stretch of the document with the best F1, its ends among a few. */
static void propose_depth(rule_proposals *out, const rule_search *s, const rule_scope *c)
{
    static const int edges[] = {0,  1,  2,  3,  4,   5,   6,   7,   8,   12,  16,   24,
                                32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024, RULE_WHOLE};
    enum { BINS = sizeof edges / sizeof *edges - 1 };
    token_tally bins[BINS] = {{0, 0}};
    for (int i = 0; i < c->n; i++) {
        int depth = rule_text_depth(s->t, c->at[i]), bin = BINS - 1;
        while (edges[bin] > depth)
            bin--;
        count(&bins[bin], c, i);
    }
    ranked_shape best = {.f1 = 0};
    for (int low = 0; low < BINS; low++) {
        token_tally t = {0, 0};
        for (int high = low; high < BINS; high++) {
            t.hits += bins[high].hits;
            t.misses += bins[high].misses;
            double f1 = rule_search_f1(s, t.hits, t.misses);
            if (f1 <= best.f1 || (low == 0 && high == BINS - 1))
                continue;
            int last = high == BINS - 1 ? RULE_WHOLE : edges[high + 1] - 1;
            best = (ranked_shape){{.kind = RULE_DEPTH, .low = edges[low], .high = last}, f1};
        }
    }
    if (best.f1 > 0)
        add_all(out, &best, 1);
}

void rule_propose_shapes(rule_proposals *out, const rule_search *s, const rule_scope *c)
{
    propose_classes(out, s, c, 0);
    propose_classes(out, s, c, 1);
    propose_flags(out, s, c);
    propose_depth(out, s, c);
}
