/* One figure, many files: the table of chart kinds and what they share. */
#include "draw/figure.h"
#include "base/arena.h"
#include "draw/chart.h"
#include "draw/png_file.h"
#include "draw/svg_canvas.h"
#include "draw/svg_text.h"
#include "draw/text_file.h"

typedef struct chart_kind {
    void (*draw)(canvas *c, const figure *f);
    void (*csv)(str *out, const figure *f);
    void (*alt)(str *out, const figure *f);
    int (*height)(const figure *f); /* NULL: FIGURE_HEIGHT */
} chart_kind;

static const chart_kind KINDS[] = {
    [FIGURE_LINE] = {line_chart_draw, line_chart_csv, line_chart_alt, NULL},
    [FIGURE_BARS] = {bar_chart_draw, bar_chart_csv, bar_chart_alt, NULL},
    [FIGURE_ROWS] = {row_chart_draw, row_chart_csv, row_chart_alt, row_chart_height},
    [FIGURE_HISTOGRAM] = {histogram_draw, histogram_csv, histogram_alt, NULL},
    [FIGURE_GROUPED] = {grouped_chart_draw, grouped_chart_csv, grouped_chart_alt, NULL},
    [FIGURE_HEATMAP] = {heatmap_draw, heatmap_csv, heatmap_alt, heatmap_height},
    [FIGURE_SCATTER] = {scatter_chart_draw, scatter_chart_csv, scatter_chart_alt, NULL},
};

void figure_size(int *width, int *height, const figure *f)
{
    const chart_kind *kind = &KINDS[f->kind];
    *width = f->width ? f->width : FIGURE_WIDTH;
    *height = f->height ? f->height : kind->height ? kind->height(f) : FIGURE_HEIGHT;
}

void figure_csv(str *out, const figure *f)
{
    KINDS[f->kind].csv(out, f);
}

void figure_alt(str *out, const figure *f)
{
    str text = {0};
    KINDS[f->kind].alt(&text, f);
    alt_add_limited(out, str_text(&text));
    str_release(&text);
}

err_code figure_write_png(const figure *f, theme_name theme, const char *path, err *e)
{
    int width, height;
    figure_size(&width, &height, f);
    raster r;
    err_code rc = raster_init(&r, theme, width, height, e);
    if (rc)
        return rc;
    KINDS[f->kind].draw(&r.canvas, f);
    rc = png_file_write(&r, path, e);
    raster_release(&r);
    return rc ? err_context(e, "figure %s", path) : OK;
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
    KINDS[f->kind].draw(&c.canvas, f);
    svg_close(out);
    str_release(&alt);
}

err_code figure_write(const figure *f, const char *dir, const char *stem, err *e)
{
    static const char *const ENDINGS[THEMES] = {".png", "-dark.png"};
    arena a = {0};
    str text = {0};
    err_code rc = OK;
    for (int theme = 0; theme < THEMES && !rc; theme++)
        rc = figure_write_png(f, (theme_name)theme,
                              arena_printf(&a, "%s/%s%s", dir, stem, ENDINGS[theme]), e);
    if (rc)
        goto out;
    figure_csv(&text, f);
    rc = drawing_write_text(&text, dir, stem, ".csv", e);
    if (rc)
        goto out;
    str_clear(&text);
    figure_alt(&text, f);
    str_add_char(&text, '\n');
    rc = drawing_write_text(&text, dir, stem, ".txt", e);
out:
    str_release(&text);
    arena_release(&a);
    return rc;
}
