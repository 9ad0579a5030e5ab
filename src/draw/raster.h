/* The canvas of pixels behind every PNG: two device pixels per CSS pixel, anti-aliased by distance
 * coverage, blended in drawing order with integer arithmetic. */
#ifndef DRAW_RASTER_H
#define DRAW_RASTER_H
#include "draw/canvas.h"

enum { RASTER_SCALE = 2 };

typedef struct raster {
    canvas canvas; /* first, so that a canvas pointer is a raster pointer */
    theme_name theme;
    int width, height;       /* device pixels */
    uint32_t *pixels;        /* height * width, 0xRRGGBB */
    unsigned char *coverage; /* of the polyline being drawn */
} raster;

/* An opaque canvas in the theme's background. E_MEMORY when it does not fit. Owner: caller. */
err_code raster_init(raster *out, theme_name theme, int css_width, int css_height, err *e);
void raster_release(raster *r);

#endif
