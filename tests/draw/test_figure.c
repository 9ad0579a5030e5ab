/* Figures of every kind: the four files, degenerate data, the numbers beside the drawing. */
#include "base/io.h"
#include "base/memory.h"
#include "base/rng.h"
#include "draw/canvas_part.h"
#include "draw/figure.h"
#include "draw/frame.h"
#include "draw/svg_canvas.h"
#include "draw/font.h"
#include "test.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char directory[] = "/tmp/test_figure_XXXXXX";

static int make_directory(void **state)
{
    (void)state;
    return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
    (void)state;
    err e = {0};
    return io_remove_tree(directory, &e);
}

static const char *scratch(void)
{
    static char path[64];
    snprintf(path, sizeof path, "%s/scratch.png", directory);
    return path;
}

enum { N = 12 };

/* One figure of each kind over the same n values; `values` needs N * 2 of them. */
static figure make_figure(figure_kind kind, const double *values, int n, bool log)
{
    static const char *const LABELS[N] = {"_The", "_cat", "\\n",   "\"", "_a,b", "_<i>",
                                          "_on",  "_the", "_mat!", ".",  "_and", "_it"};
    static const char *const NAMES[] = {"one", "two"};
    static const double EDGES[N + 1] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};
    static const reference_line LINES[] = {{2, "threshold"}, {2.1, "maximum"}};
    static const int GROUPS[N] = {0, 1, 1, 0, -1, 2, 7};
    static const reference_band BAND = {0.5, 4, "band"};
    static line_series series[2];
    series[0] = (line_series){.name = "one", .y = values, .n = n, .weight = LINE_BOLD};
    series[1] = (line_series){.y = values + n, .n = n, .weight = LINE_FAINT};
    axis x = {.title = "position", .log = log},
         y = {.title = "activation", .unit = "a.u.", .log = log};
    figure f = {.title = "Test", .kind = kind};
    switch (kind) {
    case FIGURE_LINE:
        f.line = (line_chart){x, y, series, 2, LINES, LINES, 2, 2};
        break;
    case FIGURE_BARS:
        f.bars = (bar_chart){x, y, LABELS, values, values + n, "now", "before", n, 1, LINES, 2};
        break;
    case FIGURE_ROWS:
        f.rows = (row_chart){y, LABELS, LABELS, values, n, log ? GROUPS : NULL, NAMES, 2, 2};
        break;
    case FIGURE_HISTOGRAM:
        f.histogram = (histogram){x, y, EDGES, values, n, LINES, 2};
        break;
    case FIGURE_GROUPED:
        f.grouped = (grouped_chart){x, y, LABELS, NAMES, values, n, 2};
        break;
    case FIGURE_HEATMAP:
        f.heatmap = (heatmap){"row", "column", "value", LABELS, NULL, values, n, 2, !log};
        break;
    case FIGURE_SCATTER:
        f.scatter = (scatter_chart){x,    y, values, values + n, NULL, LABELS, n,
                                    NULL, 0, LINES,  LINES,      1,    1,      &BAND};
        break;
    }
    return f;
}

enum { KINDS = FIGURE_SCATTER + 1 };

static void check_text(const str *text)
{
    assert_null(strstr(str_text(text), "nan"));
    assert_null(strstr(str_text(text), "inf"));
    assert_true(utf8_valid(str_text(text), text->len));
}

/* The rows of f's values as they stand in the table. */
static void add_values(str *out, const figure *f)
{
    figure_values(&(drawn_values){out, "f", ""}, f);
}

/* Whatever the values: texts are short and free of NaN, tags are closed. */
static void check_figure(const figure *f)
{
    int width, height;
    figure_size(&width, &height, f);
    assert_true(width == FIGURE_WIDTH && height >= 60);
    str svg = {0}, csv = {0}, alt = {0};
    figure_svg(&svg, f);
    add_values(&csv, f);
    figure_alt(&alt, f);
    check_text(&svg);
    check_text(&csv);
    check_text(&alt);
    assert_true(alt.len > 10 && alt.len <= FIGURE_ALT_MAX);
    assert_null(strchr(str_text(&alt), '\n'));
    assert_null(strstr(str_text(&svg), "style="));
    assert_null(strstr(str_text(&svg), "<i>"));
    assert_string_equal(svg.data + svg.len - 7, "</svg>\n");
    assert_true(!csv.len || csv.data[csv.len - 1] == '\n');
    str_release(&svg);
    str_release(&csv);
    str_release(&alt);
}

static void test_degenerate(void **state)
{
    (void)state;
    double nan = strtod("nan", NULL), infinity = strtod("inf", NULL);
    const double fills[] = {0, 2.5, -3, nan, infinity, 1e300, -1e300, 1e-300, 5e-324};
    for (int kind = 0; kind < KINDS; kind++)
        for (size_t k = 0; k < COUNT_OF(fills); k++)
            for (int n = 0; n <= N; n += n < 2 ? 1 : N - 2) { /* none, one, two, all */
                double values[2 * N];
                for (int i = 0; i < 2 * N; i++)
                    values[i] = fills[k];
                figure f = make_figure((figure_kind)kind, values, n, k % 2);
                check_figure(&f);
                values[0] = 7; /* one good value among the others */
                check_figure(&f);
                err e = {0};
                if ((n == 1 && k < 2) ||
                    (n == N &&
                     isnan(fills[k]))) /* the raster meets the same marks; PNGs are slow */
                    assert_int_equal(figures_write_png(&f, 1, THEME_DARK, scratch(), &e), OK);
            }
}

static void test_no_data_at_all(void **state)
{
    (void)state;
    for (int kind = 0; kind < KINDS; kind++) {
        figure f = {.kind = (figure_kind)kind};
        check_figure(&f);
    }
}

static void test_notes(void **state)
{
    (void)state;
    double same[2 * N], nan = strtod("nan", NULL);
    for (int i = 0; i < 2 * N; i++)
        same[i] = 2.5;
    str svg = {0};
    figure f = make_figure(FIGURE_LINE, same, N, false);
    figure_svg(&svg, &f);
    assert_non_null(strstr(str_text(&svg), "all values are 2.5"));
    for (int i = 0; i < 2 * N; i++)
        same[i] = nan;
    str_clear(&svg);
    figure_svg(&svg, &f);
    assert_non_null(strstr(str_text(&svg), "no value that can be drawn"));
    f.line.n_series = 0;
    str_clear(&svg);
    figure_svg(&svg, &f);
    assert_non_null(strstr(str_text(&svg), "no data"));
    str_release(&svg);
}

static void test_csv_is_what_is_drawn(void **state)
{
    (void)state;
    double nan = strtod("nan", NULL);
    const double x[] = {0, 10, 20}, y[] = {4, nan, 2.5};
    const line_series s[] = {{.name = "loss, \"raw\"", .x = x, .y = y, .n = 3}, {.y = y, .n = 1}};
    figure f = {.title = "Loss",
                .line = {.x = {.title = "step"},
                         .y = {.title = "loss", .unit = "nats"},
                         .series = s,
                         .n_series = 2}};
    str text = {0};
    add_values(&text, &f);
    assert_string_equal(str_text(&text), "f,,\"loss, \"\"raw\"\"\",,0,,4,,,,\n"
                                         "f,,\"loss, \"\"raw\"\"\",,10,,,,,,\n"
                                         "f,,\"loss, \"\"raw\"\"\",,20,,2.5,,,,\n"
                                         "f,,2,,0,,4,,,,\n");
    str_clear(&text);
    figure_alt(&text, &f);
    assert_string_equal(
        str_text(&text),
        "Line chart of Loss: loss (nats) by step, 2 lines. loss, \"raw\" falls from 4 "
        "to 2.5, lowest 2.5 at step 20. ; 1 value cannot be drawn");
    str_release(&text);
}

/* A spike of one point in a million survives, and the CSV stays small. */
static void test_long_series_keep_spikes(void **state)
{
    (void)state;
    enum { LONG = 1000000 };
    double *y = mem_small(LONG, sizeof *y);
    rng r = rng_stream(4, "test_figure");
    for (int i = 0; i < LONG; i++)
        y[i] = rng_uniform(&r);
    y[654321] = 99.5;
    y[765432] = -88.5;
    line_series s = {.name = "noise", .y = y, .n = LONG};
    figure f = {.line = {.series = &s, .n_series = 1}};
    str csv = {0};
    add_values(&csv, &f);
    assert_non_null(strstr(str_text(&csv), ",noise,,654321,,99.5,,,,\n"));
    assert_non_null(strstr(str_text(&csv), ",noise,,765432,,-88.5,,,,\n"));
    assert_true(csv.len < 250000);
    str_release(&csv);
    mem_free(y);
}

static void test_same_bytes_twice(void **state)
{
    (void)state;
    rng r = rng_stream(5, "test_figure");
    double values[2 * N];
    for (int i = 0; i < 2 * N; i++)
        values[i] = rng_normal(&r);
    static const char *const ENDINGS[] = {".png", "-dark.png"};
    for (int kind = 0; kind < KINDS; kind++) {
        figure f = make_figure((figure_kind)kind, values, N, false);
        err e = {0};
        assert_int_equal(figures_write(&f, 1, directory, "a", &e), OK);
        assert_int_equal(figures_write(&f, 1, directory, "b", &e), OK);
        for (size_t k = 0; k < COUNT_OF(ENDINGS); k++) {
            char path[128];
            str one = {0}, two = {0};
            snprintf(path, sizeof path, "%s/a%s", directory, ENDINGS[k]);
            assert_int_equal(io_read(&one, path, 1 << 20, &e), OK);
            snprintf(path, sizeof path, "%s/b%s", directory, ENDINGS[k]);
            assert_int_equal(io_read(&two, path, 1 << 20, &e), OK);
            assert_int_equal(one.len, two.len);
            assert_memory_equal(one.data, two.data, one.len);
            str_release(&one);
            str_release(&two);
        }
    }
}

typedef struct place {
    double left, right, y;
} place;

static double after(const char *text, const char *key)
{
    const char *at = strstr(text, key);
    assert_non_null(at);
    return strtod(at + strlen(key), NULL);
}

/* Undoes svg_escape in place. */
static void unescape(char *text)
{
    static const char *const ENTITIES[] = {"&lt;", "&gt;", "&amp;", "&quot;", "&#39;"};
    char *to = text;
    for (const char *from = text; *from; to++) {
        size_t length = 1;
        *to = *from;
        for (int k = 0; k < 5; k++)
            if (!strncmp(from, ENTITIES[k], strlen(ENTITIES[k]))) {
                *to = "<>&\"'"[k];
                length = strlen(ENTITIES[k]);
            }
        from += length;
    }
    *to = 0;
}

/* The boxes of all level texts of an SVG; returns how many. */
static int text_places(place *out, int most, const char *svg)
{
    int n = 0;
    for (const char *t = svg; (t = strstr(t, "<text ")) && n < most; t++) {
        const char *end = strchr(t, '>'), *close = strstr(t, "</text>");
        char head[512], body[256];
        snprintf(head, sizeof head, "%.*s", (int)(end - t), t);
        snprintf(body, sizeof body, "%.*s", (int)(close - end - 1), end + 1);
        unescape(body);
        if (strstr(head, "rotate(") || !*body)
            continue;
        double x = after(head, " x=\""), bold = strstr(head, "bold") != NULL;
        double width = font_width(bold > 0 ? FONT_BOLD : FONT_REGULAR, body);
        double back = strstr(head, "\"middle\"") ? width / 2 : strstr(head, "\"end\"") ? width : 0;
        out[n++] = (place){x - back, x - back + width, after(head, " y=\"")};
    }
    return n;
}

/* No two texts of a chart overlap and none leaves the image, for many random data. */
static void test_no_text_overlaps(void **state)
{
    (void)state;
    rng r = rng_stream(6, "test_figure");
    for (int round = 0; round < 400; round++) {
        double values[2 * N], size = pow(10, 12 * rng_uniform(&r) - 6);
        for (int i = 0; i < 2 * N; i++)
            values[i] = round % 3 ? size * rng_uniform(&r) : size * rng_normal(&r);
        figure f = make_figure((figure_kind)(round % KINDS), values, N, round % 2);
        f.width = 300 + 60 * (round % 8);
        str svg = {0};
        figure_svg(&svg, &f);
        place p[128];
        int n = text_places(p, 128, str_text(&svg));
        assert_true(n > 3);
        for (int i = 0; i < n; i++) {
            assert_true(p[i].left >= 0 && p[i].right <= f.width);
            for (int k = 0; k < i; k++)
                if (fabs(p[i].y - p[k].y) < 10)
                    assert_true(p[i].left >= p[k].right || p[k].left >= p[i].right);
        }
        str_release(&svg);
    }
}

static const char GOLDEN[] =
    "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"draw\" role=\"img\" width=\"300\" "
    "height=\"80\" viewBox=\"0 0 300 80\" font-family=\"system-ui, sans-serif\" "
    "font-size=\"12\" aria-label=\"Bar chart: value, 2 rows. kept 40; dropped 10\">\n"
    "<text x=\"62.0\" y=\"30.0\" text-anchor=\"end\" class=\"draw-text\" "
    "fill=\"#1a1a1a\">kept</text>\n"
    "<rect x=\"72.0\" y=\"18.0\" width=\"195.0\" height=\"16.0\" class=\"draw-s0\" "
    "fill=\"#0072b2\"/>\n"
    "<text x=\"273.0\" y=\"30.0\" class=\"draw-text\" fill=\"#1a1a1a\">40</text>\n"
    "<text x=\"62.0\" y=\"58.0\" text-anchor=\"end\" class=\"draw-text\" "
    "fill=\"#1a1a1a\">dropped</text>\n"
    "<rect x=\"72.0\" y=\"46.0\" width=\"49.0\" height=\"16.0\" class=\"draw-s0\" "
    "fill=\"#0072b2\"/>\n"
    "<text x=\"127.0\" y=\"58.0\" class=\"draw-text\" fill=\"#1a1a1a\">10</text>\n"
    "<rect x=\"71.5\" y=\"12.0\" width=\"0.5\" height=\"56.0\" class=\"draw-muted\" "
    "fill=\"#595959\"/>\n"
    "</svg>\n";

static void test_golden(void **state)
{
    (void)state;
    const char *const labels[] = {"kept", "dropped"};
    figure f = {.kind = FIGURE_ROWS,
                .width = 300,
                .rows = {.labels = labels, .values = (double[]){40, 10}, .n = 2}};
    str svg = {0};
    figure_svg(&svg, &f);
    assert_string_equal(str_text(&svg), GOLDEN);
    str_release(&svg);
}

/* Marks on a part of a canvas appear on the whole, moved. */
static void test_parts_of_a_canvas(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to;
    } places[] = {{"x=\"1.0\" y=\"2.0\"", "x=\"101.0\" y=\"52.0\""},
                  {"1.0,2.0 3.0,4.0", "101.0,52.0 103.0,54.0"},
                  {"cx=\"5.0\" cy=\"6.0\"", "cx=\"105.0\" cy=\"56.0\""},
                  {"x=\"7.0\" y=\"8.0\"", "x=\"107.0\" y=\"58.0\""}};
    for (int moved = 0; moved < 2; moved++) {
        str svg = {0};
        svg_canvas whole;
        canvas_part part;
        svg_canvas_init(&whole, &svg, 200, 100);
        canvas_part_init(&part, &whole.canvas, moved ? 100 : 0, moved ? 50 : 0, 20, 10);
        canvas_rectangle(&part.canvas, 1, 2, 3, 4, PAINT(INK_TEXT));
        canvas_line(&part.canvas, 1, 2, 3, 4, 1, DASH_SOLID, PAINT(INK_TEXT));
        canvas_marker(&part.canvas, 5, 6, 2, 0, PAINT(INK_TEXT));
        canvas_text(&part.canvas, 7, 8, ANCHOR_START, FONT_REGULAR, PAINT(INK_TEXT), "word");
        for (size_t i = 0; i < COUNT_OF(places); i++)
            assert_non_null(strstr(str_text(&svg), moved ? places[i].to : places[i].from));
        str_release(&svg);
    }
}

/* The y axis that a line through these values gets. */
static scale axis_of(const double *values, int n)
{
    str svg = {0};
    svg_canvas drawing;
    svg_canvas_init(&drawing, &svg, 400, 300);
    axis x = {.title = "step"}, y = {.title = "count"};
    bounds along = BOUNDS_EMPTY, up = BOUNDS_EMPTY;
    for (int i = 0; i < n; i++) {
        bounds_add(&along, &x, i);
        bounds_add(&up, &y, values[i]);
    }
    frame f;
    frame_draw(&f, NULL, &drawing.canvas,
               &(frame_spec){.x = &x, .y = &y, .x_bounds = along, .y_bounds = up});
    str_release(&svg);
    return f.y;
}

/* Around a single value there is room on both sides, but counts of 0 have nothing below them. */
static void test_a_lone_zero_is_the_axis_end(void **state)
{
    (void)state;
    scale zero = axis_of((double[]){0, 0}, 2), one = axis_of((double[]){5, 5}, 2),
          below = axis_of((double[]){-3, -3}, 2), across = axis_of((double[]){-1, 1}, 2);
    assert_true(zero.low == 0 && zero.high > 0);
    assert_true(one.low > 0 && one.low < 5 && one.high > 5);
    assert_true(below.low < -3 && below.high > -3);
    assert_true(across.low <= -1 && across.high >= 1);
}

/* Panels stand beside each other until a row is full; the tallest gives the row its height. */
static void test_panels(void **state)
{
    (void)state;
    const figure panels[] = {{.kind = FIGURE_BARS, .width = FIGURE_WIDE, .height = 100},
                             {.kind = FIGURE_BARS, .width = FIGURE_PANEL, .height = 200},
                             {.kind = FIGURE_BARS, .width = FIGURE_PANEL, .height = 250},
                             {.kind = FIGURE_BARS, .width = FIGURE_PANEL, .height = 50}};
    static const int heights[] = {100, 300, 350, 400};
    for (int n = 1; n <= 4; n++) {
        int width, height;
        figures_size(&width, &height, panels, n);
        assert_int_equal(width, FIGURE_WIDE);
        assert_int_equal(height, heights[n - 1]);
    }
    err e = {0};
    assert_int_equal(figures_write(panels, 4, directory, "panels", &e), OK);
    assert_int_equal(figures_write(panels, 4, "/nonexistent", "panels", &e), E_IO);
}

static void test_a_heatmap_is_a_table(void **state)
{
    (void)state;
    const char *const rows[] = {"one", "a, b"};
    heatmap h = {.row_title = "row",
                 .row_labels = rows,
                 .values = (double[]){1, 2, (double)NAN, 4},
                 .rows = 2,
                 .columns = 2};
    figure f = {.kind = FIGURE_HEATMAP, .heatmap = h};
    str text = {0};
    heatmap_csv(&text, &h);
    assert_string_equal(str_text(&text), "row,0,1\none,1,2\n\"a, b\",,4\n");
    str_clear(&text);
    add_values(&text, &f);
    assert_int_equal(text.len, 0);
    str_release(&text);
}

/* A row's group shows in its bar, in the legend and in the CSV; the reference crosses the bars. */
static void test_row_groups(void **state)
{
    (void)state;
    const char *const labels[] = {"a", "b"}, *const names[] = {"data", "text"};
    figure f = {.kind = FIGURE_ROWS,
                .rows = {.value = {.title = "ratio"},
                         .labels = labels,
                         .values = (double[]){1, 2},
                         .n = 2,
                         .groups = (int[]){0, 1},
                         .group_names = names,
                         .n_groups = 2,
                         .reference = 1}};
    str svg = {0}, csv = {0};
    int width, plain, grouped;
    figure_svg(&svg, &f);
    add_values(&csv, &f);
    assert_string_equal(str_text(&csv), "f,,data,a,,,1,,,,\nf,,text,b,,,2,,,,\n");
    assert_non_null(strstr(str_text(&svg), ">data</text>"));
    assert_non_null(strstr(str_text(&svg), "class=\"draw-s1\""));
    assert_non_null(strstr(str_text(&svg), "stroke-dasharray"));
    figure_size(&width, &grouped, &f);
    f.rows.groups = NULL;
    f.rows.reference = 0;
    figure_size(&width, &plain, &f);
    assert_true(grouped > plain);
    str_clear(&svg);
    figure_svg(&svg, &f);
    assert_null(strstr(str_text(&svg), "draw-s1"));
    assert_null(strstr(str_text(&svg), "stroke-dasharray"));
    str_release(&svg);
    str_release(&csv);
}

/* Markers stand over the bars with their words, in the CSV and in the alternative text. */
static void test_histogram_markers(void **state)
{
    (void)state;
    const reference_line markers[] = {
        {2.5, "median 2.5"}, {2.6, "p99 2.6"}, {(double)NAN, "nothing"}, {9, "found 9"}};
    figure f = {.title = "Test",
                .kind = FIGURE_HISTOGRAM,
                .histogram = {.edges = (double[]){0, 2, 4},
                              .counts = (double[]){3, 5},
                              .n = 2,
                              .markers = markers,
                              .n_markers = 4}};
    str svg = {0}, csv = {0}, alt = {0};
    figure_svg(&svg, &f);
    add_values(&csv, &f);
    figure_alt(&alt, &f);
    assert_string_equal(str_text(&csv), "f,,,,0,2,3,,,,\nf,,,,2,4,5,,,,\n"
                                        "f,,marker,median 2.5,2.5,,,,,,\n"
                                        "f,,marker,p99 2.6,2.6,,,,,,\n"
                                        "f,,marker,found 9,9,,,,,,\n");
    assert_string_equal(str_text(&alt), "Histogram of Test: value, 8 values in 2 bins from 0 to 4, "
                                        "most (5) between 2 and 4; median 2.5; p99 2.6; found 9");
    assert_non_null(strstr(str_text(&svg), ">median 2.5</text>"));
    assert_non_null(strstr(str_text(&svg), ">p99 2.6</text>"));
    assert_null(strstr(str_text(&svg), "nothing"));
    assert_true(after(strstr(str_text(&svg), ">median 2.5</text>") - 100, " y=\"") >
                after(strstr(str_text(&svg), ">p99 2.6</text>") - 100, " y=\""));
    str_release(&svg);
    str_release(&csv);
    str_release(&alt);
}

/* The band is inside the plot even where no point is, and its label only where it fits. */
static void test_band(void **state)
{
    (void)state;
    reference_band band = {4, 8, "the data"};
    figure f = {
        .kind = FIGURE_SCATTER,
        .scatter = {
            .x_values = (double[]){0, 1}, .y_values = (double[]){0, 1}, .n = 2, .band = &band}};
    str svg = {0};
    figure_svg(&svg, &f);
    assert_non_null(strstr(str_text(&svg), ">the data</text>"));
    assert_non_null(strstr(str_text(&svg), ">8</text>"));
    band = (reference_band){0.99, 1, "the data"};
    str_clear(&svg);
    figure_svg(&svg, &f);
    assert_null(strstr(str_text(&svg), ">the data</text>"));
    str_release(&svg);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_degenerate),
        cmocka_unit_test(test_no_data_at_all),
        cmocka_unit_test(test_notes),
        cmocka_unit_test(test_csv_is_what_is_drawn),
        cmocka_unit_test(test_long_series_keep_spikes),
        cmocka_unit_test(test_same_bytes_twice),
        cmocka_unit_test(test_no_text_overlaps),
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_parts_of_a_canvas),
        cmocka_unit_test(test_a_lone_zero_is_the_axis_end),
        cmocka_unit_test(test_panels),
        cmocka_unit_test(test_a_heatmap_is_a_table),
        cmocka_unit_test(test_row_groups),
        cmocka_unit_test(test_histogram_markers),
        cmocka_unit_test(test_band),
    };
    return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
