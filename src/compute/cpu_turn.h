/* Squares of numbers turned on their side in registers. */
#ifndef COMPUTE_CPU_TURN_H
#define COMPUTE_CPU_TURN_H
#include "base/memory.h"

enum { SQUARE = 8 }; /* side of what is turned at once */

typedef float eight __attribute__((vector_size(SQUARE * sizeof(float)), aligned(sizeof(float))));

/* One of three steps that turn a square of 8 x 8: rows i and i + 4 become columns. */
static inline void interleave(eight to[SQUARE], const eight from[SQUARE])
{
#pragma GCC unroll 4
    for (int i = 0; i < SQUARE / 2; i++) {
        eight a = from[i], b = from[i + SQUARE / 2];
        to[2 * i] = __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
        to[2 * i + 1] = __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
    }
}

/* to[k][i] = rows[i][at + k], rows of `to` ld apart. */
static inline void turn_square(float *to, int ld, const float *const rows[SQUARE], int at)
{
    eight x[SQUARE], y[SQUARE];
#pragma GCC unroll 8
    for (int i = 0; i < SQUARE; i++)
        x[i] = *(const eight *)(rows[i] + at);
    interleave(y, x);
    interleave(x, y);
    interleave(y, x);
#pragma GCC unroll 8
    for (int i = 0; i < SQUARE; i++)
        *(eight *)ROW(to, i, ld) = y[i];
}

#endif
