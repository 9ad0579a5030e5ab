/* The reference transformer and what the model tests share. */
#include "common.h"
#include "base/memory.h"
#include "base/rng.h"
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

reference *reference_new(model *m, const int32_t *tokens_BT, int B, int T)
{
    reference *r = mem_small(1, sizeof *r);
    parameter *list;
    r->n_parameters = model_parameters(&list, m);
    r->parameters = list;
    r->config = model_describe(m);
    r->values = mem_small((size_t)r->n_parameters, sizeof *r->values);
    for (int i = 0; i < r->n_parameters; i++) {
        r->values[i] = mem_small(list[i].n, sizeof **r->values);
        for (size_t j = 0; j < list[i].n; j++)
            r->values[i][j] = (double)list[i].value[j];
    }
    r->tokens_BT = tokens_BT;
    r->B = B;
    r->T = T;
    r->x_BTD = mem_small((size_t)(B * T * r->config->d_model), sizeof *r->x_BTD);
    return r;
}

void reference_free(reference *r)
{
    for (int i = 0; i < r->n_parameters; i++)
        mem_free(r->values[i]);
    mem_free(r->values);
    mem_free(r->x_BTD);
    mem_free(r->seen);
    mem_free(r);
}

__attribute__((format(printf, 2, 3))) static const double *find(const reference *r,
                                                                const char *format, ...)
{
    char name[128];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(name, sizeof name, format, arguments);
    va_end(arguments);
    for (int i = 0; i < r->n_parameters; i++)
        if (!strcmp(r->parameters[i].name, name))
            return r->values[i];
    return NULL;
}

/* If this is the wanted place: keeps the values, or replaces them. */
static void visit(reference *r, hook_site site, int layer, double *x, int width)
{
    if (r->wanted.site != site || r->wanted.layer != layer || !r->wanted.width)
        return;
    size_t n = (size_t)(r->B * r->T * width);
    mem_free(r->seen);
    r->seen = mem_small(n, sizeof *r->seen);
    memcpy(r->seen, x, n * sizeof *x);
    for (size_t i = 0; i < n && r->splice; i++)
        x[i] = (double)r->splice[i];
}

static double *zeros(int n, int width)
{
    return mem_small((size_t)n * (size_t)width + 1, sizeof(double));
}

/* y = x W' + b; b may be NULL. */
static double *linear(const double *x, const double *w, const double *b, int N, int in, int out)
{
    double *y = zeros(N, out);
    for (int n = 0; n < N; n++)
        for (int o = 0; o < out; o++) {
            y[n * out + o] = b ? b[o] : 0;
            for (int i = 0; i < in; i++)
                y[n * out + o] += x[n * in + i] * w[o * in + i];
        }
    return y;
}

static double *normalize(const reference *r, const double *x, int N)
{
    int D = r->config->d_model;
    double *y = zeros(N, D);
    for (int n = 0; n < N; n++) {
        double mean = 0, square = 0;
        for (int d = 0; d < D; d++)
            mean += x[n * D + d];
        mean = r->config->norm == NORM_LAYER ? mean / D : 0;
        for (int d = 0; d < D; d++)
            square += (x[n * D + d] - mean) * (x[n * D + d] - mean);
        for (int d = 0; d < D; d++)
            y[n * D + d] = (x[n * D + d] - mean) / sqrt(square / D + (double)r->config->norm_eps);
    }
    return y;
}

static void gain_and_bias(double *x, const double *gain, const double *bias, int N, int D)
{
    for (int i = 0; i < N * D; i++)
        x[i] = x[i] * gain[i % D] + (bias ? bias[i % D] : 0);
}

static double nonlinear(double x, activation kind)
{
    if (kind == ACTIVATION_GELU)
        return x * 0.5 * erfc(-x / sqrt(2));
    if (kind == ACTIVATION_GELU_TANH)
        return 0.5 * x * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * pow(x, 3))));
    if (kind == ACTIVATION_SILU)
        return x / (1 + exp(-x));
    return x > 0 ? x : 0;
}

/* Position t of one head's query or key, rotated. */
static void rotated(double *out, const double *x, const model_config *c, int t)
{
    memcpy(out, x, (size_t)c->d_head * sizeof *x);
    for (int j = 0; j < c->rotary / 2; j++) {
        double angle = t / pow(c->rope_theta, 2.0 * j / c->rotary);
        double a = x[j], b = x[j + c->rotary / 2];
        out[j] = a * cos(angle) - b * sin(angle);
        out[j + c->rotary / 2] = b * cos(angle) + a * sin(angle);
    }
}

static const double *head_of(const model_config *c, const double *row, char which, int h)
{
    int K = c->d_head, g = h / (c->n_heads / c->n_kv_heads);
    if (c->qkv_interleaved)
        return row + h * 3 * K + (which == 'q' ? 0 : which == 'k' ? K : 2 * K);
    return which == 'q'   ? row + h * K
           : which == 'k' ? row + (c->n_heads + g) * K
                          : row + (c->n_heads + c->n_kv_heads + g) * K;
}

static void attend(const reference *r, double *z, const double *qkv, int b, int h, int i)
{
    const model_config *c = r->config;
    int K = c->d_head, row = (c->n_heads + 2 * c->n_kv_heads) * K;
    double *weight = zeros(r->T, 1), *q = zeros(1, K), *k = zeros(1, K), total = 0;
    double scale = c->attention_scale > 0 ? (double)c->attention_scale : 1 / sqrt(K);
    rotated(q, head_of(c, qkv + (b * r->T + i) * row, 'q', h), c, i);
    for (int j = 0; j <= i; j++) {
        double dot = 0;
        rotated(k, head_of(c, qkv + (b * r->T + j) * row, 'k', h), c, j);
        for (int d = 0; d < K; d++)
            dot += q[d] * k[d] * scale;
        if (c->attention_softcap > 0)
            dot = (double)c->attention_softcap * tanh(dot / (double)c->attention_softcap);
        total += weight[j] = exp(dot);
    }
    for (int j = 0; j <= i; j++)
        for (int d = 0; d < K; d++)
            z[(b * r->T + i) * c->n_heads * K + h * K + d] +=
                weight[j] / total * head_of(c, qkv + (b * r->T + j) * row, 'v', h)[d];
    mem_free(weight);
    mem_free(q);
    mem_free(k);
}

static double *attention_part(reference *r, int layer, const double *resid)
{
    const model_config *c = r->config;
    int N = r->B * r->T, D = c->d_model, Z = c->n_heads * c->d_head;
    int row = Z + 2 * c->n_kv_heads * c->d_head;
    char at[64];
    snprintf(at, sizeof at, "gpt_neox.layers.%d", layer);
    double *x = normalize(r, resid, N);
    visit(r, HOOK_LN1_NORMALIZED, layer, x, D);
    gain_and_bias(x, find(r, "%s.input_layernorm.weight", at),
                  find(r, "%s.input_layernorm.bias", at), N, D);
    double *qkv = linear(x, find(r, "%s.attention.query_key_value.weight", at),
                         find(r, "%s.attention.query_key_value.bias", at), N, D, row);
    double *z = zeros(N, Z);
    for (int n = 0; n < N * c->n_heads; n++)
        attend(r, z, qkv, n / c->n_heads / r->T, n % c->n_heads, n / c->n_heads % r->T);
    visit(r, HOOK_Z, layer, z, Z);
    double *out = linear(z, find(r, "%s.attention.dense.weight", at),
                         find(r, "%s.attention.dense.bias", at), N, Z, D);
    visit(r, HOOK_ATTN_OUT, layer, out, D);
    mem_free(x);
    mem_free(qkv);
    mem_free(z);
    return out;
}

static double *mlp_part(reference *r, int layer, const double *resid)
{
    const model_config *c = r->config;
    int N = r->B * r->T, D = c->d_model, M = c->d_mlp;
    char at[64];
    snprintf(at, sizeof at, "gpt_neox.layers.%d", layer);
    double *x = normalize(r, resid, N), *gate = NULL;
    visit(r, HOOK_LN2_NORMALIZED, layer, x, D);
    gain_and_bias(x, find(r, "%s.post_attention_layernorm.weight", at),
                  find(r, "%s.post_attention_layernorm.bias", at), N, D);
    double *post = linear(x, find(r, "%s.mlp.dense_h_to_4h.weight", at),
                          find(r, "%s.mlp.dense_h_to_4h.bias", at), N, D, M);
    if (c->gated)
        gate =
            linear(x, find(r, "%s.mlp.gate.weight", at), find(r, "%s.mlp.gate.bias", at), N, D, M);
    for (int i = 0; i < N * M; i++)
        post[i] = gate ? nonlinear(gate[i], c->act) * post[i] : nonlinear(post[i], c->act);
    visit(r, HOOK_MLP_POST, layer, post, M);
    double *out = linear(post, find(r, "%s.mlp.dense_4h_to_h.weight", at),
                         find(r, "%s.mlp.dense_4h_to_h.bias", at), N, M, D);
    visit(r, HOOK_MLP_OUT, layer, out, D);
    mem_free(x);
    mem_free(gate);
    mem_free(post);
    return out;
}

static void add(double *x, const double *y, int n)
{
    for (int i = 0; i < n; i++)
        x[i] += y[i];
}

static void run_block(reference *r, int layer, double *resid)
{
    int n = r->B * r->T * r->config->d_model, D = r->config->d_model;
    visit(r, HOOK_RESID_PRE, layer, resid, D);
    double *attention = attention_part(r, layer, resid), *mlp;
    if (r->config->parallel) {
        mlp = mlp_part(r, layer, resid);
        add(resid, attention, n);
    } else {
        add(resid, attention, n);
        visit(r, HOOK_RESID_MID, layer, resid, D);
        mlp = mlp_part(r, layer, resid);
    }
    add(resid, mlp, n);
    visit(r, HOOK_RESID_POST, layer, resid, D);
    mem_free(attention);
    mem_free(mlp);
}

static double *embed(reference *r)
{
    const model_config *c = r->config;
    int N = r->B * r->T, D = c->d_model;
    const double *table = find(r, "gpt_neox.embed_in.weight");
    const double *positions = find(r, "gpt_neox.embed_pos.weight");
    double *resid = zeros(N, D);
    for (int i = 0; i < N * D; i++) {
        int token = r->tokens_BT[i / D];
        resid[i] = token < 0 ? r->x_BTD[i] : (double)c->embed_scale * table[token * D + i % D];
        if (r->mixed)
            resid[i] = r->x_BTD[i]; /* finite differences move every embedding */
    }
    visit(r, HOOK_EMBED, 0, resid, D);
    for (int i = 0; i < N * D && positions; i++)
        resid[i] += positions[i / D % r->T * D + i % D];
    return resid;
}

void reference_run(reference *r, double *logits_NV)
{
    const model_config *c = r->config;
    int N = r->B * r->T, D = c->d_model, V = c->d_vocab;
    double *resid = embed(r);
    for (int layer = 0; layer < c->n_layers; layer++)
        run_block(r, layer, resid);
    double *x = normalize(r, resid, N);
    visit(r, HOOK_FINAL_NORMALIZED, c->n_layers, x, D);
    gain_and_bias(x, find(r, "gpt_neox.final_layer_norm.weight"),
                  find(r, "gpt_neox.final_layer_norm.bias"), N, D);
    const double *unembed = find(r, "embed_out.weight");
    double *logits =
        linear(x, unembed ? unembed : find(r, "gpt_neox.embed_in.weight"), NULL, N, D, V);
    for (int i = 0; i < N * V && c->final_softcap > 0; i++)
        logits[i] = (double)c->final_softcap * tanh(logits[i] / (double)c->final_softcap);
    if (logits_NV)
        memcpy(logits_NV, logits, (size_t)(N * V) * sizeof *logits);
    mem_free(logits);
    mem_free(x);
    mem_free(resid);
}

double reference_loss(reference *r, const int32_t *targets_BT)
{
    int N = r->B * r->T, V = r->config->d_vocab;
    double *logits = zeros(N, V), loss = 0;
    reference_run(r, logits);
    for (int n = 0; n < N; n++) {
        double total = 0;
        for (int v = 0; v < V; v++)
            total += exp(logits[n * V + v]);
        if (targets_BT[n] >= 0)
            loss += log(total) - logits[n * V + targets_BT[n]];
    }
    mem_free(logits);
    return loss;
}

static model_config small(void)
{
    model_config c = config_neox();
    c.n_layers = 2;
    c.d_model = 24;
    c.n_heads = c.n_kv_heads = 3;
    c.d_head = 8;
    c.d_mlp = 40;
    c.d_vocab = 37;
    c.context = 16;
    c.rotary = 2;
    return c;
}

int test_kinds(const decoder_kind **list)
{
    static decoder_kind kinds[8];
    int n = 0;
    model_config c = small();
    kinds[n++] = (decoder_kind){"neox parallel", c};
    c.parallel = false;
    kinds[n++] = (decoder_kind){"neox sequential", c};
    c.act = ACTIVATION_GELU_TANH; /* as GPT-2: learned positions, no rotation, tied */
    c.rotary = 0;
    c.learned_positions = c.tied = true;
    c.qkv_interleaved = false;
    kinds[n++] = (decoder_kind){"gpt2", c};
    c = small(); /* as Llama: rms, gated silu, whole heads rotate, shared keys, no biases */
    c.parallel = c.qkv_interleaved = false;
    c.norm = NORM_RMS;
    c.gated = true;
    c.act = ACTIVATION_SILU;
    c.rotary = c.d_head;
    c.n_heads = 4;
    c.n_kv_heads = 2;
    c.qkv_bias = c.attention_out_bias = c.mlp_bias = false;
    kinds[n++] = (decoder_kind){"llama", c};
    c.qkv_bias = true;
    c.n_kv_heads = 1;
    kinds[n++] = (decoder_kind){"qwen2, one key head", c};
    c.qkv_bias = false; /* as Gemma 2: caps, scaled embedding, a scale of its own, heads != width */
    c.act = ACTIVATION_GELU_TANH;
    c.attention_softcap = 1.5f;
    c.final_softcap = 2.0f;
    c.embed_scale = 4.9f;
    c.attention_scale = 0.5f;
    c.tied = true;
    kinds[n++] = (decoder_kind){"gemma-like caps", c};
    c = small();
    c.act = ACTIVATION_RELU;
    c.n_layers = 1;
    c.qkv_bias = c.attention_out_bias = false;
    kinds[n++] = (decoder_kind){"relu, one layer", c};
    *list = kinds;
    return n;
}

void random_floats(float *x, size_t n, const char *stream)
{
    rng r = rng_stream(1, stream);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)rng_normal(&r);
}

void random_tokens(int32_t *tokens, int n, int below, const char *stream)
{
    rng r = rng_stream(1, stream);
    for (int i = 0; i < n; i++)
        tokens[i] = (int32_t)rng_below(&r, (uint32_t)below);
}

double relative_error(const float *got, const double *want, size_t n)
{
    double difference = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        difference += ((double)got[i] - want[i]) * ((double)got[i] - want[i]);
        size += want[i] * want[i];
    }
    double error = sqrt(difference) / (sqrt(size) + 1e-12);
    return error == error ? error : (double)INFINITY;
}
