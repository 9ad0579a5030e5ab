/* Where a rule holds. */
#include "rules/rule.h"
#include "base/memory.h"
#include "rules/bits.h"
#include "rules/text_parts.h"
#include <math.h>
#include <string.h>

size_t rule_bit_words(const rule_text *t, rule_part part)
{
    return (rule_part_size(t, part) + 63) / 64;
}

static size_t document_end(const rule_text *t, size_t at)
{
    const rule_document *d = &t->documents[t->document_N[at]];
    return d->first + (size_t)d->n;
}

/* The first place of token v at or behind `from`, as index into where_N. */
static size_t first_place(const rule_text *t, int v, size_t from)
{
    size_t low = t->first_V[v], high = t->first_V[v + 1];
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (t->where_N[middle] < from)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Every place of one of the tokens marks the positions from `nearest` to `farthest` behind it. */
static void mark_behind(uint64_t *bits, const rule_text *t, rule_part part, const rule_predicate *p,
                        size_t nearest, size_t farthest)
{
    size_t start = t->first[part], stop = t->first[part + 1];
    for (int k = 0; k < p->n_tokens; k++) {
        int v = p->tokens[k];
        for (size_t i = first_place(t, v, start); i < t->first_V[v + 1]; i++) {
            size_t place = t->where_N[i];
            if (place >= stop)
                break;
            size_t end = document_end(t, place);
            size_t to = place + farthest < end ? place + farthest + 1 : end;
            if (nearest == farthest && place + nearest < end)
                bits_set(bits, place + nearest - start);
            else if (nearest < farthest)
                bits_set_range(bits, place + nearest - start, to - start);
        }
    }
}

static void mark_depth(uint64_t *bits, const rule_text *t, rule_part part, int low, int high)
{
    for (int d = t->first_document[part]; d < t->first_document[part + 1]; d++) {
        const rule_document *document = &t->documents[d];
        size_t first = document->first - t->first[part];
        int end = high < document->n ? high + 1 : document->n;
        if (low < end)
            bits_set_range(bits, first + (size_t)low, first + (size_t)end);
    }
}

static void negate(uint64_t *bits, size_t n)
{
    for (size_t w = 0; w < (n + 63) / 64; w++)
        bits[w] = ~bits[w];
    if (n % 64)
        bits[n / 64] &= ~(uint64_t)0 >> (64 - n % 64);
}

void rule_predicate_bits(uint64_t *bits, const rule_text *t, rule_part part,
                         const rule_predicate *p)
{
    memset(bits, 0, rule_bit_words(t, part) * sizeof *bits);
    switch (p->kind) {
    case RULE_TOKEN_IN:
        mark_behind(bits, t, part, p, (size_t)p->distance, (size_t)p->distance);
        break;
    case RULE_NEAR:
        mark_behind(bits, t, part, p, 1, (size_t)p->window);
        break;
    case RULE_CLASS_IS:
        rule_text_class_bits(bits, t, part, p->detail, p->distance);
        break;
    case RULE_FLAG:
        rule_text_flag_bits(bits, t, part, p->detail);
        break;
    case RULE_DEPTH:
        mark_depth(bits, t, part, p->low, p->high);
        break;
    }
    if (p->negated)
        negate(bits, rule_part_size(t, part));
}

void rule_clause_bits(uint64_t *bits, const rule_text *t, rule_part part, const rule_clause *c)
{
    size_t words = rule_bit_words(t, part);
    uint64_t *more = mem_small(words, sizeof *more);
    for (int i = 0; i < c->n; i++) {
        rule_predicate_bits(i ? more : bits, t, part, &c->predicates[i]);
        if (i)
            bits_and(bits, more, words);
    }
    mem_free(more);
}

void rule_bits(uint64_t *bits, const rule_text *t, rule_part part, const rule *r)
{
    size_t words = rule_bit_words(t, part);
    uint64_t *more = mem_small(words, sizeof *more);
    memset(bits, 0, words * sizeof *bits);
    for (int i = 0; i < r->n_clauses; i++) {
        rule_clause_bits(more, t, part, &r->clauses[i]);
        bits_or(bits, more, words);
    }
    mem_free(more);
}

int rule_n_predicates(const rule *r)
{
    int n = 0;
    for (int i = 0; i < r->n_clauses; i++)
        n += r->clauses[i].n;
    return n;
}

double rule_set_length(int n)
{
    return 8 * log2(1 + n / 8.0);
}

double rule_sets_length(const rule *r)
{
    double length = 0;
    for (int i = 0; i < r->n_clauses; i++)
        for (int k = 0; k < r->clauses[i].n; k++)
            length += rule_set_length(r->clauses[i].predicates[k].n_tokens);
    return length;
}
