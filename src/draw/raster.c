/* Anti-aliased marks on a pixel grid. */
#include "draw/raster.h"
#include "base/memory.h"
#include <math.h>
#include <stdbool.h>

/* Blending weights are 0..255; coverage is cut to sixteen levels, which the eye cannot tell from
 * more at this resolution and which keeps the PNG's palette small. */
enum { LEVELS = 15 };

typedef struct box {
    int left, top, right, bottom; /* right and bottom excluded */
} box;

static int clamp_int(double v, int high)
{
    return v < 0 ? 0 : v > high ? high : (int)v;
}

/* The pixels that a mark between these device coordinates may touch. */
static box box_around(const raster *r, double left, double top, double right, double bottom)
{
    return (box){clamp_int(floor(left), r->width), clamp_int(floor(top), r->height),
                 clamp_int(ceil(right), r->width), clamp_int(ceil(bottom), r->height)};
}

static rgb resolve(const raster *r, paint p)
{
    if (p.ink == INK_DIRECT)
        return r->theme == THEME_DARK ? p.dark : p.light;
    return theme_color(r->theme, p.ink);
}

/* Weight 0..255 of a coverage level under the paint's opacity. */
static uint32_t weight_of(double level, paint p)
{
    double opacity = p.opacity > 0 ? p.opacity : 1;
    return (uint32_t)(level / LEVELS * opacity * 255 + 0.5);
}

static void blend(uint32_t *pixel, rgb color, uint32_t weight)
{
    if (weight == 255) {
        *pixel = color;
        return;
    }
    uint32_t out = 0;
    for (int shift = 16; shift >= 0; shift -= 8) {
        uint32_t under = *pixel >> shift & 255, over = color >> shift & 255;
        out |= (under * (255 - weight) + over * weight + 127) / 255 << shift;
    }
    *pixel = out;
}

/* Share of pixel i that lies between low and high. */
static double overlap(int i, double low, double high)
{
    double from = low > i ? low : i, to = high < i + 1 ? high : i + 1;
    return to > from ? to - from : 0;
}

/* Of a pixel that a mark covers by this share. */
static uint32_t weight_of_share(double share, paint p)
{
    return weight_of(floor(share * LEVELS + 0.5), p);
}

static void draw_rectangle(canvas *c, double x, double y, double width, double height, paint p)
{
    raster *r = (raster *)c;
    double left = x * RASTER_SCALE, top = y * RASTER_SCALE;
    double right = (x + width) * RASTER_SCALE, bottom = (y + height) * RASTER_SCALE;
    box b = box_around(r, left, top, right, bottom);
    rgb color = resolve(r, p);
    for (int j = b.top; j < b.bottom; j++) {
        double down = overlap(j, top, bottom);
        uint32_t inner = weight_of_share(down, p); /* of all but the first and the last pixel */
        for (int i = b.left; i < b.right; i++) {
            bool at_edge = i == b.left || i == b.right - 1;
            blend(&ROW(r->pixels, j, r->width)[i], color,
                  at_edge ? weight_of_share(overlap(i, left, right) * down, p) : inner);
        }
    }
}

/* Raises the coverage near one segment: a line of `half` half-width with round ends, whose edge
 * fades over one pixel. */
static void cover_segment(raster *r, box *dirty, double x0, double y0, double x1, double y1,
                          double half)
{
    double reach = half + 1;
    box b = box_around(r, fmin(x0, x1) - reach, fmin(y0, y1) - reach, fmax(x0, x1) + reach,
                       fmax(y0, y1) + reach);
    double dx = x1 - x0, dy = y1 - y0, length2 = dx * dx + dy * dy;
    for (int j = b.top; j < b.bottom; j++)
        for (int i = b.left; i < b.right; i++) {
            double px = i + 0.5 - x0, py = j + 0.5 - y0;
            double t = length2 > 0 ? (px * dx + py * dy) / length2 : 0;
            t = t < 0 ? 0 : t > 1 ? 1 : t;
            double ex = px - t * dx, ey = py - t * dy;
            double cover = half + 0.5 - sqrt(ex * ex + ey * ey);
            int level = cover <= 0 ? 0 : cover >= 1 ? LEVELS : (int)(cover * LEVELS + 0.5);
            unsigned char *cell = &ROW(r->coverage, j, r->width)[i];
            if (level > *cell)
                *cell = (unsigned char)level;
        }
    dirty->left = b.left < dirty->left ? b.left : dirty->left;
    dirty->top = b.top < dirty->top ? b.top : dirty->top;
    dirty->right = b.right > dirty->right ? b.right : dirty->right;
    dirty->bottom = b.bottom > dirty->bottom ? b.bottom : dirty->bottom;
}

/* Where in the dash pattern the pen is; carried from one segment to the next. */
typedef struct dash_state {
    const double *pattern;
    double scale; /* device pixels per unit of the pattern */
    int at;
    double left; /* device pixels until the next switch */
    bool fresh;  /* nothing of this dash has been drawn yet */
} dash_state;

static void cover_dashed(raster *r, box *dirty, const double from[2], const double to[2],
                         double half, dash_state *d)
{
    double dx = to[0] - from[0], dy = to[1] - from[1], length = sqrt(dx * dx + dy * dy);
    double done = 0;
    while (done < length) {
        double piece = fmin(d->left, length - done);
        /* Segments have round ends; a dash gives them room where it starts and where it stops. */
        double cut = fmin(half, piece / 2);
        double start = (done + (d->fresh ? cut : 0)) / length;
        double end = (done + piece - (piece == d->left ? cut : 0)) / length;
        if (d->at % 2 == 0)
            cover_segment(r, dirty, from[0] + dx * start, from[1] + dy * start, from[0] + dx * end,
                          from[1] + dy * end, half);
        done += piece;
        d->left -= piece;
        d->fresh = false;
        if (d->left <= 0) {
            d->at++;
            if (d->pattern[d->at] <= 0)
                d->at = 0;
            d->left = d->pattern[d->at] * d->scale;
            d->fresh = true;
        }
    }
}

static void blend_coverage(raster *r, box dirty, paint p)
{
    rgb color = resolve(r, p);
    for (int j = dirty.top; j < dirty.bottom; j++)
        for (int i = dirty.left; i < dirty.right; i++) {
            unsigned char *cell = &ROW(r->coverage, j, r->width)[i];
            if (*cell)
                blend(&ROW(r->pixels, j, r->width)[i], color, weight_of(*cell, p));
            *cell = 0;
        }
}

/* A polyline is covered as a whole and blended once, so that a faint line has no dark joints. */
static void draw_polyline(canvas *c, const double *xy, int n, double width, int dash, paint p)
{
    raster *r = (raster *)c;
    box dirty = {r->width, r->height, 0, 0};
    double half = width * RASTER_SCALE / 2;
    const double *pattern = dash_pattern(dash);
    double scale = RASTER_SCALE * dash_scale(width);
    dash_state state = {pattern, scale, 0, pattern[0] * scale, true};
    for (int i = 0; i + 1 < n || i == 0; i++) {
        int next = i + 1 < n ? i + 1 : i;
        double from[2] = {xy[2 * i] * RASTER_SCALE, xy[2 * i + 1] * RASTER_SCALE};
        double to[2] = {xy[2 * next] * RASTER_SCALE, xy[2 * next + 1] * RASTER_SCALE};
        if (pattern[0] > 0)
            cover_dashed(r, &dirty, from, to, half, &state);
        else
            cover_segment(r, &dirty, from[0], from[1], to[0], to[1], half);
    }
    blend_coverage(r, dirty, p);
}

static bool inside_outline(const double *points, int n, double x, double y)
{
    bool inside = false;
    for (int i = 0, j = n - 1; i < n; j = i++) {
        const double *a = points + 2 * i, *b = points + 2 * j;
        if ((a[1] > y) != (b[1] > y) && x < (b[0] - a[0]) * (y - a[1]) / (b[1] - a[1]) + a[0])
            inside = !inside;
    }
    return inside;
}

/* Coverage of one pixel by an outline: 4 x 4 samples. */
static int outline_level(const double *points, int n, double radius, double x, double y)
{
    int hits = 0;
    for (int s = 0; s < 16; s++) {
        double sx = x + (s % 4 + 0.5) / 4, sy = y + (s / 4 + 0.5) / 4;
        hits += inside_outline(points, n, sx / radius, sy / radius);
    }
    return (hits * LEVELS + 8) / 16;
}

static void draw_marker(canvas *c, double x, double y, double radius, int shape, paint p)
{
    raster *r = (raster *)c;
    int n;
    const double *outline = marker_outline(shape, &n);
    double cx = x * RASTER_SCALE, cy = y * RASTER_SCALE, size = radius * RASTER_SCALE;
    double reach = 1.3 * size + 1;
    box b = box_around(r, cx - reach, cy - reach, cx + reach, cy + reach);
    rgb color = resolve(r, p);
    for (int j = b.top; j < b.bottom; j++)
        for (int i = b.left; i < b.right; i++) {
            int level;
            if (outline) {
                level = outline_level(outline, n, size, i - cx, j - cy);
            } else {
                double dx = i + 0.5 - cx, dy = j + 0.5 - cy;
                double cover = size + 0.5 - sqrt(dx * dx + dy * dy);
                level = cover <= 0 ? 0 : cover >= 1 ? LEVELS : (int)(cover * LEVELS + 0.5);
            }
            blend(&ROW(r->pixels, j, r->width)[i], color, weight_of(level, p));
        }
}

static void draw_glyph(raster *r, font_name font, const glyph *g, int x, int y, int upward,
                       rgb color, paint p)
{
    for (int row = 0; row < g->height; row++)
        for (int column = 0; column < g->width; column++) {
            int along = g->left + column, down = g->top + row;
            int px = upward ? x + down : x + along, py = upward ? y - along - 1 : y + down;
            if (px >= 0 && py >= 0 && px < r->width && py < r->height)
                blend(&ROW(r->pixels, py, r->width)[px], color,
                      weight_of(glyph_coverage(font, g, column, row), p));
        }
}

static void draw_text(canvas *c, double x, double y, text_anchor anchor, font_name font, int upward,
                      paint p, const char *text)
{
    raster *r = (raster *)c;
    double width = font_width(font, text);
    double back = anchor == ANCHOR_START ? 0 : anchor == ANCHOR_MIDDLE ? width / 2 : width;
    double start_x = upward ? x : x - back, start_y = upward ? y + back : y;
    int pen_x = (int)floor(start_x * RASTER_SCALE + 0.5);
    int pen_y = (int)floor(start_y * RASTER_SCALE + 0.5);
    rgb color = resolve(r, p);
    for (const glyph *g; (g = font_next(font, &text));) {
        draw_glyph(r, font, g, pen_x, pen_y, upward, color, p);
        if (upward)
            pen_y -= g->advance;
        else
            pen_x += g->advance;
    }
}

static const canvas_ops RASTER_OPS = {draw_rectangle, draw_polyline, draw_marker, draw_text};

err_code raster_init(raster *out, theme_name theme, int css_width, int css_height, err *e)
{
    *out = (raster){.canvas = {&RASTER_OPS, css_width, css_height},
                    .theme = theme,
                    .width = css_width * RASTER_SCALE,
                    .height = css_height * RASTER_SCALE};
    size_t n = (size_t)out->width * (size_t)out->height;
    out->pixels = mem_array(n, sizeof *out->pixels, "the pixels of a figure", e);
    if (!out->pixels)
        return e->code;
    out->coverage = mem_array(n, 1, "the pixels of a figure", e);
    if (!out->coverage) {
        raster_release(out);
        return e->code;
    }
    const rgb ground = theme_color(theme, INK_BACKGROUND);
    for (size_t i = 0; i < n; i++)
        out->pixels[i] = ground;
    return OK;
}

void raster_release(raster *r)
{
    mem_free(r->pixels);
    mem_free(r->coverage);
    *r = (raster){0};
}
