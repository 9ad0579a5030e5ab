/* Charts of the search for real tokens, of one feature and of all. */
#include "base/memory.h"
#include "site/chain.h"
#include "site/figures.h"
#include "site/show.h"
#include <string.h>

enum { HALF_WIDTH = 520, HALF_HEIGHT = 320 };

static const char *stem_of(page *p, const record_target *t, const char *what)
{
    char name[RECORD_NAME];
    record_feature_name(name, p->site->r->run.sae.layer, t->id);
    return arena_printf(&p->memory, "%s-%s", name, what);
}

static const axis RATIO_AXIS = {.title = "activation over the data's maximum",
                                .include_zero = true};

/* ---- of one feature ---- */

err_code draw_chain(page *p, const record_target *t, err *e)
{
    static const char *const groups[BAR_GROUPS] = {"real tokens", "from the data", "no real text"};
    int n_bars, n = 0;
    const chain_bar *bars = chain_bars(&n_bars);
    const char **labels = arena_push(&p->memory, (size_t)n_bars, sizeof *labels);
    double *values = arena_push(&p->memory, (size_t)n_bars, sizeof *values);
    int *group = arena_push(&p->memory, (size_t)n_bars, sizeof *group);
    for (int i = 0; i < n_bars; i++) {
        double value = chain_value(&t->search.chain, &bars[i]);
        if (!isfinite(value))
            continue;
        labels[n] = bars[i].label;
        group[n] = (int)bars[i].group;
        values[n++] = value;
    }
    figure f = {.title = "How far each kind of input drives the feature",
                .kind = FIGURE_ROWS,
                .width = 720,
                .rows = {.value = RATIO_AXIS,
                         .labels = labels,
                         .values = values,
                         .n = n,
                         .groups = group,
                         .group_names = groups,
                         .n_groups = BAR_GROUPS,
                         .reference = 1}};
    return page_figure(p, "chain", stem_of(p, t, "chain"), &f, e);
}

/* Index of a name in the list, added when it is new; -1 when it says nothing or the list is full.
 */
static int index_of(const char **names, int *n, const char *name)
{
    for (int i = 0; i < *n; i++)
        if (!strcmp(names[i], name))
            return i;
    if (!*name || *n == FIGURE_MAX_SERIES)
        return -1;
    names[*n] = name;
    return (*n)++;
}

/* The front and, for comparison, the data's best window as it is. */
err_code draw_front(page *p, const record_target *t, bool *drawn, err *e)
{
    const record_search *s = &t->search;
    const record_search_summary *all = &p->site->r->search;
    const record_sequence *window = record_find_sequence(s, "data_window");
    arena *a = &p->memory;
    size_t room = (size_t)s->n_front + 1;
    double *x = arena_push(a, room, sizeof *x), *y = arena_push(a, room, sizeof *y);
    int *group = arena_push(a, room, sizeof *group), n = 0, n_groups = 0;
    const char **names = arena_push(a, room, sizeof *names);
    const char *groups[FIGURE_MAX_SERIES];
    for (int i = 0; i < s->n_front; i++) {
        const record_front_point *q = &s->front[i];
        x[n] = q->cross_entropy;
        y[n] = q->ratio;
        group[n] = index_of(groups, &n_groups, show_text(a, q->provenance));
        names[n++] = show_prose(a, q->text);
    }
    if (window) {
        x[n] = window->cross_entropy;
        y[n] = window->ratio;
        group[n] = index_of(groups, &n_groups, "best window as it is");
        names[n++] = show_prose(a, window->text);
    }
    reference_band band = {all->cross_entropy_mean, all->cross_entropy_limit, "like the data"};
    reference_line maximum = {1, "data maximum"};
    figure f = {.title = "Activation against cross-entropy",
                .kind = FIGURE_SCATTER,
                .width = HALF_WIDTH,
                .height = HALF_HEIGHT + 20,
                .scatter = {.x = {.title = "cross-entropy", .unit = "nats a token"},
                            .y = RATIO_AXIS,
                            .x_values = x,
                            .y_values = y,
                            .groups = group,
                            .names = names,
                            .n = n,
                            .group_names = groups,
                            .n_groups = n_groups,
                            .horizontal = &maximum,
                            .n_horizontal = 1,
                            .band = &band}};
    *drawn = s->n_front > 0;
    return *drawn ? page_figure(p, "front", stem_of(p, t, "front"), &f, e) : OK;
}

err_code draw_search_curve(page *p, const record_target *t, bool *drawn, err *e)
{
    const record_search *s = &t->search;
    arena *a = &p->memory;
    size_t n = (size_t)s->n_curve + 1;
    double *x = arena_push(a, n, sizeof *x), *cold = arena_push(a, n, sizeof *cold),
           *warm = arena_push(a, n, sizeof *warm);
    for (int i = 0; i < s->n_curve; i++) {
        x[i] = s->curve[i].iteration;
        cold[i] = s->curve[i].cold;
        warm[i] = s->curve[i].warm;
    }
    line_series series[] = {
        {.name = "warm", .x = x, .y = warm, .n = s->n_curve, .weight = LINE_BOLD, .color = 1},
        {.name = "cold", .x = x, .y = cold, .n = s->n_curve, .weight = LINE_BOLD, .color = 2}};
    reference_line maximum = {1, "data maximum"};
    figure f = {.title = "Best sequence so far",
                .kind = FIGURE_LINE,
                .width = HALF_WIDTH,
                .height = HALF_HEIGHT + 20,
                .line = {.x = {.title = "iteration", .integer = true},
                         .y = RATIO_AXIS,
                         .series = series,
                         .n_series = COUNT_OF(series),
                         .horizontal = &maximum,
                         .n_horizontal = 1}};
    *drawn = s->n_curve > 0;
    return *drawn ? page_figure(p, "curve", stem_of(p, t, "curve"), &f, e) : OK;
}

/* ---- of all ---- */

static err_code draw_ratio_medians(page *p, err *e)
{
    const record_search_summary *s = &p->site->r->search;
    static const char *const names[] = {"median", "nine tenths reach"};
    arena *a = &p->memory;
    size_t room = (size_t)s->n_ratios + 1;
    const char **labels = arena_push(a, room, sizeof *labels);
    double *values = arena_push(a, 2 * room, sizeof *values);
    for (int i = 0; i < s->n_ratios; i++) {
        labels[i] = chain_label(a, s->ratios[i].name);
        values[2 * i] = s->ratios[i].median;
        values[2 * i + 1] = s->ratios[i].p10;
    }
    figure f = {.title = "How far each kind of input drives the targets",
                .kind = FIGURE_GROUPED,
                .width = 1000,
                .height = 340,
                .grouped = {.x = {.title = "input"},
                            .y = RATIO_AXIS,
                            .labels = labels,
                            .names = names,
                            .values = values,
                            .n = s->n_ratios,
                            .n_series = 2}};
    return page_figure(p, "ratios", "search-ratios", &f, e);
}

/* Bins of one width that hold both lists; NULL when there is nothing to draw. */
static double *common_edges(int *n_bins, arena *a, const double *values, int n)
{
    enum { MOST = 24 };
    double low = (double)INFINITY, high = (double)-INFINITY, width = 0.05;
    for (int i = 0; i < n; i++)
        if (isfinite(values[i])) {
            low = fmin(low, values[i]);
            high = fmax(high, values[i]);
        }
    if (!isfinite(high - low))
        return NULL;
    while ((high - low) / width > MOST - 2)
        width *= 2;
    low = floor(low / width) * width;
    *n_bins = (int)floor((high - low) / width) + 1;
    double *edges = arena_push(a, (size_t)*n_bins + 1, sizeof *edges);
    for (int i = 0; i <= *n_bins; i++)
        edges[i] = low + i * width;
    return edges;
}

static err_code draw_ratio_histogram(page *p, const char *key, const char *title,
                                     const double *values, int n, const double *edges, int n_bins,
                                     err *e)
{
    double *counts = arena_push(&p->memory, (size_t)n_bins, sizeof *counts);
    for (int i = 0; i < n; i++) {
        int bin = 0;
        while (bin + 1 < n_bins && values[i] >= edges[bin + 1])
            bin++;
        counts[bin] += isfinite(values[i]);
    }
    reference_line maximum = {1, "data maximum"};
    figure f = {.title = title,
                .kind = FIGURE_HISTOGRAM,
                .width = HALF_WIDTH,
                .height = HALF_HEIGHT,
                .histogram = {.x = {.title = RATIO_AXIS.title},
                              .y = {.title = "targets", .integer = true},
                              .edges = edges,
                              .counts = counts,
                              .n = n_bins,
                              .markers = &maximum,
                              .n_markers = 1}};
    return page_figure(p, key, arena_printf(&p->memory, "search-%s", key), &f, e);
}

err_code draw_search_summary(page *p, bool *drawn, err *e)
{
    const record *r = p->site->r;
    int n = 0, n_bins = 0;
    double *ratios = arena_push(&p->memory, 2 * (size_t)r->n_targets + 1, sizeof *ratios);
    *drawn = false;
    if (!r->search.n_ratios)
        return OK;
    for (int i = 0; i < r->n_targets; i++)
        n += record_has_search(&r->targets[i]);
    for (int i = 0, k = 0; i < r->n_targets; i++)
        if (record_has_search(&r->targets[i])) {
            ratios[k] = r->targets[i].search.chain.warm;
            ratios[n + k++] = r->targets[i].search.chain.cold;
        }
    const double *edges = common_edges(&n_bins, &p->memory, ratios, 2 * n);
    if (!edges)
        return OK;
    *drawn = true;
    err_code rc = draw_ratio_medians(p, e);
    if (!rc)
        rc = draw_ratio_histogram(p, "warm-ratios", "Warm: grown from the data's windows", ratios,
                                  n, edges, n_bins, e);
    if (!rc)
        rc = draw_ratio_histogram(p, "cold-ratios", "Cold: found without the data", ratios + n, n,
                                  edges, n_bins, e);
    return rc;
}
