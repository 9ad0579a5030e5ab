/* Random weights in the shapes of published models and SAEs. */
#include "base/memory.h"
#include "base/rng.h"
#include "builtin/builtin.h"
#include "data/tokenizer.h"
#include "pipeline/bench_paths.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct shape {
    const char *name, *hook;
    model_family family;
    int layers, d_model, n_heads, n_kv_heads, d_head, d_mlp, d_vocab, rotary;
    int d_sae;
    int tokens, sequences; /* see bench_model */
} shape;

/* Of Gemma 2 2B the first three layers, and of its 256,000 tokens as many as keep the embedding
 * from being most of it all: a scan reads a row of it a token. */
static const shape SHAPES[] = {
    {"Pythia-70M", "blocks.3.hook_mlp_out", FAMILY_GPT_NEOX, 6, 512, 8, 8, 64, 2048, 50304, 16,
     32768, 8192, 256},
    {"GPT-2 small", "blocks.8.hook_resid_pre", FAMILY_GPT2, 12, 768, 12, 12, 64, 3072, 50257, 0,
     24576, 2048, 32},
    {"Gemma 2 2B, 3 layers", "blocks.2.hook_resid_post", FAMILY_GEMMA2, 3, 2304, 8, 4, 256, 9216,
     16384, 256, 16384, 512, 8},
};

static model_config config_of(const shape *s)
{
    model_config c = config_start(s->family);
    c.n_layers = s->layers;
    c.d_model = s->d_model;
    c.n_heads = s->n_heads;
    c.n_kv_heads = s->n_kv_heads;
    c.d_head = s->d_head;
    c.d_mlp = s->d_mlp;
    c.d_vocab = s->d_vocab;
    c.context = 1024;
    c.rotary = s->rotary;
    if (s->family == FAMILY_GEMMA2)
        c.embed_scale = sqrtf((float)s->d_model);
    return c;
}

/* ---- an SAE that is as sparse as a trained one --------------------------------------------------
 */

enum { TRIED_PROMPTS = 4, TRIED_TOKENS = 128, TRIED = TRIED_PROMPTS * TRIED_TOKENS };

/* Each feature's bias puts its threshold this many standard deviations above its mean: about one
 * token in 740 is above, so that of 32,768 features 44 are active. */
static const double ABOVE = 3;

/* b_F = -(mean + ABOVE deviations) of each column of pre_NF. */
static void set_biases(float *b_F, const float *pre_NF, int N, int F)
{
    for (int f = 0; f < F; f++) {
        double sum = 0, squares = 0;
        for (int n = 0; n < N; n++) {
            double x = (double)ROW(pre_NF, n, F)[f];
            sum += x;
            squares += x * x;
        }
        double mean = sum / N, variance = squares / N - mean * mean;
        b_F[f] = (float)-(mean + ABOVE * sqrt(variance > 0 ? variance : 0));
    }
}

/* Pre-activations of random tokens; host_pre_NF is TRIED x F. */
static err_code try_features(float *host_pre_NF, model *m, const hook *h, sae *s, err *e)
{
    backend *be = model_backend(m);
    rng r = rng_stream(1, "bench biases");
    int32_t tokens[TRIED];
    size_t cells = (size_t)TRIED * (size_t)sae_describe(s)->d_sae;
    for (int i = 0; i < TRIED; i++)
        tokens[i] = (int32_t)rng_below(&r, (uint32_t)model_describe(m)->d_vocab);
    forward *f = NULL;
    float *pre_NF = be->alloc(be, cells, sizeof *pre_NF, "bench", e);
    err_code rc = pre_NF ? OK : e->code;
    if (!rc)
        rc = forward_new(&f, m, TRIED_PROMPTS, TRIED_TOKENS, h, FORWARD_ONLY, e);
    if (!rc)
        rc = forward_tokens(f, tokens, TRIED_PROMPTS, TRIED_TOKENS, h, e);
    if (!rc) {
        sae_preactivations(pre_NF, s, forward_hook(f), TRIED);
        be->download(be, host_pre_NF, pre_NF, cells * sizeof *pre_NF);
        rc = backend_sync(be, e);
    }
    forward_free(f);
    be->free(be, pre_NF);
    return rc;
}

static err_code random_sae(sae **out, model *m, const hook *h, int F, err *e)
{
    int D = h->width;
    size_t cells = (size_t)D * (size_t)F;
    rng r = rng_stream(1, "bench SAE");
    sae_config c = {.architecture = SAE_STANDARD, .d_in = D, .d_sae = F};
    snprintf(c.hook, sizeof c.hook, "%s", h->name);
    float *w = mem_array(cells, sizeof *w, "bench", e);
    float *pre_NF = mem_array((size_t)TRIED * (size_t)F, sizeof *pre_NF, "bench", e);
    float *b_F = mem_small((size_t)F, sizeof *b_F), *b_D = mem_small((size_t)D, sizeof *b_D);
    sae *without = NULL;
    err_code rc = w && pre_NF ? OK : e->code;
    for (size_t i = 0; i < cells && !rc; i++)
        w[i] = (float)(rng_uniform(&r) - 0.5);
    sae_weights weights = {.w_enc_DF = w, .b_enc_F = b_F, .w_dec_FO = w, .b_dec_O = b_D};
    if (!rc)
        rc = sae_new(&without, model_backend(m), &c, &weights, e);
    if (!rc)
        rc = try_features(pre_NF, m, h, without, e);
    sae_free(without);
    if (!rc) {
        set_biases(b_F, pre_NF, TRIED, F);
        rc = sae_new(out, model_backend(m), &c, &weights, e);
    }
    mem_free(b_D);
    mem_free(b_F);
    mem_free(pre_NF);
    mem_free(w);
    return rc;
}

static err_code measure_shape(bench *b, const shape *s, const tokenizer *t, err *e)
{
    model_config c = config_of(s);
    char words[64];
    snprintf(words, sizeof words, "%s, %d -> %d", s->name, s->d_model, s->d_sae);
    bench_model m = {
        .shape = words, .tokenizer = t, .bos = 0, .tokens = s->tokens, .sequences = s->sequences};
    token_table *table = NULL;
    err_code rc = config_check(&c, s->name, e);
    if (!rc)
        rc = hook_parse(&m.hook, &c, s->hook, e);
    if (!rc)
        rc = model_new(&m.model, b->backend, &c, 1, e);
    if (!rc)
        rc = token_table_new(&table, m.model, NULL, NULL, e);
    if (!rc)
        rc = random_sae(&m.sae, m.model, &m.hook, s->d_sae, e);
    m.table = table;
    if (!rc)
        rc = bench_model_paths(b, &m, e);
    sae_free(m.sae);
    token_table_free(table);
    model_free(m.model);
    return rc;
}

err_code bench_shapes(bench *b, err *e)
{
    files f = builtin_model();
    tokenizer *t = NULL;
    if (!bench_wants(b, "scan") && !bench_wants(b, "optimise"))
        return OK;
    err_code rc = tokenizer_open(&t, &f, e);
    for (size_t i = 0; i < COUNT_OF(SHAPES) && !rc; i++)
        if (bench_wants_shape(b, SHAPES[i].name))
            rc = measure_shape(b, &SHAPES[i], t, e);
    tokenizer_free(t);
    return rc;
}
