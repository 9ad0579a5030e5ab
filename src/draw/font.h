/* The baked font: glyph alpha maps for PNG text and widths for laying out PNG and SVG alike.
 *
 * Holds ASCII and: degree, plus-minus, superscript digits and minus, middle dot, multiplication
 * sign, dashes, ellipsis, left and right arrow, return arrow, minus, <=, >=, visible space.
 * Anything else is drawn as a box. */
#ifndef DRAW_FONT_H
#define DRAW_FONT_H
#include "base/str.h"
#include <stdint.h>

typedef enum {
    FONT_REGULAR, /* 12 CSS pixels: labels, ticks, legends */
    FONT_BOLD,    /* 14 CSS pixels: the title */
    FONTS
} font_name;

typedef struct glyph {
    uint32_t code;
    int advance;   /* device pixels to the next pen position */
    int left, top; /* of the bitmap, from the pen on the baseline, y down */
    int width, height;
    int offset; /* of its first digit in the face's alpha text */
} glyph;

typedef struct font_face {
    int size; /* device pixels per em, twice the CSS size */
    int n;
    const glyph *glyphs; /* ascending codes; the last is the box for missing ones */
    const char *alpha;
} font_face;

extern const font_face FONT_FACES[FONTS];

/* The glyph at *text, which is moved past it; NULL at the end. Bytes that are not UTF-8 and
 * characters the font lacks give the box. */
const glyph *font_next(font_name font, const char **text);
/* Coverage 0..15 of one pixel of a glyph. */
int glyph_coverage(font_name font, const glyph *g, int x, int y);
/* Width in CSS pixels. */
double font_width(font_name font, const char *text);
/* CSS pixels per em. */
double font_size(font_name font);
/* Appends `text`, cut with an ellipsis so that it is at most `width` CSS pixels wide. */
void font_fit(str *out, font_name font, const char *text, double width);

#endif
