/* What the formats divide by, compare and list must be numbers: a null there breaks their readers.
 */
#include "export/check.h"
#include <math.h>

static err_code check_numbers(const double *values, int n, const char *report, int id,
                              const char *key, err *e)
{
    for (int i = 0; i < n; i++)
        if (!isfinite(values[i]))
            return err_set(e, E_NUMERIC, "%s: target %d: %s[%d] is not a number", report, id, key,
                           i);
    return OK;
}

static err_code check_contexts(const record_context *list, int n, const char *report, int id,
                               const char *key, err *e)
{
    err_code rc = OK;
    for (int i = 0; i < n && !rc; i++)
        rc = check_numbers(list[i].activations, list[i].n_tokens, report, id, key, e);
    return rc;
}

static err_code check_histogram(const record_histogram *h, const char *report, int id,
                                const char *key, err *e)
{
    err_code rc = check_numbers(h->edges, h->n_edges, report, id, key, e);
    return rc ? rc : check_numbers(h->counts, h->n_counts, report, id, key, e);
}

static err_code check_target(const record *r, const record_target *t, const char *report, err *e)
{
    const record_feature *f = record_find_feature(r, t->id);
    const double facts[] = {f->density, f->max};
    err_code rc = check_numbers(facts, 2, report, t->id, "density, max", e);
    if (!rc)
        rc = check_histogram(&t->histogram, report, t->id, "histogram", e);
    if (!rc)
        rc = check_histogram(&t->effects.logits, report, t->id, "effects.logits", e);
    for (int i = 0; i < t->effects.n_tokens && !rc; i++)
        rc = check_numbers(&t->effects.tokens[i].value, 1, report, t->id, "effects.tokens", e);
    if (!rc)
        rc = check_contexts(t->top, t->n_top, report, t->id, "top", e);
    for (int i = 0; i < t->n_intervals && !rc; i++)
        rc = check_contexts(t->intervals[i].contexts, t->intervals[i].n_contexts, report, t->id,
                            "intervals", e);
    for (int i = 0; i < t->rule.n_windows && !rc; i++)
        rc = check_numbers(t->rule.windows[i].activations, t->rule.windows[i].n_tokens, report,
                           t->id, "rule.windows", e);
    return rc;
}

err_code export_check(const record *r, const char *report, err *e)
{
    if (r->run.data.n_tokens <= 0)
        return err_set(e, E_SHAPE, "%s: run.json: data.n_tokens is %lld; shares need tokens",
                       report, (long long)r->run.data.n_tokens);
    err_code rc = OK;
    for (int i = 0; i < r->n_targets && !rc; i++)
        rc = check_target(r, &r->targets[i], report, e);
    return rc;
}
