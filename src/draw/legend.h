/* Names of series: labels right of the plot beside their lines, or a legend under the title. */
#ifndef DRAW_LEGEND_H
#define DRAW_LEGEND_H
#include "draw/canvas.h"
#include "draw/frame.h"

/* A label that wants to stand at height y right of the plot. */
typedef struct side_label {
    double y;
    double from_x; /* where its line ends; a thin leader goes there when the label was moved */
    const char *text;
    int dash, marker; /* sample drawn before the text; marker -1: none */
    double width;     /* of the sample line; 0: no sample */
    paint paint;
} side_label;

/* Room the labels need right of the plot (0 when there are none). */
double side_labels_width(const side_label *labels, int n);
/* Shifts the labels apart and draws them. Reorders `labels`. */
void side_labels_draw(canvas *c, const frame *f, side_label *labels, int n);
/* Horizontal reference lines as side labels. Appends to labels[*n]; the y is set by the second. */
void side_labels_add_references(side_label *labels, int *n, const axis *y,
                                const reference_line *lines, int n_lines);
/* Draws the lines of those labels across the plot. */
void references_draw(canvas *c, const frame *f, const reference_line *lines, int n);

typedef enum { LEGEND_BAR, LEGEND_MARKER, LEGEND_TICK } legend_mark;
typedef struct legend_entry {
    const char *name;
    legend_mark mark;
    int color; /* 0-based series colour; -1: noise */
} legend_entry;

/* Height of the legend within this width, 0 for n == 0. */
double legend_height(const legend_entry *entries, int n, double width);
void legend_draw(canvas *c, double top, const legend_entry *entries, int n);

/* A bar whose fill differs by pattern as well as by colour. */
void patterned_bar(canvas *c, double x, double y, double width, double height, int color);

#endif
