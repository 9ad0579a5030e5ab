/* What optimised inputs pay, in double and from the definition alone. */
#ifndef TESTS_INVERT_COMMON_PENALTIES_H
#define TESTS_INVERT_COMMON_PENALTIES_H
#include <stdbool.h>

/* Mean over positions of the distance to the given rows, in units of `unit` * sqrt(D). */
double define_distance(const double *x_LD, const float *nearest_LD, int L, int D, double unit);
/* Mean over the pairs at most `window` apart of the cosine, or of what it is above a half. */
double define_diversity(const double *x_LD, int L, int D, int window);
double define_repetition(const double *x_LD, int L, int D, int window);

#endif
