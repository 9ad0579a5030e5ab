/* As much of CUDA's runtime and device language as src/compute/cuda*.cu use, on the processor: a
 * block's threads are fibers that take turns at every barrier and exchange, blocks run one after
 * another, and the GPU's memory is ordinary memory, where the sanitizers see every access. Products
 * are by the backend's own kernel; cuBLAS is not here. */
#ifndef TESTS_EMULATED_CUDA_RUNTIME_H
#define TESTS_EMULATED_CUDA_RUNTIME_H
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
using std::isnan;

#define __global__
#define __device__
#define __host__
#define __shared__ static
#define __align__(n) __attribute__((aligned(n)))
#define __launch_bounds__(...)

struct uint3 {
    unsigned x, y, z;
};
struct dim3 {
    unsigned x, y, z;
    dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1) : x(x_), y(y_), z(z_)
    {
    }
};
struct alignas(16) float4 {
    float x, y, z, w;
};
struct alignas(8) uint2 {
    unsigned x, y;
};
extern uint3 threadIdx, blockIdx;
extern dim3 blockDim;

/* Runs body once for every thread of every block. */
void emulate(unsigned blocks, dim3 threads, const std::function<void()> &body);

void __syncthreads();
int __syncthreads_or(int x);
/* Puts 8 bytes where the other lanes find them, and waits for those of the whole warp. */
void emulated_exchange(uint64_t *all_lanes, uint64_t mine);
unsigned emulated_lane();

template <class X> X __shfl_xor_sync(unsigned mask, X x, int distance)
{
    (void)mask;
    uint64_t mine = 0, lanes[32];
    memcpy(&mine, &x, sizeof x);
    emulated_exchange(lanes, mine);
    memcpy(&x, &lanes[emulated_lane() ^ (unsigned)distance], sizeof x);
    return x;
}

static inline unsigned __ballot_sync(unsigned mask, bool x)
{
    (void)mask;
    uint64_t lanes[32];
    unsigned bits = 0;
    emulated_exchange(lanes, x);
    for (unsigned i = 0; i < 32; i++)
        bits |= (unsigned)lanes[i] << i;
    return bits;
}

static inline int __popc(unsigned x)
{
    return __builtin_popcount(x);
}

template <class X> X atomicAdd(X *to, X x)
{
    X old = *to;
    *to += x;
    return old;
}

typedef enum { cudaSuccess, cudaErrorMemoryAllocation = 2 } cudaError_t;
typedef enum {
    cudaMemcpyHostToDevice = 1,
    cudaMemcpyDeviceToHost,
    cudaMemcpyDeviceToDevice
} cudaMemcpyKind;
typedef struct emulated_stream *cudaStream_t;
typedef struct cudaDeviceProp {
    char name[256];
    int major, minor;
} cudaDeviceProp;

typedef struct emulated_pool *cudaMemPool_t;
typedef enum { cudaMemPoolAttrReleaseThreshold } cudaMemPoolAttr;
typedef enum { cudaDevAttrMemoryPoolsSupported } cudaDeviceAttr;

cudaError_t cudaMallocAsync(void **p, size_t bytes, cudaStream_t stream);
cudaError_t cudaFreeAsync(void *p, cudaStream_t stream);
cudaError_t cudaDeviceGetAttribute(int *value, cudaDeviceAttr which, int device);
cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t *memory, int device);
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t memory, cudaMemPoolAttr which, void *value);
cudaError_t cudaMemPoolTrimTo(cudaMemPool_t memory, size_t bytes);
typedef struct emulated_event *cudaEvent_t;
enum { cudaEventDisableTiming = 2 };
cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaEventDestroy(cudaEvent_t event);

cudaError_t cudaMallocHost(void **p, size_t bytes);
cudaError_t cudaFreeHost(void *p);
cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream);
cudaError_t cudaMemsetAsync(void *x, int value, size_t bytes, cudaStream_t stream);
cudaError_t cudaMemGetInfo(size_t *unused, size_t *total);
cudaError_t cudaGetDeviceCount(int *n);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp *about, int device);
cudaError_t cudaSetDevice(int device);
cudaError_t cudaStreamCreate(cudaStream_t *stream);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaGetLastError();
const char *cudaGetErrorString(cudaError_t code);

#endif
