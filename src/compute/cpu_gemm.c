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
    MIN_ROWS = 64,     /* fewer and packing the other operand costs more than the product */
    MAX_ROWS = 512,
    MIN_COLUMNS = 256, /* columns are cut only when there are too few rows to share */
    STEP = 96          /* block sides are multiples of this, and it is of the tiles' */
};
static const double MIN_BLOCK_FLOPS = 1e6; /* less is not worth waking a thread */
static const double LARGE_BLOCK_FLOPS = 1e8;

typedef struct product {
    float *c;
    const float *a, *b;
    int lda, ldb, ldc, M, N, K, rows, columns, blocks_across;
    orientation ta, tb;
    float alpha, beta;
    tile_encoder encoder;
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
                         .beta = p->beta};
    if (p->encoder.bias_N) {
        part.encoder.bias_N = p->encoder.bias_N + column;
        part.encoder.threshold_N = p->encoder.threshold_N ? p->encoder.threshold_N + column : NULL;
    }
    if (p->ta == PLAIN)
        cpu_tiles(&part);
    else
        cblas_sgemm(CblasRowMajor, CblasTrans, p->tb == PLAIN ? CblasNoTrans : CblasTrans, part.M,
                    part.N, part.K, part.alpha, a, p->lda, b, p->ldb, part.beta, part.c, p->ldc);
}

/* The side of blocks that cut `size` into about `parts`, at least `least` and `needed`. */
static int block_side(int size, int parts, int least, double needed)
{
    int side = size / parts;
    side = side < least ? least : side;
    if (side < needed)
        side = needed < size ? (int)needed : size;
    return side / STEP * STEP == side ? side : side / STEP * STEP + STEP;
}

/* Laying out columns costs as much as multiplying them with a few dozen rows, so rows are cut only
 * when there are many, or too few columns to give every thread some. */
static void cut(product *p)
{
    double flops = 2.0 * p->K + 1; /* of one number of the result */
    bool wide = p->N >= BLOCKS_WANTED * MIN_COLUMNS;
    p->rows = wide ? block_side(p->M, (p->M - 1) / MAX_ROWS + 1, MIN_ROWS, 0)
                   : block_side(at_most(p->M, MAX_ROWS * BLOCKS_WANTED), BLOCKS_WANTED, MIN_ROWS,
                                MIN_BLOCK_FLOPS / flops / p->N);
    int blocks_down = (p->M - 1) / p->rows + 1;
    double wanted = flops * p->M * p->N / LARGE_BLOCK_FLOPS;
    int blocks = wanted < BLOCKS_WANTED ? BLOCKS_WANTED
                 : wanted < BLOCKS_MOST ? (int)wanted
                                        : BLOCKS_MOST;
    int across = blocks / blocks_down;
    p->columns = across < 2 ? p->N
                            : block_side(p->N, across, MIN_COLUMNS,
                                         MIN_BLOCK_FLOPS / flops / at_most(p->rows, p->M));
    p->blocks_across = (p->N - 1) / p->columns + 1;
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

static void cpu_encode(backend *be, float *f_NF, const float *x_ND, const float *w_DF,
                       const float *b_F, const float *threshold_F, int N, int D, int F)
{
    product p = {.c = f_NF,
                 .a = x_ND,
                 .b = w_DF,
                 .lda = D,
                 .ldb = F,
                 .ldc = F,
                 .M = N,
                 .N = F,
                 .K = D,
                 .alpha = 1,
                 .encoder = {.bias_N = b_F, .threshold_N = threshold_F}};
    run_product(be, &p);
}

void cpu_install_gemm(backend *be)
{
    be->gemm = cpu_gemm;
    be->encode = cpu_encode;
}
