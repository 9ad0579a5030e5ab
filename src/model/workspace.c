/* Memory for running a model, all of it allocated before the first run. */
#include "model/workspace.h"
#include "base/memory.h"
#include <math.h>

/* Logits exist this many numbers at a time (16 MiB), but never fewer than MIN_LOGIT_ROWS rows: for
 * each chunk the output matrix is read and laid out anew, which costs as much as some 30 rows. */
enum { LOGIT_NUMBERS = 1 << 22, MIN_LOGIT_ROWS = 384 };

enum { ARRAYS_PER_BLOCK = 20, ARRAYS_ELSEWHERE = 40 };

static void *new_array(forward *f, size_t n, size_t size, const char *what, err *e)
{
    void *p = f->m->be->alloc(f->m->be, n, size, what, e);
    if (p)
        f->owned[f->n_owned++] = p;
    return p;
}

typedef struct request {
    float **to;
    size_t n;
    const char *what;
} request;

static err_code new_arrays(forward *f, const request *list, size_t n, err *e)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].n &&
            !(*list[i].to = new_array(f, list[i].n, sizeof **list[i].to, list[i].what, e)))
            return e->code;
    return OK;
}

static size_t rows_of(const forward *f)
{
    return (size_t)f->max_B * (size_t)f->max_T;
}

/* What a layer needs for itself in each mode comes first; the rest is shared through `common`. */
static err_code new_block(forward *f, block_state *s, const block_state *common, err *e)
{
    const model_config *c = &f->m->config;
    attention_shape shape = model_attention(c, 0, f->max_B, f->max_T);
    size_t N = rows_of(f), D = (size_t)c->d_model, M = (size_t)c->d_mlp;
    size_t z = (size_t)c->n_heads * (size_t)c->d_head, heads = N * (size_t)c->n_heads;
    bool gradient = !common || f->mode != FORWARD_ONLY;
    bool weights = !common || f->mode == FORWARD_WEIGHT_GRADIENT;
    if (common)
        *s = *common;
    const request list[] = {
        {&s->ln1.normalized_ND, gradient ? N * D : 0, "ln1 normalized"},
        {&s->ln1.inverse_N, gradient ? N : 0, "ln1 scale"},
        {&s->ln1.out_ND, weights ? N * D : 0, "ln1 output"},
        {&s->qkv_NR, gradient ? N * (size_t)shape.row : 0, "queries, keys and values"},
        {&s->raw_NR, gradient && c->qk_norm ? N * (size_t)shape.row : 0, "projected heads"},
        {&s->log_sum_BHT, gradient ? heads : 0, "attention sums"},
        {&s->z_NZ, weights ? N * z : 0, "attention values"},
        {&s->ln2.normalized_ND, gradient ? N * D : 0, "ln2 normalized"},
        {&s->ln2.inverse_N, gradient ? N : 0, "ln2 scale"},
        {&s->ln2.out_ND, weights ? N * D : 0, "ln2 output"},
        {&s->in_NM, gradient ? N * M : 0, "mlp input"},
        {&s->gate_NM, gradient && c->gated ? N * M : 0, "mlp gate"},
        {&s->post_NM, weights ? N * M : 0, "mlp activations"},
        {&s->post1.normalized_ND, gradient && c->post_norms ? N * D : 0, "attention post norm"},
        {&s->post1.inverse_N, gradient && c->post_norms ? N : 0, "attention post norm scale"},
        {&s->post1.out_ND, common || !c->post_norms ? 0 : N * D, "attention post norm output"},
        {&s->post2.normalized_ND, gradient && c->post_norms ? N * D : 0, "mlp post norm"},
        {&s->post2.inverse_N, gradient && c->post_norms ? N : 0, "mlp post norm scale"},
        {&s->post2.out_ND, common || !c->post_norms ? 0 : N * D, "mlp post norm output"}};
    err_code rc = new_arrays(f, list, COUNT_OF(list), e);
    s->raw_NR = c->qk_norm ? s->raw_NR : s->qkv_NR;
    return rc;
}

static err_code new_blocks(forward *f, err *e)
{
    if (!f->n_layers)
        return OK;
    err_code rc = new_block(f, &f->blocks[0], NULL, e);
    for (int l = 1; l < f->n_layers && !rc; l++)
        rc = new_block(f, &f->blocks[l], &f->blocks[0], e);
    return rc;
}

static err_code new_shared(forward *f, err *e)
{
    const model_config *c = &f->m->config;
    size_t N = rows_of(f), D = (size_t)c->d_model, V = (size_t)c->d_vocab;
    bool last_only = f->has_logits;
    size_t rows = LOGIT_NUMBERS / V < MIN_LOGIT_ROWS ? MIN_LOGIT_ROWS : LOGIT_NUMBERS / V;
    f->logit_rows = (int)(rows < N ? rows : N);
    size_t logits = last_only ? (size_t)f->logit_rows * V : 0;
    bool capped_gradient = c->final_softcap > 0 && f->mode != FORWARD_ONLY;
    f->r.wide_numbers = linear_scratch(f->m);
    size_t angles = (size_t)f->max_T * (size_t)(c->rotary / 2);
    const request list[] = {
        {&f->r.resid_ND, N * D, "residual stream"},
        {&f->r.branch_ND, N * D, "a branch's output"},
        {&f->r.wide, f->r.wide_numbers, "widened weights"},
        {&f->cos_TR, angles, "rotation cosines"},
        {&f->sin_TR, angles, "rotation sines"},
        {&f->final.normalized_ND, N * D, "final normalized"},
        {&f->final.inverse_N, N, "final scale"},
        {&f->final.out_ND, N * D, "final norm output"},
        {&f->loss_N, N, "losses"},
        {&f->logits, logits, "logits"},
        {&f->picked_ND, last_only ? (size_t)f->logit_rows * D : 0, "rows for logits"},
        {&f->d_logits, capped_gradient ? logits : 0, "logit gradients"}};
    err_code rc = new_arrays(f, list, COUNT_OF(list), e);
    return rc;
}

/* Tokens and where rows lie in their sequences. */
static err_code new_indices(forward *f, err *e)
{
    size_t N = rows_of(f), size = sizeof(int32_t), C = f->mode == FORWARD_ONLY ? N : 0;
    size_t ends = f->has_logits ? N : 0;
    f->r.positions_N = f->positions_N = new_array(f, N, size, "positions", e);
    if (!f->positions_N || !(f->tokens_N = new_array(f, N, size, "tokens", e)) ||
        !(f->targets_N = new_array(f, N, size, "targets", e)) ||
        !(f->host_positions_N = mem_array(N, size, "positions", e)) ||
        !(f->rows_N = new_array(f, ends, size, "rows for logits", e)) ||
        !(f->host_rows_N = mem_array(ends, size, "rows for logits", e)) ||
        !(f->host_targets_N = mem_array(ends, size, "targets", e)) ||
        !(f->host_loss_N = mem_array(ends, sizeof(float), "losses", e)) ||
        !(f->children_3C = new_array(f, 3 * C, size, "children", e)) ||
        !(f->host_children_3C = mem_array(3 * C, size, "children", e)) ||
        !(f->host_tokens_N = mem_array(C, size, "tokens", e)))
        return e->code;
    return OK;
}

static err_code new_gradients(forward *f, err *e)
{
    const model_config *c = &f->m->config;
    if (f->mode == FORWARD_ONLY)
        return OK;
    attention_shape shape = model_attention(c, 0, f->max_B, f->max_T);
    size_t N = rows_of(f), D = (size_t)c->d_model, M = (size_t)c->d_mlp;
    const request list[] = {
        {&f->r.d_resid_ND, N * D, "stream gradient"},
        {&f->r.d_norm1_ND, N * D, "ln1 gradient"},
        {&f->r.d_norm2_ND, N * D, "ln2 gradient"},
        {&f->d_final_ND, N * D, "final norm gradient"},
        {&f->r.d_branch_ND, c->post_norms ? N * D : 0, "post norm gradient"},
        {&f->r.d_qkv_NR, N * (size_t)shape.row, "query, key and value gradients"},
        {&f->r.d_z_NZ, N * (size_t)c->n_heads * (size_t)c->d_head, "attention value gradients"},
        {&f->r.d_post_NM, N * M, "mlp activation gradients"},
        {&f->r.d_in_NM, N * M, "mlp input gradients"},
        {&f->r.d_gate_NM, c->gated ? N * M : 0, "mlp gate gradients"}};
    return new_arrays(f, list, COUNT_OF(list), e);
}

static int32_t *new_columns(forward *f, size_t n, err *e)
{
    return new_array(f, n, sizeof(int32_t), "hook columns", e);
}

static err_code new_hook_room(forward *f, err *e)
{
    const model_config *c = &f->m->config;
    hook_room *room = &f->room;
    size_t N = rows_of(f), W = hook_room_width(c), D = (size_t)c->d_model;
    size_t row = (size_t)model_attention(c, 0, f->max_B, f->max_T).row;
    const request list[] = {{&room->packed_NW, N * W, "hook value"},
                            {&room->mean_N, N, "hook means"},
                            {&room->ones_D, D, "hook means"},
                            {&room->bias_W, W, "value bias"},
                            {&room->projected_R, row, "value bias"}};
    err_code rc = new_arrays(f, list, COUNT_OF(list), e);
    if (rc)
        return rc;
    f->m->be->fill(f->m->be, room->ones_D, 1, D);
    room->host_columns_W = mem_small(W, sizeof *room->host_columns_W);
    room->host_bias_columns_W = mem_small(W, sizeof *room->host_bias_columns_W);
    room->columns_W = new_columns(f, W, e);
    room->bias_columns_W = room->columns_W ? new_columns(f, W, e) : NULL;
    return room->bias_columns_W ? OK : e->code;
}

/* Angles in double. */
static err_code fill_angles(forward *f, err *e)
{
    const model_config *c = &f->m->config;
    int half = c->rotary / 2;
    size_t n = (size_t)f->max_T * (size_t)half;
    if (!n)
        return OK;
    backend *be = f->m->be;
    float *host = mem_array(2 * n, sizeof *host, "rotation angles", e);
    if (!host)
        return e->code;
    for (size_t i = 0; i < n; i++) {
        size_t t = i / (size_t)half, j = i % (size_t)half;
        double angle = (double)t * config_rope_frequency(c, (int)j);
        host[i] = (float)cos(angle);
        host[n + i] = (float)sin(angle);
    }
    be->upload(be, f->cos_TR, host, n * sizeof *host);
    be->upload(be, f->sin_TR, host + n, n * sizeof *host);
    mem_free(host);
    f->r.cos_TR = f->cos_TR;
    f->r.sin_TR = f->sin_TR;
    return backend_sync(be, e);
}

static int layers_to(const hook *last, const model_config *c)
{
    if (!last || last->site >= HOOK_FINAL_SCALE)
        return c->n_layers;
    return last->site <= HOOK_POS_EMBED ? 0 : last->layer + 1;
}

static err_code check_workspace(const model *m, int max_B, int max_T, forward_mode mode, err *e)
{
    if (max_B < 1 || max_T < 1 || max_B > INT32_MAX / max_T / m->config.n_heads)
        return err_set(e, E_SHAPE, "a workspace for %d sequences of %d tokens", max_B, max_T);
    if (max_T > m->config.context || max_T > ATTENTION_MAX_T)
        return err_set(e, E_SHAPE, "sequences of %d tokens: this model takes up to %d", max_T,
                       m->config.context < ATTENTION_MAX_T ? m->config.context : ATTENTION_MAX_T);
    if (mode == FORWARD_WEIGHT_GRADIENT && !m->embed->gradient)
        return err_set(e, E_SHAPE, "weight gradients asked for, but the model has none");
    return OK;
}

err_code forward_new(forward **out, model *m, int max_B, int max_T, const hook *last,
                     forward_mode mode, err *e)
{
    *out = NULL;
    err_code rc = check_workspace(m, max_B, max_T, mode, e);
    if (rc)
        return rc;
    forward *f = mem_small(1, sizeof *f);
    f->m = m;
    f->mode = mode;
    f->max_B = max_B;
    f->max_T = max_T;
    f->n_layers = layers_to(last, &m->config);
    f->has_logits = !last;
    f->r.be = m->be;
    f->r.config = &m->config;
    f->blocks = mem_small((size_t)f->n_layers + 1, sizeof *f->blocks);
    f->owned =
        mem_small((size_t)f->n_layers * ARRAYS_PER_BLOCK + ARRAYS_ELSEWHERE, sizeof *f->owned);
    rc = new_blocks(f, e);
    if (!rc)
        rc = new_shared(f, e);
    if (!rc)
        rc = new_indices(f, e);
    if (!rc)
        rc = new_gradients(f, e);
    if (!rc)
        rc = new_hook_room(f, e);
    if (!rc)
        rc = fill_angles(f, e);
    if (rc)
        forward_free(f);
    else
        *out = f;
    return rc;
}

void forward_free(forward *f)
{
    if (!f)
        return;
    for (int i = 0; i < f->n_owned; i++)
        f->m->be->free(f->m->be, f->owned[i]);
    for (int i = 0; i < KEPT_ARRAYS; i++)
        f->m->be->free(f->m->be, f->kept.copies[i]);
    mem_free(f->host_positions_N);
    mem_free(f->host_rows_N);
    mem_free(f->host_targets_N);
    mem_free(f->host_loss_N);
    mem_free(f->host_children_3C);
    mem_free(f->host_tokens_N);
    mem_free(f->room.host_columns_W);
    mem_free(f->room.host_bias_columns_W);
    mem_free(f->owned);
    mem_free(f->blocks);
    mem_free(f);
}
