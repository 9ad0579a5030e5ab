/* Heap memory with checked sizes. Every block is preceded by a 64-byte header that holds its size,
 * so that mem_grow can copy and one mem_free serves all. */
#include "base/memory.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64 }; /* one cache line, one AVX-512 load */

static void *block_new(size_t bytes)
{
    if (bytes > SIZE_MAX - 2 * ALIGNMENT)
        return NULL;
    size_t total = (bytes + 2 * ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    char *base = aligned_alloc(ALIGNMENT, total);
    if (!base)
        return NULL;
    memcpy(base, &bytes, sizeof bytes);
    return base + ALIGNMENT;
}

static size_t block_size(const void *p)
{
    size_t bytes;
    memcpy(&bytes, (const char *)p - ALIGNMENT, sizeof bytes);
    return bytes;
}

void *mem_array(size_t n, size_t size, const char *what, err *e)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) {
        err_set(e, E_MEMORY, "%s: %zu elements of %zu bytes is more than can be addressed", what, n,
                size);
        return NULL;
    }
    void *p = block_new(bytes);
    if (!p) {
        err_set(e, E_MEMORY, "%s: no memory for %zu bytes (%zu elements of %zu)", what, bytes, n,
                size);
        return NULL;
    }
    return memset(p, 0, bytes);
}

void *mem_small(size_t n, size_t size)
{
    err e;
    void *p = mem_array(n, size, "out of memory", &e);
    if (!p)
        err_die("%s", e.text);
    return p;
}

void *mem_grow(void *old, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes))
        err_die("out of memory: %zu elements of %zu bytes", n, size);
    void *p = block_new(bytes);
    if (!p)
        err_die("out of memory: %zu bytes", bytes);
    if (old) {
        size_t kept = block_size(old);
        memcpy(p, old, kept < bytes ? kept : bytes);
        mem_free(old);
    }
    return p;
}

char *mem_strdup(const char *text)
{
    size_t n = strlen(text) + 1;
    return memcpy(mem_small(n, 1), text, n);
}

void mem_free(void *p)
{
    if (p)
        free((char *)p - ALIGNMENT);
}
