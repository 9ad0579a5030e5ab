/* Exact k nearest neighbours: every row's distances to all others, its k best in a sorted list. Of
 * dense rows most distances are seen to be too large without being computed. */
#include "features/neighbours.h"
#include "base/memory.h"
#include "base/progress.h"
#include "compute/tiles.h"
#include "features/near_filter.h"
#include <math.h>

/* Candidates arrive in index order, so an equal distance goes after those already there. */
static void keep_nearest(int *index_K, double *distance_K, int *kept, int k, int j, double distance)
{
    if (*kept == k && !(distance < distance_K[k - 1]))
        return;
    int at = *kept < k ? (*kept)++ : k - 1;
    for (; at > 0 && distance < distance_K[at - 1]; at--) {
        index_K[at] = index_K[at - 1];
        distance_K[at] = distance_K[at - 1];
    }
    index_K[at] = j;
    distance_K[at] = distance;
}

static void search_row(void *context, int i, const double *distance_N)
{
    const neighbours *near = context;
    int kept = 0;
    for (int j = 0; j < near->n; j++)
        if (j != i)
            keep_nearest(ROW(near->index_NK, i, near->k), ROW(near->distance_NK, i, near->k), &kept,
                         near->k, j, distance_N[j]);
}

/* ---- dense rows ---------------------------------------------------------------------------------
 */

enum {
    ROWS = 96,     /* whose neighbours a task finds */
    COLUMNS = 512, /* rows they are compared with at a time */
    RUN = 16       /* of those, looked at together */
};

typedef struct dense_search {
    neighbours *near;
    const points *p;
    near_filter filter;
    float *scale_N, *limit_N;
} dense_search;

/* A row's list while it grows. */
typedef struct seeker {
    int row, kept;
    float reach, weight;
} seeker;

static void set_reach(seeker *k, const dense_search *s)
{
    const neighbours *near = s->near;
    double furthest =
        k->kept < near->k ? HUGE_VAL : ROW(near->distance_NK, k->row, near->k)[near->k - 1];
    k->reach = near_filter_reach(&s->filter, k->row, furthest);
}

static inline bool may_be_near(const seeker *k, float dot, float scale, float limit)
{
    return !(k->reach * scale - k->weight * dot > limit);
}

static bool any_near(const seeker *k, const float *dot, const float *scale, const float *limit)
{
    int any = 0;
    for (int j = 0; j < RUN; j++)
        any |= may_be_near(k, dot[j], scale[j], limit[j]);
    return any;
}

/* Rows first .. first+n-1, whose products with the seeker's row are dot_C. */
static void seek(seeker *k, const dense_search *s, const float *dot_C, int first, int n)
{
    neighbours *near = s->near;
    int *index_K = ROW(near->index_NK, k->row, near->k);
    double *distance_K = ROW(near->distance_NK, k->row, near->k);
    const float *scale = s->scale_N + first, *limit = s->limit_N + first;
    for (int at = 0; at < n; at += RUN) {
        int end = n - at < RUN ? n : at + RUN;
        if (end == at + RUN && !any_near(k, dot_C + at, scale + at, limit + at))
            continue;
        for (int j = at; j < end; j++)
            if (first + j != k->row && may_be_near(k, dot_C[j], scale[j], limit[j])) {
                keep_nearest(index_K, distance_K, &k->kept, near->k, first + j,
                             points_distance(s->p, k->row, first + j));
                set_reach(k, s);
            }
    }
}

static void search_dense(void *context, int block)
{
    const dense_search *s = context;
    const points *p = s->p;
    float dot_RC[ROWS * COLUMNS];
    seeker seekers[ROWS];
    int first = block * ROWS, rows = p->n - first < ROWS ? p->n - first : ROWS;
    for (int r = 0; r < rows; r++) {
        seekers[r] =
            (seeker){.row = first + r, .weight = near_filter_weight(&s->filter, first + r)};
        set_reach(&seekers[r], s);
    }
    for (int column = 0; column < p->n && !cancel_requested(); column += COLUMNS) {
        int n = p->n - column < COLUMNS ? p->n - column : COLUMNS;
        tile_product product = {.c = dot_RC,
                                .a = ROW(p->x_ND, first, p->d),
                                .b = ROW(p->x_ND, column, p->d),
                                .ldc = COLUMNS,
                                .lda = p->d,
                                .ldb = p->d,
                                .M = rows,
                                .N = n,
                                .K = p->d,
                                .tb = TRANSPOSED,
                                .alpha = 1};
        cpu_tiles(&product);
        for (int r = 0; r < rows; r++)
            seek(&seekers[r], s, ROW(dot_RC, r, COLUMNS), column, n);
    }
}

static err_code find_dense(neighbours *out, const points *p, pool *workers, err *e)
{
    dense_search s = {.near = out, .p = p};
    if (!near_filter_init(&s.filter, p))
        return points_each_row(p, search_row, out, workers, e);
    s.scale_N = mem_array((size_t)p->n, sizeof *s.scale_N, "lengths of rows", e);
    s.limit_N = s.scale_N ? mem_array((size_t)p->n, sizeof *s.limit_N, "lengths of rows", e) : NULL;
    err_code rc = s.limit_N ? OK : e->code;
    if (!rc) {
        for (int i = 0; i < p->n; i++) {
            s.scale_N[i] = near_filter_scale(&s.filter, i);
            s.limit_N[i] = near_filter_limit(&s.filter, i);
        }
        pool_run(workers, (p->n + ROWS - 1) / ROWS, search_dense, &s);
        rc = cancel_check(e);
    }
    mem_free(s.scale_N);
    mem_free(s.limit_N);
    return rc;
}

err_code neighbours_find(neighbours *out, const points *p, int k, pool *workers, err *e)
{
    *out = (neighbours){.n = p->n, .k = k};
    if (k < 0 || k > p->n - 1)
        return err_set(e, E_SHAPE, "neighbours: %d asked for among %d rows; a row has at most %d",
                       k, p->n, p->n - 1);
    size_t entries = (size_t)p->n * (size_t)k;
    out->index_NK = mem_array(entries, sizeof *out->index_NK, "neighbour indices", e);
    if (!out->index_NK)
        return e->code;
    out->distance_NK = mem_array(entries, sizeof *out->distance_NK, "neighbour distances", e);
    if (!out->distance_NK) {
        neighbours_release(out);
        return e->code;
    }
    err_code rc = OK;
    if (k > 0 && p->columns.start_D == NULL)
        rc = find_dense(out, p, workers, e);
    else if (k > 0)
        rc = points_each_row(p, search_row, out, workers, e);
    if (rc)
        neighbours_release(out);
    return rc;
}

err_code neighbours_of_rows(neighbours *out, const float *x_ND, int n, int d, metric m, int k,
                            pool *workers, err *e)
{
    points p;
    *out = (neighbours){0};
    if (points_init(&p, x_ND, n, d, m, "neighbours", e))
        return e->code;
    err_code code = neighbours_find(out, &p, k, workers, e);
    points_release(&p);
    return code;
}

void neighbours_release(neighbours *near)
{
    mem_free(near->index_NK);
    mem_free(near->distance_NK);
    *near = (neighbours){0};
}
