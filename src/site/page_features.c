/* The list of features in four orders, each a page of its own. */
#include "base/memory.h"
#include "site/pages.h"
#include "site/show.h"
#include <stdlib.h>

enum { SHOWN_ROWS = 200 };

typedef int compare_features(const void *a, const void *b);

/* Falling by a member, then rising by id; features without the value come last. */
static int falling(double x, double y, int x_id, int y_id)
{
    x = isnan(x) ? (double)-INFINITY : x;
    y = isnan(y) ? (double)-INFINITY : y;
    return x != y ? (x < y) - (x > y) : (x_id > y_id) - (x_id < y_id);
}

static int by_id(const void *a, const void *b)
{
    const record_feature *x = *(const record_feature *const *)a,
                         *y = *(const record_feature *const *)b;
    return (x->id > y->id) - (x->id < y->id);
}

static int by_density(const void *a, const void *b)
{
    const record_feature *x = *(const record_feature *const *)a,
                         *y = *(const record_feature *const *)b;
    return falling(x->density, y->density, x->id, y->id);
}

static int by_maximum(const void *a, const void *b)
{
    const record_feature *x = *(const record_feature *const *)a,
                         *y = *(const record_feature *const *)b;
    return falling(x->max, y->max, x->id, y->id);
}

static int by_entropy(const void *a, const void *b)
{
    const record_feature *x = *(const record_feature *const *)a,
                         *y = *(const record_feature *const *)b;
    return falling(x->entropy, y->entropy, x->id, y->id);
}

static const struct {
    const char *stem, *title, *label;
    compare_features *compare;
} orders[] = {
    {"index", "Features", "id", by_id},
    {"by-density", "Features by density", "density", by_density},
    {"by-activation", "Features by activation", "largest activation", by_maximum},
    {"by-entropy", "Features by entropy", "entropy", by_entropy},
};

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

static void put_kept(page *p, compare_features *compare)
{
    const record *r = p->site->r;
    arena *a = &p->memory;
    const record_feature **kept = arena_push(a, (size_t)r->n_features + 1, sizeof *kept);
    size_t n = 0;
    for (int i = 0; i < r->n_features; i++)
        if (!*r->features[i].dropped_by)
            kept[n++] = &r->features[i];
    if (n)
        qsort(kept, n, sizeof *kept, compare);
    cJSON *rows = json_add_array(p->tree, "kept");
    for (size_t i = 0; i < n && i < SHOWN_ROWS; i++) {
        const record_feature *f = kept[i];
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
    json_add_bool(p->tree, "cut", n > SHOWN_ROWS);
    json_add_string(p->tree, "n_kept", show_count(a, (int64_t)n));
    json_add_string(p->tree, "n_shown", show_count(a, n < SHOWN_ROWS ? (int64_t)n : SHOWN_ROWS));
    json_add_string(p->tree, "n_features", show_count(a, r->n_features));
}

err_code page_features(const site *s, err *e)
{
    err_code rc = OK;
    for (size_t i = 0; i < COUNT_OF(orders) && !rc; i++) {
        page p;
        page_start(&p, s, SECTION_FEATURES, "features", orders[i].stem, orders[i].title);
        put_orders(&p, i);
        put_kept(&p, orders[i].compare);
        put_target_rows(p.tree, "targets", &p);
        rc = page_write(&p, "features.md", e);
    }
    return rc;
}
