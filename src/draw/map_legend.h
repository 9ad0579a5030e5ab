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
/* Beside the map: one column at x = left; else columns below y = map_height. */
map_legend map_legend_plan(bool beside, double left, double map_height, int n_clusters);
/* Entry `index`: marker, number, name, size. */
void map_legend_entry(str *out, const map_legend *l, int index, const map_cluster *c);
/* The entries after the last cluster: how many more there are, noise, medoid, selected. */
void map_legend_keys(str *out, const map_legend *l, int n_noise, bool medoids, bool selected);

#endif
