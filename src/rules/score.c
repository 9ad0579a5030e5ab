/* Agreement token by token, with intervals from resampled documents. */
#include "rules/score.h"
#include "base/memory.h"
#include "base/rng.h"
#include "base/sort.h"
#include "rules/pair_sums.h"
#include "rules/score_windows.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { AT_LEVEL, ANY, THRESHOLDS };
/* The measures that get intervals, for each threshold; then Pearson. */
enum { PRECISION, RECALL, F1, BALANCED, AUPRC, PER_THRESHOLD };
enum { PEARSON = THRESHOLDS * PER_THRESHOLD, MEASURES };

/* A position where something is predicted or active; all others are alike. */
typedef struct event {
    float prediction;
    uint32_t at;      /* in the part: breaks ties */
    int32_t document; /* in the part */
    bool active[THRESHOLDS];
} event;

typedef struct document_sums {
    double tp[THRESHOLDS], fp[THRESHOLDS], fn[THRESHOLDS];
    pair_sums pairs; /* prediction and activation, of all its positions */
} document_sums;

typedef struct tally {
    const rule_text *t;
    int n_documents, n_events;
    event *events; /* by falling prediction */
    document_sums *sums;
    int *draws; /* how often each document is drawn */
} tally;

static int by_falling_prediction(const void *a, const void *b)
{
    const event *x = a, *y = b;
    if (x->prediction != y->prediction)
        return x->prediction < y->prediction ? 1 : -1;
    return (x->at > y->at) - (x->at < y->at);
}

static void add_event(tally *l, event e, double value)
{
    l->events[l->n_events++] = e;
    document_sums *d = &l->sums[e.document];
    double x = (double)e.prediction;
    for (int k = 0; k < THRESHOLDS; k++) {
        d->tp[k] += e.active[k] && x > 0;
        d->fp[k] += !e.active[k] && x > 0;
        d->fn[k] += e.active[k] && !(x > 0);
    }
    pair_sums_add(&d->pairs, x, value, 1);
}

static void take_events(tally *l, const rule_target *target, const float *prediction_N)
{
    const rule_text *t = l->t;
    size_t n = rule_part_size(t, RULE_REPORT), start = t->first[RULE_REPORT];
    size_t next = target->first[RULE_REPORT], end = target->first[RULE_PARTS], room = end - next;
    for (size_t i = 0; i < n; i++)
        room += prediction_N[i] > 0;
    l->events = mem_small(room, sizeof *l->events);
    for (size_t i = 0; i < n; i++) {
        int document = t->document_N[start + i] - t->first_document[RULE_REPORT];
        float value = 0;
        if (next < end && target->firings[next].at == start + i)
            value = target->firings[next++].value;
        if (value > 0 || prediction_N[i] > 0)
            add_event(l,
                      (event){.prediction = prediction_N[i],
                              .at = (uint32_t)i,
                              .document = document,
                              .active = {value >= target->level, value > 0}},
                      (double)value);
        else
            l->sums[document].pairs.n++;
    }
    qsort(l->events, (size_t)l->n_events, sizeof *l->events, by_falling_prediction);
}

static double ratio(double part, double whole)
{
    return whole > 0 ? part / whole : (double)NAN;
}

/* Positions that are no event predict 0 and belong to the last step. */
static double average_precision(const tally *l, int threshold, double n_all, double n_active)
{
    double tp = 0, n = 0, sum = 0;
    for (int i = 0; i < l->n_events;) {
        float value = l->events[i].prediction;
        if (!(value > 0))
            break;
        double before = tp;
        for (; i < l->n_events && l->events[i].prediction == value; i++) {
            int drawn = l->draws[l->events[i].document];
            tp += l->events[i].active[threshold] ? drawn : 0;
            n += drawn;
        }
        if (n > 0)
            sum += (tp - before) * (tp / n);
    }
    sum += n_all > 0 ? (n_active - tp) * (n_active / n_all) : 0;
    return ratio(sum, n_active);
}

static document_sums add_up(const tally *l)
{
    document_sums all = {0};
    for (int i = 0; i < l->n_documents; i++) {
        const document_sums *d = &l->sums[i];
        double drawn = l->draws[i];
        for (int k = 0; k < THRESHOLDS; k++) {
            all.tp[k] += drawn * d->tp[k];
            all.fp[k] += drawn * d->fp[k];
            all.fn[k] += drawn * d->fn[k];
        }
        pair_sums_join(&all.pairs, &d->pairs, drawn);
    }
    return all;
}

static void measure(double *values, const tally *l)
{
    document_sums s = add_up(l);
    for (int k = 0; k < THRESHOLDS; k++) {
        double tp = s.tp[k], fp = s.fp[k], fn = s.fn[k], tn = s.pairs.n - tp - fp - fn;
        double *v = values + k * PER_THRESHOLD;
        v[PRECISION] = ratio(tp, tp + fp);
        v[RECALL] = ratio(tp, tp + fn);
        v[F1] = ratio(2 * tp, 2 * tp + fp + fn);
        v[BALANCED] = (ratio(tp, tp + fn) + ratio(tn, tn + fp)) / 2;
        v[AUPRC] = average_precision(l, k, s.pairs.n, tp + fn);
    }
    values[PEARSON] = pair_sums_pearson(&s.pairs);
}

/* ---- intervals --------------------------------------------------------------------------------
 */

/* Between the two nearest of n sorted values (Hyndman and Fan 1996, type 7). */
static double quantile(const double *sorted, int n, double q)
{
    double place = q * (n - 1);
    int below = (int)place;
    double above = below + 1 < n ? sorted[below + 1] : sorted[below];
    return sorted[below] + (place - below) * (above - sorted[below]);
}

static rule_estimate estimate(double value, double *drawn, int n)
{
    int defined = 0;
    for (int i = 0; i < n; i++)
        if (!isnan(drawn[i]))
            drawn[defined++] = drawn[i];
    if (!n || 2 * defined < n)
        return (rule_estimate){value, (double)NAN, (double)NAN};
    sort_doubles(drawn, (size_t)defined);
    return (rule_estimate){value, quantile(drawn, defined, 0.025), quantile(drawn, defined, 0.975)};
}

static void resample(double *drawn_MR, tally *l, const rule_score_options *o)
{
    double values[MEASURES];
    rng stream = rng_stream(o->seed, "resampled documents");
    for (int i = 0; i < o->resamples; i++) {
        rng r = rng_split(&stream, (uint64_t)i);
        memset(l->draws, 0, (size_t)l->n_documents * sizeof *l->draws);
        for (int d = 0; d < l->n_documents; d++)
            l->draws[rng_below(&r, (uint32_t)l->n_documents)]++;
        measure(values, l);
        for (int m = 0; m < MEASURES; m++)
            ROW(drawn_MR, m, o->resamples)[i] = values[m];
    }
}

static rule_agreement agreement(const tally *l, int threshold, const rule_estimate *estimates)
{
    document_sums s = add_up(l);
    const rule_estimate *e = estimates + threshold * PER_THRESHOLD;
    double tp = s.tp[threshold], fp = s.fp[threshold], fn = s.fn[threshold];
    return (rule_agreement){.tp = (int64_t)tp,
                            .fp = (int64_t)fp,
                            .fn = (int64_t)fn,
                            .tn = (int64_t)(s.pairs.n - tp - fp - fn),
                            .precision = e[PRECISION],
                            .recall = e[RECALL],
                            .f1 = e[F1],
                            .balanced_accuracy = e[BALANCED],
                            .auprc = e[AUPRC]};
}

static void every_document_once(tally *l)
{
    for (int d = 0; d < l->n_documents; d++)
        l->draws[d] = 1;
}

void rule_score_prediction(rule_score *out, const rule_text *t, const rule_target *target,
                           const float *prediction_N, const rule_score_options *o)
{
    tally l = {.t = t,
               .n_documents = t->first_document[RULE_PARTS] - t->first_document[RULE_REPORT]};
    l.sums = mem_small((size_t)l.n_documents, sizeof *l.sums);
    l.draws = mem_small((size_t)l.n_documents, sizeof *l.draws);
    take_events(&l, target, prediction_N);
    double values[MEASURES];
    rule_estimate estimates[MEASURES];
    double *drawn_MR = mem_small((size_t)MEASURES * (size_t)o->resamples, sizeof *drawn_MR);
    every_document_once(&l);
    measure(values, &l);
    if (l.n_documents)
        resample(drawn_MR, &l, o);
    for (int m = 0; m < MEASURES; m++)
        estimates[m] =
            estimate(values[m], ROW(drawn_MR, m, o->resamples), l.n_documents ? o->resamples : 0);
    every_document_once(&l);
    *out = (rule_score){.at_level = agreement(&l, AT_LEVEL, estimates),
                        .any = agreement(&l, ANY, estimates),
                        .pearson = estimates[PEARSON]};
    rule_score_windows(out, t, target, prediction_N, o->seed);
    mem_free(drawn_MR);
    mem_free(l.events);
    mem_free(l.sums);
    mem_free(l.draws);
}
