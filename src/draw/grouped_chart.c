/* Bars side by side in groups. */
#include "base/memory.h"
#include "draw/chart.h"
#include "draw/legend.h"
#include <math.h>

enum { MAX_BAR = 30 };

static int series_of(const grouped_chart *g)
{
    return g->n_series < FIGURE_MAX_SERIES ? g->n_series : FIGURE_MAX_SERIES;
}

static axis bar_axis(axis a)
{
    a.log = false;
    a.include_zero = true;
    return a;
}

static bounds value_bounds(const grouped_chart *g, const axis *y)
{
    bounds b = BOUNDS_EMPTY;
    for (int i = 0; i < g->n; i++)
        for (int s = 0; s < series_of(g); s++)
            bounds_add(&b, y, ROW(g->values, i, g->n_series)[s]);
    return b;
}

static void draw_group(canvas *c, const frame *f, const grouped_chart *g, int i, double slot)
{
    int n = series_of(g);
    double width = floor(fmin(slot * 0.8 / n, MAX_BAR) * 2) / 2, zero = scale_at(&f->y, 0);
    width = fmax(width, 0.5);
    double x = f->left + (i + 0.5) * slot - width * n / 2;
    for (int s = 0; s < n; s++, x += width) {
        double value = ROW(g->values, i, g->n_series)[s];
        if (!isfinite(value))
            continue;
        double y = scale_at(&f->y, value), gap = width >= 5 ? 1 : 0;
        patterned_bar(c, x, fmin(y, zero), width - gap, fabs(y - zero), s);
    }
}

void grouped_chart_draw(canvas *c, const figure *fig)
{
    const grouped_chart *g = &fig->grouped;
    axis y_axis = bar_axis(g->y);
    bounds y = value_bounds(g, &y_axis);
    legend_entry entries[FIGURE_MAX_SERIES];
    for (int s = 0; s < series_of(g); s++)
        entries[s] = (legend_entry){g->names[s], LEGEND_BAR, s};
    category_axis category = category_plan(g->labels, g->n, c->width - 2 * FRAME_EDGE - 50);
    frame f;
    double legend_top;
    frame_draw(
        &f, &legend_top, c,
        &(frame_spec){.title = fig->title,
                      .x = &g->x,
                      .y = &y_axis,
                      .y_bounds = y,
                      .x_bounds = {.low = 0, .high = 1},
                      .y_pad = 0.04,
                      .legend = legend_height(entries, series_of(g), c->width - 2 * FRAME_EDGE),
                      .x_labels = category.height});
    category.slot = (f.right - f.left) / (g->n > 0 ? g->n : 1);
    legend_draw(c, legend_top, entries, series_of(g));
    for (int i = 0; i < g->n; i++)
        draw_group(c, &f, g, i, category.slot);
    canvas_rectangle(c, f.left, crisp(scale_at(&f.y, 0)), f.right - f.left, 0.5, PAINT(INK_MUTED));
    category_draw(c, &f, &category);
    if (y.n == 0) {
        char buf[64];
        frame_note(&f, c, bounds_note(buf, &y));
    }
}

void grouped_chart_values(const drawn_values *to, const figure *fig)
{
    const grouped_chart *g = &fig->grouped;
    for (int i = 0; i < g->n; i++)
        for (int s = 0; s < series_of(g); s++)
            drawn_values_point(to, g->names[s], g->labels[i], i, ROW(g->values, i, g->n_series)[s]);
}

void grouped_chart_alt(str *out, const figure *fig)
{
    const grouped_chart *g = &fig->grouped;
    axis y = bar_axis(g->y);
    bounds all = value_bounds(g, &y);
    alt_start(out, "Grouped bar chart", fig);
    axis_words(out, &g->y, "value");
    str_addf(out, " of %d groups. Means: ", g->n);
    for (int s = 0; s < series_of(g); s++) {
        double sum = 0;
        int n = 0;
        for (int i = 0; i < g->n; i++) {
            double value = ROW(g->values, i, g->n_series)[s];
            sum += isfinite(value) ? value : 0;
            n += isfinite(value);
        }
        char buf[NUMBER_TEXT];
        str_addf(out, "%s%s %s", s ? ", " : "", g->names[s],
                 n ? number_text(buf, sum / n) : "no value");
    }
    alt_dropped(out, all.dropped);
}
