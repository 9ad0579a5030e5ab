/* The cuda backend: matrix products by cuBLASLt.
 *
 * backend.h promises that a row of a product with a PLAIN is the same whatever other rows there
 * are. The library chooses a kernel by all sizes, so here it is asked once for each product's shape
 * with CANONICAL_ROWS rows, without workspace and so without cutting sums in parts, and that kernel
 * serves any number of rows: each number of the result is then summed in one order. (tests/compute
 * holds this on the GPU.) Chosen kernels are kept in a table with one place for each hash.
 *
 * The library is loaded when a GPU is opened, so that a program built with CUDA starts where there
 * is none, and as fast. */
#include "compute/cuda_product.cuh"
#include <cublasLt.h>
#include <dlfcn.h>
#include <string.h>

enum { CANONICAL_ROWS = 2048, PLANS = 1024, ALIGNMENT = 16 };

/* The library's functions by their names. */
#define LIBRARY_FUNCTIONS(DO)                                                                      \
    DO(cublasLtCreate)                                                                             \
    DO(cublasLtDestroy)                                                                            \
    DO(cublasLtMatmul)                                                                             \
    DO(cublasLtMatmulAlgoCheck)                                                                    \
    DO(cublasLtMatmulAlgoGetHeuristic)                                                             \
    DO(cublasLtMatmulDescCreate)                                                                   \
    DO(cublasLtMatmulDescDestroy)                                                                  \
    DO(cublasLtMatmulDescSetAttribute)                                                             \
    DO(cublasLtMatmulPreferenceCreate)                                                             \
    DO(cublasLtMatmulPreferenceDestroy)                                                            \
    DO(cublasLtMatmulPreferenceSetAttribute)                                                       \
    DO(cublasLtMatrixLayoutCreate)                                                                 \
    DO(cublasLtMatrixLayoutDestroy)                                                                \
    DO(cublasLtMatrixLayoutSetAttribute)                                                           \
    DO(cublasLtGetStatusString)

/* What decides the kernel. A PLAIN a's rows are not in it. */
typedef struct plan_key {
    int M, N, K, lda, ldb, ldc;
    uint32_t align_a, align_b, align_c; /* bytes */
    int ta, tb, precision;
} plan_key;

typedef struct plan {
    plan_key key; /* N == 0: an empty place */
    bool plain;   /* the library has no kernel for it: ours */
    cublasLtMatmulDesc_t operation;
    cublasLtMatrixLayout_t a, b, c;
    cublasLtMatmulAlgo_t algorithm;
} plan;

struct cuda_products {
    void *library;
    cublasLtHandle_t handle;
    plan plans[PLANS];
#define MEMBER(name) decltype(&::name) name;
    LIBRARY_FUNCTIONS(MEMBER)
#undef MEMBER
};

/* ---- plans --------------------------------------------------------------------------------------
 */

/* The power of two, at most ALIGNMENT, at which every row that may be asked for begins. */
static uint32_t alignment_of(const float *x, int ld)
{
    uintptr_t bits = reinterpret_cast<uintptr_t>(x) | (uintptr_t)ld * sizeof *x | ALIGNMENT;
    return (uint32_t)(bits & (~bits + 1));
}

static plan_key key_of(const backend *be, const product_task *p)
{
    plan_key key;
    memset(&key, 0, sizeof key); /* compared and hashed by its bytes */
    key.M = p->ta == PLAIN ? 0 : p->M;
    key.N = p->N;
    key.K = p->K;
    key.lda = p->lda;
    key.ldb = p->ldb;
    key.ldc = p->ldc;
    key.align_a = alignment_of(p->a, p->lda);
    key.align_b = alignment_of(p->b, p->ldb);
    key.align_c = alignment_of(p->c, p->ldc);
    key.ta = p->ta;
    key.tb = p->tb;
    key.precision = be->products;
    return key;
}

/* FNV-1a. */
static unsigned place_of(const plan_key *key)
{
    unsigned hash = 2166136261u;
    const unsigned char *bytes = reinterpret_cast<const unsigned char *>(key);
    for (size_t i = 0; i < sizeof *key; i++)
        hash = (hash ^ bytes[i]) * 16777619u;
    return (hash ^ hash >> 16) % PLANS;
}

static void release_plan(cuda_products *l, plan *p)
{
    if (p->operation)
        l->cublasLtMatmulDescDestroy(p->operation);
    cublasLtMatrixLayout_t layouts[] = {p->a, p->b, p->c};
    for (int i = 0; i < 3; i++)
        if (layouts[i])
            l->cublasLtMatrixLayoutDestroy(layouts[i]);
    memset(p, 0, sizeof *p);
}

/* The library's matrices have columns where ours have rows: c' = op(b)' op(a)', so b comes first
 * and our rows are its columns. */
static cublasStatus_t describe(cuda_products *l, plan *p, int M)
{
    static const cublasComputeType_t computing[] = {
        CUBLAS_COMPUTE_32F, CUBLAS_COMPUTE_32F_FAST_TF32, CUBLAS_COMPUTE_32F_FAST_16BF};
    const plan_key *k = &p->key;
    cublasOperation_t b = k->tb == PLAIN ? CUBLAS_OP_N : CUBLAS_OP_T;
    cublasOperation_t a = k->ta == PLAIN ? CUBLAS_OP_N : CUBLAS_OP_T;
    uint64_t m = (uint64_t)M, n = (uint64_t)k->N, depth = (uint64_t)k->K;
    cublasStatus_t s =
        l->cublasLtMatmulDescCreate(&p->operation, computing[k->precision], CUDA_R_32F);
    if (!s)
        s = l->cublasLtMatmulDescSetAttribute(p->operation, CUBLASLT_MATMUL_DESC_TRANSA, &b,
                                              sizeof b);
    if (!s)
        s = l->cublasLtMatmulDescSetAttribute(p->operation, CUBLASLT_MATMUL_DESC_TRANSB, &a,
                                              sizeof a);
    if (!s)
        s = l->cublasLtMatrixLayoutCreate(&p->b, CUDA_R_32F, k->tb == PLAIN ? n : depth,
                                          k->tb == PLAIN ? depth : n, k->ldb);
    if (!s)
        s = l->cublasLtMatrixLayoutCreate(&p->a, CUDA_R_32F, k->ta == PLAIN ? depth : m,
                                          k->ta == PLAIN ? m : depth, k->lda);
    if (!s)
        s = l->cublasLtMatrixLayoutCreate(&p->c, CUDA_R_32F, n, m, k->ldc);
    return s;
}

/* The number of our rows where the library keeps it. */
static cublasStatus_t set_rows(cuda_products *l, plan *p, int M)
{
    uint64_t rows = (uint64_t)M;
    cublasLtMatrixLayoutAttribute_t of_a =
        p->key.ta == PLAIN ? CUBLASLT_MATRIX_LAYOUT_COLS : CUBLASLT_MATRIX_LAYOUT_ROWS;
    cublasStatus_t s = l->cublasLtMatrixLayoutSetAttribute(p->a, of_a, &rows, sizeof rows);
    return s ? s
             : l->cublasLtMatrixLayoutSetAttribute(p->c, CUBLASLT_MATRIX_LAYOUT_COLS, &rows,
                                                   sizeof rows);
}

static cublasStatus_t prefer(cuda_products *l, cublasLtMatmulPreference_t preference, const plan *p)
{
    uint64_t workspace = 0;
    uint32_t whole_sums = CUBLASLT_REDUCTION_SCHEME_NONE;
    const struct {
        cublasLtMatmulPreferenceAttributes_t what;
        const void *value;
        size_t bytes;
    } wishes[] = {
        {CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES, &workspace, sizeof workspace},
        {CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK, &whole_sums, sizeof whole_sums},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, &p->key.align_b, sizeof(uint32_t)},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, &p->key.align_a, sizeof(uint32_t)},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, &p->key.align_c, sizeof(uint32_t)},
        {CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, &p->key.align_c, sizeof(uint32_t)},
    };
    cublasStatus_t s = CUBLAS_STATUS_SUCCESS;
    for (size_t i = 0; i < COUNT_OF(wishes) && !s; i++)
        s = l->cublasLtMatmulPreferenceSetAttribute(preference, wishes[i].what, wishes[i].value,
                                                    wishes[i].bytes);
    return s;
}

/* Whether the kernel takes few rows, many, and a number that no tile divides. */
static bool takes_any_rows(cuda_products *l, plan *p)
{
    static const int rows[] = {1, 7, 64, 1000, 4096, 65537};
    for (size_t i = 0; i < COUNT_OF(rows) && p->key.ta == PLAIN; i++) {
        cublasLtMatmulHeuristicResult_t about;
        if (set_rows(l, p, rows[i]) ||
            l->cublasLtMatmulAlgoCheck(l->handle, p->operation, p->b, p->a, p->c, p->c,
                                       &p->algorithm, &about) ||
            about.workspaceSize > 0)
            return false;
    }
    return true;
}

/* The first kernel the library proposes that takes any number of rows; ours when there is none. */
static cublasStatus_t choose_kernel(cuda_products *l, plan *p)
{
    enum { PROPOSED = 8 };
    cublasLtMatmulHeuristicResult_t proposed[PROPOSED];
    cublasLtMatmulPreference_t preference = NULL;
    int n = 0;
    cublasStatus_t s = l->cublasLtMatmulPreferenceCreate(&preference);
    if (!s)
        s = prefer(l, preference, p);
    if (!s)
        s = l->cublasLtMatmulAlgoGetHeuristic(l->handle, p->operation, p->b, p->a, p->c, p->c,
                                              preference, PROPOSED, proposed, &n);
    if (s == CUBLAS_STATUS_NOT_SUPPORTED)
        s = CUBLAS_STATUS_SUCCESS;
    if (preference)
        l->cublasLtMatmulPreferenceDestroy(preference);
    p->plain = true;
    for (int i = 0; i < n && p->plain && !s; i++) {
        p->algorithm = proposed[i].algo;
        p->plain = proposed[i].state != CUBLAS_STATUS_SUCCESS || !takes_any_rows(l, p);
    }
    return s;
}

static cublasStatus_t plan_for(plan **out, backend *be, const product_task *task)
{
    cuda_products *l = state_of(be)->products;
    plan_key key = key_of(be, task);
    plan *p = &l->plans[place_of(&key)];
    *out = p;
    if (!memcmp(&p->key, &key, sizeof key))
        return CUBLAS_STATUS_SUCCESS;
    release_plan(l, p);
    p->key = key;
    cublasStatus_t s = describe(l, p, task->ta == PLAIN ? CANONICAL_ROWS : task->M);
    if (!s)
        s = choose_kernel(l, p);
    if (s)
        release_plan(l, p);
    return s;
}

/* ---- products -----------------------------------------------------------------------------------
 */

static cublasStatus_t multiply(backend *be, plan *p, const product_task *t)
{
    cuda_products *l = state_of(be)->products;
    cublasStatus_t s = set_rows(l, p, t->M);
    return s ? s
             : l->cublasLtMatmul(l->handle, p->operation, &t->alpha, t->b, p->b, t->a, p->a,
                                 &t->beta, t->c, p->c, t->c, p->c, &p->algorithm, NULL, 0,
                                 state_of(be)->stream);
}

static void cuda_gemm(backend *be, float *c_MN, int ldc, const float *a, int lda, orientation ta,
                      const float *b, int ldb, orientation tb, int M, int N, int K, float alpha,
                      float beta)
{
    product_task t = {c_MN, a, b, ldc, lda, ldb, M, N, K, ta, tb, alpha, beta};
    if (M <= 0 || N <= 0 || be->failure.code)
        return;
    plan *p = NULL;
    cublasStatus_t s = K > 0 ? plan_for(&p, be, &t) : CUBLAS_STATUS_SUCCESS;
    if (!s && (!p || p->plain))
        cuda_plain_product(be, &t);
    else if (!s)
        s = multiply(be, p, &t);
    if (s)
        err_set(&be->failure, s == CUBLAS_STATUS_ALLOC_FAILED ? E_MEMORY : E_IO,
                "the GPU failed in a product of %d x %d x %d: %s", M, N, K,
                state_of(be)->products->cublasLtGetStatusString(s));
}

/* ---- the library --------------------------------------------------------------------------------
 */

#define TEXT_OF(x) #x
#define NAME_OF(major) "libcublasLt.so." TEXT_OF(major)

static err_code find_functions(cuda_products *l, err *e)
{
    l->library = dlopen(NAME_OF(CUBLAS_VER_MAJOR), RTLD_NOW | RTLD_LOCAL);
    if (!l->library)
        return err_set(e, E_CONFIG, "the GPU's library of products cannot be loaded: %s",
                       dlerror());
#define FIND(name)                                                                                 \
    l->name = reinterpret_cast<decltype(l->name)>(dlsym(l->library, #name));                       \
    if (!l->name)                                                                                  \
        return err_set(e, E_CONFIG, "%s has no %s", NAME_OF(CUBLAS_VER_MAJOR), #name);
    LIBRARY_FUNCTIONS(FIND)
#undef FIND
    return OK;
}

err_code cuda_products_open(backend *be, err *e)
{
    cuda_products *l = (cuda_products *)mem_small(1, sizeof *l);
    state_of(be)->products = l;
    be->gemm = cuda_gemm;
    err_code rc = find_functions(l, e);
    if (rc)
        return rc;
    cublasStatus_t s = l->cublasLtCreate(&l->handle);
    return s ? err_set(e, E_CONFIG, "the GPU's library of products cannot be opened: %s",
                       l->cublasLtGetStatusString(s))
             : OK;
}

void cuda_products_close(backend *be)
{
    cuda_products *l = state_of(be)->products;
    if (!l)
        return;
    for (int i = 0; i < PLANS && l->handle; i++)
        release_plan(l, &l->plans[i]);
    if (l->handle)
        l->cublasLtDestroy(l->handle);
    if (l->library)
        dlclose(l->library);
    mem_free(l);
    state_of(be)->products = NULL;
}
