/* How strong a feature is where its rule fires: the means of leaves, and predictions by them. */
#include "base/memory.h"
#include "rules/bits.h"
#include "rules/rule.h"
#include <float.h>
#include <stdlib.h>
#include <string.h>

static const double PULL = 4; /* a leaf's mean counts as many positions with the clause's */

/* Where clause `which` is the first of the rule to fire. */
static void own_bits(uint64_t *bits, const rule_text *t, rule_part part, const rule *r, int which)
{
    size_t words = rule_bit_words(t, part);
    rule before = *r;
    before.n_clauses = which;
    uint64_t *covered = mem_small(words, sizeof *covered);
    rule_bits(covered, t, part, &before);
    rule_clause_bits(bits, t, part, &r->clauses[which]);
    for (size_t w = 0; w < words; w++)
        bits[w] &= ~covered[w];
    mem_free(covered);
}

typedef struct seen_token {
    int32_t token;
    uint32_t at; /* breaks ties, so that sums are taken in the order of the text */
    float activation;
} seen_token;

static int by_token(const void *a, const void *b)
{
    const seen_token *x = a, *y = b;
    if (x->token != y->token)
        return x->token < y->token ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

/* The positions where the clause fires with their activations, 0 included. */
static size_t gather(seen_token *seen, rule_clause *c, const uint64_t *bits, const rule_text *t,
                     const rule_target *target)
{
    size_t n = 0, next = 0;
    for (size_t at = 0; at < t->first[RULE_CHOOSE]; at++) {
        if (!bits_get(bits, at))
            continue;
        while (next < target->first[RULE_CHOOSE] && target->firings[next].at < at)
            next++;
        bool active = next < target->first[RULE_CHOOSE] && target->firings[next].at == at;
        float value = active ? target->firings[next].value : 0;
        bool positive = active && value >= target->level;
        c->tp += positive;
        c->fp += !positive;
        seen[n++] = (seen_token){t->token_N[at], (uint32_t)at, value};
    }
    return n;
}

static void grade_clause(rule_clause *c, const uint64_t *bits, const rule_text *t,
                         const rule_target *target, arena *a)
{
    size_t room = (size_t)bits_count(bits, rule_bit_words(t, RULE_FIT));
    seen_token *seen = mem_small(room, sizeof *seen);
    c->tp = c->fp = 0;
    size_t n = gather(seen, c, bits, t, target);
    qsort(seen, n, sizeof *seen, by_token);
    double sum = 0;
    size_t n_leaves = 0;
    for (size_t i = 0; i < n; i++) {
        sum += (double)seen[i].activation;
        n_leaves += i == 0 || seen[i].token != seen[i - 1].token;
    }
    c->mean = n ? (float)(sum / (double)n) : 0;
    if (!(c->mean > FLT_MIN)) /* > 0, so that the rule is seen to fire */
        c->mean = FLT_MIN;
    rule_leaf *leaves = arena_push(a, n_leaves, sizeof *leaves);
    c->n_leaves = 0;
    for (size_t i = 0, end; i < n; i = end) {
        double own = 0;
        for (end = i; end < n && seen[end].token == seen[i].token; end++)
            own += (double)seen[end].activation;
        double mean = (own + PULL * (double)c->mean) / ((double)(end - i) + PULL);
        leaves[c->n_leaves++] =
            (rule_leaf){seen[i].token, mean > (double)FLT_MIN ? (float)mean : FLT_MIN};
    }
    c->leaves = leaves;
    mem_free(seen);
}

void rule_grade(rule *r, const rule_text *t, const rule_target *target, arena *a)
{
    uint64_t *bits = mem_small(rule_bit_words(t, RULE_FIT), sizeof *bits);
    for (int i = 0; i < r->n_clauses; i++) {
        own_bits(bits, t, RULE_FIT, r, i);
        grade_clause(&r->clauses[i], bits, t, target, a);
    }
    mem_free(bits);
}

static float leaf_mean(const rule_clause *c, int32_t token)
{
    int low = 0, high = c->n_leaves;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (c->leaves[middle].token < token)
            low = middle + 1;
        else
            high = middle;
    }
    bool seen = low < c->n_leaves && c->leaves[low].token == token;
    return seen ? c->leaves[low].mean : c->mean;
}

void rule_predict(float *prediction_N, const rule_text *t, rule_part part, const rule *r)
{
    size_t n = rule_part_size(t, part), words = rule_bit_words(t, part);
    uint64_t *bits = mem_small(words, sizeof *bits);
    memset(prediction_N, 0, n * sizeof *prediction_N);
    for (int c = 0; c < r->n_clauses; c++) {
        rule_clause_bits(bits, t, part, &r->clauses[c]);
        for (size_t w = 0; w < words; w++)
            for (uint64_t left = bits[w]; left; left &= left - 1) {
                size_t i = 64 * w + (size_t)__builtin_ctzll(left);
                if (prediction_N[i] == 0) /* an earlier clause goes first */
                    prediction_N[i] = leaf_mean(&r->clauses[c], t->token_N[t->first[part] + i]);
            }
    }
    mem_free(bits);
}
