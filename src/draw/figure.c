/* The table of chart kinds and what they share. */
#include "draw/figure.h"
#include "draw/chart.h"
#include "draw/svg_canvas.h"
#include "draw/svg_text.h"
#include "draw/alt.h"

typedef struct chart_kind {
    void (*draw)(canvas *c, const figure *f);
    void (*values)(const drawn_values *to, const figure *f); /* NULL: a table of their own */
    void (*alt)(str *out, const figure *f);
    int (*height)(const figure *f); /* NULL: FIGURE_HEIGHT */
} chart_kind;

static const chart_kind KINDS[] = {
    [FIGURE_LINE] = {line_chart_draw, line_chart_values, line_chart_alt, NULL},
    [FIGURE_BARS] = {bar_chart_draw, bar_chart_values, bar_chart_alt, NULL},
    [FIGURE_ROWS] = {row_chart_draw, row_chart_values, row_chart_alt, row_chart_height},
    [FIGURE_HISTOGRAM] = {histogram_draw, histogram_values, histogram_alt, NULL},
    [FIGURE_GROUPED] = {grouped_chart_draw, grouped_chart_values, grouped_chart_alt, NULL},
    [FIGURE_HEATMAP] = {heatmap_draw, NULL, heatmap_alt, heatmap_height},
    [FIGURE_SCATTER] = {scatter_chart_draw, scatter_chart_values, scatter_chart_alt, NULL},
};

void figure_size(int *width, int *height, const figure *f)
{
    const chart_kind *kind = &KINDS[f->kind];
    *width = f->width ? f->width : FIGURE_WIDTH;
    *height = f->height ? f->height : kind->height ? kind->height(f) : FIGURE_HEIGHT;
}

void figure_draw(canvas *c, const figure *f)
{
    KINDS[f->kind].draw(c, f);
}

void figure_values(const drawn_values *to, const figure *f)
{
    if (KINDS[f->kind].values)
        KINDS[f->kind].values(to, f);
}

void figure_axes(str *x, str *y, const figure *f)
{
    static const axis nothing;
    const axis *of_x = &nothing, *of_y = &nothing;
    switch (f->kind) {
    case FIGURE_LINE:
        of_x = &f->line.x, of_y = &f->line.y;
        break;
    case FIGURE_BARS:
        of_x = &f->bars.x, of_y = &f->bars.y;
        break;
    case FIGURE_ROWS:
        of_y = &f->rows.value;
        break;
    case FIGURE_HISTOGRAM:
        of_x = &f->histogram.x, of_y = &f->histogram.y;
        break;
    case FIGURE_GROUPED:
        of_x = &f->grouped.x, of_y = &f->grouped.y;
        break;
    case FIGURE_HEATMAP:
        str_add(x, f->heatmap.column_title ? f->heatmap.column_title : "");
        str_add(y, f->heatmap.value_title ? f->heatmap.value_title : "");
        return;
    case FIGURE_SCATTER:
        of_x = &f->scatter.x, of_y = &f->scatter.y;
        break;
    }
    axis_text(x, of_x, 0);
    axis_text(y, of_y, 0);
}

void figure_alt(str *out, const figure *f)
{
    str text = {0};
    KINDS[f->kind].alt(&text, f);
    alt_add_limited(out, str_text(&text));
    str_release(&text);
}

void figure_svg(str *out, const figure *f)
{
    int width, height;
    figure_size(&width, &height, f);
    str alt = {0};
    figure_alt(&alt, f);
    svg_open(out, "img", width, height, str_text(&alt), NULL);
    svg_canvas c;
    svg_canvas_init(&c, out, width, height);
    figure_draw(&c.canvas, f);
    svg_close(out);
    str_release(&alt);
}
