/* Rows of activations written out, zeros and all, for a gatherer. */
#ifndef TESTS_FEATURES_COMMON_GATHER_H
#define TESTS_FEATURES_COMMON_GATHER_H
#include "features/stats.h"

/* gatherer_add() of n rows of F activations. */
size_t gather_dense(gatherer *g, const float *f_NF, int F, const int32_t *prompts_N,
                    const int32_t *positions_N, const bool *counted_N, int n);

#endif
