/* The best of what comes by, kept in order. */
#ifndef INVERT_RANKING_H
#define INVERT_RANKING_H
#include <stdint.h>

/* Offers one more id to a list of the k largest values, best first, after `seen` others; of equals
 * the first come stays ahead. The list holds the smaller of k and seen. */
static inline void ranking_add(int32_t *ids_k, float *value_k, int k, int seen, int32_t id,
                               float value)
{
    if (seen >= k && !(value > value_k[k - 1]))
        return;
    int at = seen < k ? seen : k - 1;
    for (; at > 0 && value > value_k[at - 1]; at--) {
        value_k[at] = value_k[at - 1];
        ids_k[at] = ids_k[at - 1];
    }
    value_k[at] = value;
    ids_k[at] = id;
}

#endif
