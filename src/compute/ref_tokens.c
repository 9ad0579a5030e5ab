/* The reference backend: embedding rows, the loss, the optimiser. */
#include "base/memory.h"
#include "compute/install.h"
#include <math.h>

static void ref_gather_rows(backend *be, float *x_ND, const void *table_VD, number_type type,
                            const int32_t *ids_N, float scale, int N, int V, int D)
{
    (void)V;
    size_t row_size = (size_t)D * number_size(type);
    for (int n = 0; n < N; n++) {
        if (ids_N[n] < 0)
            continue;
        const char *row = ROW((const char *)table_VD, ids_N[n], row_size);
        be->widen(be, ROW(x_ND, n, D), row, type, (size_t)D);
        be->scale(be, ROW(x_ND, n, D), scale, (size_t)D);
    }
}

static void ref_scatter_add_rows(backend *be, float *table_VD, const float *x_ND,
                                 const int32_t *ids_N, float scale, int N, int V, int D)
{
    (void)be;
    (void)V;
    for (int n = 0; n < N; n++)
        for (int d = 0; d < D && ids_N[n] >= 0; d++)
            ROW(table_VD, ids_N[n], D)[d] += scale * ROW(x_ND, n, D)[d];
}

static void ref_cross_entropy(backend *be, float *loss_N, float *d_logits_NV,
                              const float *logits_NV, const int32_t *targets_N, float scale, int N,
                              int V)
{
    (void)be;
    for (int n = 0; n < N; n++) {
        const float *x = ROW(logits_NV, n, V);
        int target = targets_N[n];
        double largest = -HUGE_VAL, sum = 0;
        for (int v = 0; v < V; v++)
            largest = fmax(largest, (double)x[v]);
        for (int v = 0; v < V; v++)
            sum += exp((double)x[v] - largest);
        double log_sum = largest + log(sum);
        loss_N[n] = target < 0 ? 0 : (float)(log_sum - (double)x[target]);
        for (int v = 0; v < V && d_logits_NV; v++) {
            double p = exp((double)x[v] - log_sum);
            ROW(d_logits_NV, n, V)
            [v] = target < 0 ? 0 : (float)((double)scale * (p - (v == target)));
        }
    }
}

static void ref_adamw(backend *be, float *value, const float *gradient, float *first, float *second,
                      size_t n, const adamw_settings *s)
{
    (void)be;
    double b1 = (double)s->beta1, b2 = (double)s->beta2, rate = (double)s->learning_rate;
    double correct1 = 1 - pow(b1, s->step), correct2 = 1 - pow(b2, s->step);
    for (size_t i = 0; i < n; i++) {
        double g = (double)gradient[i] * (double)s->gradient_scale;
        double m = b1 * (double)first[i] + (1 - b1) * g;
        double v = b2 * (double)second[i] + (1 - b2) * g * g;
        first[i] = (float)m;
        second[i] = (float)v;
        double step = m / correct1 / (sqrt(v / correct2) + (double)s->eps);
        double decay = (double)s->weight_decay * (double)value[i];
        value[i] = (float)((double)value[i] - rate * (step + decay));
    }
}

void ref_install_tokens(backend *be)
{
    be->gather_rows = ref_gather_rows;
    be->scatter_add_rows = ref_scatter_add_rows;
    be->cross_entropy = ref_cross_entropy;
    be->adamw = ref_adamw;
}
