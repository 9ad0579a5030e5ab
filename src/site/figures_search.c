/* Charts of the search for real tokens, of one feature and of all. */
#include "base/memory.h"
#include "site/chain.h"
#include "site/figures.h"
#include "site/show.h"
#include <string.h>

enum { HEIGHT = 340, LOW_HEIGHT = 320 };

static const axis RATIO_AXIS = {.title = "activation over the data's maximum",
                                .include_zero = true};

static const reference_line DATA_MAXIMUM = {1, "data maximum"};

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
    return page_figure(p, "chain", &f, 1, e);
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
static figure front_of(page *p, const record_target *t)
{
    const record_search *s = &t->search;
    const record_search_summary *all = &p->site->r->search;
    const record_sequence *window = record_find_sequence(s, "data_window");
    arena *a = &p->memory;
    size_t room = (size_t)s->n_front + 1;
    double *x = arena_push(a, room, sizeof *x), *y = arena_push(a, room, sizeof *y);
    int *group = arena_push(a, room, sizeof *group), n = 0, n_groups = 0;
    const char **names = arena_push(a, room, sizeof *names);
    const char **groups = arena_push(a, FIGURE_MAX_SERIES, sizeof *groups);
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
    reference_band *band = arena_push(a, 1, sizeof *band);
    *band = (reference_band){all->cross_entropy_mean, all->cross_entropy_limit, "like the data"};
    return (figure){.name = "front",
                    .title = "Activation against cross-entropy",
                    .kind = FIGURE_SCATTER,
                    .width = FIGURE_PANEL,
                    .height = HEIGHT,
                    .scatter = {.x = {.title = "cross-entropy", .unit = "nats a token"},
                                .y = RATIO_AXIS,
                                .x_values = x,
                                .y_values = y,
                                .groups = group,
                                .names = names,
                                .n = n,
                                .group_names = groups,
                                .n_groups = n_groups,
                                .horizontal = &DATA_MAXIMUM,
                                .n_horizontal = 1,
                                .band = band}};
}

static figure curve_of(page *p, const record_target *t)
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
    line_series *series = arena_push(a, 2, sizeof *series);
    series[0] = (line_series){
        .name = "warm", .x = x, .y = warm, .n = s->n_curve, .weight = LINE_BOLD, .color = 1};
    series[1] = (line_series){
        .name = "cold", .x = x, .y = cold, .n = s->n_curve, .weight = LINE_BOLD, .color = 2};
    return (figure){.name = "curve",
                    .title = "Best sequence so far",
                    .kind = FIGURE_LINE,
                    .width = FIGURE_PANEL,
                    .height = HEIGHT,
                    .line = {.x = {.title = "iteration", .integer = true},
                             .y = RATIO_AXIS,
                             .series = series,
                             .n_series = 2,
                             .horizontal = &DATA_MAXIMUM,
                             .n_horizontal = 1}};
}

err_code draw_search(page *p, const record_target *t, bool *front, bool *curve, err *e)
{
    panels all = {.n = 0};
    *front = t->search.n_front > 0;
    *curve = t->search.n_curve > 0;
    if (*front)
        all.list[all.n++] = front_of(p, t);
    if (*curve)
        all.list[all.n++] = curve_of(p, t);
    return all.n ? page_figure(p, "search", all.list, all.n, e) : OK;
}

/* ---- of all ---- */

static figure ratio_medians(page *p)
{
    const record_search_summary *s = &p->site->r->search;
    static const char *const names[] = {"median", "nine tenths reach"};
    arena *a = &p->memory;
    size_t room = (size_t)s->n_ratios + 1;
    const char **labels = arena_push(a, room, sizeof *labels);
    double *values = arena_push(a, 2 * room, sizeof *values);
    int n = 0;
    for (int i = 0; i < s->n_ratios; i++) {
        if (!s->ratios[i].n)
            continue;
        labels[n] = chain_label(a, s->ratios[i].name);
        values[2 * n] = s->ratios[i].median;
        values[2 * n++ + 1] = s->ratios[i].p10;
    }
    return (figure){.name = "medians",
                    .title = "How far each kind of input drives the targets",
                    .kind = FIGURE_GROUPED,
                    .width = FIGURE_WIDE,
                    .height = HEIGHT,
                    .grouped = {.x = {.title = "input"},
                                .y = RATIO_AXIS,
                                .labels = labels,
                                .names = names,
                                .values = values,
                                .n = n,
                                .n_series = 2}};
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

static figure ratio_histogram(page *p, const char *name, const char *title, const double *values,
                              int n, const double *edges, int n_bins)
{
    double *counts = arena_push(&p->memory, (size_t)n_bins, sizeof *counts);
    for (int i = 0; i < n; i++) {
        int bin = 0;
        while (bin + 1 < n_bins && values[i] >= edges[bin + 1])
            bin++;
        counts[bin] += isfinite(values[i]);
    }
    return (figure){.name = name,
                    .title = title,
                    .kind = FIGURE_HISTOGRAM,
                    .width = FIGURE_PANEL,
                    .height = LOW_HEIGHT,
                    .histogram = {.x = {.title = RATIO_AXIS.title},
                                  .y = {.title = "targets", .integer = true},
                                  .edges = edges,
                                  .counts = counts,
                                  .n = n_bins,
                                  .markers = &DATA_MAXIMUM,
                                  .n_markers = 1}};
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
    const figure all[] = {
        ratio_medians(p),
        ratio_histogram(p, "warm", "Warm: grown from the data's windows", ratios, n, edges, n_bins),
        ratio_histogram(p, "cold", "Cold: found without the data", ratios + n, n, edges, n_bins)};
    return page_figure(p, "ratios", all, record_any_cold(r) ? 3 : 2, e);
}
