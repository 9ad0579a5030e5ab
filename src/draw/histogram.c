/* Histograms over given bin edges. */
#include "draw/chart.h"
#include "draw/legend.h"
#include <math.h>

/* A log count axis starts here, so that a bin with one member has a visible bar. */
static const double LOG_START = 0.7;

static bool bin_draws(const histogram *h, int i)
{
    return axis_draws(&h->x, h->edges[i]) && axis_draws(&h->x, h->edges[i + 1]) &&
           isfinite(h->counts[i]) && h->counts[i] > 0;
}

static bounds count_bounds(const histogram *h)
{
    bounds b = BOUNDS_EMPTY;
    axis linear = {0};
    for (int i = 0; i < h->n; i++)
        bounds_add(&b, &linear, h->counts[i]);
    return b;
}

static bounds edge_bounds(const histogram *h)
{
    bounds b = BOUNDS_EMPTY;
    for (int i = 0; h->n > 0 && i <= h->n; i++)
        bounds_add(&b, &h->x, h->edges[i]);
    return b;
}

void histogram_draw(canvas *c, const figure *fig)
{
    histogram h = fig->histogram;
    h.y.include_zero = true;
    bounds y = count_bounds(&h), y_all = y, x_all = edge_bounds(&h);
    if (h.y.log)
        y_all = (bounds){.low = LOG_START, .high = fmax(y.high, 1)};
    bounds_add_references(&x_all, &h.x, h.markers, h.n_markers);
    frame f;
    frame_draw(&f, NULL, c,
               &(frame_spec){.title = fig->title,
                             .x = &h.x,
                             .y = &h.y,
                             .x_bounds = x_all,
                             .y_bounds = y_all,
                             .x_pad = 0.01,
                             .y_pad = h.y.log ? 0 : 0.04,
                             .vertical = h.markers,
                             .n_vertical = h.n_markers});
    for (int i = 0; i < h.n; i++) {
        if (!bin_draws(&h, i))
            continue;
        double left = crisp(scale_at(&f.x, h.edges[i])),
               right = crisp(scale_at(&f.x, h.edges[i + 1]));
        double gap = right - left >= 4 ? 0.5 : 0, top = crisp(scale_at(&f.y, h.counts[i]));
        canvas_rectangle(c, left, top, fmax(right - left - gap, 0.5), fmax(f.bottom - top, 0.5),
                         FAINT_PAINT(INK_SERIES, 0.85));
    }
    verticals_draw(c, &f, h.markers, h.n_markers);
    char buf[64];
    frame_note(&f, c,
               h.n == 0      ? "no data"
               : y.n == 0    ? bounds_note(buf, &y)
               : y.high <= 0 ? "all bins are empty"
                             : NULL);
}

void histogram_values(const drawn_values *to, const figure *fig)
{
    const histogram *h = &fig->histogram;
    for (int i = 0; i < h->n; i++) {
        drawn_mark mark = NO_MARK;
        mark.x = h->edges[i];
        mark.x_to = h->edges[i + 1];
        mark.y = h->counts[i];
        drawn_values_add(to, &mark);
    }
    for (int i = 0; i < h->n_markers; i++)
        if (axis_draws(&h->x, h->markers[i].value))
            drawn_values_point(to, "marker", h->markers[i].label, h->markers[i].value, (double)NAN);
}

void histogram_alt(str *out, const figure *fig)
{
    const histogram *h = &fig->histogram;
    double total = 0;
    int fullest = 0, dropped = 0;
    for (int i = 0; i < h->n; i++) {
        total += isfinite(h->counts[i]) ? h->counts[i] : 0;
        dropped += !isfinite(h->counts[i]);
        if (h->counts[i] > h->counts[fullest] || !isfinite(h->counts[fullest]))
            fullest = i;
    }
    char a[NUMBER_TEXT], b[NUMBER_TEXT], n[NUMBER_TEXT], m[NUMBER_TEXT];
    alt_start(out, "Histogram", fig);
    axis_words(out, &h->x, "value");
    str_addf(out, ", %s values in %d bins", number_text(n, total), h->n);
    if (h->n && total > 0)
        str_addf(out, " from %s to %s, most (%s) between %s", number_text(a, h->edges[0]),
                 number_text(b, h->edges[h->n]), number_text(m, h->counts[fullest]),
                 number_text(n, h->edges[fullest]));
    if (h->n && total > 0)
        str_addf(out, " and %s", number_text(n, h->edges[fullest + 1]));
    for (int i = 0; i < h->n_markers; i++)
        if (h->markers[i].label && axis_draws(&h->x, h->markers[i].value))
            str_addf(out, "; %s", h->markers[i].label);
    alt_dropped(out, dropped);
}
