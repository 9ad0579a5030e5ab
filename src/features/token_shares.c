/* Active occurrences beside all occurrences. */
#include "features/token_shares.h"
#include <stdlib.h>

static int by_falling_f1(const void *a, const void *b)
{
    const token_share *x = a, *y = b;
    if (x->f1 != y->f1)
        return x->f1 < y->f1 ? 1 : -1;
    return (x->stat.token > y->stat.token) - (x->stat.token < y->stat.token);
}

int survey_token_shares(token_share **out, const survey *s, int which, const prompt_set *p,
                        const text_index *index, arena *a)
{
    token_stat *stats;
    int n = survey_tokens(&stats, s, which, p, 1, a);
    double active = (double)s->n_active[which];
    token_share *list = arena_push(a, (size_t)n + 1, sizeof *list);
    for (int i = 0; i < n; i++) {
        token_share *t = &list[i];
        t->stat = stats[i];
        t->n = (int64_t)(index->first[stats[i].token + 1] - index->first[stats[i].token]);
        t->fires = proportion_of(t->stat.n_active, t->n);
        t->share = (double)t->stat.n_active / active;
        t->f1 = 2 * (double)t->stat.n_active / ((double)t->n + active);
    }
    qsort(list, (size_t)n, sizeof *list, by_falling_f1);
    *out = list;
    return n;
}
