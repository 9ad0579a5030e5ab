/* A model: the names, shapes and random start of its parameters. */
#include "model/transformer.h"
#include "base/memory.h"
#include "base/rng.h"
#include "model/weights.h"
#include <math.h>

enum { PARAMETERS_PER_BLOCK = 24, PARAMETERS_ELSEWHERE = 5 };

static norm_weights declare_norm(model *m, const char *prefix)
{
    norm_weights w = {0};
    int D = m->config.d_model;
    w.gain = declare_vector(m, arena_printf(&m->names, "%s.weight", prefix), D, 1, 0);
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

static void declare_block(model *m, int layer)
{
    const model_config *c = &m->config;
    block_weights *w = &m->blocks[layer];
    int D = c->d_model, z = c->n_heads * c->d_head, qkv = z + 2 * c->n_kv_heads * c->d_head;
    float read = reading_deviation(c), write = writing_deviation(c);
#define NAME(rest) arena_printf(&m->names, "gpt_neox.layers.%d." rest, layer)
    w->ln1 = declare_norm(m, NAME("input_layernorm"));
    linear_declare(&w->qkv, m, NAME("attention.query_key_value"), qkv, D, OUT_IN, c->qkv_bias,
                   read);
    linear_declare(&w->attention_out, m, NAME("attention.dense"), D, z, OUT_IN,
                   c->attention_out_bias, write);
    w->ln2 = declare_norm(m, NAME("post_attention_layernorm"));
    if (c->gated)
        linear_declare(&w->gate, m, NAME("mlp.gate"), c->d_mlp, D, OUT_IN, c->mlp_bias, read);
    linear_declare(&w->mlp_in, m, NAME("mlp.dense_h_to_4h"), c->d_mlp, D, OUT_IN, c->mlp_bias,
                   read);
    linear_declare(&w->mlp_out, m, NAME("mlp.dense_4h_to_h"), D, c->d_mlp, OUT_IN, c->mlp_bias,
                   write);
#undef NAME
}

model *model_declare(backend *be, const model_config *c)
{
    model *m = mem_small(1, sizeof *m);
    size_t most = (size_t)c->n_layers * PARAMETERS_PER_BLOCK + PARAMETERS_ELSEWHERE;
    m->be = be;
    m->config = *c;
    m->parameters = mem_small(most, sizeof *m->parameters);
    m->forms = mem_small(most, sizeof *m->forms);
    m->blocks = mem_small((size_t)c->n_layers, sizeof *m->blocks);
    float read = reading_deviation(c);
    m->embed = declare_matrix(m, "gpt_neox.embed_in.weight", c->d_vocab, c->d_model, read);
    if (c->learned_positions)
        m->positions =
            declare_positions(m, "gpt_neox.embed_pos.weight", c->context, c->d_model, read);
    for (int layer = 0; layer < c->n_layers; layer++)
        declare_block(m, layer);
    m->final = declare_norm(m, "gpt_neox.final_layer_norm");
    if (c->tied)
        linear_share(&m->unembed, m->embed, c->d_vocab, c->d_model);
    else
        linear_declare(&m->unembed, m, "embed_out", c->d_vocab, c->d_model, OUT_IN, false, read);
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
    model *m = model_declare(be, c);
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

attention_shape model_attention(const model_config *c, int B, int T)
{
    int z = c->n_heads * c->d_head, kv = c->n_kv_heads * c->d_head;
    attention_shape s = {.B = B,
                         .T = T,
                         .n_heads = c->n_heads,
                         .n_kv_heads = c->n_kv_heads,
                         .d_head = c->d_head,
                         .row = z + 2 * kv,
                         .softcap = c->attention_softcap};
    s.scale = c->attention_scale > 0 ? c->attention_scale : (float)(1 / sqrt((double)c->d_head));
    s.q_stride = s.kv_stride = c->qkv_interleaved ? 3 * c->d_head : c->d_head;
    s.k = c->qkv_interleaved ? c->d_head : z;
    s.v = c->qkv_interleaved ? 2 * c->d_head : z + kv;
    return s;
}
