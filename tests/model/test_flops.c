/* Operations counted by hand for small shapes. */
#include "model/flops.h"
#include "test.h"

/* Two heads of 3 that share one key head, width 5, mlp 7, vocabulary 11, two blocks.
 * Multiplications a token: queries, keys and values 5 * (6 + 2 * 3) = 60, scores and values 2 * 6 *
 * context, output 6 * 5 = 30, each mlp matrix 35. */
static model_config small(model_family family)
{
    model_config c = config_start(family);
    c.n_layers = 2;
    c.d_model = 5;
    c.n_heads = 2;
    c.n_kv_heads = 1;
    c.d_head = 3;
    c.d_mlp = 7;
    c.d_vocab = 11;
    c.rotary = 2;
    return c;
}

static double counted(const model_config *c, const char *name, double context)
{
    hook at;
    err e;
    if (hook_parse(&at, c, name, &e))
        fail_msg("%s", e.text);
    return model_flops(c, &at, context);
}

static void equal(double got, double products)
{
    if (got != 2 * products)
        fail_msg("%g operations, not %g", got, 2 * products);
}

static void test_sequential_gated(void **state)
{
    (void)state;
    model_config c = small(FAMILY_LLAMA);
    const double whole = 60 + 12 * 4.5 + 30 + 3 * 35; /* of a block at context 4.5 */
    equal(counted(&c, "hook_embed", 4.5), 0);
    equal(counted(&c, "blocks.0.hook_resid_pre", 4.5), 0);
    equal(counted(&c, "blocks.0.ln1.hook_normalized", 4.5), 0);
    equal(counted(&c, "blocks.0.attn.hook_v", 4.5), 60);
    equal(counted(&c, "blocks.0.attn.hook_rot_k", 4.5), 60);
    equal(counted(&c, "blocks.0.attn.hook_z", 4.5), 60 + 54);
    equal(counted(&c, "blocks.0.hook_attn_out", 4.5), 144);
    equal(counted(&c, "blocks.0.hook_resid_mid", 4.5), 144);
    equal(counted(&c, "blocks.0.mlp.hook_in", 4.5), 144);
    equal(counted(&c, "blocks.0.mlp.hook_pre", 4.5), 144 + 70);
    equal(counted(&c, "blocks.0.mlp.hook_post", 4.5), 144 + 70);
    equal(counted(&c, "blocks.0.hook_mlp_out", 4.5), whole);
    equal(counted(&c, "blocks.0.hook_resid_post", 4.5), whole);
    equal(counted(&c, "blocks.1.hook_resid_pre", 4.5), whole);
    equal(counted(&c, "blocks.1.attn.hook_q", 4.5), whole + 60);
    equal(counted(&c, "blocks.1.hook_resid_post", 4.5), 2 * whole);
    equal(counted(&c, "ln_final.hook_normalized", 4.5), 2 * whole);
    equal(model_flops(&c, NULL, 4.5), 2 * whole + 55);
}

static void test_parallel(void **state)
{
    (void)state;
    model_config c = small(FAMILY_GPT_NEOX);
    c.n_kv_heads = 2; /* 5 * (6 + 2 * 6) = 90 */
    const double whole = 90 + 12 + 30 + 2 * 35;
    equal(counted(&c, "blocks.1.hook_attn_out", 1), whole + 132);
    equal(counted(&c, "blocks.1.attn.hook_z", 1), whole + 102);
    equal(counted(&c, "blocks.1.ln2.hook_normalized", 1), whole);
    equal(counted(&c, "blocks.1.mlp.hook_post", 1), whole + 35); /* without attention */
    equal(counted(&c, "blocks.1.hook_mlp_out", 1), whole + 70);
    equal(counted(&c, "blocks.1.hook_resid_post", 1), 2 * whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sequential_gated),
                                       cmocka_unit_test(test_parallel)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
