/* The two penalties on cosines. */
#include "invert/penalties.h"
#include <math.h>

static void penalise(double *mean_B, backend *be, const penalised_rows *r, int window, double floor,
                     double weight)
{
    near_rows near = {.length_B = r->length_B, .first = r->first, .window = window, .floor = floor};
    be->near_cosines(be, mean_B, r->d_x_BTC, r->x_BTC, &near, weight, r->B, r->T, r->C);
}

void penalty_diversity(double *mean_B, backend *be, const penalised_rows *rows, int window,
                       double weight)
{
    penalise(mean_B, be, rows, window, (double)-INFINITY, weight);
}

void penalty_repetition(double *mean_B, backend *be, const penalised_rows *rows, int window,
                        double weight)
{
    penalise(mean_B, be, rows, window, 0.5, weight);
}
