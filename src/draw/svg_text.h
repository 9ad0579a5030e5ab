/* Text and numbers inside SVG. */
#ifndef DRAW_SVG_TEXT_H
#define DRAW_SVG_TEXT_H
#include "base/str.h"
#include "draw/theme.h"

/* Appends `text` with everything spelled out that XML forbids or a reader could not see: control
 * characters and invalid bytes as \x07, newline as a symbol, bidirectional controls and
 * noncharacters as \u202e. The result is valid UTF-8 and what a reader sees, so measure this. */
void text_visible(str *out, const char *text);

/* As text_visible, and escaped for element content or a double-quoted attribute. */
void svg_escape(str *out, const char *text);

/* Appends a coordinate with one decimal, never "-0.0"; a non-finite one, which no caller should
 * pass, is written as 0.0 rather than breaking the file. */
void svg_number(str *out, double value);
/* ` name="value"`, one decimal. */
void svg_attribute(str *out, const char *name, double value);

/* ` class="draw-s0" fill="#0072b2"` and ` class="draw-line-s0" fill="none" stroke="#0072b2"`. */
void svg_fill(str *out, int ink);
void svg_stroke(str *out, int ink);

/* <svg ...> of a drawing with its role ("img", or "group" when it holds links) and accessible name;
 * `style` is a standalone file's style sheet, or NULL. */
void svg_open(str *out, const char *role, double width, double height, const char *label,
              const char *style);
void svg_close(str *out);

#endif
