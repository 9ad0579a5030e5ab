/* What both back ends share: dispatch, dash patterns and marker outlines. */
#include "draw/canvas.h"
#include <stddef.h>

static const double PATTERNS[DASHES + 1][8] = {
    {0}, {7, 3.5}, {2, 2.5}, {8, 3, 2, 3}, {12, 4}, {8, 3, 2, 3, 2, 3}, {4, 2}, {4, 3},
};

const double *dash_pattern(int dash)
{
    return PATTERNS[dash];
}

double dash_scale(double width)
{
    return width > 1.5 ? width / 1.5 : 1;
}

static const double SQUARE[] = {-0.89, -0.89, 0.89, -0.89, 0.89, 0.89, -0.89, 0.89};
static const double TRIANGLE[] = {0, -1.2, 1.08, 0.75, -1.08, 0.75};
static const double DIAMOND[] = {0, -1.25, 1.25, 0, 0, 1.25, -1.25, 0};
static const double PLUS[] = {-0.4, -1.2, 0.4,  -1.2, 0.4,  -0.4, 1.2,  -0.4,
                              1.2,  0.4,  0.4,  0.4,  0.4,  1.2,  -0.4, 1.2,
                              -0.4, 0.4,  -1.2, 0.4,  -1.2, -0.4, -0.4, -0.4};
static const double DOWN[] = {0, 1.2, 1.08, -0.75, -1.08, -0.75};
static const double CROSS[] = {0,     -0.57, 0.57,  -1.13, 1.13,  -0.57, 0.57,  0,
                               1.13,  0.57,  0.57,  1.13,  0,     0.57,  -0.57, 1.13,
                               -1.13, 0.57,  -0.57, 0,     -1.13, -0.57, -0.57, -1.13};

const double *marker_outline(int shape, int *n)
{
    static const struct {
        const double *points;
        int n;
    } OUTLINES[MARKERS] = {
        {NULL, 0}, {SQUARE, 4}, {TRIANGLE, 3}, {DIAMOND, 4}, {DOWN, 3}, {PLUS, 12}, {CROSS, 12},
    };
    *n = OUTLINES[shape].n;
    return OUTLINES[shape].points;
}

void canvas_rectangle(canvas *c, double x, double y, double width, double height, paint p)
{
    c->ops->rectangle(c, x, y, width, height, p);
}

void canvas_polyline(canvas *c, const double *xy, int n, double width, int dash, paint p)
{
    if (n > 0)
        c->ops->polyline(c, xy, n, width, dash, p);
}

void canvas_line(canvas *c, double x0, double y0, double x1, double y1, double width, int dash,
                 paint p)
{
    c->ops->polyline(c, (const double[]){x0, y0, x1, y1}, 2, width, dash, p);
}

void canvas_marker(canvas *c, double x, double y, double radius, int shape, paint p)
{
    c->ops->marker(c, x, y, radius, shape, p);
}

void canvas_text(canvas *c, double x, double y, text_anchor anchor, font_name font, paint p,
                 const char *text)
{
    if (*text)
        c->ops->text(c, x, y, anchor, font, 0, p, text);
}

void canvas_text_upward(canvas *c, double x, double y, text_anchor anchor, paint p,
                        const char *text)
{
    if (*text)
        c->ops->text(c, x, y, anchor, FONT_REGULAR, 1, p, text);
}
