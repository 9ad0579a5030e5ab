/* Making the small world in which features are found and inverted. */
#include "test.h"

#include "base/memory.h"
#include "base/rng.h"
#include "features/common_rig.h"
#include <string.h>

static void add_word(str *vocab, str *merges, const char *left, const char *right, int *id)
{
    str_addf(vocab, ",\"%s%s\":%d", left, right, (*id)++);
    str_addf(merges, "%s\"%s %s\"", merges->len ? "," : "", left, right);
}

static tokenizer *make_tokenizer(int *n_tokens)
{
    static const char *const words[][2] = {{"c", "a"}, {"ca", "t"}, {"\\u0120", "cat"},
                                           {"d", "o"}, {"do", "g"}, {"\\u0120", "dog"}};
    str vocab = {0}, merges = {0}, json = {0};
    int id = 1;
    str_add(&vocab, "\"<|endoftext|>\":0");
    for (char c = '!'; c <= '~'; c++)
        str_addf(&vocab, ",\"%s%c\":%d", c == '"' || c == '\\' ? "\\" : "", c, id++);
    str_addf(&vocab, ",\"\\u0120\":%d", id++);
    for (size_t i = 0; i < COUNT_OF(words); i++)
        add_word(&vocab, &merges, words[i][0], words[i][1], &id);
    str_addf(&json,
             "{\"added_tokens\":[{\"id\":0,\"content\":\"<|endoftext|>\",\"single_word\":false,"
             "\"lstrip\":false,\"rstrip\":false,\"normalized\":false,\"special\":true}],"
             "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,"
             "\"trim_offsets\":true,\"use_regex\":true},\"decoder\":{\"type\":\"ByteLevel\"},"
             "\"model\":{\"type\":\"BPE\",\"vocab\":{%s},\"merges\":[%s]}}",
             vocab.data, merges.data);
    tokenizer *t;
    err e = {0};
    if (tokenizer_parse(&t, json.data, json.len, "tokenizer.json", &e))
        fail_msg("%s", e.text);
    *n_tokens = id;
    str_release(&vocab);
    str_release(&merges);
    str_release(&json);
    return t;
}

static void make_model(rig *r)
{
    model_config c = config_start(FAMILY_GPT_NEOX);
    c.n_layers = 2;
    c.d_model = RIG_D;
    c.n_heads = c.n_kv_heads = 2;
    c.d_head = RIG_D / 2;
    c.d_mlp = 2 * RIG_D;
    c.d_vocab = r->n_tokens + RIG_UNKNOWN;
    c.context = RIG_CONTEXT;
    c.rotary = 2;
    err e = {0};
    if (model_new(&r->model, r->be, &c, 11, &e))
        fail_msg("%s", e.text);
}

static sae_config describe_sae(const rig *r, sae_architecture architecture, int F)
{
    sae_config c = {.architecture = architecture,
                    .d_in = r->hook.width,
                    .d_sae = F,
                    .apply_b_dec_to_input = architecture == SAE_JUMPRELU,
                    .prepend_bos = true};
    memcpy(c.hook, r->hook.name, sizeof c.hook);
    return c;
}

static void make_sae(rig *r)
{
    size_t cells = (size_t)RIG_F * (size_t)r->hook.width;
    float *w_enc = mem_small(cells, sizeof *w_enc), *w_dec = mem_small(cells, sizeof *w_dec);
    float *b_dec = mem_small((size_t)r->hook.width, sizeof *b_dec);
    float b_enc[RIG_F], threshold[RIG_F];
    rng s = rng_stream(5, "rig");
    for (size_t i = 0; i < cells; i++) {
        w_enc[i] = (float)rng_normal(&s);
        w_dec[i] = (float)rng_normal(&s);
    }
    for (int d = 0; d < r->hook.width; d++)
        b_dec[d] = (float)(0.1 * rng_normal(&s));
    for (int f = 0; f < RIG_F; f++) {
        b_enc[f] = f % 6 == 5 ? -1000 : (float)(0.2 * rng_normal(&s));
        threshold[f] = 0.1f;
    }
    sae_config c = describe_sae(r, SAE_JUMPRELU, RIG_F);
    sae_weights w = {w_enc, b_enc, w_dec, b_dec, threshold, NULL};
    err e = {0};
    if (sae_new(&r->sae, r->be, &c, &w, &e))
        fail_msg("%s", e.text);
    mem_free(w_enc);
    mem_free(w_dec);
    mem_free(b_dec);
}

rig rig_open(const char *backend_name, int threads, const char *hook_name)
{
    rig r = {.workers = pool_new(threads)};
    err e = {0};
    if (backend_open(&r.be, backend_name, r.workers, &e))
        fail_msg("%s", e.text);
    r.tokenizer = make_tokenizer(&r.n_tokens);
    make_model(&r);
    if (hook_parse(&r.hook, model_describe(r.model), hook_name, &e))
        fail_msg("%s", e.text);
    make_sae(&r);
    return r;
}

void rig_close(rig *r)
{
    sae_free(r->sae);
    model_free(r->model);
    tokenizer_free(r->tokenizer);
    backend_free(r->be);
    pool_free(r->workers);
}

void rig_set_directions(rig *r, const float *w_FD, const float *b_F, int F)
{
    int D = r->hook.width;
    float *w_enc = mem_small((size_t)F * (size_t)D, sizeof *w_enc);
    float *zeros = mem_small((size_t)D, sizeof *zeros);
    for (int f = 0; f < F; f++)
        for (int d = 0; d < D; d++)
            w_enc[d * F + f] = w_FD[f * D + d];
    sae_config c = describe_sae(r, SAE_STANDARD, F);
    sae_weights w = {w_enc, b_F, w_FD, zeros, NULL, NULL};
    err e = {0};
    sae_free(r->sae);
    if (sae_new(&r->sae, r->be, &c, &w, &e))
        fail_msg("%s", e.text);
    mem_free(w_enc);
    mem_free(zeros);
}

void rig_run(float *h_TW, const rig *r, const int32_t *tokens_T, const float *x_TD, int T)
{
    forward *f;
    err e = {0};
    assert_int_equal(forward_new(&f, r->model, 1, T, &r->hook, FORWARD_ONLY, &e), OK);
    err_code rc = x_TD ? forward_mixed(f, tokens_T, x_TD, 1, T, &r->hook, &e)
                       : forward_tokens(f, tokens_T, 1, T, &r->hook, &e);
    if (rc)
        fail_msg("%s", e.text);
    memcpy(h_TW, forward_hook(f), (size_t)T * (size_t)r->hook.width * sizeof *h_TW);
    forward_free(f);
}
