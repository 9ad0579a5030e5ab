/* One transformer block.
 *
 * Sequential: resid_mid = resid_pre + attention(ln1(resid_pre)), then resid_post = resid_mid +
 * mlp(ln2(resid_mid)). Parallel: both read resid_pre. The stream is changed in place: what the last
 * matrix of a branch gives is added to it by the product itself. */
#include "model/block.h"

static const float *value_or_null(const parameter *p)
{
    return p ? p->value : NULL;
}

static float *gradient_if(const run *r, const parameter *p)
{
    return p && r->weights ? p->gradient : NULL;
}

void norm_forward(const run *r, norm_state *s, const norm_weights *w, const float *x_ND)
{
    backend *be = r->be;
    const model_config *c = r->config;
    if (c->norm == NORM_LAYER)
        be->layernorm_forward(be, s->out_ND, s->normalized_ND, s->inverse_N, x_ND, w->gain->value,
                              value_or_null(w->bias), r->N, c->d_model, c->norm_eps);
    else
        be->rmsnorm_forward(be, s->out_ND, s->normalized_ND, s->inverse_N, x_ND, w->gain->value,
                            r->N, c->d_model, c->norm_eps);
}

void norm_finish(const run *r, norm_state *s, const norm_weights *w)
{
    backend *be = r->be;
    int D = r->config->d_model;
    be->copy(be, s->out_ND, s->normalized_ND, (size_t)r->N * D * sizeof *s->out_ND);
    be->scale_columns(be, s->out_ND, w->gain->value, r->N, D);
    if (w->bias)
        be->add_bias(be, s->out_ND, w->bias->value, r->N, D);
}

void norm_backward(const run *r, float *d_x_ND, const norm_state *s, const norm_weights *w,
                   const float *d_out_ND)
{
    backend *be = r->be;
    int D = r->config->d_model;
    if (r->config->norm == NORM_LAYER)
        be->layernorm_backward(be, d_x_ND, gradient_if(r, w->gain), gradient_if(r, w->bias),
                               d_out_ND, s->normalized_ND, s->inverse_N, w->gain->value, r->N, D);
    else
        be->rmsnorm_backward(be, d_x_ND, gradient_if(r, w->gain), d_out_ND, s->normalized_ND,
                             s->inverse_N, w->gain->value, r->N, D);
}

void norm_backward_normalized(const run *r, float *d_x_ND, const norm_state *s,
                              const float *d_normalized_ND)
{
    backend *be = r->be;
    int D = r->config->d_model;
    if (r->config->norm == NORM_LAYER)
        be->layernorm_backward(be, d_x_ND, NULL, NULL, d_normalized_ND, s->normalized_ND,
                               s->inverse_N, NULL, r->N, D);
    else
        be->rmsnorm_backward(be, d_x_ND, NULL, d_normalized_ND, s->normalized_ND, s->inverse_N,
                             NULL, r->N, D);
}

static void ln1_forward(const run *r, const block_weights *w, block_state *s, hook_site from)
{
    if (from < HOOK_LN1_NORMALIZED)
        norm_forward(r, &s->ln1, &w->ln1, r->resid_ND);
    else if (from == HOOK_LN1_NORMALIZED)
        norm_finish(r, &s->ln1, &w->ln1);
}

static void ln2_forward(const run *r, const block_weights *w, block_state *s, hook_site from)
{
    if (from < HOOK_LN2_NORMALIZED)
        norm_forward(r, &s->ln2, &w->ln2, r->resid_ND);
    else if (from == HOOK_LN2_NORMALIZED)
        norm_finish(r, &s->ln2, &w->ln2);
}

static void add_to_stream(const run *r, const float *x_ND)
{
    r->be->add(r->be, r->resid_ND, r->resid_ND, x_ND, (size_t)r->N * r->config->d_model);
}

/* After ln1: heads, then the output matrix. */
static void attention_forward(const run *r, const block_weights *w, block_state *s, hook_site from,
                              hook_site to)
{
    backend *be = r->be;
    if (to == HOOK_LN1_NORMALIZED)
        return;
    if (from == HOOK_ATTN_OUT) {
        add_to_stream(r, r->attn_out_ND);
        return;
    }
    if (from < HOOK_Z) {
        linear_forward(r, s->qkv_NR, &w->qkv, s->ln1.out_ND, false);
        if (r->config->rotary)
            be->rope(be, s->qkv_NR, &r->attention, r->cos_TR, r->sin_TR, r->config->rotary, false);
        be->attention_forward(be, s->z_NZ, s->log_sum_BHT, s->qkv_NR, &r->attention);
    }
    if (to == HOOK_ATTN_OUT)
        linear_forward(r, r->attn_out_ND, &w->attention_out, s->z_NZ, false);
    else if (to != HOOK_Z)
        linear_forward(r, r->resid_ND, &w->attention_out, s->z_NZ, true);
}

/* After ln2: in, nonlinearity, out. */
static void mlp_forward(const run *r, const block_weights *w, block_state *s, hook_site from,
                        hook_site to)
{
    backend *be = r->be;
    size_t n = (size_t)r->N * r->config->d_mlp;
    if (to == HOOK_LN2_NORMALIZED)
        return;
    if (from == HOOK_MLP_OUT) {
        add_to_stream(r, r->mlp_out_ND);
        return;
    }
    if (from < HOOK_MLP_POST) {
        linear_forward(r, s->in_NM, &w->mlp_in, s->ln2.out_ND, false);
        if (r->config->gated) {
            linear_forward(r, s->gate_NM, &w->gate, s->ln2.out_ND, false);
            be->gated_forward(be, s->post_NM, s->gate_NM, s->in_NM, r->config->act, n);
        } else {
            be->activate_forward(be, s->post_NM, s->in_NM, r->config->act, n);
        }
    }
    if (to == HOOK_MLP_OUT)
        linear_forward(r, r->mlp_out_ND, &w->mlp_out, s->post_NM, false);
    else if (to != HOOK_MLP_POST)
        linear_forward(r, r->resid_ND, &w->mlp_out, s->post_NM, true);
}

static bool in_attention(hook_site site)
{
    return site >= HOOK_LN1_NORMALIZED && site <= HOOK_ATTN_OUT;
}

static bool in_mlp(hook_site site)
{
    return site >= HOOK_LN2_NORMALIZED && site <= HOOK_MLP_OUT;
}

static void sequential_forward(const run *r, const block_weights *w, block_state *s, hook_site from,
                               hook_site to)
{
    if (from < HOOK_RESID_MID) {
        ln1_forward(r, w, s, from);
        attention_forward(r, w, s, from, to);
    }
    if (to <= HOOK_RESID_MID)
        return;
    ln2_forward(r, w, s, from);
    mlp_forward(r, w, s, from, to);
}

/* A run to a place in one branch leaves the other out; a run from there makes up for it before the
 * stream changes. */
static void parallel_forward(const run *r, const block_weights *w, block_state *s, hook_site from,
                             hook_site to)
{
    hook_site attention_from = in_mlp(from) ? HOOK_RESID_PRE : from;
    if (!in_mlp(to))
        ln1_forward(r, w, s, attention_from);
    if (!in_attention(to))
        ln2_forward(r, w, s, from);
    if (!in_mlp(to))
        attention_forward(r, w, s, attention_from, to);
    if (!in_attention(to))
        mlp_forward(r, w, s, from, to);
}

void block_forward(const run *r, const block_weights *w, block_state *s, hook_site from,
                   hook_site to)
{
    if (to == HOOK_RESID_PRE || from == HOOK_RESID_POST)
        return;
    if (r->config->parallel)
        parallel_forward(r, w, s, from, to);
    else
        sequential_forward(r, w, s, from, to);
}

/* From the gradient at attn_out, or at z when it is given, to the gradient after ln1. */
static void attention_backward(const run *r, const block_weights *w, const block_state *s,
                               const float *d_out_ND, const float *d_z_NZ)
{
    backend *be = r->be;
    if (!d_z_NZ) {
        linear_backward(r, r->d_z_NZ, &w->attention_out, d_out_ND, false);
        if (r->weights)
            linear_gradients(r, &w->attention_out, d_out_ND, s->z_NZ);
        d_z_NZ = r->d_z_NZ;
    }
    be->attention_backward(be, r->d_qkv_NR, d_z_NZ, s->log_sum_BHT, s->qkv_NR, &r->attention);
    if (r->config->rotary)
        be->rope(be, r->d_qkv_NR, &r->attention, r->cos_TR, r->sin_TR, r->config->rotary, true);
    linear_backward(r, r->d_norm1_ND, &w->qkv, r->d_qkv_NR, false);
    if (r->weights)
        linear_gradients(r, &w->qkv, r->d_qkv_NR, s->ln1.out_ND);
}

/* From the gradient at mlp_out, or at mlp.hook_post when it is given, to the gradient after ln2. */
static void mlp_backward(const run *r, const block_weights *w, const block_state *s,
                         const float *d_out_ND, const float *d_post_NM)
{
    backend *be = r->be;
    size_t n = (size_t)r->N * r->config->d_mlp;
    if (!d_post_NM) {
        linear_backward(r, r->d_post_NM, &w->mlp_out, d_out_ND, false);
        if (r->weights)
            linear_gradients(r, &w->mlp_out, d_out_ND, s->post_NM);
        d_post_NM = r->d_post_NM;
    }
    if (r->config->gated) {
        float *d_gate_NM = r->d_gate_NM;
        be->gated_backward(be, d_gate_NM, r->d_in_NM, d_post_NM, s->gate_NM, s->in_NM,
                           r->config->act, n);
        linear_backward(r, r->d_norm2_ND, &w->gate, d_gate_NM, false);
        if (r->weights)
            linear_gradients(r, &w->gate, d_gate_NM, s->ln2.out_ND);
    } else {
        be->activate_backward(be, r->d_in_NM, d_post_NM, s->in_NM, r->config->act, n);
    }
    linear_backward(r, r->d_norm2_ND, &w->mlp_in, r->d_in_NM, r->config->gated);
    if (r->weights)
        linear_gradients(r, &w->mlp_in, r->d_in_NM, s->ln2.out_ND);
}

/* One branch from `from` (in it, or after it) to d_resid_ND, the norm included. A parallel block
 * needs the stream's gradient untouched by the other branch, so adding comes last. */
static bool attention_to_norm(const run *r, const block_weights *w, const block_state *s,
                              hook_site from, const float *d)
{
    if (from == HOOK_LN1_NORMALIZED) {
        norm_backward_normalized(r, r->d_resid_ND, &s->ln1, d);
        return false;
    }
    attention_backward(r, w, s, from == HOOK_ATTN_OUT ? d : r->d_resid_ND,
                       from == HOOK_Z ? d : NULL);
    return true;
}

static bool mlp_to_norm(const run *r, const block_weights *w, const block_state *s, hook_site from,
                        const float *d)
{
    if (from == HOOK_LN2_NORMALIZED) {
        norm_backward_normalized(r, r->d_resid_ND, &s->ln2, d);
        return false;
    }
    mlp_backward(r, w, s, from == HOOK_MLP_OUT ? d : r->d_resid_ND,
                 from == HOOK_MLP_POST ? d : NULL);
    return true;
}

void block_backward(const run *r, const block_weights *w, const block_state *s, hook_site from,
                    const float *d)
{
    if (from == HOOK_RESID_PRE)
        return;
    bool sequential = !r->config->parallel, after = from == HOOK_RESID_POST;
    bool mlp = in_mlp(from) || after, attention = sequential || in_attention(from) || after;
    bool norm1 = false, norm2 = mlp && mlp_to_norm(r, w, s, from, d);
    if (sequential && norm2)
        norm_backward(r, r->d_resid_ND, &s->ln2, &w->ln2, r->d_norm2_ND);
    if (attention)
        norm1 = attention_to_norm(r, w, s, in_attention(from) ? from : HOOK_RESID_POST, d);
    if (!sequential && norm2)
        norm_backward(r, r->d_resid_ND, &s->ln2, &w->ln2, r->d_norm2_ND);
    if (norm1)
        norm_backward(r, r->d_resid_ND, &s->ln1, &w->ln1, r->d_norm1_ND);
}
