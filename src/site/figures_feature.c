/* Charts of a feature's page. */
#include "base/memory.h"
#include "site/figures.h"
#include "site/show.h"

enum { HEIGHT = 320, LOW_HEIGHT = 240, LABEL = 7 };

/* ---- free vectors ---- */

typedef struct curve {
    const char *key, *title, *y_title;
    size_t offset; /* of the series in record_restart */
} curve;

/* All restarts faint, the best one bold. */
static figure restarts(page *p, const record_target *t, const curve *c, const reference_line *lines,
                       int n_lines)
{
    const record_optimum *o = &t->optimum;
    line_series *series = arena_push(&p->memory, (size_t)o->n_restarts, sizeof *series);
    for (int i = 0; i < o->n_restarts; i++) {
        const record_restart *s = &o->restarts[i];
        const double *y = *(double *const *)(const void *)((const char *)s + c->offset);
        series[i] = (line_series){.x = s->step,
                                  .y = y,
                                  .n = s->n_steps,
                                  .weight = s->is_best ? LINE_BOLD : LINE_FAINT,
                                  .name = s->is_best ? "best" : NULL,
                                  .color = s->is_best ? 1 : 0};
    }
    return (figure){.name = c->key,
                    .title = c->title,
                    .kind = FIGURE_LINE,
                    .width = FIGURE_PANEL,
                    .height = LOW_HEIGHT,
                    .line = {.x = {.title = "step", .integer = true},
                             .y = {.title = c->y_title},
                             .series = series,
                             .n_series = o->n_restarts,
                             .horizontal = lines,
                             .n_horizontal = n_lines}};
}

static figure positions(page *p, const record_optimum *o)
{
    arena *a = &p->memory;
    size_t room = (size_t)o->n_positions + 1;
    const char **labels = arena_push(a, room, sizeof *labels);
    double *values = arena_push(a, room, sizeof *values);
    double *snapped = arena_push(a, room, sizeof *snapped);
    for (int i = 0; i < o->n_positions; i++) {
        const record_position *q = &o->positions[i];
        labels[i] =
            q->n_neighbours
                ? arena_printf(a, "%d %s", i, show_token_ascii(a, q->neighbours[0].token, LABEL))
                : arena_printf(a, "%d", i);
        values[i] = q->activation;
        snapped[i] = q->snapped;
    }
    return (figure){.name = "positions",
                    .title = "Activation at each position",
                    .kind = FIGURE_BARS,
                    .height = 260,
                    .width = FIGURE_WIDE,
                    .bars = {.x = {.title = "position and nearest token"},
                             .y = {.title = "activation"},
                             .labels = labels,
                             .values = values,
                             .compare = snapped,
                             .name = "optimised input",
                             .compare_name = "nearest real tokens",
                             .n = o->n_positions}};
}

err_code draw_free(page *p, const record_target *t, bool *bars, bool *curves, err *e)
{
    static const curve of[] = {
        {"activation", "Activation while optimising", "activation",
         offsetof(record_restart, activation_curve)},
        {"loss", "Loss while optimising", "loss", offsetof(record_restart, loss)},
    };
    const record_optimum *o = &t->optimum;
    reference_line maximum = {record_find_feature(p->site->r, t->id)->max, "data maximum"};
    panels all = {.n = 0};
    *bars = o->n_positions > 0;
    *curves = o->n_restarts > 0 && o->restarts[0].n_steps > 0;
    if (*bars)
        all.list[all.n++] = positions(p, o);
    if (*curves) {
        all.list[all.n++] = restarts(p, t, &of[0], &maximum, 1);
        all.list[all.n++] = restarts(p, t, &of[1], NULL, 0);
    }
    return all.n ? page_figure(p, "free", all.list, all.n, e) : OK;
}

/* ---- histograms ---- */

static double found_activation(const record_search *s, const char *kind)
{
    const record_sequence *found = record_find_sequence(s, kind);
    return found ? found->activation : (double)NAN;
}

/* "median 1.23", in ASCII for the PNG. */
static reference_line marker(arena *a, const char *name, double value)
{
    return (reference_line){value, arena_printf(a, "%s %.3g", name, value)};
}

/* The best real tokens of the search; without a search, those nearest to the free vectors. */
static double best_real_activation(const record_target *t)
{
    return record_has_search(t)
               ? fmax(found_activation(&t->search, "warm"), found_activation(&t->search, "cold"))
               : t->optimum.snapped_activation;
}

enum { MARKERS = 5 };

/* Free vectors lie far above the data: only a logarithmic axis holds both. */
static figure histogram_of(page *p, const record_target *t, const char *name,
                           const record_histogram *h)
{
    arena *a = &p->memory;
    const record_quantiles *q = &t->quantiles;
    bool inverted = record_has_search(t) || t->optimum.n_positions > 0;
    reference_line *markers = arena_push(a, MARKERS, sizeof *markers);
    markers[0] = marker(a, "median", q->median);
    markers[1] = marker(a, "p99", q->p99);
    markers[2] = marker(a, "max", q->most);
    markers[3] = marker(a, "real tokens", inverted ? best_real_activation(t) : (double)NAN);
    markers[4] =
        marker(a, "free vectors",
               h->log_edges && t->optimum.n_positions ? t->optimum.activation : (double)NAN);
    return (figure){.name = name,
                    .title =
                        h->log_edges ? "Non-zero activations, logarithmic" : "Non-zero activations",
                    .kind = FIGURE_HISTOGRAM,
                    .width = FIGURE_PANEL,
                    .height = HEIGHT,
                    .histogram = {.x = {.title = "activation", .log = h->log_edges},
                                  .y = {.title = "tokens",
                                        .unit = arena_printf(a, "n = %lld", (long long)q->n),
                                        .integer = true,
                                        .log = !h->log_edges},
                                  .edges = h->edges,
                                  .counts = h->counts,
                                  .n = h->n_counts,
                                  .markers = markers,
                                  .n_markers = MARKERS}};
}

/* ---- positions in the prompts ---- */

static figure by_position(const record_target *t, const char *name, const char *title,
                          const axis *y, const double *values, const char *const *labels)
{
    return (figure){.name = name,
                    .title = title,
                    .kind = FIGURE_BARS,
                    .width = FIGURE_PANEL,
                    .height = LOW_HEIGHT,
                    .bars = {.x = {.title = "position in the prompt"},
                             .y = *y,
                             .labels = labels,
                             .values = values,
                             .n = t->n_position_bins}};
}

/* Two panels, or none where the feature is active nowhere. */
static void add_position_profile(panels *all, page *p, const record_target *t)
{
    arena *a = &p->memory;
    size_t n = (size_t)t->n_position_bins;
    const char **labels = arena_push(a, n + 1, sizeof *labels);
    double *density = arena_push(a, n + 1, sizeof *density);
    double *mean = arena_push(a, n + 1, sizeof *mean);
    int64_t n_active = 0, n_tokens = 0;
    for (size_t i = 0; i < n; i++) {
        const record_position_bin *b = &t->position_bins[i];
        labels[i] = b->first == b->last ? arena_printf(a, "%d", b->first)
                                        : arena_printf(a, "%d-%d", b->first, b->last);
        density[i] = 100 * b->density;
        mean[i] = b->mean;
        n_active += b->n_active;
        n_tokens += b->n;
    }
    if (!n_active)
        return;
    axis y_density = {.title = "active tokens",
                      .unit = arena_printf(a, "%% of n = %lld", (long long)n_tokens)},
         y_mean = {.title = "mean activation",
                   .unit = arena_printf(a, "n = %lld", (long long)n_active)};
    all->list[all->n++] =
        by_position(t, "position-density", "Density by position", &y_density, density, labels);
    all->list[all->n++] =
        by_position(t, "position-mean", "Strength by position", &y_mean, mean, labels);
}

err_code draw_activation(page *p, const record_target *t, bool *histograms, bool *profile, err *e)
{
    panels all = {.n = 0};
    *histograms = t->histogram.n_counts > 0 && t->log_histogram.n_counts > 0 &&
                  t->quantiles.least < t->quantiles.most;
    if (*histograms) {
        all.list[all.n++] = histogram_of(p, t, "histogram", &t->histogram);
        all.list[all.n++] = histogram_of(p, t, "log-histogram", &t->log_histogram);
    }
    int before = all.n;
    add_position_profile(&all, p, t);
    *profile = all.n > before;
    return all.n ? page_figure(p, "activation", all.list, all.n, e) : OK;
}
