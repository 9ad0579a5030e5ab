/* The runtime's calls in ordinary memory, and the products of a backend without cuBLAS. */
#include "compute/cuda_product.cuh"
#include <cstdlib>

enum { ALIGNMENT = 256 };

cudaError_t cudaMalloc(void **p, size_t bytes)
{
    if (bytes > SIZE_MAX / 4)
        return cudaErrorMemoryAllocation;
    *p = aligned_alloc(ALIGNMENT, (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    return *p ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaFree(void *p)
{
    free(p);
    return cudaSuccess;
}

cudaError_t cudaMallocHost(void **p, size_t bytes)
{
    return cudaMalloc(p, bytes);
}

cudaError_t cudaFreeHost(void *p)
{
    return cudaFree(p);
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind, cudaStream_t)
{
    memcpy(to, from, bytes);
    return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void *x, int value, size_t bytes, cudaStream_t)
{
    memset(x, value, bytes);
    return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *unused, size_t *total)
{
    *unused = *total = (size_t)1 << 32;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int *n)
{
    *n = 1;
    return cudaSuccess;
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *about, int)
{
    *about = cudaDeviceProp{"emulated", 9, 0};
    return cudaSuccess;
}

cudaError_t cudaSetDevice(int)
{
    return cudaSuccess;
}

cudaError_t cudaStreamCreate(cudaStream_t *stream)
{
    *stream = nullptr;
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t)
{
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t)
{
    return cudaSuccess;
}

cudaError_t cudaGetLastError()
{
    return cudaSuccess;
}

const char *cudaGetErrorString(cudaError_t code)
{
    return code ? "out of memory" : "no error";
}

static void plain_gemm(backend *be, float *c_MN, int ldc, const float *a, int lda, orientation ta,
                       const float *b, int ldb, orientation tb, int M, int N, int K, float alpha,
                       float beta)
{
    product_task t = {c_MN, a, b, ldc, lda, ldb, M, N, K, ta, tb, alpha, beta};
    if (M > 0 && N > 0)
        cuda_plain_product(be, &t);
}

err_code cuda_products_open(backend *be, err *)
{
    be->gemm = plain_gemm;
    return OK;
}

void cuda_products_close(backend *)
{
}
