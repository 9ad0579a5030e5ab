#include "base/sort.h"
#include <stdlib.h>

static int by_rise(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int by_rising_int(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

static int by_fall(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x < y) - (x > y);
}

void sort_doubles(double *x, size_t n)
{
    qsort(x, n, sizeof *x, by_rise);
}

void sort_ints(int *x, size_t n)
{
    qsort(x, n, sizeof *x, by_rising_int);
}

void sort_floats_falling(float *x, size_t n)
{
    qsort(x, n, sizeof *x, by_fall);
}
