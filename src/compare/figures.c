/* Drawings that show both runs at once. */
#include "compare/pages.h"
#include "site/show.h"
#include <math.h>
#include <string.h>

/* ---- maps ---- */

/* Clusters of both runs in one order, so that those that correspond have one number and one colour:
 * A's, then those of B that have no fellow. Returns for each cluster of B its place. */
static int *places_of_b(const comparison *c, int *n, arena *a)
{
    int *place = arena_push(a, (size_t)c->b->n_clusters + 1, sizeof *place);
    *n = c->a->n_clusters;
    for (int i = 0; i < c->b->n_clusters; i++)
        place[i] = c->clusters.of_b[i] >= 0 ? c->clusters.of_b[i] : (*n)++;
    return place;
}

static map_cluster *map_clusters(const comparison *c, bool second, const int *place, int n,
                                 arena *a)
{
    map_cluster *list = arena_push(a, (size_t)n + 1, sizeof *list);
    for (int i = 0; i < n; i++)
        list[i].number = i + 1;
    for (int i = 0; i < c->a->n_clusters; i++) {
        list[i].name = show_text(a, c->a->clusters[i].name);
        list[i].size = second ? 0 : c->a->clusters[i].size;
    }
    for (int i = 0; second && i < c->b->n_clusters; i++) {
        list[place[i]].name = show_text(a, c->b->clusters[i].name);
        list[place[i]].size = c->b->clusters[i].size;
    }
    return list;
}

static bool has_page(const comparison *c, int id)
{
    for (int i = 0; i < c->n_targets; i++)
        if (c->targets[i].id_a == id)
            return c->targets[i].category != FEATURE_SAME;
    return false;
}

static map_point *map_points(int *n, const comparison *c, bool second, const int *place, arena *a)
{
    const record *r = second ? c->b : c->a;
    const int *index = second ? c->clusters.index_b : c->clusters.index_a;
    char name[RECORD_NAME];
    map_point *points = arena_push(a, (size_t)r->n_features + 1, sizeof *points);
    *n = 0;
    for (int i = 0; i < r->n_features; i++) {
        const record_feature *f = &r->features[i];
        double x = f->x, y = f->y;
        if (!isfinite(x) || !isfinite(y))
            continue;
        if (second)
            procrustes_move(&c->alignment, &x, &y);
        const record_cluster *cluster = index[i] >= 0 ? &r->clusters[index[i]] : NULL;
        const char *id = arena_strdup(a, record_feature_name(name, r->run.sae.layer, i));
        points[(*n)++] =
            (map_point){.x = x,
                        .y = y,
                        .cluster = !cluster ? -1
                                   : second ? place[index[i]]
                                            : index[i],
                        .id = id,
                        .title = cluster ? arena_printf(a, "%d: %s", i, show_text(a, cluster->name))
                                         : arena_printf(a, "%d", i),
                        .href = has_page(c, i) ? arena_printf(a, "targets/%s.html", id) : NULL,
                        .is_medoid = cluster && cluster->medoid == i,
                        .is_selected = f->selected};
    }
    return points;
}

static err_code draw_map(page *p, const comparison *c, bool second, err *e)
{
    arena *a = &p->memory;
    int n_all;
    const char *key = second ? "map-b" : "map-a";
    const int *place = places_of_b(c, &n_all, a);
    cluster_map map = {.n_clusters = second ? n_all : c->a->n_clusters, .half = true};
    map.clusters = map_clusters(c, second, place, map.n_clusters, a);
    map.points = map_points(&map.n_points, c, second, place, a);
    return page_map(p, key, &map, second ? "Map of B" : "Map of A", NULL, e);
}

err_code compare_draw_maps(page *p, const comparison *c, bool *drawn, err *e)
{
    *drawn = c->matched && c->alignment.n > 0;
    err_code rc = *drawn ? draw_map(p, c, false, e) : OK;
    return rc || !*drawn ? rc : draw_map(p, c, true, e);
}

/* ---- curves ---- */

typedef struct curve_list {
    line_series series[4];
    int n;
} curve_list;

static void add_series(curve_list *list, const char *name, const double *x, const double *y, int n)
{
    bool any = false;
    for (int i = 0; i < n; i++)
        any = any || isfinite(y[i]);
    if (any)
        list->series[list->n++] =
            (line_series){.name = name, .x = x, .y = y, .n = n, .weight = LINE_BOLD};
}

static void add_search(curve_list *list, const record_target *t, const char *side, arena *a)
{
    int n = t ? t->search.n_curve : 0;
    double *x = arena_push(a, (size_t)n + 1, sizeof *x);
    double *warm = arena_push(a, (size_t)n + 1, sizeof *warm);
    double *cold = arena_push(a, (size_t)n + 1, sizeof *cold);
    for (int i = 0; i < n; i++) {
        x[i] = t->search.curve[i].iteration;
        warm[i] = t->search.curve[i].warm;
        cold[i] = t->search.curve[i].cold;
    }
    add_series(list, arena_printf(a, "%s warm", side), x, warm, n);
    add_series(list, arena_printf(a, "%s cold", side), x, cold, n);
}

static void add_best_restart(curve_list *list, const record_target *t, const char *side)
{
    for (int i = 0; t && i < t->optimum.n_restarts; i++) {
        const record_restart *r = &t->optimum.restarts[i];
        if (r->is_best)
            add_series(list, side, r->step, r->activation_curve, r->n_steps);
    }
}

/* B less A where both have a value, for every curve of A ("A warm") that B has too ("B warm"). */
static void add_differences(curve_list *out, const curve_list *both, arena *a)
{
    for (int i = 0; i < both->n; i++) {
        const line_series *x = &both->series[i], *y = NULL;
        for (int k = i + 1; k < both->n && *x->name == 'A'; k++)
            if (!strcmp(x->name + 1, both->series[k].name + 1))
                y = &both->series[k];
        if (!y)
            continue;
        double *at = arena_push(a, (size_t)x->n + 1, sizeof *at);
        double *more = arena_push(a, (size_t)x->n + 1, sizeof *more);
        int n = 0;
        for (int j = 0, k = 0; j < x->n; j++) {
            while (k < y->n && y->x[k] < x->x[j])
                k++;
            if (k == y->n || y->x[k] > x->x[j])
                continue;
            at[n] = x->x[j];
            more[n++] = y->y[k] - x->y[j];
        }
        add_series(out, arena_printf(a, "B \u2212 A%s", x->name + 1), at, more, n);
    }
}

static figure curves_figure(const char *title, const curve_list *list, bool searched)
{
    return (figure){
        .title = title,
        .kind = FIGURE_LINE,
        .line = {.x = {.title = searched ? "iteration" : "step", .integer = true},
                 .y = {.title = searched ? "activation over the data's maximum" : "activation"},
                 .series = list->series,
                 .n_series = list->n}};
}

err_code compare_draw_curve(page *p, const target_pair *t, const char **caption, err *e)
{
    arena *a = &p->memory;
    curve_list list = {.n = 0}, differences = {.n = 0};
    bool searched = (t->a && t->a->search.n_curve) || (t->b && t->b->search.n_curve);
    if (searched) {
        add_search(&list, t->a, "A", a);
        add_search(&list, t->b, "B", a);
    } else {
        add_best_restart(&list, t->a, "A");
        add_best_restart(&list, t->b, "B");
    }
    if (!list.n)
        return OK;
    *caption = searched ? "Best real tokens so far, by iteration of the search; the data's maximum "
                          "is 1."
                        : "Activation along the best restart of the optimiser.";
    add_differences(&differences, &list, a);
    figure panels[] = {curves_figure("Both runs", &list, searched),
                       curves_figure("What B has more", &differences, searched)};
    return page_figure(p, "curve", panels, differences.n ? 2 : 1, e);
}
