/* Core distances and Prim's algorithm over mutual reachability. Ties go as in hdbscan's own Prim
 * (first row with the smallest value; an equal later path does not replace an earlier one), because
 * mutual reachability makes equal edges common and their order decides the hierarchy. */
#include "features/density.h"
#include "base/memory.h"
#include "base/progress.h"
#include <math.h>
#include <stdlib.h>

/* Rows per task: about this many multiplications, so that a step is worth handing out. */
enum { TASK_WORK = 1 << 16, TASK_ROWS_MIN = 16 };

typedef struct nearest {
    int row;
    double distance;
} nearest;

typedef struct prim {
    const points *p;
    const double *core_N;
    bool *joined_N;
    int *source_N;   /* row in the tree that is nearest so far */
    double *reach_N; /* its mutual reachability */
    nearest *best_B; /* each task's nearest row outside the tree */
    int current, rows_per_task, n_tasks;
} prim;

static void prim_step(void *context, int block)
{
    prim *s = context;
    int from = block * s->rows_per_task, to = from + s->rows_per_task;
    if (to > s->p->n)
        to = s->p->n;
    nearest best = {-1, HUGE_VAL};
    for (int j = from; j < to; j++) {
        if (s->joined_N[j])
            continue;
        double reach = fmax(s->core_N[s->current], s->core_N[j]);
        if (reach < s->reach_N[j]) {
            reach = fmax(reach, points_distance(s->p, s->current, j));
            if (reach < s->reach_N[j]) {
                s->reach_N[j] = reach;
                s->source_N[j] = s->current;
            }
        }
        if (s->reach_N[j] < best.distance)
            best = (nearest){j, s->reach_N[j]};
    }
    s->best_B[block] = best;
}

static err_code grow_tree(density_edge *edges, prim *s, pool *workers, err *e)
{
    for (int i = 0; i < s->p->n; i++)
        s->reach_N[i] = HUGE_VAL;
    for (int i = 0; i < s->p->n - 1; i++) {
        if (cancel_check(e))
            return e->code;
        s->joined_N[s->current] = true;
        pool_run(s->n_tasks > 1 ? workers : NULL, s->n_tasks, prim_step, s);
        nearest best = s->best_B[0];
        for (int b = 1; b < s->n_tasks; b++)
            if (s->best_B[b].distance < best.distance)
                best = s->best_B[b];
        edges[i] = (density_edge){s->source_N[best.row], best.row, best.distance};
        s->current = best.row;
    }
    return OK;
}

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

static err_code build_edges(density_tree *t, const points *p, pool *workers, err *e)
{
    size_t n = (size_t)p->n;
    int rows = TASK_WORK / p->d > TASK_ROWS_MIN ? TASK_WORK / p->d : TASK_ROWS_MIN;
    prim s = {
        .p = p, .core_N = t->core_N, .rows_per_task = rows, .n_tasks = (p->n + rows - 1) / rows};
    (void)((s.joined_N = mem_array(n, sizeof *s.joined_N, "tree membership", e)) &&
           (s.source_N = mem_array(n, sizeof *s.source_N, "tree sources", e)) &&
           (s.reach_N = mem_array(n, sizeof *s.reach_N, "reachability", e)) &&
           (s.best_B = mem_array((size_t)s.n_tasks, sizeof *s.best_B, "tree candidates", e)));
    err_code code = s.best_B ? grow_tree(t->edges, &s, workers, e) : e->code;
    mem_free(s.joined_N);
    mem_free(s.source_N);
    mem_free(s.reach_N);
    mem_free(s.best_B);
    return code ? code : sort_edges(t->edges, p->n - 1, e);
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
    code = build_edges(out, p, workers, e);
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
