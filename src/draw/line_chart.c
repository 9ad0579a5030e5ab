/* Line charts: many faint runs, a few named ones, labels at their ends. */
#include "base/memory.h"
#include "draw/chart.h"
#include "draw/legend.h"
#include <math.h>

/* Points per series that are kept whole; longer ones keep first, lowest, highest and last of each
 * of COLUMNS columns, so that no spike is lost. */
enum { COLUMNS = 2 * FIGURE_WIDTH, WHOLE = 4 * COLUMNS };

static double x_of(const line_series *s, int i)
{
    return s->x ? s->x[i] : i;
}

static bool draws(const line_chart *l, const line_series *s, int i)
{
    return axis_draws(&l->x, x_of(s, i)) && axis_draws(&l->y, s->y[i]);
}

static bounds x_range(const line_chart *l)
{
    bounds b = BOUNDS_EMPTY;
    for (int s = 0; s < l->n_series; s++)
        for (int i = 0; i < l->series[s].n; i++)
            if (draws(l, &l->series[s], i))
                bounds_add(&b, &l->x, x_of(&l->series[s], i));
    return b;
}

static bounds y_range(const line_chart *l)
{
    bounds b = BOUNDS_EMPTY;
    for (int s = 0; s < l->n_series; s++)
        for (int i = 0; i < l->series[s].n; i++)
            if (axis_draws(&l->x, x_of(&l->series[s], i)))
                bounds_add(&b, &l->y, l->series[s].y[i]);
            else
                b.dropped++;
    return b;
}

static int column_of(const line_chart *l, const bounds *x, double value)
{
    double t = l->x.log ? log10(value / x->low) / log10(x->high / x->low)
                        : (value - x->low) / (x->high - x->low);
    return t >= 0 && t < 1 ? (int)(t * COLUMNS) : t >= 1 ? COLUMNS : 0;
}

/* Adds up to four indices of points first..last (all in one column) in ascending order. */
static int keep_column(int *keep, const line_series *s, int first, int last)
{
    int low = first, high = first, n = 0;
    for (int i = first; i <= last; i++) {
        low = s->y[i] < s->y[low] ? i : low;
        high = s->y[i] > s->y[high] ? i : high;
    }
    int candidates[] = {first, low < high ? low : high, low < high ? high : low, last};
    for (int k = 0; k < 4; k++)
        if (!n || candidates[k] > keep[n - 1])
            keep[n++] = candidates[k];
    return n;
}

/* Indices of the points to draw; one that cannot be drawn stands for a gap. Owner: caller. */
static int *kept_points(int *n_kept, const line_chart *l, const line_series *s, const bounds *x)
{
    int *keep = mem_small((size_t)s->n + 1, sizeof *keep);
    int n = 0;
    for (int i = 0; i < s->n;) {
        int last = i;
        if (s->n > WHOLE && draws(l, s, i)) {
            int column = column_of(l, x, x_of(s, i));
            while (last + 1 < s->n && draws(l, s, last + 1) &&
                   column_of(l, x, x_of(s, last + 1)) == column)
                last++;
        }
        n += keep_column(keep + n, s, i, last);
        i = last + 1;
    }
    *n_kept = n;
    return keep;
}

typedef struct style {
    paint paint;
    double width;
    int dash; /* also the marker */
} style;

/* Colours go to named series in order; series beyond the palette's use and unnamed ones are grey.
 */
static style style_of(const line_chart *l, int index)
{
    static const double WIDTHS[] = {[LINE_NORMAL] = 1.5, [LINE_BOLD] = 2.25, [LINE_FAINT] = 1};
    const line_series *s = &l->series[index];
    int color = s->color - 1;
    if (color < 0 && s->name) {
        color = 0;
        for (int k = 0; k < index; k++)
            color += l->series[k].name && !l->series[k].color;
    }
    bool grey = color < 0 || color >= FIGURE_MAX_SERIES;
    style out = {.width = WIDTHS[s->weight], .dash = grey ? DASH_SOLID : color};
    out.paint =
        FAINT_PAINT(grey ? (int)INK_NOISE : INK_SERIES + color, s->weight == LINE_FAINT ? 0.45 : 1);
    return out;
}

static void draw_run(canvas *c, const style *look, const double *xy, int n, bool markers)
{
    if (n == 1)
        canvas_marker(c, xy[0], xy[1], fmax(look->width, 2.5), look->dash, look->paint);
    else
        canvas_polyline(c, xy, n, look->width, look->dash, look->paint);
    for (int i = 0; markers && n > 1 && i < n; i++)
        canvas_marker(c, xy[2 * i], xy[2 * i + 1], 3.25, look->dash, look->paint);
}

static void draw_series(canvas *c, const frame *f, const line_chart *l, int index, const bounds *x)
{
    const line_series *s = &l->series[index];
    style look = style_of(l, index);
    int n_kept, n = 0;
    int *keep = kept_points(&n_kept, l, s, x);
    double *xy = mem_small(2 * (size_t)n_kept + 1, sizeof *xy);
    for (int k = 0; k <= n_kept; k++) {
        if (k < n_kept && draws(l, s, keep[k])) {
            xy[2 * n] = scale_at(&f->x, x_of(s, keep[k]));
            xy[2 * n++ + 1] = scale_at(&f->y, s->y[keep[k]]);
        } else if (n) {
            draw_run(c, &look, xy, n, s->markers);
            n = 0;
        }
    }
    mem_free(xy);
    mem_free(keep);
}

static int last_drawn(const line_chart *l, const line_series *s)
{
    int i = s->n - 1;
    while (i >= 0 && !draws(l, s, i))
        i--;
    return i;
}

/* Labels of named series; y is still a data value. */
static int add_series_labels(side_label *labels, const line_chart *l)
{
    int n = 0;
    for (int i = 0; i < l->n_series && n < FIGURE_MAX_SERIES; i++) {
        int last = last_drawn(l, &l->series[i]);
        if (!l->series[i].name || last < 0)
            continue;
        style look = style_of(l, i);
        labels[n++] = (side_label){.y = l->series[i].y[last],
                                   .from_x = x_of(&l->series[i], last),
                                   .text = l->series[i].name,
                                   .dash = look.dash,
                                   .marker = l->series[i].markers ? look.dash : -1,
                                   .width = look.width,
                                   .paint = look.paint};
    }
    return n;
}

void line_chart_draw(canvas *c, const figure *fig)
{
    const line_chart *l = &fig->line;
    side_label labels[32];
    int n_labels = add_series_labels(labels, l), n_series_labels = n_labels;
    side_labels_add_references(labels, &n_labels, &l->y, l->horizontal, l->n_horizontal);
    bounds x = x_range(l), y = y_range(l), x_all = x, y_all = y;
    bounds_add_references(&x_all, &l->x, l->vertical, l->n_vertical);
    bounds_add_references(&y_all, &l->y, l->horizontal, l->n_horizontal);
    frame f;
    frame_draw(&f, NULL, c,
               &(frame_spec){.title = fig->title,
                             .x = &l->x,
                             .y = &l->y,
                             .x_bounds = x_all,
                             .y_bounds = y_all,
                             .x_pad = 0.01,
                             .y_pad = 0.04,
                             .right = side_labels_width(labels, n_labels),
                             .vertical = l->vertical,
                             .n_vertical = l->n_vertical});
    references_draw(c, &f, l->horizontal, l->n_horizontal);
    verticals_draw(c, &f, l->vertical, l->n_vertical);
    static const line_weight ORDER[] = {LINE_FAINT, LINE_NORMAL, LINE_BOLD};
    for (int pass = 0; pass < 3; pass++)
        for (int i = 0; i < l->n_series; i++)
            if (l->series[i].weight == ORDER[pass])
                draw_series(c, &f, l, i, &x);
    for (int i = 0; i < n_labels; i++) {
        labels[i].y = scale_at(&f.y, labels[i].y);
        labels[i].from_x = i < n_series_labels ? scale_at(&f.x, labels[i].from_x) : f.right;
    }
    side_labels_draw(c, &f, labels, n_labels);
    char buf[64];
    frame_note(&f, c, bounds_note(buf, &y));
}

void line_chart_values(const drawn_values *to, const figure *fig)
{
    const line_chart *l = &fig->line;
    bounds x = x_range(l);
    for (int s = 0; s < l->n_series; s++) {
        int n;
        int *keep = kept_points(&n, l, &l->series[s], &x);
        str name = {0};
        if (l->series[s].name)
            str_add(&name, l->series[s].name);
        else
            str_addf(&name, "%d", s + 1);
        for (int k = 0; k < n; k++)
            drawn_values_point(to, str_text(&name), NULL, x_of(&l->series[s], keep[k]),
                               l->series[s].y[keep[k]]);
        str_release(&name);
        mem_free(keep);
    }
}

/* "loss falls from 4.02 to 2.11, lowest 2.05 at step 9800" for the series that matters. */
static void describe_series(str *out, const line_chart *l, const line_series *s, bool lowest)
{
    int last = last_drawn(l, s), first = 0, extreme = -1;
    if (last < 0)
        return;
    while (!draws(l, s, first))
        first++;
    for (int i = first; i <= last; i++)
        if (draws(l, s, i) &&
            (extreme < 0 || (lowest ? s->y[i] < s->y[extreme] : s->y[i] > s->y[extreme])))
            extreme = i;
    char a[NUMBER_TEXT], b[NUMBER_TEXT], m[NUMBER_TEXT], at[NUMBER_TEXT];
    double from = s->y[first], to = s->y[last];
    str_addf(out, "%s%s from %s to %s, %s %s at %s %s", s->name ? s->name : "",
             to < from   ? " falls"
             : to > from ? " rises"
                         : " goes",
             number_text(a, from), number_text(b, to), lowest ? "lowest" : "highest",
             number_text(m, s->y[extreme]), l->x.title ? l->x.title : "x",
             number_text(at, x_of(s, extreme)));
}

void line_chart_alt(str *out, const figure *fig)
{
    const line_chart *l = &fig->line;
    bounds y = y_range(l);
    alt_start(out, "Line chart", fig);
    axis_words(out, &l->y, "value");
    str_addf(out, " by %s, ", l->x.title ? l->x.title : "position");
    char buf[64];
    const char *note = bounds_note(buf, &y);
    if (note) {
        str_add(out, note);
        alt_dropped(out, y.dropped);
        return;
    }
    str_addf(out, "%d %s. ", l->n_series, l->n_series == 1 ? "line" : "lines");
    for (int pass = 0; pass < 2; pass++) /* bold ones first, then the other named ones */
        for (int i = 0; i < l->n_series; i++) {
            const line_series *s = &l->series[i];
            int last = last_drawn(l, s);
            if ((s->weight == LINE_BOLD) == (pass == 0) && last >= 0 &&
                (s->name || s->weight == LINE_BOLD || l->n_series == 1)) {
                int first = 0;
                while (!draws(l, s, first))
                    first++;
                describe_series(out, l, s, s->y[last] < s->y[first]);
                str_add(out, ". ");
            }
        }
    alt_dropped(out, y.dropped);
}
