/* Random arrays and comparisons for the tests of operations. */
#ifndef TESTS_COMPUTE_COMMON_H
#define TESTS_COMPUTE_COMMON_H
#include <stddef.h>
#include <stdint.h>

/* n normal numbers times `scale` from a named stream. Owner: caller, mem_free(). */
float *random_array(size_t n, float scale, const char *stream);
float *copy_array(const float *x, size_t n);
int32_t *random_ids(size_t n, int below, const char *stream);
/* Fails the test, naming `what` and the first place, unless every |got - want| is within
 * tolerance * (|want| + scale), where scale is the root mean square of want. */
void check_close(const char *what, const float *got, const float *want, size_t n, double tolerance);

#endif
