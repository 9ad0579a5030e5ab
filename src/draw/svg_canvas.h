/* The canvas that writes SVG elements. */
#ifndef DRAW_SVG_CANVAS_H
#define DRAW_SVG_CANVAS_H
#include "draw/canvas.h"

typedef struct svg_canvas {
    canvas canvas; /* first, so that a canvas pointer is an svg_canvas pointer */
    str *out;      /* borrowed */
} svg_canvas;

/* Elements are appended to `out` between svg_open and svg_close, which are the caller's. */
void svg_canvas_init(svg_canvas *c, str *out, double width, double height);

#endif
