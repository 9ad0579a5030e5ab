/* The cpu backend: the reference's table with faster entries put over it. */
#include "compute/cpu.h"
#include "compute/install.h"
#include <cblas.h>

enum { BLOCK_NUMBERS = 16384 }; /* 64 KiB of floats: fits a core's L2 with room for operands */

typedef struct range_job {
    range_task *task;
    const operands *o;
    size_t n, per_block;
} range_job;

static void range_block(void *context, int block)
{
    const range_job *job = context;
    size_t first = (size_t)block * job->per_block;
    size_t end = job->n - first < job->per_block ? job->n : first + job->per_block;
    job->task(job->o, first, end);
}

void cpu_for(backend *be, range_task *task, const operands *o, size_t n, size_t per_block)
{
    range_job job = {task, o, n, per_block};
    pool_run(be->pool, (int)((n + per_block - 1) / per_block), range_block, &job);
}

void cpu_elements(backend *be, range_task *task, const operands *o, size_t n)
{
    /* Very long arrays get longer blocks: their count must fit an int. */
    size_t per_block = BLOCK_NUMBERS;
    while (n / per_block >= 1u << 30)
        per_block *= 2;
    cpu_for(be, task, o, n, per_block);
}

void cpu_rows(backend *be, range_task *task, const operands *o, int n_rows, int columns)
{
    int per_block = columns > 0 ? BLOCK_NUMBERS / columns : BLOCK_NUMBERS;
    cpu_for(be, task, o, (size_t)n_rows, (size_t)(per_block > 1 ? per_block : 1));
}

err_code backend_cpu(backend **out, pool *p, err *e)
{
    (void)e;
    openblas_set_num_threads(1); /* its sums change with its threads; ours do not */
    backend *be = backend_ref();
    be->name = "cpu";
    be->pool = p;
    cpu_install_gemm(be);
    cpu_install_rows(be);
    cpu_install_reductions(be);
    cpu_install_norm(be);
    cpu_install_heads(be);
    cpu_install_activations(be);
    cpu_install_attention(be);
    cpu_install_children(be);
    cpu_install_tokens(be);
    cpu_install_sae(be);
    cpu_install_choice(be);
    cpu_install_sparse(be);
    cpu_install_descent(be);
    *out = be;
    return OK;
}
