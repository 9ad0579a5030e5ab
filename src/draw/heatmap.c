/* Matrices as coloured cells with a colour bar. */
#include "base/memory.h"
#include "draw/chart.h"
#include "draw/color.h"
#include "draw/csv.h"
#include <math.h>
#include <stdio.h>

enum { LABELS_MAX = 170, BAR_WIDTH = 14, BAR_ROOM = 76, TICK_ROW = 20 };

typedef struct cells {
    double left, top, right, bottom;
    scale value; /* along the colour bar, from bottom to top */
    bounds data;
    double extreme; /* largest absolute value, for the diverging scale */
} cells;

static double top_of(const figure *f)
{
    return FRAME_EDGE + (f->title ? 24 : 0) +
           (f->heatmap.row_title || f->heatmap.value_title ? LINE_HEIGHT + 6 : 0);
}

static double bottom_room(const heatmap *h)
{
    return FRAME_EDGE + TICK_ROW + (h->column_title ? LINE_HEIGHT + 4 : 0);
}

int heatmap_height(const figure *f)
{
    int rows = f->heatmap.rows > 0 ? f->heatmap.rows : 1;
    double cell = rows <= 30 ? 18 : rows <= 60 ? 12 : fmax(720.0 / rows, 2);
    double height = top_of(f) + fmax(rows * cell, 160) + bottom_room(&f->heatmap);
    return (int)fmin(height, 1600);
}

static bounds value_bounds(const heatmap *h)
{
    bounds b = BOUNDS_EMPTY;
    axis linear = {0};
    for (size_t i = 0; i < (size_t)h->rows * (size_t)h->columns; i++)
        bounds_add(&b, &linear, h->values[i]);
    return b;
}

static paint cell_paint(const heatmap *h, const cells *at, double value)
{
    if (h->diverging) {
        double t = at->extreme > 0 ? value / at->extreme : 0;
        return (paint){.ink = INK_DIRECT,
                       .light = color_diverging(THEME_LIGHT, t),
                       .dark = color_diverging(THEME_DARK, t)};
    }
    double low = at->value.low, high = at->value.high;
    rgb c = color_sequential((value / 2 - low / 2) / (high / 2 - low / 2));
    return (paint){.ink = INK_DIRECT, .light = c, .dark = c};
}

static double row_label_width(const heatmap *h)
{
    double widest = 0;
    char number[16];
    for (int i = 0; i < h->rows; i++) {
        snprintf(number, sizeof number, "%d", i);
        double width = font_width(FONT_REGULAR, h->row_labels ? h->row_labels[i] : number);
        widest = fmax(widest, fmin(width, LABELS_MAX));
    }
    return widest;
}

static cells lay_out(const canvas *c, const figure *fig)
{
    const heatmap *h = &fig->heatmap;
    cells at = {.data = value_bounds(h), .top = crisp(top_of(fig))};
    at.left = crisp(FRAME_EDGE + row_label_width(h) + 7);
    at.right = crisp(c->width - FRAME_EDGE - BAR_ROOM);
    at.bottom = crisp(c->height - bottom_room(h));
    at.extreme = at.data.n ? fmax(fabs(at.data.low), fabs(at.data.high)) : 0;
    scale *s = &at.value;
    s->low = h->diverging ? -at.extreme : at.data.low;
    s->high = h->diverging ? at.extreme : at.data.high;
    if (!h->diverging && s->low > 0 && s->low < 0.2 * s->high)
        s->low = 0;
    ticks_range(&s->low, &s->high, SCALE_LINEAR);
    s->from = at.bottom;
    s->to = at.top;
    ticks_make(&s->ticks, s->low, s->high, SCALE_LINEAR, at.bottom - at.top < 120 ? 4 : 6);
    return at;
}

static double edge(double from, double to, int i, int n)
{
    return crisp(from + (to - from) * i / n);
}

static void draw_cells(canvas *c, const heatmap *h, const cells *at)
{
    for (int i = 0; i < h->rows; i++)
        for (int j = 0; j < h->columns; j++) {
            double value = ROW(h->values, i, h->columns)[j];
            if (!isfinite(value))
                continue;
            double x = edge(at->left, at->right, j, h->columns);
            double y = edge(at->top, at->bottom, i, h->rows);
            canvas_rectangle(c, x, y, edge(at->left, at->right, j + 1, h->columns) - x,
                             edge(at->top, at->bottom, i + 1, h->rows) - y,
                             cell_paint(h, at, value));
        }
}

static void draw_outline(canvas *c, double left, double top, double right, double bottom)
{
    canvas_rectangle(c, left - 0.5, top - 0.5, right - left + 1, 0.5, PAINT(INK_MUTED));
    canvas_rectangle(c, left - 0.5, bottom, right - left + 1, 0.5, PAINT(INK_MUTED));
    canvas_rectangle(c, left - 0.5, top, 0.5, bottom - top, PAINT(INK_MUTED));
    canvas_rectangle(c, right, top, 0.5, bottom - top, PAINT(INK_MUTED));
}

static void draw_color_bar(canvas *c, const heatmap *h, const cells *at)
{
    double left = crisp(at->right + 16), right = left + BAR_WIDTH;
    for (double y = at->top; y < at->bottom; y += 0.5) {
        double t = (at->bottom - y - 0.25) / (at->bottom - at->top);
        double value = at->value.low + (at->value.high / 2 - at->value.low / 2) * 2 * t;
        canvas_rectangle(c, left, y, BAR_WIDTH, 0.5, cell_paint(h, at, value));
    }
    draw_outline(c, left, at->top, right, at->bottom);
    for (int i = 0; i < at->value.ticks.n; i++) {
        double y = crisp(scale_at(&at->value, at->value.ticks.value[i]));
        canvas_rectangle(c, right, y, 4, 0.5, PAINT(INK_MUTED));
        canvas_text(c, right + 7, y + 4, ANCHOR_START, FONT_REGULAR, PAINT(INK_MUTED),
                    at->value.ticks.label[i]);
    }
    str title = {0};
    axis_text(&title, &(axis){.title = h->value_title}, at->value.ticks.exponent);
    canvas_text(c, c->width - FRAME_EDGE, at->top - 8, ANCHOR_END, FONT_REGULAR, PAINT(INK_TEXT),
                str_text(&title));
    str_release(&title);
}

/* Every row has its label where there is room, else every second, fifth, ... */
static int label_step(double room_per_label, double cell)
{
    static const int STEPS[] = {1, 2, 5};
    for (int power = 1; power < 100000000; power *= 10)
        for (int k = 0; k < 3; k++)
            if (STEPS[k] * power * cell >= room_per_label)
                return STEPS[k] * power;
    return 100000000;
}

static void draw_row_labels(canvas *c, const heatmap *h, const cells *at)
{
    double cell = (at->bottom - at->top) / (h->rows > 0 ? h->rows : 1);
    for (int i = 0, step = label_step(11.5, cell); i < h->rows; i += step) {
        char number[16];
        snprintf(number, sizeof number, "%d", i);
        str text = {0};
        font_fit(&text, FONT_REGULAR, h->row_labels ? h->row_labels[i] : number, LABELS_MAX);
        canvas_text(c, at->left - 7, at->top + (i + 0.5) * cell + 4.25, ANCHOR_END, FONT_REGULAR,
                    PAINT(INK_MUTED), str_text(&text));
        str_release(&text);
    }
}

static void draw_column_labels(canvas *c, const heatmap *h, const cells *at)
{
    double cell = (at->right - at->left) / (h->columns > 0 ? h->columns : 1), widest = 0;
    char number[16];
    for (int j = 0; j < h->columns; j++) {
        snprintf(number, sizeof number, "%d", j);
        widest =
            fmax(widest, font_width(FONT_REGULAR, h->column_labels ? h->column_labels[j] : number));
    }
    for (int j = 0, step = label_step(widest + 10, cell); j < h->columns; j += step) {
        double x = at->left + (j + 0.5) * cell;
        snprintf(number, sizeof number, "%d", j);
        canvas_rectangle(c, crisp(x), at->bottom + 0.5, 0.5, 4, PAINT(INK_MUTED));
        canvas_text(c, x, at->bottom + 17, ANCHOR_MIDDLE, FONT_REGULAR, PAINT(INK_MUTED),
                    h->column_labels ? h->column_labels[j] : number);
    }
}

void heatmap_draw(canvas *c, const figure *fig)
{
    const heatmap *h = &fig->heatmap;
    cells at = lay_out(c, fig);
    title_draw(c, fig->title);
    if (h->row_title)
        canvas_text(c, FRAME_EDGE, at.top - 8, ANCHOR_START, FONT_REGULAR, PAINT(INK_TEXT),
                    h->row_title);
    if (h->column_title)
        canvas_text(c, (at.left + at.right) / 2, c->height - FRAME_EDGE, ANCHOR_MIDDLE,
                    FONT_REGULAR, PAINT(INK_TEXT), h->column_title);
    draw_cells(c, h, &at);
    draw_outline(c, at.left, at.top, at.right, at.bottom);
    draw_row_labels(c, h, &at);
    draw_column_labels(c, h, &at);
    draw_color_bar(c, h, &at);
    char buf[64];
    frame inside = {.left = at.left, .top = at.top, .right = at.right, .bottom = at.bottom};
    frame_note(&inside, c, bounds_note(buf, &at.data));
}

static void add_label(str *out, const char *const *labels, int i)
{
    if (labels)
        csv_text(out, labels[i]);
    else
        str_addf(out, "%d", i);
}

void heatmap_csv(str *out, const heatmap *h)
{
    csv_text(out, h->row_title ? h->row_title : "row");
    for (int j = 0; j < h->columns; j++) {
        csv_next(out);
        add_label(out, h->column_labels, j);
    }
    csv_end(out);
    for (int i = 0; i < h->rows; i++) {
        add_label(out, h->row_labels, i);
        for (int j = 0; j < h->columns; j++) {
            csv_next(out);
            csv_number(out, ROW(h->values, i, h->columns)[j]);
        }
        csv_end(out);
    }
}

void heatmap_alt(str *out, const figure *fig)
{
    const heatmap *h = &fig->heatmap;
    bounds b = value_bounds(h);
    int row = 0, column = 0;
    double highest = -HUGE_VAL;
    for (int i = 0; i < h->rows; i++)
        for (int j = 0; j < h->columns; j++) {
            double value = ROW(h->values, i, h->columns)[j];
            if (isfinite(value) && value > highest) {
                highest = value;
                row = i;
                column = j;
            }
        }
    char low[NUMBER_TEXT], high[NUMBER_TEXT], buf[64];
    alt_start(out, "Heat map", fig);
    str_addf(out, "%s, %d rows", h->value_title ? h->value_title : "values", h->rows);
    if (h->row_title)
        str_addf(out, " (%s)", h->row_title);
    str_addf(out, " by %d columns", h->columns);
    if (h->column_title)
        str_addf(out, " (%s)", h->column_title);
    if (b.n == 0) {
        str_addf(out, ", %s", bounds_note(buf, &b));
    } else {
        str_addf(out, ", from %s to %s, highest at row ", number_text(low, b.low),
                 number_text(high, b.high));
        if (h->row_labels)
            str_add(out, h->row_labels[row]);
        else
            str_addf(out, "%d", row);
        str_addf(out, ", column %d", column);
    }
    alt_dropped(out, b.dropped);
}
