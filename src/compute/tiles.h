/* Products of rows on one thread, without a backend. */
#ifndef COMPUTE_TILES_H
#define COMPUTE_TILES_H
#include "compute/backend.h"

/* What is made of a number x of column i before it is stored: x + bias_N[i] (NULL: x), and, to
 * encode, 0 unless that is above 0 and above threshold_N[i] (NULL: 0). */
typedef struct tile_finish {
    const float *bias_N, *threshold_N;
    bool encode;
} tile_finish;

/* c = alpha a op(b) + beta c, a M x K, op(b) K x N; beta 0 never reads c. A number of c depends on
 * its row of a, its column of op(b) and K alone: who else is computed changes no bit of it. */
typedef struct tile_product {
    float *c;
    const float *a, *b;
    int ldc, lda, ldb, M, N, K;
    orientation tb;
    float alpha, beta;
    tile_finish finish; /* to encode, beta is 0 */
} tile_product;
/* On the calling thread. */
void cpu_tiles(const tile_product *p);

#endif
