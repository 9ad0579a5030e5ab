/* Log-sum-exp with its largest term taken out first. */
#include "invert/smooth_max.h"
#include <math.h>

double smooth_max(float *weight_n, const float *x_n, int n, double softness)
{
    double max = (double)-INFINITY, total = 0;
    for (int i = 0; i < n; i++)
        max = fmax(max, (double)x_n[i]);
    for (int i = 0; i < n; i++)
        total += exp(((double)x_n[i] - max) / softness);
    for (int i = 0; i < n && weight_n; i++)
        weight_n[i] = (float)(exp(((double)x_n[i] - max) / softness) / total);
    return max + softness * log(total);
}
