/* Many small allocations that die together: records, parsed files, page trees. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H
#include <stddef.h>

typedef struct arena_block arena_block;
typedef struct arena {
    arena_block *last;
} arena;

/* n zeroed elements, 64-byte aligned, valid until arena_release. Out of memory ends the program. */
void *arena_push(arena *a, size_t n, size_t size);
char *arena_strdup(arena *a, const char *text);
char *arena_strndup(arena *a, const char *text, size_t n);
char *arena_printf(arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Frees every allocation; the arena is empty and usable again. Start: `arena a = {0};`. */
void arena_release(arena *a);

#endif
