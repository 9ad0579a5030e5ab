/* The record's heart: every target feature from the side of the data and from the inverse side. */
#include "base/memory.h"
#include "features/quantiles.h"
#include "pipeline/report.h"
#include <math.h>
#include <string.h>

enum { TARGET_TOKENS = 20, LEAST_OCCURRENCES = 3, HISTOGRAM_BINS = 40 };

/* ---- the data's side ----------------------------------------------------------------------------
 */

static void fill_quantiles(record_target *t, study *s, int target)
{
    activation_quantiles q = survey_quantiles(&s->surveyed, target);
    t->quantiles = (record_quantiles){.n = q.n,
                                      .n_prompts = q.n_prompts,
                                      .least = q.least,
                                      .p10 = q.p10,
                                      .median = q.median,
                                      .p90 = q.p90,
                                      .p99 = q.p99,
                                      .most = q.most};
}

static record_histogram empty_histogram(study *s, int bins)
{
    return (record_histogram){.edges = arena_push(&s->memory, (size_t)bins + 1, sizeof(double)),
                              .n_edges = bins + 1,
                              .counts = arena_push(&s->memory, (size_t)bins, sizeof(double)),
                              .n_counts = bins};
}

static void linear_histogram(record_target *t, study *s, int target)
{
    double max = s->collected.stats_F[t->id].max;
    if (!(max > 0))
        return;
    t->histogram = empty_histogram(s, HISTOGRAM_BINS);
    for (int i = 0; i <= HISTOGRAM_BINS; i++)
        t->histogram.edges[i] = max * i / HISTOGRAM_BINS;
    for (size_t i = 0; i < s->surveyed.n_active[target]; i++) {
        double share = (double)s->surveyed.active[target][i].value / max;
        int bin = (int)(share * HISTOGRAM_BINS);
        t->histogram.counts[bin < HISTOGRAM_BINS ? bin : HISTOGRAM_BINS - 1]++;
    }
}

/* The streamed bins between the first and the last that hold anything. */
static void log_histogram(record_target *t, study *s)
{
    const uint32_t *counts = s->collected.stats_F[t->id].histogram;
    int first = 0, last = STATS_BINS - 1;
    while (first < STATS_BINS && !counts[first])
        first++;
    while (last > first && !counts[last])
        last--;
    if (first == STATS_BINS)
        return;
    t->log_histogram = empty_histogram(s, last - first + 1);
    t->log_histogram.log_edges = true;
    for (int i = first; i <= last + 1; i++)
        t->log_histogram.edges[i - first] = stats_bin_edge(i);
    for (int i = first; i <= last; i++)
        t->log_histogram.counts[i - first] = counts[i];
}

static void fill_tokens(record_target *t, study *s, int target)
{
    token_stat *stats;
    int n = survey_tokens(&stats, &s->surveyed, target, &s->prompts, LEAST_OCCURRENCES, &s->memory);
    if (n == 0)
        n = survey_tokens(&stats, &s->surveyed, target, &s->prompts, 1, &s->memory);
    t->n_tokens = n < TARGET_TOKENS ? n : TARGET_TOKENS;
    t->tokens = arena_push(&s->memory, (size_t)t->n_tokens + 1, sizeof *t->tokens);
    for (int i = 0; i < t->n_tokens; i++)
        t->tokens[i] = (record_token_stat){.token = report_token(s, stats[i].token),
                                           .id = stats[i].token,
                                           .count = stats[i].n_active,
                                           .activation = stats[i].mean};
}

static record_context context_of(const feature_context *c, study *s)
{
    record_context out = {.prompt = c->prompt,
                          .start = c->start,
                          .peak = c->peak,
                          .decile = c->decile,
                          .n_tokens = c->n_tokens};
    out.tokens = arena_push(&s->memory, (size_t)c->n_tokens, sizeof *out.tokens);
    out.activations = arena_push(&s->memory, (size_t)c->n_tokens, sizeof *out.activations);
    for (int i = 0; i < c->n_tokens; i++) {
        out.tokens[i] = report_token(s, prompts_tokens(&s->prompts, c->prompt)[c->start + i]);
        out.activations[i] = (double)c->activations[i];
    }
    return out;
}

static void fill_contexts(record_target *t, study *s, int target)
{
    const run_config *c = s->config;
    context_options o = {.top = c->analyse.contexts_top,
                         .per_decile = c->analyse.contexts_per_decile,
                         .window = c->analyse.context_tokens,
                         .seed = (uint64_t)c->run.seed};
    feature_context *found;
    int n = survey_contexts(&found, &s->surveyed, target, &s->prompts, &o, &s->memory);
    record_context *all = arena_push(&s->memory, (size_t)n + 1, sizeof *all);
    for (int i = 0; i < n; i++) {
        all[i] = context_of(&found[i], s);
        if (found[i].decile)
            t->n_sampled++;
        else
            t->n_top++;
    }
    t->top = all;
    t->sampled = all + t->n_top;
}

/* ---- the inverse side
 * ---------------------------------------------------------------------------- */

static record_position position_of(const optimum_position *p, int k, study *s)
{
    record_position out = {.activation = (double)p->activation,
                           .pre_activation = (double)p->pre_activation,
                           .snapped = (double)p->snapped,
                           .neighbours = arena_push(&s->memory, (size_t)k, sizeof *out.neighbours),
                           .n_neighbours = k};
    for (int i = 0; i < k; i++)
        out.neighbours[i] = (record_neighbour){.token = report_token(s, p->nearest_k[i]),
                                               .id = p->nearest_k[i],
                                               .cosine = (double)p->cosine_k[i]};
    return out;
}

static record_restart restart_of(const optimise_job *job, int index, bool best, study *s)
{
    record_restart r = {.index = index,
                        .is_best = best,
                        .converged = job->converged,
                        .last_step = job->last_step,
                        .activation = (double)job->activation,
                        .pre_activation = (double)job->objective,
                        .n_steps = job->n_curve};
    double **series[] = {
        &r.step,      &r.loss,      &r.objective, &r.activation_curve, &r.nearest_distance,
        &r.diversity, &r.repetition};
    for (size_t i = 0; i < COUNT_OF(series); i++)
        *series[i] = arena_push(&s->memory, (size_t)job->n_curve + 1, sizeof(double));
    for (int i = 0; i < job->n_curve; i++) {
        const curve_point *p = &job->curve[i];
        r.step[i] = p->step;
        r.loss[i] = (double)p->loss;
        r.objective[i] = (double)p->objective;
        r.activation_curve[i] = (double)p->activation;
        r.nearest_distance[i] = (double)p->distance;
        r.diversity[i] = (double)p->diversity;
        r.repetition[i] = (double)p->repetition;
    }
    return r;
}

static void fill_optimum(record_target *t, study *s, int target)
{
    const optimum *o = &s->optima[target];
    int restarts = s->config->optimise.restarts;
    double max = s->collected.stats_F[t->id].max;
    t->optimum = (record_optimum){
        .activation = o->activation,
        .position = o->position,
        .mean = o->mean,
        .skewness = o->skewness,
        .specificity = o->specificity,
        .snapped_activation = o->snapped_activation,
        .data_ratio = max > 0 ? o->activation / max : (double)NAN,
        .snapped_ratio = max > 0 ? o->snapped_activation / max : (double)NAN,
        .restart_mean = o->restart_mean,
        .restart_deviation = o->restart_deviation,
        .restart_min = o->restart_min,
        .restart_max = o->restart_max,
        .restart_cosine = o->restart_cosine,
        .restart_token_overlap = o->restart_token_overlap,
        .positions = arena_push(&s->memory, (size_t)o->n_positions, sizeof(record_position)),
        .n_positions = o->n_positions,
        .restarts = arena_push(&s->memory, (size_t)restarts, sizeof(record_restart)),
        .n_restarts = restarts};
    for (int i = 0; i < o->n_positions; i++)
        t->optimum.positions[i] = position_of(&o->positions[i], o->k, s);
    for (int i = 0; i < restarts; i++)
        t->optimum.restarts[i] = restart_of(&s->jobs[target * restarts + i], i, i == o->best, s);
}

/* ---- explanations
 * --------------------------------------------------------------------------------- */

static void fill_explanations(record_target *t, study *s, int target)
{
    const target_explanations *made = &s->explained[target];
    t->n_explanations = made->n;
    t->explanations = arena_push(&s->memory, (size_t)made->n + 1, sizeof *t->explanations);
    for (int i = 0; i < made->n; i++) {
        const explanation *from = &made->items[i];
        bool prompt = from->method == EXPLAIN_PROMPT;
        record_explanation *to = &t->explanations[i];
        *to = (record_explanation){.method = prompt ? "prompt" : "template",
                                   .title = prompt ? "Optimised prompt behind a frozen prefix"
                                                   : "Sentence pattern over the top tokens",
                                   .text = report_text(s, from->tokens, from->length),
                                   .prefix = report_text(s, from->tokens, from->frozen),
                                   .activation = from->activation,
                                   .specificity = from->specificity,
                                   .length = from->length,
                                   .coherence = from->coherence};
        if (!prompt)
            continue;
        to->n_scores = 1;
        to->scores = arena_push(&s->memory, 1, sizeof *to->scores);
        to->scores[0] = (record_metric){
            .name = "activation before reading it as tokens",
            .value = from->free_activation,
            .unit = "",
            .better = "higher",
            .target = (double)NAN,
            .note =
                "What the optimised embeddings reached; the text above is their nearest tokens."};
    }
}

static const char *reason_by_hand(study *s, int feature)
{
    if (s->config->select.features[0])
        return "Named in select.features.";
    filter_reason dropped = s->filtered.reason_F[feature];
    if (dropped == FILTER_KEPT)
        return "Given in model.target, all of which are targets.";
    return arena_printf(&s->memory,
                        "Given in model.target, all of which are targets; the filter alone would "
                        "have dropped it (%s).",
                        filter_name(dropped));
}

static const char *reason_of(study *s, int feature)
{
    for (int i = 0; i < s->n_selected; i++) {
        const selected_feature *f = &s->selected[i];
        if (f->feature != feature)
            continue;
        if (f->rank == 0)
            return reason_by_hand(s, feature);
        return arena_printf(&s->memory,
                            "Chosen as number %d of its cluster by %s activation over prompts; the "
                            "cluster is number %d by its %s score.",
                            f->rank, s->config->select.feature_selection_method, f->cluster_rank,
                            s->config->select.scoring_method);
    }
    return "";
}

void report_targets(record *r, study *s)
{
    const float *thresholds = sae_thresholds(s->sae);
    r->n_targets = s->n_targets;
    r->targets = arena_push(&s->memory, (size_t)s->n_targets, sizeof *r->targets);
    for (int i = 0; i < s->n_targets; i++) {
        record_target *t = &r->targets[i];
        int id = s->targets[i];
        *t = (record_target){.id = id,
                             .reason = reason_of(s, id),
                             .cluster = r->features[id].cluster,
                             .threshold = (double)thresholds[id],
                             .concept_index = -1,
                             .concept_f1 = (double)NAN};
        for (int c = 0; c < r->n_concepts; c++)
            if (r->concepts[c].feature == id &&
                (t->concept_index < 0 || r->concepts[c].f1 > t->concept_f1)) {
                t->concept_index = c;
                t->concept_f1 = r->concepts[c].f1;
            }
        fill_quantiles(t, s, i);
        linear_histogram(t, s, i);
        log_histogram(t, s);
        fill_tokens(t, s, i);
        fill_contexts(t, s, i);
        fill_optimum(t, s, i);
        if (s->explained)
            fill_explanations(t, s, i);
    }
}
