/* The machine's best matrix product: what every path is compared with. */
#include "base/memory.h"
#include "base/progress.h"
#include "pipeline/bench.h"
#include <stdio.h>

/* Products of rows are by our own tiles, sums over rows (a transposed) by the library on a CPU: the
 * better of the two is the peak. */
static const struct shape {
    int M, N, K;
    orientation ta;
} SHAPES[] = {{1024, 1024, 1024, PLAIN},
              {2048, 2048, 512, PLAIN},
              {1024, 1024, 1024, TRANSPOSED},
              {8192, 8192, 8192, PLAIN}}; /* for a GPU: its many processors want more */

/* Seconds of the fastest of several products. */
static err_code time_shape(double *best, backend *be, const struct shape *s, float *const abc[3],
                           double seconds, err *e)
{
    err_code rc = OK;
    double total = 0;
    *best = 1e30;
    for (int i = 0; (i < 3 || total < seconds) && !rc; i++) {
        double start = clock_seconds();
        be->gemm(be, abc[2], s->N, abc[0], s->ta == PLAIN ? s->K : s->M, s->ta, abc[1], s->N, PLAIN,
                 s->M, s->N, s->K, 1, 0);
        rc = backend_sync(be, e);
        double taken = clock_seconds() - start;
        total += taken;
        *best = taken < *best ? taken : *best;
    }
    return rc;
}

err_code bench_measure_peak(double *flops_per_second, backend *be, double seconds, err *e)
{
    err_code rc = OK;
    *flops_per_second = 0;
    size_t n_shapes = COUNT_OF(SHAPES) - be->in_host_memory;
    for (size_t i = 0; i < n_shapes && !rc; i++) {
        const struct shape *s = &SHAPES[i];
        size_t sizes[3] = {(size_t)s->M * (size_t)s->K, (size_t)s->K * (size_t)s->N,
                           (size_t)s->M * (size_t)s->N};
        float *abc[3] = {NULL};
        for (int k = 0; k < 3 && !rc; k++) {
            abc[k] = be->alloc(be, sizes[k], sizeof **abc, "bench", e);
            rc = abc[k] ? OK : e->code;
            if (!rc)
                be->fill(be, abc[k], 0.5f, sizes[k]);
        }
        double best;
        if (!rc)
            rc = time_shape(&best, be, s, abc, seconds, e);
        double rate = rc ? 0 : 2.0 * s->M * s->N * s->K / best;
        *flops_per_second = rate > *flops_per_second ? rate : *flops_per_second;
        for (int k = 0; k < 3; k++)
            be->free(be, abc[k]);
    }
    return rc;
}

/* On a backend of its own: a thread of the pool is a core. */
static err_code measure_one_core(bench *b, err *e)
{
    pool *p = pool_new(1);
    backend *be = NULL;
    err_code rc = backend_open(&be, b->device, p, e);
    if (!rc)
        rc = backend_set_products(be, b->products, e);
    if (!rc)
        rc = bench_measure_peak(&b->peak.one, be, 0.5, e);
    if (be)
        backend_free(be);
    pool_free(p);
    return rc;
}

err_code bench_machine(bench *b, err *e)
{
    err_code rc = b->backend->pool ? measure_one_core(b, e) : OK;
    if (!rc)
        rc = bench_measure_peak(&b->peak.all, b->backend, 0.5, e);
    if (rc || b->json)
        return rc;
    printf("%s backend, %d threads; best matrix product (%s): ", b->backend->name,
           pool_threads(b->backend->pool), b->products);
    if (b->peak.one > 0)
        printf("%.0f GFLOP/s on one core, ", b->peak.one / 1e9);
    printf("%.0f GFLOP/s on all\n\n", b->peak.all / 1e9);
    return OK;
}
