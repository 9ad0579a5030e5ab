/* One set of drawing operations with two back ends: a raster for PNG, text for SVG.
 *
 * Coordinates are CSS pixels, x right and y down from the top left corner. Everything must be
 * finite. Later marks cover earlier ones. */
#ifndef DRAW_CANVAS_H
#define DRAW_CANVAS_H
#include "base/err.h"
#include "draw/font.h"
#include "draw/theme.h"

/* What a mark is painted with. */
typedef struct paint {
    int ink;         /* an ink of the theme, or INK_DIRECT */
    rgb light, dark; /* INK_DIRECT: the colour in each theme */
    double opacity;  /* 0..1; 0 is taken as 1 */
} paint;
enum { INK_DIRECT = -1 };
#define PAINT(name) ((paint){.ink = (name)})
#define FAINT_PAINT(name, strength) ((paint){.ink = (name), .opacity = (strength)})

typedef enum { ANCHOR_START, ANCHOR_MIDDLE, ANCHOR_END } text_anchor;

/* Dash patterns and marker shapes, one per series colour, so that colour never stands alone. */
enum { DASHES = SERIES_COLORS, DASH_SOLID = 0, DASH_REFERENCE = DASHES, MARKERS = SERIES_COLORS };

typedef struct canvas canvas;
typedef struct canvas_ops {
    void (*rectangle)(canvas *c, double x, double y, double width, double height, paint p);
    void (*polyline)(canvas *c, const double *xy, int n, double width, int dash, paint p);
    void (*marker)(canvas *c, double x, double y, double radius, int shape, paint p);
    void (*text)(canvas *c, double x, double y, text_anchor anchor, font_name font, int upward,
                 paint p, const char *text);
} canvas_ops;

struct canvas {
    const canvas_ops *ops;
    double width, height;
};

/* n points as x0 y0 x1 y1 ...; dash: an index into the patterns. */
void canvas_rectangle(canvas *c, double x, double y, double width, double height, paint p);
void canvas_polyline(canvas *c, const double *xy, int n, double width, int dash, paint p);
void canvas_line(canvas *c, double x0, double y0, double x1, double y1, double width, int dash,
                 paint p);
void canvas_marker(canvas *c, double x, double y, double radius, int shape, paint p);
/* Text on the baseline y. */
void canvas_text(canvas *c, double x, double y, text_anchor anchor, font_name font, paint p,
                 const char *text);
/* Text that reads upward; (x, y) is its baseline point as if turned by a quarter. */
void canvas_text_upward(canvas *c, double x, double y, text_anchor anchor, paint p,
                        const char *text);

/* The pattern of a dash as on, off, on, off lengths in CSS pixels ended by 0; empty for solid. */
const double *dash_pattern(int dash);
/* Thick lines have longer dashes: the pattern's lengths are to be multiplied by this. */
double dash_scale(double width);

/* Outline of a marker shape as x0 y0 x1 y1 ... for radius 1; *n points. NULL: a circle. */
const double *marker_outline(int shape, int *n);

#endif
