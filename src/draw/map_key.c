/* The cluster map's legend as a list of HTML. */
#include "draw/canvas.h"
#include "draw/cluster_map.h"
#include "draw/map_legend.h"
#include "draw/svg_text.h"

enum { MARK_SIZE = 14 }; /* of the square that a marker stands in, CSS pixels */

static void open_mark(str *out)
{
    str_addf(out,
             "<svg class=\"draw\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
             "aria-hidden=\"true\">",
             MARK_SIZE, MARK_SIZE, MARK_SIZE, MARK_SIZE);
}

static void add_mark(str *out, double radius, int shape, int ink, marker_outline_kind outline)
{
    open_mark(out);
    map_marker(out, MARK_SIZE / 2.0, MARK_SIZE / 2.0, radius, shape, ink, outline, NULL);
    str_add(out, "</svg>");
}

/* The style sheet cuts what is longer than its column, so a tooltip says it whole. */
static void add_name(str *out, const char *name)
{
    str_add(out, "<span title=\"");
    svg_escape(out, name);
    str_add(out, "\">");
    svg_escape(out, name);
    str_add(out, "</span>");
}

static void add_cluster(str *out, int index, const map_cluster *c)
{
    char number[16];
    bool linked = map_links_to(c->href);
    str_add(out, "<li>");
    if (linked) {
        str_add(out, "<a href=\"");
        svg_escape(out, c->href);
        str_add(out, "\">");
    }
    add_mark(out, 4.5, map_shape(index), map_ink(index), MARKER_PLAIN);
    str_addf(out, "<strong>%s</strong>", map_number(number, c));
    add_name(out, c->name ? c->name : "");
    str_addf(out, "<i>%d</i>%s</li>\n", c->size, linked ? "</a>" : "");
}

/* What a mark that belongs to no cluster means. */
static void add_key(str *out, double radius, int ink, marker_outline_kind outline, const char *text)
{
    str_add(out, "<li>");
    add_mark(out, radius, 0, ink, outline);
    str_addf(out, "<span>%s</span>", text);
}

void cluster_map_key(str *out, const cluster_map *map)
{
    map_legend l = map_legend_plan(false, 0, 0, map_n_listable(map));
    map_keys keys = map_keys_of(map);
    str_add(out, "<ul class=\"key\">\n");
    for (int c = 0, n = 0; n < l.listed; c++)
        if (map->clusters[c].size > 0) {
            add_cluster(out, c, &map->clusters[c]);
            n++;
        }
    if (l.more)
        str_addf(out, "<li><span>and %d smaller ones</span></li>\n", l.more);
    if (keys.n_noise) {
        add_key(out, 3.4, INK_NOISE, MARKER_PLAIN, "in no cluster");
        str_addf(out, "<i>%d</i></li>\n", keys.n_noise);
    }
    if (keys.medoids) {
        add_key(out, 5.8, INK_MUTED, MARKER_RIMMED, "larger: medoid");
        str_add(out, "</li>\n");
    }
    if (keys.selected) {
        add_key(out, 3.5, INK_NOISE, MARKER_RINGED, "ringed: selected");
        str_add(out, "</li>\n");
    }
    str_add(out, "</ul>\n");
}
