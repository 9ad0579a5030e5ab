/* The cuda backend: choosing a GPU and opening it. */
#include "compute/cuda.cuh"

enum { LEAST_CAPABILITY = 75, LEAST_FREE_MIB = 512 };

bool cuda_check(backend *be, cudaError_t code, const char *what)
{
    if (!code)
        return true;
    if (!be->failure.code)
        err_set(&be->failure, code == cudaErrorMemoryAllocation ? E_MEMORY : E_IO,
                "the GPU failed in %s: %s", what, cudaGetErrorString(code));
    return false;
}

/* A GPU that this program can use, named in the message where it cannot. */
static err_code choose(int device, err *e)
{
    int n = 0;
    cudaError_t code = cudaGetDeviceCount(&n);
    if (code || n == 0)
        return err_set(e, E_CONFIG, "no GPU can be used: %s",
                       code ? cudaGetErrorString(code) : "the driver shows none");
    if (device >= n)
        return err_set(e, E_CONFIG, "there is no GPU %d: the driver shows %d, numbered from 0",
                       device, n);
    cudaDeviceProp about;
    code = cudaGetDeviceProperties(&about, device);
    if (code)
        return err_set(e, E_CONFIG, "GPU %d cannot be used: %s", device, cudaGetErrorString(code));
    if (10 * about.major + about.minor < LEAST_CAPABILITY)
        return err_set(e, E_CONFIG,
                       "GPU %d (%s, compute capability %d.%d) is too old: 7.5 is the least", device,
                       about.name, about.major, about.minor);
    int has_pools = 0;
    code = cudaDeviceGetAttribute(&has_pools, cudaDevAttrMemoryPoolsSupported, device);
    if (code || !has_pools)
        return err_set(e, E_CONFIG,
                       "GPU %d (%s) cannot be used: its driver has no memory pools; CUDA 11.2 or "
                       "later is needed, and a virtual GPU may not have them",
                       device, about.name);
    size_t unused = 0, total = 0;
    code = cudaSetDevice(device);
    if (!code)
        code = cudaMemGetInfo(&unused, &total);
    if (code)
        return err_set(e, E_CONFIG, "GPU %d (%s) cannot be used: %s", device, about.name,
                       cudaGetErrorString(code));
    if (unused >> 20 < LEAST_FREE_MIB)
        return err_set(e, E_MEMORY,
                       "GPU %d (%s) has %zu MiB of free memory, too little: %d is the "
                       "least",
                       device, about.name, unused >> 20, LEAST_FREE_MIB);
    return OK;
}

/* What is given back stays in the GPU's pool for what comes next, until the backend is closed. */
static cudaError_t open_memory(cudaMemPool_t *memory, int device)
{
    uint64_t keep = UINT64_MAX;
    cudaError_t code = cudaDeviceGetDefaultMemPool(memory, device);
    return code ? code : cudaMemPoolSetAttribute(*memory, cudaMemPoolAttrReleaseThreshold, &keep);
}

static err_code open_device(backend *be, int device, err *e)
{
    cuda_state *s = state_of(be);
    cudaError_t code = cudaStreamCreate(&s->stream);
    if (!code)
        code = open_memory(&s->memory, device);
    if (!code)
        code = cudaMallocHost((void **)&s->staging, STAGING_BYTES);
    if (code)
        return err_set(e, E_CONFIG, "the GPU cannot be opened: %s", cudaGetErrorString(code));
    return cuda_products_open(be, e);
}

static void fill_table(backend *be)
{
    cuda_install_memory(be);
    cuda_install_elements(be);
    cuda_install_activations(be);
    cuda_install_rows(be);
    cuda_install_columns(be);
    cuda_install_sums(be);
    cuda_install_norm(be);
    cuda_install_heads(be);
    cuda_install_attention(be);
    cuda_install_attention_backward(be);
    cuda_install_tokens(be);
    cuda_install_select(be);
    cuda_install_rank(be);
    cuda_install_sparse(be);
    cuda_install_descent(be);
}

extern "C" bool backend_has_cuda(void)
{
    return true;
}

extern "C" err_code backend_cuda(backend **out, int device, pool *p, err *e)
{
    *out = NULL;
    err_code rc = choose(device, e);
    if (rc)
        return rc;
    cuda_state *s = (cuda_state *)mem_small(1, sizeof *s);
    s->be.name = "cuda";
    s->be.pool = p;
    fill_table(&s->be);
    rc = open_device(&s->be, device, e);
    if (rc)
        s->be.close(&s->be);
    else
        *out = &s->be;
    return rc;
}
