/* Lanczos iteration. Every new direction is made orthogonal to all earlier ones, twice, so that no
 * eigenvalue appears more often than it is there; when the directions run out (an invariant
 * subspace, as with equal rows) it goes on from a fresh random one. */
#include "features/lanczos.h"
#include "base/memory.h"
#include "base/progress.h"
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A new direction this small beside the product is rounding noise. */
#define NOTHING_LEFT 1e-12

typedef struct krylov {
    lanczos_product *product;
    void *context;
    rng *random;
    int n, steps, max_steps;
    double **basis;       /* one array of n per step, plus the next direction */
    double *alpha, *beta; /* beta[i] couples steps i and i + 1 */
    double scale;         /* the longest product so far */
    pool *workers;
    double *part_BM; /* per block of rows, its part of the products with the basis */
} krylov;

enum { ROWS_PER_TASK = 2048, CHECK_EVERY = 4 };

static double dot(const double *a_N, const double *b_N, int n)
{
    double lane[8] = {0}, sum = 0;
    int i = 0;
    for (; i + 8 <= n; i += 8)
        for (int k = 0; k < 8; k++)
            lane[k] += a_N[i + k] * b_N[i + k];
    for (; i < n; i++)
        lane[i % 8] += a_N[i] * b_N[i];
    for (int k = 0; k < 8; k++)
        sum += lane[k];
    return sum;
}

static void subtract(double *a_N, double factor, const double *b_N, int n)
{
    for (int i = 0; i < n; i++)
        a_N[i] -= factor * b_N[i];
}

typedef struct projection {
    const krylov *space;
    double *w_N, *along_M; /* the vector and its products with the first m of the basis */
    int m;
} projection;

static void project_rows(void *context, int first, int end)
{
    const projection *p = context;
    const krylov *s = p->space;
    for (int j = 0; j < p->m; j++)
        ROW(s->part_BM, first / ROWS_PER_TASK, s->max_steps)
    [j] = dot(p->w_N + first, s->basis[j] + first, end - first);
}

static void subtract_rows(void *context, int first, int end)
{
    const projection *p = context;
    const krylov *s = p->space;
    for (int j = 0; j < p->m; j++)
        subtract(p->w_N + first, p->along_M[j], s->basis[j] + first, end - first);
}

static double length_of(const double *w_N, int n)
{
    return sqrt(dot(w_N, w_N, n));
}

/* Makes w orthogonal to the first of the basis: Gram and Schmidt's way, the classical one, where
 * all products are taken of the same vector, so that blocks of rows stay in a cache. Where much was
 * taken away, what is left is rounding too, and a second time is enough (Giraud, Langou,
 * Rozloznik and van den Eshof 2005). Returns the length left. */
static double orthogonalise(const krylov *s, double *w_N, int n_against)
{
    int n_blocks = (s->n - 1) / ROWS_PER_TASK + 1;
    double *along_M = mem_small((size_t)n_against + 1, sizeof *along_M);
    projection p = {s, w_N, along_M, n_against};
    double before, length = length_of(w_N, s->n);
    int pass = 0;
    do {
        before = length;
        pool_share(s->workers, s->n, ROWS_PER_TASK, project_rows, &p);
        for (int j = 0; j < n_against; j++) {
            along_M[j] = 0;
            for (int block = 0; block < n_blocks; block++)
                along_M[j] += ROW(s->part_BM, block, s->max_steps)[j];
        }
        pool_share(s->workers, s->n, ROWS_PER_TASK, subtract_rows, &p);
        length = length_of(w_N, s->n);
    } while (++pass < 2 && length < before / 2);
    mem_free(along_M);
    return length;
}

static void scale_by(double *w_N, double factor, int n)
{
    for (int i = 0; i < n; i++)
        w_N[i] *= factor;
}

static void random_direction(const krylov *s, double *w_N, int n_against)
{
    double length = 0;
    while (!(length > 1e-3)) { /* 1: about what is left unless the basis is nearly everything */
        for (int i = 0; i < s->n; i++)
            w_N[i] = rng_normal(s->random) / sqrt(s->n - n_against);
        length = orthogonalise(s, w_N, n_against);
    }
    scale_by(w_N, 1 / length, s->n);
}

static err_code add_row(krylov *s, int row, err *e)
{
    s->basis[row] = mem_array((size_t)s->n, sizeof **s->basis, "eigenvector search space", e);
    return s->basis[row] ? OK : e->code;
}

/* One more dimension; the next direction is made too while there is one. */
static err_code extend(krylov *s, err *e)
{
    int m = s->steps;
    if (cancel_check(e) || add_row(s, m + 1, e))
        return e->code;
    double *next_N = s->basis[m + 1];
    s->product(s->context, next_N, s->basis[m]);
    s->alpha[m] = dot(next_N, s->basis[m], s->n);
    double whole = length_of(next_N, s->n);
    subtract(next_N, s->alpha[m], s->basis[m], s->n);
    if (m > 0)
        subtract(next_N, s->beta[m - 1], s->basis[m - 1], s->n);
    double length = s->beta[m] = orthogonalise(s, next_N, m + 1);
    s->scale = fmax(s->scale, whole);
    s->steps++;
    if (s->steps == s->n) {
        s->beta[m] = 0;
    } else if (length <= s->scale * NOTHING_LEFT) {
        s->beta[m] = 0;
        random_direction(s, next_N, m + 1);
    } else {
        scale_by(next_N, 1 / length, s->n);
    }
    return OK;
}

typedef struct ritz {
    double value;
    int at;
} ritz;

static int by_value(const void *left, const void *right)
{
    const ritz *a = left, *b = right;
    if (a->value != b->value)
        return a->value > b->value ? -1 : 1;
    return (a->at > b->at) - (a->at < b->at);
}

/* Eigenvalues of the projected matrix, falling; z_MR as in tridiagonal_eigen(). */
static err_code solve_projected(ritz *ritz_M, double *z_MR, const krylov *s, int r, err *e)
{
    size_t m = (size_t)s->steps;
    double *diagonal = mem_small(m, sizeof *diagonal), *off = mem_small(m, sizeof *off);
    memcpy(diagonal, s->alpha, m * sizeof *diagonal);
    memcpy(off, s->beta, m * sizeof *off);
    err_code code = tridiagonal_eigen(diagonal, off, z_MR, s->steps, r, e);
    for (int i = 0; i < s->steps; i++)
        ritz_M[i] = (ritz){diagonal[i], i};
    qsort(ritz_M, m, sizeof *ritz_M, by_value);
    mem_free(diagonal);
    mem_free(off);
    return code;
}

/* The residual of a Ritz pair is |beta_last * last component of its vector in the basis|. */
static err_code check_converged(bool *converged, ritz *ritz_M, const krylov *s, int k,
                                double tolerance, err *e)
{
    double *last_M = mem_small((size_t)s->steps, sizeof *last_M);
    last_M[s->steps - 1] = 1;
    err_code code = solve_projected(ritz_M, last_M, s, 1, e);
    *converged = true;
    for (int i = 0; !code && i < k; i++) {
        double residual = fabs(s->beta[s->steps - 1] * last_M[ritz_M[i].at]);
        *converged = *converged && residual <= tolerance * s->scale;
    }
    mem_free(last_M);
    return code;
}

static err_code assemble_vectors(double *value_K, double *vector_KN, ritz *ritz_M, const krylov *s,
                                 int k, err *e)
{
    size_t m = (size_t)s->steps;
    double *z_MM = mem_array(m * m, sizeof *z_MM, "projected eigenvectors", e);
    if (!z_MM)
        return e->code;
    for (size_t i = 0; i < m; i++)
        z_MM[i * m + i] = 1;
    err_code code = solve_projected(ritz_M, z_MM, s, s->steps, e);
    for (int i = 0; !code && i < k; i++) {
        double *vector_N = ROW(vector_KN, i, s->n);
        value_K[i] = ritz_M[i].value;
        memset(vector_N, 0, (size_t)s->n * sizeof *vector_N);
        for (int j = 0; j < s->steps; j++)
            subtract(vector_N, -ROW(z_MM, ritz_M[i].at, s->steps)[j], s->basis[j], s->n);
    }
    mem_free(z_MM);
    return code;
}

static err_code search_space(bool *converged, krylov *s, ritz *ritz_M, int k, double tolerance,
                             err *e)
{
    *converged = false;
    if (add_row(s, 0, e))
        return e->code;
    random_direction(s, s->basis[0], 0);
    int check_at = 2 * k + CHECK_EVERY;
    for (; !*converged && s->steps < s->max_steps; check_at += CHECK_EVERY + check_at / 8) {
        while (s->steps < check_at && s->steps < s->max_steps)
            if (extend(s, e))
                return e->code;
        if (check_converged(converged, ritz_M, s, k, tolerance, e))
            return e->code;
    }
    return OK;
}

err_code lanczos_largest(double *value_K, double *vector_KN, bool *converged,
                         lanczos_product *product, void *context, int n, int k,
                         lanczos_limits limits, rng *random, pool *workers, err *e)
{
    int max_steps = limits.max_steps < n ? limits.max_steps : n;
    max_steps = max_steps < k ? k : max_steps;
    size_t room = (size_t)max_steps + 1, n_blocks = (size_t)((n - 1) / ROWS_PER_TASK + 1);
    krylov s = {.product = product,
                .context = context,
                .random = random,
                .n = n,
                .max_steps = max_steps,
                .workers = workers};
    s.part_BM = mem_array(n_blocks * (size_t)max_steps, sizeof *s.part_BM, "projections", e);
    if (!s.part_BM)
        return e->code;
    s.basis = mem_small(room, sizeof *s.basis);
    s.alpha = mem_small(room, sizeof *s.alpha);
    s.beta = mem_small(room, sizeof *s.beta);
    ritz *ritz_M = mem_small(room, sizeof *ritz_M);
    bool near_enough;
    err_code code = search_space(&near_enough, &s, ritz_M, k, limits.tolerance, e);
    if (converged)
        *converged = near_enough;
    if (!code)
        code = assemble_vectors(value_K, vector_KN, ritz_M, &s, k, e);
    for (size_t i = 0; i < room; i++)
        mem_free(s.basis[i]);
    mem_free(s.part_BM);
    mem_free(s.basis);
    mem_free(s.alpha);
    mem_free(s.beta);
    mem_free(ritz_M);
    return code;
}
