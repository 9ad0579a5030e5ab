/* Exact k nearest neighbours: every row's distances to all others, its k best in a sorted list. */
#include "features/neighbours.h"
#include "base/memory.h"

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
    if (k > 0 && points_each_row(p, search_row, out, workers, e)) {
        neighbours_release(out);
        return e->code;
    }
    return OK;
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
