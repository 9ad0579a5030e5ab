/* Marks as SVG elements: presentation attributes for the light theme, classes for both. */
#include "draw/svg_canvas.h"
#include "draw/svg_text.h"

static str *out_of(canvas *c)
{
    return ((svg_canvas *)c)->out;
}

static void add_opacity(str *out, paint p)
{
    if (p.opacity > 0 && p.opacity < 1)
        str_addf(out, " opacity=\"%.2f\"", p.opacity);
}

static void add_fill(str *out, paint p)
{
    if (p.ink == INK_DIRECT)
        str_addf(out, " fill=\"#%06x\"", (unsigned)p.light);
    else
        svg_fill(out, p.ink);
    add_opacity(out, p);
}

static void draw_rectangle(canvas *c, double x, double y, double width, double height, paint p)
{
    str *out = out_of(c);
    str_add(out, "<rect");
    svg_attribute(out, "x", x);
    svg_attribute(out, "y", y);
    svg_attribute(out, "width", width);
    svg_attribute(out, "height", height);
    add_fill(out, p);
    str_add(out, "/>\n");
}

static void add_points(str *out, const double *xy, int n)
{
    for (int i = 0; i < n; i++) {
        if (i)
            str_add_char(out, ' ');
        svg_number(out, xy[2 * i]);
        str_add_char(out, ',');
        svg_number(out, xy[2 * i + 1]);
    }
}

static void draw_circle(canvas *c, double x, double y, double radius, paint p)
{
    str *out = out_of(c);
    str_add(out, "<circle");
    svg_attribute(out, "cx", x);
    svg_attribute(out, "cy", y);
    svg_attribute(out, "r", radius);
    add_fill(out, p);
    str_add(out, "/>\n");
}

static void draw_polyline(canvas *c, const double *xy, int n, double width, int dash, paint p)
{
    str *out = out_of(c);
    if (n == 1) {
        draw_circle(c, xy[0], xy[1], width / 2, p);
        return;
    }
    str_add(out, "<polyline points=\"");
    add_points(out, xy, n);
    str_add_char(out, '"');
    svg_stroke(out, p.ink);
    svg_attribute(out, "stroke-width", width);
    const double *pattern = dash_pattern(dash);
    if (pattern[0] > 0) {
        str_add(out, " stroke-dasharray=\"");
        for (const double *d = pattern; *d > 0; d++)
            str_addf(out, "%s%g", d == pattern ? "" : " ", *d * dash_scale(width));
        str_add_char(out, '"');
    } else {
        str_add(out, " stroke-linecap=\"round\"");
    }
    str_add(out, " stroke-linejoin=\"round\"");
    add_opacity(out, p);
    str_add(out, "/>\n");
}

static void draw_marker(canvas *c, double x, double y, double radius, int shape, paint p)
{
    int n;
    const double *outline = marker_outline(shape, &n);
    if (!outline) {
        draw_circle(c, x, y, radius, p);
        return;
    }
    str *out = out_of(c);
    str_add(out, "<polygon points=\"");
    for (int i = 0; i < n; i++) {
        const double *corner = outline + 2 * i;
        add_points(out, (double[]){x + radius * corner[0], y + radius * corner[1]}, 1);
        str_add(out, i + 1 < n ? " " : "");
    }
    str_add_char(out, '"');
    add_fill(out, p);
    str_add(out, "/>\n");
}

static void draw_text(canvas *c, double x, double y, text_anchor anchor, font_name font, int upward,
                      paint p, const char *text)
{
    static const char *const ANCHORS[] = {"start", "middle", "end"};
    str *out = out_of(c);
    str_add(out, "<text");
    svg_attribute(out, "x", x);
    svg_attribute(out, "y", y);
    if (anchor != ANCHOR_START)
        str_addf(out, " text-anchor=\"%s\"", ANCHORS[anchor]);
    if (font == FONT_BOLD)
        str_addf(out, " font-size=\"%.0f\" font-weight=\"bold\"", font_size(font));
    if (upward) {
        str_add(out, " transform=\"rotate(-90 ");
        add_points(out, (double[]){x, y}, 1);
        str_add(out, ")\"");
    }
    add_fill(out, p);
    str_add_char(out, '>');
    svg_escape(out, text);
    str_add(out, "</text>\n");
}

static const canvas_ops SVG_OPS = {draw_rectangle, draw_polyline, draw_marker, draw_text};

void svg_canvas_init(svg_canvas *c, str *out, double width, double height)
{
    *c = (svg_canvas){.canvas = {&SVG_OPS, width, height}, .out = out};
}
