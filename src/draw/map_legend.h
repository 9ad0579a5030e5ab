/* Marks and legend of the cluster map. */
#ifndef DRAW_MAP_LEGEND_H
#define DRAW_MAP_LEGEND_H
#include "base/str.h"
#include "draw/cluster_map.h"

/* Colour and marker of a cluster by its index: hue repeats with the next marker. */
int map_ink(int cluster);
int map_shape(int cluster);

typedef enum {
    MARKER_PLAIN,
    MARKER_RIMMED, /* outlined in the background colour: medoids */
    MARKER_RINGED  /* rimmed, with a ring around it in the text colour: selected points */
} marker_outline_kind;

/* What the legend explains beside the clusters. */
typedef struct map_keys {
    int n_noise; /* points in no cluster */
    bool medoids, selected;
} map_keys;
map_keys map_keys_of(const cluster_map *map);

bool map_in_cluster(const cluster_map *map, const map_point *p);
/* A link must not leave the report: no scheme, no protocol-relative address. */
bool map_links_to(const char *href);

/* One marker; `title` (may be NULL) becomes its first child. */
void map_marker(str *out, double x, double y, double radius, int shape, int ink,
                marker_outline_kind outline, const char *title);
/* Centred bold text with a halo. */
void map_text(str *out, double x, double y, const char *text);
/* The cluster's number as text; returns buf. */
const char *map_number(char buf[16], const map_cluster *c);

typedef struct map_legend {
    double left, top, bottom, column_width;
    int rows;         /* per column */
    int listed, more; /* clusters with an entry, without */
} map_legend;
/* Clusters with members on this map: only these have an entry. */
int map_n_listable(const cluster_map *map);
/* Beside the map: one column at x = left; else columns below y = map_height. */
map_legend map_legend_plan(bool beside, double left, double map_height, int n_clusters);
/* Entry `index`, of cluster `cluster`: marker, number, name, size. */
void map_legend_entry(str *out, const map_legend *l, int index, int cluster, const map_cluster *c);
/* The entries after the last cluster: how many more there are, noise, medoid, selected. */
void map_legend_keys(str *out, const map_legend *l, const map_keys *keys);

#endif
