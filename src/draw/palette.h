/* Reduces an image to at most 256 colours. */
#ifndef DRAW_PALETTE_H
#define DRAW_PALETTE_H
#include "draw/theme.h"
#include <stddef.h>

typedef struct palette {
    int n; /* 1..256 */
    rgb color[256];
} palette;

/* The image's own colours when there are at most 256, else the most frequent 256 (ties: smaller
 * value first), ordered by frequency; the others take the nearest of these.
 *   index  out: n palette indices, caller's memory; n >= 1 */
void palette_make(palette *out, unsigned char *index, const rgb *pixels, size_t n);

#endif
