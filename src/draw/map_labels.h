/* Places the numbers of clusters on a map so that none covers another. */
#ifndef DRAW_MAP_LABELS_H
#define DRAW_MAP_LABELS_H

typedef struct map_label {
    double x, y; /* in: what it names; stays */
    double width;
    int weight;        /* heavier ones choose first; ties: lower index */
    double at_x, at_y; /* out: centre of the text */
} map_label;

/* Each label takes the free place nearest to its point, inside left..right, top..bottom. When no
 * place within reach is free, it stays at its point. */
void map_labels_place(map_label *labels, int n, double left, double top, double right,
                      double bottom);

#endif
