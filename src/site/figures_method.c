/* Charts of the method page: how the model and the SAE were trained, and what they know. */
#include "base/memory.h"
#include "site/figures.h"
#include "site/show.h"

enum { HEIGHT = 320 };

/* Gathers one member of each point; points without it are left out of x as well. */
static int gather(double *x, double *y, const void *points, size_t size, int n, size_t x_offset,
                  size_t y_offset)
{
    int kept = 0;
    for (int i = 0; i < n; i++) {
        const char *point = (const char *)points + (size_t)i * size;
        double value = *(const double *)(const void *)(point + y_offset);
        if (!isfinite(value))
            continue;
        x[kept] = *(const double *)(const void *)(point + x_offset);
        y[kept++] = value;
    }
    return kept;
}

typedef struct curve {
    const char *key, *title, *y_title, *unit;
    size_t offset;
    const char *name; /* of the line; NULL when it is the only one */
    size_t second;    /* offset of a second line, 0: none */
    const char *second_name;
    bool log, include_zero;
} curve;

static figure curve_of(page *p, const curve *c, const void *points, size_t size, int n,
                       size_t tokens)
{
    arena *a = &p->memory;
    line_series *series = arena_push(a, 2, sizeof *series);
    series[0] = (line_series){.name = c->name, .color = 1, .weight = LINE_BOLD};
    series[1] = (line_series){.name = c->second_name, .color = 2, .weight = LINE_BOLD};
    int lines = c->second ? 2 : 1;
    for (int i = 0; i < lines; i++) {
        double *x = arena_push(a, (size_t)n, sizeof *x), *y = arena_push(a, (size_t)n, sizeof *y);
        series[i].n = gather(x, y, points, size, n, tokens, i ? c->second : c->offset);
        series[i].x = x;
        series[i].y = y;
    }
    return (figure){.name = c->key,
                    .title = c->title,
                    .kind = FIGURE_LINE,
                    .width = FIGURE_PANEL,
                    .height = HEIGHT,
                    .line = {.x = {.title = "tokens", .integer = true},
                             .y = {.title = c->y_title,
                                   .unit = c->unit,
                                   .log = c->log,
                                   .include_zero = c->include_zero},
                             .series = series,
                             .n_series = lines}};
}

err_code draw_lm_training(page *p, bool *drawn, err *e)
{
    const record *r = p->site->r;
    static const curve curves[] = {
        {"loss", "Loss of the language model", "loss", "nats", offsetof(record_lm_point, loss),
         "training", offsetof(record_lm_point, validation_loss), "validation", false, false},
        {"rate", "Learning rate", "learning rate", NULL, offsetof(record_lm_point, learning_rate),
         NULL, 0, NULL, false, true},
    };
    *drawn = r->n_lm_curve > 0;
    panels all = {.n = 0};
    for (size_t i = 0; i < COUNT_OF(curves) && *drawn; i++)
        all.list[all.n++] = curve_of(p, &curves[i], r->lm_curve, sizeof *r->lm_curve, r->n_lm_curve,
                                     offsetof(record_lm_point, tokens));
    return all.n ? page_figure(p, "lm", all.list, all.n, e) : OK;
}

err_code draw_sae_training(page *p, bool *drawn, err *e)
{
    const record *r = p->site->r;
    static const curve curves[] = {
        {"loss", "Loss of the SAE", "loss", NULL, offsetof(record_sae_point, loss), NULL, 0, NULL,
         true, false},
        {"l0", "Active features a token", "mean L0", "features", offsetof(record_sae_point, l0),
         NULL, 0, NULL, false, true},
        {"variance", "Explained variance", "explained variance", "share",
         offsetof(record_sae_point, explained_variance), NULL, 0, NULL, false, false},
        {"dead", "Dead features", "dead", "share of the dictionary",
         offsetof(record_sae_point, dead), NULL, 0, NULL, false, true},
    };
    *drawn = r->n_sae_curve > 0;
    panels all = {.n = 0};
    for (size_t i = 0; i < COUNT_OF(curves) && *drawn; i++)
        all.list[all.n++] = curve_of(p, &curves[i], r->sae_curve, sizeof *r->sae_curve,
                                     r->n_sae_curve, offsetof(record_sae_point, tokens));
    return all.n ? page_figure(p, "sae", all.list, all.n, e) : OK;
}

err_code draw_concepts(page *p, bool *drawn, err *e)
{
    const record *r = p->site->r;
    arena *a = &p->memory;
    size_t room = (size_t)r->n_concepts + 1;
    double *x = arena_push(a, room, sizeof *x), *y = arena_push(a, room, sizeof *y);
    const char **names = arena_push(a, room, sizeof *names);
    static const reference_line found = {0.9, "F1 0.9"};
    *drawn = r->n_concepts > 0;
    for (int i = 0; i < r->n_concepts; i++) {
        x[i] = r->concepts[i].base_rate;
        y[i] = r->concepts[i].f1;
        names[i] = show_text(a, r->concepts[i].name);
    }
    figure f = {.title = "Concepts of the text and their best feature",
                .kind = FIGURE_SCATTER,
                .width = 720,
                .height = 360,
                .scatter = {.x = {.title = "share of tokens that carry the concept", .log = true},
                            .y = {.title = "F1 of the best feature", .include_zero = true},
                            .x_values = x,
                            .y_values = y,
                            .names = names,
                            .n = r->n_concepts,
                            .horizontal = &found,
                            .n_horizontal = 1}};
    return *drawn ? page_figure(p, "concepts", &f, 1, e) : OK;
}
