/* Beam search for one clause: first predicates, then further ones on what they cover. */
#include "rules/seek.h"
#include "base/memory.h"
#include "rules/bits.h"
#include <string.h>

typedef struct beam_item {
    rule_clause clause;
    uint64_t *bits; /* open positions that it covers */
    double value;   /* F1 of its own, less the price */
} beam_item;

typedef struct beam {
    int n, most;
    beam_item *items; /* by falling value */
} beam;

static beam beam_new(int most, size_t words)
{
    beam b = {.most = most, .items = mem_small((size_t)most, sizeof *b.items)};
    for (int i = 0; i < most; i++)
        b.items[i].bits = mem_small(words, sizeof *b.items[i].bits);
    return b;
}

static void beam_release(beam *b)
{
    for (int i = 0; i < b->most; i++)
        mem_free(b->items[i].bits);
    mem_free(b->items);
}

/* Puts a clause in its place unless it is too weak or covers what one in the beam covers. */
static void beam_add(beam *b, const rule_clause *c, const uint64_t *bits, double value,
                     size_t words)
{
    int at = b->n;
    while (at > 0 && b->items[at - 1].value < value)
        at--;
    if (at == b->most)
        return;
    for (int i = 0; i < b->n; i++)
        if (!memcmp(b->items[i].bits, bits, words * sizeof *bits)) {
            if (b->items[i].value >= value)
                return;
            /* The same positions at a lower price: in its place, moved up to `at`. */
            beam_item same = b->items[i];
            memmove(b->items + at + 1, b->items + at, (size_t)(i - at) * sizeof *b->items);
            b->items[at] = (beam_item){*c, same.bits, value};
            return;
        }
    uint64_t *room = b->items[b->n < b->most ? b->n : b->most - 1].bits;
    if (b->n < b->most)
        b->n++;
    memmove(b->items + at + 1, b->items + at, (size_t)(b->n - 1 - at) * sizeof *b->items);
    memcpy(room, bits, words * sizeof *bits);
    b->items[at] = (beam_item){*c, room, value};
}

static double price(const rule_search *s, const rule_clause *c)
{
    double length = 0;
    for (int i = 0; i < c->n; i++)
        length += rule_set_length(c->predicates[i].n_tokens);
    return s->o->predicate_price * c->n + s->o->token_price * length;
}

static void propose(rule_proposals *out, rule_search *s, const rule_scope *c)
{
    out->n = 0;
    for (int distance = 0; distance <= 2; distance++)
        rule_propose_tokens(out, s, c, distance);
    for (int w = 0; w < RULE_WINDOWS; w++)
        rule_propose_near(out, s, c, rule_windows[w]);
    rule_propose_shapes(out, s, c);
}

static double value_of(rule_search *s, bool alone, double tp, double fp, const rule_clause *c)
{
    s->alone = alone;
    return rule_search_f1(s, tp, fp) - price(s, c);
}

/* The clause that does most for the rule, of one length. */
typedef struct best_clause {
    bool any;
    rule_clause clause;
    double value;
} best_clause;

/* All clauses of one predicate more than `from`, into the beam; NULL: of one predicate. */
static void extend(beam *out, best_clause *best, rule_search *s, const beam_item *from,
                   rule_proposals *proposals, uint64_t *bits)
{
    const uint64_t *within = from ? from->bits : s->open;
    rule_scope c;
    rule_scope_make(&c, s, within, !from);
    s->alone = !from;
    if (c.hits > 0)
        propose(proposals, s, &c);
    else
        proposals->n = 0;
    for (int i = 0; i < proposals->n; i++) {
        rule_clause made = from ? from->clause : (rule_clause){.n = 0};
        made.predicates[made.n++] = proposals->items[i];
        rule_predicate_bits(bits, s->t, RULE_FIT, &proposals->items[i]);
        bits_and(bits, within, s->words);
        int64_t tp = bits_count_both(bits, s->active, s->words);
        int64_t fp = bits_count(bits, s->words) - tp;
        double value = value_of(s, true, (double)tp, (double)fp, &made);
        double joint = value_of(s, false, (double)tp, (double)fp, &made);
        if (tp == 0)
            continue;
        if (!best->any || joint > best->value)
            *best = (best_clause){true, made, joint};
        if (!from || value > from->value)
            beam_add(out, &made, bits, value, s->words);
    }
    rule_scope_release(&c);
}

void rule_seek(rule_found *out, rule_search *s)
{
    *out = (rule_found){.any = {false}};
    beam now = beam_new(s->o->beam, s->words), next = beam_new(s->o->beam, s->words);
    uint64_t *bits = mem_small(s->words, sizeof *bits);
    rule_proposals *proposals = mem_small(1, sizeof *proposals);
    for (int length = 0; length < RULE_MOST_PREDICATES; length++) {
        best_clause best = {.any = false};
        next.n = 0;
        if (length == 0)
            extend(&next, &best, s, NULL, proposals, bits);
        for (int i = 0; i < now.n; i++)
            extend(&next, &best, s, &now.items[i], proposals, bits);
        beam swapped = now;
        now = next;
        next = swapped;
        out->any[length] = best.any;
        out->clauses[length] = best.clause;
        if (!now.n || now.items[0].value >= 1 - s->o->predicate_price * (length + 2))
            break; /* nothing to gain */
    }
    beam_release(&now);
    beam_release(&next);
    mem_free(bits);
    mem_free(proposals);
}
