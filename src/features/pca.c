/* PCA: eigenvectors of the scatter matrix, which Lanczos sees only as x_c^T (x_c v). */
#include "features/pca.h"
#include "base/memory.h"
#include "base/rng.h"
#include "features/distance.h"
#include "features/lanczos.h"
#include <math.h>

enum { ROWS_PER_TASK = 64, COLUMNS_PER_TASK = 32 };

/* Entries within rounding of each other count as equal, so that rounding picks no sign. */
#define SAME_SIZE 1e-6

typedef struct scatter {
    const float *x_ND;
    const double *mean_D;
    int n, d;
    pool *workers;
    double *along_N; /* (x - mean) . v */
    double along_sum, mean_along;
    const double *v_D;
    double *product_D;
} scatter;

static void project_rows(void *context, int from, int to)
{
    scatter *s = context;
    for (int i = from; i < to; i++)
        s->along_N[i] = dot_product_with(s->v_D, ROW(s->x_ND, i, s->d), s->d) - s->mean_along;
}

static void gather_columns(void *context, int from, int to)
{
    scatter *s = context;
    for (int j = from; j < to; j++)
        s->product_D[j] = -s->mean_D[j] * s->along_sum;
    for (int i = 0; i < s->n; i++) {
        const float *x_D = ROW(s->x_ND, i, s->d);
        for (int j = from; j < to; j++)
            s->product_D[j] += s->along_N[i] * (double)x_D[j];
    }
}

/* Fills along_N for a direction. */
static void project(scatter *s, const double *v_D)
{
    s->v_D = v_D;
    s->mean_along = 0;
    for (int j = 0; j < s->d; j++)
        s->mean_along += s->mean_D[j] * v_D[j];
    pool_share(s->workers, s->n, ROWS_PER_TASK, project_rows, s);
}

static void scatter_product(void *context, double *out_D, const double *in_D)
{
    scatter *s = context;
    project(s, in_D);
    s->along_sum = 0;
    for (int i = 0; i < s->n; i++)
        s->along_sum += s->along_N[i];
    s->product_D = out_D;
    pool_share(s->workers, s->d, COLUMNS_PER_TASK, gather_columns, s);
}

static void column_means(double *mean_D, const float *x_ND, int n, int d)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < d; j++)
            mean_D[j] += (double)ROW(x_ND, i, d)[j];
    for (int j = 0; j < d; j++)
        mean_D[j] /= n;
}

static double total_scatter(const float *x_ND, const double *mean_D, int n, int d)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += square_distance_to(mean_D, ROW(x_ND, i, d), d);
    return sum;
}

static void fix_sign(double *component_D, int d)
{
    int largest = 0;
    for (int j = 1; j < d; j++)
        if (fabs(component_D[j]) > fabs(component_D[largest]) * (1 + SAME_SIZE))
            largest = j;
    double sign = component_D[largest] < 0 ? -1 : 1;
    for (int j = 0; j < d; j++)
        component_D[j] *= sign;
}

static void finish(pca_result *r, scatter *s)
{
    double total = total_scatter(s->x_ND, r->mean_D, r->n, r->d);
    for (int k = 0; k < r->k; k++) {
        double along = fmax(r->variance_K[k], 0); /* eigenvalue of the scatter matrix */
        r->variance_K[k] = r->n > 1 ? along / (r->n - 1) : 0;
        r->share_K[k] = total > 0 ? fmin(along / total, 1) : 0;
        fix_sign(ROW(r->component_KD, k, r->d), r->d);
        project(s, ROW(r->component_KD, k, r->d));
        for (int i = 0; i < r->n; i++)
            ROW(r->score_NK, i, r->k)[k] = (float)s->along_N[i];
    }
}

static err_code fit(pca_result *r, const float *x_ND, pool *workers, err *e)
{
    size_t n = (size_t)r->n, d = (size_t)r->d, k = (size_t)r->k;
    scatter s = {.x_ND = x_ND, .n = r->n, .d = r->d, .workers = workers};
    (void)((r->mean_D = mem_array(d, sizeof *r->mean_D, "column means", e)) &&
           (r->component_KD = mem_array(k * d, sizeof *r->component_KD, "components", e)) &&
           (r->variance_K = mem_array(k, sizeof *r->variance_K, "variances", e)) &&
           (r->share_K = mem_array(k, sizeof *r->share_K, "variances", e)) &&
           (r->score_NK = mem_array(n * k, sizeof *r->score_NK, "component scores", e)) &&
           (s.along_N = mem_array(n, sizeof *s.along_N, "component scores", e)));
    if (!s.along_N)
        return e->code;
    column_means(r->mean_D, x_ND, r->n, r->d);
    s.mean_D = r->mean_D;
    rng random = rng_stream(0, "pca"); /* only where the search starts: the answer is unique */
    lanczos_limits limits = {.tolerance = 1e-9, .max_steps = r->d};
    err_code code = lanczos_largest(r->variance_K, r->component_KD, NULL, scatter_product, &s, r->d,
                                    r->k, limits, &random, workers, e);
    if (!code)
        finish(r, &s);
    mem_free(s.along_N);
    return code;
}

err_code pca_fit(pca_result *out, const float *x_ND, int n, int d, int k, pool *workers, err *e)
{
    *out = (pca_result){.n = n, .d = d, .k = k};
    points p;
    if (points_init(&p, x_ND, n, d, METRIC_EUCLIDEAN, "pca", e))
        return e->code;
    points_release(&p);
    if (k < 1 || k > n || k > d)
        return err_set(e, E_DATA,
                       "pca: %d components asked for; %d rows of %d columns have 1 to "
                       "%d",
                       k, n, d, n < d ? n : d);
    err_code code = fit(out, x_ND, workers, e);
    if (code)
        pca_release(out);
    return code;
}

void pca_release(pca_result *r)
{
    mem_free(r->mean_D);
    mem_free(r->component_KD);
    mem_free(r->variance_K);
    mem_free(r->share_K);
    mem_free(r->score_NK);
    *r = (pca_result){0};
}
