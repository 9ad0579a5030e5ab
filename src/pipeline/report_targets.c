/* The record's heart: every target feature from the side of the data and from the inverse side. */
#include "base/memory.h"
#include "pipeline/report.h"
#include <math.h>
#include <string.h>

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
    if (s->written && s->written[target])
        report_written(&t->explanations[t->n_explanations++], s, s->written[target]);
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

static void fill_decoder(record_target *t, study *s)
{
    int D = sae_describe(s->sae)->d_out;
    float *row = arena_push(&s->memory, (size_t)D, sizeof *row);
    t->n_decoder = D;
    t->decoder = arena_push(&s->memory, (size_t)D, sizeof *t->decoder);
    sae_decoder_row(row, s->sae, t->id);
    for (int i = 0; i < D; i++)
        t->decoder[i] = (double)row[i];
}

void report_targets(record *r, study *s)
{
    const float *thresholds = sae_thresholds(s->sae);
    text_index index;
    text_index_make(&index, &s->prompts, s->tokenizer, s->tokens->V);
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
        fill_decoder(t, s);
        report_activity(t, s, i, &index);
        fill_optimum(t, s, i);
        if (s->explained)
            fill_explanations(t, s, i);
    }
    text_index_release(&index);
}
