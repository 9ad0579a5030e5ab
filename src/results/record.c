/* Names, lookups and the headline figures of a record. */
#include "results/record.h"
#include "base/sort.h"
#include "base/str.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

record_bytes record_take_bytes(str *s, arena *a)
{
    int n = (int)s->len;
    return (record_bytes){.bytes = str_into(s, a), .n = n};
}

const char *record_feature_name(char name[RECORD_NAME], int layer, int id)
{
    snprintf(name, RECORD_NAME, "L%02d-%05d", layer, id);
    return name;
}

const char *record_feature_label(arena *a, const record_feature *f)
{
    return f->name && *f->name ? arena_printf(a, "%d: %s", f->id, f->name)
                               : arena_printf(a, "%d", f->id);
}

const char *record_cluster_name(char name[RECORD_NAME], int layer, int label)
{
    snprintf(name, RECORD_NAME, "c-L%02d-%05d", layer, label);
    return name;
}

const record_feature *record_find_feature(const record *r, int id)
{
    return id >= 0 && id < r->n_features ? &r->features[id] : NULL;
}

const record_cluster *record_find_cluster(const record *r, int label)
{
    for (int i = 0; i < r->n_clusters; i++)
        if (r->clusters[i].label == label)
            return &r->clusters[i];
    return NULL;
}

record_state record_state_of(const record_feature *f, const record_target *t)
{
    const record_quantiles *q = &t->quantiles;
    if (f->n_active <= 0)
        return RECORD_DEAD;
    if (q->n > 1 && q->least == q->most)
        return RECORD_CONSTANT;
    if (f->density > RECORD_DENSE)
        return RECORD_IS_DENSE;
    return q->n_prompts < RECORD_ENOUGH_PROMPTS ? RECORD_UNDER_SAMPLED : RECORD_USUAL;
}

bool record_has_search(const record_target *t)
{
    return t->search.effort && *t->search.effort;
}

bool record_was_searched(const record *r)
{
    return r->search.effort && *r->search.effort;
}

bool record_any_cold(const record *r)
{
    for (int i = 0; i < r->n_targets; i++)
        if (record_has_search(&r->targets[i]) && isfinite(r->targets[i].search.chain.cold))
            return true;
    return false;
}

bool record_has_effects(const record_target *t)
{
    return t->effects.hook && *t->effects.hook;
}

bool record_has_runs(const record_target *t)
{
    return record_has_effects(t) && t->effects.n_changes > 0 && t->effects.n_active > 0;
}

const record_change *record_find_change(const record_effects *x, const char *name)
{
    for (int i = 0; i < x->n_changes; i++)
        if (x->changes[i].name && !strcmp(x->changes[i].name, name))
            return &x->changes[i];
    return NULL;
}

const record_sequence *record_find_sequence(const record_search *s, const char *kind)
{
    for (int i = 0; i < s->n_sequences; i++)
        if (s->sequences[i].kind && !strcmp(s->sequences[i].kind, kind))
            return &s->sequences[i];
    return NULL;
}

bool record_has_rule(const record_target *t)
{
    return t->rule.kind && *t->rule.kind;
}

bool record_has_rule_score(const record_target *t)
{
    return record_has_rule(t) && t->rule.n_scores > 0;
}

double record_rule_f1(const record_target *t)
{
    return record_has_rule_score(t) ? t->rule.scores[0].f1.value : (double)NAN;
}

const record_score *record_find_score(const record_rule *rule, const char *of, const char *active)
{
    for (int i = 0; i < rule->n_scores; i++)
        if (!strcmp(rule->scores[i].of, of) && !strcmp(rule->scores[i].active, active))
            return &rule->scores[i];
    return NULL;
}

/* ---- headline figures ---- */

/* As the files keep it, so that a median is the same before and after. */
static double as_written(double x)
{
    char text[NUMBER_TEXT];
    return isfinite(x) ? strtod(number_text(text, x), NULL) : x;
}

double record_explained_mass(const record *r, double least_f1)
{
    double all = 0, explained = 0;
    for (int i = 0; i < r->n_targets; i++) {
        const record_feature *f = record_find_feature(r, r->targets[i].id);
        if (!f || !record_has_rule_score(&r->targets[i]))
            continue;
        double mass = as_written(f->mean_active) * (double)f->n_active;
        all += mass;
        explained += as_written(record_rule_f1(&r->targets[i])) >= least_f1 ? mass : 0;
    }
    return all > 0 ? explained / all : (double)NAN;
}

/* Of the finite ones, as written; NaN without any. The values are put in order. */
static double median_of(double *values, int n)
{
    int kept = 0;
    for (int i = 0; i < n; i++)
        if (isfinite(values[i]))
            values[kept++] = as_written(values[i]);
    sort_doubles(values, (size_t)kept);
    return kept ? (values[(kept - 1) / 2] + values[kept / 2]) / 2 : (double)NAN;
}

static double median_rule_f1(const record *r, arena *a)
{
    double *values = arena_push(a, (size_t)r->n_targets + 1, sizeof *values);
    for (int i = 0; i < r->n_targets; i++)
        values[i] = record_rule_f1(&r->targets[i]);
    return median_of(values, r->n_targets);
}

static bool has_optimum(const record_target *t)
{
    return t->optimum.n_positions > 0;
}

/* Median of the finite values of one member over the targets that have its part; NaN when there are
 * none. */
static double median_over_targets(const record *r, bool (*has)(const record_target *),
                                  size_t offset, arena *a)
{
    double *values = arena_push(a, (size_t)r->n_targets + 1, sizeof *values);
    int n = 0;
    for (int i = 0; i < r->n_targets; i++)
        if (has(&r->targets[i]))
            values[n++] = *(const double *)(const void *)((const char *)&r->targets[i] + offset);
    return median_of(values, n);
}

/* Of both lists of the logit table, the share that moved as promised when doubled. */
static double agreement_of(const record_target *t)
{
    const record_change *c = record_find_change(&t->effects, "doubled");
    int n = c ? c->n_raised + c->n_lowered : 0;
    return n ? (double)(c->raised_right + c->lowered_right) / n : (double)NAN;
}

static double mean_agreement(const record *r)
{
    double sum = 0;
    int n = 0;
    for (int i = 0; i < r->n_targets; i++) {
        double agreement =
            record_has_runs(&r->targets[i]) ? agreement_of(&r->targets[i]) : (double)NAN;
        sum += isfinite(agreement) ? agreement : 0;
        n += isfinite(agreement) != 0;
    }
    return n ? sum / n : (double)NAN;
}

static int count_features(const record *r, bool alive)
{
    int n = 0;
    for (int i = 0; i < r->n_features; i++)
        n += alive ? r->features[i].n_active > 0
                   : !r->features[i].dropped_by || !*r->features[i].dropped_by;
    return n;
}

static double concepts_found(const record *r)
{
    int n = 0;
    for (int i = 0; i < r->n_concepts; i++)
        n += r->concepts[i].f1 >= 0.9;
    return r->n_concepts ? (double)n / r->n_concepts : (double)NAN;
}

#define MEDIAN(has, member) median_over_targets(r, has, offsetof(record_target, member), a)

record_metric *record_headlines(int *n, const record *r, arena *a)
{
    const record_sae_quality *q = &r->sae_quality;
    bool looked = q->n_tokens > 0;
    record_metric list[] = {
        {"prompts", r->run.data.n_prompts, "", "", (double)NAN, ""},
        {"tokens", (double)r->run.data.n_tokens, "tokens", "", (double)NAN, ""},
        {"features", r->n_features, "features", "", (double)NAN, ""},
        {"active_features", count_features(r, true), "features", "higher", (double)NAN, ""},
        {"kept_features", count_features(r, false), "features", "", (double)NAN, ""},
        {"clusters", r->quality.n_clusters, "clusters", "", (double)NAN, ""},
        {"noise_share", r->quality.noise_share, "share", "lower", (double)NAN, ""},
        {"silhouette", r->quality.silhouette, "", "higher", (double)NAN, ""},
        {"trustworthiness", r->quality.trustworthiness, "share", "higher", (double)NAN, ""},
        {"neighbour_overlap", r->quality.neighbour_overlap, "share", "higher", (double)NAN, ""},
        {"targets", r->n_targets, "features", "", (double)NAN, ""},
        {"median_rule_f1", median_rule_f1(r, a), "", "higher", (double)NAN, ""},
        {"mass_explained_at_05", record_explained_mass(r, 0.5), "share", "higher", (double)NAN, ""},
        {"mass_explained_at_08", record_explained_mass(r, 0.8), "share", "higher", (double)NAN, ""},
        {"median_warm_ratio", MEDIAN(record_has_search, search.chain.warm), "ratio", "higher",
         (double)NAN, ""},
        {"median_cold_ratio", MEDIAN(record_has_search, search.chain.cold), "ratio", "higher",
         (double)NAN, ""},
        {"median_fluent_ratio", MEDIAN(record_has_search, search.chain.fluent), "ratio", "higher",
         (double)NAN, ""},
        {"median_data_ratio", MEDIAN(has_optimum, optimum.data_ratio), "ratio", "higher",
         (double)NAN, ""},
        {"median_snapped_ratio", MEDIAN(has_optimum, optimum.snapped_ratio), "ratio", "higher",
         (double)NAN, ""},
        {"median_specificity", MEDIAN(has_optimum, optimum.specificity), "", "higher", (double)NAN,
         ""},
        {"sae_l0", looked ? q->l0 : (double)NAN, "features", "lower", (double)NAN, ""},
        {"sae_dead", looked ? q->n_dead : (double)NAN, "features", "lower", (double)NAN, ""},
        {"sae_dense", looked ? q->n_dense : (double)NAN, "features", "lower", (double)NAN, ""},
        {"sae_explained_variance", looked ? q->explained_variance : (double)NAN, "share", "higher",
         (double)NAN, ""},
        {"sae_loss_recovered", looked ? q->loss_recovered : (double)NAN, "share", "higher",
         (double)NAN, ""},
        {"mean_effect_agreement", mean_agreement(r), "share", "higher", (double)NAN, ""},
        {"concepts_found", concepts_found(r), "share", "higher", (double)NAN, ""},
    };
    int fixed = (int)(sizeof list / sizeof *list);
    *n = fixed + r->n_evaluation;
    record_metric *out = arena_push(a, (size_t)*n, sizeof *out);
    for (int i = 0; i < *n; i++)
        out[i] = i < fixed ? list[i] : r->evaluation[i - fixed];
    for (int i = fixed; i < *n; i++) { /* names are keys; the fixed ones must stay unique */
        out[i].name = arena_printf(a, "evaluation.%s", out[i].name ? out[i].name : "");
        out[i].unit = out[i].unit ? out[i].unit : "";
        out[i].better = out[i].better ? out[i].better : "";
    }
    return out;
}
