/* Sets of tokens at a place: one back, two back, at the position itself. */
#include "base/memory.h"
#include "rules/seek.h"
#include <stdlib.h>

/* A share of hits is pulled to the scope's with the weight of so many positions: a token seen once,
 * active, is no evidence yet. */
static const double PULL = 2;

typedef struct ranked_token {
    int32_t token;
    double n, hits; /* hits as expected elsewhere, after the pull */
    double seen_hits;
} ranked_token;

static int by_share(const void *a, const void *b)
{
    const ranked_token *x = a, *y = b;
    double left = x->hits * y->n, right = y->hits * x->n;
    if (left != right)
        return left < right ? 1 : -1;
    if (x->n != y->n)
        return x->n < y->n ? 1 : -1;
    return (x->token > y->token) - (x->token < y->token);
}

/* What a set is called by: the tokens it owes most to. */
static int by_weight(const void *a, const void *b)
{
    const ranked_token *x = a, *y = b;
    if (x->seen_hits != y->seen_hits)
        return x->seen_hits < y->seen_hits ? 1 : -1;
    return by_share(a, b);
}

static int by_absence(const void *a, const void *b)
{
    const ranked_token *x = a, *y = b;
    double left = x->n - x->seen_hits, right = y->n - y->seen_hits;
    if (left != right)
        return left < right ? 1 : -1;
    return by_share(b, a);
}

static void add(rule_proposals *out, rule_search *s, ranked_token *ranked, int n, int distance,
                bool negated)
{
    if (!n || out->n == RULE_MOST_PROPOSALS)
        return;
    ranked_token *named = mem_small((size_t)n, sizeof *named);
    for (int i = 0; i < n; i++)
        named[i] = ranked[i];
    qsort(named, (size_t)n, sizeof *named, negated ? by_absence : by_weight);
    int32_t *tokens = arena_push(s->memory, (size_t)n, sizeof *tokens);
    for (int i = 0; i < n; i++)
        tokens[i] = named[i].token;
    mem_free(named);
    out->items[out->n++] = (rule_predicate){.kind = RULE_TOKEN_IN,
                                            .negated = negated,
                                            .distance = distance,
                                            .n_tokens = n,
                                            .tokens = tokens};
}

/* F1, or F2 where it is to be `wide`, recall counting four times precision (van Rijsbergen 1979).
 */
static double f_measure(const rule_search *s, double tp, double fp, bool wide)
{
    double sought = (double)(s->n_active - s->tp);
    return wide ? 5 * tp / (tp + fp + 4 * sought) : rule_search_f1(s, tp, fp);
}

/* The first tokens of the ranking that score best: taken, or (negated) all others. */
static int best_prefix(const rule_search *s, const rule_scope *c, const ranked_token *ranked, int n,
                       bool wide, bool negated)
{
    double tp = negated ? c->hits : 0, fp = negated ? c->misses : 0;
    double best = f_measure(s, tp, fp, wide);
    int taken = 0;
    for (int i = 0; i < n && i < s->o->most_tokens; i++) {
        double hits = ranked[i].hits, misses = ranked[i].n - ranked[i].hits;
        tp += negated ? -hits : hits;
        fp += negated ? -misses : misses;
        double value = f_measure(s, tp, fp, wide) - s->o->token_price * rule_set_length(i + 1);
        if (value > best) {
            best = value;
            taken = i + 1;
        }
    }
    return taken;
}

void rule_propose_tokens(rule_proposals *out, rule_search *s, const rule_scope *c, int distance)
{
    rule_tally(s, c, (rule_view){.distance = distance});
    int n = s->n_touched;
    ranked_token *ranked = mem_small((size_t)n, sizeof *ranked);
    double all = c->hits + c->misses, base = all > 0 ? c->hits / all : 0;
    for (int i = 0; i < n; i++) {
        const token_tally *t = &s->tally_V[s->touched[i]];
        double seen = t->hits + t->misses;
        ranked[i] = (ranked_token){.token = s->touched[i],
                                   .n = seen,
                                   .hits = seen * (t->hits + PULL * base) / (seen + PULL),
                                   .seen_hits = t->hits};
    }
    rule_tally_clear(s);
    qsort(ranked, (size_t)n, sizeof *ranked, by_share);
    int taken = best_prefix(s, c, ranked, n, false, false);
    add(out, s, ranked, taken, distance, false);
    if (c->whole) { /* a first predicate may cover too much: others will narrow it */
        int wider = best_prefix(s, c, ranked, n, true, false);
        if (wider > taken)
            add(out, s, ranked, wider, distance, false);
    } else {
        for (int i = 0; i < n / 2; i++) {
            ranked_token other = ranked[i];
            ranked[i] = ranked[n - 1 - i];
            ranked[n - 1 - i] = other;
        }
        add(out, s, ranked, best_prefix(s, c, ranked, n, false, true), distance, true);
    }
    mem_free(ranked);
}
