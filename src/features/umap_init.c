/* Where UMAP starts: a spectral layout (Belkin and Niyogi 2003) of each connected part of the
 * graph. Several parts are set around the principal components of their centroids, each within half
 * the distance to its nearest neighbour part. */
#include "base/memory.h"
#include "base/rng.h"
#include "features/lanczos.h"
#include "features/pca.h"
#include "features/umap_parts.h"
#include <math.h>
#include <stdbool.h>

/* Only a starting point: near enough is good, as umap-learn's tolerance of 1e-4 says too. */
enum { ROUGH_STEPS = 30, ROUGH_MORE = 2, DEGREE = 4, STEPS_MAX = 200 };
#define EIGEN_TOLERANCE 1e-4
#define NOISE 1e-4 /* beside coordinates up to 10, so that no two rows start at one place */

/* The graph's connected parts, ordered by their smallest row. */
typedef struct parts {
    int n_parts;
    int *part_N;   /* of each row */
    int *start;    /* n_parts + 1 */
    int *member_N; /* rows part by part, rising */
    int *place_N;  /* a row's place among its part's members */
} parts;

static void parts_release(parts *p)
{
    mem_free(p->part_N);
    mem_free(p->start);
    mem_free(p->member_N);
    mem_free(p->place_N);
}

static void mark_part(int *part_N, int *queue_N, const umap_graph *g, int first, int part)
{
    int filled = 1;
    queue_N[0] = first;
    part_N[first] = part;
    for (int at = 0; at < filled; at++)
        for (int i = g->start[queue_N[at]]; i < g->start[queue_N[at] + 1]; i++)
            if (part_N[g->column[i]] < 0) {
                part_N[g->column[i]] = part;
                queue_N[filled++] = g->column[i];
            }
}

static err_code parts_find(parts *p, const umap_graph *g, err *e)
{
    size_t n = (size_t)g->n;
    *p = (parts){0};
    (void)((p->part_N = mem_array(n, sizeof *p->part_N, "graph parts", e)) &&
           (p->member_N = mem_array(n, sizeof *p->member_N, "graph parts", e)) &&
           (p->place_N = mem_array(n, sizeof *p->place_N, "graph parts", e)) &&
           (p->start = mem_array(n + 1, sizeof *p->start, "graph parts", e)));
    if (!p->start)
        return e->code;
    for (int i = 0; i < g->n; i++)
        p->part_N[i] = -1;
    for (int i = 0; i < g->n; i++)
        if (p->part_N[i] < 0)
            mark_part(p->part_N, p->member_N, g, i, p->n_parts++);
    for (int i = 0; i < g->n; i++)
        p->start[p->part_N[i] + 1]++;
    for (int c = 0; c < p->n_parts; c++)
        p->start[c + 1] += p->start[c];
    int *filled = mem_small((size_t)p->n_parts, sizeof *filled);
    for (int i = 0; i < g->n; i++) {
        p->place_N[i] = filled[p->part_N[i]]++;
        p->member_N[p->start[p->part_N[i]] + p->place_N[i]] = i;
    }
    mem_free(filled);
    return OK;
}

/* D^-1/2 W D^-1/2 of one part: its largest eigenvectors are the Laplacian's smallest. Its rows are
 * laid out for products, which are most of the work; in double, as the gap below the largest value
 * may be smaller than single precision can tell. */
typedef struct part_matrix {
    int size;
    int *start;  /* size + 1 */
    int *column; /* place among the part's members */
    double *weight;
    double *scratch; /* twice its size */
    double below;    /* where filtered_product() begins to tell values apart */
    pool *workers;
} part_matrix;

/* Room for all parts, which are laid out one after the other. */
static err_code part_matrix_init(part_matrix *m, const umap_graph *g, pool *workers, err *e)
{
    size_t entries = (size_t)g->start[g->n];
    *m = (part_matrix){.workers = workers};
    (void)((m->start = mem_array((size_t)g->n + 1, sizeof *m->start, "part of a graph", e)) &&
           (m->column = mem_array(entries, sizeof *m->column, "part of a graph", e)) &&
           (m->scratch = mem_array(2 * (size_t)g->n, sizeof *m->scratch, "part of a graph", e)) &&
           (m->weight = mem_array(entries, sizeof *m->weight, "part of a graph", e)));
    return m->weight ? OK : e->code;
}

static void part_matrix_release(part_matrix *m)
{
    mem_free(m->start);
    mem_free(m->column);
    mem_free(m->weight);
    mem_free(m->scratch);
}

/* scale_N: 1 / sqrt(degree). */
static void part_matrix_fill(part_matrix *m, const umap_graph *g, const parts *p, int part,
                             const double *scale_N)
{
    int entry = 0;
    m->size = p->start[part + 1] - p->start[part];
    for (int r = 0; r < m->size; r++) {
        int row = p->member_N[p->start[part] + r];
        for (int i = g->start[row]; i < g->start[row + 1]; i++, entry++) {
            m->column[entry] = p->place_N[g->column[i]];
            m->weight[entry] = (double)g->weight[i] * scale_N[row] * scale_N[g->column[i]];
        }
        m->start[r + 1] = entry;
    }
}

enum { ROWS_PER_TASK = 1024 };

/* out = scale * matrix in + shift * in - before (NULL: 0); out may be before. */
typedef struct product_task {
    const part_matrix *matrix;
    double *out;
    const double *in, *before;
    double scale, shift;
} product_task;

static double row_product(const part_matrix *m, int row, const double *in)
{
    double a = 0, b = 0, c = 0, d = 0; /* sums that need not wait for one another */
    const double *weight = m->weight + m->start[row];
    const int *column = m->column + m->start[row];
    int i = 0, n = m->start[row + 1] - m->start[row];
    for (; i + 4 <= n; i += 4) {
        a += weight[i] * in[column[i]];
        b += weight[i + 1] * in[column[i + 1]];
        c += weight[i + 2] * in[column[i + 2]];
        d += weight[i + 3] * in[column[i + 3]];
    }
    for (; i < n; i++)
        a += weight[i] * in[column[i]];
    return (a + b) + (c + d);
}

static void product_rows(void *context, int first, int end)
{
    const product_task *t = context;
    for (int r = first; r < end; r++) {
        double before = t->before ? t->before[r] : 0;
        t->out[r] = t->scale * row_product(t->matrix, r, t->in) + t->shift * t->in[r] - before;
    }
}

static void run_product(product_task t)
{
    pool_share(t.matrix->workers, t.matrix->size, ROWS_PER_TASK, product_rows, &t);
}

static void part_product(void *context, double *out, const double *in)
{
    run_product((product_task){.matrix = context, .out = out, .in = in, .scale = 1});
}

/* The same eigenvectors with values further apart: T_d(y) of the matrix, T_d Chebyshev's polynomial
 * and y the line that takes -1 .. below to -1 .. 1, where T_d stays; beyond it grows fast (Saad
 * 2011, section 7.4). Products are cheap beside keeping directions orthogonal. */
static void filtered_product(void *context, double *out, const double *in)
{
    const part_matrix *m = context;
    double scale = 2 / (1 + m->below), shift = (1 - m->below) / (1 + m->below);
    double *even = m->scratch, *odd = m->scratch + m->size;
    run_product((product_task){.matrix = m, .out = odd, .in = in, .scale = scale, .shift = shift});
    for (int degree = 2; degree <= DEGREE; degree++)
        run_product((product_task){.matrix = m,
                                   .out = degree == DEGREE ? out
                                          : degree % 2     ? odd
                                                           : even,
                                   .in = degree % 2 ? even : odd,
                                   .before = degree == 2  ? in
                                             : degree % 2 ? odd
                                                          : even,
                                   .scale = 2 * scale,
                                   .shift = 2 * shift});
}

/* The k largest values and their vectors. A few steps are enough for a small part; of a large one
 * they say what is certainly below the k largest (each is at least as large as was found), and that
 * is what the filter presses down. */
static err_code find_vectors(double *vector_KS, part_matrix *m, int k, rng *random, err *e)
{
    int size = m->size, more = k + ROUGH_MORE < size ? k + ROUGH_MORE : size;
    double *value_K = mem_small((size_t)more, sizeof *value_K);
    bool converged = false;
    lanczos_limits rough = {EIGEN_TOLERANCE, ROUGH_STEPS};
    lanczos_limits limits = {EIGEN_TOLERANCE * DEGREE * DEGREE, STEPS_MAX};
    err_code code = lanczos_largest(value_K, vector_KS, &converged, part_product, m, size, more,
                                    rough, random, m->workers, e);
    m->below = value_K[more - 1];
    if (!code && !converged)
        code = lanczos_largest(value_K, vector_KS, NULL, filtered_product, m, size, k, limits,
                               random, m->workers, e);
    mem_free(value_K);
    return code;
}

/* Fills z_SE with coordinates up to 1 in magnitude for the `size` rows of a part. */
static err_code lay_out_part(double *z_SE, part_matrix *m, int n_components, rng *random, err *e)
{
    int size = m->size, k = n_components + 1;
    if (size <= k || size < 2 * n_components) { /* too few for that many eigenvectors */
        for (int i = 0; i < size * n_components; i++)
            z_SE[i] = 2 * rng_uniform(random) - 1;
        return OK;
    }
    double largest = 0, *vector_KS = mem_array((size_t)(k + ROUGH_MORE) * (size_t)size,
                                               sizeof *vector_KS, "eigenvectors", e);
    err_code code = vector_KS ? find_vectors(vector_KS, m, k, random, e) : e->code;
    for (int i = 0; !code && i < size; i++)
        for (int j = 0; j < n_components; j++) {
            z_SE[i * n_components + j] = ROW(vector_KS, j + 1, size)[i]; /* 0 is the constant one */
            largest = fmax(largest, fabs(ROW(vector_KS, j + 1, size)[i]));
        }
    for (int i = 0; largest > 0 && i < size * n_components; i++)
        z_SE[i] /= largest;
    mem_free(vector_KS);
    return code;
}

static void part_centroids(float *centroid_CD, const parts *p, const float *x_ND, int d)
{
    double *sum_D = mem_small((size_t)d, sizeof *sum_D);
    for (int c = 0; c < p->n_parts; c++) {
        int size = p->start[c + 1] - p->start[c];
        for (int j = 0; j < d; j++)
            sum_D[j] = 0;
        for (int i = p->start[c]; i < p->start[c + 1]; i++)
            for (int j = 0; j < d; j++)
                sum_D[j] += (double)ROW(x_ND, p->member_N[i], d)[j];
        for (int j = 0; j < d; j++)
            ROW(centroid_CD, c, d)[j] = (float)(sum_D[j] / size);
    }
    mem_free(sum_D);
}

/* centre_CE: scores of the centroids, up to 1 in magnitude. One part stands at 0. */
static err_code place_parts(double *centre_CE, const parts *p, const float *x_ND, int d,
                            int n_components, pool *workers, err *e)
{
    int c = p->n_parts, k = n_components;
    k = k < c ? k : c;
    k = k < d ? k : d;
    if (c == 1)
        return OK;
    size_t cells = (size_t)c * (size_t)d;
    float *centroid_CD = mem_array(cells, sizeof *centroid_CD, "centroids of graph parts", e);
    if (!centroid_CD)
        return e->code;
    part_centroids(centroid_CD, p, x_ND, d);
    pca_result pca = {0};
    err_code code = pca_fit(&pca, centroid_CD, c, d, k, workers, e);
    double largest = 0;
    for (int i = 0; !code && i < c * k; i++)
        largest = fmax(largest, fabs((double)pca.score_NK[i]));
    for (int i = 0; !code && largest > 0 && i < c; i++)
        for (int j = 0; j < k; j++)
            centre_CE[i * n_components + j] = (double)ROW(pca.score_NK, i, k)[j] / largest;
    pca_release(&pca);
    mem_free(centroid_CD);
    return code;
}

/* Half the distance to the nearest other part that is elsewhere; 1 when there is none. */
static double part_radius(const double *centre_CE, int part, int n_parts, int n_components)
{
    double nearest = HUGE_VAL;
    for (int c = 0; c < n_parts; c++) {
        double square = 0;
        for (int j = 0; j < n_components; j++) {
            double apart =
                ROW(centre_CE, c, n_components)[j] - ROW(centre_CE, part, n_components)[j];
            square += apart * apart;
        }
        if (square > 0)
            nearest = fmin(nearest, sqrt(square));
    }
    return isinf(nearest) ? 1 : nearest / 2;
}

static void row_scales(double *scale_N, const umap_graph *g)
{
    for (int row = 0; row < g->n; row++) {
        double degree = 0;
        for (int i = g->start[row]; i < g->start[row + 1]; i++)
            degree += (double)g->weight[i];
        scale_N[row] = degree > 0 ? 1 / sqrt(degree) : 0;
    }
}

/* Scales to magnitude 10, adds noise, and stretches every column to 0 .. 10. */
static void finish_start(float *y_NE, const double *z_NE, int n, int n_components, rng *random)
{
    double largest = 0;
    for (int i = 0; i < n * n_components; i++)
        largest = fmax(largest, fabs(z_NE[i]));
    double scale = largest > 0 ? 10 / largest : 0;
    for (int i = 0; i < n * n_components; i++)
        y_NE[i] = (float)(z_NE[i] * scale + NOISE * rng_normal(random));
    for (int j = 0; j < n_components; j++) {
        float low = y_NE[j], high = y_NE[j];
        for (int i = 0; i < n; i++) {
            low = fminf(low, ROW(y_NE, i, n_components)[j]);
            high = fmaxf(high, ROW(y_NE, i, n_components)[j]);
        }
        for (int i = 0; high > low && i < n; i++) {
            float *y = ROW(y_NE, i, n_components) + j;
            *y = 10 * (*y - low) / (high - low);
        }
    }
}

/* Lays out every part around its centre. part_SE is scratch for the largest. */
static err_code lay_out_parts(double *z_NE, double *part_SE, const double *centre_CE,
                              const parts *p, const umap_graph *g, const double *scale_N,
                              int n_components, const rng *stream, pool *workers, err *e)
{
    part_matrix m;
    err_code code = part_matrix_init(&m, g, workers, e);
    for (int c = 0; !code && c < p->n_parts; c++) {
        double radius = part_radius(centre_CE, c, p->n_parts, n_components);
        rng random = rng_split(stream, (uint64_t)c);
        part_matrix_fill(&m, g, p, c, scale_N);
        code = lay_out_part(part_SE, &m, n_components, &random, e);
        for (int i = 0; !code && i < m.size; i++)
            for (int j = 0; j < n_components; j++)
                ROW(z_NE, p->member_N[p->start[c] + i], n_components)
        [j] = ROW(centre_CE, c, n_components)[j] + radius * ROW(part_SE, i, n_components)[j];
    }
    part_matrix_release(&m);
    return code;
}

err_code umap_start(float *y_NE, int *n_parts, const umap_graph *g, const float *x_ND, int d,
                    int n_components, uint64_t seed, pool *workers, err *e)
{
    size_t cells = (size_t)g->n * (size_t)n_components;
    rng stream = rng_stream(seed, "umap start");
    rng noise = rng_split(&stream, (uint64_t)g->n);
    double *centre_CE = NULL, *z_NE = NULL, *part_SE = NULL, *scale_N = NULL;
    parts p = {0};
    err_code code = parts_find(&p, g, e);
    (void)(!code && (centre_CE = mem_array(cells, sizeof *centre_CE, "part centres", e)) &&
           (z_NE = mem_array(cells, sizeof *z_NE, "first map", e)) &&
           (part_SE = mem_array(cells, sizeof *part_SE, "first map", e)) &&
           (scale_N = mem_array((size_t)g->n, sizeof *scale_N, "graph degrees", e)));
    if (!scale_N)
        code = e->code;
    if (!code)
        code = place_parts(centre_CE, &p, x_ND, d, n_components, workers, e);
    if (!code) {
        row_scales(scale_N, g);
        code = lay_out_parts(z_NE, part_SE, centre_CE, &p, g, scale_N, n_components, &stream,
                             workers, e);
    }
    if (!code)
        finish_start(y_NE, z_NE, g->n, n_components, &noise);
    *n_parts = p.n_parts;
    parts_release(&p);
    mem_free(centre_CE);
    mem_free(z_NE);
    mem_free(part_SE);
    mem_free(scale_N);
    return code;
}
