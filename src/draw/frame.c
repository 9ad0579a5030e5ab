/* Lays out a chart from the outside in, then draws grid, ticks and titles. */
#include "draw/frame.h"
#include <math.h>
#include <stdio.h>

enum { VERTICAL_ROWS = 5, VERTICALS = 16 };

bool axis_draws(const axis *a, double value)
{
    return isfinite(value) && (!a->log || value > 0);
}

void bounds_add(bounds *b, const axis *a, double value)
{
    if (!axis_draws(a, value)) {
        b->dropped++;
        return;
    }
    b->n++;
    b->low = fmin(b->low, value);
    b->high = fmax(b->high, value);
}

void bounds_add_references(bounds *b, const axis *a, const reference_line *lines, int n)
{
    for (int i = 0; i < n; i++)
        if (axis_draws(a, lines[i].value)) {
            b->low = fmin(b->low, lines[i].value);
            b->high = fmax(b->high, lines[i].value);
        }
}

double scale_at(const scale *s, double value)
{
    double t =
        s->kind == SCALE_LOG
            ? (log10(value) - log10(s->low)) / (log10(s->high) - log10(s->low))
            : (value / 2 - s->low / 2) / (s->high / 2 - s->low / 2); /* halves: no overflow */
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return s->from + t * (s->to - s->from);
}

double crisp(double v)
{
    return floor(v * 2 + 0.5) / 2;
}

static void scale_init(scale *s, const axis *a, bounds b, double pad)
{
    s->kind = a->log ? SCALE_LOG : a->integer ? SCALE_INTEGER : SCALE_LINEAR;
    if (a->include_zero && !a->log && b.low <= b.high) {
        b.low = fmin(b.low, 0);
        b.high = fmax(b.high, 0);
    }
    s->low = b.low;
    s->high = b.high;
    ticks_range(&s->low, &s->high, s->kind);
    if (b.low >= 0 &&
        s->low < 0) /* the range around a lone 0: counts and steps have nothing below */
        s->low = 0;
    if (s->kind == SCALE_LOG) {
        double factor = pow(s->high / s->low, pad);
        s->low /= factor;
        s->high *= factor;
        return;
    }
    double extra = (s->high / 2 - s->low / 2) * 2 * pad;
    bool zero_is_end = a->include_zero;
    if (!(zero_is_end && s->low == 0))
        s->low -= extra;
    if (!(zero_is_end && s->high == 0))
        s->high += extra;
}

static bool labels_overlap(const scale *s)
{
    for (int i = 1; i < s->ticks.n; i++) {
        double distance = fabs(scale_at(s, s->ticks.value[i]) - scale_at(s, s->ticks.value[i - 1]));
        double width = (font_width(FONT_REGULAR, s->ticks.label[i]) +
                        font_width(FONT_REGULAR, s->ticks.label[i - 1])) /
                       2;
        if (distance < width + 12)
            return true;
    }
    return false;
}

static void place_x(scale *s, double from, double to)
{
    s->from = from;
    s->to = to;
    for (int most = 7; most >= 2; most--) {
        ticks_make(&s->ticks, s->low, s->high, s->kind, most);
        if (!labels_overlap(s))
            return;
    }
}

void title_draw(canvas *c, const char *title)
{
    if (!title)
        return;
    str fitted = {0};
    font_fit(&fitted, FONT_BOLD, title, c->width - 2 * FRAME_EDGE);
    canvas_text(c, FRAME_EDGE, FRAME_EDGE + 14, ANCHOR_START, FONT_BOLD, PAINT(INK_TEXT),
                str_text(&fitted));
    str_release(&fitted);
}

static double widest_label(const ticks *t)
{
    double widest = 0;
    for (int i = 0; i < t->n; i++)
        widest = fmax(widest, font_width(FONT_REGULAR, t->label[i]));
    return widest;
}

/* Left edge of a label centred on x but kept inside the figure. */
static double centred_inside(const canvas *c, double x, double width)
{
    double left = x - width / 2;
    left = fmin(left, c->width - FRAME_EDGE / 2 - width);
    return fmax(left, FRAME_EDGE / 2);
}

/* Puts labels of vertical lines into rows so that none overlap; row 0 is next to the plot. Returns
 * the number of rows; labels beyond the last row get row -1 and are not drawn. */
static int stack_labels(int *row, double *left, const canvas *c, const scale *x, const axis *a,
                        const reference_line *lines, int n)
{
    int rows = 0;
    for (int i = 0; i < n; i++) {
        row[i] = -1;
        if (!lines[i].label || !axis_draws(a, lines[i].value))
            continue;
        double width = font_width(FONT_REGULAR, lines[i].label);
        left[i] = centred_inside(c, scale_at(x, lines[i].value), width);
        for (int r = 0; r < VERTICAL_ROWS && row[i] < 0; r++) {
            bool free = true;
            for (int k = 0; k < i; k++) {
                double other = row[k] == r ? font_width(FONT_REGULAR, lines[k].label) : 0;
                if (row[k] == r && left[i] < left[k] + other + 8 && left[k] < left[i] + width + 8)
                    free = false;
            }
            if (free)
                row[i] = r;
        }
        if (row[i] + 1 > rows)
            rows = row[i] + 1;
    }
    return rows;
}

void verticals_draw(canvas *c, const frame *f, const reference_line *lines, int n)
{
    int row[VERTICALS];
    double left[VERTICALS];
    n = n < VERTICALS ? n : VERTICALS;
    stack_labels(row, left, c, &f->x, f->x_axis, lines, n);
    for (int i = 0; i < n; i++) {
        if (!axis_draws(f->x_axis, lines[i].value))
            continue;
        double x = crisp(scale_at(&f->x, lines[i].value)) + 0.25;
        double top = row[i] >= 0 ? f->top - 3 - row[i] * LINE_HEIGHT : f->top;
        canvas_line(c, x, top, x, f->bottom, 1, DASH_REFERENCE, PAINT(INK_MUTED));
    }
    /* A line that goes up to a higher row may cross a label of a lower one: labels come last. */
    for (int i = 0; i < n; i++)
        if (row[i] >= 0) {
            double base = f->top - 7 - row[i] * LINE_HEIGHT;
            double width = font_width(FONT_REGULAR, lines[i].label);
            canvas_rectangle(c, crisp(left[i] - 3), base - 11, width + 6, 14,
                             PAINT(INK_BACKGROUND));
            canvas_text(c, left[i], base, ANCHOR_START, FONT_REGULAR, PAINT(INK_TEXT),
                        lines[i].label);
        }
}

void band_draw(canvas *c, const frame *f, const reference_band *band)
{
    if (!axis_draws(f->x_axis, band->low) || !axis_draws(f->x_axis, band->high))
        return;
    double left = fmax(scale_at(&f->x, band->low), f->left);
    double right = fmin(scale_at(&f->x, band->high), f->right);
    if (!(right > left))
        return;
    canvas_rectangle(c, left, f->top, right - left, f->bottom - f->top,
                     FAINT_PAINT(INK_MUTED, 0.18));
    if (band->label && font_width(FONT_REGULAR, band->label) < right - left)
        canvas_text(c, (left + right) / 2, f->bottom - 6, ANCHOR_MIDDLE, FONT_REGULAR,
                    PAINT(INK_TEXT), band->label);
}

void axis_text(str *out, const axis *a, int exponent)
{
    size_t start = out->len;
    if (a->title)
        str_add(out, a->title);
    if (a->unit)
        str_addf(out, "%s(%s)", out->len > start ? " " : "", a->unit);
    if (exponent) {
        char power[TICK_TEXT];
        ticks_power_text(power, exponent);
        str_addf(out, "%s\u00d7%s", out->len > start ? ", " : "", power);
    }
}

void axis_words(str *out, const axis *a, const char *otherwise)
{
    size_t start = out->len;
    axis_text(out, a, 0);
    if (out->len == start)
        str_add(out, otherwise);
}

static void draw_x_axis(canvas *c, const frame *f, const frame_spec *spec)
{
    canvas_rectangle(c, f->left, f->bottom, f->right - f->left, 0.5, PAINT(INK_MUTED));
    str title = {0};
    axis_text(&title, spec->x, spec->x_labels > 0 ? 0 : f->x.ticks.exponent);
    canvas_text(c, (f->left + f->right) / 2, c->height - FRAME_EDGE, ANCHOR_MIDDLE, FONT_REGULAR,
                PAINT(INK_TEXT), str_text(&title));
    str_release(&title);
    if (spec->x_labels > 0)
        return;
    for (int i = 0; i < f->x.ticks.n_minor; i++)
        canvas_rectangle(c, crisp(scale_at(&f->x, f->x.ticks.minor[i])), f->bottom, 0.5, 3,
                         PAINT(INK_MUTED));
    for (int i = 0; i < f->x.ticks.n; i++) {
        double x = scale_at(&f->x, f->x.ticks.value[i]);
        const char *label = f->x.ticks.label[i];
        canvas_rectangle(c, crisp(x), f->bottom, 0.5, 5, PAINT(INK_MUTED));
        canvas_text(c, centred_inside(c, x, font_width(FONT_REGULAR, label)), f->bottom + 18,
                    ANCHOR_START, FONT_REGULAR, PAINT(INK_MUTED), label);
    }
}

static void draw_y_axis(canvas *c, const frame *f)
{
    for (int i = 0; i < f->y.ticks.n_minor; i++)
        canvas_rectangle(c, f->left - 3, crisp(scale_at(&f->y, f->y.ticks.minor[i])), 3, 0.5,
                         PAINT(INK_MUTED));
    for (int i = 0; i < f->y.ticks.n; i++) {
        double y = crisp(scale_at(&f->y, f->y.ticks.value[i]));
        canvas_rectangle(c, f->left, y, f->right - f->left, 0.5, PAINT(INK_GRID));
        canvas_text(c, f->left - 7, y + 4, ANCHOR_END, FONT_REGULAR, PAINT(INK_MUTED),
                    f->y.ticks.label[i]);
    }
}

void frame_draw(frame *f, double *legend_top, canvas *c, const frame_spec *spec)
{
    *f = (frame){.x_axis = spec->x, .y_axis = spec->y};
    scale_init(&f->x, spec->x, spec->x_bounds, spec->x_pad);
    scale_init(&f->y, spec->y, spec->y_bounds, spec->y_pad);
    ticks_make(&f->y.ticks, f->y.low, f->y.high, f->y.kind, 7);

    double y_title = spec->y->title || spec->y->unit || f->y.ticks.exponent ? LINE_HEIGHT + 4 : 0;
    double under_title = spec->title ? FRAME_EDGE + 24 : FRAME_EDGE;
    if (legend_top)
        *legend_top = under_title;
    f->left = crisp(FRAME_EDGE + widest_label(&f->y.ticks) + 7);
    f->right = crisp(c->width - FRAME_EDGE - fmax(spec->right, 6));
    place_x(&f->x, f->left, f->right);
    int row[VERTICALS], n_vertical = spec->n_vertical < VERTICALS ? spec->n_vertical : VERTICALS;
    double label_left[VERTICALS];
    int rows = stack_labels(row, label_left, c, &f->x, spec->x, spec->vertical, n_vertical);

    f->top = crisp(under_title + spec->legend + y_title + (rows ? rows * LINE_HEIGHT + 4 : 8));
    bool x_title =
        spec->x->title || spec->x->unit || (!(spec->x_labels > 0) && f->x.ticks.exponent);
    f->bottom = crisp(c->height - FRAME_EDGE - (x_title ? LINE_HEIGHT + 4 : 0) -
                      (spec->x_labels > 0 ? spec->x_labels : 20));
    f->y.from = f->bottom;
    f->y.to = f->top;
    if (f->bottom - f->top < 150)
        ticks_make(&f->y.ticks, f->y.low, f->y.high, f->y.kind, 4);

    title_draw(c, spec->title);
    str title = {0};
    axis_text(&title, spec->y, f->y.ticks.exponent);
    canvas_text(c, FRAME_EDGE, under_title + spec->legend + 14, ANCHOR_START, FONT_REGULAR,
                PAINT(INK_TEXT), str_text(&title));
    str_release(&title);
    draw_y_axis(c, f);
    draw_x_axis(c, f, spec);
}

const char *bounds_note(char buf[64], const bounds *b)
{
    char number[NUMBER_TEXT];
    if (b->n == 0)
        return b->dropped ? "no value that can be drawn" : "no data";
    if (b->n == 1)
        snprintf(buf, 64, "one value: %s", number_text(number, b->low));
    else if (b->low == b->high)
        snprintf(buf, 64, "all values are %s", number_text(number, b->low));
    else
        return NULL;
    return buf;
}

void frame_note(const frame *f, canvas *c, const char *note)
{
    if (!note)
        return;
    double x = (f->left + f->right) / 2, y = f->top + (f->bottom - f->top) * 0.25;
    double half = font_width(FONT_REGULAR, note) / 2 + 6;
    canvas_rectangle(c, crisp(x - half), crisp(y - 14), 2 * half, 20, PAINT(INK_BACKGROUND));
    canvas_text(c, x, y, ANCHOR_MIDDLE, FONT_REGULAR, PAINT(INK_MUTED), note);
}
