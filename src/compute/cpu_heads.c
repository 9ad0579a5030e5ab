/* The cpu backend: RMS norm of query and key heads, a block of tokens a task. */
#include "base/memory.h"
#include "compute/heads.h"
#include "compute/install.h"

enum { TASK_ROWS = 16 };

typedef struct heads_job {
    heads_norm h;
    float *out; /* or the gradient, in place, when `backward` */
    const float *qkv;
    bool backward;
} heads_job;

static void heads_span(void *context, int first, int end)
{
    const heads_job *job = context;
    int R = job->h.s->row;
    for (int row = first; row < end; row++) {
        if (job->backward)
            heads_norm_row_backward(ROW(job->out, row, R), ROW(job->qkv, row, R), &job->h);
        else
            heads_norm_row(ROW(job->out, row, R), ROW(job->qkv, row, R), &job->h);
    }
}

static void run_job(backend *be, heads_job *job)
{
    pool_share(be->pool, job->h.s->B * job->h.s->T, TASK_ROWS, heads_span, job);
}

static void cpu_heads_rmsnorm_forward(backend *be, float *out_BTR, const float *qkv_BTR,
                                      const attention_shape *s, const float *q_gain_K,
                                      const float *k_gain_K, float eps)
{
    heads_job job = {.h = {.s = s, .q_gain_K = q_gain_K, .k_gain_K = k_gain_K, .eps = eps},
                     .out = out_BTR,
                     .qkv = qkv_BTR};
    run_job(be, &job);
}

static void cpu_heads_rmsnorm_backward(backend *be, float *d_BTR, float *d_q_gain_K,
                                       float *d_k_gain_K, const float *qkv_BTR,
                                       const attention_shape *s, const float *q_gain_K,
                                       const float *k_gain_K, float eps)
{
    heads_job job = {.h = {.s = s, .q_gain_K = q_gain_K, .k_gain_K = k_gain_K, .eps = eps},
                     .out = d_BTR,
                     .qkv = qkv_BTR,
                     .backward = true};
    heads_gain_gradients(d_q_gain_K, d_k_gain_K, d_BTR, qkv_BTR, &job.h);
    run_job(be, &job);
}

void cpu_install_heads(backend *be)
{
    be->heads_rmsnorm_forward = cpu_heads_rmsnorm_forward;
    be->heads_rmsnorm_backward = cpu_heads_rmsnorm_backward;
}
