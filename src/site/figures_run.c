/* Charts of the run page and of cluster pages. */
#include "site/cluster_place.h"
#include "site/figures.h"
#include "site/show.h"
#include <stdlib.h>
#include <string.h>

enum { COMPARED = 24, ROOMY = 10 };

/* Holds what is drawn of every feature. */
static const char FEATURES[] = "data/features.csv";

err_code draw_funnel(page *p, err *e)
{
    const record *r = p->site->r;
    arena *a = &p->memory;
    int n = r->n_filters + 2;
    const char **labels = arena_push(a, (size_t)n, sizeof *labels);
    const char **notes = arena_push(a, (size_t)n, sizeof *notes);
    double *values = arena_push(a, (size_t)n, sizeof *values);
    labels[0] = "dictionary";
    notes[0] = "";
    values[0] = r->n_features;
    for (int i = 0; i < r->n_filters; i++) {
        const record_filter *f = &r->filters[i];
        labels[i + 1] = show_text(a, f->name);
        notes[i + 1] = arena_printf(a, "%d dropped", f->dropped);
        values[i + 1] = f->remaining;
    }
    labels[n - 1] = "targets";
    notes[n - 1] = "chosen to be searched for";
    values[n - 1] = r->n_targets;
    figure f = {.title = "Features left after each test",
                .kind = FIGURE_ROWS,
                .width = 720,
                .rows = {.value = {.title = "features", .integer = true},
                         .labels = labels,
                         .notes = notes,
                         .values = values,
                         .n = n}};
    return page_figure(p, "funnel", &f, 1, e);
}

/* Short, because there are thousands of them. */
static const char *point_title(arena *a, const record_feature *f, const record_cluster *c)
{
    const char *name = c ? show_text(a, c->name) : NULL;
    return f->selected ? arena_printf(a, "%d, target: %s", f->id, name ? name : "in no cluster")
           : name      ? arena_printf(a, "%d: %s", f->id, name)
                       : arena_printf(a, "%d", f->id);
}

static map_point *map_points(int *n, page *p, const char *root)
{
    const record *r = p->site->r;
    arena *a = &p->memory;
    char name[RECORD_NAME];
    map_point *points = arena_push(a, (size_t)r->n_features + 1, sizeof *points);
    *n = 0;
    for (int i = 0; i < r->n_features; i++) {
        const record_feature *f = &r->features[i];
        if (!isfinite(f->x) || !isfinite(f->y))
            continue;
        const record_cluster *c = record_find_cluster(r, f->cluster);
        const char *id = arena_strdup(a, record_feature_name(name, r->run.sae.layer, i));
        points[(*n)++] = (map_point){
            .x = f->x,
            .y = f->y,
            .id = id,
            .cluster = c ? (int)(c - r->clusters) : -1,
            .title = point_title(a, f, c),
            .href = f->selected ? arena_printf(a, "%sfeatures/%s.html", root, id) : NULL,
            .is_medoid = c && c->medoid == i,
            .is_selected = f->selected};
    }
    return points;
}

static map_cluster *map_clusters(page *p, const char *root)
{
    const record *r = p->site->r;
    arena *a = &p->memory;
    map_cluster *list = arena_push(a, (size_t)r->n_clusters + 1, sizeof *list);
    for (int i = 0; i < r->n_clusters; i++) {
        const record_cluster *c = &r->clusters[i];
        list[i] = (map_cluster){.name = show_text(a, c->name),
                                .number = i + 1,
                                .href = arena_printf(a, "%sclusters/%s.html%s", root,
                                                     cluster_stem(a, r, c), cluster_hash(a, r, c)),
                                .size = c->size};
    }
    return list;
}

err_code draw_map(page *p, bool *drawn, err *e)
{
    cluster_map map = {.n_clusters = p->site->r->n_clusters, .clusters = map_clusters(p, p->root)};
    map.points = map_points(&map.n_points, p, p->root);
    *drawn = map.n_points > 0;
    return *drawn ? page_map(p, "map", &map, "Map of the features", FEATURES, e) : OK;
}

/* What is compared of a target: real tokens (cold ones where any target has them), or the free
 * vectors where none were sought. */
static void compared_values(double *values, const record *r, const record_target *t)
{
    if (record_has_search(t)) {
        int n = 0;
        values[n++] = t->search.chain.warm;
        if (record_any_cold(r))
            values[n++] = t->search.chain.cold;
        values[n] = t->search.chain.fluent;
    } else if (!record_was_searched(r)) {
        values[0] = t->optimum.activation;
        values[1] = t->optimum.snapped_activation;
        values[2] = record_find_feature(r, t->id)->max;
    } else {
        values[0] = values[1] = (double)NAN;
        if (record_any_cold(r))
            values[2] = (double)NAN;
    }
}

err_code draw_comparison(page *p, bool *drawn, err *e)
{
    const record *r = p->site->r;
    arena *a = &p->memory;
    static const char *const
        free_names[] = {"optimised input", "its nearest real tokens", "maximum on the data"},
        *const all_names[] = {"warm", "cold", "fluent"}, *const warm_names[] = {"warm", "fluent"};
    bool found = record_was_searched(r);
    int n_series = found && !record_any_cold(r) ? 2 : 3;
    int n = r->n_targets < COMPARED ? r->n_targets : COMPARED;
    const char **labels = arena_push(a, (size_t)n + 1, sizeof *labels);
    double *values = arena_push(a, (size_t)n * 3 + 1, sizeof *values);
    *drawn = n > 0;
    for (int i = 0; i < n; i++) {
        labels[i] = arena_printf(a, "%d", r->targets[i].id);
        compared_values(values + n_series * i, r, &r->targets[i]);
    }
    figure f = {
        .title = "Activation of each target",
        .kind = FIGURE_GROUPED,
        .height = 340,
        .width = n > ROOMY ? FIGURE_WIDE : 720,
        .grouped = {.x = {.title = "feature"},
                    .y = {.title = found ? "activation over the data's maximum" : "activation"},
                    .labels = labels,
                    .names = !found          ? free_names
                             : n_series == 3 ? all_names
                                             : warm_names,
                    .values = values,
                    .n = n,
                    .n_series = n_series}};
    return *drawn ? page_figure(p, "comparison", &f, 1, e) : OK;
}

/* Each row over its maximum: clusters differ in strength by orders of magnitude, and what the
 * picture is for is where each one is active. */
static double *row_shares(const record_matrix *m, arena *a)
{
    double *shares = arena_push(a, (size_t)m->n_values + 1, sizeof *shares);
    for (int i = 0; i < m->rows; i++) {
        const double *row = m->values + (size_t)i * m->columns;
        double *out = shares + (size_t)i * m->columns, most = 0;
        for (int j = 0; j < m->columns; j++)
            most = fmax(most, row[j]);
        for (int j = 0; j < m->columns; j++)
            out[j] = most > 0 ? row[j] / most : row[j];
    }
    return shares;
}

err_code draw_matrix(page *p, bool *drawn, err *e)
{
    const record *r = p->site->r;
    const record_matrix *m = &r->matrix;
    arena *a = &p->memory;
    const char **labels = arena_push(a, (size_t)m->rows + 1, sizeof *labels);
    *drawn = m->n_values > 0;
    for (int i = 0; i < m->rows; i++)
        labels[i] = arena_printf(a, "%d", i + 1);
    figure f = {.title = "Clusters over the prompts",
                .kind = FIGURE_HEATMAP,
                .width = FIGURE_WIDE,
                .heatmap = {.row_title = "cluster",
                            .column_title = m->prompts_per_column > 1
                                                ? arena_printf(a, "prompts, in groups of %d",
                                                               m->prompts_per_column)
                                                : "prompt",
                            .value_title = "share of its maximum",
                            .row_labels = labels,
                            .values = row_shares(m, a),
                            .rows = m->rows,
                            .columns = m->columns}};
    return *drawn ? page_figure(p, "matrix", &f, 1, e) : OK;
}

bool draw_activity(page *p, int index)
{
    const record *r = p->site->r;
    const record_matrix *m = &r->matrix;
    arena *a = &p->memory;
    if (index >= m->rows || m->columns == 0)
        return false;
    str svg = {0};
    line_series series = {
        .name = NULL, .y = m->values + (size_t)index * m->columns, .n = m->columns, .color = 1};
    figure f = {
        .title = "Mean activation over the prompts",
        .kind = FIGURE_LINE,
        .width = 720,
        .height = 220,
        .line = {.x = {.title = m->prompts_per_column > 1
                                    ? arena_printf(a, "group of %d prompts", m->prompts_per_column)
                                    : "prompt",
                       .integer = true},
                 .y = {.title = "mean activation", .include_zero = true},
                 .series = &series,
                 .n_series = 1}};
    figure_svg(&svg, &f);
    block_add(&p->blocks, "matrix",
              arena_printf(a, "![Clusters over the prompts](%sfig/matrix.png)", p->root),
              str_text(&svg), arena_printf(a, "%sfig/matrix.csv", p->root));
    str_release(&svg);
    return true;
}

err_code draw_dictionary(page *p, err *e)
{
    const record *r = p->site->r;
    arena *a = &p->memory;
    static const char *const groups[] = {"kept", "target"};
    char name[RECORD_NAME];
    size_t room = (size_t)r->n_features + 1;
    double *x = arena_push(a, room, sizeof *x), *y = arena_push(a, room, sizeof *y);
    int *group = arena_push(a, room, sizeof *group), n = 0;
    const char **names = arena_push(a, room, sizeof *names);
    for (int i = 0; i < r->n_features; i++) {
        const record_feature *f = &r->features[i];
        if (f->n_active == 0)
            continue;
        x[n] = f->density;
        y[n] = f->max;
        group[n] = f->selected ? 1 : *f->dropped_by ? -1 : 0;
        names[n++] = arena_strdup(a, record_feature_name(name, r->run.sae.layer, i));
    }
    figure f = {.title = "Density and largest activation",
                .kind = FIGURE_SCATTER,
                .width = 720,
                .height = 400,
                .scatter = {.x = {.title = "share of tokens it is active on", .log = true},
                            .y = {.title = "largest activation", .include_zero = true},
                            .x_values = x,
                            .y_values = y,
                            .groups = group,
                            .names = names,
                            .n = n,
                            .group_names = groups,
                            .n_groups = 2}};
    return page_figure_of(p, "dictionary", &f, 1, FEATURES, e);
}
