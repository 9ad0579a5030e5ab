/* Orders that are asked for in many places. */
#ifndef BASE_SORT_H
#define BASE_SORT_H
#include <stddef.h>

/* Ascending. The numbers must not be NaN. */
void sort_doubles(double *x, size_t n);
void sort_ints(int *x, size_t n); /* ascending */
/* Descending. */
void sort_floats_falling(float *x, size_t n);

#endif
