/* The best of what comes by, kept in order. */
#ifndef COMPUTE_RANKING_H
#define COMPUTE_RANKING_H
#include "base/host_device.h"
#include "compute/backend.h"
#include <stdint.h>

/* Offers one more id to a list of the k largest values, best first, after `seen` others; of equals
 * the first come stays ahead. The list holds the smaller of k and seen. */
HOST_DEVICE static inline void ranking_add(int32_t *ids_k, float *value_k, int k, int seen,
                                           int32_t id, float value)
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
    for (int i = last; i > at; i--) {
        value_k[i] = value_k[i - 1];
        ids_k[i] = ids_k[i - 1];
    }
    value_k[at] = value;
    ids_k[at] = id;
}

/* What candidate c is ranked by, out of a row of dot products. */
HOST_DEVICE static inline float candidate_score(const ranked_columns *from, int c,
                                                const float *dots_M)
{
    double x = (double)dots_M[from->ids_C[c] - from->first_id];
    x *= from->factor_C ? from->factor_C[c] : from->scale;
    return (float)(from->offset_C ? x + from->offset_C[c] : x);
}

#endif
