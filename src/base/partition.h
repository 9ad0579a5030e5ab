/* How far two groupings of the same things agree. */
#ifndef BASE_PARTITION_H
#define BASE_PARTITION_H
#include "base/arena.h"

/* Things that are in group `a` of the first grouping and group `b` of the second. */
typedef struct partition_cell {
    int a, b, n;
} partition_cell;

/* The cells that hold anything, by a, then b; memory from `memory`. Things with a negative group in
 * either grouping are left out. */
partition_cell *partition_cells(int *n_cells, const int *a, const int *b, int n, arena *memory);

/* Adjusted Rand index of the cells (Hubert and Arabie, "Comparing partitions", Journal of
 * Classification 2, 1985, equation 5): 1 the same groups, 0 as by chance. 1 where both put all in
 * one group or each alone; NaN for fewer than two things. */
double partition_rand_index(const partition_cell *cells, int n_cells);

/* match[i]: the group of the second that shares most with group i of the first, when the same holds
 * the other way round; else -1. Ties go to the lower number. */
void partition_match(int *match, int n_a, int n_b, const partition_cell *cells, int n_cells);

#endif
