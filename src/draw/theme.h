/* Colours of all drawings, light and dark, and the order in which series use them.
 *
 * Series colours are the subset of Okabe and Ito's colour-blind-safe palette (2008) that has at
 * least 3:1 against the background of its theme; a series is never told apart by colour alone. */
#ifndef DRAW_THEME_H
#define DRAW_THEME_H
#include "base/str.h"
#include <stdint.h>

typedef enum { THEME_LIGHT, THEME_DARK, THEMES } theme_name;

enum { SERIES_COLORS = 7 };

/* 0xRRGGBB */
typedef uint32_t rgb;

/* What a mark stands for; a theme turns it into a colour, an SVG into a class as well. */
typedef enum {
    INK_BACKGROUND,
    INK_TEXT,
    INK_MUTED, /* axis lines, ticks, secondary text */
    INK_GRID,
    INK_NOISE, /* unclustered points, unnamed series */
    INK_SERIES /* INK_SERIES + k: colour of series k, 0 <= k < SERIES_COLORS */
} ink_name;
enum { INKS = INK_SERIES + SERIES_COLORS };

rgb theme_color(theme_name theme, int ink);
/* The class of an ink in SVG, "draw-s0"; also the name of its CSS variable, "--draw-s0". */
const char *ink_class(int ink);

/* Relative luminance contrast of two colours, 1..21 (WCAG 2.2). */
double color_contrast(rgb a, rgb b);

/* Appends the style sheet of all SVG drawings: one CSS variable per ink for light and dark, and the
 * class rules. A page that inlines SVG fragments puts it into its own style sheet; standalone SVG
 * files carry it in their <style>. Classes, used only inside <svg class="draw">:
 *   draw-INK         (bg text muted grid noise s0..s6) fill in that ink
 *   draw-line-INK    stroke in that ink, no fill
 *   draw-halo        text with a stroke of the background colour behind it
 *   draw-rim         outline in the background colour
 *   draw-q0..draw-q9 steps of the sequential scale, as fill (token strips)
 *   draw-on0..on9    text colour that can be read on draw-q0..q9 */
void draw_css(str *out);

#endif
