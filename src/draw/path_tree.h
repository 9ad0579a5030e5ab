/* A tree of suffixes as rows: what stands before a token, how often, and how often that is a hit.
 *
 * Every node is a row under its parent's: its token, then muted what follows it, and a bar for its
 * share of hits with the interval as a thin line. Texts are UTF-8 and escaped here. */
#ifndef DRAW_PATH_TREE_H
#define DRAW_PATH_TREE_H
#include "base/str.h"
#include "draw/drawn_values.h"
#include <stdint.h>

typedef struct path_row {
    int depth;           /* from 1; at most one more than the row before */
    const char *token;   /* what to show of the row's own token */
    const char *rest;    /* of the path behind it; "" */
    int64_t n, n_active; /* occurrences of the path, hits */
    double low, high;    /* interval of n_active / n */
    double mean;         /* of the hits */
} path_row;

/* Appends <svg class="draw" role="img" aria-label=...>, as wide as its words need and at
 * most PATH_TREE_WIDTH CSS pixels, a <title> on each row. `reference`: a share drawn as a line
 * across all rows, NaN for none. */
enum { PATH_TREE_WIDTH = 520 };
void path_tree_svg(str *out, const path_row *rows, int n, double reference, const char *label);

/* A row for each path: its depth as x, its token and what follows it, its share as y. */
void path_tree_values(const drawn_values *to, const path_row *rows, int n);
/* Appends one line: the label and the best path. */
void path_tree_alt(str *out, const path_row *rows, int n, const char *label);

#endif
