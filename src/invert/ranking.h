/* The best of what comes by, kept in order. */
#ifndef INVERT_RANKING_H
#define INVERT_RANKING_H
#include <stdint.h>
#include <string.h>

/* Offers one more id to a list of the k largest values, best first, after `seen` others; of equals
 * the first come stays ahead. The list holds the smaller of k and seen. */
static inline void ranking_add(int32_t *ids_k, float *value_k, int k, int seen, int32_t id,
                               float value)
{
    if (seen >= k && !(value > value_k[k - 1]))
        return;
    /* Halving by arithmetic: a branch would be wrong every other time. */
    int last = seen < k ? seen : k - 1, at = 0;
    for (int n = last; n > 0;) {
        int half = (n + 1) / 2, behind = !(value > value_k[at + half - 1]);
        at += behind * half;
        n = behind * (n - half) + (1 - behind) * (half - 1);
    }
    memmove(value_k + at + 1, value_k + at, (size_t)(last - at) * sizeof *value_k);
    memmove(ids_k + at + 1, ids_k + at, (size_t)(last - at) * sizeof *ids_k);
    value_k[at] = value;
    ids_k[at] = id;
}

#endif
