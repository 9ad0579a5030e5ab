/* Projected gradient descent with Adam's steps. */
#include "invert/descent.h"
#include <math.h>

static double dot(const float *a_D, const float *b_D, int D)
{
    double sum = 0;
    for (int d = 0; d < D; d++)
        sum += (double)a_D[d] * (double)b_D[d];
    return sum;
}

void descent_keep_inside(float *x_D, int D, double limit)
{
    double norm = sqrt(dot(x_D, x_D, D));
    if (limit > 0 && norm > limit)
        for (int d = 0; d < D; d++)
            x_D[d] = (float)((double)x_D[d] * limit / norm);
}

static void drop_outward(float *gradient_D, const float *x_D, int D, double limit)
{
    const double surface = 1 - 1e-5; /* float rounding leaves projected points this close to it */
    double square = dot(x_D, x_D, D), inward = dot(gradient_D, x_D, D);
    if (limit > 0 && inward < 0 && sqrt(square) > surface * limit)
        for (int d = 0; d < D; d++)
            gradient_D[d] -= (float)(inward / square * (double)x_D[d]);
}

void descent_step(float *x_D, float *gradient_D, float *first_D, float *second_D, int D, int step,
                  double rate, double limit)
{
    const double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
    double fix1 = 1 - pow(beta1, step), fix2 = 1 - pow(beta2, step);
    drop_outward(gradient_D, x_D, D, limit);
    for (int d = 0; d < D; d++) {
        double g = (double)gradient_D[d];
        first_D[d] = (float)(beta1 * (double)first_D[d] + (1 - beta1) * g);
        second_D[d] = (float)(beta2 * (double)second_D[d] + (1 - beta2) * g * g);
        x_D[d] -=
            (float)(rate * ((double)first_D[d] / fix1) / (sqrt((double)second_D[d] / fix2) + eps));
    }
    descent_keep_inside(x_D, D, limit);
}
