/* Euclidean and cosine distances in double. The sums run in LANES parallel strands that are joined
 * in a fixed order: the compiler can vectorise that without being allowed to reorder anything. */
#include "features/distance.h"
#include "base/memory.h"
#include <math.h>

enum { LANES = 16 };

static double join_lanes(const double lane[LANES])
{
    double sum = 0;
    for (int i = 0; i < LANES; i++)
        sum += lane[i];
    return sum;
}

double square_distance(const float *a_D, const float *b_D, int d)
{
    double lane[LANES] = {0};
    int i = 0;
    for (; i + LANES <= d; i += LANES)
        for (int k = 0; k < LANES; k++) {
            double difference = (double)a_D[i + k] - (double)b_D[i + k];
            lane[k] += difference * difference;
        }
    for (; i < d; i++) {
        double difference = (double)a_D[i] - (double)b_D[i];
        lane[i % LANES] += difference * difference;
    }
    return join_lanes(lane);
}

double square_distance_to(const double *a_D, const float *b_D, int d)
{
    double lane[LANES] = {0};
    int i = 0;
    for (; i + LANES <= d; i += LANES)
        for (int k = 0; k < LANES; k++) {
            double difference = a_D[i + k] - (double)b_D[i + k];
            lane[k] += difference * difference;
        }
    for (; i < d; i++) {
        double difference = a_D[i] - (double)b_D[i];
        lane[i % LANES] += difference * difference;
    }
    return join_lanes(lane);
}

double dot_product(const float *a_D, const float *b_D, int d)
{
    double lane[LANES] = {0};
    int i = 0;
    for (; i + LANES <= d; i += LANES)
        for (int k = 0; k < LANES; k++)
            lane[k] += (double)a_D[i + k] * (double)b_D[i + k];
    for (; i < d; i++)
        lane[i % LANES] += (double)a_D[i] * (double)b_D[i];
    return join_lanes(lane);
}

double dot_product_with(const double *a_D, const float *b_D, int d)
{
    double lane[LANES] = {0};
    int i = 0;
    for (; i + LANES <= d; i += LANES)
        for (int k = 0; k < LANES; k++)
            lane[k] += a_D[i + k] * (double)b_D[i + k];
    for (; i < d; i++)
        lane[i % LANES] += a_D[i] * (double)b_D[i];
    return join_lanes(lane);
}

const char *metric_name(metric m)
{
    return m == METRIC_COSINE ? "cosine" : "euclidean";
}

err_code points_init(points *out, const float *x_ND, int n, int d, metric m, const char *who,
                     err *e)
{
    *out = (points){.x_ND = x_ND, .n = n, .d = d, .metric = m};
    if (n < 1 || d < 1)
        return err_set(e, E_DATA, "%s: a matrix of %d rows and %d columns has nothing to work with",
                       who, n, d);
    double *square_N = mem_array((size_t)n, sizeof *square_N, "squared lengths", e);
    if (!square_N)
        return e->code;
    for (int i = 0; i < n; i++) {
        const float *x_D = ROW(x_ND, i, d);
        for (int j = 0; j < d; j++)
            if (!isfinite(x_D[j])) {
                mem_free(square_N);
                return err_set(e, E_NUMERIC, "%s: row %d, column %d is %s; only finite numbers can "
                               "be compared", who, i, j, isnan(x_D[j]) ? "NaN" : "infinite");
            }
        square_N[i] = dot_product(x_D, x_D, d);
    }
    out->square_N = square_N;
    return OK;
}

void points_release(points *p)
{
    mem_free(p->square_N);
    *p = (points){0};
}

/* sqrt(s * s) == s exactly, so a row is exactly 0 from its copies under cosine too. */
static double cosine_distance(const points *p, int i, int j)
{
    double squares = p->square_N[i] * p->square_N[j];
    if (!(squares > 0))
        return p->square_N[i] > 0 || p->square_N[j] > 0 ? 1 : 0;
    double dot = dot_product(ROW(p->x_ND, i, p->d), ROW(p->x_ND, j, p->d), p->d);
    double distance = 1 - dot / sqrt(squares);
    return distance < 0 ? 0 : distance > 2 ? 2 : distance;
}

double points_distance(const points *p, int i, int j)
{
    if (p->metric == METRIC_COSINE)
        return cosine_distance(p, i, j);
    return sqrt(square_distance(ROW(p->x_ND, i, p->d), ROW(p->x_ND, j, p->d), p->d));
}
