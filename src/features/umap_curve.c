/* The fit of UMAP's a and b: Levenberg-Marquardt (Marquardt 1963) in two unknowns. */
#include "features/umap_parts.h"
#include <math.h>

enum { SAMPLES = 300, STEPS_MAX = 500 };

typedef struct curve {
    double a, b;
} curve;

static double wanted(double x, double spread, double min_dist)
{
    return x < min_dist ? 1 : exp(-(x - min_dist) / spread);
}

/* The squared error, and its normal equations: h = sum of J J^T (aa, ab, bb), g = sum of J r. */
static double measure(double h[3], double g[2], curve c, double spread, double min_dist)
{
    double error = 0;
    h[0] = h[1] = h[2] = g[0] = g[1] = 0;
    for (int i = 0; i < SAMPLES; i++) {
        double x = 3 * spread * i / (SAMPLES - 1), power = pow(x, 2 * c.b);
        double value = 1 / (1 + c.a * power), r = wanted(x, spread, min_dist) - value;
        double by_a = -power * value * value;
        double by_b = x > 0 ? 2 * c.a * log(x) * by_a : 0;
        error += r * r;
        h[0] += by_a * by_a;
        h[1] += by_a * by_b;
        h[2] += by_b * by_b;
        g[0] += by_a * r;
        g[1] += by_b * r;
    }
    return error;
}

static curve step_from(curve c, const double h[3], const double g[2], double damping)
{
    double aa = h[0] * (1 + damping), bb = h[2] * (1 + damping), det = aa * bb - h[1] * h[1];
    return (curve){c.a + (bb * g[0] - h[1] * g[1]) / det, c.b + (aa * g[1] - h[1] * g[0]) / det};
}

void umap_fit_curve(double *a, double *b, double spread, double min_dist)
{
    curve best = {1, 1};
    double h[3], g[2], damping = 1e-3, error = measure(h, g, best, spread, min_dist);
    for (int i = 0; i < STEPS_MAX && damping < 1e12; i++) {
        double next_h[3], next_g[2];
        curve next = step_from(best, h, g, damping);
        double next_error =
            next.a > 0 && next.b > 0 ? measure(next_h, next_g, next, spread, min_dist) : HUGE_VAL;
        if (!(next_error <= error)) {
            damping *= 10;
            continue;
        }
        bool settled =
            fabs(next.a - best.a) <= 1e-14 * best.a && fabs(next.b - best.b) <= 1e-14 * best.b;
        best = next;
        error = measure(h, g, best, spread, min_dist);
        damping /= 10;
        if (settled)
            break;
    }
    *a = best.a;
    *b = best.b;
}
