/* Marks and legend of the cluster map. */
#include "draw/map_legend.h"
#include "draw/canvas.h"
#include "draw/svg_text.h"
#include <stdio.h>
#include <string.h>

enum { ROW = 20, TOP = 18, KEYS = 3, COLUMNS = 3, MARK = 8 };

int map_ink(int cluster)
{
    return INK_SERIES + cluster % SERIES_COLORS;
}

int map_shape(int cluster)
{
    return cluster / SERIES_COLORS % MARKERS;
}

bool map_in_cluster(const cluster_map *map, const map_point *p)
{
    return p->cluster >= 0 && p->cluster < map->n_clusters;
}

bool map_links_to(const char *href)
{
    return href && *href && !strchr(href, ':') && strncmp(href, "//", 2) != 0;
}

map_keys map_keys_of(const cluster_map *map)
{
    map_keys keys = {0};
    for (int i = 0; i < map->n_points; i++) {
        keys.n_noise += !map_in_cluster(map, &map->points[i]);
        keys.medoids = keys.medoids || map->points[i].is_medoid;
        keys.selected = keys.selected || map->points[i].is_selected;
    }
    return keys;
}

static void add_outline(str *out, double x, double y, double radius, const double *corners, int n)
{
    str_add(out, "<polygon points=\"");
    for (int i = 0; i < n; i++) {
        if (i)
            str_add_char(out, ' ');
        svg_number(out, x + radius * corners[2 * i]);
        str_add_char(out, ',');
        svg_number(out, y + radius * corners[2 * i + 1]);
    }
    str_add_char(out, '"');
}

void map_marker(str *out, double x, double y, double radius, int shape, int ink,
                marker_outline_kind outline, const char *title)
{
    int n;
    const double *corners = marker_outline(shape, &n);
    const char *element = corners ? "polygon" : "circle";
    if (corners) {
        add_outline(out, x, y, radius, corners, n);
    } else {
        str_add(out, "<circle");
        svg_attribute(out, "cx", x);
        svg_attribute(out, "cy", y);
        svg_attribute(out, "r", radius);
    }
    str_addf(out, " class=\"%s%s\" fill=\"#%06x\"", ink_class(ink),
             outline == MARKER_PLAIN ? "" : " draw-rim", (unsigned)theme_color(THEME_LIGHT, ink));
    if (outline != MARKER_PLAIN)
        str_addf(out, " stroke=\"#%06x\"", (unsigned)theme_color(THEME_LIGHT, INK_BACKGROUND));
    if (title) {
        str_add(out, "><title>");
        svg_escape(out, title);
        str_addf(out, "</title></%s>", element);
    } else {
        str_add(out, "/>");
    }
    if (outline != MARKER_RINGED)
        return;
    str_add(out, "<circle");
    svg_attribute(out, "cx", x);
    svg_attribute(out, "cy", y);
    svg_attribute(out, "r", radius + 2.8);
    svg_stroke(out, INK_TEXT);
    str_add(out, " stroke-width=\"1.4\" pointer-events=\"none\"/>");
}

void map_text(str *out, double x, double y, const char *text)
{
    str_add(out, "<text");
    svg_attribute(out, "x", x);
    svg_attribute(out, "y", y);
    str_addf(out,
             " text-anchor=\"middle\" font-size=\"13\" font-weight=\"bold\" "
             "class=\"draw-text draw-halo\" fill=\"#%06x\" stroke=\"#%06x\" stroke-width=\"3\" "
             "stroke-linejoin=\"round\" paint-order=\"stroke\" pointer-events=\"none\">",
             (unsigned)theme_color(THEME_LIGHT, INK_TEXT),
             (unsigned)theme_color(THEME_LIGHT, INK_BACKGROUND));
    svg_escape(out, text);
    str_add(out, "</text>\n");
}

const char *map_number(char buf[16], const map_cluster *c)
{
    snprintf(buf, 16, "%d", c->number);
    return buf;
}

int map_n_listable(const cluster_map *map)
{
    int n = 0;
    for (int c = 0; c < map->n_clusters; c++)
        n += map->clusters[c].size > 0;
    return n;
}

map_legend map_legend_plan(bool beside, double left, double map_height, int n_clusters)
{
    int listed = n_clusters < MAP_LISTED_CLUSTERS ? n_clusters : MAP_LISTED_CLUSTERS;
    int entries = listed + (listed < n_clusters) + KEYS;
    map_legend l = {.listed = listed,
                    .more = n_clusters - listed,
                    .left = beside ? left : 8,
                    .top = TOP + (beside ? 0 : map_height)};
    l.rows = beside ? entries : (entries + COLUMNS - 1) / COLUMNS;
    l.column_width = beside ? MAP_WIDTH - left : (MAP_WIDTH - 16.0) / COLUMNS;
    l.bottom = l.top + l.rows * ROW;
    return l;
}

static void place(double *x, double *y, const map_legend *l, int index)
{
    *x = l->left + index / l->rows * l->column_width;
    *y = l->top + index % l->rows * ROW;
}

/* `title`, when not NULL, is the whole text that `text` was cut from. */
static void add_text(str *out, double x, double y, int ink, const char *anchor, const char *text,
                     const char *title)
{
    str_add(out, "<text");
    svg_attribute(out, "x", x);
    svg_attribute(out, "y", y);
    str_add(out, anchor);
    svg_fill(out, ink);
    str_add_char(out, '>');
    if (title) {
        str_add(out, "<title>");
        svg_escape(out, title);
        str_add(out, "</title>");
    }
    svg_escape(out, text);
    str_add(out, "</text>");
}

void map_legend_entry(str *out, const map_legend *l, int index, int cluster, const map_cluster *c)
{
    double x, y;
    place(&x, &y, l, index);
    char number[16], size[16];
    map_number(number, c);
    snprintf(size, sizeof size, "%d", c->size);
    map_marker(out, x + MARK, y - 4, 4.5, map_shape(cluster), map_ink(cluster), MARKER_PLAIN, NULL);
    add_text(out, x + 40, y, INK_TEXT, " text-anchor=\"end\" font-weight=\"bold\"", number, NULL);
    double right = x + l->column_width - 10, room = right - (x + 48) - 34;
    if (c->name) {
        str visible = {0}, name = {0};
        text_visible(&visible, c->name);
        font_fit(&name, FONT_REGULAR, str_text(&visible), room);
        bool cut = strcmp(str_text(&name), str_text(&visible)) != 0;
        add_text(out, x + 48, y, INK_TEXT, "", str_text(&name), cut ? c->name : NULL);
        str_release(&name);
        str_release(&visible);
    }
    add_text(out, right, y, INK_MUTED, " text-anchor=\"end\"", size, NULL);
}

/* The next entry: its text in grey and, unless it is NULL, a number at the right. */
static void add_key(str *out, const map_legend *l, int index, const char *text, const char *number)
{
    double x, y;
    place(&x, &y, l, index);
    add_text(out, x + 48, y, INK_MUTED, "", text, NULL);
    if (number)
        add_text(out, x + l->column_width - 10, y, INK_MUTED, " text-anchor=\"end\"", number, NULL);
    str_add_char(out, '\n');
}

void map_legend_keys(str *out, const map_legend *l, const map_keys *keys)
{
    double x, y;
    char number[16], more[32];
    int index = l->listed;
    if (l->more) {
        snprintf(more, sizeof more, "and %d smaller ones", l->more);
        add_key(out, l, index++, more, NULL);
    }
    if (keys->n_noise) {
        snprintf(number, sizeof number, "%d", keys->n_noise);
        place(&x, &y, l, index);
        map_marker(out, x + MARK, y - 4, 3.4, 0, INK_NOISE, MARKER_PLAIN, NULL);
        add_key(out, l, index++, "in no cluster", number);
    }
    if (keys->medoids) {
        place(&x, &y, l, index);
        map_marker(out, x + MARK, y - 4, 5.8, 0, INK_MUTED, MARKER_RIMMED, NULL);
        add_key(out, l, index++, "larger: medoid", NULL);
    }
    if (keys->selected) {
        place(&x, &y, l, index);
        map_marker(out, x + MARK, y - 4, 4, 0, INK_NOISE, MARKER_RINGED, NULL);
        add_key(out, l, index, "ringed: selected", NULL);
    }
}
