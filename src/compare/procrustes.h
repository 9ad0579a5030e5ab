/* Two plane maps laid upon each other: shift, turn, mirror and scale of the second that bring its
 * points nearest to those of the first. */
#ifndef COMPARE_PROCRUSTES_H
#define COMPARE_PROCRUSTES_H
#include <stdbool.h>

typedef struct procrustes {
    double turn[2][2]; /* orthogonal; a reflection when its determinant is -1 */
    double scale;
    double from[2], to[2]; /* centroids: moved = to + scale * turn * (point - from) */
    double disparity;      /* share of the first map's spread that is left: 0 same shape, 1 none in
                              common; NaN when one of the maps has no spread */
    int n;                 /* points they were laid upon */
} procrustes;

/* Least squares over n pairs of finite points, reflection allowed (Schoenemann, "A generalized
 * solution of the orthogonal Procrustes problem", Psychometrika 31, 1966; with scale as in Gower,
 * "Generalized Procrustes analysis", Psychometrika 40, 1975). x and y of the first map, then of the
 * second. Without spread in either: only the centroids are brought together. */
procrustes procrustes_fit(const double *first_x, const double *first_y, const double *second_x,
                          const double *second_y, int n);
/* Moves one point of the second map. */
void procrustes_move(const procrustes *p, double *x, double *y);

#endif
