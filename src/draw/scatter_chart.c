/* Points of two measures, in groups told apart by colour and shape. */
#include "draw/chart.h"
#include "draw/legend.h"
#include <math.h>

static bool draws(const scatter_chart *s, int i)
{
    return axis_draws(&s->x, s->x_values[i]) && axis_draws(&s->y, s->y_values[i]);
}

static int groups_of(const scatter_chart *s)
{
    return s->n_groups < FIGURE_MAX_SERIES ? s->n_groups : FIGURE_MAX_SERIES;
}

/* 0-based colour of a point, -1 for grey. */
static int color_of(const scatter_chart *s, int i)
{
    if (!s->groups)
        return 0;
    return s->groups[i] >= 0 && s->groups[i] < groups_of(s) ? s->groups[i] : -1;
}

static void point_bounds(bounds *x, bounds *y, const scatter_chart *s)
{
    *x = *y = BOUNDS_EMPTY;
    for (int i = 0; i < s->n; i++)
        if (draws(s, i)) {
            bounds_add(x, &s->x, s->x_values[i]);
            bounds_add(y, &s->y, s->y_values[i]);
        } else {
            y->dropped++;
        }
}

/* Points are translucent so that overlaps show, but not thousands of them: the mixtures would only
 * make the file large. Grey lies under the groups and recedes by opacity or, opaque, by size. */
static void draw_points(canvas *c, const frame *f, const scatter_chart *s)
{
    double radius = s->n > 4000 ? 1.5 : s->n > 800 ? 2 : s->n > 150 ? 2.75 : 3.5;
    bool many = s->n > 2000, few = s->n <= 150;
    for (int color = -1; color < FIGURE_MAX_SERIES; color++) {
        bool grey = color < 0;
        paint p = FAINT_PAINT(grey ? (int)INK_NOISE : INK_SERIES + color, many           ? 1
                                                                          : grey && !few ? 0.4
                                                                                         : 0.75);
        for (int i = 0; i < s->n; i++)
            if (draws(s, i) && color_of(s, i) == color)
                canvas_marker(c, scale_at(&f->x, s->x_values[i]), scale_at(&f->y, s->y_values[i]),
                              grey && many ? radius * 0.7 : radius, grey ? 0 : color, p);
    }
}

void scatter_chart_draw(canvas *c, const figure *fig)
{
    const scatter_chart *s = &fig->scatter;
    bounds x, y;
    point_bounds(&x, &y, s);
    bounds x_all = x, y_all = y;
    bounds_add_references(&x_all, &s->x, s->vertical, s->n_vertical);
    bounds_add_references(&y_all, &s->y, s->horizontal, s->n_horizontal);
    if (s->band)
        bounds_add_references(&x_all, &s->x,
                              (reference_line[]){{.value = s->band->low}, {.value = s->band->high}},
                              2);
    legend_entry entries[FIGURE_MAX_SERIES];
    int n_entries = s->groups ? groups_of(s) : 0;
    for (int k = 0; k < n_entries; k++)
        entries[k] = (legend_entry){s->group_names[k], LEGEND_MARKER, k};
    side_label labels[32];
    int n_labels = 0;
    side_labels_add_references(labels, &n_labels, &s->y, s->horizontal, s->n_horizontal);
    frame f;
    double legend_top;
    frame_draw(&f, &legend_top, c,
               &(frame_spec){.title = fig->title,
                             .x = &s->x,
                             .y = &s->y,
                             .x_bounds = x_all,
                             .y_bounds = y_all,
                             .x_pad = 0.03,
                             .y_pad = 0.04,
                             .legend = legend_height(entries, n_entries, c->width - 2 * FRAME_EDGE),
                             .right = side_labels_width(labels, n_labels),
                             .vertical = s->vertical,
                             .n_vertical = s->n_vertical});
    legend_draw(c, legend_top, entries, n_entries);
    if (s->band)
        band_draw(c, &f, s->band);
    references_draw(c, &f, s->horizontal, s->n_horizontal);
    draw_points(c, &f, s);
    verticals_draw(c, &f, s->vertical, s->n_vertical);
    for (int i = 0; i < n_labels; i++) {
        labels[i].y = scale_at(&f.y, labels[i].y);
        labels[i].from_x = f.right;
    }
    side_labels_draw(c, &f, labels, n_labels);
    char buf[64];
    frame_note(&f, c, y.n > 1 ? NULL : bounds_note(buf, &y));
}

void scatter_chart_values(const drawn_values *to, const figure *fig)
{
    const scatter_chart *s = &fig->scatter;
    for (int i = 0; i < s->n; i++)
        drawn_values_point(to,
                           s->groups && color_of(s, i) >= 0 ? s->group_names[s->groups[i]] : NULL,
                           s->names ? s->names[i] : NULL, s->x_values[i], s->y_values[i]);
}

void scatter_chart_alt(str *out, const figure *fig)
{
    const scatter_chart *s = &fig->scatter;
    bounds x, y;
    point_bounds(&x, &y, s);
    alt_start(out, "Scatter plot", fig);
    axis_words(out, &s->y, "y");
    str_add(out, " against ");
    axis_words(out, &s->x, "x");
    char buf[64], a[NUMBER_TEXT], b[NUMBER_TEXT], c[NUMBER_TEXT], d[NUMBER_TEXT];
    if (y.n == 0)
        str_addf(out, ", %s", bounds_note(buf, &y));
    else
        str_addf(out, ", %d points; %s from %s to %s, %s from %s to %s", y.n,
                 s->x.title ? s->x.title : "x", number_text(a, x.low), number_text(b, x.high),
                 s->y.title ? s->y.title : "y", number_text(c, y.low), number_text(d, y.high));
    alt_dropped(out, y.dropped);
    for (int k = 0; s->groups && k < groups_of(s); k++) {
        int n = 0;
        for (int i = 0; i < s->n; i++)
            n += draws(s, i) && s->groups[i] == k;
        str_addf(out, "%s%s %d", k ? ", " : "; ", s->group_names[k], n);
    }
}
