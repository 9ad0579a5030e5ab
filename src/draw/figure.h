/* The charts of a report. One struct of plain data gives a light and a dark PNG, rows of the table
 * of drawn values, and the alternative text, which always agree. Charts that are read together
 * share one image, as its panels.
 *
 * All arrays and texts are borrowed for the call only. Texts are UTF-8 for the CSV; the PNG shows
 * what its font has (ASCII and the symbols listed in font.h) and a box for anything else, so
 * tokens must be handed over as printable ASCII (see bar_chart). Values may be NaN or infinite:
 * they are not drawn, are empty in the CSV, and the alternative text counts them.
 * Every function here is deterministic and may be called from several threads at once. */
#ifndef DRAW_FIGURE_H
#define DRAW_FIGURE_H
#include "base/err.h"
#include "base/str.h"
#include "draw/drawn_values.h"
#include "draw/theme.h"
#include <stdbool.h>

enum {
    FIGURE_WIDTH = 720,   /* CSS pixels when figure.width is 0; the PNG has twice as many */
    FIGURE_HEIGHT = 405,  /* likewise; some kinds choose their own height from their data */
    FIGURE_MAX_SERIES = 6 /* named series beyond this are drawn grey, without a label */
};

typedef struct axis {
    const char *title; /* "step"; NULL: none */
    const char *unit;  /* "nats"; NULL: none. Shown as "title (unit)" */
    bool log;          /* log10 scale; values <= 0 are not drawn */
    bool integer;      /* only whole ticks, 12k and 3M for thousands and millions */
    bool include_zero; /* linear scale: 0 is always inside */
} axis;

/* A line across the plot at `value`, with a label at its end: a threshold, the data-set maximum. */
typedef struct reference_line {
    double value;
    const char *label;
} reference_line;

/* A stretch of the x axis, shaded over the whole height: where most of the data lie. */
typedef struct reference_band {
    double low, high;
    const char *label; /* left out when the band is narrower */
} reference_band;

/* 1. Line chart ------------------------------------------------------------------------------ */

typedef enum {
    LINE_NORMAL, /* 1.5 px */
    LINE_BOLD,   /* 2.25 px, drawn last */
    LINE_FAINT   /* 1 px, light, drawn first: all restarts behind the best one */
} line_weight;

typedef struct line_series {
    const char *name; /* label at the line's end; NULL: none, drawn grey unless `color` is set */
    const double *x;  /* n values, ascending; NULL: 0, 1, 2, ... */
    const double *y;  /* n values */
    int n;
    line_weight weight;
    int color;    /* 1..SERIES_COLORS; 0: by order among the named series. Dash follows colour */
    bool markers; /* draw a marker at every point */
} line_series;

typedef struct line_chart {
    axis x, y;
    const line_series *series;
    int n_series;
    const reference_line *horizontal, *vertical;
    int n_horizontal, n_vertical;
} line_chart;

/* 2. Bars ------------------------------------------------------------------------------------ */

/* Vertical bars over positions or categories. Bars start at 0; negative values hang below. */
typedef struct bar_chart {
    axis x, y;
    const char *const *labels;       /* n printable ASCII labels, or NULL for 0..n-1 */
    const double *values;            /* n */
    const double *compare;           /* n values drawn as a tick across each bar, or NULL */
    const char *name, *compare_name; /* legend, needed only when `compare` is set */
    int n;
    int highlight; /* 1 + index of the bar to draw in the second colour; 0: none */
    const reference_line *horizontal;
    int n_horizontal;
} bar_chart;

/* Horizontal bars, one labelled row each: a filter funnel, a ranking. Height follows n. */
typedef struct row_chart {
    axis value;
    const char *const *labels; /* n */
    const char *const *notes;  /* n texts after the value ("dropped 31204: dead"), or NULL */
    const double *values;      /* n */
    int n;
    const int *groups; /* n indices into group_names, shown by colour and pattern; NULL: one */
    const char *const *group_names; /* legend, n_groups <= FIGURE_MAX_SERIES */
    int n_groups;
    double reference; /* > 0: a line across all rows at this value; 0: none */
} row_chart;

/* 3. Histogram ------------------------------------------------------------------------------- */

typedef struct histogram {
    axis x, y; /* y.log starts at 0.7, so that a count of 1 shows; x.log needs edges > 0 */
    const double *edges;  /* n + 1, ascending */
    const double *counts; /* n, >= 0 */
    int n;
    const reference_line *markers; /* vertical lines: median, p99, max; also rows of the CSV, from
                                      and to their value, without a count */
    int n_markers;
} histogram;

/* 4. Grouped comparison ---------------------------------------------------------------------- */

/* For each of n groups (features) one bar per series (soft optimum, snapped, data-set maximum). */
typedef struct grouped_chart {
    axis x, y;
    const char *const *labels; /* n printable ASCII group labels */
    const char *const *names;  /* n_series legend entries */
    const double *values;      /* n * n_series, row = group; NaN leaves a gap */
    int n, n_series;           /* n_series <= FIGURE_MAX_SERIES */
} grouped_chart;

/* 5. Heatmap --------------------------------------------------------------------------------- */

typedef struct heatmap {
    const char *row_title, *column_title;
    const char *value_title;          /* title of the colour bar, with its unit */
    const char *const *row_labels;    /* rows, or NULL for numbers */
    const char *const *column_labels; /* columns, or NULL for numbers */
    const double *values;             /* rows * columns, row-major; NaN is drawn as background */
    int rows, columns;
    bool diverging; /* blue-white-orange centred at 0 instead of cividis */
} heatmap;

/* 6. Scatter --------------------------------------------------------------------------------- */

typedef struct scatter_chart {
    axis x, y;
    const double *x_values, *y_values; /* n */
    const int *groups;                 /* n indices into group_names, -1 = grey; NULL: one group */
    const char *const *names;          /* n rows of the CSV ("L06-00123"), or NULL */
    int n;
    const char *const *group_names; /* legend, n_groups <= FIGURE_MAX_SERIES */
    int n_groups;
    const reference_line *horizontal, *vertical;
    int n_horizontal, n_vertical;
    const reference_band *band; /* NULL: none */
} scatter_chart;

/* The figure --------------------------------------------------------------------------------- */

enum { FIGURE_WIDE = 1040, FIGURE_PANEL = FIGURE_WIDE / 2 }; /* widths of an image of panels */

typedef enum {
    FIGURE_LINE,
    FIGURE_BARS,
    FIGURE_ROWS,
    FIGURE_HISTOGRAM,
    FIGURE_GROUPED,
    FIGURE_HEATMAP,
    FIGURE_SCATTER
} figure_kind;

typedef struct figure {
    const char *name;  /* of the panel in the table of values: "log-histogram" */
    const char *title; /* short, inside the image; also the subject of the alternative text */
    int width, height; /* CSS pixels; 0: figure_size decides */
    figure_kind kind;
    union {
        line_chart line;
        bar_chart bars;
        row_chart rows;
        histogram histogram;
        grouped_chart grouped;
        heatmap heatmap;
        scatter_chart scatter;
    };
} figure;

/* The size in CSS pixels, for the width and height attributes of <img>. */
void figure_size(int *width, int *height, const figure *f);

/* The size of an image of n panels: one beside the other, in the next row where FIGURE_WIDE is
 * full. */
void figures_size(int *width, int *height, const figure *panels, int n);

/* Writes DIR/STEM.png and STEM-dark.png with n >= 1 panels. The directory must exist. E_IO, or
 * E_MEMORY when the image is too large. */
err_code figures_write(const figure *panels, int n, const char *dir, const char *stem, err *e);

/* One PNG: 8-bit palette, 2x, no time, same bytes for the same zlib. */
err_code figures_write_png(const figure *panels, int n, theme_name theme, const char *path, err *e);

/* Appends the same drawing as an SVG fragment for use inside HTML (no prolog, no style attribute;
 * colours as presentation attributes that the classes of draw_css override). It has no ids. */
void figure_svg(str *out, const figure *f);

/* Appends a row for each drawn value; none of a heatmap, whose values are a table of their own: a
 * header line with the columns' labels, then the label and the values of each row. */
void figure_values(const drawn_values *to, const figure *f);
void heatmap_csv(str *out, const heatmap *h);

/* Appends what the x and y of these rows are: "cross-entropy (nats a token)". */
void figure_axes(str *x, str *y, const figure *f);

/* Appends one line of at most FIGURE_ALT_MAX bytes of plain text, made from the data; not escaped
 * for HTML, no line break. */
enum { FIGURE_ALT_MAX = 250 };
void figure_alt(str *out, const figure *f);

#endif
