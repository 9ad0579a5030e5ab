/* An arena is a list of blocks, each twice as large as the one before up to a limit: many arenas
 * live for one short text. An allocation larger than a block gets one of its own. */
#include "base/arena.h"
#include "base/memory.h"
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { ALIGNMENT = 64, FIRST_BLOCK = 512, LARGEST_BLOCK = 64 * 1024 };

struct arena_block {
    arena_block *before;
    size_t used, capacity;
    char *data;
};

/* Blocks are zeroed: a large one costs more than a short text is worth. */
static size_t next_capacity(const arena *a)
{
    if (!a->last)
        return FIRST_BLOCK;
    return a->last->capacity < LARGEST_BLOCK / 2 ? 2 * a->last->capacity : LARGEST_BLOCK;
}

void *arena_push(arena *a, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes) || bytes > SIZE_MAX - ALIGNMENT)
        err_die("out of memory: %zu elements of %zu bytes", n, size);
    bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;

    if (!a->last || bytes > a->last->capacity - a->last->used) {
        arena_block *block = mem_small(1, sizeof *block);
        size_t capacity = next_capacity(a);
        block->capacity = bytes > capacity ? bytes : capacity;
        block->data = mem_small(block->capacity, 1);
        block->before = a->last;
        a->last = block;
    }
    void *p = a->last->data + a->last->used;
    a->last->used += bytes;
    return p;
}

char *arena_strndup(arena *a, const char *text, size_t n)
{
    char *copy = arena_push(a, n + 1, 1);
    memcpy(copy, text, n);
    return copy;
}

char *arena_strdup(arena *a, const char *text)
{
    return arena_strndup(a, text, strlen(text));
}

char *arena_printf(arena *a, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    char *text = arena_push(a, (size_t)n + 1, 1);
    vsnprintf(text, (size_t)n + 1, format, again);
    va_end(again);
    va_end(args);
    return text;
}

void arena_release(arena *a)
{
    while (a->last) {
        arena_block *before = a->last->before;
        mem_free(a->last->data);
        mem_free(a->last);
        a->last = before;
    }
}
