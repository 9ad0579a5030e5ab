/* The orthogonal factor of a 2x2 matrix in closed form, and what follows from it. */
#include "compare/procrustes.h"
#include <math.h>

static double mean_of(const double *x, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += x[i];
    return n ? sum / n : 0;
}

/* Turn with the largest sum of products with c. The two singular values of c are q + r and |q - r|
 * with q and r half the lengths below (Blinn, "Consider the lowly 2 x 2 matrix", 1996), so their
 * sum is the longer of the two: a rotation reaches the first, a reflection the second. Returns that
 * sum. */
static double best_turn(double turn[2][2], const double c[2][2])
{
    double along = c[0][0] + c[1][1], across = c[1][0] - c[0][1];
    double mirror_along = c[0][0] - c[1][1], mirror_across = c[0][1] + c[1][0];
    double rotation = hypot(along, across), reflection = hypot(mirror_along, mirror_across);
    bool mirrored = reflection > rotation;
    double length = mirrored ? reflection : rotation;
    double cosine = length > 0 ? (mirrored ? mirror_along : along) / length : 1;
    double sine = length > 0 ? (mirrored ? mirror_across : across) / length : 0;
    turn[0][0] = cosine;
    turn[0][1] = mirrored ? sine : -sine;
    turn[1][0] = sine;
    turn[1][1] = mirrored ? -cosine : cosine;
    return length;
}

procrustes procrustes_fit(const double *first_x, const double *first_y, const double *second_x,
                          const double *second_y, int n)
{
    procrustes p = {.turn = {{1, 0}, {0, 1}},
                    .scale = 1,
                    .from = {mean_of(second_x, n), mean_of(second_y, n)},
                    .to = {mean_of(first_x, n), mean_of(first_y, n)},
                    .disparity = (double)NAN,
                    .n = n};
    double products[2][2] = {{0}}, first_spread = 0, second_spread = 0;
    for (int i = 0; i < n; i++) {
        double a[2] = {first_x[i] - p.to[0], first_y[i] - p.to[1]};
        double b[2] = {second_x[i] - p.from[0], second_y[i] - p.from[1]};
        first_spread += a[0] * a[0] + a[1] * a[1];
        second_spread += b[0] * b[0] + b[1] * b[1];
        for (int row = 0; row < 2; row++)
            for (int column = 0; column < 2; column++)
                products[row][column] += a[row] * b[column];
    }
    if (!(first_spread > 0) || !(second_spread > 0))
        return p;
    double common = best_turn(p.turn, products);
    p.scale = common / second_spread;
    p.disparity = fmax(0, 1 - common / first_spread * (common / second_spread));
    return p;
}

void procrustes_move(const procrustes *p, double *x, double *y)
{
    double dx = *x - p->from[0], dy = *y - p->from[1];
    *x = p->to[0] + p->scale * (p->turn[0][0] * dx + p->turn[0][1] * dy);
    *y = p->to[1] + p->scale * (p->turn[1][0] * dx + p->turn[1][1] * dy);
}
