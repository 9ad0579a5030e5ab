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

void adam_step(float *x_n, const float *gradient_n, float *first_n, float *second_n, int n,
               int step, double rate, double beta2)
{
    const double beta1 = 0.9, eps = 1e-8;
    double fix1 = 1 - pow(beta1, step), fix2 = 1 - pow(beta2, step);
    for (int i = 0; i < n; i++) {
        double g = (double)gradient_n[i];
        first_n[i] = (float)(beta1 * (double)first_n[i] + (1 - beta1) * g);
        second_n[i] = (float)(beta2 * (double)second_n[i] + (1 - beta2) * g * g);
        x_n[i] -=
            (float)(rate * ((double)first_n[i] / fix1) / (sqrt((double)second_n[i] / fix2) + eps));
    }
}

void descent_step(float *x_D, float *gradient_D, float *first_D, float *second_D, int D, int step,
                  double rate, double limit)
{
    drop_outward(gradient_D, x_D, D, limit);
    adam_step(x_D, gradient_D, first_D, second_D, D, step, rate, 0.999);
    descent_keep_inside(x_D, D, limit);
}
