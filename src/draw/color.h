/* Colours that stand for values. */
#ifndef DRAW_COLOR_H
#define DRAW_COLOR_H
#include "draw/theme.h"

/* a at t = 0, b at t = 1, in between per channel. */
rgb color_mix(rgb a, rgb b, double t);

/* Sequential scale for t in 0..1 (clamped): cividis (Nunez, Anderton and Renslow 2018), made for
 * colour-blind readers, dark blue to yellow. */
rgb color_sequential(double t);

/* Diverging scale for t in -1..1 (clamped): blue, the theme's background at 0, orange. */
rgb color_diverging(theme_name theme, double t);

/* Ten steps of one hue on the theme's background, for coloured text boxes. */
enum { STRENGTHS = 10 };
rgb strength_color(theme_name theme, int step);
/* Black or white, whichever reads on that step (at least 4.5:1). */
rgb strength_text_color(theme_name theme, int step);
/* The step of value / maximum: 0..STRENGTHS-1, or -1 when nothing is to be coloured. */
int strength_step(double value, double maximum);

#endif
