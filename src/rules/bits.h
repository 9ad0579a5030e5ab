/* Sets of positions, 64 to a word. */
#ifndef RULES_BITS_H
#define RULES_BITS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline void bits_set(uint64_t *bits, size_t i)
{
    bits[i / 64] |= (uint64_t)1 << i % 64;
}

static inline bool bits_get(const uint64_t *bits, size_t i)
{
    return bits[i / 64] >> i % 64 & 1;
}

/* Sets bits from..to-1. */
static inline void bits_set_range(uint64_t *bits, size_t from, size_t to)
{
    if (from >= to)
        return;
    size_t first = from / 64, last = (to - 1) / 64;
    uint64_t head = ~(uint64_t)0 << from % 64, tail = ~(uint64_t)0 >> (63 - (to - 1) % 64);
    if (first == last) {
        bits[first] |= head & tail;
        return;
    }
    bits[first] |= head;
    for (size_t w = first + 1; w < last; w++)
        bits[w] = ~(uint64_t)0;
    bits[last] |= tail;
}

static inline int64_t bits_count(const uint64_t *a, size_t words)
{
    int64_t n = 0;
    for (size_t w = 0; w < words; w++)
        n += __builtin_popcountll(a[w]);
    return n;
}

/* Bits that both have. */
static inline int64_t bits_count_both(const uint64_t *a, const uint64_t *b, size_t words)
{
    int64_t n = 0;
    for (size_t w = 0; w < words; w++)
        n += __builtin_popcountll(a[w] & b[w]);
    return n;
}

/* Bits of (a or b) that c has too. */
static inline int64_t bits_count_either(const uint64_t *a, const uint64_t *b, const uint64_t *c,
                                        size_t words)
{
    int64_t n = 0;
    for (size_t w = 0; w < words; w++)
        n += __builtin_popcountll((a[w] | b[w]) & c[w]);
    return n;
}

static inline void bits_and(uint64_t *a, const uint64_t *b, size_t words)
{
    for (size_t w = 0; w < words; w++)
        a[w] &= b[w];
}

static inline void bits_or(uint64_t *a, const uint64_t *b, size_t words)
{
    for (size_t w = 0; w < words; w++)
        a[w] |= b[w];
}

#endif
