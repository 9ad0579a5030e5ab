/* Heap memory with checked sizes. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H
#include "base/err.h"
#include <stddef.h>

/* Row i of a row-major matrix with n columns; the product is taken in size_t. */
#define ROW(x, i, n) ((x) + (size_t)(i) * (size_t)(n))
#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* A large array of n zeroed elements, 64-byte aligned. NULL with E_MEMORY, naming `what` and the
 * size, when it does not fit or n * size overflows. n == 0 gives a valid pointer. Owner: caller,
 * mem_free(). */
void *mem_array(size_t n, size_t size, const char *what, err *e);

/* A small array, zeroed, 64-byte aligned; running out of memory ends the program. */
void *mem_small(size_t n, size_t size);

/* Grows (or shrinks) an array from mem_small/mem_grow to n elements, keeping what fits.
 * The new elements are not initialised. Running out of memory ends the program. */
void *mem_grow(void *old, size_t n, size_t size);

/* A copy of a string. Owner: caller, mem_free(). */
char *mem_strdup(const char *text);

/* Releases anything from this file. NULL is fine. */
void mem_free(void *p);

#endif
