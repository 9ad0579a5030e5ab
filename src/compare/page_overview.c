/* The page of a comparison: the verdict, then what it rests on. */
#include "compare/pages.h"
#include "compare/summary.h"
#include "site/show.h"
#include <math.h>

enum { FEATURES_SHOWN = 200, DIFFERENCES_SHOWN = 100 };

static void put_run(page *p, const char *side, const record *r, const char *folder)
{
    arena *a = &p->memory;
    put_text(p->tree, arena_printf(a, "%s_title", side), a, r->run.title);
    put_text(p->tree, arena_printf(a, "%s_folder", side), a, folder);
    json_add_string(p->tree, arena_printf(a, "%s_href", side), report_url(a, folder));
}

static void put_settings(page *p, const setting_pair *list, int n, cJSON *rows)
{
    arena *a = &p->memory;
    for (int i = 0; i < n; i++) {
        cJSON *row = put_entry(rows);
        put_text(row, "group", a, list[i].group);
        put_text(row, "key", a, list[i].key);
        put_text(row, "unit", a, list[i].unit);
        put_text(row, "a", a, list[i].a ? list[i].a : "–");
        put_text(row, "b", a, list[i].b ? list[i].b : "–");
    }
}

static double larger(double x, double y)
{
    return fmax(isfinite(x) ? fabs(x) : 0, isfinite(y) ? fabs(y) : 0);
}

/* All three with as many places, so many that the difference can be seen. */
static void put_metric_values(cJSON *row, arena *a, const metric_pair *m)
{
    int places = show_places(larger(m->a, m->b), m->difference);
    bool whole = floor(m->a) == m->a && floor(m->b) == m->b && larger(m->a, m->b) > 1;
    json_add_string(row, "a", show_fixed(a, m->a, whole ? 0 : places));
    json_add_string(row, "b", show_fixed(a, m->b, whole ? 0 : places));
    json_add_string(row, "difference", show_fixed(a, m->difference, whole ? 0 : places));
}

static void put_metrics(page *p, const comparison *c)
{
    arena *a = &p->memory;
    cJSON *beyond = json_add_array(p->tree, "metrics"),
          *same = json_add_array(p->tree, "same_metrics");
    static const char *const marks[] = {"=", "▲", "▼", "≠", "≠"};
    for (int i = 0; i < c->n_metrics; i++) {
        const metric_pair *m = &c->metrics[i];
        cJSON *row = put_entry(m->verdict == METRIC_SAME ? same : beyond);
        put_text(row, "name", a, show_metric(a, m->name));
        put_text(row, "unit", a, m->unit);
        put_text(row, "better", a, m->better);
        put_metric_values(row, a, m);
        json_add_string(row, "relative", isfinite(m->relative) ? show_share(a, m->relative) : "–");
        json_add_string(
            row, "verdict",
            arena_printf(a, "%s %s", marks[m->verdict], metric_verdict_name(m->verdict)));
    }
    json_add_bool(p->tree, "has_metrics", c->n_metrics_beyond > 0);
    json_add_string(p->tree, "n_same_metrics", show_count(a, c->n_metrics - c->n_metrics_beyond));
}

static void put_categories(page *p, const comparison *c)
{
    arena *a = &p->memory;
    cJSON *list = json_add_array(p->tree, "categories");
    for (int i = 0; i < FEATURE_CATEGORIES; i++) {
        if (c->by_decoder && (i == FEATURE_DIED || i == FEATURE_REVIVED || i == FEATURE_MOVED) &&
            !c->chosen[i])
            continue; /* of the rows of one dictionary */
        cJSON *row = put_entry(list);
        json_add_string(row, "name", feature_category_name((feature_category)i));
        json_add_string(row, "targets", show_count(a, c->chosen[i]));
        json_add_string(row, "dictionary", show_count(a, c->dictionary[i]));
        json_add_string(row, "meaning", feature_category_meaning((feature_category)i));
    }
}

static const char *what_changed(arena *a, const target_pair *t)
{
    if (!t->a || !t->b)
        return "–";
    return arena_printf(a, "%s%s%s",
                        t->n_changed ? arena_printf(a, "%d of %d texts", t->n_changed, t->n_texts)
                                     : "numbers",
                        t->contexts ? ", strongest contexts" : "", t->moved ? ", cluster" : "");
}

static void put_targets(page *p, const comparison *c)
{
    arena *a = &p->memory;
    char name[RECORD_NAME];
    cJSON *list = json_add_array(p->tree, "targets");
    int n = 0;
    for (int i = 0; i < c->n_targets; i++) {
        const target_pair *t = &c->targets[i];
        if (t->category == FEATURE_SAME)
            continue;
        cJSON *row = put_entry(list);
        n++;
        put_text(row, "id", a, target_pair_label(a, c, t));
        json_add_string(row, "name", target_pair_name(name, c, t));
        json_add_string(row, "cosine", show_score(a, t->cosine));
        json_add_string(row, "category", feature_category_name(t->category));
        json_add_string(row, "n", t->a && t->b ? show_count(a, t->n_differences) : "–");
        json_add_string(row, "what", what_changed(a, t));
        json_add_string(row, "f1_a", show_score(a, target_figure(t->a, 0)));
        json_add_string(row, "f1_b", show_score(a, target_figure(t->b, 0)));
        json_add_string(row, "warm_a", show_ratio(a, target_figure(t->a, 1)));
        json_add_string(row, "warm_b", show_ratio(a, target_figure(t->b, 1)));
    }
    json_add_bool(p->tree, "has_targets", n > 0);
}

/* What matched the targets of two dictionaries, and how well. */
static void put_decoders(page *p, const comparison *c)
{
    arena *a = &p->memory;
    json_add_bool(p->tree, "by_decoder", c->by_decoder);
    put_least_cosine(p);
    json_add_string(p->tree, "n_targets_a", show_count(a, c->decoders.n_a));
    json_add_string(p->tree, "n_targets_b", show_count(a, c->decoders.n_b));
    json_add_string(p->tree, "n_fellows", show_count(a, c->decoders.n_fellows));
    json_add_string(p->tree, "mcc", show_score(a, c->decoders.mcc));
}

static const char *cluster_text(arena *a, int label)
{
    return label == RECORD_NOISE           ? "noise"
           : label == RECORD_NOT_CLUSTERED ? "–"
                                           : arena_printf(a, "%d", label);
}

static void put_features(page *p, const comparison *c)
{
    arena *a = &p->memory;
    cJSON *list = json_add_array(p->tree, "features");
    int n = c->n_features < FEATURES_SHOWN ? c->n_features : FEATURES_SHOWN;
    for (int i = 0; i < n; i++) {
        int id = c->features[i].id;
        const record_feature *x = &c->a->features[id], *y = &c->b->features[id];
        cJSON *row = put_entry(list);
        put_text(row, "id", a, record_feature_label(a, x));
        json_add_string(row, "category", feature_category_name(c->features[i].category));
        json_add_string(row, "cluster_a", cluster_text(a, x->cluster));
        json_add_string(row, "cluster_b", cluster_text(a, y->cluster));
        json_add_string(row, "density_a", show_share(a, x->density));
        json_add_string(row, "density_b", show_share(a, y->density));
        json_add_string(row, "max_a", show_number(a, x->max));
        json_add_string(row, "max_b", show_number(a, y->max));
    }
    json_add_bool(p->tree, "has_features", n > 0);
    json_add_string(p->tree, "n_shown", show_count(a, n));
    json_add_string(p->tree, "n_features", show_count(a, c->n_features));
}

static void put_clusters(page *p, const comparison *c)
{
    arena *a = &p->memory;
    const procrustes *q = &c->alignment;
    int matched = 0;
    for (int i = 0; c->matched && i < c->a->n_clusters; i++)
        matched += c->clusters.of_a[i] >= 0;
    json_add_bool(p->tree, "has_clusters", isfinite(c->clusters.rand_index));
    json_add_string(p->tree, "rand_index", show_score(a, c->clusters.rand_index));
    json_add_string(p->tree, "n_both", show_count(a, c->clusters.n_both));
    json_add_string(p->tree, "n_matched", show_count(a, matched));
    json_add_string(p->tree, "n_only_a", show_count(a, c->a->n_clusters - matched));
    json_add_string(p->tree, "n_only_b", show_count(a, c->b->n_clusters - matched));
    json_add_bool(p->tree, "mirrored",
                  q->turn[0][0] * q->turn[1][1] - q->turn[0][1] * q->turn[1][0] < 0);
    json_add_string(p->tree, "scale", show_number(a, q->scale));
    json_add_string(p->tree, "disparity", show_share(a, q->disparity));
    json_add_string(p->tree, "n_on_both", show_count(a, q->n));
}

static void put_values(page *p, const comparison *c)
{
    arena *a = &p->memory;
    int n = put_differences(p, "differences", c, "", DIFFERENCES_SHOWN);
    json_add_bool(p->tree, "has_differences", n > 0);
    json_add_string(p->tree, "n_differences", show_count(a, c->differences.all));
    json_add_string(p->tree, "n_shown_differences",
                    show_count(a, n < DIFFERENCES_SHOWN ? n : DIFFERENCES_SHOWN));
}

err_code compare_page_overview(const compare_site *s, err *e)
{
    const comparison *c = s->c;
    page p;
    bool maps = false;
    page_start(&p, &s->site, SECTION_RUN, "", "index", s->site.r->run.title);
    arena *a = &p.memory;
    const char *limits = comparison_limits(c, a);
    json_add_string(p.tree, "verdict", comparison_verdict(c, a));
    json_add_bool(p.tree, "has_limits", *limits);
    json_add_string(p.tree, "limits", limits);
    put_run(&p, "a", c->a, s->names->a);
    put_run(&p, "b", c->b, s->names->b);
    json_add_string(p.tree, "tolerance",
                    c->tolerance > 0
                        ? arena_printf(a, "%s of the larger number", show_number(a, c->tolerance))
                        : "none: every number must be equal");
    cJSON *settings = json_add_array(p.tree, "settings");
    put_settings(&p, c->config, c->n_config, settings);
    put_settings(&p, c->inputs, c->n_inputs, settings);
    json_add_bool(p.tree, "has_settings", c->n_config + c->n_inputs > 0);
    json_add_string(p.tree, "n_equal", show_count(a, c->n_config_equal));
    json_add_bool(p.tree, "matched", c->matched);
    json_add_bool(p.tree, "has_pairs", c->matched || c->by_decoder);
    put_decoders(&p, c);
    put_metrics(&p, c);
    put_categories(&p, c);
    put_targets(&p, c);
    put_features(&p, c);
    put_clusters(&p, c);
    put_values(&p, c);
    err_code rc = compare_draw_maps(&p, c, &maps, e);
    json_add_bool(p.tree, "has_maps", maps);
    if (!rc)
        return page_write(&p, "compare.md", e);
    page_drop(&p);
    return rc;
}
