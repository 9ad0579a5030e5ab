/* The largest is taken off first, so that nothing overflows. */
#include "base/log_sum.h"
#include <math.h>

double lanes_total(const double lane[SUM_LANES])
{
    double total = 0;
    for (int j = 0; j < SUM_LANES; j++)
        total += lane[j];
    return total;
}

double log_sum_exp(const float *x, int n)
{
    double lane[SUM_LANES] = {0};
    float largest = x[0];
    for (int i = 1; i < n; i++)
        largest = x[i] > largest ? x[i] : largest;
    double most = (double)largest;
    int i = 0;
    for (; i + SUM_LANES <= n; i += SUM_LANES)
        for (int j = 0; j < SUM_LANES; j++)
            lane[j] += exp_wide((double)x[i + j] - most);
    for (int j = 0; i < n; i++, j++)
        lane[j] += exp_wide((double)x[i] - most);
    return most + log(lanes_total(lane));
}
