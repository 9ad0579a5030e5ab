/* Images of one or several charts. */
#include "base/arena.h"
#include "draw/canvas_part.h"
#include "draw/chart.h"
#include "draw/png_file.h"
#include "draw/raster.h"

/* Where the next panel goes. */
typedef struct layout {
    int left, top, row_height; /* of the row at hand */
    int width, height;         /* of all so far */
} layout;

/* Sets *left and *top of a panel of this size. */
static void place(layout *l, int *left, int *top, int width, int height)
{
    if (l->left && l->left + width > FIGURE_WIDE) {
        l->top += l->row_height;
        l->left = l->row_height = 0;
    }
    *left = l->left;
    *top = l->top;
    l->left += width;
    l->row_height = height > l->row_height ? height : l->row_height;
    l->width = l->left > l->width ? l->left : l->width;
    l->height = l->top + l->row_height;
}

void figures_size(int *width, int *height, const figure *panels, int n)
{
    layout l = {0};
    for (int i = 0, w, h, left, top; i < n; i++) {
        figure_size(&w, &h, &panels[i]);
        place(&l, &left, &top, w, h);
    }
    *width = l.width;
    *height = l.height;
}

static void draw_panels(canvas *c, const figure *panels, int n)
{
    layout l = {0};
    for (int i = 0, w, h, left, top; i < n; i++) {
        canvas_part part;
        figure_size(&w, &h, &panels[i]);
        place(&l, &left, &top, w, h);
        canvas_part_init(&part, c, left, top, w, h);
        figure_draw(&part.canvas, &panels[i]);
    }
}

err_code figures_write_png(const figure *panels, int n, theme_name theme, const char *path, err *e)
{
    int width, height;
    figures_size(&width, &height, panels, n);
    raster r;
    err_code rc = raster_init(&r, theme, width, height, e);
    if (rc)
        return rc;
    draw_panels(&r.canvas, panels, n);
    rc = png_file_write(&r, path, e);
    raster_release(&r);
    return rc ? err_context(e, "figure %s", path) : OK;
}

err_code figures_write(const figure *panels, int n, const char *dir, const char *stem, err *e)
{
    static const char *const ENDINGS[THEMES] = {".png", "-dark.png"};
    arena a = {0};
    err_code rc = OK;
    for (int theme = 0; theme < THEMES && !rc; theme++)
        rc = figures_write_png(panels, n, (theme_name)theme,
                               arena_printf(&a, "%s/%s%s", dir, stem, ENDINGS[theme]), e);
    arena_release(&a);
    return rc;
}
