/* Exact k nearest neighbours: every row's distances to all others, its k best in a sorted list. Of
 * dense rows most distances are seen to be too large without being computed. */
#include "features/neighbours.h"
#include "base/memory.h"
#include "base/progress.h"
#include "compute/tiles.h"
#include "features/near_filter.h"
#include <math.h>

/* Puts row j into row i's list if it is nearer than the list's last, or as near and before it;
 * returns whether it was. */
static bool keep_nearest(neighbours *near, int i, int j, double distance)
{
    int *index_K = ROW(near->index_NK, i, near->k);
    double *distance_K = ROW(near->distance_NK, i, near->k);
    int at = near->k;
    for (; at > 0; at--) {
        double before = distance_K[at - 1];
        if (!(distance < before || (distance == before && j < index_K[at - 1])))
            break;
        if (at < near->k) {
            index_K[at] = index_K[at - 1];
            distance_K[at] = before;
        }
    }
    if (at == near->k)
        return false;
    index_K[at] = j;
    distance_K[at] = distance;
    return true;
}

static void search_row(void *context, int i, const double *distance_N)
{
    neighbours *near = context;
    for (int j = 0; j < near->n; j++)
        if (j != i)
            keep_nearest(near, i, j, distance_N[j]);
}

/* ---- dense rows ---------------------------------------------------------------------------------
 * A product tells two rows about each other, so each pair of blocks of rows is multiplied once. The
 * pairs are played in rounds, like a tournament: in a round every block is in one pair, and no two
 * threads write to one list. */

enum {
    SIDE = 192, /* rows of a block: whole tiles of products */
    RUN = 16    /* columns looked at together */
};

typedef struct dense_search {
    neighbours *near;
    const points *p;
    near_filter filter;
    float *reach_N, *weight_N, *scale_N, *limit_N;
    int n_blocks, rounds, round;
} dense_search;

static void set_reach(const dense_search *s, int row)
{
    double furthest = ROW(s->near->distance_NK, row, s->near->k)[s->near->k - 1];
    s->reach_N[row] = near_filter_reach(&s->filter, row, furthest);
}

/* Whether `other` may be in the list of `row`. */
static inline bool may_be_near(const dense_search *s, int row, int other, float dot)
{
    return !(s->reach_N[row] * s->scale_N[other] - s->weight_N[row] * dot > s->limit_N[other]);
}

/* Whether any of RUN columns may be in the row's list, or the row in theirs. */
static bool any_near(const dense_search *s, int row, int column, const float *dot)
{
    int any = 0;
    for (int j = 0; j < RUN; j++) {
        any |= may_be_near(s, row, column + j, dot[j]);
        any |= may_be_near(s, column + j, row, dot[j]);
    }
    return any;
}

static void compare(const dense_search *s, int row, int column, float dot)
{
    if (!may_be_near(s, row, column, dot) && !may_be_near(s, column, row, dot))
        return;
    double distance = points_distance(s->p, row, column);
    if (keep_nearest(s->near, row, column, distance))
        set_reach(s, row);
    if (keep_nearest(s->near, column, row, distance))
        set_reach(s, column);
}

static int block_rows(const dense_search *s, int block)
{
    int left = s->p->n - block * SIDE;
    return left < SIDE ? left : SIDE;
}

/* The rows of one block beside those of another, or of the same: then each pair once. */
static void compare_blocks(const dense_search *s, int a, int b)
{
    const points *p = s->p;
    float dot_RC[SIDE * SIDE];
    int first = b * SIDE, rows = block_rows(s, a), columns = block_rows(s, b);
    cpu_tiles(&(tile_product){.c = dot_RC,
                              .a = ROW(p->x_ND, a * SIDE, p->d),
                              .b = ROW(p->x_ND, first, p->d),
                              .ldc = SIDE,
                              .lda = p->d,
                              .ldb = p->d,
                              .M = rows,
                              .N = columns,
                              .K = p->d,
                              .tb = TRANSPOSED,
                              .alpha = 1});
    for (int r = 0; r < rows; r++) {
        const float *dot_C = ROW(dot_RC, r, SIDE);
        int row = a * SIDE + r;
        for (int at = a == b ? r + 1 : 0; at < columns; at += RUN) {
            int end = columns - at < RUN ? columns : at + RUN;
            if (end - at == RUN && !any_near(s, row, first + at, dot_C + at))
                continue;
            for (int c = at; c < end; c++)
                compare(s, row, first + c, dot_C[c]);
        }
    }
}

static void search_block(void *context, int block)
{
    compare_blocks(context, block, block);
}

/* Pair 0 .. n/2 - 1 of a round among an even number n of blocks: one stays where it is and the
 * others go around it. The last of an even number may not be there. */
static void search_pair(void *context, int pair)
{
    const dense_search *s = context;
    int turning = s->rounds, a = (s->round + pair) % turning;
    int b = pair == 0 ? turning : (s->round - pair + turning) % turning;
    if (b < s->n_blocks && !cancel_requested())
        compare_blocks(s, a, b);
}

static err_code search_dense(dense_search *s, pool *workers, err *e)
{
    pool_run(workers, s->n_blocks, search_block, s);
    for (s->round = 0; s->round < s->rounds && !cancel_requested(); s->round++)
        pool_run(workers, (s->rounds + 1) / 2, search_pair, s);
    return cancel_check(e);
}

static err_code find_dense(neighbours *out, const points *p, pool *workers, err *e)
{
    dense_search s = {.near = out, .p = p, .n_blocks = (p->n - 1) / SIDE + 1};
    s.rounds = (s.n_blocks + 1) / 2 * 2 - 1;
    if (!near_filter_init(&s.filter, p))
        return points_each_row(p, search_row, out, workers, e);
    size_t n = (size_t)p->n;
    float *of_rows = mem_array(4 * n, sizeof *of_rows, "lengths of rows", e);
    if (!of_rows)
        return e->code;
    s.reach_N = of_rows;
    s.weight_N = of_rows + n;
    s.scale_N = of_rows + 2 * n;
    s.limit_N = of_rows + 3 * n;
    for (int i = 0; i < p->n; i++) {
        set_reach(&s, i);
        s.weight_N[i] = near_filter_weight(&s.filter, i);
        s.scale_N[i] = near_filter_scale(&s.filter, i);
        s.limit_N[i] = near_filter_limit(&s.filter, i);
    }
    err_code code = search_dense(&s, workers, e);
    mem_free(of_rows);
    return code;
}

/* Lists that hold k rows infinitely far away. */
static err_code start_lists(neighbours *out, err *e)
{
    size_t entries = (size_t)out->n * (size_t)out->k;
    out->index_NK = mem_array(entries, sizeof *out->index_NK, "neighbour indices", e);
    if (!out->index_NK)
        return e->code;
    out->distance_NK = mem_array(entries, sizeof *out->distance_NK, "neighbour distances", e);
    if (!out->distance_NK) {
        neighbours_release(out);
        return e->code;
    }
    for (size_t i = 0; i < entries; i++)
        out->distance_NK[i] = HUGE_VAL;
    return OK;
}

err_code neighbours_find(neighbours *out, const points *p, int k, pool *workers, err *e)
{
    *out = (neighbours){.n = p->n, .k = k};
    if (k < 0 || k > p->n - 1)
        return err_set(e, E_SHAPE, "neighbours: %d asked for among %d rows; a row has at most %d",
                       k, p->n, p->n - 1);
    err_code rc = start_lists(out, e);
    if (!rc && k > 0 && p->columns.start_D == NULL)
        rc = find_dense(out, p, workers, e);
    else if (!rc && k > 0)
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
