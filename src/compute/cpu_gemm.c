/* The cpu backend: matrix products, one thread per block of the result.
 *
 * Blocks depend on the sizes alone, and each output number is summed whole inside one block, so the
 * bytes do not depend on how many threads there are. Products of rows are by our own tiles
 * (cpu_tiles.c), so that a row's bytes do not depend on the rows beside it either. Products with a
 * transposed, which sum over rows, are by OpenBLAS. */
#include "compute/cpu.h"
#include "compute/install.h"
#include <cblas.h>

enum {
    BLOCKS_WANTED = 8, /* enough for the threads to finish together */
    BLOCKS_MOST = 64,  /* of large products, so that a thread that was held up is not waited for */
    LEAST_COLUMNS = 192, /* fewer, and reading the rows takes longer than multiplying them */
    STEP = 96            /* block sides are multiples of this, and it is of the tiles' */
};
static const double MIN_BLOCK_FLOPS = 1e6; /* less is not worth waking a thread */
static const double LARGE_BLOCK_FLOPS = 1e8;

typedef struct product {
    float *c;
    const float *a, *b;
    int lda, ldb, ldc, M, N, K, rows, columns, blocks_across;
    orientation ta, tb;
    float alpha, beta;
    tile_finish finish;
} product;

static int at_most(int n, int limit)
{
    return n < limit ? n : limit;
}

static void product_block(void *context, int block)
{
    const product *p = context;
    int row = block / p->blocks_across * p->rows, column = block % p->blocks_across * p->columns;
    const float *a = p->ta == PLAIN ? ROW(p->a, row, p->lda) : p->a + row;
    const float *b = p->tb == PLAIN ? p->b + column : ROW(p->b, column, p->ldb);
    tile_product part = {.c = ROW(p->c, row, p->ldc) + column,
                         .a = a,
                         .b = b,
                         .ldc = p->ldc,
                         .lda = p->lda,
                         .ldb = p->ldb,
                         .M = at_most(p->rows, p->M - row),
                         .N = at_most(p->columns, p->N - column),
                         .K = p->K,
                         .tb = p->tb,
                         .alpha = p->alpha,
                         .beta = p->beta,
                         .finish = p->finish};
    part.finish.bias_N += part.finish.bias_N ? column : 0;
    part.finish.threshold_N += part.finish.threshold_N ? column : 0;
    if (p->ta == PLAIN)
        cpu_tiles(&part);
    else
        cblas_sgemm(CblasRowMajor, CblasTrans, p->tb == PLAIN ? CblasNoTrans : CblasTrans, part.M,
                    part.N, part.K, part.alpha, a, p->lda, b, p->ldb, part.beta, part.c, p->ldc);
}

/* The side of blocks that cut `size` into about `parts`. */
static int block_side(int size, int parts)
{
    int side = (size - 1) / parts + 1;
    return (side - 1) / STEP * STEP + STEP;
}

/* Each block lays out its columns of b, which costs as much as multiplying them with a few dozen
 * rows: columns are cut first, and rows only where there are too few of those. */
static void cut(product *p)
{
    double flops = 2.0 * p->K * p->M * p->N;
    double wanted = flops / LARGE_BLOCK_FLOPS, most = flops / MIN_BLOCK_FLOPS + 1;
    int blocks = wanted > BLOCKS_MOST     ? BLOCKS_MOST
                 : wanted > BLOCKS_WANTED ? (int)wanted
                                          : BLOCKS_WANTED;
    blocks = blocks > most ? (int)most : blocks;
    int columns = p->N / LEAST_COLUMNS, across = at_most(blocks, columns > 1 ? columns : 1);
    p->columns = block_side(p->N, across);
    p->blocks_across = (p->N - 1) / p->columns + 1;
    p->rows = block_side(p->M, (blocks - 1) / p->blocks_across + 1);
}

static void run_product(backend *be, product *p)
{
    if (p->M <= 0 || p->N <= 0)
        return;
    cut(p);
    pool_run(be->pool, ((p->M - 1) / p->rows + 1) * p->blocks_across, product_block, p);
}

static void cpu_gemm(backend *be, float *c_MN, int ldc, const float *a, int lda, orientation ta,
                     const float *b, int ldb, orientation tb, int M, int N, int K, float alpha,
                     float beta)
{
    product p = {.c = c_MN,
                 .a = a,
                 .b = b,
                 .lda = lda,
                 .ldb = ldb,
                 .ldc = ldc,
                 .M = M,
                 .N = N,
                 .K = K,
                 .ta = ta,
                 .tb = tb,
                 .alpha = alpha,
                 .beta = beta};
    run_product(be, &p);
}

/* y = x op(W) + beta y, finished; whole rows of all of them. */
static void run_finished(backend *be, float *y_NO, const float *x_ND, const float *w,
                         orientation tw, tile_finish finish, int N, int O, int D, float beta)
{
    product p = {.c = y_NO,
                 .a = x_ND,
                 .b = w,
                 .lda = D,
                 .ldb = tw == PLAIN ? O : D,
                 .ldc = O,
                 .M = N,
                 .N = O,
                 .K = D,
                 .tb = tw,
                 .alpha = 1,
                 .beta = beta,
                 .finish = finish};
    run_product(be, &p);
}

static void cpu_encode(backend *be, float *f_NF, const float *x_ND, const float *w_DF,
                       const float *b_F, const float *threshold_F, int N, int D, int F)
{
    tile_finish finish = {.bias_N = b_F, .threshold_N = threshold_F, .encode = true};
    run_finished(be, f_NF, x_ND, w_DF, PLAIN, finish, N, F, D, 0);
}

static void cpu_affine(backend *be, float *y_NO, const float *x_ND, const float *w, orientation tw,
                       const float *bias_O, int N, int O, int D, float beta)
{
    run_finished(be, y_NO, x_ND, w, tw, (tile_finish){.bias_N = bias_O}, N, O, D, beta);
}

void cpu_install_gemm(backend *be)
{
    be->gemm = cpu_gemm;
    be->encode = cpu_encode;
    be->affine = cpu_affine;
}
