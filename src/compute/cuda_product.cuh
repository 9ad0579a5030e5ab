/* One product, as backend.h's gemm says, and the kernel for those that the library does not take.
 */
#ifndef COMPUTE_CUDA_PRODUCT_CUH
#define COMPUTE_CUDA_PRODUCT_CUH
#include "compute/cuda.cuh"

typedef struct product_task {
    float *c;
    const float *a, *b;
    int ldc, lda, ldb, M, N, K;
    orientation ta, tb;
    float alpha, beta;
} product_task;

/* Every number of c is a sum over k in order, whatever else is computed. K may be 0. */
void cuda_plain_product(backend *be, const product_task *p);

#endif
