/* What must agree in the records of where and how strongly a feature is active. */
#include "base/memory.h"
#include "results/record_check.h"
#include <limits.h>

err_code record_check_contexts(const record_context *list, int n, int id, const char *name, err *e)
{
    for (int i = 0; i < n; i++)
        if (list[i].peak < 0 || list[i].peak >= list[i].n_tokens || list[i].start < 0 ||
            list[i].start > INT_MAX - list[i].n_tokens)
            return err_set(e, E_SHAPE, "target %d: %s[%d]: peak %d and start %d with %d tokens", id,
                           name, i, list[i].peak, list[i].start, list[i].n_tokens);
    return OK;
}

/* Values are not known, or rise; then there are as many tokens as prompts at least. */
static err_code check_quantiles(const record_quantiles *q, int id, err *e)
{
    const double rising[] = {q->least, q->p10, q->median, q->p90, q->p99, q->most};
    if (q->n_prompts < 0 || q->n < q->n_prompts)
        return err_set(e, E_SHAPE, "target %d: quantiles: %lld tokens in %d prompts", id,
                       (long long)q->n, q->n_prompts);
    for (size_t i = 1; i < COUNT_OF(rising); i++)
        if (rising[i] < rising[i - 1])
            return err_set(e, E_SHAPE, "target %d: quantiles: %g comes after %g", id, rising[i],
                           rising[i - 1]);
    return OK;
}

static err_code check_groups(const record_value_group *list, int n, int id, const char *name,
                             err *e)
{
    for (int i = 0; i < n; i++) {
        const record_value_group *g = &list[i];
        if (!(g->low <= g->high) || (i && g->low < list[i - 1].low))
            return err_set(e, E_SHAPE, "target %d: %s[%d] is from %g to %g", id, name, i, g->low,
                           g->high);
        if (g->n_prompts < g->n_contexts || g->n_tokens < g->n_prompts)
            return err_set(e, E_SHAPE, "target %d: %s[%d]: %d contexts, %lld tokens in %d prompts",
                           id, name, i, g->n_contexts, (long long)g->n_tokens, g->n_prompts);
        err_code rc = record_check_contexts(g->contexts, g->n_contexts, id, name, e);
        if (rc)
            return rc;
    }
    return OK;
}

static err_code check_positions(const record_position_bin *list, int n, int id, err *e)
{
    for (int i = 0; i < n; i++) {
        const record_position_bin *b = &list[i];
        if (b->first != (i ? list[i - 1].last + 1 : 1) || b->last < b->first || b->last == INT_MAX)
            return err_set(e, E_SHAPE, "target %d: position_bins[%d] is from %d to %d", id, i,
                           b->first, b->last);
        if (b->n_active < 0 || b->n < b->n_active)
            return err_set(e, E_SHAPE, "target %d: position_bins[%d]: %lld of %lld are active", id,
                           i, (long long)b->n_active, (long long)b->n);
    }
    return OK;
}

static err_code check_tokens(const record_token_stat *list, int n, int id, err *e)
{
    for (int i = 0; i < n; i++)
        if (list[i].count < 0 || (list[i].occurrences && list[i].occurrences < list[i].count))
            return err_set(e, E_SHAPE, "target %d: tokens[%d]: %lld of %lld are active", id, i,
                           (long long)list[i].count, (long long)list[i].occurrences);
    return OK;
}

/* A child is one deeper than a node before it, and no more frequent. */
static err_code check_trie(const record_trie_node *list, int n, int id, err *e)
{
    const record_trie_node *path[RECORD_TRIE_DEPTH];
    int depth = 0;
    for (int i = 0; i < n; i++) {
        const record_trie_node *x = &list[i];
        if (x->depth < 1 || x->depth > depth + 1 || x->depth > RECORD_TRIE_DEPTH)
            return err_set(e, E_SHAPE, "target %d: trie[%d]: depth %d comes after %d", id, i,
                           x->depth, depth);
        const record_trie_node *parent = x->depth > 1 ? path[x->depth - 2] : NULL;
        if (x->n_active < 0 || x->n < x->n_active ||
            (parent && (x->n > parent->n || x->n_active > parent->n_active)))
            return err_set(e, E_SHAPE, "target %d: trie[%d]: %lld of %lld are active", id, i,
                           (long long)x->n_active, (long long)x->n);
        depth = x->depth;
        path[depth - 1] = x;
    }
    return OK;
}

err_code record_check_activity(const record_target *t, err *e)
{
    err_code rc = check_quantiles(&t->quantiles, t->id, e);
    if (!rc)
        rc = check_tokens(t->tokens, t->n_tokens, t->id, e);
    if (!rc)
        rc = check_trie(t->trie, t->n_trie, t->id, e);
    if (!rc)
        rc = check_positions(t->position_bins, t->n_position_bins, t->id, e);
    if (!rc)
        rc = record_check_contexts(t->top, t->n_top, t->id, "top", e);
    if (!rc)
        rc = check_groups(t->deciles, t->n_deciles, t->id, "deciles", e);
    if (!rc)
        rc = check_groups(t->intervals, t->n_intervals, t->id, "intervals", e);
    return rc;
}
