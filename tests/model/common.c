/* The reference transformer and what the model tests share. */
#include "common.h"
#include "base/memory.h"
#include "base/rng.h"
#include <math.h>
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

/* What files of each family call their tensors, written out again. %d: the layer. */
static const struct {
    const char *embed, *positions, *final, *unembed, *ln1, *ln2, *post1, *post2, *q, *k, *v,
        *q_norm, *k_norm, *out, *gate, *in, *down;
} NAMES[FAMILIES] = {
    [FAMILY_GPT2] = {"transformer.wte", "transformer.wpe", "transformer.ln_f", "lm_head",
                     "transformer.h.%d.ln_1", "transformer.h.%d.ln_2", NULL, NULL,
                     "transformer.h.%d.attn.c_attn", NULL, NULL, NULL, NULL,
                     "transformer.h.%d.attn.c_proj", NULL, "transformer.h.%d.mlp.c_fc",
                     "transformer.h.%d.mlp.c_proj"},
    [FAMILY_GPT_NEO] = {"transformer.wte", "transformer.wpe", "transformer.ln_f", "lm_head",
                        "transformer.h.%d.ln_1", "transformer.h.%d.ln_2", NULL, NULL,
                        "transformer.h.%d.attn.attention.q_proj",
                        "transformer.h.%d.attn.attention.k_proj",
                        "transformer.h.%d.attn.attention.v_proj", NULL, NULL,
                        "transformer.h.%d.attn.attention.out_proj", NULL,
                        "transformer.h.%d.mlp.c_fc", "transformer.h.%d.mlp.c_proj"},
    [FAMILY_GPT_NEOX] = {"gpt_neox.embed_in", NULL, "gpt_neox.final_layer_norm", "embed_out",
                         "gpt_neox.layers.%d.input_layernorm",
                         "gpt_neox.layers.%d.post_attention_layernorm", NULL, NULL,
                         "gpt_neox.layers.%d.attention.query_key_value", NULL, NULL, NULL, NULL,
                         "gpt_neox.layers.%d.attention.dense", NULL,
                         "gpt_neox.layers.%d.mlp.dense_h_to_4h",
                         "gpt_neox.layers.%d.mlp.dense_4h_to_h"},
#define LLAMA(ln2, post1, post2, q_norm, k_norm)                                                   \
    {                                                                                              \
        "model.embed_tokens", NULL, "model.norm", "lm_head", "model.layers.%d.input_layernorm",    \
            "model.layers.%d." ln2, post1, post2, "model.layers.%d.self_attn.q_proj",              \
            "model.layers.%d.self_attn.k_proj", "model.layers.%d.self_attn.v_proj", q_norm,        \
            k_norm, "model.layers.%d.self_attn.o_proj", "model.layers.%d.mlp.gate_proj",           \
            "model.layers.%d.mlp.up_proj", "model.layers.%d.mlp.down_proj"                         \
    }
    [FAMILY_LLAMA] = LLAMA("post_attention_layernorm", NULL, NULL, NULL, NULL),
    [FAMILY_MISTRAL] = LLAMA("post_attention_layernorm", NULL, NULL, NULL, NULL),
    [FAMILY_GEMMA] = LLAMA("post_attention_layernorm", NULL, NULL, NULL, NULL),
    [FAMILY_GEMMA2] = LLAMA("pre_feedforward_layernorm", "model.layers.%d.post_attention_layernorm",
                            "model.layers.%d.post_feedforward_layernorm", NULL, NULL),
    [FAMILY_QWEN2] = LLAMA("post_attention_layernorm", NULL, NULL, NULL, NULL),
    [FAMILY_QWEN3] = LLAMA("post_attention_layernorm", NULL, NULL,
                           "model.layers.%d.self_attn.q_norm", "model.layers.%d.self_attn.k_norm"),
};

/* A tensor of a layer; NULL when there is none. */
static const double *find(const reference *r, const char *prefix, int layer, const char *ending)
{
    char name[128] = "";
    const char *number = prefix ? strstr(prefix, "%d") : NULL;
    if (number)
        snprintf(name, sizeof name, "%.*s%d%s%s", (int)(number - prefix), prefix, layer, number + 2,
                 ending);
    else if (prefix)
        snprintf(name, sizeof name, "%s%s", prefix, ending);
    for (int i = 0; i < r->n_parameters; i++)
        if (!strcmp(r->parameters[i].name, name))
            return r->values[i];
    return NULL;
}

/* What weight processing takes off a row; the tests know only the mean. */
static double removed(const reference *r, const double *row, int width)
{
    double sum = 0;
    for (int i = 0; i < width; i++)
        sum += row[i];
    return r->wanted.less == LESS_MEAN ? sum / width : 0;
}

/* If this is the wanted place: keeps the values of the wanted head or all, or replaces them. */
static void visit(reference *r, hook_site site, int layer, double *x, int width)
{
    if (r->wanted.site != site || r->wanted.layer != layer || !r->wanted.width)
        return;
    int N = r->B * r->T, W = r->wanted.width, first = r->wanted.head < 0 ? 0 : r->wanted.head * W;
    mem_free(r->seen);
    r->seen = mem_small((size_t)(N * W), sizeof *r->seen);
    for (int n = 0; n < N; n++) {
        double less = removed(r, x + n * width, width);
        for (int i = 0; i < W; i++) {
            double *at = &x[n * width + first + i];
            r->seen[n * W + i] = *at - less;
            *at = r->splice ? (double)r->splice[n * W + i] + less : *at;
        }
    }
}

static double *zeros(int n, int width)
{
    return mem_small((size_t)n * (size_t)width + 1, sizeof(double));
}

/* y = x W' + b from the tensors of this name. */
static double *linear(const reference *r, const double *x, const char *name, int layer, int in,
                      int out)
{
    int N = r->B * r->T;
    bool input_major = r->config->family == FAMILY_GPT2;
    const double *w = find(r, name, layer, ".weight"), *b = find(r, name, layer, ".bias");
    double *y = zeros(N, out);
    for (int n = 0; n < N; n++)
        for (int o = 0; o < out; o++) {
            y[n * out + o] = b ? b[o] : 0;
            for (int i = 0; i < in; i++)
                y[n * out + o] += x[n * in + i] * w[input_major ? i * out + o : o * in + i];
        }
    return y;
}

/* One row: its normalized numbers, and the scale they were divided by. */
static double normalize_row(double *y, const double *x, int D, bool centre, double eps)
{
    double mean = 0, square = 0;
    for (int d = 0; d < D; d++)
        mean += x[d];
    mean = centre ? mean / D : 0;
    for (int d = 0; d < D; d++)
        square += (x[d] - mean) * (x[d] - mean);
    double scale = sqrt(square / D + eps);
    for (int d = 0; d < D; d++)
        y[d] = (x[d] - mean) / scale;
    return scale;
}

/* A norm with its gain and bias, visited at its scale and before gain and bias. */
static double *norm(reference *r, const double *x, const char *name, int layer, hook_site scale,
                    hook_site normalized)
{
    const model_config *c = r->config;
    int N = r->B * r->T, D = c->d_model;
    const double *gain = find(r, name, layer, ".weight"), *bias = find(r, name, layer, ".bias");
    double *y = zeros(N, D), *scale_N = zeros(N, 1);
    for (int n = 0; n < N; n++)
        scale_N[n] =
            normalize_row(y + n * D, x + n * D, D, c->norm == NORM_LAYER, (double)c->norm_eps);
    visit(r, scale, layer, scale_N, 1);
    visit(r, normalized, layer, y, D);
    for (int i = 0; i < N * D; i++)
        y[i] = y[i] * gain[i % D] + (bias ? bias[i % D] : 0);
    mem_free(scale_N);
    return y;
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

/* Radians a position of pair j (Llama 3.1's smoothing written as a clamp). */
static double frequency(const model_config *c, int j)
{
    double f = 1 / pow(c->rope_theta, 2.0 * j / c->rotary);
    const rope_scaling *s = &c->rope;
    if (s->kind == ROPE_PLAIN)
        return f;
    if (s->kind == ROPE_LINEAR)
        return f / s->factor;
    double turns = s->original * f / (2 * M_PI);
    double kept = fmin(1, fmax(0, (turns - s->low) / (s->high - s->low)));
    return f * (kept + (1 - kept) / s->factor);
}

/* Heads of all tokens: normalised if there is a gain, and rotated. */
static void turn(const reference *r, double *x, const double *gain, int heads)
{
    const model_config *c = r->config;
    int K = c->d_head;
    for (int i = 0; i < r->B * r->T * heads; i++) {
        double *at = x + i * K;
        int t = i / heads % r->T;
        if (gain)
            normalize_row(at, at, K, false, (double)c->norm_eps);
        for (int d = 0; d < K && gain; d++)
            at[d] *= gain[d];
        for (int j = 0; j < c->rotary / 2; j++) {
            double angle = t * frequency(c, j), a = at[j], b = at[j + c->rotary / 2];
            at[j] = a * cos(angle) - b * sin(angle);
            at[j + c->rotary / 2] = b * cos(angle) + a * sin(angle);
        }
    }
}

typedef struct heads {
    double *q, *k, *v; /* [N, heads, K] */
} heads;

/* Out of one joint projection or three. */
static heads project(const reference *r, const double *x, int layer)
{
    const model_config *c = r->config;
    int D = c->d_model, K = c->d_head, Z = c->n_heads * K, G = c->n_kv_heads * K;
    if (NAMES[c->family].k)
        return (heads){linear(r, x, NAMES[c->family].q, layer, D, Z),
                       linear(r, x, NAMES[c->family].k, layer, D, G),
                       linear(r, x, NAMES[c->family].v, layer, D, G)};
    int N = r->B * r->T;
    double *joint = linear(r, x, NAMES[c->family].q, layer, D, 3 * Z);
    heads h = {zeros(N, Z), zeros(N, Z), zeros(N, Z)};
    double *parts[] = {h.q, h.k, h.v};
    for (int n = 0; n < N; n++)
        for (int p = 0; p < 3; p++)
            for (int z = 0; z < Z; z++)
                parts[p][n * Z + z] =
                    joint[n * 3 * Z +
                          (c->qkv_interleaved ? (3 * (z / K) + p) * K + z % K : p * Z + z)];
    mem_free(joint);
    return h;
}

static void attend(const reference *r, double *z, const heads *x, int layer, int b, int h, int i)
{
    const model_config *c = r->config;
    int K = c->d_head, H = c->n_heads, G = c->n_kv_heads, g = h / (H / G);
    int from = c->windowed[layer] && i >= c->window ? i - c->window + 1 : 0;
    double *weight = zeros(r->T, 1), total = 0, cap = (double)c->attention_softcap;
    double scale = c->attention_scale > 0 ? (double)c->attention_scale : 1 / sqrt(K);
    scale /= c->scale_by_layer ? layer + 1 : 1;
    for (int j = from; j <= i; j++) {
        double dot = 0;
        for (int d = 0; d < K; d++)
            dot += x->q[((b * r->T + i) * H + h) * K + d] * x->k[((b * r->T + j) * G + g) * K + d] *
                   scale;
        total += weight[j] = exp(cap > 0 ? cap * tanh(dot / cap) : dot);
    }
    for (int j = from; j <= i; j++)
        for (int d = 0; d < K; d++)
            z[((b * r->T + i) * H + h) * K + d] +=
                weight[j] / total * x->v[((b * r->T + j) * G + g) * K + d];
    mem_free(weight);
}

/* What a branch adds: normalised again in some families. */
static double *branch_end(reference *r, double *out, const char *post, int layer, hook_site site)
{
    if (r->config->post_norms) {
        double *again = norm(r, out, post, layer, HOOK_SITES, HOOK_SITES);
        mem_free(out);
        out = again;
    }
    visit(r, site, layer, out, r->config->d_model);
    return out;
}

static double *attention_part(reference *r, int layer, const double *resid)
{
    const model_config *c = r->config;
    int N = r->B * r->T, H = c->n_heads, Z = H * c->d_head, G = c->n_kv_heads * c->d_head;
    double *x = norm(r, resid, NAMES[c->family].ln1, layer, HOOK_LN1_SCALE, HOOK_LN1_NORMALIZED);
    heads h = project(r, x, layer);
    visit(r, HOOK_Q, layer, h.q, Z);
    visit(r, HOOK_K, layer, h.k, G);
    visit(r, HOOK_V, layer, h.v, G);
    turn(r, h.q, find(r, NAMES[c->family].q_norm, layer, ".weight"), H);
    turn(r, h.k, find(r, NAMES[c->family].k_norm, layer, ".weight"), c->n_kv_heads);
    visit(r, HOOK_ROT_Q, layer, h.q, Z);
    visit(r, HOOK_ROT_K, layer, h.k, G);
    double *z = zeros(N, Z);
    for (int n = 0; n < N * H; n++)
        attend(r, z, &h, layer, n / H / r->T, n % H, n / H % r->T);
    visit(r, HOOK_Z, layer, z, Z);
    double *out = linear(r, z, NAMES[c->family].out, layer, Z, c->d_model);
    mem_free(x);
    mem_free(h.q);
    mem_free(h.k);
    mem_free(h.v);
    mem_free(z);
    return branch_end(r, out, NAMES[c->family].post1, layer, HOOK_ATTN_OUT);
}

static double *mlp_part(reference *r, int layer, const double *resid)
{
    const model_config *c = r->config;
    int N = r->B * r->T, D = c->d_model, M = c->d_mlp;
    double *x = norm(r, resid, NAMES[c->family].ln2, layer, HOOK_LN2_SCALE, HOOK_LN2_NORMALIZED);
    visit(r, HOOK_MLP_IN, layer, x, D);
    double *up = linear(r, x, NAMES[c->family].in, layer, D, M);
    double *gate = c->gated ? linear(r, x, NAMES[c->family].gate, layer, D, M) : NULL;
    visit(r, HOOK_MLP_PRE, layer, gate ? gate : up, M);
    visit(r, HOOK_MLP_PRE_LINEAR, layer, up, M);
    for (int i = 0; i < N * M; i++)
        up[i] = gate ? nonlinear(gate[i], c->act) * up[i] : nonlinear(up[i], c->act);
    visit(r, HOOK_MLP_POST, layer, up, M);
    double *out = linear(r, up, NAMES[c->family].down, layer, M, D);
    mem_free(x);
    mem_free(gate);
    mem_free(up);
    return branch_end(r, out, NAMES[c->family].post2, layer, HOOK_MLP_OUT);
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
    const double *table = find(r, NAMES[c->family].embed, 0, ".weight");
    const double *positions = find(r, NAMES[c->family].positions, 0, ".weight");
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
    double *x = norm(r, resid, NAMES[c->family].final, c->n_layers, HOOK_FINAL_SCALE,
                     HOOK_FINAL_NORMALIZED);
    const double *unembed =
        find(r, c->tied ? NAMES[c->family].embed : NAMES[c->family].unembed, 0, ".weight");
    double *logits = zeros(N, V);
    for (int i = 0; i < N * V; i++)
        for (int d = 0; d < D; d++)
            logits[i] += x[i / V * D + d] * unembed[i % V * D + d];
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

/* Two layers of small sizes, no two of them equal. */
static model_config small(model_family family)
{
    model_config c = config_start(family);
    c.n_layers = 2;
    c.d_model = 24;
    c.n_heads = c.n_kv_heads = 3;
    c.d_head = 8;
    c.d_mlp = 40;
    c.d_vocab = 37;
    c.context = 16;
    c.rotary = c.rope_theta > 0 ? 8 : 0;
    c.window = 0;
    return c;
}

/* As Llama: shared keys, heads that do not add up to the width. */
static model_config small_llama(model_family family)
{
    model_config c = small(family);
    c.n_heads = 4;
    c.n_kv_heads = 2;
    return c;
}

static model_config small_gemma2(void)
{
    model_config c = small_llama(FAMILY_GEMMA2);
    c.attention_softcap = 1.5f;
    c.final_softcap = 2.0f;
    c.embed_scale = 4.9f;
    c.attention_scale = 0.5f;
    c.window = 3;
    c.windowed[0] = true;
    return c;
}

static int add_rotating_kinds(decoder_kind *kinds)
{
    int n = 0;
    kinds[n++] = (decoder_kind){"llama", small_llama(FAMILY_LLAMA)};
    model_config c = small_llama(FAMILY_LLAMA);
    c.n_kv_heads = 1;
    c.qkv_bias = c.attention_out_bias = c.mlp_bias = true;
    c.rope = (rope_scaling){ROPE_LLAMA3, .factor = 4, .low = 1, .high = 4, .original = 30};
    c.rope_theta = 20;
    kinds[n++] = (decoder_kind){"llama 3 with biases, one key head", c};
    c = small_llama(FAMILY_MISTRAL);
    c.rope = (rope_scaling){ROPE_LINEAR, .factor = 2.5};
    c.window = 4;
    c.windowed[0] = c.windowed[1] = true;
    kinds[n++] = (decoder_kind){"mistral, windows", c};
    kinds[n++] = (decoder_kind){"gemma 2", small_gemma2()};
    kinds[n++] = (decoder_kind){"qwen 2", small_llama(FAMILY_QWEN2)};
    c = small_llama(FAMILY_QWEN3);
    c.window = 2;
    c.windowed[1] = true;
    kinds[n++] = (decoder_kind){"qwen 3, a window", c};
    return n;
}

int test_kinds(const decoder_kind **list)
{
    static decoder_kind kinds[16];
    int n = 0;
    model_config c = small(FAMILY_GPT_NEOX);
    c.rotary = 2;
    kinds[n++] = (decoder_kind){"neox parallel", c};
    c.parallel = false;
    kinds[n++] = (decoder_kind){"neox sequential", c};
    c.act = ACTIVATION_RELU;
    c.n_layers = 1;
    c.qkv_bias = c.attention_out_bias = false;
    kinds[n++] = (decoder_kind){"neox relu, one layer", c};
    c = small(FAMILY_GPT2);
    c.scale_by_layer = true;
    kinds[n++] = (decoder_kind){"gpt2", c};
    c = small(FAMILY_GPT_NEO);
    c.window = 3;
    c.windowed[1] = true;
    kinds[n++] = (decoder_kind){"gpt neo", c};
    n += add_rotating_kinds(kinds + n);
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
