/* The alternative text of a drawing. */
#ifndef DRAW_ALT_H
#define DRAW_ALT_H
#include "base/str.h"
#include "draw/figure.h"

/* Appends "KIND of TITLE: " or "KIND: ". */
void alt_start(str *out, const char *kind, const figure *f);
/* Appends "; 3 values cannot be drawn" when there are any. */
void alt_dropped(str *out, int dropped);
/* Appends `text` on one line, cut at a character with an ellipsis to FIGURE_ALT_MAX bytes. */
void alt_add_limited(str *out, const char *text);

#endif
