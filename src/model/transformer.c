/* A model: the names, shapes and random start of its parameters. */
#include "model/transformer.h"
#include "base/memory.h"
#include "base/rng.h"
#include "model/family.h"
#include "model/weights.h"
#include <math.h>

enum { PARAMETERS_PER_BLOCK = 24, PARAMETERS_ELSEWHERE = 5 };

/* Families store a gain as it is, or less 1. */
static parameter *declare_gain(model *m, const char *prefix, int n)
{
    return declare_vector(m, arena_printf(&m->names, "%s.weight", prefix), n, 1,
                          m->config.gain_plus_one ? 1 : 0);
}

static norm_weights declare_norm(model *m, const char *prefix)
{
    norm_weights w = {0};
    int D = m->config.d_model;
    w.gain = declare_gain(m, prefix, D);
    if (m->config.norm == NORM_LAYER)
        w.bias = declare_vector(m, arena_printf(&m->names, "%s.bias", prefix), D, 0, 0);
    return w;
}

/* What GPT-NeoX calls small_init (Nguyen, Salazar 2019) for matrices that read the stream, and
 * wang_init (Wang, Komatsuzaki 2021) for those that write to it (Black et al. 2022, section 2). */
static float reading_deviation(const model_config *c)
{
    return (float)sqrt(2.0 / (5.0 * c->d_model));
}

static float writing_deviation(const model_config *c)
{
    return (float)(2.0 / c->n_layers / sqrt((double)c->d_model));
}

/* What declaring a block needs beside the model. */
typedef struct block_names {
    const tensor_names *of;
    const char *prefix; /* "model.layers.3." */
    matrix_layout layout;
} block_names;

static const char *named(model *m, const block_names *names, const char *rest)
{
    return arena_printf(&m->names, "%s%s", names->prefix, rest);
}

static void declare_map(linear_weights *w, model *m, const block_names *names, const char *rest,
                        int out, int in, bool bias, float deviation)
{
    linear_declare(w, m, named(m, names, rest), out, in, names->layout, bias, deviation);
}

static void declare_attention(model *m, block_weights *w, const block_names *names)
{
    const model_config *c = &m->config;
    int D = c->d_model, z = c->n_heads * c->d_head, kv = c->n_kv_heads * c->d_head;
    float read = reading_deviation(c), write = writing_deviation(c);
    if (names->of->qkv) {
        declare_map(&w->qkv, m, names, names->of->qkv, z + 2 * kv, D, c->qkv_bias, read);
    } else {
        declare_map(&w->qkv, m, names, names->of->q, z, D, c->qkv_bias, read);
        declare_map(&w->qkv, m, names, names->of->k, kv, D, c->qkv_bias, read);
        declare_map(&w->qkv, m, names, names->of->v, kv, D, c->qkv_bias, read);
    }
    if (c->qk_norm) {
        w->q_gain = declare_gain(m, named(m, names, names->of->q_norm), c->d_head);
        w->k_gain = declare_gain(m, named(m, names, names->of->k_norm), c->d_head);
    }
    declare_map(&w->attention_out, m, names, names->of->attention_out, D, z, c->attention_out_bias,
                write);
}

static void declare_block(model *m, int layer, const char *prefix)
{
    const model_config *c = &m->config;
    const tensor_names *of = &family_of(c->family)->names;
    block_names names = {.of = of,
                         .prefix = arena_printf(&m->names, "%s%s.%d.", prefix, of->block, layer),
                         .layout = of->input_major ? IN_OUT : OUT_IN};
    block_weights *w = &m->blocks[layer];
    int D = c->d_model, M = c->d_mlp;
    float read = reading_deviation(c), write = writing_deviation(c);
    w->layer = layer;
    w->ln1 = declare_norm(m, named(m, &names, of->ln1));
    declare_attention(m, w, &names);
    if (c->post_norms)
        w->post1 = declare_norm(m, named(m, &names, of->post1));
    w->ln2 = declare_norm(m, named(m, &names, of->ln2));
    if (c->gated)
        declare_map(&w->gate, m, &names, of->gate, M, D, c->mlp_bias, read);
    declare_map(&w->mlp_in, m, &names, of->mlp_in, M, D, c->mlp_bias, read);
    declare_map(&w->mlp_out, m, &names, of->mlp_out, D, M, c->mlp_bias, write);
    if (c->post_norms)
        w->post2 = declare_norm(m, named(m, &names, of->post2));
}

model *model_declare(backend *be, const model_config *c, bool bare)
{
    model *m = mem_small(1, sizeof *m);
    const tensor_names *names = &family_of(c->family)->names;
    const char *prefix = bare ? "" : names->prefix;
    size_t most = (size_t)c->n_layers * PARAMETERS_PER_BLOCK + PARAMETERS_ELSEWHERE;
    m->be = be;
    m->config = *c;
    m->parameters = mem_small(most, sizeof *m->parameters);
    m->forms = mem_small(most, sizeof *m->forms);
    m->blocks = mem_small((size_t)c->n_layers, sizeof *m->blocks);
    float read = reading_deviation(c);
    m->embed = declare_matrix(m, arena_printf(&m->names, "%s%s.weight", prefix, names->embed),
                              c->d_vocab, c->d_model, read);
    if (c->learned_positions)
        m->positions =
            declare_positions(m, arena_printf(&m->names, "%s%s.weight", prefix, names->positions),
                              c->context, c->d_model, read);
    for (int layer = 0; layer < c->n_layers; layer++)
        declare_block(m, layer, prefix);
    m->final = declare_norm(m, arena_printf(&m->names, "%s%s", prefix, names->final));
    if (c->tied)
        linear_share(&m->unembed, m->embed, c->d_vocab, c->d_model);
    else
        linear_declare(&m->unembed, m, names->unembed, c->d_vocab, c->d_model, OUT_IN, false, read);
    return m;
}

/* Draw i of a parameter depends on the seed, its name and i alone. */
static err_code fill_random(model *m, int i, uint64_t seed, err *e)
{
    const parameter *p = &m->parameters[i];
    const weight_form *form = &m->forms[i];
    if (form->deviation == 0.0f) {
        m->be->fill(m->be, p->value, form->constant, p->n);
        return OK;
    }
    float *host = mem_array(p->n, sizeof *host, p->name, e);
    if (!host)
        return e->code;
    rng r = rng_stream(seed, p->name);
    for (size_t j = 0; j < p->n; j++)
        host[j] = (float)((double)form->deviation * rng_normal(&r));
    m->be->upload(m->be, p->value, host, p->n * sizeof *host);
    err_code rc = backend_sync(m->be, e);
    mem_free(host);
    return rc;
}

err_code model_new(model **out, backend *be, const model_config *c, uint64_t seed, err *e)
{
    *out = NULL;
    err_code rc = config_check(c, "model", e);
    if (rc)
        return rc;
    model *m = model_declare(be, c, false);
    for (int i = 0; i < m->n_parameters && !rc; i++) {
        rc = parameter_own(m, i, e);
        if (!rc)
            rc = fill_random(m, i, seed, e);
    }
    if (rc)
        model_free(m);
    else
        *out = m;
    return rc;
}

void model_free(model *m)
{
    if (!m)
        return;
    for (int i = 0; i < m->n_parameters; i++)
        parameter_free(m, i);
    checkpoint_close(&m->file);
    arena_release(&m->names);
    mem_free(m->parameters);
    mem_free(m->forms);
    mem_free(m->blocks);
    mem_free(m);
}

const model_config *model_describe(const model *m)
{
    return &m->config;
}

backend *model_backend(const model *m)
{
    return m->be;
}

int model_parameters(parameter **list, model *m)
{
    *list = m->parameters;
    return m->n_parameters;
}

err_code model_want_gradients(model *m, err *e)
{
    err_code rc = OK;
    for (int i = 0; i < m->n_parameters && !rc; i++) {
        rc = parameter_own(m, i, e);
        if (!rc)
            rc = parameter_want_gradient(m, i, e);
    }
    return rc;
}

void model_zero_gradients(model *m)
{
    for (int i = 0; i < m->n_parameters; i++)
        if (m->parameters[i].gradient)
            m->be->zero(m->be, m->parameters[i].gradient,
                        m->parameters[i].n * sizeof *m->parameters[i].gradient);
}

const parameter *model_embedding(const model *m)
{
    return m->embed;
}

const parameter *model_unembedding(const model *m)
{
    return m->unembed.parts[0].matrix;
}

attention_shape model_attention(const model_config *c, int layer, int B, int T)
{
    int z = c->n_heads * c->d_head, kv = c->n_kv_heads * c->d_head;
    attention_shape s = {.B = B,
                         .T = T,
                         .n_heads = c->n_heads,
                         .n_kv_heads = c->n_kv_heads,
                         .d_head = c->d_head,
                         .row = z + 2 * kv,
                         .softcap = c->attention_softcap,
                         .window = c->windowed[layer] ? c->window : 0};
    s.scale = c->attention_scale > 0 ? c->attention_scale : (float)(1 / sqrt((double)c->d_head));
    if (c->scale_by_layer)
        s.scale /= (float)(layer + 1);
    s.q_stride = s.kv_stride = c->qkv_interleaved ? 3 * c->d_head : c->d_head;
    s.k = c->qkv_interleaved ? c->d_head : z;
    s.v = c->qkv_interleaved ? 2 * c->d_head : z + kv;
    return s;
}
