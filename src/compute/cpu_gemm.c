/* The cpu backend: matrix products by OpenBLAS, one thread per block of rows of the result.
 *
 * Blocks depend on the sizes alone, and each output number is summed whole inside one block, so the
 * bytes do not depend on how many threads there are. */
#include "compute/cpu.h"
#include "compute/install.h"
#include <cblas.h>

enum {
    BLOCKS_WANTED = 8, /* enough for the threads to finish together */
    MIN_ROWS = 64,     /* fewer and packing the other operand costs more than the product */
    MAX_ROWS = 256
};
static const double MIN_BLOCK_FLOPS = 1e6; /* less is not worth waking a thread */

typedef struct product {
    float *c;
    const float *a, *b;
    int lda, ldb, ldc, M, N, K, rows;
    orientation ta, tb;
    float alpha, beta;
} product;

static void product_block(void *context, int block)
{
    const product *p = context;
    int first = block * p->rows, rows = p->M - first < p->rows ? p->M - first : p->rows;
    const float *a = p->ta == PLAIN ? ROW(p->a, first, p->lda) : p->a + first;
    cblas_sgemm(CblasRowMajor, p->ta == PLAIN ? CblasNoTrans : CblasTrans,
                p->tb == PLAIN ? CblasNoTrans : CblasTrans, rows, p->N, p->K, p->alpha, a, p->lda,
                p->b, p->ldb, p->beta, ROW(p->c, first, p->ldc), p->ldc);
}

static int block_rows(int M, int N, int K)
{
    int rows = (M + BLOCKS_WANTED - 1) / BLOCKS_WANTED;
    rows = rows < MIN_ROWS ? MIN_ROWS : rows > MAX_ROWS ? MAX_ROWS : rows;
    double needed = MIN_BLOCK_FLOPS / (2.0 * N * K + 1);
    if (rows < needed)
        rows = needed < M ? (int)needed : M;
    return (rows + 15) / 16 * 16;
}

static void cpu_gemm(backend *be, float *c_MN, int ldc, const float *a, int lda, orientation ta,
                     const float *b, int ldb, orientation tb, int M, int N, int K, float alpha,
                     float beta)
{
    if (M <= 0 || N <= 0)
        return;
    product p = {.c = c_MN,
                 .a = a,
                 .b = b,
                 .lda = lda,
                 .ldb = ldb,
                 .ldc = ldc,
                 .M = M,
                 .N = N,
                 .K = K,
                 .rows = block_rows(M, N, K),
                 .ta = ta,
                 .tb = tb,
                 .alpha = alpha,
                 .beta = beta};
    pool_run(be->pool, (M + p.rows - 1) / p.rows, product_block, &p);
}

void cpu_install_gemm(backend *be)
{
    be->gemm = cpu_gemm;
}
