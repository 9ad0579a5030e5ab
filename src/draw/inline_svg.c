/* Sparklines and value rows, drawn on the SVG canvas. */
#include "draw/inline_svg.h"
#include "base/memory.h"
#include "draw/frame.h"
#include "draw/svg_canvas.h"
#include "draw/svg_text.h"
#include <math.h>

enum { SPARK_WIDTH = 120, SPARK_HEIGHT = 24, SPARK_PAD = 3 };

typedef struct range {
    double low, high;
} range;

static range range_of(const double *values, int n)
{
    range r = {HUGE_VAL, -HUGE_VAL};
    for (int i = 0; i < n; i++)
        if (isfinite(values[i])) {
            r.low = fmin(r.low, values[i]);
            r.high = fmax(r.high, values[i]);
        }
    return r;
}

static double spark_y(range r, double value)
{
    double t = r.high > r.low ? (value / 2 - r.low / 2) / (r.high / 2 - r.low / 2) : 0.5;
    return SPARK_HEIGHT - SPARK_PAD - t * (SPARK_HEIGHT - 2 * SPARK_PAD);
}

/* Lowest and highest value of each half pixel, in their order; at most two points per column. */
static int spark_points(double *xy, const double *values, int n, range r)
{
    enum { COLUMNS = 2 * (SPARK_WIDTH - 2 * SPARK_PAD) };
    int points = 0, columns = n < COLUMNS ? n : COLUMNS;
    for (int c = 0; c < columns; c++) {
        int from = (int)((long long)c * n / columns), to = (int)((c + 1LL) * n / columns);
        int low = -1, high = -1;
        for (int i = from; i < to; i++) {
            if (!isfinite(values[i]))
                continue;
            low = low < 0 || values[i] < values[low] ? i : low;
            high = high < 0 || values[i] > values[high] ? i : high;
        }
        int pair[] = {low < high ? low : high, low < high ? high : low};
        for (int k = pair[0] == pair[1]; k < 2 && low >= 0; k++) {
            double t = n > 1 ? pair[k] / (n - 1.0) : 0.5;
            xy[2 * points] = SPARK_PAD + t * (SPARK_WIDTH - 2 * SPARK_PAD);
            xy[2 * points++ + 1] = spark_y(r, values[pair[k]]);
        }
    }
    return points;
}

void sparkline_svg(str *out, const double *values, int n, const char *label)
{
    svg_canvas c;
    svg_canvas_init(&c, out, SPARK_WIDTH, SPARK_HEIGHT);
    svg_open(out, "img", SPARK_WIDTH, SPARK_HEIGHT, label, NULL);
    range r = range_of(values, n);
    double *xy = mem_small(4 * (size_t)(SPARK_WIDTH * 2), sizeof *xy);
    int points = spark_points(xy, values, n, r);
    if (points) {
        canvas_polyline(&c.canvas, xy, points, 1.5, DASH_SOLID, PAINT(INK_SERIES));
        canvas_marker(&c.canvas, xy[2 * points - 2], xy[2 * points - 1], 2.2, 0, PAINT(INK_SERIES));
    } else {
        canvas_text(&c.canvas, SPARK_WIDTH / 2.0, 16, ANCHOR_MIDDLE, FONT_REGULAR, PAINT(INK_MUTED),
                    "no data");
    }
    mem_free(xy);
    svg_close(out);
}

void spark_bars_svg(str *out, const double *values, int n, const char *label)
{
    svg_canvas c;
    svg_canvas_init(&c, out, SPARK_WIDTH, SPARK_HEIGHT);
    svg_open(out, "img", SPARK_WIDTH, SPARK_HEIGHT, label, NULL);
    double most = range_of(values, n).high, slot = (SPARK_WIDTH - 2.0 * SPARK_PAD) / (n ? n : 1);
    for (int i = 0; i < n; i++) {
        if (!isfinite(values[i]) || values[i] <= 0)
            continue;
        double height = values[i] / most * (SPARK_HEIGHT - 2 * SPARK_PAD);
        canvas_rectangle(&c.canvas, SPARK_PAD + i * slot + 0.5, SPARK_HEIGHT - SPARK_PAD - height,
                         slot - 1, height, PAINT(INK_SERIES));
    }
    canvas_rectangle(&c.canvas, SPARK_PAD, SPARK_HEIGHT - SPARK_PAD, SPARK_WIDTH - 2 * SPARK_PAD, 1,
                     PAINT(INK_MUTED));
    svg_close(out);
}

enum { ROWS_WIDTH = 420, ROW = 22, ROW_LABEL = 170, ROW_NUMBER = 74 };

static double rows_extreme(const value_row *rows, int n, double reference)
{
    double most = isfinite(reference) ? fabs(reference) : 0;
    for (int i = 0; i < n; i++)
        if (isfinite(rows[i].value))
            most = fmax(most, fabs(rows[i].value));
    return most;
}

typedef struct rows_layout {
    double left, zero, scale; /* of the bars; scale in pixels per unit */
} rows_layout;

static rows_layout lay_out(const value_row *rows, int n, double reference)
{
    double widest = 0, low = isfinite(reference) ? fmin(reference, 0) : 0;
    double high = isfinite(reference) ? fmax(reference, 0) : 0;
    for (int i = 0; i < n; i++) {
        widest = fmax(widest, fmin(font_width(FONT_REGULAR, rows[i].label), ROW_LABEL));
        if (isfinite(rows[i].value)) {
            low = fmin(low, rows[i].value);
            high = fmax(high, rows[i].value);
        }
    }
    rows_layout l = {.left = widest + 10};
    double room = ROWS_WIDTH - ROW_NUMBER - l.left;
    /* Divided by the extreme first: high - low may overflow. */
    double extreme = rows_extreme(rows, n, reference);
    double span = extreme > 0 ? high / extreme - low / extreme : 0;
    l.zero = l.left + (span > 0 ? -low / extreme / span * room : 0);
    l.scale = span > 0 ? room / span : 0;
    return l;
}

void value_rows_svg(str *out, const value_row *rows, int n, double reference, const char *label)
{
    double height = n * ROW + 2, extreme = rows_extreme(rows, n, reference);
    rows_layout l = lay_out(rows, n, reference);
    svg_canvas c;
    svg_canvas_init(&c, out, ROWS_WIDTH, height);
    svg_open(out, "img", ROWS_WIDTH, height, label, NULL);
    for (int i = 0; i < n; i++) {
        double y = i * ROW, value = rows[i].value, end = l.zero;
        str text = {0};
        font_fit(&text, FONT_REGULAR, rows[i].label, ROW_LABEL);
        canvas_text(&c.canvas, l.left - 10, y + 15, ANCHOR_END, FONT_REGULAR, PAINT(INK_TEXT),
                    str_text(&text));
        str_release(&text);
        if (isfinite(value) && extreme > 0) {
            double width = fabs(value) / extreme * l.scale;
            double x = value < 0 ? l.zero - width : l.zero;
            canvas_rectangle(&c.canvas, x, y + 4, width, ROW - 8,
                             PAINT(INK_SERIES + (rows[i].color ? rows[i].color - 1 : 0)));
            end = x + width;
        }
        char buf[NUMBER_TEXT];
        canvas_text(&c.canvas, end + 6, y + 15, ANCHOR_START, FONT_REGULAR, PAINT(INK_TEXT),
                    isfinite(value) ? number_text(buf, value) : "no value");
    }
    canvas_rectangle(&c.canvas, l.zero - 0.5, 0, 0.5, height, PAINT(INK_MUTED));
    if (isfinite(reference) && extreme > 0) {
        double x = l.zero + reference / extreme * l.scale;
        canvas_line(&c.canvas, x, 0, x, height, 1, DASH_REFERENCE, PAINT(INK_TEXT));
    }
    svg_close(out);
}
