/* Hooks as descriptions: which names exist in which model, one head of them, what weight processing
 * makes of them, and what is refused. Their values are compared in test_parity and test_gradients.
 */
#include "base/memory.h"
#include "common.h"
#include "model/forward.h"
#include "test.h"
#include <string.h>

static const model_config *kind_named(const char *name)
{
    const decoder_kind *kinds;
    int n = test_kinds(&kinds);
    for (int i = 0; i < n; i++)
        if (!strcmp(kinds[i].name, name))
            return &kinds[i].config;
    fail_msg("no kind %s", name);
    return NULL;
}

static const struct {
    const char *kind, *name;
    int width; /* 0: refused */
} NAMES[] = {{"neox parallel", "hook_embed", 24},
             {"neox parallel", "blocks.1.attn.hook_z", 24},
             {"neox parallel", "blocks.0.mlp.hook_post", 40},
             {"neox parallel", "blocks.0.ln1.hook_scale", 1},
             {"neox parallel", "ln_final.hook_normalized", 24},
             {"neox parallel", "ln_final.hook_scale", 1},
             {"llama", "blocks.0.attn.hook_q", 32}, /* 4 heads of 8 */
             {"llama", "blocks.0.attn.hook_rot_q", 32},
             {"llama", "blocks.0.attn.hook_k", 16}, /* 2 heads */
             {"llama", "blocks.0.attn.hook_rot_k", 16},
             {"llama", "blocks.0.attn.hook_v", 16},
             {"llama", "blocks.1.mlp.hook_in", 24},
             {"llama", "blocks.1.mlp.hook_pre", 40},
             {"llama", "blocks.1.mlp.hook_pre_linear", 40},
             {"gpt2", "hook_pos_embed", 24},
             {"gpt2", "blocks.1.hook_resid_mid", 24},
             /* not in this model */
             {"llama", "hook_pos_embed", 0},
             {"gpt2", "blocks.0.attn.hook_rot_q", 0},
             {"gpt2", "blocks.0.mlp.hook_pre_linear", 0},
             {"neox parallel", "blocks.0.hook_resid_mid", 0},
             {"neox parallel", "blocks.2.hook_resid_pre", 0}, /* two blocks */
             /* in none */
             {"llama", "blocks.0.hook_embed", 0},
             {"llama", "hook_resid_pre", 0},
             {"llama", "blocks.-1.hook_resid_pre", 0},
             {"llama", "blocks.99999999999.hook_resid_pre", 0}, /* would overflow an int */
             {"llama", "blocks..hook_resid_pre", 0},
             {"llama", "blocks.0.hook_resid_pre ", 0},
             {"llama", "blocks.0", 0},
             {"llama", "", 0}};

static void test_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(NAMES); i++) {
        hook at;
        err e = {0};
        err_code rc = hook_parse(&at, kind_named(NAMES[i].kind), NAMES[i].name, &e);
        assert_int_equal(rc, NAMES[i].width ? OK : E_CONFIG);
        if (!rc) {
            assert_int_equal(at.width, NAMES[i].width);
            assert_int_equal(at.head, -1);
            assert_string_equal(at.name, NAMES[i].name);
        } else { /* what there is */
            assert_non_null(strstr(e.text, "hook_mlp_out, hook_resid_post"));
            assert_non_null(strstr(e.text, "it has hook_embed, "));
        }
    }
}

static hook parsed(const model_config *c, const char *name)
{
    hook at;
    err e;
    if (hook_parse(&at, c, name, &e))
        fail_msg("%s", e.text);
    return at;
}

static void test_no_row_for_a_token(void **state)
{
    (void)state;
    static const char *const names[] = {"blocks.0.attn.hook_pattern",
                                        "blocks.1.attn.hook_attn_scores",
                                        "blocks.1.attn.hook_result"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        hook at;
        err e;
        assert_int_equal(hook_parse(&at, kind_named("gpt2"), names[i], &e), E_CONFIG);
        assert_non_null(strstr(e.text, names[i]));
        assert_non_null(strstr(e.text, "it is a "));
    }
}

static void test_one_head(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int head, width; /* 0: refused */
        const char *mentions;
    } rows[] = {{"blocks.0.attn.hook_z", 3, 8, ""},
                {"blocks.0.attn.hook_rot_k", 1, 8, ""},
                {"blocks.0.attn.hook_z", 4, 0, "4 heads"},
                {"blocks.0.attn.hook_v", 2, 0, "2 heads"}, /* shared by queries */
                {"blocks.0.attn.hook_q", -1, 0, "4 heads"},
                {"blocks.0.hook_attn_out", 0, 0, "no heads"},
                {"blocks.0.mlp.hook_post", 0, 0, "no heads"}};
    const model_config *c = kind_named("llama");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        hook at = parsed(c, rows[i].name);
        err e = {0};
        int whole = at.width;
        assert_int_equal(hook_select_head(&at, c, rows[i].head, &e), rows[i].width ? OK : E_CONFIG);
        assert_int_equal(at.width, rows[i].width ? rows[i].width : whole);
        assert_non_null(strstr(e.text, rows[i].mentions));
    }
}

static void test_processing(void **state)
{
    (void)state;
    static const struct {
        const char *kind, *name;
        hook_processing options;
        hook_less less;
    } rows[] = {
        {"gpt2", "blocks.0.hook_resid_pre", {.center_writing_weights = true}, LESS_MEAN},
        {"gpt2", "hook_pos_embed", {.center_writing_weights = true}, LESS_MEAN},
        {"gpt2", "blocks.0.hook_resid_pre", {.fold_ln = true, .fold_value_biases = true}, 0},
        {"gpt2", "blocks.0.attn.hook_z", {.center_writing_weights = true}, LESS_NOTHING},
        {"gpt2", "blocks.0.attn.hook_z", {.fold_value_biases = true}, LESS_VALUE_BIAS},
        {"gpt2",
         "blocks.0.attn.hook_v",
         {.fold_value_biases = true, .fold_ln = true},
         LESS_FOLDED_VALUE_BIAS},
        {"gpt2", "blocks.0.attn.hook_q", {true, true, true}, LESS_NOTHING},
        {"gpt2", "blocks.0.ln1.hook_normalized", {true, true, true}, LESS_NOTHING},
        {"llama", "blocks.0.hook_resid_pre", {true, true, true}, LESS_NOTHING}, /* no LayerNorm */
        {"llama", "blocks.0.attn.hook_z", {true, true, true}, LESS_VALUE_BIAS},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const model_config *c = kind_named(rows[i].kind);
        hook at = parsed(c, rows[i].name);
        hook_apply_processing(&at, c, &rows[i].options);
        assert_int_equal(at.less, rows[i].less);
    }
    const model_config *c = kind_named("gpt2");
    hook at = parsed(c, "blocks.1.mlp.hook_in");
    hook_apply_processing(&at, c, &(hook_processing){.fold_ln = true});
    assert_int_equal(at.site, HOOK_LN2_NORMALIZED); /* gain and bias are in the next matrix */
    assert_string_equal(at.name, "blocks.1.mlp.hook_in");
}

/* Scales and positions have values, but nothing starts from them or is put there. */
static void test_only_to_look_at(void **state)
{
    (void)state;
    enum { B = 1, T = 3 };
    static const char *const names[] = {"hook_pos_embed", "blocks.0.ln1.hook_scale",
                                        "blocks.1.ln2.hook_scale", "ln_final.hook_scale"};
    const int32_t tokens[B * T] = {1, 2, 3};
    backend *be = backend_ref();
    model *m;
    forward *only, *gradient;
    err e;
    float d_x[B * T * 24], d_hook[B * T * 24] = {0};
    assert_int_equal(model_new(&m, be, kind_named("gpt2"), 5, &e), OK);
    assert_int_equal(forward_new(&only, m, B, T, NULL, FORWARD_ONLY, &e), OK);
    assert_int_equal(forward_new(&gradient, m, B, T, NULL, FORWARD_INPUT_GRADIENT, &e), OK);
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        hook at = parsed(model_describe(m), names[i]);
        assert_false(hook_is_writable(&at));
        assert_int_equal(forward_tokens(only, tokens, B, T, &at, &e), OK);
        assert_int_equal(forward_splice(only, d_hook, &e), E_CONFIG);
        assert_non_null(strstr(e.text, names[i]));
        assert_int_equal(forward_tokens(gradient, tokens, B, T, &at, &e), OK);
        assert_int_equal(backward_to_embeddings(d_x, gradient, d_hook, &e), E_CONFIG);
        assert_non_null(strstr(e.text, names[i]));
    }
    forward_free(only);
    forward_free(gradient);
    model_free(m);
    backend_free(be);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names), cmocka_unit_test(test_no_row_for_a_token),
        cmocka_unit_test(test_one_head), cmocka_unit_test(test_processing),
        cmocka_unit_test(test_only_to_look_at)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
