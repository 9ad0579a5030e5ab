/* Core distances, and the tree's edges in order. */
#include "features/density.h"
#include "base/memory.h"
#include "features/spanning_tree.h"
#include <stdlib.h>

typedef struct ranked_edge {
    density_edge edge;
    int found;
} ranked_edge;

static int by_distance(const void *left, const void *right)
{
    const ranked_edge *a = left, *b = right;
    if (a->edge.distance != b->edge.distance)
        return a->edge.distance < b->edge.distance ? -1 : 1;
    return (a->found > b->found) - (a->found < b->found);
}

static err_code sort_edges(density_edge *edges, int n, err *e)
{
    ranked_edge *ranked = mem_array((size_t)n, sizeof *ranked, "tree edges", e);
    if (!ranked)
        return e->code;
    for (int i = 0; i < n; i++)
        ranked[i] = (ranked_edge){edges[i], i};
    qsort(ranked, (size_t)n, sizeof *ranked, by_distance);
    for (int i = 0; i < n; i++)
        edges[i] = ranked[i].edge;
    mem_free(ranked);
    return OK;
}

err_code density_build(density_tree *out, const points *p, int k, pool *workers, err *e)
{
    *out = (density_tree){.n = p->n};
    err_code code = neighbours_find(&out->near, p, k, workers, e);
    if (code)
        goto fail;
    out->core_N = mem_array((size_t)p->n, sizeof *out->core_N, "core distances", e);
    out->edges = out->core_N ? mem_array((size_t)p->n, sizeof *out->edges, "tree edges", e) : NULL;
    if (!out->edges) {
        code = e->code;
        goto fail;
    }
    for (int i = 0; k > 0 && i < p->n; i++)
        out->core_N[i] = ROW(out->near.distance_NK, i, k)[k - 1];
    code = spanning_tree(out->edges, p, out->core_N, workers, e);
    if (!code)
        code = sort_edges(out->edges, p->n - 1, e);
    if (!code)
        return OK;
fail:
    density_release(out);
    return code;
}

void density_release(density_tree *t)
{
    neighbours_release(&t->near);
    mem_free(t->core_N);
    mem_free(t->edges);
    *t = (density_tree){0};
}
