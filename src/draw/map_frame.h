/* Which part of the plane a map shows. */
#ifndef DRAW_MAP_FRAME_H
#define DRAW_MAP_FRAME_H
#include "draw/cluster_map.h"

/* x and y at the screen: x * scale + offset_x, offset_y - y * scale; one scale for both. */
typedef struct map_frame {
    double scale, offset_x, offset_y;
    double left, top, right, bottom; /* points beyond are drawn on these lines */
} map_frame;

/* Fits the drawable points into width x height. When a few far points would leave most of a large
 * map empty, the frame holds the others (all but 2 % at each end of each axis, and a margin). */
map_frame map_frame_fit(const cluster_map *map, double width, double height);
bool map_draws(const map_point *p);
double map_frame_x(const map_frame *f, const map_point *p);
double map_frame_y(const map_frame *f, const map_point *p);
/* Drawable points that the frame moves to its edge. */
int map_frame_far(const map_frame *f, const cluster_map *map);

#endif
