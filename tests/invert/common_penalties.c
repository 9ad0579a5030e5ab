/* The definitions, term by term. */
#include "invert/common_penalties.h"
#include "base/memory.h"
#include <math.h>

double define_distance(const double *x_LD, const float *nearest_LD, int L, int D, double unit)
{
    double total = 0;
    for (int i = 0; i < L; i++) {
        double squares = 0;
        for (int d = 0; d < D; d++)
            squares += pow(ROW(x_LD, i, D)[d] - (double)ROW(nearest_LD, i, D)[d], 2);
        total += sqrt(squares / D) / unit;
    }
    return total / L;
}

static double cosine(const double *a, const double *b, int D)
{
    double dot = 0, aa = 0, bb = 0;
    for (int d = 0; d < D; d++) {
        dot += a[d] * b[d];
        aa += a[d] * a[d];
        bb += b[d] * b[d];
    }
    return aa > 0 && bb > 0 ? dot / sqrt(aa * bb) : 0;
}

static double mean_over_pairs(const double *x_LD, int L, int D, int window, bool above_half)
{
    double total = 0, n = 0;
    for (int i = 0; i < L; i++)
        for (int j = 0; j < i; j++) {
            if (i - j > window)
                continue;
            double c = cosine(ROW(x_LD, i, D), ROW(x_LD, j, D), D);
            total += above_half ? fmax(0, c - 0.5) : c;
            n++;
        }
    return n > 0 ? total / n : 0;
}

double define_diversity(const double *x_LD, int L, int D, int window)
{
    return mean_over_pairs(x_LD, L, D, window, false);
}

double define_repetition(const double *x_LD, int L, int D, int window)
{
    return mean_over_pairs(x_LD, L, D, window, true);
}
