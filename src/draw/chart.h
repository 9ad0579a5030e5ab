/* The kinds of charts behind figure.h: each draws itself, writes its CSV and describes itself. */
#ifndef DRAW_CHART_H
#define DRAW_CHART_H
#include "draw/canvas.h"
#include "draw/drawn_values.h"
#include "draw/figure.h"
#include "draw/frame.h"
#include "draw/alt.h"

/* Any of them, by its kind. */
void figure_draw(canvas *c, const figure *f);

void line_chart_draw(canvas *c, const figure *f);
void line_chart_values(const drawn_values *to, const figure *f);
void line_chart_alt(str *out, const figure *f);

void bar_chart_draw(canvas *c, const figure *f);
void bar_chart_values(const drawn_values *to, const figure *f);
void bar_chart_alt(str *out, const figure *f);

int row_chart_height(const figure *f);
void row_chart_draw(canvas *c, const figure *f);
void row_chart_values(const drawn_values *to, const figure *f);
void row_chart_alt(str *out, const figure *f);

void histogram_draw(canvas *c, const figure *f);
void histogram_values(const drawn_values *to, const figure *f);
void histogram_alt(str *out, const figure *f);

void grouped_chart_draw(canvas *c, const figure *f);
void grouped_chart_values(const drawn_values *to, const figure *f);
void grouped_chart_alt(str *out, const figure *f);

int heatmap_height(const figure *f);
void heatmap_draw(canvas *c, const figure *f);
void heatmap_alt(str *out, const figure *f);

void scatter_chart_draw(canvas *c, const figure *f);
void scatter_chart_values(const drawn_values *to, const figure *f);
void scatter_chart_alt(str *out, const figure *f);

/* Labels under the slots of a category axis. */
typedef struct category_axis {
    const char *const *labels; /* NULL: numbers from 0 */
    int n;
    double slot; /* width of one */
    int every;   /* label each every-th with its number; 1 with labels: their texts */
    bool upward;
    double height; /* room below the axis */
} category_axis;
/* Decides how `n` labels fit into `width`. */
category_axis category_plan(const char *const *labels, int n, double width);
void category_draw(canvas *c, const frame *f, const category_axis *a);

#endif
