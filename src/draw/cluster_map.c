/* The cluster map's points, labels and files; the legend is in map_legend.c. */
#include "draw/cluster_map.h"
#include "base/memory.h"
#include "draw/canvas.h"
#include "draw/font.h"
#include "draw/map_frame.h"
#include "draw/map_labels.h"
#include "draw/map_legend.h"
#include "draw/svg_text.h"
#include "draw/alt.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    EDGE = 8,
    MAP_HEIGHT = 480,
    MAP_HALF_HEIGHT = 326,
    SIDE_LEGEND = 226,
    HIT_RADIUS = 12,
    LIFT = 16
};

static const double HALF_MARKS = 0.75; /* size of the marks of a map that is half a page wide */

/* What one drawing needs beside the map itself. */
typedef struct sheet {
    str *out;
    const cluster_map *map;
    const char *prefix, *href_base;
    double width, height; /* of the map's area, from the top left corner */
    bool half;            /* of a page */
    map_frame frame;
    int links;
} sheet;

static double map_x(const sheet *s, const map_point *p)
{
    return map_frame_x(&s->frame, p);
}

static double map_y(const sheet *s, const map_point *p)
{
    return map_frame_y(&s->frame, p);
}

static int ink_of(const cluster_map *map, const map_point *p)
{
    return map_in_cluster(map, p) ? map_ink(p->cluster) : (int)INK_NOISE;
}

static const char *title_of(const map_point *p)
{
    return p->title ? p->title : p->id ? p->id : "";
}

static void add_id(str *out, const char *prefix, const char *id)
{
    str_addf(out, " id=\"%s-", prefix);
    for (; *id; id++)
        str_add_char(out, isalnum((unsigned char)*id) || strchr("._-", *id) ? *id : '-');
    str_add_char(out, '"');
}

static void open_link(sheet *s, const char *href, const char *id, const char *label)
{
    str_add(s->out, "<a");
    if (id && s->prefix)
        add_id(s->out, s->prefix, id);
    str_add(s->out, " href=\"");
    svg_escape(s->out, s->href_base);
    svg_escape(s->out, href);
    str_add(s->out, "\" aria-label=\"");
    svg_escape(s->out, label);
    str_add(s->out, "\">");
    s->links++;
}

static double radius_of(const sheet *s, const map_point *p)
{
    double base = s->map->n_points > 2000 ? 2 : s->map->n_points > 500 ? 2.6 : 3.4;
    base *= s->half ? HALF_MARKS : 1;
    double size = p->size > 0 && isfinite(p->size) ? fmin(fmax(sqrt(p->size), 0.5), 2.5) : 1;
    return base * size * (p->is_medoid ? 1.7 : 1);
}

static void draw_point(sheet *s, const map_point *p)
{
    bool linked = map_links_to(p->href);
    double x = map_x(s, p), y = map_y(s, p);
    if (linked) {
        open_link(s, p->href, p->id, title_of(p));
        str_add(s->out, "<circle");
        svg_attribute(s->out, "cx", x);
        svg_attribute(s->out, "cy", y);
        svg_attribute(s->out, "r", HIT_RADIUS);
        str_add(s->out, " fill=\"none\" pointer-events=\"all\"><title>");
        svg_escape(s->out, title_of(p));
        str_add(s->out, "</title></circle>");
    }
    int shape = map_in_cluster(s->map, p) ? map_shape(p->cluster) : 0;
    map_marker(s->out, x, y, radius_of(s, p), shape, ink_of(s->map, p),
               p->is_selected ? MARKER_RINGED
               : p->is_medoid ? MARKER_RIMMED
                              : MARKER_PLAIN,
               title_of(p));
    str_add(s->out, linked ? "</a>\n" : "\n");
}

/* Layers from the bottom: noise, members, medoids, selected or linked points. */
static int layer_of(const cluster_map *map, const map_point *p)
{
    return p->is_selected || map_links_to(p->href) ? 3 : p->is_medoid ? 2 : map_in_cluster(map, p);
}

static void draw_points(sheet *s)
{
    for (int layer = 0; layer < 4; layer++)
        for (int i = 0; i < s->map->n_points; i++)
            if (map_draws(&s->map->points[i]) && layer_of(s->map, &s->map->points[i]) == layer)
                draw_point(s, &s->map->points[i]);
}

/* Tenths of a pixel inside path data, as short as they can be: many of them are most of a page. */
static void add_short(str *out, long tenths)
{
    if (tenths >= 0 && out->len && isdigit((unsigned char)out->data[out->len - 1]))
        str_add_char(out, ' ');
    str_addf(out, "%s%ld", tenths < 0 ? "-" : "", labs(tenths) / 10);
    if (tenths % 10)
        str_addf(out, ".%ld", labs(tenths) % 10);
}

/* A straight side of an outline, by (x, y); a command that was the last one need not be said again.
 */
static void add_side(str *out, char *last, long x, long y)
{
    char command = y == 0 ? 'h' : x == 0 ? 'v' : 'l';
    if (command != *last)
        str_add_char(out, command);
    *last = command;
    if (x != 0 || y == 0)
        add_short(out, x);
    if (y != 0)
        add_short(out, y);
}

/* Where the last mark of a path began and ended, in tenths: the next one is given from there, which
 * is shorter and, in whole tenths, as exact. */
typedef struct pen {
    long x, y;
    bool down;
} pen;

/* The marker as a part of a path: a dot of its round line, or the shape's outline. */
static void add_dot(sheet *s, pen *from, const map_point *p, int shape)
{
    int n;
    const double *corners = marker_outline(shape, &n);
    double radius = radius_of(s, p);
    char last = 0;
    long x = lround(10 * (map_x(s, p) + (corners ? radius * corners[0] : 0)));
    long y = lround(10 * (map_y(s, p) + (corners ? radius * corners[1] : 0)));
    str_add_char(s->out, from->down ? 'm' : 'M');
    add_short(s->out, x - from->x);
    add_short(s->out, y - from->y);
    for (int i = 1; corners && i < n; i++)
        add_side(s->out, &last, lround(10 * radius * (corners[2 * i] - corners[2 * i - 2])),
                 lround(10 * radius * (corners[2 * i + 1] - corners[2 * i - 1])));
    str_add(s->out, corners ? "z" : "h0");
    *from = (pen){.x = x, .y = y, .down = true};
}

static void add_cluster_title(sheet *s, int cluster)
{
    char number[16];
    str_add(s->out, "<title>");
    if (cluster < 0) {
        str_add(s->out, "in no cluster");
    } else {
        const map_cluster *c = &s->map->clusters[cluster];
        str_addf(s->out, "cluster %s", map_number(number, c));
        if (c->name) {
            str_add(s->out, ": ");
            svg_escape(s->out, c->name);
        }
    }
    str_add(s->out, "</title>");
}

/* Every member of one cluster (-1: noise) as a mark of one path. */
static void draw_dots(sheet *s, int cluster)
{
    int shape = cluster < 0 ? 0 : map_shape(cluster), n;
    int ink = cluster < 0 ? (int)INK_NOISE : map_ink(cluster);
    bool filled = marker_outline(shape, &n) != NULL;
    pen from = {0};
    for (int i = 0; i < s->map->n_points; i++) {
        const map_point *p = &s->map->points[i];
        int own = map_in_cluster(s->map, p) ? p->cluster : -1;
        if (own != cluster || !map_draws(p))
            continue;
        if (!from.down)
            str_add(s->out, "<path d=\"");
        add_dot(s, &from, p, shape);
    }
    if (!from.down)
        return;
    str_add_char(s->out, '"');
    if (filled) {
        svg_fill(s->out, ink);
    } else {
        svg_stroke(s->out, ink);
        svg_attribute(s->out, "stroke-width", s->half ? 4 * HALF_MARKS : 4);
        str_add(s->out, " stroke-linecap=\"round\"");
    }
    str_add_char(s->out, '>');
    add_cluster_title(s, cluster);
    str_add(s->out, "</path>\n");
}

static void draw_many(sheet *s)
{
    for (int c = -1; c < s->map->n_clusters; c++)
        draw_dots(s, c);
    int titled = 0;
    for (int layer = 2; layer < 4; layer++)
        for (int i = 0; i < s->map->n_points && titled < MAP_LINKED_POINTS; i++) {
            const map_point *p = &s->map->points[i];
            if (map_draws(p) && layer_of(s->map, p) == layer) {
                draw_point(s, p);
                titled++;
            }
        }
}

typedef struct rank {
    int cluster, size;
    bool selected;
} rank;

static int by_rank(const void *a, const void *b)
{
    const rank *x = a, *y = b;
    if (x->selected != y->selected)
        return x->selected ? -1 : 1;
    if (x->size != y->size)
        return x->size > y->size ? -1 : 1;
    return x->cluster - y->cluster;
}

/* More numbers than `most` would hide the points: clusters with a selected point come first,
 * then the largest. Owner: caller. */
static bool *choose_labelled(const cluster_map *map, int most)
{
    size_t n = (size_t)map->n_clusters;
    bool *labelled = mem_small(n + 1, sizeof *labelled);
    rank *ranks = mem_small(n + 1, sizeof *ranks);
    for (int c = 0; c < map->n_clusters; c++)
        ranks[c] = (rank){.cluster = c, .size = map->clusters[c].size};
    for (int i = 0; i < map->n_points; i++)
        if (map_in_cluster(map, &map->points[i]) && map->points[i].is_selected)
            ranks[map->points[i].cluster].selected = true;
    qsort(ranks, n, sizeof *ranks, by_rank);
    for (int k = 0; k < map->n_clusters && k < most; k++)
        labelled[ranks[k].cluster] = true;
    mem_free(ranks);
    return labelled;
}

/* A label per chosen cluster that has a drawable member: at its medoid, else at its mean. */
static int make_labels(const sheet *s, map_label *labels, int *cluster)
{
    const cluster_map *map = s->map;
    bool *labelled = choose_labelled(map, s->half ? MAP_HALF_LABELS : MAP_LABELS);
    int n = 0;
    for (int c = 0; c < map->n_clusters; c++) {
        double x = 0, y = 0;
        int members = 0;
        bool medoid = false;
        for (int i = 0; i < map->n_points && labelled[c]; i++) {
            const map_point *p = &map->points[i];
            if (p->cluster != c || !map_draws(p) || medoid)
                continue;
            medoid = p->is_medoid;
            x = medoid ? map_x(s, p) : x + map_x(s, p);
            y = medoid ? map_y(s, p) : y + map_y(s, p);
            members = medoid ? 1 : members + 1;
        }
        if (!members)
            continue;
        char text[16];
        double width = 1.15 * font_width(FONT_REGULAR, map_number(text, &map->clusters[c]));
        labels[n] = (map_label){.x = x / members,
                                .y = y / members - LIFT,
                                .width = width,
                                .weight = map->clusters[c].size};
        cluster[n++] = c;
    }
    mem_free(labelled);
    return n;
}

static void draw_labels(sheet *s)
{
    size_t n_clusters = (size_t)s->map->n_clusters;
    map_label *labels = mem_small(n_clusters + 1, sizeof *labels);
    int *cluster = mem_small(n_clusters + 1, sizeof *cluster);
    int n = make_labels(s, labels, cluster);
    map_labels_place(labels, n, EDGE, EDGE, s->width - EDGE, s->height - EDGE);
    for (int i = 0; i < n; i++) {
        const map_label *l = &labels[i];
        char text[16];
        if (hypot(l->at_x - l->x, l->at_y - l->y) > 14) {
            str_add(s->out, "<path d=\"M");
            svg_number(s->out, l->at_x);
            str_add_char(s->out, ' ');
            svg_number(s->out, l->at_y);
            str_add_char(s->out, 'L');
            svg_number(s->out, l->x);
            str_add_char(s->out, ' ');
            svg_number(s->out, l->y + LIFT);
            str_add_char(s->out, '"');
            svg_stroke(s->out, INK_TEXT);
            str_add(s->out, " stroke-width=\"0.8\"/>\n");
        }
        map_text(s->out, l->at_x, l->at_y + 4.5, map_number(text, &s->map->clusters[cluster[i]]));
    }
    mem_free(cluster);
    mem_free(labels);
}

static void draw_legend(sheet *s, const map_legend *legend)
{
    for (int c = 0, n = 0; n < legend->listed; c++) {
        const map_cluster *cluster = &s->map->clusters[c];
        bool linked = map_links_to(cluster->href);
        char text[16];
        if (cluster->size <= 0)
            continue;
        if (linked) {
            str label = {0};
            str_addf(&label, "cluster %s", map_number(text, cluster));
            open_link(s, cluster->href, NULL, str_text(&label));
            str_release(&label);
        }
        map_legend_entry(s->out, legend, n++, c, cluster);
        str_add(s->out, linked ? "</a>\n" : "\n");
    }
    map_keys keys = map_keys_of(s->map);
    map_legend_keys(s->out, legend, &keys);
}

static void draw_background(sheet *s, double width, double height)
{
    str_addf(s->out, "<rect width=\"%.0f\" height=\"%.0f\"", width, height);
    svg_fill(s->out, INK_BACKGROUND);
    str_addf(s->out, "/>\n<rect x=\"0.5\" y=\"0.5\" width=\"%.0f\" height=\"%.0f\"", s->width - 1,
             s->height - 1);
    svg_stroke(s->out, INK_GRID);
    str_add(s->out, "/>\n");
}

/* Says how many points the frame moved to its edge. */
static void draw_far(sheet *s)
{
    int far = map_frame_far(&s->frame, s->map);
    if (!far)
        return;
    str_add(s->out, "<text");
    svg_attribute(s->out, "x", 2 * EDGE);
    svg_attribute(s->out, "y", s->height - 2 * EDGE);
    svg_fill(s->out, INK_MUTED);
    str_addf(s->out, ">%d far %s at the edge</text>\n", far, far == 1 ? "point" : "points");
}

/* The map in its rectangle, without a legend. */
static void draw_plot(sheet *s)
{
    s->frame = map_frame_fit(s->map, s->width, s->height);
    if (s->map->n_points > MAP_TITLED_POINTS)
        draw_many(s);
    else
        draw_points(s);
    draw_labels(s);
    draw_far(s);
    if (!s->map->n_points)
        map_text(s->out, s->width / 2, s->height / 2, "no points");
}

static void wrap(str *out, const sheet *s, double width, double height, const char *style)
{
    str alt = {0};
    if (s->map->label)
        str_add(&alt, s->map->label);
    else
        cluster_map_alt(&alt, s->map);
    svg_open(out, s->links ? "group" : "img", width, height, str_text(&alt), style);
    str_add(out, str_text(s->out));
    svg_close(out);
    str_release(&alt);
}

void cluster_map_svg(str *out, const cluster_map *map, const char *prefix)
{
    str body = {0};
    sheet s = {.out = &body,
               .map = map,
               .prefix = prefix,
               .href_base = "",
               .width = map->half ? MAP_HALF_WIDTH : MAP_WIDTH,
               .height = map->half ? MAP_HALF_HEIGHT : MAP_HEIGHT,
               .half = map->half};
    draw_background(&s, s.width, s.height);
    draw_plot(&s);
    wrap(out, &s, s.width, s.height, NULL);
    str_release(&body);
}

void cluster_map_file(str *out, const cluster_map *map, const char *prefix, const char *href_base)
{
    int listable = map_n_listable(map);
    bool beside = listable <= MAP_SIDE_CLUSTERS;
    str body = {0}, style = {0};
    sheet s = {.out = &body,
               .map = map,
               .prefix = prefix,
               .href_base = href_base,
               .width = beside ? MAP_WIDTH - SIDE_LEGEND - 14 : MAP_WIDTH,
               .height = MAP_HEIGHT};
    map_legend legend = map_legend_plan(beside, s.width + 14, MAP_HEIGHT, listable);
    double height = fmax(MAP_HEIGHT, legend.bottom);
    if (beside)
        s.height = height;
    draw_background(&s, MAP_WIDTH, height);
    draw_plot(&s);
    draw_legend(&s, &legend);
    draw_css(&style);
    wrap(out, &s, MAP_WIDTH, height, str_text(&style));
    str_release(&style);
    str_release(&body);
}

void cluster_map_values(const drawn_values *to, const cluster_map *map)
{
    for (int i = 0; i < map->n_points; i++) {
        const map_point *p = &map->points[i];
        drawn_mark mark = NO_MARK;
        str number = {0};
        if (map_in_cluster(map, p))
            str_addf(&number, "%d", map->clusters[p->cluster].number);
        mark.series = str_text(&number);
        mark.label = p->id;
        mark.x = p->x;
        mark.y = p->y;
        mark.note = p->is_medoid && p->is_selected ? "medoid, selected"
                    : p->is_medoid                 ? "medoid"
                    : p->is_selected               ? "selected"
                                                   : NULL;
        drawn_values_add(to, &mark);
        str_release(&number);
    }
}

void cluster_map_alt(str *out, const cluster_map *map)
{
    int largest = 0, selected = 0, lost = 0;
    for (int c = 1; c < map->n_clusters; c++)
        largest = map->clusters[c].size > map->clusters[largest].size ? c : largest;
    for (int i = 0; i < map->n_points; i++) {
        selected += map->points[i].is_selected;
        lost += !map_draws(&map->points[i]);
    }
    str text = {0};
    str_addf(&text, "Cluster map: %d points in %d clusters, %d in none", map->n_points,
             map->n_clusters, map_keys_of(map).n_noise);
    if (map->n_clusters) {
        const map_cluster *c = &map->clusters[largest];
        str_addf(&text, "; largest is cluster %d with %d members", c->number, c->size);
        if (c->name)
            str_addf(&text, " (%s)", c->name);
    }
    if (selected)
        str_addf(&text, "; %d selected", selected);
    if (lost)
        str_addf(&text, "; %d without a position", lost);
    alt_add_limited(out, str_text(&text));
    str_release(&text);
}
