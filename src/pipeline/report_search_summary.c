/* The search over all targets: quantiles of the ratios, and the same by kind of feature. */
#include "base/memory.h"
#include "base/sort.h"
#include "pipeline/report_search.h"
#include "results/schema.h"
#include <math.h>
#include <string.h>

static double member(const record_target *t, size_t offset)
{
    return *(const double *)(const void *)((const char *)&t->search.chain + offset);
}

/* ---- parts ---- */

typedef bool in_part(const record *r, const record_target *t, const void *context);

static bool any(const record *r, const record_target *t, const void *context)
{
    (void)r;
    (void)t;
    (void)context;
    return true;
}

typedef struct density_part {
    const char *name;
    double low, high; /* low included */
} density_part;

static bool has_density(const record *r, const record_target *t, const void *context)
{
    const density_part *p = context;
    double density = record_find_feature(r, t->id)->density;
    return density >= p->low && density < p->high;
}

static bool has_kind(const record *r, const record_target *t, const void *context)
{
    (void)r;
    return t->search.kind && !strcmp(t->search.kind, context);
}

/* The finite ratios of a part's targets, ascending; *n of them, in the study's arena. */
static double *ratios_of(int *n, const record *r, study *s, size_t offset, in_part *in,
                         const void *context)
{
    double *list = arena_push(&s->memory, (size_t)r->n_targets + 1, sizeof *list);
    *n = 0;
    for (int i = 0; i < r->n_targets; i++) {
        const record_target *t = &r->targets[i];
        if (record_has_search(t) && in(r, t, context) && isfinite(member(t, offset)))
            list[(*n)++] = member(t, offset);
    }
    sort_doubles(list, (size_t)*n);
    return list;
}

static double median(const double *rising, int n)
{
    return n ? (rising[(n - 1) / 2] + rising[n / 2]) / 2 : (double)NAN;
}

static double share_above(const double *rising, int n, double least, bool strictly)
{
    int count = 0;
    for (int i = 0; i < n; i++)
        count += strictly ? rising[i] > least : rising[i] >= least;
    return n ? (double)count / n : (double)NAN;
}

/* ---- the summary ---- */

static void fill_ratios(record *r, study *s)
{
    r->search.ratios = arena_push(&s->memory, (size_t)SCHEMA_CHAIN.n_fields, sizeof(record_ratio));
    for (int i = 0; i < SCHEMA_CHAIN.n_fields; i++) {
        const field *f = &SCHEMA_CHAIN.fields[i];
        int n;
        const double *list = ratios_of(&n, r, s, f->offset, any, NULL);
        r->search.ratios[r->search.n_ratios++] =
            (record_ratio){.name = f->name,
                           .n = n,
                           .median = median(list, n),
                           .p10 = n ? list[n / 10] : (double)NAN,
                           .above_08 = share_above(list, n, 0.8, false),
                           .above_1 = share_above(list, n, 1, true)};
    }
}

static void add_stratum(record *r, study *s, const char *group, const char *name, in_part *in,
                        const void *context)
{
    int n = 0, n_warm, n_cold, n_fluent;
    for (int i = 0; i < r->n_targets; i++)
        n += record_has_search(&r->targets[i]) && in(r, &r->targets[i], context);
    if (!n)
        return;
    const double *warm = ratios_of(&n_warm, r, s, offsetof(record_chain, warm), in, context),
                 *cold = ratios_of(&n_cold, r, s, offsetof(record_chain, cold), in, context),
                 *fluent = ratios_of(&n_fluent, r, s, offsetof(record_chain, fluent), in, context);
    r->search.strata[r->search.n_strata++] =
        (record_stratum){.group = group,
                         .name = name,
                         .n = n,
                         .warm = median(warm, n_warm),
                         .cold = median(cold, n_cold),
                         .fluent = median(fluent, n_fluent),
                         .above_1 = share_above(warm, n_warm, 1, true)};
}

static void fill_strata(record *r, study *s)
{
    static const density_part parts[] = {{"never active", 0, 1e-300},
                                         {"below 0.01%", 1e-300, 1e-4},
                                         {"0.01% to 0.1%", 1e-4, 1e-3},
                                         {"0.1% to 1%", 1e-3, 1e-2},
                                         {"1% and above", 1e-2, 2}};
    static const char *const kinds[] = {"single token", "context"};
    r->search.strata =
        arena_push(&s->memory, COUNT_OF(parts) + COUNT_OF(kinds), sizeof *r->search.strata);
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        add_stratum(r, s, "density", parts[i].name, has_density, &parts[i]);
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        add_stratum(r, s, "kind", kinds[i], has_kind, kinds[i]);
}

void report_search_summary(record *r, study *s)
{
    int dead = 0;
    r->search = (record_search_summary){.effort = study_search_name(s),
                                        .length = s->config->optimise.sequence_length,
                                        .cross_entropy_mean = s->loss_mean,
                                        .cross_entropy_limit = s->loss_limit,
                                        .tflop_planned = s->flops_planned / 1e12};
    for (int i = 0; i < r->n_targets; i++) {
        const record_search *x = &r->targets[i].search;
        r->search.tflop += x->tflop;
        r->search.n_starts += x->n_restarts;
        for (int k = 0; k < x->n_restarts; k++)
            dead += x->restarts[k].dead;
    }
    r->search.dead_starts = r->search.n_starts ? (double)dead / r->search.n_starts : (double)NAN;
    fill_ratios(r, s);
    fill_strata(r, s);
}
