/* Groupings by their table of common members, of which only the cells that hold any are kept. */
#include "base/partition.h"
#include "base/memory.h"
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static int by_cell(const void *left, const void *right)
{
    const partition_cell *x = left, *y = right;
    if (x->a != y->a)
        return x->a < y->a ? -1 : 1;
    return (x->b > y->b) - (x->b < y->b);
}

partition_cell *partition_cells(int *n_cells, const int *a, const int *b, int n, arena *memory)
{
    partition_cell *cells = arena_push(memory, (size_t)n + 1, sizeof *cells);
    int held = 0, last = -1;
    for (int i = 0; i < n; i++)
        if (a[i] >= 0 && b[i] >= 0)
            cells[held++] = (partition_cell){a[i], b[i], 1};
    qsort(cells, (size_t)held, sizeof *cells, by_cell);
    for (int i = 0; i < held; i++)
        if (last >= 0 && !by_cell(&cells[last], &cells[i]))
            cells[last].n++;
        else
            cells[++last] = cells[i];
    *n_cells = last + 1;
    return cells;
}

static double pairs(double n)
{
    return n * (n - 1) / 2;
}

/* Pairs of things that are together in one grouping. */
static double pairs_together(const partition_cell *cells, int n_cells, bool second)
{
    int most = 0;
    double sum = 0;
    for (int i = 0; i < n_cells; i++) {
        int group = second ? cells[i].b : cells[i].a;
        most = group > most ? group : most;
    }
    double *sizes = mem_small((size_t)most + 1, sizeof *sizes);
    for (int i = 0; i < n_cells; i++)
        sizes[second ? cells[i].b : cells[i].a] += cells[i].n;
    for (int i = 0; i <= most; i++)
        sum += pairs(sizes[i]);
    mem_free(sizes);
    return sum;
}

double partition_rand_index(const partition_cell *cells, int n_cells)
{
    double n = 0, both = 0;
    for (int i = 0; i < n_cells; i++) {
        n += cells[i].n;
        both += pairs(cells[i].n);
    }
    if (n < 2)
        return (double)NAN;
    double first = pairs_together(cells, n_cells, false);
    double second = pairs_together(cells, n_cells, true);
    double expected = first * second / pairs(n), most = (first + second) / 2;
    return most > expected ? (both - expected) / (most - expected) : 1;
}

void partition_match(int *match, int n_a, int n_b, const partition_cell *cells, int n_cells)
{
    const partition_cell **best_a = mem_small((size_t)n_a + 1, sizeof *best_a);
    const partition_cell **best_b = mem_small((size_t)n_b + 1, sizeof *best_b);
    for (int i = 0; i < n_cells; i++) { /* ascending, so that ties stay with the lower number */
        const partition_cell *c = &cells[i];
        if (!best_a[c->a] || c->n > best_a[c->a]->n)
            best_a[c->a] = c;
        if (!best_b[c->b] || c->n > best_b[c->b]->n)
            best_b[c->b] = c;
    }
    for (int i = 0; i < n_a; i++)
        match[i] = best_a[i] && best_b[best_a[i]->b] == best_a[i] ? best_a[i]->b : -1;
    mem_free(best_a);
    mem_free(best_b);
}
