/* Horizontal bars with their numbers written beside them: funnels and rankings. */
#include "draw/chart.h"
#include "draw/legend.h"
#include <math.h>
#include <stdio.h>

enum { ROW = 28, BAR = 16, LABELS_MAX = 210 };

static int groups_of(const row_chart *r)
{
    return r->groups ? (r->n_groups < FIGURE_MAX_SERIES ? r->n_groups : FIGURE_MAX_SERIES) : 0;
}

static int color_of(const row_chart *r, int i)
{
    return r->groups && r->groups[i] >= 0 && r->groups[i] < groups_of(r) ? r->groups[i] : 0;
}

static int legend_of(legend_entry entries[FIGURE_MAX_SERIES], const row_chart *r)
{
    for (int k = 0; k < groups_of(r); k++)
        entries[k] = (legend_entry){r->group_names[k], LEGEND_BAR, k};
    return groups_of(r);
}

static double title_height(const figure *f)
{
    return FRAME_EDGE + (f->title ? 24 : 0);
}

static double header_height(const figure *f)
{
    legend_entry entries[FIGURE_MAX_SERIES];
    const axis *a = &f->rows.value;
    int n = legend_of(entries, &f->rows), width = f->width ? f->width : FIGURE_WIDTH;
    return title_height(f) + legend_height(entries, n, width - 2 * FRAME_EDGE) +
           (a->title || a->unit ? LINE_HEIGHT + 6 : 0);
}

int row_chart_height(const figure *f)
{
    int rows = f->rows.n > 2 ? f->rows.n : 2;
    return (int)header_height(f) + rows * ROW + FRAME_EDGE;
}

typedef struct row_layout {
    double labels, bars, texts; /* widths */
    double largest;
} row_layout;

/* Counts whole, measurements as far as a bar can show them. */
static const char *value_text(char buf[NUMBER_TEXT], double value)
{
    if (!isfinite(value))
        return "no value";
    if (value == floor(value))
        return number_text(buf, value);
    snprintf(buf, NUMBER_TEXT, "%.3g", value);
    return buf;
}

static double text_width(const row_chart *r, int i)
{
    char buf[NUMBER_TEXT];
    double width = font_width(FONT_REGULAR, value_text(buf, r->values[i]));
    if (r->notes && r->notes[i])
        width += 10 + font_width(FONT_REGULAR, r->notes[i]);
    return width + 6;
}

static row_layout lay_out(const canvas *c, const row_chart *r)
{
    row_layout out = {0};
    for (int i = 0; i < r->n; i++) {
        out.labels = fmax(out.labels, fmin(font_width(FONT_REGULAR, r->labels[i]), LABELS_MAX));
        if (isfinite(r->values[i]))
            out.largest = fmax(out.largest, r->values[i]);
    }
    double room = c->width - 2 * FRAME_EDGE - out.labels - 10;
    /* The longest bar that leaves each row room for its own text. */
    out.bars = room;
    for (int i = 0; i < r->n; i++) {
        double share = out.largest > 0 && r->values[i] > 0 ? r->values[i] / out.largest : 0;
        double left = room - text_width(r, i);
        if (share > 0)
            out.bars = fmin(out.bars, left / share);
    }
    out.bars = fmax(out.bars, room * 0.2);
    return out;
}

static void draw_row(canvas *c, const row_chart *r, int i, double y, const row_layout *at)
{
    double left = crisp(FRAME_EDGE + at->labels + 10), base = y + ROW / 2.0 + 4;
    str text = {0};
    font_fit(&text, FONT_REGULAR, r->labels[i], LABELS_MAX);
    canvas_text(c, left - 10, base, ANCHOR_END, FONT_REGULAR, PAINT(INK_TEXT), str_text(&text));
    double value = r->values[i], x = left;
    if (isfinite(value) && value > 0 && at->largest > 0) {
        double width = fmax(crisp(at->bars * (value / at->largest)), 0.5);
        patterned_bar(c, left, y + (ROW - BAR) / 2.0, width, BAR, color_of(r, i));
        x += width;
    }
    char buf[NUMBER_TEXT];
    const char *number = value_text(buf, value);
    if (r->reference > 0) /* the line must not cross the number */
        canvas_rectangle(c, x + 4, base - 11, font_width(FONT_REGULAR, number) + 4, 14,
                         PAINT(INK_BACKGROUND));
    canvas_text(c, x + 6, base, ANCHOR_START, FONT_REGULAR, PAINT(INK_TEXT), number);
    x += 6 + font_width(FONT_REGULAR, number) + 10;
    str_clear(&text);
    if (r->notes && r->notes[i]) {
        font_fit(&text, FONT_REGULAR, r->notes[i], fmax(c->width - FRAME_EDGE - x + 6, 30));
        canvas_text(c, x, base, ANCHOR_START, FONT_REGULAR, PAINT(INK_MUTED), str_text(&text));
    }
    str_release(&text);
}

static void draw_reference(canvas *c, const row_chart *r, const row_layout *at, double top)
{
    double x = crisp(FRAME_EDGE + at->labels + 10 + at->bars * (r->reference / at->largest));
    if (r->reference > 0 && r->reference <= at->largest)
        canvas_line(c, x, top, x, top + r->n * ROW, 1, DASH_REFERENCE, PAINT(INK_MUTED));
}

void row_chart_draw(canvas *c, const figure *fig)
{
    const row_chart *r = &fig->rows;
    legend_entry entries[FIGURE_MAX_SERIES];
    title_draw(c, fig->title);
    legend_draw(c, title_height(fig), entries, legend_of(entries, r));
    double top = header_height(fig);
    str title = {0};
    axis_text(&title, &r->value, 0);
    row_layout at = lay_out(c, r);
    canvas_text(c, FRAME_EDGE, top - 8, ANCHOR_START, FONT_REGULAR, PAINT(INK_TEXT),
                str_text(&title));
    str_release(&title);
    draw_reference(c, r, &at, top);
    for (int i = 0; i < r->n; i++)
        draw_row(c, r, i, top + i * ROW, &at);
    double left = crisp(FRAME_EDGE + at.labels + 10);
    if (r->n)
        canvas_rectangle(c, left - 0.5, top, 0.5, r->n * ROW, PAINT(INK_MUTED));
    else
        canvas_text(c, c->width / 2, top + ROW, ANCHOR_MIDDLE, FONT_REGULAR, PAINT(INK_MUTED),
                    "no data");
}

void row_chart_values(const drawn_values *to, const figure *fig)
{
    const row_chart *r = &fig->rows;
    for (int i = 0; i < r->n; i++) {
        drawn_mark mark = NO_MARK;
        mark.series = r->groups ? r->group_names[color_of(r, i)] : r->value.title;
        mark.label = r->labels[i];
        mark.y = r->values[i];
        mark.note = r->notes ? r->notes[i] : NULL;
        drawn_values_add(to, &mark);
    }
}

void row_chart_alt(str *out, const figure *fig)
{
    const row_chart *r = &fig->rows;
    alt_start(out, "Bar chart", fig);
    axis_words(out, &r->value, "value");
    str_addf(out, ", %d rows. ", r->n);
    int dropped = 0;
    for (int i = 0; i < r->n; i++) {
        char buf[NUMBER_TEXT];
        str_addf(out, "%s%s %s", i ? "; " : "", r->labels[i],
                 isfinite(r->values[i]) ? number_text(buf, r->values[i]) : "no value");
        dropped += !isfinite(r->values[i]);
    }
    alt_dropped(out, dropped);
}
