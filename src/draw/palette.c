/* Popularity palette over a hash table of the image's colours. */
#include "draw/palette.h"
#include "base/memory.h"
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct entry {
    rgb color;
    uint32_t count; /* 0: free slot */
    int index;
} entry;

/* Open addressing; grows when half full. A copy sorted by count makes the palette, so the order of
 * slots never shows. */
typedef struct color_table {
    entry *slots;
    size_t capacity, used;
} color_table;

static entry *find_slot(const color_table *t, rgb color)
{
    size_t i = color * 2654435761u % t->capacity;
    while (t->slots[i].count && t->slots[i].color != color)
        i = (i + 1) % t->capacity;
    return &t->slots[i];
}

static void grow(color_table *t)
{
    color_table larger = {.capacity = t->capacity * 2, .used = t->used};
    larger.slots = mem_small(larger.capacity, sizeof *larger.slots);
    for (size_t i = 0; i < t->capacity; i++)
        if (t->slots[i].count)
            *find_slot(&larger, t->slots[i].color) = t->slots[i];
    mem_free(t->slots);
    *t = larger;
}

/* How many of n > 0 pixels are the first's: most equal their left neighbour. */
static size_t run_length(const rgb *pixels, size_t n)
{
    size_t run = 1;
    while (run < n && pixels[run] == pixels[0])
        run++;
    return run;
}

static void count_colors(color_table *t, const rgb *pixels, size_t n)
{
    for (size_t i = 0, run; i < n; i += run) {
        run = run_length(pixels + i, n - i);
        entry *slot = find_slot(t, pixels[i]);
        bool is_new = slot->count == 0;
        slot->color = pixels[i];
        slot->count += (uint32_t)run;
        if (is_new && ++t->used * 2 > t->capacity)
            grow(t);
    }
}

static int more_frequent(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    return x->color < y->color ? -1 : x->color > y->color;
}

static int nearest(const palette *p, rgb color)
{
    int best = 0, best_distance = 1 << 30;
    for (int k = 0; k < p->n; k++) {
        int distance = 0;
        for (int shift = 0; shift <= 16; shift += 8) {
            int d = (int)(color >> shift & 255) - (int)(p->color[k] >> shift & 255);
            distance += d * d;
        }
        if (distance < best_distance) {
            best_distance = distance;
            best = k;
        }
    }
    return best;
}

/* Fills the palette and gives every colour of the table its index. */
static void choose(palette *out, color_table *t)
{
    entry *sorted = mem_small(t->used, sizeof *sorted);
    size_t m = 0;
    for (size_t i = 0; i < t->capacity; i++)
        if (t->slots[i].count)
            sorted[m++] = t->slots[i];
    qsort(sorted, m, sizeof *sorted, more_frequent);
    out->n = m < 256 ? (int)m : 256;
    for (int k = 0; k < out->n; k++)
        out->color[k] = sorted[k].color;
    for (size_t k = 0; k < m; k++)
        find_slot(t, sorted[k].color)->index = k < 256 ? (int)k : nearest(out, sorted[k].color);
    mem_free(sorted);
}

void palette_make(palette *out, unsigned char *index, const rgb *pixels, size_t n)
{
    color_table t = {.capacity = 1024};
    t.slots = mem_small(t.capacity, sizeof *t.slots);
    count_colors(&t, pixels, n);
    choose(out, &t);
    for (size_t i = 0, run; i < n; i += run) {
        run = run_length(pixels + i, n - i);
        memset(index + i, find_slot(&t, pixels[i])->index, run);
    }
    mem_free(t.slots);
}
