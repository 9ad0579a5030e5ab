/* One transformer block.
 *
 * Sequential: resid_mid = resid_pre + attention(ln1(resid_pre)), then resid_post = resid_mid +
 * mlp(ln2(resid_mid)). Parallel: both read resid_pre. The stream is changed in place: what the last
 * matrix of a branch gives is added to it by the product itself, unless it is normalised first.
 *
 * Sites are numbered in the order in which they are computed, so "from" and "to" cut a pass by
 * comparing: what comes after `from` is computed, up to and including `to`. */
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

float *block_branch(const run *r, const block_state *s, hook_site site)
{
    const norm_state *post = site == HOOK_ATTN_OUT ? &s->post1 : &s->post2;
    return r->config->post_norms ? post->out_ND : r->branch_ND;
}

/* What matrix w makes of x, and what the post norm makes of that: a run to `site` stops there, any
 * other adds it to the stream. */
static void branch_forward(const run *r, const linear_weights *w, norm_state *post,
                           const norm_weights *post_w, block_state *s, const float *x,
                           hook_site from, hook_site to, hook_site site)
{
    bool post_norms = r->config->post_norms;
    if (from < site && to != site && !post_norms) {
        linear_forward(r, r->resid_ND, w, x, true);
        return;
    }
    if (from < site) {
        linear_forward(r, r->branch_ND, w, x, false);
        if (post_norms)
            norm_forward(r, post, post_w, r->branch_ND);
    }
    if (to != site)
        r->be->add(r->be, r->resid_ND, r->resid_ND, block_branch(r, s, site),
                   (size_t)r->N * r->config->d_model);
}

/* All rows of the run, whichever sequences they are of. */
static attention_shape rows_shape(const run *r, const block_weights *w)
{
    return model_attention(r->config, w->layer, 1, r->N);
}

/* Projected queries and keys to what attention compares. */
static void turn_heads(const run *r, const block_weights *w, block_state *s)
{
    const model_config *c = r->config;
    attention_shape shape = rows_shape(r, w);
    if (c->qk_norm)
        r->be->heads_rmsnorm_forward(r->be, s->qkv_NR, s->raw_NR, &shape, w->q_gain->value,
                                     w->k_gain->value, c->norm_eps);
    if (c->rotary)
        r->be->rope(r->be, s->qkv_NR, &shape, r->positions_N, r->cos_TR, r->sin_TR, c->rotary,
                    false);
}

static void attend(const run *r, const block_weights *w, block_state *s)
{
    attention_shape shape = model_attention(r->config, w->layer, r->B, r->T);
    attention_children children = r->children;
    if (!children.C) {
        r->be->attention_forward(r->be, s->z_NZ, s->log_sum_BHT, s->qkv_NR, &shape);
        return;
    }
    children.parent_qkv_BTR = r->parents[w->layer].qkv_NR;
    r->be->attention_children(r->be, s->z_NZ, s->qkv_NR, &children, &shape);
}

/* After ln1: heads, then the output matrix. */
static void attention_forward(const run *r, const block_weights *w, block_state *s, hook_site from,
                              hook_site to)
{
    if (to < HOOK_Q)
        return;
    if (from < HOOK_Q)
        linear_forward(r, s->raw_NR, &w->qkv, s->ln1.out_ND, false);
    if (to < HOOK_ROT_Q)
        return;
    if (from < HOOK_ROT_Q)
        turn_heads(r, w, s);
    if (to < HOOK_Z)
        return;
    if (from < HOOK_Z)
        attend(r, w, s);
    if (to > HOOK_Z)
        branch_forward(r, &w->attention_out, &s->post1, &w->post1, s, s->z_NZ, from, to,
                       HOOK_ATTN_OUT);
}

/* After ln2: in, nonlinearity, out. */
static void mlp_forward(const run *r, const block_weights *w, block_state *s, hook_site from,
                        hook_site to)
{
    backend *be = r->be;
    const model_config *c = r->config;
    size_t n = (size_t)r->N * c->d_mlp;
    if (to < HOOK_MLP_PRE)
        return;
    if (from < HOOK_MLP_PRE) {
        linear_forward(r, s->in_NM, &w->mlp_in, s->ln2.out_ND, false);
        if (c->gated)
            linear_forward(r, s->gate_NM, &w->gate, s->ln2.out_ND, false);
    }
    if (to < HOOK_MLP_POST)
        return;
    if (from < HOOK_MLP_POST && c->gated)
        be->gated_forward(be, s->post_NM, s->gate_NM, s->in_NM, c->act, n);
    else if (from < HOOK_MLP_POST)
        be->activate_forward(be, s->post_NM, s->in_NM, c->act, n);
    if (to > HOOK_MLP_POST)
        branch_forward(r, &w->mlp_out, &s->post2, &w->post2, s, s->post_NM, from, to, HOOK_MLP_OUT);
}

static bool in_attention(hook_site site)
{
    return site >= HOOK_LN1_SCALE && site <= HOOK_ATTN_OUT;
}

bool site_in_mlp(hook_site site)
{
    return site >= HOOK_LN2_SCALE && site <= HOOK_MLP_OUT;
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
    hook_site attention_from = site_in_mlp(from) ? HOOK_RESID_PRE : from;
    if (!site_in_mlp(to))
        ln1_forward(r, w, s, attention_from);
    if (!in_attention(to))
        ln2_forward(r, w, s, from);
    if (!site_in_mlp(to))
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

/* The gradient at x, given that at what branch_forward() adds. */
static void branch_backward(const run *r, float *d_x, const linear_weights *w,
                            const norm_state *post, const norm_weights *post_w,
                            const float *d_out_ND, const float *x)
{
    if (r->config->post_norms) {
        r->be->zero(r->be, r->d_branch_ND, (size_t)r->N * r->config->d_model * sizeof *d_x);
        norm_backward(r, r->d_branch_ND, post, post_w, d_out_ND);
        d_out_ND = r->d_branch_ND;
    }
    linear_backward(r, d_x, w, d_out_ND, false);
    if (r->weights)
        linear_gradients(r, w, d_out_ND, x);
}

static void turn_heads_back(const run *r, const block_weights *w, const block_state *s)
{
    const model_config *c = r->config;
    attention_shape shape = rows_shape(r, w);
    if (c->rotary)
        r->be->rope(r->be, r->d_qkv_NR, &shape, r->positions_N, r->cos_TR, r->sin_TR, c->rotary,
                    true);
    if (c->qk_norm)
        r->be->heads_rmsnorm_backward(r->be, r->d_qkv_NR, gradient_if(r, w->q_gain),
                                      gradient_if(r, w->k_gain), s->raw_NR, &shape,
                                      w->q_gain->value, w->k_gain->value, c->norm_eps);
}

/* From the gradient at site `from`, or after attention, to the gradient after ln1. */
static void attention_backward(const run *r, const block_weights *w, const block_state *s,
                               hook_site from, const float *d)
{
    backend *be = r->be;
    attention_shape shape = model_attention(r->config, w->layer, r->B, r->T);
    if (from > HOOK_Z) {
        branch_backward(r, r->d_z_NZ, &w->attention_out, &s->post1, &w->post1,
                        from == HOOK_ATTN_OUT ? d : r->d_resid_ND, s->z_NZ);
        d = r->d_z_NZ;
    }
    if (from >= HOOK_Z)
        be->attention_backward(be, r->d_qkv_NR, d, s->log_sum_BHT, s->qkv_NR, &shape);
    if (from >= HOOK_ROT_Q)
        turn_heads_back(r, w, s);
    linear_backward(r, r->d_norm1_ND, &w->qkv, r->d_qkv_NR, false);
    if (r->weights)
        linear_gradients(r, &w->qkv, r->d_qkv_NR, s->ln1.out_ND);
}

/* From the gradient at one matrix's result to the gradient after ln2, or added to it. */
static void mlp_in_backward(const run *r, const linear_weights *w, const block_state *s,
                            const float *d_in_NM, bool add)
{
    linear_backward(r, r->d_norm2_ND, w, d_in_NM, add);
    if (r->weights)
        linear_gradients(r, w, d_in_NM, s->ln2.out_ND);
}

/* From the gradient at site `from`, or after the mlp, to the gradient after ln2. */
static void mlp_backward(const run *r, const block_weights *w, const block_state *s, hook_site from,
                         const float *d)
{
    backend *be = r->be;
    bool gated = r->config->gated;
    size_t n = (size_t)r->N * r->config->d_mlp;
    if (from < HOOK_MLP_POST) { /* one of the two sides of the product, or the only one */
        mlp_in_backward(r, gated && from == HOOK_MLP_PRE ? &w->gate : &w->mlp_in, s, d, false);
        return;
    }
    if (from > HOOK_MLP_POST) {
        branch_backward(r, r->d_post_NM, &w->mlp_out, &s->post2, &w->post2,
                        from == HOOK_MLP_OUT ? d : r->d_resid_ND, s->post_NM);
        d = r->d_post_NM;
    }
    if (gated) {
        be->gated_backward(be, r->d_gate_NM, r->d_in_NM, d, s->gate_NM, s->in_NM, r->config->act,
                           n);
        mlp_in_backward(r, &w->gate, s, r->d_gate_NM, false);
    } else {
        be->activate_backward(be, r->d_in_NM, d, s->in_NM, r->config->act, n);
    }
    mlp_in_backward(r, &w->mlp_in, s, r->d_in_NM, gated);
}

/* One branch from `from` (in it, or after it) to the gradient at its norm's output, which is
 * returned; NULL when `from` lies before that and d_resid_ND has the gradient already. A parallel
 * block needs the stream's gradient untouched by the other branch, so adding comes last. */
static const float *attention_to_norm(const run *r, const block_weights *w, const block_state *s,
                                      hook_site from, const float *d)
{
    if (from == HOOK_LN1_NORMALIZED) {
        norm_backward_normalized(r, r->d_resid_ND, &s->ln1, d);
        return NULL;
    }
    attention_backward(r, w, s, from, d);
    return r->d_norm1_ND;
}

static const float *mlp_to_norm(const run *r, const block_weights *w, const block_state *s,
                                hook_site from, const float *d)
{
    if (from == HOOK_LN2_NORMALIZED) {
        norm_backward_normalized(r, r->d_resid_ND, &s->ln2, d);
        return NULL;
    }
    if (from == HOOK_MLP_IN)
        return d;
    mlp_backward(r, w, s, from, d);
    return r->d_norm2_ND;
}

void block_backward(const run *r, const block_weights *w, const block_state *s, hook_site from,
                    const float *d)
{
    if (from == HOOK_RESID_PRE)
        return;
    bool sequential = !r->config->parallel, after = from == HOOK_RESID_POST;
    bool mlp = site_in_mlp(from) || after, attention = sequential || in_attention(from) || after;
    const float *d_norm1 = NULL, *d_norm2 = mlp ? mlp_to_norm(r, w, s, from, d) : NULL;
    if (sequential && d_norm2)
        norm_backward(r, r->d_resid_ND, &s->ln2, &w->ln2, d_norm2);
    if (attention)
        d_norm1 = attention_to_norm(r, w, s, in_attention(from) ? from : HOOK_RESID_POST, d);
    if (!sequential && d_norm2)
        norm_backward(r, r->d_resid_ND, &s->ln2, &w->ln2, d_norm2);
    if (d_norm1)
        norm_backward(r, r->d_resid_ND, &s->ln1, &w->ln1, d_norm1);
}
