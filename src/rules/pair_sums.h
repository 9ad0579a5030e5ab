/* Pearson's correlation of two values from sums over positions. */
#ifndef RULES_PAIR_SUMS_H
#define RULES_PAIR_SUMS_H
#include <math.h>
#include <stdbool.h>

typedef struct pair_sums {
    double n, x, y, xx, yy, xy;
} pair_sums;

/* The pair (x, y), `times` times. */
static inline void pair_sums_add(pair_sums *s, double x, double y, double times)
{
    s->n += times;
    s->x += times * x;
    s->y += times * y;
    s->xx += times * x * x;
    s->yy += times * y * y;
    s->xy += times * x * y;
}

static inline void pair_sums_join(pair_sums *s, const pair_sums *more, double times)
{
    s->n += times * more->n;
    s->x += times * more->x;
    s->y += times * more->y;
    s->xx += times * more->xx;
    s->yy += times * more->yy;
    s->xy += times * more->xy;
}

/* NaN where one of the two does not vary (up to rounding). */
static inline double pair_sums_pearson(const pair_sums *s)
{
    double xx = s->xx - s->x * s->x / s->n, yy = s->yy - s->y * s->y / s->n;
    bool varies = s->n > 0 && xx > 1e-12 * s->xx && yy > 1e-12 * s->yy;
    return varies ? (s->xy - s->x * s->y / s->n) / sqrt(xx * yy) : (double)NAN;
}

#endif
