/* Small drawings that stand in the running text of a page: sparkline, value rows, token strip.
 *
 * Each appends one <svg class="draw" role="img" aria-label=...> without prolog, style attribute or
 * script; its colours follow the page's theme through draw_css. Texts are UTF-8 and escaped here;
 * control characters and invalid bytes are made visible. NaN never reaches the output. */
#ifndef DRAW_INLINE_SVG_H
#define DRAW_INLINE_SVG_H
#include "base/str.h"
#include "draw/drawn_values.h"
#include <stdbool.h>

/* A 120 x 24 line of n values with a dot at its last point; `label` is its text alternative. */
void sparkline_svg(str *out, const double *values, int n, const char *label);

/* Likewise n bars of equal width from 0, the highest as tall as the drawing, on a line; values that
 * are not finite or not above 0 have none. */
void spark_bars_svg(str *out, const double *values, int n, const char *label);

typedef struct value_row {
    const char *label;
    double value; /* bars share one scale from 0; NaN shows "no value" */
    int color;    /* 1..SERIES_COLORS; 0: 1 */
} value_row;

/* Horizontal bars with label and number, 420 wide, 22 per row: the chain soft optimum, snapped,
 * retokenised, data-set maximum of one feature. `reference` draws a vertical line (NaN: none). */
void value_rows_svg(str *out, const value_row *rows, int n, double reference, const char *label);

typedef struct token_value {
    const char *text; /* what to show, UTF-8, white space already made visible */
    double value;     /* NaN: shown without colour */
    bool mark;        /* outlined: the position the feature is read at */
} token_value;

/* Tokens as boxes coloured by value / maximum, wrapped to `width` (0: 680), a title with the value
 * on each. `maximum` <= 0 or NaN: the largest value. */
void token_strip_svg(str *out, const token_value *tokens, int n, double maximum, int width,
                     const char *label);

/* One strip of an image of several. */
typedef struct token_strip {
    const char *name;  /* of the panel in the table of values: "warm" */
    const char *title; /* stands above it */
    const char *label; /* what the colour means, for the alternative text */
    const token_value *tokens;
    int n;
    double maximum; /* as of token_strip_svg */
} token_strip;

/* Appends a whole file with its own <style> that follows prefers-color-scheme: the strips below
 * each other. */
void token_strips_file(str *out, const token_strip *strips, int n);
/* A row for each token: its position as x. */
void token_strip_values(const drawn_values *to, const token_strip *strip);
/* Appends one line: the label, how many tokens, the highest. */
void token_strip_alt(str *out, const token_strip *strip);

#endif
