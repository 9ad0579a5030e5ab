/* config.json of every family: what it turns into, and every setting that must be refused. */
#include "base/memory.h"
#include "base/rng.h"
#include "base/str.h"
#include "model/config.h"
#include "test.h"
#include <math.h>
#include <string.h>

/* The sizes a family must be given. */
static const char *const BASE[FAMILIES] = {
    [FAMILY_GPT2] = "\"model_type\": \"gpt2\", \"n_embd\": 24, \"n_layer\": 3, \"n_head\": 3, "
                    "\"vocab_size\": 37",
    [FAMILY_GPT_NEOX] =
        "\"model_type\": \"gpt_neox\", \"hidden_size\": 24, \"num_hidden_layers\": 3, "
        "\"num_attention_heads\": 3, \"intermediate_size\": 40, \"vocab_size\": 37",
    [FAMILY_GPT_NEO] = "\"model_type\": \"gpt_neo\", \"hidden_size\": 24, \"num_layers\": 3, "
                       "\"num_heads\": 3, \"vocab_size\": 37",
#define LLAMA_LIKE(type)                                                                           \
    "\"model_type\": \"" type "\", \"hidden_size\": 24, \"num_hidden_layers\": 3, "                \
    "\"num_attention_heads\": 4, \"num_key_value_heads\": 2, \"intermediate_size\": 40, "          \
    "\"vocab_size\": 37"
    [FAMILY_LLAMA] = LLAMA_LIKE("llama"),
    [FAMILY_MISTRAL] = LLAMA_LIKE("mistral"),
    [FAMILY_GEMMA] = LLAMA_LIKE("gemma"),
    [FAMILY_GEMMA2] = LLAMA_LIKE("gemma2"),
    [FAMILY_QWEN2] = LLAMA_LIKE("qwen2"),
    [FAMILY_QWEN3] = LLAMA_LIKE("qwen3"),
};

static err_code parse(model_config *c, model_family family, const char *more, err *e)
{
    str text = {0};
    *e = (err){0};
    str_addf(&text, "{%s%s%s}", BASE[family], *more ? ", " : "", more);
    err_code rc = config_parse(c, str_text(&text), text.len, "config.json", e);
    str_release(&text);
    return rc;
}

/* Settings that change nothing here, and those that must not be ignored. */
static const struct {
    model_family family;
    const char *more;
    err_code code;
    const char *mentions;
} ROWS[] = {
    {FAMILY_GPT2, "", OK, ""},
    {FAMILY_GPT_NEOX, "", OK, ""},
    {FAMILY_GPT_NEO, "", OK, ""},
    {FAMILY_LLAMA, "", OK, ""},
    {FAMILY_MISTRAL, "", OK, ""},
    {FAMILY_GEMMA, "", OK, ""},
    {FAMILY_GEMMA2, "", OK, ""},
    {FAMILY_QWEN2, "\"num_key_value_heads\": null", E_FORMAT, "num_key_value_heads"}, /* twice */
    {FAMILY_QWEN2, "", OK, ""},
    {FAMILY_QWEN3, "", OK, ""},
    /* without influence */
    {FAMILY_GPT2, "\"n_ctx\": 9, \"attn_pdrop\": 0.1, \"summary_type\": \"mean\"", OK, ""},
    {FAMILY_GPT2, "\"reorder_and_upcast_attn\": true, \"pruned_heads\": {}", OK, ""},
    {FAMILY_GPT_NEOX, "\"torch_dtype\": \"float16\", \"unknown\": null", OK, ""},
    {FAMILY_LLAMA, "\"pretraining_tp\": 2, \"dtype\": \"bfloat16\"", OK, ""},
    {FAMILY_LLAMA, "\"eos_token_id\": [3, 4], \"bos_token_id\": 0", OK, ""},
    {FAMILY_GEMMA2, "\"cache_implementation\": \"hybrid\", \"hidden_act\": \"gelu\"", OK, ""},
    {FAMILY_GEMMA2, "\"sliding_window\": 4096, \"sliding_window_size\": 4096", OK, ""},
    {FAMILY_QWEN2, "\"sliding_window\": 8, \"use_sliding_window\": false", OK, ""},
    /* what published files say beside the sizes: gpt2-medium and distilgpt2, TinyStories, Pythia,
     * Gemma, Qwen 2.5 */
    {FAMILY_GPT2,
     "\"n_special\": 0, \"predict_special_tokens\": true, \"_num_labels\": 1, "
     "\"task_specific_params\": {\"text-generation\": {\"do_sample\": true}}",
     OK, ""},
    {FAMILY_GPT_NEO,
     "\"attention_dropout\": 0, \"embed_dropout\": 0, \"gradient_checkpointing\": false, "
     "\"intermediate_size\": null, \"resid_dropout\": 0, \"summary_use_proj\": true",
     OK, ""},
    {FAMILY_GPT_NEOX,
     "\"classifier_dropout\": 0.1, \"hidden_dropout\": 0.0, \"use_cache\": true, "
     "\"rope_scaling\": null, \"rotary_pct\": 0.25",
     OK, ""},
    {FAMILY_GEMMA,
     "\"hidden_act\": \"gelu\", \"hidden_activation\": \"gelu_pytorch_tanh\", "
     "\"rope_scaling\": null, \"pad_token_id\": 0",
     OK, ""},
    {FAMILY_QWEN2,
     "\"max_window_layers\": 24, \"sliding_window\": 32768, \"use_mrope\": false, "
     "\"use_sliding_window\": false, \"rope_theta\": 1000000.0",
     OK, ""},
    /* settings of another family, or of none */
    {FAMILY_GPT2, "\"rope_theta\": 10000", E_CONFIG, "rope_theta"},
    {FAMILY_GPT2, "\"add_cross_attention\": true", E_CONFIG, "add_cross_attention"},
    {FAMILY_GPT2, "\"is_encoder_decoder\": true", E_CONFIG, "is_encoder_decoder"},
    {FAMILY_GPT2, "\"pruned_heads\": {\"0\": [1]}", E_CONFIG, "pruned_heads"},
    {FAMILY_GPT_NEOX, "\"sliding_window\": 128", E_CONFIG, "sliding_window"},
    {FAMILY_GPT_NEOX, "\"unknown\": false", E_CONFIG, "unknown"},
    {FAMILY_LLAMA, "\"sliding_window\": 128", E_CONFIG, "sliding_window"},
    {FAMILY_LLAMA, "\"quantization_config\": {\"bits\": 4}", E_CONFIG, "quantization_config"},
    {FAMILY_LLAMA, "\"num_local_experts\": 8", E_CONFIG, "num_local_experts"},
    {FAMILY_MISTRAL, "\"layer_types\": [\"full_attention\"]", E_CONFIG, "layer_types"},
    {FAMILY_GEMMA, "\"use_bidirectional_attention\": true", E_CONFIG, "bidirectional"},
    {FAMILY_GEMMA2, "\"use_bidirectional_attention\": true", E_CONFIG, "bidirectional"},
    {FAMILY_QWEN2, "\"attention_bias\": true", E_CONFIG, "attention_bias"},
    {FAMILY_QWEN2, "\"use_mrope\": true", E_CONFIG, "use_mrope"},
    /* activations */
    {FAMILY_GPT2, "\"activation_function\": \"quick_gelu\"", E_CONFIG, "quick_gelu"},
    {FAMILY_GPT2, "\"activation_function\": \"\"", E_CONFIG, "activation_function"},
    {FAMILY_GPT2, "\"activation_function\": \"gelu_fast\"", OK, ""},
    {FAMILY_LLAMA, "\"hidden_act\": \"mish\"", E_CONFIG, "mish"},
    {FAMILY_LLAMA, "\"hidden_act\": 3", E_FORMAT, "hidden_act"},
    {FAMILY_GEMMA, "\"hidden_act\": \"silu\", \"hidden_activation\": \"gelu_pytorch_tanh\"",
     E_CONFIG, "disagree"},
    {FAMILY_GEMMA, "\"hidden_act\": \"tanh\"", E_CONFIG, "tanh"},
    {FAMILY_GEMMA2, "\"hidden_activation\": \"relu6\"", E_CONFIG, "relu6"},
    /* rotation */
    {FAMILY_GPT_NEOX, "\"rotary_pct\": 1.5", E_CONFIG, "1.5"},
    {FAMILY_GPT_NEOX, "\"rotary_pct\": 0.4", E_CONFIG, "3 of 8"}, /* an odd number cannot pair up */
    {FAMILY_GPT_NEOX, "\"rotary_emb_base\": 0", E_CONFIG, "rope base"},
    {FAMILY_GPT_NEOX, "\"rope_scaling\": {\"type\": \"dynamic\", \"factor\": 2}", E_CONFIG,
     "dynamic"},
    {FAMILY_LLAMA, "\"rope_scaling\": {\"type\": \"linear\", \"factor\": 2}", OK, ""},
    {FAMILY_LLAMA, "\"rope_scaling\": {\"type\": \"linear\"}", E_CONFIG, "factor"},
    {FAMILY_LLAMA, "\"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": 0}", E_CONFIG,
     "factor"},
    {FAMILY_LLAMA, "\"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 4}", E_CONFIG, "yarn"},
    {FAMILY_LLAMA, "\"rope_parameters\": {\"rope_type\": \"longrope\"}", E_CONFIG, "longrope"},
    {FAMILY_LLAMA, "\"rope_scaling\": {\"rope_type\": 3}", E_FORMAT, "rope_type"},
    {FAMILY_LLAMA, "\"rope_scaling\": [1]", E_FORMAT, "rope_scaling"},
    {FAMILY_LLAMA, "\"rope_scaling\": {\"type\": \"default\", \"beta_fast\": 32}", E_CONFIG,
     "beta_fast"},
    {FAMILY_LLAMA, "\"rope_scaling\": {\"type\": \"default\"}, \"rope_parameters\": {}", E_CONFIG,
     "twice"},
    {FAMILY_LLAMA, "\"rope_parameters\": {\"full_attention\": {\"rope_theta\": 5}}", E_CONFIG,
     "full_attention"},
    {FAMILY_LLAMA, "\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8}", E_CONFIG,
     "low_freq_factor"},
    {FAMILY_LLAMA,
     "\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 4, "
     "\"high_freq_factor\": 4}",
     E_CONFIG, "larger"}, /* would be divided by 0 */
    {FAMILY_LLAMA, "\"rope_theta\": -3", E_CONFIG, "rope base"},
    {FAMILY_LLAMA, "\"head_dim\": 7", E_CONFIG, "7 of 7"},
    /* windows */
    {FAMILY_MISTRAL, "\"sliding_window\": 0", E_CONFIG, "sliding_window"},
    {FAMILY_MISTRAL, "\"sliding_window\": null", OK, ""},
    {FAMILY_GEMMA2, "\"layer_types\": [\"full_attention\"]", E_CONFIG, "3 layers"},
    {FAMILY_GEMMA2,
     "\"layer_types\": [\"full_attention\", \"chunked_attention\", \"full_attention\"]", E_CONFIG,
     "chunked_attention"},
    {FAMILY_QWEN3,
     "\"layer_types\": [\"full_attention\", \"sliding_attention\", \"full_attention\"]", E_CONFIG,
     "sliding_window"}, /* use_sliding_window is false */
    {FAMILY_QWEN3, "\"layer_types\": {}", E_CONFIG, "layer_types"},
    {FAMILY_GPT_NEO, "\"attention_types\": [[[\"global\", \"local\"], 1]]", E_CONFIG, "3 layers"},
    {FAMILY_GPT_NEO, "\"attention_types\": [[[\"global\"], 1e300]]", E_CONFIG, "3 layers"},
    {FAMILY_GPT_NEO, "\"attention_types\": [[[], 1e300]]", E_CONFIG, "attention_types"},
    {FAMILY_GPT_NEO, "\"attention_types\": [[[\"global\", \"sparse\", \"local\"], 1]]", E_CONFIG,
     "layer 1"},
    {FAMILY_GPT_NEO, "\"attention_types\": [3]", E_CONFIG, "attention_types"},
    {FAMILY_GPT_NEO, "\"attention_types\": 3", E_CONFIG, "attention_types"},
    {FAMILY_GPT_NEO, "\"attention_layers\": [\"global\"]", E_CONFIG, "attention_layers"},
    {FAMILY_GPT_NEO,
     "\"attention_types\": [[[\"global\"], 3]], "
     "\"attention_layers\": [\"global\", \"local\", \"global\"]",
     E_CONFIG, "layer 1"},
    {FAMILY_GPT_NEO, "\"window_size\": -1", E_CONFIG, "window_size"},
    /* numbers */
    {FAMILY_GEMMA2, "\"query_pre_attn_scalar\": 0", E_CONFIG, "query_pre_attn_scalar"},
    {FAMILY_GEMMA2, "\"query_pre_attn_scalar\": 1e300", E_CONFIG, "query_pre_attn_scalar"},
    {FAMILY_GEMMA2, "\"attn_logit_softcapping\": 0", E_CONFIG, "attn_logit_softcapping"},
    {FAMILY_GEMMA2, "\"final_logit_softcapping\": -30", E_CONFIG, "final_logit_softcapping"},
    {FAMILY_GPT2, "\"layer_norm_epsilon\": -1", E_CONFIG, "eps"},
    {FAMILY_GPT2, "\"layer_norm_epsilon\": 1e999", E_FORMAT, "layer_norm_epsilon"},
    {FAMILY_GPT2, "\"bos_token_id\": 37", E_CONFIG, "vocabulary"},
    {FAMILY_GPT2, "\"eos_token_id\": 1e300", E_FORMAT, "eos_token_id"},
    {FAMILY_GPT2, "\"eos_token_id\": [\"x\"]", E_FORMAT, "eos_token_id"},
    {FAMILY_GPT2, "\"n_positions\": 0", E_CONFIG, "n_positions"},
    {FAMILY_GPT2, "\"n_positions\": \"2048\"", E_FORMAT, "n_positions"},
    {FAMILY_GPT2, "\"n_inner\": -4", E_CONFIG, "n_inner"},
    {FAMILY_GPT_NEOX, "\"attention_bias\": 1", E_FORMAT, "attention_bias"},
    {FAMILY_GPT_NEOX, "\"tie_word_embeddings\": \"no\"", E_FORMAT, "tie_word_embeddings"},
    {FAMILY_LLAMA, "\"head_dim\": 1.5", E_FORMAT, "head_dim"},
    {FAMILY_LLAMA, "\"head_dim\": 1048576", E_CONFIG, "head width"},
};

static void test_settings(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ROWS); i++) {
        err e;
        model_config c;
        err_code rc = parse(&c, ROWS[i].family, ROWS[i].more, &e);
        if (rc != ROWS[i].code || !strstr(e.text, ROWS[i].mentions))
            fail_msg("%s: code %d, \"%s\"", ROWS[i].more, rc, e.text);
    }
}

/* Whole files: sizes that are missing or cannot be. */
static const struct {
    const char *text;
    err_code code;
    const char *mentions;
} WHOLE[] = {
    {"[1]", E_FORMAT, "object"},
    {"{", E_FORMAT, "config.json"},
    {"", E_FORMAT, "config.json"},
    {"{\"hidden_size\": 3}", E_FORMAT, "model_type"},
    {"{\"model_type\": null}", E_FORMAT, "model_type"},
    {"{\"model_type\": \"mamba\"}", E_CONFIG, "gpt_neox, gpt_neo, llama"},
    {"{\"model_type\": \"gpt_neox\", \"hidden_size\": 24}", E_FORMAT, "num_hidden_layers"},
    {"{\"model_type\": \"llama\", \"hidden_size\": 24, \"num_hidden_layers\": 1, "
     "\"num_attention_heads\": 3, \"vocab_size\": 5}",
     E_FORMAT, "intermediate_size"},
#define SIZES(width, layers, heads)                                                                \
    "{\"model_type\": \"gpt_neox\", \"hidden_size\": " width ", \"num_hidden_layers\": " layers    \
    ", \"num_attention_heads\": " heads ", \"intermediate_size\": 4, \"vocab_size\": 3}"
    {SIZES("2147483647", "2", "1"), E_CONFIG, "hidden_size"},
    {SIZES("4294967300", "2", "1"), E_CONFIG, "hidden_size"}, /* 4 after a cut to 32 bits */
    {SIZES("24", "-2", "3"), E_CONFIG, "num_hidden_layers"},
    {SIZES("24", "513", "3"), E_CONFIG, "num_hidden_layers"},
    {SIZES("24", "2", "0"), E_CONFIG, "num_attention_heads"}, /* would be divided by */
    {SIZES("24", "2", "5"), E_CONFIG, "multiple of 5"},
    {SIZES("1048576", "2", "1048576"), E_CONFIG, "width"},
    {"{\"model_type\": \"qwen2\", \"hidden_size\": 24, \"num_hidden_layers\": 1, "
     "\"num_attention_heads\": 4, \"num_key_value_heads\": 3, \"intermediate_size\": 4, "
     "\"vocab_size\": 5}",
     E_CONFIG, "4 heads cannot share 3"},
};

static void test_whole_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(WHOLE); i++) {
        err e = {0};
        model_config c;
        err_code rc = config_parse(&c, WHOLE[i].text, strlen(WHOLE[i].text), "config.json", &e);
        if (rc != WHOLE[i].code || !strstr(e.text, WHOLE[i].mentions))
            fail_msg("%s: code %d, \"%s\"", WHOLE[i].text, rc, e.text);
    }
}

static model_config parsed(model_family family, const char *more)
{
    model_config c;
    err e;
    if (parse(&c, family, more, &e))
        fail_msg("%s: %s", more, e.text);
    return c;
}

static void test_defaults_of_families(void **state)
{
    (void)state;
    model_config c = parsed(FAMILY_GPT2, "");
    assert_true(c.tied && c.learned_positions && c.qkv_bias && !c.gated && !c.rotary);
    assert_int_equal(c.act, ACTIVATION_GELU_TANH);
    assert_int_equal(c.d_mlp, 96);
    assert_int_equal(c.context, 1024);
    c = parsed(FAMILY_GPT_NEOX, "");
    assert_true(!c.tied && c.parallel && c.qkv_interleaved && c.act == ACTIVATION_GELU);
    assert_int_equal(c.rotary, 2);
    c = parsed(FAMILY_GPT_NEO, "");
    assert_true(c.tied && !c.qkv_bias && c.attention_out_bias && c.attention_scale == 1.0f);
    assert_true(!c.windowed[0] && c.windowed[1] && !c.windowed[2] && c.window == 256);
    c = parsed(FAMILY_LLAMA, "");
    assert_true(!c.tied && c.gated && c.norm == NORM_RMS && !c.qkv_bias && !c.mlp_bias);
    assert_true(c.rotary == 6 && c.d_head == 6 && c.n_kv_heads == 2 && c.act == ACTIVATION_SILU);
    c = parsed(FAMILY_MISTRAL, "");
    assert_true(c.windowed[0] && c.windowed[2] && c.window == 4096 && !c.tied);
    c = parsed(FAMILY_GEMMA, "");
    assert_true(c.tied && c.gain_plus_one && c.d_head == 256 && !c.post_norms);
    assert_true(c.embed_scale == sqrtf(24) && c.act == ACTIVATION_GELU_TANH);
    c = parsed(FAMILY_GEMMA2, "");
    assert_true(c.tied && c.post_norms && c.attention_scale == 1.0f / 16);
    assert_true(c.attention_softcap == 50.0f && c.final_softcap == 30.0f);
    assert_true(c.windowed[0] && !c.windowed[1] && c.windowed[2] && c.window == 4096);
    c = parsed(FAMILY_QWEN2, "");
    assert_true(!c.tied && c.qkv_bias && !c.attention_out_bias && !c.windowed[2]);
    c = parsed(FAMILY_QWEN3, "");
    assert_true(!c.tied && !c.qkv_bias && c.qk_norm && c.d_head == 128);
}

static void test_values(void **state)
{
    (void)state;
    model_config c = parsed(FAMILY_GPT_NEOX, "\"rotary_pct\": 0.25, \"rotary_emb_base\": 500, "
                                             "\"tie_word_embeddings\": true, \"rope_parameters\": "
                                             "{\"rope_theta\": 700, \"rope_type\": \"default\"}");
    assert_true(c.tied && c.rope_theta == 700); /* the newer spelling rules */
    c = parsed(FAMILY_GPT2, "\"scale_attn_weights\": false, "
                            "\"scale_attn_by_inverse_layer_idx\": true, \"n_inner\": 50");
    assert_true(c.attention_scale == 1.0f && c.scale_by_layer && c.d_mlp == 50);
    c = parsed(FAMILY_GPT_NEO, "\"attention_types\": [[[\"local\"], 1], [[\"global\"], 2]], "
                               "\"attention_layers\": [\"local\", \"global\", \"global\"], "
                               "\"window_size\": 5, \"intermediate_size\": null");
    assert_true(c.windowed[0] && !c.windowed[1] && !c.windowed[2] && c.window == 5);
    assert_int_equal(c.d_mlp, 96);
    c = parsed(FAMILY_LLAMA, "\"head_dim\": 10, \"attention_bias\": true, \"mlp_bias\": true, "
                             "\"rope_theta\": 500000, \"eos_token_id\": [3, 4]");
    assert_true(c.d_head == 10 && c.rotary == 10 && c.qkv_bias && c.attention_out_bias);
    assert_true(c.mlp_bias && c.rope_theta == 500000 && c.eos == 3);
    c = parsed(FAMILY_GEMMA, "\"hidden_act\": \"gelu\", \"head_dim\": 8");
    assert_true(c.act == ACTIVATION_GELU_TANH && c.d_head == 8);
    c = parsed(FAMILY_GEMMA2, "\"final_logit_softcapping\": null, \"sliding_window\": null");
    assert_true(c.final_softcap == 0.0f && c.window == 0 && !c.windowed[0]);
    c = parsed(FAMILY_QWEN2, "\"use_sliding_window\": true, \"max_window_layers\": 2, "
                             "\"sliding_window\": 7");
    assert_true(!c.windowed[0] && !c.windowed[1] && c.windowed[2] && c.window == 7);
    c = parsed(FAMILY_QWEN3, "\"use_sliding_window\": true, \"layer_types\": [\"full_attention\", "
                             "\"sliding_attention\", \"full_attention\"]");
    assert_true(!c.windowed[0] && c.windowed[1] && !c.windowed[2]);
}

/* Llama 3.1's numbers: pairs that turn fast are kept, slow ones slowed down by 8, and the published
 * inverse frequency of one between, as transformers computes it. */
static void test_rope_frequencies(void **state)
{
    (void)state;
    model_config c = parsed(FAMILY_LLAMA,
                            "\"head_dim\": 128, \"rope_theta\": 500000, \"rope_scaling\": "
                            "{\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 1, "
                            "\"high_freq_factor\": 4, \"original_max_position_embeddings\": 8192}");
    double plain = pow(500000, -2.0 * 20 / 128);
    assert_true(config_rope_frequency(&c, 0) == 1.0);
    assert_true(fabs(config_rope_frequency(&c, 20) - plain) < 1e-15);
    assert_true(fabs(config_rope_frequency(&c, 63) - pow(500000, -126.0 / 128) / 8) < 1e-18);
    double f = pow(500000, -64.0 / 128), turns = 8192 * f / (2 * M_PI), kept = (turns - 1) / 3;
    assert_true(kept > 0 && kept < 1);
    assert_true(fabs(config_rope_frequency(&c, 32) - f * (kept + (1 - kept) / 8)) < 1e-15);
}

/* Good configs with bytes changed: refused or read, and what is read has passed every check. */
static void test_damaged_bytes(void **state)
{
    (void)state;
    rng r = rng_stream(1, "damaged configs");
    for (int family = 0; family < FAMILIES; family++) {
        for (int i = 0; i < 400; i++) {
            str text = {0};
            err e = {0}, again = {0};
            model_config c;
            str_addf(&text, "{%s, \"rope_scaling\": {\"type\": \"linear\", \"factor\": 2}}",
                     BASE[family]);
            for (uint32_t n = rng_below(&r, 4); n < 4; n++)
                text.data[rng_below(&r, (uint32_t)text.len)] =
                    "0123456789-.e\"{}[],:nulltrue"[rng_below(&r, 28)];
            if (!config_parse(&c, text.data, text.len, "config.json", &e))
                assert_int_equal(config_check(&c, "config.json", &again), OK);
            else
                assert_true(e.text[0]);
            str_release(&text);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_settings),
                                       cmocka_unit_test(test_whole_files),
                                       cmocka_unit_test(test_defaults_of_families),
                                       cmocka_unit_test(test_values),
                                       cmocka_unit_test(test_rope_frequencies),
                                       cmocka_unit_test(test_damaged_bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
