/* The frame of a map: everything, or the middle when far points would shrink it. */
#include "draw/map_frame.h"
#include "base/memory.h"
#include "base/sort.h"
#include <math.h>

enum {
    PAD = 22, /* pixels round the points */
    EDGE = 6, /* pixels from the border to points that are beyond the frame */
    FEWEST_TO_CUT = 200
};
static const double CUT_SHARE = 0.02, MARGIN = 0.15, WORTH_CUTTING = 1.4;

typedef struct range {
    double low, high;
} range;

bool map_draws(const map_point *p)
{
    return isfinite(p->x) && isfinite(p->y);
}

/* Sorts the values. */
static range choose_range(double *value_N, int n)
{
    sort_doubles(value_N, (size_t)n);
    range all = {value_N[0], value_N[n - 1]};
    int cut = (int)(CUT_SHARE * n);
    double low = value_N[cut], high = value_N[n - 1 - cut], margin = MARGIN * (high - low);
    range middle = {fmax(low - margin, all.low), fmin(high + margin, all.high)};
    bool worth = all.high - all.low > WORTH_CUTTING * (middle.high - middle.low);
    return n >= FEWEST_TO_CUT && middle.high > middle.low && worth ? middle : all;
}

map_frame map_frame_fit(const cluster_map *map, double width, double height)
{
    map_frame f = {.left = EDGE, .top = EDGE, .right = width - EDGE, .bottom = height - EDGE};
    double *x_N = mem_small((size_t)map->n_points + 1, sizeof *x_N);
    double *y_N = mem_small((size_t)map->n_points + 1, sizeof *y_N);
    int n = 0;
    for (int i = 0; i < map->n_points; i++)
        if (map_draws(&map->points[i])) {
            x_N[n] = map->points[i].x;
            y_N[n++] = map->points[i].y;
        }
    range x = {0, 0}, y = {0, 0};
    if (n) {
        x = choose_range(x_N, n);
        y = choose_range(y_N, n);
    }
    mem_free(x_N);
    mem_free(y_N);
    double wide = x.high - x.low, tall = y.high - y.low;
    bool empty = !isfinite(wide) || !isfinite(tall);
    double room_x = width - 2 * PAD, room_y = height - 2 * PAD;
    if (!empty && (wide > 0 || tall > 0))
        f.scale = wide * room_y > tall * room_x ? room_x / wide : room_y / tall;
    f.offset_x = width / 2 - (empty ? 0 : (x.low + x.high) / 2 * f.scale);
    f.offset_y = height / 2 + (empty ? 0 : (y.low + y.high) / 2 * f.scale);
    return f;
}

static double inside(double at, double low, double high)
{
    return at < low ? low : at > high ? high : at;
}

double map_frame_x(const map_frame *f, const map_point *p)
{
    return inside(p->x * f->scale + f->offset_x, f->left, f->right);
}

double map_frame_y(const map_frame *f, const map_point *p)
{
    return inside(f->offset_y - p->y * f->scale, f->top, f->bottom);
}

int map_frame_far(const map_frame *f, const cluster_map *map)
{
    int far = 0;
    for (int i = 0; i < map->n_points; i++) {
        const map_point *p = &map->points[i];
        double x = p->x * f->scale + f->offset_x, y = f->offset_y - p->y * f->scale;
        far += map_draws(p) && (x < f->left || x > f->right || y < f->top || y > f->bottom);
    }
    return far;
}
