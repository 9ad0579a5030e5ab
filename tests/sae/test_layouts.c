/* Layouts other than SAELens's: their configs and what is refused in them, what is read off names
 * of folders, how a folder's layout is recognised, and what hints change. */
#include "common.h"
#include "test.h"

#include "base/io.h"
#include "base/memory.h"
#include "data/safetensors.h"
#include "sae/layouts.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- configs ------------------------------------------------------------------------------------
 */

typedef enum { SPARSIFY, LLAMA_SCOPE, LLAMA_SCOPE_R1, DICTIONARY, GEMMA_SCOPE_2 } kind;

static err_code parse(sae_config *c, kind which, const char *text, size_t n, err *e)
{
    llama_scope_config llama;
    dictionary_config dictionary;
    err_code rc = OK;
    *c = (sae_config){0};
    switch (which) {
    case SPARSIFY:
        return sparsify_config_parse(c, text, n, "cfg.json", e);
    case LLAMA_SCOPE:
        rc = llama_scope_config_parse(&llama, text, n, "hyperparams.json", e);
        *c = rc ? *c : llama.c;
        return rc;
    case LLAMA_SCOPE_R1:
        return llama_scope_r1_config_parse(c, text, n, "config.json", e);
    case DICTIONARY:
        rc = dictionary_config_parse(&dictionary, text, n, "config.json", e);
        *c = rc ? *c : dictionary.c;
        return rc;
    case GEMMA_SCOPE_2:
        return gemma_scope_2_config_parse(c, text, n, "config.json", e);
    }
    return rc;
}

#define LLAMA(more)                                                                                \
    "{'d_model':4,'d_sae':6,'hook_point_in':'blocks.1.hook_resid_post','jump_relu_threshold':0.5," \
    "'dataset_average_activation_norm':{'in':2,'out':3}" more "}"
#define R1(more)                                                                                   \
    "{'d_model':4,'expansion_factor':2,'hook_point_in':'blocks.1.hook_resid_post'" more "}"
#define TRAINER(class, more)                                                                       \
    "{'trainer':{'dict_class':'" class "','activation_dim':4,'dict_size':6,'layer':2" more         \
                                       "},'buffer':{'ctx_len':128}}"
#define GEMMA(in, more) "{'architecture':'jump_relu','hf_hook_point_in':'" in "'" more "}"

static const struct {
    kind which;
    const char *text;
    err_code code;
    const char *says; /* OK: the hook and the output hook, "" when left open */
} configs[] = {
    {SPARSIFY, "{'d_in':4,'num_latents':6,'k':2}", OK, ""},
    {SPARSIFY, "{'d_in':4,'num_latents':0,'expansion_factor':3,'k':2,'multi_topk':true}", OK, ""},
    {SPARSIFY, "{'d_in':4,'num_latents':6,'k':2,'transcode':true,'skip_connection':true}", OK, ""},
    {SPARSIFY, "{'num_latents':6,'k':2}", E_FORMAT, "\"d_in\""},
    {SPARSIFY, "{'d_in':4,'num_latents':6,'k':7}", E_CONFIG, "k is 7"},
    {SPARSIFY, "{'d_in':4,'num_latents':6,'k':2,'activation':'groupmax'}", E_CONFIG, "groupmax"},
    {SPARSIFY, "{'d_in':4,'num_latents':6,'k':2,'activation':'relu'}", E_CONFIG, "\"relu\""},
    {SPARSIFY, "{'d_in':4,'num_latents':6,'k':2,'signed':true}", E_CONFIG, "\"signed\""},
    {SPARSIFY, "{'d_in':4,'num_latents':6,'k':2,'skip_connection':true}", E_CONFIG,
     "\"skip_connection\""},
    {SPARSIFY, "{'d_in':1048576,'expansion_factor':64}", E_CONFIG, "\"expansion_factor\""},

    {LLAMA_SCOPE, LLAMA(",'act_fn':'jumprelu','top_k':50"), OK, "blocks.1.hook_resid_post"},
    {LLAMA_SCOPE, LLAMA(",'hook_point_out':'blocks.1.hook_resid_post'"), OK,
     "blocks.1.hook_resid_post"},
    {LLAMA_SCOPE, LLAMA(",'hook_point_out':'blocks.1.hook_mlp_out'"), OK,
     "blocks.1.hook_resid_post > blocks.1.hook_mlp_out"},
    {LLAMA_SCOPE, LLAMA(",'act_fn':'topk'"), E_CONFIG, "\"topk\"; supported: jumprelu"},
    {LLAMA_SCOPE, LLAMA(",'norm_activation':'token-wise'"), E_CONFIG, "\"token-wise\""},
    {LLAMA_SCOPE, LLAMA(",'use_glu_encoder':true"), E_CONFIG, "\"use_glu_encoder\" is true"},
    {LLAMA_SCOPE, LLAMA(",'apply_decoder_bias_to_pre_encoder':true"), E_CONFIG,
     "\"apply_decoder_bias_to_pre_encoder\""},
    {LLAMA_SCOPE, LLAMA(",'use_decoder_bias':false"), E_CONFIG, "\"use_decoder_bias\" is false"},
    {LLAMA_SCOPE, "{'d_model':4,'d_sae':6,'jump_relu_threshold':1}", E_FORMAT,
     "\"dataset_average_activation_norm\""},
    {LLAMA_SCOPE,
     "{'d_model':4,'d_sae':6,'jump_relu_threshold':1,'dataset_average_activation_norm':{'in':0}}",
     E_CONFIG, "\"in\" is 0"},
    {LLAMA_SCOPE_R1, R1(""), OK, "blocks.1.hook_resid_post"},
    {LLAMA_SCOPE_R1, R1(",'act_fn':'relu'"), E_CONFIG, "\"relu\""},
    {LLAMA_SCOPE_R1, "{'d_model':4}", E_FORMAT, "\"expansion_factor\""},

    {DICTIONARY, TRAINER("AutoEncoder", ""), OK, "blocks.2.hook_resid_post"},
    {DICTIONARY, TRAINER("AutoEncoderTopK", ",'k':2"), OK, "blocks.2.hook_resid_post"},
    {DICTIONARY, TRAINER("GatedAutoEncoder", ",'submodule_name':'mlp_out_layer_2'"), OK,
     "blocks.2.hook_mlp_out"},
    {DICTIONARY, TRAINER("BatchTopKSAE", ",'submodule_name':'attn_out_layer_2'"), OK,
     "blocks.2.hook_attn_out"},
    {DICTIONARY, TRAINER("BatchTopKSAE", ",'submodule_name':'router'"), OK, ""},
    {DICTIONARY,
     "{'trainer':{'dict_class':'AutoEncoder','activation_dim':4,'dict_size':6,'layer':2},"
     "'buffer':{'io':'in'}}",
     OK, "blocks.2.hook_resid_pre"},
    {DICTIONARY,
     "{'trainer':{'dict_class':'AutoEncoder','activation_dim':4,'dict_size':6,'layer':2},"
     "'buffer':{'io':'in_and_out'}}",
     E_CONFIG, "\"in_and_out\""},
    {DICTIONARY, TRAINER("IdentityDict", ""), E_CONFIG, "\"IdentityDict\"; supported: AutoEncoder"},
    {DICTIONARY, TRAINER("AutoEncoderTopK", ""), E_FORMAT, "\"k\""},
    {DICTIONARY, "{'buffer':{}}", E_FORMAT, "\"trainer\""},

    {GEMMA_SCOPE_2, GEMMA("model.layers.7.output", ""), OK, "blocks.7.hook_resid_post"},
    {GEMMA_SCOPE_2, GEMMA("model.layers.7.self_attn.o_proj.input", ""), OK, "blocks.7.attn.hook_z"},
    {GEMMA_SCOPE_2,
     GEMMA("model.layers.7.pre_feedforward_layernorm.output",
           ",'hf_hook_point_out':'model.layers.7.post_feedforward_layernorm.output'"),
     OK, "blocks.7.mlp.hook_in > blocks.7.hook_mlp_out"},
    {GEMMA_SCOPE_2, GEMMA("model.embed_tokens.output", ""), E_CONFIG, "\"hf_hook_point_in\""},
    {GEMMA_SCOPE_2, "{'architecture':'topk'}", E_CONFIG, "\"topk\"; supported: jump_relu"},
};

static void test_configs(void **state)
{
    (void)state;
    char buf[JSON_TEXT], hooks[160];
    for (size_t i = 0; i < COUNT_OF(configs); i++) {
        sae_config c;
        err e = {0};
        const char *text = json_text(buf, configs[i].text);
        err_code rc = parse(&c, configs[i].which, text, strlen(text), &e);
        check_refused(i, rc, &e, configs[i].code, configs[i].says);
        if (rc)
            continue;
        snprintf(hooks, sizeof hooks, "%s%s%s", c.hook, c.transcoder && c.hook[0] ? " > " : "",
                 c.hook_out);
        assert_string_equal(hooks, configs[i].says);
        for (size_t cut = 0; cut < strlen(text); cut++) {
            char *copy = mem_small(cut + 1, 1);
            memcpy(copy, text, cut);
            assert_int_not_equal(parse(&c, configs[i].which, copy, cut, &e), OK);
            mem_free(copy);
        }
    }
}

/* ---- names of folders
 * ---------------------------------------------------------------------------- */

static void test_gemma_places(void **state)
{
    (void)state;
    static const struct {
        const char *place, *hook, *model;
    } places[] = {
        {"google/gemma-scope-2b-pt-res/layer_20/width_16k/average_l0_71",
         "blocks.20.hook_resid_post", "gemma-2-2b"},
        {"/c/models--google--gemma-scope-9b-it-res/snapshots/0f/layer_9/width_16k/average_l0_8/",
         "blocks.9.hook_resid_post", "gemma-2-9b-it"},
        {"google/gemma-scope-27b-pt-mlp/layer_3/width_131k/average_l0_30", "blocks.3.hook_mlp_out",
         "gemma-2-27b"},
        {"google/gemma-scope-2b-pt-att/layer_0/width_16k/average_l0_30", "blocks.0.attn.hook_z",
         "gemma-2-2b"},
        {"google/gemma-scope-2b-pt-transcoders/layer_5/width_16k/average_l0_30",
         "blocks.5.ln2.hook_normalized", "gemma-2-2b"},
        {"google/gemma-scope-2b-pt-res/embedding/width_4k/average_l0_6", "hook_embed",
         "gemma-2-2b"},
        {"google/gemma-scope-2b-pt-res", "", "gemma-2-2b"},
        {"google/gemma-scope-2b-pt-res/layer_99999999999", "", "gemma-2-2b"},
        {"layer_5/average_l0_3", "", ""},
        {"", "", ""},
    };
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        sae_config c = {0};
        bool embedding = false;
        gemma_scope_place(&c, &embedding, places[i].place);
        assert_string_equal(c.hook, places[i].hook);
        assert_string_equal(c.model, places[i].model);
        assert_int_equal(embedding, !strcmp(places[i].hook, "hook_embed"));
        assert_int_equal(c.transcoder, strstr(places[i].hook, "ln2") != NULL);
    }
}

static void test_sparsify_places(void **state)
{
    (void)state;
    static const struct {
        const char *place;
        bool transcoder;
        const char *hook; /* NULL: refused */
    } places[] = {
        {"EleutherAI/sae-pythia-70m-32k/layers.5", false, "blocks.5.hook_resid_post"},
        {"layers.5/", false, "blocks.5.hook_resid_post"},
        {"x/layers_12", false, "blocks.12.hook_resid_post"},
        {"x/h.3", false, "blocks.3.hook_resid_post"},
        {"x/layers.5.mlp", false, "blocks.5.hook_mlp_out"},
        {"x/layers.5.attention", false, "blocks.5.hook_attn_out"},
        {"x/embed_tokens", false, "hook_embed"},
        {"x/layers.5.mlp", true, "blocks.5.mlp.hook_in"},
        {"x/layers.5", true, NULL}, /* from a block's input to its output: no such hook */
        {"x/layers.5.mlp.act", false, NULL},
        {"x/layers.-5", false, NULL},
        {"layers.5/somewhere", false, NULL},
        {"", false, NULL},
    };
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        sae_config c = {.transcoder = places[i].transcoder};
        err e = {0};
        err_code rc = sparsify_hooks(&c, places[i].place, &e);
        check_refused(i, rc, &e, places[i].hook ? OK : E_CONFIG, "model.hook");
        if (!rc)
            assert_string_equal(c.hook, places[i].hook);
    }
}

/* ---- folders
 * ------------------------------------------------------------------------------------- */

enum { D = 4, F = 6 };

typedef struct folder {
    char dir[64];
    arena paths;
} folder;

static int set_up(void **state)
{
    folder *x = mem_small(1, sizeof *x);
    snprintf(x->dir, sizeof x->dir, "/tmp/test_sae_layouts.XXXXXX");
    assert_non_null(mkdtemp(x->dir));
    *state = x;
    return 0;
}

static int tear_down(void **state)
{
    folder *x = *state;
    err e = {0};
    io_remove_tree(x->dir, &e);
    arena_release(&x->paths);
    mem_free(x);
    return 0;
}

static void put(folder *x, const char *name, const char *text)
{
    char buf[JSON_TEXT];
    err e = {0};
    json_text(buf, text);
    assert_int_equal(io_write(path_join(&x->paths, x->dir, name), buf, strlen(buf), &e), OK);
}

static void put_tensors(folder *x, const char *name, const tensor_entry *entries, int n)
{
    err e = {0};
    if (safetensors_write(path_join(&x->paths, x->dir, name), entries, n, NULL, 0, &e))
        fail_msg("%s", e.text);
}

static err_code load(sae_config *c, folder *x, const sae_hints *hints, err *e)
{
    backend *be = backend_ref();
    files f = files_from_dir(x->dir);
    sae *s;
    err_code rc = sae_load(&s, be, &f, hints, e);
    assert_int_equal(s == NULL, rc != OK);
    if (!rc)
        *c = *sae_describe(s);
    sae_free(s);
    backend_free(be);
    return rc;
}

static void expect_error(folder *x, const sae_hints *hints, err_code code, const char *says)
{
    sae_config c;
    err e = {0};
    check_refused(0, load(&c, x, hints, &e), &e, code, says);
}

static float numbers[F * F];

static void test_recognition(void **state)
{
    folder *x = *state;
    expect_error(x, NULL, E_IO, "Gemma Scope (params.npz)");
    put(x, "cfg.json", "{}");
    expect_error(x, NULL, E_IO, "only cfg.json");
    put(x, "sae_weights.safetensors", "");
    expect_error(x, NULL, E_FORMAT, "\"d_in\""); /* SAELens's, and its config is read */
    put(x, "conf.yaml", "");
    put(x, "latest_ckpt.safetensors", "");
    expect_error(x, &(sae_hints){.layout = SAE_LAYOUT_SPARSIFY}, E_FORMAT, "\"d_in\"");
    expect_error(x, &(sae_hints){.layout = SAE_LAYOUT_GEMMA_SCOPE}, E_IO, "params.npz");
    expect_error(x, &(sae_hints){.layout = SAE_LAYOUT_DICTIONARY_LEARNING}, E_IO, "config.json");
}

static void test_refused_folders(void **state)
{
    folder *x = *state;
    put(x, "conf.yaml", "");
    put(x, "latest_ckpt.safetensors", "");
    expect_error(x, NULL, E_CONFIG, "temporal");
    put(x, "W_enc_0.safetensors", "");
    put(x, "W_dec_0.safetensors", "");
    err e = {0};
    assert_int_equal(io_remove_tree(path_join(&x->paths, x->dir, "conf.yaml"), &e), OK);
    expect_error(x, NULL, E_CONFIG, "several layers");
}

/* A transposed tensor with a bad value, one too many, one too few, one that does not fit. */
static void test_bad_tensors(void **state)
{
    folder *x = *state;
    float bad[D * F] = {0};
    tensor_entry entries[] = {
        {"encoder.weight", DTYPE_F32, 2, {F, D}, numbers},
        {"encoder.bias", DTYPE_F32, 1, {F}, numbers},
        {"W_dec", DTYPE_F32, 2, {F, D}, numbers},
        {"b_dec", DTYPE_F32, 1, {D}, numbers},
        {"extra", DTYPE_F32, 1, {D}, numbers},
    };
    sae_hints hints = {.hook = "blocks.1.hook_resid_post"};
    sae_config c;
    err e = {0};
    put(x, "cfg.json", "{'d_in':4,'num_latents':6,'k':2}");
    put_tensors(x, "sae.safetensors", entries, 4);
    if (load(&c, x, &hints, &e))
        fail_msg("%s", e.text);
    expect_error(x, NULL, E_CONFIG, "model.hook"); /* the folder's name is no hookpoint */
    put_tensors(x, "sae.safetensors", entries, 5);
    expect_error(x, &hints, E_FORMAT, "extra is not part of a topk SAE");
    put_tensors(x, "sae.safetensors", entries, 3);
    expect_error(x, &hints, E_FORMAT, "no tensor b_dec");
    bad[7] = NAN;
    entries[0].values = bad;
    put_tensors(x, "sae.safetensors", entries, 4);
    expect_error(x, &hints, E_NUMERIC, "encoder.weight");
    expect_error(x, &hints, E_NUMERIC, "at index 7 of 24");
    entries[0].values = numbers;
    entries[0].shape[0] = D;
    entries[0].shape[1] = F;
    put_tensors(x, "sae.safetensors", entries, 4);
    expect_error(x, &hints, E_SHAPE, "encoder.weight");
    put(x, "cfg.json", "{'d_in':4,'num_latents':5,'k':2}");
    expect_error(x, &hints, E_SHAPE, "encoder.weight");
}

/* Gemma Scope's sizes are those of its tensors; the hook has to come from somewhere. */
static void test_gemma_folders(void **state)
{
    folder *x = *state;
    tensor_entry entries[] = {
        {"w_enc", DTYPE_F32, 2, {D, F}, numbers},  {"w_dec", DTYPE_F32, 2, {F, 5}, numbers},
        {"b_enc", DTYPE_F32, 1, {F}, numbers},     {"b_dec", DTYPE_F32, 1, {5}, numbers},
        {"threshold", DTYPE_F32, 1, {F}, numbers},
    };
    put_tensors(x, "params.safetensors", entries, 5);
    expect_error(x, NULL, E_CONFIG, "give model.hook");
    expect_error(x, &(sae_hints){.hook = "blocks.3.hook_resid_post"}, E_CONFIG, "d_out is 5");
    sae_hints hints = {.hook = "blocks.3.ln2.hook_normalized",
                       .hook_out = "blocks.3.hook_mlp_out",
                       .model = "m",
                       .context = 64,
                       .prepend_bos = SAE_NO,
                       .center_writing_weights = SAE_YES,
                       .fold_ln = SAE_YES,
                       .fold_value_biases = SAE_NO,
                       .normalize_activations = "layer_norm",
                       .transcoder = SAE_YES};
    sae_config c;
    err e = {0};
    if (load(&c, x, &hints, &e))
        fail_msg("%s", e.text);
    assert_string_equal(c.hook, hints.hook);
    assert_string_equal(c.hook_out, hints.hook_out);
    assert_string_equal(c.model, "m");
    assert_int_equal(c.context, 64);
    assert_true(c.transcoder && c.center_writing_weights && c.fold_ln && !c.fold_value_biases);
    assert_false(c.prepend_bos);
    assert_int_equal(c.normalization, SAE_NORMALIZE_LAYER_NORM);
    assert_int_equal(c.d_in, D);
    assert_int_equal(c.d_sae, F);
    assert_int_equal(c.d_out, 5);
    hints.normalize_activations = "zca";
    expect_error(x, &hints, E_CONFIG, "zca");
    entries[0].rank = 1;
    entries[0].shape[0] = D * F;
    put_tensors(x, "params.safetensors", entries, 5);
    hints.normalize_activations = NULL;
    expect_error(x, &hints, E_SHAPE, "should be a matrix");
}

/* The hash is over all files that count, wherever they lie. */
static void test_hash(void **state)
{
    folder *x = *state;
    files f = files_from_dir(x->dir);
    char hex[4][SHA256_HEX];
    err e = {0};
    const char *checkpoints = path_join(&x->paths, x->dir, "checkpoints");
    put(x, "hyperparams.json", "{}");
    assert_int_equal(sae_hash(hex[0], &f, &e), OK);
    assert_int_equal(io_make_dir(checkpoints, &e), OK);
    assert_int_equal(
        io_write(path_join(&x->paths, checkpoints, "final.safetensors"), "weights", 7, &e), OK);
    assert_int_equal(sae_hash(hex[1], &f, &e), OK);
    put(x, "cfg.json", "{}");
    assert_int_equal(sae_hash(hex[2], &f, &e), OK);
    put(x, "unrelated.txt", "notes");
    assert_int_equal(sae_hash(hex[3], &f, &e), OK);
    assert_string_not_equal(hex[0], hex[1]);
    assert_string_not_equal(hex[1], hex[2]);
    assert_string_equal(hex[2], hex[3]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_configs),
        cmocka_unit_test(test_gemma_places),
        cmocka_unit_test(test_sparsify_places),
        cmocka_unit_test_setup_teardown(test_recognition, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused_folders, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_bad_tensors, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_gemma_folders, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hash, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
