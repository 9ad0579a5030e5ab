/* The values drawn in figures, as one table in long form: a row for each mark of any kind of chart,
 * so that the figures of a page share one CSV. Columns, empty where a mark has no such thing:
 *   figure, panel   the image, and the chart in it where it holds several
 *   series, label   the line, colour or row a mark belongs to; its own words
 *   x, x_to         its place; of a bin of a histogram from and to
 *   y, low, high    its value, with an interval where one is drawn
 *   n               how many a share is of
 *   note            what else stands beside it */
#ifndef DRAW_DRAWN_VALUES_H
#define DRAW_DRAWN_VALUES_H
#include "base/str.h"
#include <stdint.h>

/* Where rows of one chart go. The texts are borrowed. */
typedef struct drawn_values {
    str *out; /* RFC 4180, LF */
    const char *figure, *panel;
} drawn_values;

/* One mark. Texts may be NULL, numbers not finite, n 0: empty cells. */
typedef struct drawn_mark {
    const char *series, *label, *note;
    double x, x_to, y, low, high;
    int64_t n;
} drawn_mark;
/* A mark without anything, to be filled: `drawn_mark m = NO_MARK;`. */
#define NO_MARK                                                                                    \
    ((drawn_mark){                                                                                 \
        .x = 0.0 / 0.0, .x_to = 0.0 / 0.0, .y = 0.0 / 0.0, .low = 0.0 / 0.0, .high = 0.0 / 0.0})

/* Appends the header line; one row. */
void drawn_values_header(str *out);
void drawn_values_add(const drawn_values *to, const drawn_mark *mark);

/* Shorthand for a mark with series, label, x and y alone. */
void drawn_values_point(const drawn_values *to, const char *series, const char *label, double x,
                        double y);

#endif
