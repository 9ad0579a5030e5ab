/* Operations handed on with other coordinates. */
#include "draw/canvas_part.h"
#include "base/memory.h"

static void draw_rectangle(canvas *c, double x, double y, double width, double height, paint p)
{
    const canvas_part *part = (const canvas_part *)c;
    canvas_rectangle(part->whole, part->left + x, part->top + y, width, height, p);
}

static void draw_polyline(canvas *c, const double *xy, int n, double width, int dash, paint p)
{
    const canvas_part *part = (const canvas_part *)c;
    double *moved = mem_small(2 * (size_t)n, sizeof *moved);
    for (int i = 0; i < n; i++) {
        moved[2 * i] = part->left + xy[2 * i];
        moved[2 * i + 1] = part->top + xy[2 * i + 1];
    }
    canvas_polyline(part->whole, moved, n, width, dash, p);
    mem_free(moved);
}

static void draw_marker(canvas *c, double x, double y, double radius, int shape, paint p)
{
    const canvas_part *part = (const canvas_part *)c;
    canvas_marker(part->whole, part->left + x, part->top + y, radius, shape, p);
}

static void draw_text(canvas *c, double x, double y, text_anchor anchor, font_name font, int upward,
                      paint p, const char *text)
{
    const canvas_part *part = (const canvas_part *)c;
    part->whole->ops->text(part->whole, part->left + x, part->top + y, anchor, font, upward, p,
                           text);
}

void canvas_part_init(canvas_part *p, canvas *whole, double left, double top, double width,
                      double height)
{
    static const canvas_ops ops = {draw_rectangle, draw_polyline, draw_marker, draw_text};
    *p = (canvas_part){{&ops, width, height}, whole, left, top};
}
