/* Charts of a feature's page. */
#include "base/memory.h"
#include "site/figures.h"
#include "site/show.h"

enum { HALF_WIDTH = 520, HALF_HEIGHT = 320, LOW_HEIGHT = 240, LABEL = 7, ROOMY = 12 };

static const char *stem_of(page *p, const record_target *t, const char *what)
{
    char name[RECORD_NAME];
    record_feature_name(name, p->site->r->run.sae.layer, t->id);
    return arena_printf(&p->memory, "%s-%s", name, what);
}

/* ---- optimisation ---- */

typedef struct curve {
    const char *key, *title, *y_title;
    size_t offset; /* of the series in record_restart */
} curve;

/* All restarts faint, the best one bold. */
static err_code draw_restarts(page *p, const record_target *t, const curve *c,
                              const reference_line *lines, int n_lines, err *e)
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
    figure f = {.title = c->title,
                .kind = FIGURE_LINE,
                .width = HALF_WIDTH,
                .height = HALF_HEIGHT,
                .line = {.x = {.title = "step", .integer = true},
                         .y = {.title = c->y_title},
                         .series = series,
                         .n_series = o->n_restarts,
                         .horizontal = lines,
                         .n_horizontal = n_lines}};
    return page_figure(p, c->key, stem_of(p, t, c->key), &f, e);
}

err_code draw_optimisation(page *p, const record_target *t, bool *drawn, err *e)
{
    static const curve curves[] = {
        {"activation", "Activation while optimising", "activation",
         offsetof(record_restart, activation_curve)},
        {"loss", "Loss while optimising", "loss", offsetof(record_restart, loss)},
    };
    reference_line maximum = {record_find_feature(p->site->r, t->id)->max, "data maximum"};
    *drawn = t->optimum.n_restarts > 0 && t->optimum.restarts[0].n_steps > 0;
    if (!*drawn)
        return OK;
    err_code rc = draw_restarts(p, t, &curves[0], &maximum, 1, e);
    return rc ? rc : draw_restarts(p, t, &curves[1], NULL, 0, e);
}

/* ---- positions ---- */

err_code draw_positions(page *p, const record_target *t, bool *drawn, err *e)
{
    const record_optimum *o = &t->optimum;
    arena *a = &p->memory;
    size_t room = (size_t)o->n_positions + 1;
    const char **labels = arena_push(a, room, sizeof *labels);
    double *values = arena_push(a, room, sizeof *values);
    double *snapped = arena_push(a, room, sizeof *snapped);
    *drawn = o->n_positions > 0;
    for (int i = 0; i < o->n_positions; i++) {
        const record_position *q = &o->positions[i];
        labels[i] =
            q->n_neighbours
                ? arena_printf(a, "%d %s", i, show_token_ascii(a, q->neighbours[0].token, LABEL))
                : arena_printf(a, "%d", i);
        values[i] = q->activation;
        snapped[i] = q->snapped;
    }
    figure f = {.title = "Activation at each position",
                .kind = FIGURE_BARS,
                .height = 300,
                .width = o->n_positions > ROOMY ? 1000 : 720,
                .bars = {.x = {.title = "position and nearest token"},
                         .y = {.title = "activation"},
                         .labels = labels,
                         .values = values,
                         .compare = snapped,
                         .name = "optimised input",
                         .compare_name = "nearest real tokens",
                         .n = o->n_positions,
                         .highlight = 0}};
    return *drawn ? page_figure(p, "positions", stem_of(p, t, "positions"), &f, e) : OK;
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

/* Free vectors lie far above the data: only a logarithmic axis holds both. */
static err_code draw_histogram(page *p, const record_target *t, const char *key,
                               const record_histogram *h, err *e)
{
    arena *a = &p->memory;
    const record_quantiles *q = &t->quantiles;
    bool inverted = record_has_search(t) || t->optimum.n_positions > 0;
    reference_line markers[] = {
        marker(a, "median", q->median), marker(a, "p99", q->p99), marker(a, "max", q->most),
        marker(a, "real tokens", inverted ? best_real_activation(t) : (double)NAN),
        marker(a, "free vectors",
               h->log_edges && t->optimum.n_positions ? t->optimum.activation : (double)NAN)};
    figure f = {.title =
                    h->log_edges ? "Non-zero activations, logarithmic" : "Non-zero activations",
                .kind = FIGURE_HISTOGRAM,
                .width = HALF_WIDTH,
                .height = HALF_HEIGHT,
                .histogram = {.x = {.title = "activation", .log = h->log_edges},
                              .y = {.title = "tokens",
                                    .unit = arena_printf(a, "n = %lld", (long long)q->n),
                                    .integer = true,
                                    .log = !h->log_edges},
                              .edges = h->edges,
                              .counts = h->counts,
                              .n = h->n_counts,
                              .markers = markers,
                              .n_markers = COUNT_OF(markers)}};
    return page_figure(p, key, stem_of(p, t, key), &f, e);
}

err_code draw_histograms(page *p, const record_target *t, bool *drawn, err *e)
{
    *drawn = t->histogram.n_counts > 0 && t->log_histogram.n_counts > 0 &&
             t->quantiles.least < t->quantiles.most;
    if (!*drawn)
        return OK;
    err_code rc = draw_histogram(p, t, "histogram", &t->histogram, e);
    return rc ? rc : draw_histogram(p, t, "log-histogram", &t->log_histogram, e);
}

/* ---- positions in the prompts ---- */

static err_code draw_by_position(page *p, const record_target *t, const char *key,
                                 const char *title, const axis *y, const double *values,
                                 const char *const *labels, err *e)
{
    figure f = {.title = title,
                .kind = FIGURE_BARS,
                .width = HALF_WIDTH,
                .height = LOW_HEIGHT,
                .bars = {.x = {.title = "position in the prompt"},
                         .y = *y,
                         .labels = labels,
                         .values = values,
                         .n = t->n_position_bins}};
    return page_figure(p, key, stem_of(p, t, key), &f, e);
}

err_code draw_position_profile(page *p, const record_target *t, bool *drawn, err *e)
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
    *drawn = n_active > 0;
    if (!*drawn)
        return OK;
    axis y_density = {.title = "active tokens",
                      .unit = arena_printf(a, "%% of n = %lld", (long long)n_tokens)},
         y_mean = {.title = "mean activation",
                   .unit = arena_printf(a, "n = %lld", (long long)n_active)};
    err_code rc = draw_by_position(p, t, "position-density", "Density by position", &y_density,
                                   density, labels, e);
    return rc ? rc
              : draw_by_position(p, t, "position-mean", "Strength by position", &y_mean, mean,
                                 labels, e);
}
