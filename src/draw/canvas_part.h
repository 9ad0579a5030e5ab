/* A part of a canvas, used as a canvas of its own: one panel of an image. */
#ifndef DRAW_CANVAS_PART_H
#define DRAW_CANVAS_PART_H
#include "draw/canvas.h"

typedef struct canvas_part {
    canvas canvas; /* first, so that a canvas pointer is a canvas_part pointer */
    canvas *whole; /* borrowed */
    double left, top;
} canvas_part;

/* Marks on the part appear on `whole`, moved; they are not clipped. */
void canvas_part_init(canvas_part *p, canvas *whole, double left, double top, double width,
                      double height);

#endif
