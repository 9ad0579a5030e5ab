/* Between the value at a hook and the arrays of a run.
 *
 * Most hooks are an array as it lies. Queries, keys and values are columns of the joint projection,
 * one head is some columns of its site, and weight processing takes something off: those values are
 * made in an array of their own, and brought back from there. */
#include "base/memory.h"
#include "model/workspace.h"

/* The array of a site, `row` numbers a token. columns: the hook's numbers are those of its columns,
 * else the hook is the whole. */
typedef struct site_array {
    float *at;
    int row;
    bool columns;
} site_array;

size_t hook_room_width(const model_config *c)
{
    int heads = c->n_heads * c->d_head;
    return (size_t)(heads > c->d_model ? heads : c->d_model);
}

static site_array array_of(const forward *f)
{
    const hook *h = &f->stop;
    const model_config *c = &f->m->config;
    const block_state *s = &f->blocks[h->site < HOOK_FINAL_SCALE ? h->layer : 0];
    int R = (c->n_heads + 2 * c->n_kv_heads) * c->d_head;
    switch (h->site) {
    case HOOK_LN1_NORMALIZED:
        return (site_array){s->ln1.normalized_ND, h->width, false};
    case HOOK_Q:
    case HOOK_K:
    case HOOK_V:
        return (site_array){s->raw_NR, R, true};
    case HOOK_ROT_Q:
    case HOOK_ROT_K:
        return (site_array){s->qkv_NR, R, true};
    case HOOK_Z:
        return (site_array){s->z_NZ, c->n_heads * c->d_head, h->head >= 0};
    case HOOK_ATTN_OUT:
    case HOOK_MLP_OUT:
        return (site_array){block_branch(&f->r, s, h->site), h->width, false};
    case HOOK_LN2_NORMALIZED:
        return (site_array){s->ln2.normalized_ND, h->width, false};
    case HOOK_MLP_IN:
        return (site_array){s->ln2.out_ND, h->width, false};
    case HOOK_MLP_PRE:
        return (site_array){c->gated ? s->gate_NM : s->in_NM, h->width, false};
    case HOOK_MLP_PRE_LINEAR:
        return (site_array){s->in_NM, h->width, false};
    case HOOK_MLP_POST:
        return (site_array){s->post_NM, h->width, false};
    case HOOK_FINAL_NORMALIZED:
        return (site_array){f->final.normalized_ND, h->width, false};
    case HOOK_EMBED:
    case HOOK_POS_EMBED:
    case HOOK_RESID_PRE:
    case HOOK_LN1_SCALE:
    case HOOK_RESID_MID:
    case HOOK_LN2_SCALE:
    case HOOK_RESID_POST:
    case HOOK_FINAL_SCALE:
    case HOOK_SITES:
        break;
    }
    return (site_array){f->r.resid_ND, c->d_model, false};
}

/* The hook's heads: the first one's first column in the array, and from one to the next. */
typedef struct head_columns {
    int first, stride;
} head_columns;

static head_columns columns_of(const model_config *c, hook_site site)
{
    attention_shape s = model_attention(c, 0, 1, 1);
    if (site == HOOK_Z)
        return (head_columns){0, c->d_head};
    if (site == HOOK_Q || site == HOOK_ROT_Q)
        return (head_columns){s.q, s.q_stride};
    return (head_columns){site == HOOK_V ? s.v : s.k, s.kv_stride};
}

/* `sharing` heads in a row have the same columns. */
static void list_columns(int32_t *columns_W, const forward *f, head_columns at, int sharing)
{
    const hook *h = &f->stop;
    int e = f->m->config.d_head, first = h->head < 0 ? 0 : h->head;
    for (int i = 0; i < h->width; i++)
        columns_W[i] = (int32_t)(at.first + (first + i / e) / sharing * at.stride + i % e);
}

static void upload_columns(forward *f)
{
    list_columns(f->room.host_columns_W, f, columns_of(&f->m->config, f->stop.site), 1);
    f->r.be->upload(f->r.be, f->room.columns_W, f->room.host_columns_W,
                    (size_t)f->stop.width * sizeof *f->room.columns_W);
}

/* ---- what is taken off --------------------------------------------------------------------------
 */

/* x += sign * each row's mean, which is taken of x when it is taken off. */
static void add_mean(forward *f, float *x_ND, float sign)
{
    backend *be = f->r.be;
    const hook_room *room = &f->room;
    int N = f->r.N, D = f->m->config.d_model;
    if (sign < 0)
        be->gemm(be, room->mean_N, 1, x_ND, D, PLAIN, room->ones_D, 1, PLAIN, N, 1, D,
                 1.0f / (float)D, 0);
    be->gemm(be, x_ND, D, room->mean_N, 1, PLAIN, room->ones_D, D, PLAIN, N, D, 1, sign, 1);
}

/* The joint bias as a processed model has folded it away; NULL when there is none. */
static const float *folded_bias(forward *f)
{
    const block_weights *w = &f->m->blocks[f->stop.layer];
    if (f->stop.less == LESS_FOLDED_VALUE_BIAS && w->ln1.bias) {
        run one = f->r;
        one.N = 1;
        linear_forward(&one, f->room.projected_R, &w->qkv, w->ln1.bias->value, false);
        return f->room.projected_R;
    }
    return w->qkv.bias ? w->qkv.bias->value : NULL;
}

/* Attention weights sum to 1, so what is added to every value of a head is added to its z. */
static void add_value_bias(forward *f, float *x_NW, float sign)
{
    const model_config *c = &f->m->config;
    backend *be = f->r.be;
    hook_room *room = &f->room;
    const float *bias_R = folded_bias(f);
    int W = f->stop.width, R = (c->n_heads + 2 * c->n_kv_heads) * c->d_head;
    if (!bias_R)
        return;
    list_columns(room->host_bias_columns_W, f, columns_of(c, HOOK_V),
                 f->stop.site == HOOK_Z ? c->n_heads / c->n_kv_heads : 1);
    be->upload(be, room->bias_columns_W, room->host_bias_columns_W,
               (size_t)W * sizeof *room->bias_columns_W);
    be->gather_columns(be, room->bias_W, bias_R, room->bias_columns_W, 1, R, W);
    be->scale(be, room->bias_W, sign, (size_t)W);
    be->add_bias(be, x_NW, room->bias_W, f->r.N, W);
}

static void add_less(forward *f, float *x, float sign)
{
    if (f->stop.less == LESS_MEAN)
        add_mean(f, x, sign);
    else if (f->stop.less != LESS_NOTHING)
        add_value_bias(f, x, sign);
}

/* ---- values that only can be looked at
 * ------------------------------------------------------------ */

static const float *read_positions(forward *f)
{
    forward_positions(f->room.packed_NW, f);
    add_less(f, f->room.packed_NW, -1);
    return f->room.packed_NW;
}

/* sqrt(variance + eps), of which the norms keep the inverse. An RMS norm of one number x has the
 * inverse 1 / |x|. */
static const float *read_scale(forward *f)
{
    const block_state *s = &f->blocks[f->stop.site == HOOK_FINAL_SCALE ? 0 : f->stop.layer];
    const float *inverse_N = f->stop.site == HOOK_LN1_SCALE   ? s->ln1.inverse_N
                             : f->stop.site == HOOK_LN2_SCALE ? s->ln2.inverse_N
                                                              : f->final.inverse_N;
    backend *be = f->r.be;
    be->rmsnorm_forward(be, NULL, f->room.mean_N, f->room.packed_NW, inverse_N, NULL, f->r.N, 1, 0);
    return f->room.packed_NW;
}

/* ---- all hooks
 * ------------------------------------------------------------------------------------ */

static size_t bytes_of(const forward *f, int width)
{
    return (size_t)f->r.N * (size_t)width * sizeof(float);
}

const float *hook_read(forward *f)
{
    const hook *h = &f->stop;
    backend *be = f->r.be;
    if (h->site == HOOK_POS_EMBED)
        return read_positions(f);
    if (!hook_is_writable(h))
        return read_scale(f);
    site_array a = array_of(f);
    if (!a.columns && h->less == LESS_NOTHING)
        return a.at;
    if (a.columns) {
        upload_columns(f);
        be->gather_columns(be, f->room.packed_NW, a.at, f->room.columns_W, f->r.N, a.row, h->width);
    } else {
        be->copy(be, f->room.packed_NW, a.at, bytes_of(f, h->width));
    }
    add_less(f, f->room.packed_NW, -1);
    return f->room.packed_NW;
}

void hook_write(forward *f, const float *value)
{
    const hook *h = &f->stop;
    backend *be = f->r.be;
    if (value == f->value)
        return;
    site_array a = array_of(f);
    if (h->less != LESS_NOTHING) {
        be->copy(be, f->room.packed_NW, value, bytes_of(f, h->width));
        add_less(f, f->room.packed_NW, 1);
        value = f->room.packed_NW;
    }
    if (a.columns) {
        upload_columns(f);
        be->scatter_columns(be, a.at, value, f->room.columns_W, f->r.N, a.row, h->width);
    } else {
        be->copy(be, a.at, value, bytes_of(f, h->width));
    }
}

static bool is_stream(hook_site site)
{
    return site == HOOK_EMBED || site == HOOK_RESID_PRE || site == HOOK_RESID_MID ||
           site == HOOK_RESID_POST;
}

/* Biases that are taken off change no gradient; a mean that is, takes the gradient's mean off. */
const float *hook_gradient(forward *f, const float *d_hook)
{
    const hook *h = &f->stop;
    backend *be = f->r.be;
    site_array a = array_of(f);
    float *d_site = is_stream(h->site)  ? f->r.d_resid_ND
                    : h->site == HOOK_Z ? f->r.d_z_NZ
                    : a.columns         ? f->r.d_qkv_NR
                                        : f->room.packed_NW;
    if (d_site != f->r.d_resid_ND)
        be->zero(be, f->r.d_resid_ND, bytes_of(f, f->m->config.d_model));
    if (a.columns) {
        upload_columns(f);
        be->zero(be, d_site, bytes_of(f, a.row));
        be->scatter_columns(be, d_site, d_hook, f->room.columns_W, f->r.N, a.row, h->width);
        return d_site;
    }
    if (h->less != LESS_MEAN && d_site != f->r.d_resid_ND)
        return d_hook;
    be->copy(be, d_site, d_hook, bytes_of(f, h->width));
    if (h->less == LESS_MEAN)
        add_mean(f, d_site, -1);
    return d_site;
}

/* ---- going on from a hook more than once -------------------------------------------------------
 */

/* The arrays a run from f->stop reads, and numbers of their rows: the stream, the site's own where
 * that is another, and of a gated mlp both sides of the product. Returns how many. */
static int read_from_here(const forward *f, float *arrays[KEPT_ARRAYS], size_t rows[KEPT_ARRAYS])
{
    const hook *h = &f->stop;
    site_array a = array_of(f);
    int n = 0;
    arrays[n] = f->r.resid_ND;
    rows[n++] = (size_t)f->m->config.d_model;
    if (a.at != f->r.resid_ND) {
        arrays[n] = a.at;
        rows[n++] = (size_t)a.row;
    }
    if (f->m->config.gated && (h->site == HOOK_MLP_PRE || h->site == HOOK_MLP_PRE_LINEAR)) {
        const block_state *s = &f->blocks[h->layer];
        arrays[n] = h->site == HOOK_MLP_PRE ? s->in_NM : s->gate_NM;
        rows[n++] = (size_t)a.row;
    }
    return n;
}

err_code forward_keep(forward *f, const hook *at, err *e)
{
    float *arrays[KEPT_ARRAYS];
    size_t rows[KEPT_ARRAYS], N = (size_t)f->max_B * (size_t)f->max_T;
    if (f->mode != FORWARD_ONLY || !f->has_logits)
        return err_set(e, E_SHAPE, "only a workspace without gradients goes on from %s", at->name);
    f->made = NOTHING_RUN;
    f->kept.at = f->stop = *at;
    int n = read_from_here(f, arrays, rows);
    for (int i = 0; i < n; i++) {
        f->kept.copies[i] =
            f->m->be->alloc(f->m->be, N * rows[i], sizeof(float), "a run kept at a hook", e);
        if (!f->kept.copies[i])
            return e->code;
    }
    return OK;
}

static void copy_kept(forward *f, bool back)
{
    float *arrays[KEPT_ARRAYS];
    size_t rows[KEPT_ARRAYS];
    int n = read_from_here(f, arrays, rows);
    for (int i = 0; i < n; i++)
        f->r.be->copy(f->r.be, back ? arrays[i] : f->kept.copies[i],
                      back ? f->kept.copies[i] : arrays[i],
                      (size_t)f->r.N * rows[i] * sizeof(float));
}

void hook_keep(forward *f)
{
    const hook *at = &f->kept.at, *stop = &f->stop;
    f->kept.valid = f->kept.copies[0] && at->site == stop->site && at->layer == stop->layer;
    if (!f->kept.valid)
        return;
    f->kept.at = *stop;
    copy_kept(f, false);
}

void hook_return(forward *f)
{
    f->stop = f->kept.at;
    f->made = RAN_TO_HOOK;
    copy_kept(f, true);
}
