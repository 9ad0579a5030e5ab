/* The list of features in several orders, each a page of its own. */
#include "base/memory.h"
#include "site/pages.h"
#include "site/show.h"
#include <stdlib.h>

enum { SHOWN_ROWS = 100 };

/* ---- what a list is sorted by: falling values, equal ones by id, those without one last ---- */

static double by_id(const record *r, const record_feature *f)
{
    (void)r;
    return -f->id;
}

static double by_density(const record *r, const record_feature *f)
{
    (void)r;
    return f->density;
}

static double by_maximum(const record *r, const record_feature *f)
{
    (void)r;
    return f->max;
}

static double by_entropy(const record *r, const record_feature *f)
{
    (void)r;
    return f->entropy;
}

/* Clusters come largest first. */
static double by_cluster(const record *r, const record_feature *f)
{
    const record_cluster *c = record_find_cluster(r, f->cluster);
    return c ? (double)(r->clusters - c) : (double)NAN;
}

static double by_f1(const record *r, const record_feature *f)
{
    const record_target *t = find_target(r, f->id);
    return t ? record_rule_f1(t) : (double)NAN;
}

static double by_ratio(const record *r, const record_feature *f)
{
    const record_target *t = find_target(r, f->id);
    return !t ? (double)NAN : record_has_search(t) ? t->search.chain.warm : t->optimum.data_ratio;
}

static const struct {
    const char *stem, *title, *label;
    double (*value)(const record *r, const record_feature *f);
    bool targets_only; /* no other feature has the value */
} orders[] = {
    {"index", "Features", "id", by_id, false},
    {"by-density", "Features by density", "density", by_density, false},
    {"by-activation", "Features by activation", "largest activation", by_maximum, false},
    {"by-entropy", "Features by entropy", "entropy", by_entropy, false},
    {"by-cluster", "Features by cluster", "cluster", by_cluster, false},
    {"by-f1", "Targets by the F1 of their rules", "F1 of the rule", by_f1, true},
    {"by-ratio", "Targets by optimum ratio", "optimum ratio", by_ratio, true},
};

typedef struct sorted_feature {
    const record_feature *feature;
    int index; /* of the target */
    double value;
} sorted_feature;

static int falling(const void *a, const void *b)
{
    const sorted_feature *x = a, *y = b;
    double v = isnan(x->value) ? (double)-INFINITY : x->value;
    double w = isnan(y->value) ? (double)-INFINITY : y->value;
    return v != w ? (v < w) - (v > w)
                  : (x->feature->id > y->feature->id) - (x->feature->id < y->feature->id);
}

static void sort(sorted_feature *list, size_t n, size_t order, const record *r)
{
    for (size_t i = 0; i < n; i++)
        list[i].value = orders[order].value(r, list[i].feature);
    if (n)
        qsort(list, n, sizeof *list, falling);
}

static void put_orders(page *p, size_t current)
{
    cJSON *list = json_add_array(p->tree, "orders");
    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        cJSON *entry = put_entry(list);
        json_add_string(entry, "label", orders[i].label);
        json_add_string(entry, "stem", orders[i].stem);
        json_add_bool(entry, "first", i == 0);
        json_add_bool(entry, "current", i == current);
    }
    json_add_string(p->tree, "order", orders[current].label);
}

static void put_kept(page *p, size_t order)
{
    const record *r = p->site->r;
    arena *a = &p->memory;
    sorted_feature *kept = arena_push(a, (size_t)r->n_features + 1, sizeof *kept);
    size_t n = 0;
    for (int i = 0; i < r->n_features; i++)
        if (!*r->features[i].dropped_by)
            kept[n++].feature = &r->features[i];
    sort(kept, n, order, r);
    cJSON *rows = json_add_array(p->tree, "kept");
    for (size_t i = 0; i < n && i < SHOWN_ROWS; i++) {
        const record_feature *f = kept[i].feature;
        cJSON *row = put_entry(rows);
        put_feature_link(row, "feature", p, f->id);
        put_cluster_link(row, "cluster", p, f->cluster);
        json_add_string(row, "density", show_share(a, f->density));
        json_add_string(row, "prompts", show_share(a, f->prompt_share));
        json_add_string(row, "entropy", show_number(a, f->entropy));
        json_add_string(row, "mean_active", show_number(a, f->mean_active));
        json_add_string(row, "maximum", show_number(a, f->max));
        json_add_string(row, "best_token", show_token(a, f->best_token));
        json_add_string(row, "best_alone", show_number(a, f->best_token_pre_activation));
    }
    json_add_bool(p->tree, "has_kept", !orders[order].targets_only);
    json_add_bool(p->tree, "cut", n > SHOWN_ROWS);
    json_add_string(p->tree, "n_kept", show_count(a, (int64_t)n));
    json_add_string(p->tree, "n_shown", show_count(a, n < SHOWN_ROWS ? (int64_t)n : SHOWN_ROWS));
    json_add_string(p->tree, "n_features", show_count(a, r->n_features));
}

static void put_targets(page *p, size_t order)
{
    const record *r = p->site->r;
    arena *a = &p->memory;
    size_t n = (size_t)r->n_targets;
    sorted_feature *list = arena_push(a, n + 1, sizeof *list);
    int *indices = arena_push(a, n + 1, sizeof *indices);
    for (size_t i = 0; i < n; i++)
        list[i] = (sorted_feature){record_find_feature(r, r->targets[i].id), (int)i, 0};
    sort(list, n, order, r);
    for (size_t i = 0; i < n; i++)
        indices[i] = list[i].index;
    put_target_rows(p->tree, "targets", p, indices, r->n_targets);
}

err_code page_features(const site *s, err *e)
{
    err_code rc = OK;
    for (size_t i = 0; i < COUNT_OF(orders) && !rc; i++) {
        page p;
        page_start(&p, s, SECTION_FEATURES, "features", orders[i].stem, orders[i].title);
        put_orders(&p, i);
        put_kept(&p, i);
        put_targets(&p, i);
        rc = page_write(&p, "features.md", e);
    }
    return rc;
}
