/* Models of one layer whose weights are put in by hand. */
#include "base/memory.h"
#include "base/rng.h"
#include "base/str.h"
#include "invert/common_truth.h"
#include "test.h"
#include <math.h>
#include <string.h>

/* Rows end in a number that makes their sum 0; what a branch writes goes to places that no
 * embedding uses. */
enum { D = PLANTED_D, BALANCE = D - 1, READ = D - 4, HEADS = 2, K = D / HEADS, CONTEXT = 16 };

static const double SMALL = 1e-4; /* x is an embedding divided by it */

const int32_t NGRAM_WORD[3] = {17, 5, 29};

/* Every token is an added one, "<1>" and so on: no two can merge. */
tokenizer *spelled_tokenizer(int V)
{
    str json = {0};
    tokenizer *t;
    err e = {0};
    str_addf(&json, "{\"added_tokens\":[");
    for (int id = 0; id < V; id++)
        str_addf(&json,
                 "%s{\"id\":%d,\"content\":\"<%d>\",\"single_word\":false,\"lstrip\":false,"
                 "\"rstrip\":false,\"normalized\":false,\"special\":%s}",
                 id ? "," : "", id, id, id ? "false" : "true");
    str_addf(&json,
             "],\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,"
             "\"trim_offsets\":true,\"use_regex\":true},\"decoder\":{\"type\":\"ByteLevel\"},"
             "\"model\":{\"type\":\"BPE\",\"vocab\":{\"<0>\":0},\"merges\":[]}}");
    if (tokenizer_parse(&t, json.data, json.len, "tokenizer.json", &e))
        fail_msg("%s", e.text);
    str_release(&json);
    return t;
}

/* The weights of a name, "h.0." and so on left out. */
static float *weights(const truth *t, const char *name)
{
    parameter *list;
    int n = model_parameters(&list, t->model);
    for (int i = 0; i < n; i++) {
        const char *at = strstr(list[i].name, name);
        if (at && strlen(at) == strlen(name))
            return list[i].value;
    }
    fail_msg("no %s", name);
    return NULL;
}

/* All weights 0 but the norms' gains, which multiply by 10000 after the division by sqrt(eps). */
static truth *planted(int V, const char *hook_name, int threads)
{
    truth *t = mem_small(1, sizeof *t);
    t->workers = pool_new(threads);
    t->tokenizer = spelled_tokenizer(V);
    model_config c = config_start(FAMILY_GPT2);
    c.n_layers = 1;
    c.d_model = D;
    c.n_heads = c.n_kv_heads = HEADS;
    c.d_head = K;
    c.d_mlp = 4;
    c.d_vocab = V;
    c.context = CONTEXT;
    c.norm_eps = 0.25f;
    c.act = ACTIVATION_RELU;
    err e = {0};
    if (backend_open(&t->be, "cpu", t->workers, &e) || model_new(&t->model, t->be, &c, 1, &e) ||
        hook_parse(&t->hook, model_describe(t->model), hook_name, &e))
        fail_msg("%s", e.text);
    parameter *list;
    int n = model_parameters(&list, t->model);
    for (int i = 0; i < n; i++)
        memset(list[i].value, 0, list[i].n * sizeof *list[i].value);
    for (int d = 0; d < D; d++)
        weights(t, "ln_1.weight")[d] = weights(t, "ln_2.weight")[d] = (float)(0.5 / SMALL);
    return t;
}

/* x[at] += value, the sum kept at 0. */
static void put(float *x_D, int at, double value)
{
    x_D[at] += (float)(SMALL * value);
    x_D[BALANCE] -= (float)(SMALL * value);
}

/* Features w_FD . (1000 x) + b_F, and all that is left to make. */
static void finish(truth *t, const float *w_FD, const float *b_F, int F, double unit)
{
    float *w_enc = mem_small((size_t)(F * D), sizeof *w_enc), zeros[D] = {0};
    for (int f = 0; f < F; f++)
        for (int d = 0; d < D; d++)
            w_enc[d * F + f] = (float)((double)w_FD[f * D + d] / unit);
    sae_config c = {.architecture = SAE_STANDARD, .d_in = D, .d_sae = F, .prepend_bos = true};
    memcpy(c.hook, t->hook.name, sizeof c.hook);
    sae_weights w = {w_enc, b_F, w_FD, zeros, NULL, NULL};
    err e = {0};
    if (sae_new(&t->sae, t->be, &c, &w, &e) ||
        token_table_new(&t->table, t->model, t->tokenizer, NULL, &e))
        fail_msg("%s", e.text);
    mem_free(w_enc);
    t->setting = (optimise_setting){.model = t->model,
                                    .sae = t->sae,
                                    .hook = &t->hook,
                                    .table = t->table,
                                    .tokenizer = t->tokenizer,
                                    .bos = 0};
}

/* ---- uniform attention -------------------------------------------------------------------------
 */

static void uniform_directions(float w_FD[UNIFORM_F * D])
{
    rng r = rng_stream(2, "uniform directions");
    for (int i = 0; i < UNIFORM_F * D; i++)
        w_FD[i] = (float)rng_normal(&r);
}

truth *truth_uniform(int threads)
{
    truth *t = planted(UNIFORM_V, "blocks.0.hook_resid_mid", threads);
    float *embed = weights(t, "wte.weight"), *qkv = weights(t, "attn.c_attn.weight");
    float *out = weights(t, "attn.c_proj.weight"), w_FD[UNIFORM_F * D], b_F[UNIFORM_F] = {0};
    rng r = rng_stream(1, "uniform");
    for (int v = 0; v < UNIFORM_V; v++)
        for (int d = 0; d < BALANCE; d++)
            put(ROW(embed, v, D), d, rng_normal(&r));
    for (int d = 0; d < D; d++) {
        qkv[d * 3 * D + 2 * D + d] = 1; /* values are x itself */
        for (int o = 0; o < D; o++)
            out[d * D + o] = (float)(SMALL * rng_normal(&r) * 3 / sqrt(D)); /* M */
    }
    uniform_directions(w_FD);
    finish(t, w_FD, b_F, UNIFORM_F, SMALL);
    return t;
}

/* w . x of a token, and w . M x. */
static void uniform_terms(double *here, double *anywhere, const truth *t, int feature, int token)
{
    const float *x = ROW(weights(t, "wte.weight"), token, D), *m = weights(t, "attn.c_proj.weight");
    float w_FD[UNIFORM_F * D];
    uniform_directions(w_FD);
    *here = *anywhere = 0;
    for (int o = 0; o < D; o++) {
        double w = (double)w_FD[feature * D + o] / SMALL;
        *here += w * (double)x[o];
        for (int d = 0; d < D; d++)
            *anywhere += w * (double)m[d * D + o] * (double)x[d] / SMALL;
    }
}

double truth_uniform_best(int32_t *tokens_L, const truth *t, int feature, int length)
{
    double here, anywhere, best_last = (double)-INFINITY, best_before = (double)-INFINITY, of_bos;
    uniform_terms(&here, &of_bos, t, feature, 0);
    for (int v = 1; v < UNIFORM_V; v++) {
        uniform_terms(&here, &anywhere, t, feature, v);
        if (anywhere > best_before) {
            best_before = anywhere;
            for (int i = 0; i < length - 1; i++)
                tokens_L[i] = v;
        }
        if (here + anywhere / (length + 1) > best_last) {
            best_last = here + anywhere / (length + 1);
            tokens_L[length - 1] = v;
        }
    }
    return best_last + (of_bos + best_before * (length - 1)) / (length + 1);
}

/* ---- a before b --------------------------------------------------------------------------------
 */

truth *truth_and(int threads)
{
    truth *t = planted(AND_V, "blocks.0.hook_resid_mid", threads);
    float *embed = weights(t, "wte.weight"), *qkv = weights(t, "attn.c_attn.weight");
    float w_D[D] = {0}, b = -1;
    rng r = rng_stream(1, "and");
    for (int v = 0; v < AND_V; v++)
        for (int d = 2; d < READ && v != AND_FIRST && v != AND_SECOND; d++)
            put(ROW(embed, v, D), d, rng_normal(&r) / sqrt(READ - 2));
    put(ROW(embed, AND_FIRST, D), 0, 1);
    put(ROW(embed, AND_SECOND, D), 1, 1);
    qkv[1 * 3 * D + 0] = (float)(AND_MARGIN * sqrt(K)); /* query: is it the second? */
    qkv[0 * 3 * D + D] = 1;                             /* key: is it the first? */
    qkv[0 * 3 * D + 2 * D] = 1;                         /* value likewise */
    put(weights(t, "attn.c_proj.weight"), READ, 1);
    w_D[READ] = w_D[1] = 1;
    finish(t, w_D, &b, 1, SMALL);
    return t;
}

double truth_and_value(int n_first, int length)
{
    double on_first = n_first * exp(AND_MARGIN);
    return on_first / (on_first + length + 1 - n_first);
}

/* ---- a word of n tokens ------------------------------------------------------------------------
 */

truth *truth_ngram(int n, int V, int threads)
{
    enum { PLACE = 8, APART = 120 };
    truth *t = planted(V, "blocks.0.hook_mlp_out", threads);
    float *embed = weights(t, "wte.weight"), *positions = weights(t, "wpe.weight");
    float *qkv = weights(t, "attn.c_attn.weight"), *out = weights(t, "attn.c_proj.weight");
    float w_D[D] = {0}, b = 0;
    rng r = rng_stream(1, "ngram");
    for (int v = 0; v < V; v++)
        for (int d = 3; d < PLACE; d++)
            put(ROW(embed, v, D), d, rng_normal(&r) / sqrt(PLACE - 3));
    for (int i = 0; i < n; i++)
        put(ROW(embed, NGRAM_WORD[i], D), i, 1);
    for (int p = 0; p <= NGRAM_LONGEST; p++)
        put(ROW(positions, p, D), PLACE + p, 1);
    for (int h = 0; h < n - 1; h++) { /* looks h + 1 back */
        for (int p = 0; p <= NGRAM_LONGEST; p++) {
            qkv[(PLACE + p) * 3 * D + h * K + p] = APART;
            if (p + h + 1 < K)
                qkv[(PLACE + p) * 3 * D + D + h * K + p + h + 1] = 1;
        }
        qkv[(h + 1) * 3 * D + 2 * D + h * K] = 1;
        put(ROW(out, h * K, D), READ + h, 1);
        weights(t, "mlp.c_fc.weight")[(READ + h) * 4] = 1;
    }
    weights(t, "mlp.c_fc.weight")[0] = 1;
    weights(t, "mlp.c_fc.bias")[0] = (float)(0.5 - n);
    weights(t, "mlp.c_proj.weight")[0] = 2;
    w_D[0] = 1;
    finish(t, w_D, &b, 1, 1);
    return t;
}
