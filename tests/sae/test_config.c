/* SAELens's cfg.json: both generations, what is refused and how that is said, what is kept for the
 * model's side, what is only remarked on. Texts are written with ' for ". */
#include "common.h"
#include "test.h"

#include "base/memory.h"
#include "sae/saelens.h"
#include <stdio.h>
#include <string.h>

#define SIZES "'d_in':4,'d_sae':6"
#define HOOK "'hook_name':'blocks.1.hook_resid_post'"
#define FLAT(more) "{" SIZES "," HOOK more "}"
#define V6(meta, more) "{" SIZES ",'metadata':{'sae_lens_version':'6.18.0'," HOOK meta "}," more "}"

static const struct {
    const char *text;
    sae_config expected;
} good[] = {
    /* version 6 as SAELens writes it, with keys that say nothing about computation */
    {"{'architecture':'jumprelu'," SIZES ",'dtype':'float32','device':'cpu',"
     "'apply_b_dec_to_input':false,'normalize_activations':'none','reshape_activations':"
     "'none','metadata':{'sae_lens_version':'6.18.0','model_name':'m'," HOOK
     ",'hook_head_index':null,'context_size':128,'prepend_bos':false}}",
     {.architecture = SAE_JUMPRELU, .context = 128, .model = "m"}},
    /* a release candidate is version 6; its defaults */
    {"{'architecture':'standard'," SIZES ",'metadata':{'sae_lens_version':'6.0.0-rc.1'," HOOK "}}",
     {.apply_b_dec_to_input = true, .prepend_bos = true}},
    /* the version may stand at the top */
    {"{'sae_lens_version':'6.1.0','architecture':'standard'," SIZES ",'metadata':{" HOOK "}}",
     {.apply_b_dec_to_input = true, .prepend_bos = true}},
    /* flat: the oldest names, everything else by default */
    {"{" SIZES ",'hook_point':'blocks.1.hook_resid_post','hook_point_layer':1,"
     "'hook_point_head_index':null,'activation_fn_str':'relu'}",
     {.apply_b_dec_to_input = true, .prepend_bos = true}},
    /* flat, version 5: normalisation true means a constant that is not in the file */
    {"{'sae_lens_version':'5.3.0','architecture':'jumprelu','activation_fn':'relu'," SIZES "," HOOK
     ",'normalize_activations':true,'prepend_bos':false}",
     {.architecture = SAE_JUMPRELU, .apply_b_dec_to_input = true, .unfolded = true}},
    {FLAT(",'normalize_activations':null,'dtype':'torch.float32'"),
     {.apply_b_dec_to_input = true, .prepend_bos = true}},
    {FLAT(",'normalize_activations':'layer_norm'"),
     {.normalization = SAE_NORMALIZE_LAYER_NORM,
      .apply_b_dec_to_input = true,
      .prepend_bos = true}},
    {V6("", "'architecture':'standard','normalize_activations':'constant_norm_rescale'"),
     {.normalization = SAE_NORMALIZE_NORM, .apply_b_dec_to_input = true, .prepend_bos = true}},
    /* flat top-k is an activation function, in version 6 an architecture */
    {FLAT(",'activation_fn_str':'topk','activation_fn_kwargs':{'k':3}"),
     {.architecture = SAE_TOPK, .k = 3, .apply_b_dec_to_input = true, .prepend_bos = true}},
    {FLAT(",'architecture':'topk','activation_fn':'topk','activation_fn_kwargs':{'k':3}"),
     {.architecture = SAE_TOPK, .k = 3, .apply_b_dec_to_input = true, .prepend_bos = true}},
    {V6("", "'architecture':'topk','k':6,'rescale_acts_by_decoder_norm':true"),
     {.architecture = SAE_TOPK, .k = 6, .apply_b_dec_to_input = true, .prepend_bos = true}},
    {V6("", "'architecture':'gated'"),
     {.architecture = SAE_GATED, .apply_b_dec_to_input = true, .prepend_bos = true}},
    {V6("", "'architecture':'batchtopk','k':2.5"), /* k is an average: not read */
     {.architecture = SAE_BATCHTOPK, .apply_b_dec_to_input = true, .prepend_bos = true}},
    {V6("", "'architecture':'matryoshka_batchtopk','k':2,'matryoshka_widths':[2,6]"),
     {.architecture = SAE_MATRYOSHKA_BATCHTOPK, .apply_b_dec_to_input = true, .prepend_bos = true}},
    {V6(",'hook_name_out':'blocks.1.hook_mlp_out','hook_head_index_out':2",
        "'architecture':'jumprelu_skip_transcoder','d_out':5,'apply_b_dec_to_input':false"),
     {.architecture = SAE_JUMPRELU,
      .transcoder = true,
      .skip = true,
      .d_out = 5,
      .hook_out = "blocks.1.hook_mlp_out",
      .has_head_out = true,
      .head_out = 2,
      .prepend_bos = true}},
    /* what the model's side needs */
    {V6(",'hook_head_index':3,'seqpos_slice':[1,-5],'exclude_special_tokens':true,"
        "'model_from_pretrained_kwargs':{'center_writing_weights':true,'device':'cpu'}",
        "'architecture':'standard'"),
     {.apply_b_dec_to_input = true,
      .prepend_bos = true,
      .has_head = true,
      .head = 3,
      .positions = {.has_start = true, .has_stop = true, .start = 1, .stop = -5},
      .exclude_special = true,
      .center_writing_weights = true}},
    {V6(",'seqpos_slice':[null,null,2],'exclude_special_tokens':[0,50256],"
        "'model_from_pretrained_kwargs':{'fold_ln':true,'fold_value_biases':true,"
        "'center_unembed':true,'refactor_factored_attn_matrices':false}",
        "'architecture':'standard'"),
     {.apply_b_dec_to_input = true,
      .prepend_bos = true,
      .positions = {.step = 2},
      .n_excluded = 2,
      .excluded = {0, 50256},
      .fold_ln = true,
      .fold_value_biases = true}},
    {V6(",'seqpos_slice':[null],'exclude_special_tokens':false,"
        "'model_from_pretrained_kwargs':{}",
        "'architecture':'standard'"),
     {.apply_b_dec_to_input = true, .prepend_bos = true}},
};

static void test_good_configs(void **state)
{
    (void)state;
    char buf[JSON_TEXT];
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        sae_config c, w = good[i].expected;
        err e = {0};
        const char *text = json_text(buf, good[i].text);
        if (sae_config_parse(&c, text, strlen(text), "cfg.json", &e))
            fail_msg("row %zu: %s", i, e.text);
        snprintf(w.hook, sizeof w.hook, "blocks.1.hook_resid_post");
        w.d_in = 4;
        w.d_sae = 6;
        w.d_out = w.d_out ? w.d_out : 4;
        str got = {0}, want = {0};
        sae_config_print(&got, &c);
        sae_config_print(&want, &w);
        assert_string_equal(str_text(&got), str_text(&want));
        str_release(&got);
        str_release(&want);
    }
}

static const struct {
    const char *text;
    err_code code;
    const char *says; /* what the message must name */
} bad[] = {
    {"", E_FORMAT, "not valid JSON"},
    {"[1]", E_FORMAT, "one JSON object"},
    {"{'d_in':4," HOOK "}", E_FORMAT, "\"d_sae\""},
    {"{'d_in':0,'d_sae':6," HOOK "}", E_CONFIG, "\"d_in\" is 0"},
    {"{'d_in':-4,'d_sae':6," HOOK "}", E_CONFIG, "\"d_in\" is -4"},
    {"{'d_in':4.5,'d_sae':6," HOOK "}", E_FORMAT, "whole number"},
    {"{'d_in':4,'d_sae':99999999999," HOOK "}", E_CONFIG, "\"d_sae\""},
    {"{'d_in':'4','d_sae':6," HOOK "}", E_FORMAT, "a string"},
    {"{" SIZES ",'hook_name':7}", E_FORMAT, "\"hook_name\""},
    {FLAT(",'d_in':5"), E_FORMAT, "twice"},
    {"{'sae_lens_version':'6.0.0','architecture':'standard'," SIZES "," HOOK "}", E_CONFIG,
     "metadata"},
    {V6("", "'apply_b_dec_to_input':true"), E_CONFIG, "\"architecture\""},
    {V6("", "'architecture':'standard','apply_b_dec_to_input':'yes'"), E_FORMAT,
     "apply_b_dec_to_input"},

    /* architectures and activation functions that are not computed */
    {V6("", "'architecture':'sparse'"), E_CONFIG, "\"sparse\"; supported: standard"},
    {V6("", "'architecture':'matching_pursuit'"), E_CONFIG, "no pre-activation"},
    {V6("", "'architecture':'temporal'"), E_CONFIG, "earlier tokens"},
    {V6("", "'architecture':'abstopk'"), E_CONFIG, "negative"},
    {V6("", "'architecture':'cross_layer_transcoder'"), E_CONFIG, "several layers"},
    {V6("", "'architecture':'standard','residual_threshold':0.1"), E_CONFIG,
     "\"residual_threshold\""},
    {V6("", "'architecture':'standard','activation_normalization_factor':2"), E_CONFIG,
     "\"activation_normalization_factor\""},
    {FLAT(",'activation_fn_str':'tanh-relu'"), E_CONFIG, "tanh(relu(x))"},
    {FLAT(",'activation_fn':'gelu'"), E_CONFIG, "\"gelu\"; supported: relu, topk"},
    {FLAT(",'activation_fn':'topk'"), E_FORMAT, "\"k\""},
    {FLAT(",'activation_fn':'topk','activation_fn_kwargs':{'k':7}"), E_CONFIG, "k is 7"},
    {FLAT(",'activation_fn':'topk','activation_fn_kwargs':{'k':2,'signed':true}"), E_CONFIG,
     "\"signed\""},
    {FLAT(",'activation_fn':'topk','activation_fn_kwargs':{'k':2,'postact_fn':'id'}"), E_CONFIG,
     "\"postact_fn\""},
    {V6("", "'architecture':'topk','k':0"), E_CONFIG, "\"k\" is 0"},
    {V6("", "'architecture':'topk'"), E_CONFIG, "k is 100"}, /* SAELens's default */

    /* transcoders */
    {V6("", "'architecture':'transcoder','apply_b_dec_to_input':false"), E_FORMAT, "\"d_out\""},
    {V6("", "'architecture':'transcoder','d_out':4"), E_CONFIG, "\"apply_b_dec_to_input\""},
    {V6("", "'architecture':'transcoder','d_out':0,'apply_b_dec_to_input':false"), E_CONFIG,
     "\"d_out\" is 0"},

    /* settings with few values */
    {V6("", "'architecture':'standard','normalize_activations':'zca'"), E_CONFIG, "\"zca\""},
    {V6("", "'architecture':'standard','normalize_activations':'covariance_whitening'"), E_CONFIG,
     "unfolded checkpoint"},
    {V6("", "'architecture':'standard','dtype':'int8'"), E_CONFIG, "\"int8\""},
    {V6("", "'architecture':'standard','reshape_activations':'flat'"), E_CONFIG, "\"flat\""},
    {V6("", "'architecture':'standard','reshape_activations':'hook_z'"), E_CONFIG,
     "the hook is blocks.1.hook_resid_post"},
    {FLAT(",'hook_head_index':-1"), E_CONFIG, "\"hook_head_index\""},
    {FLAT(",'context_size':0"), E_CONFIG, "\"context_size\""},
    {FLAT(",'seqpos_slice':[1,2,3,4]"), E_CONFIG, "\"seqpos_slice\""},
    {FLAT(",'seqpos_slice':[0,9,0]"), E_CONFIG, "\"seqpos_slice\""},
    {FLAT(",'seqpos_slice':[0.5]"), E_CONFIG, "\"seqpos_slice\""},
    {FLAT(",'seqpos_slice':['1']"), E_CONFIG, "\"seqpos_slice\""},
    {FLAT(",'exclude_special_tokens':[-1]"), E_CONFIG, "\"exclude_special_tokens\""},
    {FLAT(",'exclude_special_tokens':'all'"), E_CONFIG, "\"exclude_special_tokens\""},

    /* what was done to the model */
    {FLAT(",'model_from_pretrained_kwargs':[]"), E_FORMAT, "\"model_from_pretrained_kwargs\""},
    {FLAT(",'model_from_pretrained_kwargs':{'center_writing_weights':1}"), E_FORMAT,
     "\"center_writing_weights\""},
    {FLAT(",'model_from_pretrained_kwargs':{'refactor_factored_attn_matrices':true}"), E_CONFIG,
     "\"refactor_factored_attn_matrices\""},
    {FLAT(",'model_from_pretrained_kwargs':{'quantise':4}"), E_CONFIG, "\"quantise\""},
};

static void test_bad_configs(void **state)
{
    (void)state;
    char buf[JSON_TEXT];
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        sae_config c;
        err e = {0};
        const char *text = json_text(buf, bad[i].text);
        err_code rc = sae_config_parse(&c, text, strlen(text), "dir/cfg.json", &e);
        check_refused(i, rc, &e, bad[i].code, bad[i].says);
        check_refused(i, rc, &e, bad[i].code, "dir/cfg.json");
    }
}

/* Settings that are not done are remarked on; those for training are not. */
static const struct {
    const char *text, *says;
} remarks[] = {
    {FLAT(",'l1_coefficient':0.1,'lr':1e-4,'wandb_project':'x','noise_scale':0.5"), ""},
    {FLAT(",'dtype':'torch.bfloat16'"), "bfloat16"},
    {FLAT(",'dtype':'float64'"), "float64"},
    {FLAT(",'smoothing':3"), "\"smoothing\""},
    {FLAT(",'model_from_pretrained_kwargs':{'revision':'step1000'}"), "\"revision\" = step1000"},
    {FLAT(",'model_from_pretrained_kwargs':{'checkpoint_value':512}"), "= 512"},
    {V6(",'seqpos_slice':[null],'exclude_special_tokens':true", "'architecture':'standard'"), ""},
    {V6(",'seqpos_slice':[5,null]", "'architecture':'standard'"), "seqpos_slice"},
    {V6(",'seqpos_slice':[0,null,2]", "'architecture':'standard'"), "seqpos_slice"},
    {V6(",'exclude_special_tokens':[0,7]", "'architecture':'standard'"), "2 token ids"},
};

static void test_remarks(void **state)
{
    (void)state;
    char buf[JSON_TEXT];
    for (size_t i = 0; i < COUNT_OF(remarks); i++) {
        saelens_config s;
        str notes = {0};
        err e = {0};
        const char *text = json_text(buf, remarks[i].text);
        if (saelens_config_parse(&s, &notes, text, strlen(text), "cfg.json", &e))
            fail_msg("row %zu: %s", i, e.text);
        bool none = !remarks[i].says[0];
        if (none ? notes.len > 0 : !strstr(str_text(&notes), remarks[i].says))
            fail_msg("row %zu: \"%s\"", i, str_text(&notes));
        str_release(&notes);
    }
}

/* Every beginning of a file is refused, none is read past its end. */
static void test_truncated(void **state)
{
    (void)state;
    char buf[JSON_TEXT];
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        const char *text = json_text(buf, good[i].text);
        size_t n = strlen(text);
        for (size_t cut = 0; cut < n; cut++) {
            sae_config c;
            err e = {0};
            char *copy = mem_small(cut + 1, 1);
            memcpy(copy, text, cut);
            assert_int_not_equal(sae_config_parse(&c, copy, cut, "cfg.json", &e), OK);
            mem_free(copy);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_configs),
        cmocka_unit_test(test_bad_configs),
        cmocka_unit_test(test_remarks),
        cmocka_unit_test(test_truncated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
