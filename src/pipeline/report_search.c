/* From what the search for real tokens found to the targets of the record. */
#include "pipeline/report_search.h"
#include "base/memory.h"
#include "base/sort.h"
#include "data/token_list.h"
#include "pipeline/report.h"
#include "pipeline/sequences.h"
#include <math.h>

/* A feature of one token: that token alone reaches this share of the data's maximum. */
static const double SINGLE_ENOUGH = 0.5;
/* Restarts count as equally good, and as good enough to be a mode, down to these shares of the
 * best; sequences with less than this share of their n-grams in common are different modes. */
static const double NEAR_BEST = 0.95, GOOD_ENOUGH = 0.8, ALIKE = 0.3;

static const char *provenance(start_kind start)
{
    static const char *const names[START_KINDS] = {[START_WINDOW] = "data window",
                                                   [START_BEAM] = "beam",
                                                   [START_RELAXED] = "relaxed",
                                                   [START_RANDOM] = "random"};
    return names[start];
}

static double ratio_of(const search_point *p, double unit)
{
    return p->tokens ? (double)p->z / unit : (double)NAN;
}

/* ---- sequences ---- */

static err_code reads_back(bool *same, study *s, record_bytes text, const search_point *p, err *e)
{
    token_list list = {0};
    err_code rc = tokenizer_encode(&list, s->tokenizer, text.bytes, (size_t)text.n, e);
    *same = !rc && list.n == (size_t)p->length;
    for (int i = 0; *same && i < p->length; i++)
        *same = list.ids[i] == p->tokens[i];
    token_list_release(&list);
    return rc;
}

static void fill_pieces(record_sequence *out, study *s, const sequence *q)
{
    size_t n = (size_t)q->point.length;
    double **series[] = {&out->activations, &out->lost_most, &out->lost_least};
    out->n_tokens = q->point.length;
    out->tokens = arena_push(&s->memory, n, sizeof *out->tokens);
    out->ids = arena_push(&s->memory, n, sizeof *out->ids);
    for (size_t k = 0; k < COUNT_OF(series); k++)
        *series[k] = arena_push(&s->memory, n, sizeof(double));
    for (size_t i = 0; i < n; i++) {
        out->tokens[i] = report_token(s, q->point.tokens[i]);
        out->ids[i] = q->point.tokens[i];
        out->activations[i] = (double)q->activation_L[i];
        out->lost_most[i] = q->lost_most_L[i];
        out->lost_least[i] = q->lost_least_L[i];
    }
}

static err_code sequence_of(record_sequence *out, study *s, const sequence *q, double unit, err *e)
{
    const search_point *p = &q->point;
    *out = (record_sequence){.kind = q->kind,
                             .provenance = q->sought ? provenance(p->start) : "",
                             .text = report_text(s, p->tokens, p->length),
                             .pre_activation = (double)p->z,
                             .activation = (double)p->activation,
                             .ratio = ratio_of(p, unit),
                             .rule_fires = q->rule_fires,
                             .cross_entropy = p->cross_entropy,
                             .unlike_data = p->cross_entropy > s->loss_limit,
                             .n_contexts = q->n_contexts,
                             .kept_mean = q->kept_mean,
                             .kept_least = q->kept_least};
    fill_pieces(out, s, q);
    return reads_back(&out->retokenizes, s, out->text, p, e);
}

static err_code fill_sequences(record_search *out, study *s, const target_sequences *found, err *e)
{
    err_code rc = OK;
    out->sequences = arena_push(&s->memory, (size_t)found->n + 1, sizeof *out->sequences);
    for (int k = 0; k < found->n && !rc; k++)
        rc = sequence_of(&out->sequences[out->n_sequences++], s, &found->items[k], out->unit, e);
    return rc;
}

static void fill_front(record_search *out, study *s, const search_job *job)
{
    out->n_front = job->n_front;
    out->front = arena_push(&s->memory, (size_t)job->n_front + 1, sizeof *out->front);
    for (int i = 0; i < job->n_front; i++) {
        const search_point *p = &job->front[i];
        out->front[i] = (record_front_point){.ratio = ratio_of(p, out->unit),
                                             .cross_entropy = p->cross_entropy,
                                             .provenance = provenance(p->start),
                                             .text = report_text(s, p->tokens, p->length)};
    }
    out->hypervolume = job->hypervolume;
}

/* ---- restarts ---- */

/* Its tokens and pairs of neighbours, ascending, each once. Owner: caller, mem_free. */
static double *n_grams(int *n, const search_point *p)
{
    const double step = 4294967296.0; /* above every id: pairs and tokens never meet */
    double *grams = mem_small(2 * (size_t)p->length + 1, sizeof *grams);
    int all = 0, kept = 0;
    for (int i = 0; i < p->length; i++) {
        grams[all++] = p->tokens[i];
        if (i)
            grams[all++] = (p->tokens[i - 1] + 1.0) * step + p->tokens[i];
    }
    sort_doubles(grams, (size_t)all);
    for (int i = 0; i < all; i++)
        if (!kept || grams[i] > grams[kept - 1])
            grams[kept++] = grams[i];
    *n = kept;
    return grams;
}

/* Common n-grams over all n-grams of both (Jaccard). */
static double likeness(const search_point *p, const search_point *q)
{
    int n, m, common = 0;
    double *x = n_grams(&n, p), *y = n_grams(&m, q);
    for (int i = 0, k = 0; i < n && k < m;) {
        common += x[i] == y[k];
        double at = fmin(x[i], y[k]);
        i += x[i] == at;
        k += y[k] == at;
    }
    mem_free(x);
    mem_free(y);
    return n + m > common ? (double)common / (n + m - common) : 1;
}

/* Good restarts that are like no mode before them are modes; in the order of the restarts. */
static int count_modes(study *s, const search_job *job, double unit, double best)
{
    const search_point **modes = arena_push(&s->memory, (size_t)job->n_restarts + 1, sizeof *modes);
    int n = 0;
    for (int i = 0; i < job->n_restarts; i++) {
        const search_point *p = &job->restarts[i].best;
        bool alike = !(ratio_of(p, unit) >= GOOD_ENOUGH * best);
        for (int k = 0; k < n && !alike; k++)
            alike = likeness(p, modes[k]) >= ALIKE;
        if (!alike)
            modes[n++] = p;
    }
    return n;
}

static void fill_spread(record_search *out, study *s, const search_job *job)
{
    double *ratios = arena_push(&s->memory, (size_t)job->n_restarts + 1, sizeof *ratios);
    int n = 0, near = 0;
    for (int i = 0; i < out->n_restarts; i++)
        if (isfinite(out->restarts[i].ratio))
            ratios[n++] = out->restarts[i].ratio;
    sort_doubles(ratios, (size_t)n);
    double best = n ? ratios[n - 1] : (double)NAN;
    bool positive = best > 0; /* shares of a best below zero mean nothing */
    for (int i = 0; i < n; i++)
        near += ratios[i] >= NEAR_BEST * best;
    double median = n ? (ratios[(n - 1) / 2] + ratios[n / 2]) / 2 : (double)NAN;
    out->restart_spread = positive ? (best - median) / best : (double)NAN;
    out->near_best = positive ? (double)near / n : (double)NAN;
    out->n_modes = positive ? count_modes(s, job, out->unit, best) : 0;
}

static void fill_restarts(record_search *out, study *s, const search_job *job)
{
    out->n_restarts = job->n_restarts;
    out->restarts = arena_push(&s->memory, (size_t)job->n_restarts + 1, sizeof *out->restarts);
    for (int i = 0; i < job->n_restarts; i++) {
        const search_restart *x = &job->restarts[i];
        out->restarts[i] = (record_search_restart){
            .index = i,
            .provenance = provenance(x->start),
            .first_ratio = (double)x->first_value / out->unit,
            .ratio = ratio_of(&x->best, out->unit),
            .dead = x->first_gradient == 0,
            .n_shaken = x->n_restarted,
            .text = report_text(s, x->best.tokens, x->best.tokens ? x->best.length : 0)};
    }
    fill_spread(out, s, job);
}

/* ---- the whole ---- */

static record_chain chain_of(const study *s, int target, double unit)
{
    const search_job *job = &s->searches[target];
    const sequence *projected = target_sequence(&s->sequences[target], "projected");
    int best = target * s->config->optimise.restarts + s->optima[target].best;
    return (record_chain){.data = isfinite(unit) ? 1 : (double)NAN,
                          .data_window = ratio_of(&job->window, unit),
                          .single_token = ratio_of(&job->single, unit),
                          .free = (double)s->jobs[best].objective / unit,
                          .projected = projected ? ratio_of(&projected->point, unit) : (double)NAN,
                          .relaxed = (double)job->relaxed / unit,
                          .cold = ratio_of(&job->cold, unit),
                          .warm = ratio_of(&job->warm, unit),
                          .fluent = ratio_of(&job->fluent, unit)};
}

static void fill_curve(record_search *out, study *s, const search_job *job)
{
    out->n_curve = job->n_curve;
    out->curve = arena_push(&s->memory, (size_t)job->n_curve + 1, sizeof *out->curve);
    for (int i = 0; i < job->n_curve; i++)
        out->curve[i] =
            (record_search_step){job->curve[i].iteration, (double)job->curve[i].cold / out->unit,
                                 (double)job->curve[i].warm / out->unit};
}

static err_code fill_search(record_search *out, study *s, int target, double unit, err *e)
{
    const search_job *job = &s->searches[target];
    record_chain chain = chain_of(s, target, unit);
    *out = (record_search){.effort = study_search_name(s),
                           .kind = !isfinite(chain.single_token)         ? ""
                                   : chain.single_token >= SINGLE_ENOUGH ? "single token"
                                                                         : "context",
                           .unit = unit,
                           .chain = chain,
                           .certified = job->certified,
                           .sweep_tokens = study_search_options(s).sweep_tokens,
                           .n_sweeps = job->n_sweeps,
                           .n_forwards = job->n_forwards,
                           .tflop = job->flops / 1e12};
    fill_front(out, s, job);
    fill_restarts(out, s, job);
    fill_curve(out, s, job);
    return fill_sequences(out, s, &s->sequences[target], e);
}

err_code report_search(record *r, study *s, err *e)
{
    err_code rc = OK;
    for (int i = 0; i < s->n_targets && !rc; i++) {
        double max = record_find_feature(r, r->targets[i].id)->max;
        rc = fill_search(&r->targets[i].search, s, i, max > 0 ? max : (double)NAN, e);
    }
    if (!rc)
        report_search_summary(r, s);
    return rc;
}
