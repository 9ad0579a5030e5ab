/* Euclidean: |a|^2 + |b|^2 - 2 a.b > distance^2. Cosine: 1 - a.b / (|a| |b|) > distance. */
#include "features/near_filter.h"
#include <math.h>

/* Squares of rows within these keep every product and sum here inside single precision. */
static const double SHORTEST = 1e-20, LONGEST = 1e30;

bool near_filter_init(near_filter *out, const points *p)
{
    const double unit = 0x1p-24;
    enum { STEPS_BESIDE = 16, ROOM = 2 };
    *out = (near_filter){
        .metric = p->metric, .square_N = p->square_N, .error = ROOM * (p->d + STEPS_BESIDE) * unit};
    for (int i = 0; i < p->n; i++)
        if (p->square_N[i] > 0 && (p->square_N[i] < SHORTEST || p->square_N[i] > LONGEST))
            return false;
    return true;
}

/* Towards what is kept. */
static float rounded_down(double x)
{
    return nextafterf((float)x, -INFINITY);
}

float near_filter_reach(const near_filter *f, int j, double distance)
{
    if (f->metric == METRIC_EUCLIDEAN)
        return rounded_down(f->square_N[j] * (1 - f->error) - distance * distance);
    return rounded_down(1 - distance - f->error);
}

/* NaN, which is above no limit, for a row that has no direction. */
float near_filter_weight(const near_filter *f, int j)
{
    if (f->metric == METRIC_EUCLIDEAN)
        return 2;
    return f->square_N[j] > 0 ? (float)(1 / sqrt(f->square_N[j])) : (float)NAN;
}

float near_filter_scale(const near_filter *f, int i)
{
    return f->metric == METRIC_EUCLIDEAN ? 1 : (float)sqrt(f->square_N[i]);
}

float near_filter_limit(const near_filter *f, int i)
{
    if (f->metric == METRIC_EUCLIDEAN)
        return -rounded_down(f->square_N[i] * (1 - f->error));
    return 0;
}
