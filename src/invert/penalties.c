/* The three penalties and their gradients. */
#include "invert/penalties.h"
#include "base/memory.h"
#include <math.h>

double penalty_distance(float *d_x_LD, const float *x_LD, const float *nearest_LD, int L, int D,
                        double unit, double weight)
{
    double total = 0, scale = 1 / (unit * sqrt(D) * L);
    for (int i = 0; i < L; i++) {
        const float *x = ROW(x_LD, i, D), *e = ROW(nearest_LD, i, D);
        double squares = 0;
        for (int d = 0; d < D; d++)
            squares += ((double)x[d] - (double)e[d]) * ((double)x[d] - (double)e[d]);
        double distance = sqrt(squares);
        total += distance;
        if (distance == 0)
            continue; /* at the token itself every direction is a subgradient; stay */
        for (int d = 0; d < D; d++)
            ROW(d_x_LD, i, D)
        [d] += (float)(weight * scale * ((double)x[d] - (double)e[d]) / distance);
    }
    return total * scale;
}

typedef struct pair_geometry {
    double dot, a2, b2, cosine;
} pair_geometry;

static pair_geometry measure(const float *a, const float *b, int D)
{
    pair_geometry g = {0};
    for (int d = 0; d < D; d++) {
        g.dot += (double)a[d] * (double)b[d];
        g.a2 += (double)a[d] * (double)a[d];
        g.b2 += (double)b[d] * (double)b[d];
    }
    double norms = sqrt(g.a2) * sqrt(g.b2);
    g.cosine = norms > 0 ? g.dot / norms : 0;
    return g;
}

/* d cos / da = b / (|a||b|) - cos a / |a|^2 */
static void add_cosine_gradient(float *d_a, float *d_b, const float *a, const float *b, int D,
                                const pair_geometry *g, double weight)
{
    double norms = sqrt(g->a2) * sqrt(g->b2);
    if (norms == 0)
        return;
    for (int d = 0; d < D; d++) {
        double av = (double)a[d], bv = (double)b[d];
        d_a[d] += (float)(weight * (bv / norms - g->cosine * av / g->a2));
        d_b[d] += (float)(weight * (av / norms - g->cosine * bv / g->b2));
    }
}

/* Mean over near pairs of max(0, cosine - floor). */
static double pair_penalty(float *d_x_LD, const float *x_LD, int L, int D, int window, double floor,
                           double weight)
{
    double total = 0;
    long pairs = 0;
    for (int i = 0; i < L; i++)
        pairs += (L - 1 - i < window) ? L - 1 - i : window;
    for (int i = 0; i < L; i++)
        for (int j = i + 1; j < L && j <= i + window; j++) {
            pair_geometry g = measure(ROW(x_LD, i, D), ROW(x_LD, j, D), D);
            if (g.cosine <= floor)
                continue;
            total += g.cosine - floor;
            add_cosine_gradient(ROW(d_x_LD, i, D), ROW(d_x_LD, j, D), ROW(x_LD, i, D),
                                ROW(x_LD, j, D), D, &g, weight / (double)pairs);
        }
    return pairs ? total / (double)pairs : 0;
}

double penalty_diversity(float *d_x_LD, const float *x_LD, int L, int D, int window, double weight)
{
    /* No cosine lies below a floor of -2, so every pair counts; the floor is then taken off again.
     */
    double shifted = pair_penalty(d_x_LD, x_LD, L, D, window, -2, weight);
    return L > 1 ? shifted - 2 : 0;
}

double penalty_repetition(float *d_x_LD, const float *x_LD, int L, int D, int window, double weight)
{
    return pair_penalty(d_x_LD, x_LD, L, D, window, 0.5, weight);
}
