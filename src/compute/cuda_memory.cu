/* The cuda backend: memory and copies between it and ordinary memory. Memory comes from the GPU's
 * pool in the order of the stream, so that neither taking nor giving back waits for anything. */
#include "compute/cuda.cuh"
#include <string.h>

enum { SMALL_UPLOAD = 256 << 10 };

static void *cuda_alloc(backend *be, size_t n, size_t size, const char *what, err *e)
{
    void *p = NULL;
    if (size && n > SIZE_MAX / size) {
        err_set(e, E_MEMORY, "%s: %zu numbers of %zu bytes are more than there is memory", what, n,
                size);
        return NULL;
    }
    size_t bytes = n && size ? n * size : 1;
    cudaStream_t stream = state_of(be)->stream;
    cudaError_t code = cudaMallocAsync(&p, bytes, stream);
    if (!code)
        code = cudaMemsetAsync(p, 0, bytes, stream);
    if (!code)
        return p;
    cudaGetLastError(); /* a refusal is no failure of what comes after */
    if (p)
        cudaFreeAsync(p, stream);
    err_set(e, E_MEMORY, "%s: %.1f MiB do not fit the GPU's memory (%s)", what,
            (double)bytes / (1 << 20), cudaGetErrorString(code));
    return NULL;
}

static void cuda_free(backend *be, void *p)
{
    if (p)
        cuda_check(be, cudaFreeAsync(p, state_of(be)->stream), "freeing memory");
}

static void cuda_finish(backend *be)
{
    cuda_check(be, cudaStreamSynchronize(state_of(be)->stream), "waiting for the GPU");
}

/* Small arrays are copied to pinned memory first: the caller may change `from` at once, and the GPU
 * is not waited for until the pinned memory has been gone through. */
static void cuda_upload(backend *be, void *to, const void *host_from, size_t bytes)
{
    cuda_state *s = state_of(be);
    if (bytes == 0)
        return;
    const void *from = host_from;
    if (bytes <= SMALL_UPLOAD) {
        if (s->staged + bytes > STAGING_BYTES) {
            cuda_finish(be);
            s->staged = 0;
        }
        memcpy(s->staging + s->staged, host_from, bytes);
        from = s->staging + s->staged;
        s->staged += (bytes + 63) / 64 * 64;
    }
    cuda_check(be, cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, s->stream),
               "uploading");
    if (from == host_from)
        cuda_finish(be);
}

static void cuda_download(backend *be, void *host_to, const void *from, size_t bytes)
{
    if (bytes == 0)
        return;
    cuda_check(be,
               cudaMemcpyAsync(host_to, from, bytes, cudaMemcpyDeviceToHost, state_of(be)->stream),
               "downloading");
    cuda_finish(be);
}

static void cuda_copy(backend *be, void *to, const void *from, size_t bytes)
{
    if (bytes)
        cuda_check(be,
                   cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, state_of(be)->stream),
                   "copying");
}

static void cuda_zero(backend *be, void *x, size_t bytes)
{
    if (bytes)
        cuda_check(be, cudaMemsetAsync(x, 0, bytes, state_of(be)->stream), "clearing");
}

void *cuda_scratch(backend *be, size_t bytes)
{
    cuda_state *s = state_of(be);
    if (bytes <= s->scratch_bytes)
        return s->scratch;
    cuda_free(be, s->scratch); /* after what still reads it */
    s->scratch_bytes = 0;
    s->scratch = (char *)cuda_alloc(be, bytes, 1, "the GPU's scratch memory", &be->failure);
    s->scratch_bytes = s->scratch ? bytes : 0;
    return s->scratch;
}

static void cuda_close(backend *be)
{
    cuda_state *s = state_of(be);
    cuda_free(be, s->scratch);
    if (s->stream)
        cudaStreamSynchronize(s->stream);
    cuda_products_close(be);
    cudaFreeHost(s->staging);
    if (s->stream)
        cudaStreamDestroy(s->stream);
    if (s->memory)
        cudaMemPoolTrimTo(s->memory, 0);
    mem_free(s);
}

void cuda_install_memory(backend *be)
{
    be->alloc = cuda_alloc;
    be->free = cuda_free;
    be->upload = cuda_upload;
    be->download = cuda_download;
    be->copy = cuda_copy;
    be->zero = cuda_zero;
    be->finish = cuda_finish;
    be->close = cuda_close;
}
