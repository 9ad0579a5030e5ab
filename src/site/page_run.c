/* The run page: what was run, what came out, the map, the targets, the clusters. */
#include "site/figures.h"
#include "site/pages.h"
#include "site/show.h"
#include <string.h>

enum { TARGETS_SHOWN = 48 }; /* as many as select.max_features lets through by itself */

static const record_metric *headline(const record_metric *list, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(list[i].name, name))
            return &list[i];
    return NULL;
}

static void put_facts(page *p, const record_metric *list, int n)
{
    const record *r = p->site->r;
    arena *a = &p->memory;
    cJSON *facts = json_add_array(p->tree, "facts");
    const record_metric *ratio = headline(list, n, "median_data_ratio"),
                        *snapped = headline(list, n, "median_snapped_ratio"),
                        *found = headline(list, n, "concepts_found"),
                        *rule = headline(list, n, "median_rule_f1"),
                        *warm = headline(list, n, "median_warm_ratio"),
                        *cold = headline(list, n, "median_cold_ratio"),
                        *fluent = headline(list, n, "median_fluent_ratio");
    put_fact(facts, show_count(a, (int64_t)headline(list, n, "kept_features")->value),
             arena_printf(a, "of %s features passed the filter", show_count(a, r->n_features)));
    json_add_bool(p->tree, "has_kept", headline(list, n, "kept_features")->value > 0);
    put_fact(facts, show_count(a, r->quality.n_clusters), "clusters");
    put_fact(facts, show_count(a, r->n_targets), "target features");
    if (isfinite(rule->value))
        put_fact(facts, show_score(a, rule->value), "median F1 of the targets' sentences");
    if (isfinite(warm->value))
        put_fact(facts, show_ratio(a, warm->value), "the data's maximum, by real tokens (median)");
    if (isfinite(cold->value))
        put_fact(facts, show_ratio(a, cold->value), "likewise, found without the data");
    if (isfinite(fluent->value))
        put_fact(facts, show_ratio(a, fluent->value),
                 "likewise, by tokens as likely as the data's");
    if (isfinite(ratio->value) && !isfinite(warm->value))
        put_fact(facts, show_ratio(a, ratio->value), "the data's maximum (median)");
    if (isfinite(snapped->value) && !isfinite(warm->value))
        put_fact(facts, show_ratio(a, snapped->value), "with real tokens instead");
    if (isfinite(found->value))
        put_fact(facts, show_share(a, found->value), "of the known concepts have a feature");
}

/* Whether select.features named the targets. */
static bool chosen_by_hand(const record_run *run)
{
    for (int i = 0; i < run->n_config; i++)
        if (!strcmp(run->config[i].group, "select") && !strcmp(run->config[i].key, "features"))
            return *run->config[i].value;
    return false;
}

static void put_inputs(page *p)
{
    const record_run *run = &p->site->r->run;
    arena *a = &p->memory;
    cJSON *tree = p->tree;
    put_text(tree, "model", a, run->model.source);
    put_text(tree, "family", a, run->model.family);
    put_text(tree, "sae", a, run->sae.source);
    put_text(tree, "architecture", a, run->sae.architecture);
    put_text(tree, "hook", a, run->sae.hook);
    put_text(tree, "data", a, run->data.source);
    put_text(tree, "command", a, run->command);
    put_text(tree, "seed", a, run->seed);
    json_add_string(tree, "n_layers", show_count(a, run->model.n_layers));
    json_add_string(tree, "d_model", show_count(a, run->model.d_model));
    json_add_string(tree, "parameters", show_count(a, run->model.n_parameters));
    json_add_string(tree, "d_sae", show_count(a, run->sae.d_sae));
    json_add_string(tree, "n_prompts", show_count(a, run->data.n_prompts));
    json_add_string(tree, "n_tokens", show_count(a, run->data.n_tokens));
    json_add_string(tree, "n_special", show_count(a, run->data.n_special));
    json_add_bool(tree, "by_hand", chosen_by_hand(run));
    json_add_bool(tree, "all_given", p->site->r->n_targets == run->sae.d_sae);
    json_add_bool(tree, "bitwise",
                  run->reproducibility && !strcmp(run->reproducibility, "bitwise"));
}

static void put_filters(page *p)
{
    const record *r = p->site->r;
    arena *a = &p->memory;
    cJSON *list = json_add_array(p->tree, "filters");
    for (int i = 0; i < r->n_filters; i++) {
        const record_filter *f = &r->filters[i];
        cJSON *row = put_entry(list);
        put_text(row, "name", a, f->name);
        put_text(row, "test", a, f->title);
        put_text(row, "keys", a, f->keys);
        json_add_string(row, "dropped", show_count(a, f->dropped));
        json_add_string(row, "remaining", show_count(a, f->remaining));
    }
}

static void put_quality(page *p)
{
    const record_quality *q = &p->site->r->quality;
    arena *a = &p->memory;
    cJSON *object = json_add_object(p->tree, "quality");
    put_text(object, "method", a, q->method);
    put_text(object, "space", a, q->space);
    put_text(object, "settings", a, q->settings);
    put_text(object, "map_settings", a, q->map_settings);
    put_text(object, "score_kind", a, q->score_kind);
    json_add_string(object, "n_features", show_count(a, q->n_features));
    json_add_string(object, "n_clusters", show_count(a, q->n_clusters));
    json_add_bool(object, "any", q->n_clusters > 0);
    json_add_string(object, "noise", show_share(a, q->noise_share));
    json_add_string(object, "silhouette", show_score(a, q->silhouette));
    json_add_string(object, "trustworthiness", show_score(a, q->trustworthiness));
    json_add_string(object, "overlap", show_share(a, q->neighbour_overlap));
    json_add_string(object, "n_neighbours", show_count(a, q->n_neighbours));
}

static err_code draw(page *p, err *e)
{
    bool map = false, comparison = false, matrix = false, ratios = false, rules = false,
         density = false;
    err_code rc = draw_funnel(p, e);
    if (!rc)
        rc = draw_map(p, &map, e);
    if (!rc)
        rc = draw_comparison(p, &comparison, e);
    if (!rc)
        rc = draw_rules(p, &rules, &density, e);
    if (!rc)
        rc = draw_search_summary(p, &ratios, e);
    if (!rc)
        rc = draw_matrix(p, &matrix, e);
    if (!rc)
        rc = draw_dictionary(p, e);
    json_add_bool(p->tree, "has_map", map);
    json_add_bool(p->tree, "has_comparison", comparison);
    json_add_bool(p->tree, "has_rule_figures", rules);
    json_add_bool(p->tree, "has_rule_density", density);
    json_add_bool(p->tree, "has_ratios", ratios);
    json_add_bool(p->tree, "has_matrix", matrix);
    return rc;
}

err_code page_run(const site *s, err *e)
{
    page p;
    int n;
    page_start(&p, s, SECTION_RUN, "", "index", s->r->run.title);
    const record_metric *list = record_headlines(&n, s->r, &p.memory);
    put_facts(&p, list, n);
    put_inputs(&p);
    put_filters(&p);
    put_quality(&p);
    put_rules_summary(&p);
    put_concept_rules(&p);
    put_search_summary(&p);
    put_trust(&p);
    put_highlights(&p);
    put_sae_quality(&p);
    put_target_rows(p.tree, "targets", &p, NULL, TARGETS_SHOWN);
    put_cluster_rows(p.tree, "clusters", &p);
    json_add_string(p.tree, "n_targets", show_count(&p.memory, s->r->n_targets));
    err_code rc = draw(&p, e);
    if (!rc)
        return page_write(&p, "run.md", e);
    page_drop(&p);
    return rc;
}
