/* The cpu backend: optimised inputs, rows and sequences to the pool. */
#include "compute/cpu.h"
#include "compute/descent.h"
#include "compute/install.h"

enum { SPAN = 8 }; /* rows of a block */

typedef struct descent_task {
    double *out;
    float *x, *d_x, *first, *second;
    const float *gradient, *from, *e;
    const double *weight_N;
    const near_rows *near;
    const descent_settings *settings;
    double weight;
    int T, C;
} descent_task;

static void distance_span(void *context, int first, int end)
{
    const descent_task *t = context;
    for (int n = first; n < end; n++)
        row_distance(t->out, t->d_x, t->from, t->e, t->weight_N, n, t->C);
}

static void cpu_row_distances(backend *be, double *distance_N, float *d_x_NC, const float *x_NC,
                              const float *e_NC, const double *weight_N, int N, int C)
{
    descent_task t = {
        .out = distance_N, .d_x = d_x_NC, .from = x_NC, .e = e_NC, .weight_N = weight_N, .C = C};
    pool_share(be->pool, N, SPAN, distance_span, &t);
}

static void cosines_of(void *context, int b)
{
    const descent_task *t = context;
    near_cosines_of(t->out, t->d_x, t->from, t->near, t->weight, b, t->T, t->C);
}

static void cpu_near_cosines(backend *be, double *mean_B, float *d_x_BTC, const float *x_BTC,
                             const near_rows *near, double weight, int B, int T, int C)
{
    descent_task t = {.out = mean_B,
                      .d_x = d_x_BTC,
                      .from = x_BTC,
                      .near = near,
                      .weight = weight,
                      .T = T,
                      .C = C};
    pool_run(be->pool, B, cosines_of, &t);
}

static void descent_span(void *context, int first, int end)
{
    const descent_task *t = context;
    for (int n = first; n < end; n++)
        descend_row(t->x, t->gradient, t->first, t->second, t->settings, n, t->C);
}

static void cpu_descend_rows(backend *be, float *x_NC, const float *gradient_NC, float *first_NC,
                             float *second_NC, const descent_settings *s, int N, int C)
{
    descent_task t = {.x = x_NC,
                      .gradient = gradient_NC,
                      .first = first_NC,
                      .second = second_NC,
                      .settings = s,
                      .C = C};
    pool_share(be->pool, N, SPAN, descent_span, &t);
}

void cpu_install_descent(backend *be)
{
    be->row_distances = cpu_row_distances;
    be->near_cosines = cpu_near_cosines;
    be->descend_rows = cpu_descend_rows;
}
