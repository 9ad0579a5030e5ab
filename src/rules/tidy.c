/* Rules that say the same in fewer words. */
#include "rules/tidy.h"
#include <string.h>

void rule_drop_predicate(rule *r, int clause, int predicate)
{
    rule_clause *c = &r->clauses[clause];
    for (int i = predicate; i + 1 < c->n; i++)
        c->predicates[i] = c->predicates[i + 1];
    if (--c->n)
        return;
    for (int i = clause; i + 1 < r->n_clauses; i++)
        r->clauses[i] = r->clauses[i + 1];
    r->n_clauses--;
}

/* ---- within a clause ---------------------------------------------------------------------------
 */

static bool is_in(const rule_predicate *p, int32_t token)
{
    for (int i = 0; i < p->n_tokens; i++)
        if (p->tokens[i] == token)
            return true;
    return false;
}

/* Two sets at one place, both of which must hold, as one: in A and not in B is in A less B; in A
 * and in B is what they share; in neither is not in any of both. */
static rule_predicate both_sets(const rule_predicate *p, const rule_predicate *q, arena *a)
{
    bool turned = p->negated && !q->negated;
    const rule_predicate *first = turned ? q : p, *second = turned ? p : q;
    rule_predicate joined = *first;
    int32_t *tokens = arena_push(a, (size_t)(p->n_tokens + q->n_tokens), sizeof *tokens);
    int n = 0;
    for (int i = 0; i < first->n_tokens; i++)
        if (first->negated || is_in(second, first->tokens[i]) != second->negated)
            tokens[n++] = first->tokens[i];
    for (int i = 0; first->negated && i < second->n_tokens; i++)
        if (!is_in(first, second->tokens[i]))
            tokens[n++] = second->tokens[i];
    joined.tokens = tokens;
    joined.n_tokens = n;
    return joined;
}

static void join_within(rule *r, int clause, arena *a)
{
    rule_clause *c = &r->clauses[clause];
    for (int i = 0; i < c->n; i++)
        for (int k = c->n - 1; k > i; k--) {
            rule_predicate *p = &c->predicates[i];
            const rule_predicate *q = &c->predicates[k];
            if (p->kind != RULE_TOKEN_IN || q->kind != RULE_TOKEN_IN || p->distance != q->distance)
                continue;
            *p = both_sets(p, q, a);
            rule_drop_predicate(r, clause, k);
        }
}

/* ---- across clauses ----------------------------------------------------------------------------
 */

static bool is_set(const rule_clause *c, int distance)
{
    const rule_predicate *p = &c->predicates[0];
    return c->n == 1 && p->kind == RULE_TOKEN_IN && !p->negated && p->distance == distance;
}

/* Two clauses that are sets of tokens at one place are one set, said shorter. */
static void join_sets(rule *r, arena *a)
{
    for (int i = 0; i < r->n_clauses; i++)
        for (int k = r->n_clauses - 1; k > i; k--) {
            rule_predicate *first = &r->clauses[i].predicates[0];
            const rule_predicate *second = &r->clauses[k].predicates[0];
            if (!is_set(&r->clauses[i], first->distance) ||
                !is_set(&r->clauses[k], first->distance))
                continue;
            size_t n = (size_t)first->n_tokens, more = (size_t)second->n_tokens;
            int32_t *tokens = arena_push(a, n + more, sizeof *tokens);
            memcpy(tokens, first->tokens, n * sizeof *tokens);
            memcpy(tokens + n, second->tokens, more * sizeof *tokens);
            first->tokens = tokens;
            first->n_tokens += second->n_tokens;
            rule_drop_predicate(r, k, 0);
        }
}

/* ---- order -------------------------------------------------------------------------------------
 */

/* One order for all rules: the token, those before it, what is near, where it stands. */
static int predicate_order(const rule_predicate *p)
{
    if (p->kind == RULE_TOKEN_IN || p->kind == RULE_CLASS_IS)
        return 4 * p->distance + 2 * (p->kind == RULE_CLASS_IS) + p->negated;
    return p->kind == RULE_NEAR ? 100 : p->kind == RULE_FLAG ? 101 : 102;
}

static void order_predicates(rule_clause *c)
{
    for (int i = 1; i < c->n; i++)
        for (int k = i; k > 0; k--) {
            rule_predicate *p = &c->predicates[k];
            if (predicate_order(p) >= predicate_order(p - 1))
                break;
            rule_predicate other = *p;
            *p = p[-1];
            p[-1] = other;
        }
}

void rule_tidy(rule *r, arena *a)
{
    for (int i = 0; i < r->n_clauses; i++)
        join_within(r, i, a);
    join_sets(r, a);
    for (int i = 0; i < r->n_clauses; i++)
        order_predicates(&r->clauses[i]);
}
