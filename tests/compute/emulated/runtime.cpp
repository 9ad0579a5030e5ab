/* The runtime's calls in ordinary memory, and the products of a backend without cuBLAS. What a GPU
 * copies to pinned memory by itself comes as late as it can: when it is waited for. */
#include "compute/cuda_product.cuh"
#include <cstdlib>
#include <deque>
#include <map>
#include <vector>

enum { ALIGNMENT = 256, NOT_YET = 0xa5 };

struct emulated_event {
    size_t after; /* copies that had been asked for when it was recorded */
};

namespace
{

struct late_copy {
    char *to;
    std::vector<char> bytes;
};

std::map<char *, size_t> pinned; /* first byte and size */
std::deque<late_copy> late; /* in the order of the stream: copies arrived .. asked - 1 */
size_t asked, arrived;

bool is_pinned(const void *p)
{
    char *at = const_cast<char *>(static_cast<const char *>(p));
    auto behind = pinned.upper_bound(at);
    return behind != pinned.begin() && at < (--behind)->first + behind->second;
}

void arrive(size_t until)
{
    for (; arrived < until; arrived++) {
        memcpy(late.front().to, late.front().bytes.data(), late.front().bytes.size());
        late.pop_front();
    }
}

} // namespace

cudaError_t cudaMallocAsync(void **p, size_t bytes, cudaStream_t)
{
    if (bytes > SIZE_MAX / 4)
        return cudaErrorMemoryAllocation;
    *p = aligned_alloc(ALIGNMENT, (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT);
    return *p ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaFreeAsync(void *p, cudaStream_t)
{
    free(p);
    return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr, int)
{
    *value = 1;
    return cudaSuccess;
}

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t *, int)
{
    return cudaSuccess;
}

cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr, void *)
{
    return cudaSuccess;
}

cudaError_t cudaMemPoolTrimTo(cudaMemPool_t, size_t)
{
    return cudaSuccess;
}

cudaError_t cudaMallocHost(void **p, size_t bytes)
{
    cudaError_t code = cudaMallocAsync(p, bytes, nullptr);
    if (!code)
        pinned[static_cast<char *>(*p)] = bytes;
    return code;
}

cudaError_t cudaFreeHost(void *p)
{
    arrive(asked);
    pinned.erase(static_cast<char *>(p));
    return cudaFreeAsync(p, nullptr);
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t)
{
    if (kind == cudaMemcpyDeviceToHost && is_pinned(to)) {
        const char *now = static_cast<const char *>(from);
        late.push_back({static_cast<char *>(to), std::vector<char>(now, now + bytes)});
        asked++;
        memset(to, NOT_YET, bytes);
        return cudaSuccess;
    }
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
    arrive(asked);
    return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned)
{
    *event = new emulated_event{};
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t)
{
    event->after = asked;
    return cudaSuccess;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
    arrive(event->after);
    return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    delete event;
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
