/* A map of the clusters as SVG: every point with its own title and link, cluster numbers on the
 * map. On a page its legend is a list of its own, laid out by the style sheet; in a file it stands
 * beside the map (below it for more than MAP_SIDE_CLUSTERS).
 *
 * x and y share one scale, so distances look as they are. Up to MAP_TITLED_POINTS points are
 * marks with a <title> each; above that, so that a page stays under 200 KB, the points become one
 * path per cluster with the cluster's title, and only medoids, selected and linked points (the
 * first MAP_LINKED_POINTS of them) keep title and link. At most MAP_LABELS clusters have their
 * number on the map: those with selected points, then the largest; the legend lists the first
 * MAP_LISTED_CLUSTERS and counts the rest. A few far points that would shrink all others stand at
 * the edge. Hue repeats after SERIES_COLORS clusters with another marker. */
#ifndef DRAW_CLUSTER_MAP_H
#define DRAW_CLUSTER_MAP_H
#include "base/str.h"
#include "draw/drawn_values.h"
#include <stdbool.h>

enum {
    MAP_TITLED_POINTS = 1000,
    MAP_LINKED_POINTS = 500,
    MAP_SIDE_CLUSTERS = 24,
    MAP_LABELS = 40,
    MAP_HALF_LABELS = 28,
    MAP_LISTED_CLUSTERS = 56
};

typedef struct map_point {
    double x, y;       /* any unit; a non-finite point is left out and counted */
    int cluster;       /* index into clusters, or -1 for noise */
    const char *id;    /* "L06-00123", for the CSV */
    const char *title; /* tooltip text; NULL: id */
    const char *href;  /* relative URL of its page, or NULL; one with a scheme is not linked */
    bool is_medoid, is_selected;
    double size; /* relative radius, 1 = usual; 0 is taken as 1 */
} map_point;

typedef struct map_cluster {
    const char *name; /* shown in the legend after the number; may be NULL */
    const char *href; /* of the legend entry, or NULL */
    int number;       /* the number shown on the map and in the legend */
    int size;         /* members, as shown in the legend */
} map_cluster;

typedef struct cluster_map {
    const char *label; /* aria-label; NULL: the generated alternative text */
    const map_point *points;
    const map_cluster *clusters;
    int n_points, n_clusters;
    bool half; /* on a page it stands beside another: see cluster_map_svg */
} cluster_map;

/* Appends the map without legend for use inside HTML, MAP_WIDTH CSS pixels wide, or half of a page
 * with smaller marks and MAP_HALF_LABELS numbers, so that its numbers are as large as elsewhere:
 * <svg class="draw"
 * aria-label=...>, no prolog, no style attribute; role="img", or role="group" when it has links
 * (an image may not hold links). Linked points have the id PREFIX-ID. Needs the rules of draw_css
 * in the page's style sheet for its dark colours. */
enum { MAP_WIDTH = 720, MAP_HALF_WIDTH = 488 };
void cluster_map_svg(str *out, const cluster_map *map, const char *prefix);

/* Appends the legend as HTML: <ul class="key">, an entry for each listed cluster with marker,
 * number, name, size and link, then what else the marks mean. */
void cluster_map_key(str *out, const cluster_map *map);

/* Appends a whole file with its own <style> that follows prefers-color-scheme. The hrefs are those
 * of the page; `href_base` ("../" when the file lies one directory deeper, or "") is put before
 * each. */
void cluster_map_file(str *out, const cluster_map *map, const char *prefix, const char *href_base);

/* A row for each point: its cluster's number as series (none for noise), its id, and whether it is
 * a medoid or selected. */
void cluster_map_values(const drawn_values *to, const cluster_map *map);
/* One line of at most FIGURE_ALT_MAX bytes. */
void cluster_map_alt(str *out, const cluster_map *map);

#endif
