/* Greedy k-means++ seeding. */
#include "features/kmeans.h"
#include "base/memory.h"
#include "base/progress.h"
#include "features/distance.h"
#include <math.h>
#include <string.h>

enum { ROWS_PER_TASK = 128 };

typedef struct seeding {
    const float *x_ND;
    int n, d;
    const double *nearest_N; /* squared distance to the nearest seed so far */
    const float *candidate_D;
    double *lowered_N; /* nearest_N were the candidate a seed */
} seeding;

static void lower_distances(void *context, int from, int to)
{
    seeding *s = context;
    for (int i = from; i < to; i++) {
        double distance = square_distance(s->candidate_D, ROW(s->x_ND, i, s->d), s->d);
        s->lowered_N[i] = fmin(s->nearest_N[i], distance);
    }
}

/* The first row where the running sum of nearest_N reaches `mark`. */
static int row_at(const double *nearest_N, int n, double mark)
{
    double sum = 0;
    for (int i = 0; i < n; i++) {
        sum += nearest_N[i];
        if (sum >= mark)
            return i;
    }
    return n - 1;
}

static double sum_of(const double *value_N, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += value_N[i];
    return sum;
}

static void put_centre(double *centre_D, const float *x_D, int d)
{
    for (int j = 0; j < d; j++)
        centre_D[j] = (double)x_D[j];
}

/* Draws `trials` rows and keeps the one that lowers the sum most; buffer_3N holds the distances as
 * they are, as the trial makes them and as the best trial makes them. */
static int choose_seed(seeding *s, double *buffer_3N, int trials, rng *random, pool *workers)
{
    double *nearest = buffer_3N, *lowered = ROW(buffer_3N, 1, s->n);
    double *best = ROW(buffer_3N, 2, s->n);
    double total = sum_of(nearest, s->n), best_sum = HUGE_VAL;
    int chosen = 0;
    for (int t = 0; t < trials; t++) {
        int row = row_at(nearest, s->n, rng_uniform(random) * total);
        *s = (seeding){s->x_ND, s->n, s->d, nearest, ROW(s->x_ND, row, s->d), lowered};
        pool_share(workers, s->n, ROWS_PER_TASK, lower_distances, s);
        double sum = sum_of(lowered, s->n);
        if (sum < best_sum) {
            best_sum = sum;
            chosen = row;
            memcpy(best, lowered, (size_t)s->n * sizeof *best);
        }
    }
    memcpy(nearest, best, (size_t)s->n * sizeof *nearest);
    return chosen;
}

err_code kmeans_seed(double *start_CD, const float *x_ND, int n, int d, int n_clusters, rng *random,
                     pool *workers, err *e)
{
    double *buffer_3N = mem_array((size_t)n * 3, sizeof *buffer_3N, "seed distances", e);
    if (!buffer_3N)
        return e->code;
    seeding s = {.x_ND = x_ND, .n = n, .d = d};
    int first = (int)rng_below(random, (uint32_t)n), trials = 2 + (int)log(n_clusters);
    put_centre(start_CD, ROW(x_ND, first, d), d);
    for (int i = 0; i < n; i++)
        buffer_3N[i] = square_distance(ROW(x_ND, first, d), ROW(x_ND, i, d), d);
    err_code code = OK;
    for (int c = 1; c < n_clusters && !(code = cancel_check(e)); c++) {
        int row = choose_seed(&s, buffer_3N, trials, random, workers);
        put_centre(ROW(start_CD, c, d), ROW(x_ND, row, d), d);
    }
    mem_free(buffer_3N);
    return code;
}
