/* Vertical bars per position or category. */
#include "draw/chart.h"
#include "draw/legend.h"
#include <math.h>

enum { MAX_BAR = 46 };

static bounds value_bounds(const bar_chart *b)
{
    bounds out = BOUNDS_EMPTY;
    for (int i = 0; i < b->n; i++)
        bounds_add(&out, &b->y, b->values[i]);
    return out;
}

/* Bars start at zero; a log axis would cut them at an arbitrary place. */
static axis bar_axis(axis a)
{
    a.log = false;
    a.include_zero = true;
    return a;
}

static void draw_bars(canvas *c, const frame *f, const bar_chart *b, double slot)
{
    double width = fmin(fmax(slot * 0.72, 1), MAX_BAR), zero = scale_at(&f->y, 0);
    for (int i = 0; i < b->n; i++) {
        double x = f->left + (i + 0.5) * slot - width / 2;
        if (isfinite(b->values[i])) {
            double y = scale_at(&f->y, b->values[i]);
            canvas_rectangle(c, crisp(x), crisp(fmin(y, zero)), fmax(crisp(width), 0.5),
                             fmax(fabs(crisp(y) - crisp(zero)), 0.5),
                             PAINT(INK_SERIES + (b->highlight == i + 1)));
        }
        if (b->compare && isfinite(b->compare[i]))
            canvas_rectangle(c, crisp(x - 2), crisp(scale_at(&f->y, b->compare[i]) - 1),
                             crisp(width + 4), 2, PAINT(INK_TEXT));
    }
    canvas_rectangle(c, f->left, crisp(zero), f->right - f->left, 0.5, PAINT(INK_MUTED));
}

void bar_chart_draw(canvas *c, const figure *fig)
{
    bar_chart b = fig->bars;
    b.y = bar_axis(b.y);
    bounds y = value_bounds(&b), y_all = y;
    for (int i = 0; b.compare && i < b.n; i++)
        bounds_add(&y_all, &b.y, b.compare[i]);
    bounds_add_references(&y_all, &b.y, b.horizontal, b.n_horizontal);
    side_label labels[32];
    int n_labels = 0;
    side_labels_add_references(labels, &n_labels, &b.y, b.horizontal, b.n_horizontal);
    legend_entry entries[] = {
        {b.name ? b.name : "value", LEGEND_BAR, 0},
        {b.compare_name ? b.compare_name : "compared", LEGEND_TICK, INK_TEXT - INK_SERIES}};
    int n_entries = b.compare ? 2 : 0;
    double side = side_labels_width(labels, n_labels);
    category_axis category = category_plan(b.labels, b.n, c->width - 2 * FRAME_EDGE - side - 50);
    frame f;
    double legend_top;
    frame_draw(&f, &legend_top, c,
               &(frame_spec){.title = fig->title,
                             .x = &b.x,
                             .y = &b.y,
                             .y_bounds = y_all,
                             .x_bounds = {.low = 0, .high = b.n > 1 ? b.n : 1},
                             .y_pad = 0.04,
                             .legend = legend_height(entries, n_entries, c->width - 2 * FRAME_EDGE),
                             .right = side,
                             .x_labels = category.height});
    category.slot = (f.right - f.left) / (b.n > 0 ? b.n : 1);
    legend_draw(c, legend_top, entries, n_entries);
    draw_bars(c, &f, &b, category.slot);
    references_draw(c, &f, b.horizontal, b.n_horizontal);
    category_draw(c, &f, &category);
    for (int i = 0; i < n_labels; i++) {
        labels[i].y = scale_at(&f.y, labels[i].y);
        labels[i].from_x = f.right;
    }
    side_labels_draw(c, &f, labels, n_labels);
    if (y.n == 0) {
        char buf[64];
        frame_note(&f, c, bounds_note(buf, &y));
    }
}

void bar_chart_values(const drawn_values *to, const figure *fig)
{
    const bar_chart *b = &fig->bars;
    const char *name = b->name ? b->name : b->y.title;
    for (int i = 0; i < b->n; i++) {
        const char *label = b->labels ? b->labels[i] : NULL;
        drawn_values_point(to, name, label, i, b->values[i]);
        if (b->compare)
            drawn_values_point(to, b->compare_name ? b->compare_name : "compared", label, i,
                               b->compare[i]);
    }
}

void bar_chart_alt(str *out, const figure *fig)
{
    const bar_chart *b = &fig->bars;
    axis y = bar_axis(b->y);
    bounds all = BOUNDS_EMPTY;
    int highest = 0;
    for (int i = 0; i < b->n; i++) {
        bounds_add(&all, &y, b->values[i]);
        if (!(b->values[i] <= b->values[highest]))
            highest = isfinite(b->values[i]) ? i : highest;
    }
    alt_start(out, "Bar chart", fig);
    axis_words(out, &b->y, "value");
    str_addf(out, " by %s, %d bars", b->x.title ? b->x.title : "position", b->n);
    char buf[64], low[NUMBER_TEXT], high[NUMBER_TEXT];
    if (all.n == 0)
        str_addf(out, ", %s", bounds_note(buf, &all));
    else
        str_addf(out, " from %s to %s, highest at %d%s%s", number_text(low, all.low),
                 number_text(high, all.high), highest, b->labels ? " " : "",
                 b->labels ? b->labels[highest] : "");
    alt_dropped(out, all.dropped);
}
