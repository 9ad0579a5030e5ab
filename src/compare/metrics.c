/* The headline figures of both runs. */
#include "compare/parts.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const record_metric *find_metric(const record_metric *list, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(list[i].name, name))
            return &list[i];
    return NULL;
}

static metric_verdict judge(const metric_pair *m, const comparison *c)
{
    if (isnan(m->a) != isnan(m->b))
        return METRIC_ONE_SIDED;
    if (numbers_agree(m->a, m->b, c->tolerance))
        return METRIC_SAME;
    if (!c->measures_alike || !*m->better)
        return METRIC_DIFFERS;
    return (m->b > m->a) == !strcmp(m->better, "higher") ? METRIC_BETTER : METRIC_WORSE;
}

static metric_pair pair_of(const comparison *c, const record_metric *a, const record_metric *b)
{
    const record_metric *any = a ? a : b;
    metric_pair m = {.name = any->name,
                     .unit = any->unit,
                     .better = any->better,
                     .a = a ? a->value : (double)NAN,
                     .b = b ? b->value : (double)NAN};
    double size = fmax(fabs(m.a), fabs(m.b));
    m.difference = m.b - m.a;
    m.relative = isnan(m.difference) ? HUGE_VAL : size > 0 ? fabs(m.difference) / size : 0;
    m.verdict = judge(&m, c);
    return m;
}

static void add_pair(comparison *c, metric_pair m)
{
    if (isnan(m.a) && isnan(m.b))
        return;
    c->n_metrics_beyond += m.verdict != METRIC_SAME;
    c->metrics[c->n_metrics++] = m;
}

static int by_size(const void *left, const void *right)
{
    const metric_pair *x = left, *y = right;
    if (x->relative != y->relative)
        return x->relative > y->relative ? -1 : 1;
    return strcmp(x->name, y->name);
}

void compare_metrics(comparison *c, arena *memory)
{
    int n_a, n_b;
    const record_metric *a = record_headlines(&n_a, c->a, memory);
    const record_metric *b = record_headlines(&n_b, c->b, memory);
    c->metrics = arena_push(memory, (size_t)n_a + (size_t)n_b + 1, sizeof *c->metrics);
    for (int i = 0; i < n_a; i++)
        add_pair(c, pair_of(c, &a[i], find_metric(b, n_b, a[i].name)));
    for (int i = 0; i < n_b; i++)
        if (!find_metric(a, n_a, b[i].name))
            add_pair(c, pair_of(c, NULL, &b[i]));
    qsort(c->metrics, (size_t)c->n_metrics, sizeof *c->metrics, by_size);
}
