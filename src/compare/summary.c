/* compare.json: one scalar a line, so that comparisons can be compared. */
#include "compare/summary.h"
#include "base/io.h"
#include "base/json.h"
#include "results/visible.h"
#include <math.h>
#include <string.h>

const char *target_figure_name(int which)
{
    static const char *const names[TARGET_FIGURES] = {"rule F1", "warm", "cold", "fluent",
                                                      "free vectors"};
    return names[which];
}

double target_figure(const record_target *t, int which)
{
    if (!t)
        return (double)NAN;
    bool searched = record_has_search(t);
    const double figures[TARGET_FIGURES] = {
        record_rule_f1(t), searched ? t->search.chain.warm : (double)NAN,
        searched ? t->search.chain.cold : (double)NAN,
        searched ? t->search.chain.fluent : (double)NAN,
        t->optimum.n_positions ? t->optimum.data_ratio : (double)NAN};
    return figures[which];
}

/* Texts of the runs may hold any bytes. */
static void add_text(cJSON *object, const char *key, const char *text)
{
    str shown = {0};
    if (text)
        visible_add(&shown, text, strlen(text), VISIBLE_PROSE);
    json_add_string(object, key, str_text(&shown));
    str_release(&shown);
}

void summary_add_run(cJSON *object, const char *key, const char *folder, const record *r)
{
    cJSON *run = json_add_object(object, key);
    add_text(run, "folder", folder);
    add_text(run, "title", r->run.title);
    add_text(run, "label", r->run.label);
    add_text(run, "seed", r->run.seed);
    add_text(run, "config_sha256", r->run.config_sha256);
}

static void add_comparable(cJSON *object, const comparison *c, arena *a)
{
    cJSON *comparable = json_add_object(object, "comparable");
    json_add_bool(comparable, "same_model", c->same_model);
    json_add_bool(comparable, "same_sae", c->same_sae);
    json_add_bool(comparable, "same_hook", c->same_hook);
    json_add_bool(comparable, "same_data", c->same_data);
    json_add_bool(comparable, "features_matched", c->matched || c->by_decoder);
    json_add_string(comparable, "matched_by", comparison_matched_by(c->matched, c->by_decoder));
    json_add_string(comparable, "limits", comparison_limits(c, a));
}

static void add_decoders(cJSON *object, const comparison *c)
{
    cJSON *decoders = json_add_object(object, "decoders");
    json_add_number(decoders, "least_cosine", DECODER_LEAST_COSINE);
    json_add_number(decoders, "targets_a", c->decoders.n_a);
    json_add_number(decoders, "targets_b", c->decoders.n_b);
    json_add_number(decoders, "matched", c->decoders.n_fellows);
    json_add_number(decoders, "mcc", c->decoders.mcc);
}

static void add_metrics(cJSON *object, const comparison *c)
{
    cJSON *metrics = json_add_object(object, "metrics");
    for (int i = 0; i < c->n_metrics; i++) {
        const metric_pair *m = &c->metrics[i];
        cJSON *metric = json_add_object(metrics, m->name);
        json_add_number(metric, "a", m->a);
        json_add_number(metric, "b", m->b);
        json_add_number(metric, "difference", m->difference);
        json_add_string(metric, "verdict", metric_verdict_name(m->verdict));
    }
}

static void add_counts(cJSON *object, const char *key, const int counts[FEATURE_CATEGORIES])
{
    cJSON *list = json_add_object(object, key);
    for (int i = 0; i < FEATURE_CATEGORIES; i++)
        json_add_number(list, feature_category_name((feature_category)i), counts[i]);
}

static void add_clusters(cJSON *object, const comparison *c)
{
    const procrustes *p = &c->alignment;
    cJSON *clusters = json_add_object(object, "clusters"), *map = json_add_object(object, "map");
    json_add_number(clusters, "adjusted_rand_index", c->clusters.rand_index);
    json_add_number(clusters, "features_in_both", c->clusters.n_both);
    json_add_number(map, "features_on_both", p->n);
    json_add_number(map, "only_on_a", c->map_only_a);
    json_add_number(map, "only_on_b", c->map_only_b);
    json_add_number(map, "disparity", p->disparity);
    json_add_number(map, "scale", p->scale);
    json_add_bool(map, "mirrored",
                  p->turn[0][0] * p->turn[1][1] - p->turn[0][1] * p->turn[1][0] < 0);
}

err_code summary_write(const char *dir, const comparison *c, const compared_names *names, err *e)
{
    arena a = {0};
    cJSON *object = cJSON_CreateObject();
    json_add_number(object, "schema", COMPARISON_SCHEMA);
    json_add_bool(object, "same", c->same);
    json_add_string(object, "verdict", comparison_verdict(c, &a));
    json_add_number(object, "tolerance", c->tolerance);
    summary_add_run(object, "a", names->a, c->a);
    summary_add_run(object, "b", names->b, c->b);
    add_comparable(object, c, &a);
    json_add_number(object, "settings_changed", c->n_config);
    json_add_number(object, "settings_equal", c->n_config_equal);
    json_add_number(object, "inputs_changed", c->n_inputs);
    json_add_number(object, "metrics_outside_tolerance", c->n_metrics_beyond);
    json_add_number(object, "values_that_differ", (double)c->differences.all);
    add_metrics(object, c);
    if (c->by_decoder)
        add_decoders(object, c);
    add_counts(object, "targets", c->chosen);
    add_counts(object, "dictionary", c->dictionary);
    add_clusters(object, c);
    err_code rc = json_write(path_join(&a, dir, "compare.json"), object, e);
    cJSON_Delete(object);
    arena_release(&a);
    return rc;
}
