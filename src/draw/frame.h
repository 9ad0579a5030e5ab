/* The plot area of a chart: margins, scales, grid, ticks, titles, reference lines. */
#ifndef DRAW_FRAME_H
#define DRAW_FRAME_H
#include "draw/canvas.h"
#include "draw/figure.h"
#include "draw/ticks.h"

/* The values an axis has to show. Start: `bounds b = BOUNDS_EMPTY;`. */
typedef struct bounds {
    double low, high;
    int n;       /* values that can be drawn */
    int dropped; /* values that cannot: not finite, or <= 0 on a log axis */
} bounds;
#define BOUNDS_EMPTY ((bounds){.low = 1.0 / 0.0, .high = -1.0 / 0.0})
bool axis_draws(const axis *a, double value);
void bounds_add(bounds *b, const axis *a, double value);
/* Reference lines widen the range but are no data. */
void bounds_add_references(bounds *b, const axis *a, const reference_line *lines, int n);

typedef struct scale {
    double low, high; /* data */
    double from, to;  /* CSS pixels at low and high */
    scale_kind kind;
    ticks ticks;
} scale;
double scale_at(const scale *s, double value);

typedef struct frame {
    double left, top, right, bottom; /* of the plot area, CSS pixels */
    scale x, y;
    const axis *x_axis, *y_axis;
} frame;

/* What to lay out; zero means absent. */
typedef struct frame_spec {
    const char *title;
    const axis *x, *y;
    bounds x_bounds, y_bounds;
    double x_pad, y_pad; /* share of the range added on both sides */
    double legend;       /* height of the legend under the title */
    double right;        /* width of the labels right of the plot */
    double x_labels;     /* height of the caller's own labels under the axis; then no x ticks */
    const reference_line *vertical;
    int n_vertical;
} frame_spec;

enum { FRAME_EDGE = 12, LINE_HEIGHT = 16 };

/* Lays out and draws everything but the data. `legend_top` (may be NULL) receives the y where the
 * legend starts. */
void frame_draw(frame *f, double *legend_top, canvas *c, const frame_spec *spec);

/* Vertical reference lines with their labels above the plot; drawn when the chart wants them, under
 * or over its data. */
void verticals_draw(canvas *c, const frame *f, const reference_line *lines, int n);

/* Shades the part of the plot that lies in the band; under the data. */
void band_draw(canvas *c, const frame *f, const reference_band *band);

/* Centred words where data should be: "no data", "1 point". */
void frame_note(const frame *f, canvas *c, const char *note);
/* The note that degenerate data need, NULL for others. `buf` holds a generated one. */
const char *bounds_note(char buf[64], const bounds *b);

/* The figure's title in its top left corner, cut when too long; NULL: nothing. */
void title_draw(canvas *c, const char *title);

/* As axis_text, or `otherwise` when the axis says nothing. */
void axis_words(str *out, const axis *a, const char *otherwise);

/* Appends "loss (nats)", "loss (nats), \u00d710\u2076". */
void axis_text(str *out, const axis *a, int exponent);

/* Snaps to device pixels of the 2x raster, so that edges are crisp. */
double crisp(double v);

#endif
