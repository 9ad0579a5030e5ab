/* Prim's algorithm. A step looks at every row outside the tree, but needs a distance only where the
 * row that has just joined may be a shorter way to it. Rows outside lie in blocks, their numbers
 * turned on their side, so that the products of a block with the new row, which say where it may,
 * are one pass over vectors. Rows that have joined are dropped when a quarter of the blocks is
 * empty of use. */
#include "features/spanning_tree.h"
#include "base/memory.h"
#include "base/progress.h"
#include "features/near_filter.h"
#include <math.h>
#include <string.h>

/* BLOCK rows of a block. About TASK_WORK multiplications are worth handing to a thread. */
enum { BLOCK = 64, TASK_WORK = 1 << 20 };

/* The nearest of a block; `at` is -1 when none is outside the tree. */
typedef struct nearest {
    int at;
    double reach;
} nearest;

/* Arrays of the rows outside, in the order of their numbers; those of a block that have joined
 * since have core infinity. A block's numbers are [D][BLOCK]. */
typedef struct prim {
    const points *p;
    const double *core_N; /* by row */
    near_filter filter;
    bool filtered;
    int n, n_blocks, joined; /* places, joined among them */
    int *row_A, *source_A;
    double *core_A, *reach_A; /* mutual reachability of the nearest row in the tree */
    float *bound_A, *weight_A, *numbers;
    nearest *best_B;
    int current; /* row that has just joined */
    float scale, limit;
    int blocks_per_task;
} prim;

static void set_bound(prim *s, int at)
{
    s->bound_A[at] = near_filter_reach(&s->filter, s->row_A[at], s->reach_A[at]);
}

/* Writes the numbers of a block whose rows are known. */
static void fill_block(prim *s, int block)
{
    int D = s->p->d, first = block * BLOCK;
    float *to = ROW(s->numbers, block, D * BLOCK);
    for (int i = 0; i < BLOCK; i++) {
        bool there = first + i < s->n;
        const float *x_D = there ? ROW(s->p->x_ND, s->row_A[first + i], D) : NULL;
        for (int d = 0; d < D; d++)
            to[d * BLOCK + i] = there ? x_D[d] : 0;
        if (there && s->filtered) {
            s->weight_A[first + i] = near_filter_weight(&s->filter, s->row_A[first + i]);
            set_bound(s, first + i);
        }
    }
}

static void fill_blocks(prim *s)
{
    s->n_blocks = (s->n + BLOCK - 1) / BLOCK;
    for (int b = 0; b < s->n_blocks; b++) {
        if (s->filtered)
            fill_block(s, b);
        s->best_B[b] = (nearest){-1, HUGE_VAL};
    }
}

static void find_best(prim *s, int block)
{
    int first = block * BLOCK, end = first + BLOCK < s->n ? first + BLOCK : s->n;
    nearest best = {-1, HUGE_VAL};
    for (int i = first; i < end; i++)
        if (s->core_A[i] < HUGE_VAL && s->reach_A[i] < best.reach)
            best = (nearest){i, s->reach_A[i]};
    s->best_B[block] = best;
}

/* Drops rows that have joined; the others keep their order. */
static void compact(prim *s)
{
    int kept = 0;
    for (int i = 0; i < s->n; i++)
        if (s->core_A[i] < HUGE_VAL) {
            s->row_A[kept] = s->row_A[i];
            s->source_A[kept] = s->source_A[i];
            s->core_A[kept] = s->core_A[i];
            s->reach_A[kept++] = s->reach_A[i];
        }
    s->n = kept;
    s->joined = 0;
    fill_blocks(s);
    for (int b = 0; b < s->n_blocks; b++)
        find_best(s, b);
}

/* Which of the block's rows the current one may be a shorter way to, by core distances alone. */
static bool any_open(bool open[BLOCK], const prim *s, int first, int n)
{
    double core = s->core_N[s->current];
    bool any = false;
    for (int i = 0; i < n; i++) {
        double least = s->core_A[first + i] > core ? s->core_A[first + i] : core;
        open[i] = least < s->reach_A[first + i];
        any |= open[i];
    }
    return any;
}

static void multiply(float product[BLOCK], const prim *s, int block)
{
    int D = s->p->d;
    const float *x_D = ROW(s->p->x_ND, s->current, D), *numbers = ROW(s->numbers, block, D * BLOCK);
    float sum[BLOCK] = {0};
    for (int d = 0; d < D; d++)
        for (int i = 0; i < BLOCK; i++)
            sum[i] += x_D[d] * numbers[d * BLOCK + i];
    memcpy(product, sum, sizeof sum);
}

/* The block's rows after the current one joined. */
static void step_block(prim *s, int block)
{
    bool open[BLOCK], changed = false;
    float product[BLOCK];
    int first = block * BLOCK, n = s->n - first < BLOCK ? s->n - first : BLOCK;
    double core = s->core_N[s->current];
    if (!any_open(open, s, first, n))
        return;
    if (s->filtered)
        multiply(product, s, block);
    for (int i = 0; i < n; i++) {
        int at = first + i;
        if (!open[i] ||
            (s->filtered && s->bound_A[at] * s->scale - s->weight_A[at] * product[i] > s->limit))
            continue;
        double distance = points_distance(s->p, s->current, s->row_A[at]);
        double reach = fmax(fmax(core, s->core_A[at]), distance);
        if (reach < s->reach_A[at]) {
            s->reach_A[at] = reach;
            s->source_A[at] = s->current;
            if (s->filtered)
                set_bound(s, at);
            changed = true;
        }
    }
    if (changed)
        find_best(s, block);
}

static void step_task(void *context, int task)
{
    prim *s = context;
    int first = task * s->blocks_per_task, end = first + s->blocks_per_task;
    for (int b = first; b < end && b < s->n_blocks; b++)
        step_block(s, b);
}

/* The nearest row outside joins. */
static density_edge join(prim *s)
{
    nearest best = s->best_B[0];
    for (int b = 1; b < s->n_blocks; b++)
        if (s->best_B[b].reach < best.reach)
            best = s->best_B[b];
    density_edge edge = {s->source_A[best.at], s->row_A[best.at], best.reach};
    s->current = edge.b;
    s->core_A[best.at] = HUGE_VAL;
    s->joined++;
    find_best(s, best.at / BLOCK);
    return edge;
}

static err_code grow(density_edge *edges, prim *s, pool *workers, err *e)
{
    const points *p = s->p;
    int work = p->d * BLOCK;
    s->blocks_per_task = TASK_WORK / work > 0 ? TASK_WORK / work : 1;
    s->n = p->n - 1;
    for (int i = 0; i < s->n; i++) {
        s->row_A[i] = i + 1;
        s->core_A[i] = s->core_N[i + 1];
        s->reach_A[i] = HUGE_VAL;
    }
    fill_blocks(s);
    for (int i = 0; i < p->n - 1; i++) {
        if (cancel_check(e))
            return e->code;
        int tasks = (s->n_blocks + s->blocks_per_task - 1) / s->blocks_per_task;
        if (s->filtered) {
            s->scale = near_filter_scale(&s->filter, s->current);
            s->limit = near_filter_limit(&s->filter, s->current);
        }
        pool_run(tasks > 1 ? workers : NULL, tasks, step_task, s);
        edges[i] = join(s);
        if (s->joined >= BLOCK && s->joined > s->n / 4)
            compact(s);
    }
    return OK;
}

err_code spanning_tree(density_edge *edges, const points *p, const double *core_N, pool *workers,
                       err *e)
{
    size_t blocks = (size_t)p->n / BLOCK + 1, places = blocks * BLOCK;
    prim s = {.p = p, .core_N = core_N};
    s.filtered = near_filter_init(&s.filter, p);
    size_t numbers = s.filtered ? places * (size_t)p->d : 0;
    static const char what[] = "spanning tree";
    bool whole = (s.row_A = mem_array(places, sizeof *s.row_A, what, e)) &&
                 (s.source_A = mem_array(places, sizeof *s.source_A, what, e)) &&
                 (s.core_A = mem_array(places, sizeof *s.core_A, what, e)) &&
                 (s.reach_A = mem_array(places, sizeof *s.reach_A, what, e)) &&
                 (s.bound_A = mem_array(places, sizeof *s.bound_A, what, e)) &&
                 (s.weight_A = mem_array(places, sizeof *s.weight_A, what, e)) &&
                 (s.numbers = mem_array(numbers, sizeof *s.numbers, what, e)) &&
                 (s.best_B = mem_array(blocks, sizeof *s.best_B, what, e));
    err_code rc = whole ? OK : e->code;
    if (!rc)
        rc = grow(edges, &s, workers, e);
    void *arrays[] = {s.row_A,   s.source_A, s.core_A,  s.reach_A,
                      s.bound_A, s.weight_A, s.numbers, s.best_B};
    for (size_t i = 0; i < COUNT_OF(arrays); i++)
        mem_free(arrays[i]);
    return rc;
}
