/* Random arrays and comparisons for the tests of operations. */
#ifndef TESTS_COMPUTE_COMMON_H
#define TESTS_COMPUTE_COMMON_H
#include "compute/backend.h"
#include <stddef.h>
#include <stdint.h>

/* n normal numbers times `scale` from a named stream. Owner: caller, mem_free(). */
float *random_array(size_t n, float scale, const char *stream);
float *copy_array(const float *x, size_t n);
int32_t *random_ids(size_t n, int below, const char *stream);
/* A copy in the backend's memory (owner: caller, be->free()), and n numbers of it in ordinary
 * memory (owner: caller, mem_free()); a failure of the backend fails the test. */
void *to_backend(backend *be, const void *host, size_t bytes);
float *from_backend(backend *be, const float *x, size_t n);
/* Fails the test, naming `what` and the first place, unless every |got - want| is within
 * tolerance * (|want| + scale), where scale is the root mean square of want's finite numbers, or
 * both are the same infinity or no number. */
void check_close(const char *what, const float *got, const float *want, size_t n, double tolerance);

#endif
