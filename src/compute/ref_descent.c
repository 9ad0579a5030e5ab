/* The reference backend: what optimised inputs pay, and how they move. */
#include "base/memory.h"
#include "compute/descent.h"
#include "compute/install.h"

static double dot(const float *a_C, const float *b_C, int C)
{
    double sum = 0;
    for (int c = 0; c < C; c++)
        sum += (double)a_C[c] * (double)b_C[c];
    return sum;
}

/* ---- distance -----------------------------------------------------------------------------------
 */

void row_distance(double *distance_N, float *d_x_NC, const float *x_NC, const float *e_NC,
                  const double *weight_N, int n, int C)
{
    const float *x = ROW(x_NC, n, C), *e = ROW(e_NC, n, C);
    float *d_x = ROW(d_x_NC, n, C);
    double squares = 0;
    for (int c = 0; c < C; c++)
        squares += ((double)x[c] - (double)e[c]) * ((double)x[c] - (double)e[c]);
    double distance = sqrt(squares);
    distance_N[n] = distance;
    for (int c = 0; c < C && distance > 0; c++)
        d_x[c] += (float)(weight_N[n] * ((double)x[c] - (double)e[c]) / distance);
}

static void ref_row_distances(backend *be, double *distance_N, float *d_x_NC, const float *x_NC,
                              const float *e_NC, const double *weight_N, int N, int C)
{
    (void)be;
    for (int n = 0; n < N; n++)
        row_distance(distance_N, d_x_NC, x_NC, e_NC, weight_N, n, C);
}

/* ---- cosines ------------------------------------------------------------------------------------
 */

/* What a pair of rows costs; adds weight times its gradient. */
static double pair_cost(float *d_a, float *d_b, const float *a, const float *b, int C, double floor,
                        double weight)
{
    double a2 = 0, b2 = 0, product = 0;
    for (int c = 0; c < C; c++) {
        product += (double)a[c] * (double)b[c];
        a2 += (double)a[c] * (double)a[c];
        b2 += (double)b[c] * (double)b[c];
    }
    double lengths = sqrt(a2) * sqrt(b2), cosine = cosine_of(product, lengths);
    if (!(cosine > floor))
        return 0;
    for (int c = 0; c < C && lengths > 0; c++) {
        d_a[c] += (float)(weight * cosine_slope(a[c], b[c], cosine, a2, lengths));
        d_b[c] += (float)(weight * cosine_slope(b[c], a[c], cosine, b2, lengths));
    }
    return cosine_cost(cosine, floor);
}

void near_cosines_of(double *mean_B, float *d_x_BTC, const float *x_BTC, const near_rows *near,
                     double weight, int b, int T, int C)
{
    const float *x = ROW(ROW(x_BTC, b * T, C), near->first, C);
    float *d_x = ROW(ROW(d_x_BTC, b * T, C), near->first, C);
    int n = near->length_B ? near->length_B[b] : T - near->first;
    double total = 0, pairs = near_pairs(n, near->window);
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n && j <= i + near->window; j++)
            total += pair_cost(ROW(d_x, i, C), ROW(d_x, j, C), ROW(x, i, C), ROW(x, j, C), C,
                               near->floor, weight / pairs);
    mean_B[b] = pairs > 0 ? total / pairs : 0;
}

static void ref_near_cosines(backend *be, double *mean_B, float *d_x_BTC, const float *x_BTC,
                             const near_rows *near, double weight, int B, int T, int C)
{
    (void)be;
    for (int b = 0; b < B; b++)
        near_cosines_of(mean_B, d_x_BTC, x_BTC, near, weight, b, T, C);
}

/* ---- descent ------------------------------------------------------------------------------------
 */

void keep_inside(float *x_C, int C, double limit)
{
    double length = sqrt(dot(x_C, x_C, C));
    if (limit > 0 && length > limit)
        for (int c = 0; c < C; c++)
            x_C[c] = (float)((double)x_C[c] * limit / length);
}

void adam_row(float *x_n, const float *gradient_n, float *first_n, float *second_n, int n, int step,
              double rate, double beta2)
{
    adam_constants constants = adam_constants_of(step, rate, beta2);
    for (int i = 0; i < n; i++)
        x_n[i] = adam_element(x_n[i], &first_n[i], &second_n[i], gradient_n[i], &constants);
}

void descend_row(float *x_NC, const float *gradient_NC, float *first_NC, float *second_NC,
                 const descent_settings *s, int n, int C)
{
    float *x = ROW(x_NC, n, C), *first = ROW(first_NC, n, C), *second = ROW(second_NC, n, C);
    const float *gradient = ROW(gradient_NC, n, C);
    if (s->step_N[n] == 0)
        return;
    adam_constants constants = adam_constants_of(s->step_N[n], s->rate, s->beta2);
    double square = dot(x, x, C), inward = dot(gradient, x, C);
    double outward = leads_outward(square, inward, s->limit) ? inward / square : 0;
    for (int c = 0; c < C; c++) {
        float along = gradient[c] - (float)(outward * (double)x[c]);
        x[c] = adam_element(x[c], &first[c], &second[c], along, &constants);
    }
    keep_inside(x, C, s->limit);
    if (!s->target_NC || !(s->pull_N[n] > 0))
        return;
    for (int c = 0; c < C; c++)
        x[c] += (float)(s->pull_N[n] * ((double)ROW(s->target_NC, n, C)[c] - (double)x[c]));
    keep_inside(x, C, s->limit);
}

static void ref_descend_rows(backend *be, float *x_NC, const float *gradient_NC, float *first_NC,
                             float *second_NC, const descent_settings *s, int N, int C)
{
    (void)be;
    for (int n = 0; n < N; n++)
        descend_row(x_NC, gradient_NC, first_NC, second_NC, s, n, C);
}

void ref_install_descent(backend *be)
{
    be->row_distances = ref_row_distances;
    be->near_cosines = ref_near_cosines;
    be->descend_rows = ref_descend_rows;
}
