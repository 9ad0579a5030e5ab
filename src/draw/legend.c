/* Label placement and samples. */
#include "draw/legend.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLE = 22, LEADER = 10, LABEL_MAX = 190, GAP = 18 };

double side_labels_width(const side_label *labels, int n)
{
    double widest = 0;
    for (int i = 0; i < n; i++)
        widest = fmax(widest, fmin(font_width(FONT_REGULAR, labels[i].text), LABEL_MAX));
    return n ? LEADER + SAMPLE + 6 + widest : 0;
}

static int higher(const void *a, const void *b)
{
    const side_label *x = a, *y = b;
    if (x->y != y->y)
        return x->y < y->y ? -1 : 1;
    return strcmp(x->text, y->text);
}

/* Least movement downward, then back up from the bottom edge. */
static void spread(double *at, const side_label *labels, int n, double top, double bottom)
{
    for (int i = 0; i < n; i++) {
        at[i] = fmax(labels[i].y, top);
        if (i && at[i] < at[i - 1] + LINE_HEIGHT)
            at[i] = at[i - 1] + LINE_HEIGHT;
    }
    double limit = bottom;
    for (int i = n - 1; i >= 0; i--, limit -= LINE_HEIGHT)
        at[i] = fmin(at[i], limit);
}

void side_labels_draw(canvas *c, const frame *f, side_label *labels, int n)
{
    if (!n)
        return;
    qsort(labels, (size_t)n, sizeof *labels, higher);
    double at[32];
    n = n < 32 ? n : 32;
    spread(at, labels, n, f->top, f->bottom);
    for (int i = 0; i < n; i++) {
        const side_label *l = &labels[i];
        double x = f->right + LEADER;
        if (fabs(at[i] - l->y) > 1.5 || l->from_x < f->right - 2)
            canvas_polyline(c, (double[]){l->from_x + 2, l->y, f->right + 2, l->y, x - 1, at[i]}, 3,
                            0.5, DASH_SOLID, FAINT_PAINT(INK_MUTED, 0.7));
        if (l->width > 0)
            canvas_line(c, x, at[i], x + SAMPLE, at[i], l->width, l->dash, l->paint);
        if (l->marker >= 0)
            canvas_marker(c, x + SAMPLE / 2.0, at[i], 3, l->marker, l->paint);
        str text = {0};
        font_fit(&text, FONT_REGULAR, l->text, LABEL_MAX);
        canvas_text(c, x + SAMPLE + 6, at[i] + 4, ANCHOR_START, FONT_REGULAR, PAINT(INK_TEXT),
                    str_text(&text));
        str_release(&text);
    }
}

void side_labels_add_references(side_label *labels, int *n, const axis *y,
                                const reference_line *lines, int n_lines)
{
    for (int i = 0; i < n_lines && *n < 32; i++)
        if (lines[i].label && axis_draws(y, lines[i].value))
            labels[(*n)++] = (side_label){.y = lines[i].value,
                                          .text = lines[i].label,
                                          .dash = DASH_REFERENCE,
                                          .marker = -1,
                                          .width = 1,
                                          .paint = PAINT(INK_MUTED)};
}

void references_draw(canvas *c, const frame *f, const reference_line *lines, int n)
{
    for (int i = 0; i < n; i++)
        if (axis_draws(f->y_axis, lines[i].value)) {
            double y = crisp(scale_at(&f->y, lines[i].value)) + 0.25;
            canvas_line(c, f->left, y, f->right, y, 1, DASH_REFERENCE, PAINT(INK_MUTED));
        }
}

static double entry_width(const legend_entry *entry)
{
    return 20 + font_width(FONT_REGULAR, entry->name);
}

double legend_height(const legend_entry *entries, int n, double width)
{
    double x = 0;
    int rows = n ? 1 : 0;
    for (int i = 0; i < n; i++) {
        double w = entry_width(&entries[i]);
        if (x > 0 && x + w > width) {
            rows++;
            x = 0;
        }
        x += w + GAP;
    }
    return rows ? rows * (LINE_HEIGHT + 2) + 2 : 0;
}

static void draw_sample(canvas *c, double x, double y, const legend_entry *entry)
{
    int color = entry->color;
    paint p = PAINT(color < 0 ? (int)INK_NOISE : INK_SERIES + color);
    if (entry->mark == LEGEND_MARKER)
        canvas_marker(c, x + 7, y - 4, 4, color < 0 ? 0 : color, p);
    else if (entry->mark == LEGEND_TICK)
        canvas_rectangle(c, x, crisp(y - 5), 14, 2, p);
    else
        patterned_bar(c, x, y - 10, 14, 11, color);
}

void legend_draw(canvas *c, double top, const legend_entry *entries, int n)
{
    double width = c->width - 2 * FRAME_EDGE, x = 0, y = top + 13;
    for (int i = 0; i < n; i++) {
        double w = entry_width(&entries[i]);
        if (x > 0 && x + w > width) {
            x = 0;
            y += LINE_HEIGHT + 2;
        }
        draw_sample(c, FRAME_EDGE + x, y, &entries[i]);
        canvas_text(c, FRAME_EDGE + x + 20, y, ANCHOR_START, FONT_REGULAR, PAINT(INK_TEXT),
                    entries[i].name);
        x += w + GAP;
    }
}

static void outline(canvas *c, double x, double y, double width, double height, paint p)
{
    canvas_rectangle(c, x, y, width, 1, p);
    canvas_rectangle(c, x, y + height - 1, width, 1, p);
    canvas_rectangle(c, x, y + 1, 1, height - 2, p);
    canvas_rectangle(c, x + width - 1, y + 1, 1, height - 2, p);
}

static void stripes(canvas *c, double x, double y, double width, double height, double every,
                    paint p)
{
    for (double at = y + height - every; at > y; at -= every)
        canvas_rectangle(c, x + 1, at, width - 2, every / 2, p);
}

/* Pattern by colour: solid, tinted, stripes across, stripes along, wide stripes on a tint. */
void patterned_bar(canvas *c, double x, double y, double width, double height, int color)
{
    paint solid = PAINT(color < 0 ? (int)INK_NOISE : INK_SERIES + color);
    paint tint = FAINT_PAINT(solid.ink, 0.35);
    x = crisp(x);
    y = crisp(y);
    width = fmax(crisp(width), 1);
    height = fmax(crisp(height), 0.5);
    int pattern = color < 0 ? 0 : color % 5;
    if (pattern == 0 || width < 4 || height < 3) {
        canvas_rectangle(c, x, y, width, height, solid);
        return;
    }
    if (pattern == 1 || pattern == 4)
        canvas_rectangle(c, x + 1, y + 1, width - 2, height - 2, tint);
    if (pattern == 2 || pattern == 4)
        stripes(c, x, y, width, height, pattern == 2 ? 4 : 8, solid);
    if (pattern == 3)
        for (double at = x + 2.5; at < x + width - 2; at += 3)
            canvas_rectangle(c, at, y + 1, 1.5, height - 2, solid);
    outline(c, x, y, width, height, solid);
}
