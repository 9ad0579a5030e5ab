/* Measuring inputs: against running each alone, and by definition. */
#include "test.h"

#include "base/memory.h"
#include "base/rng.h"
#include "features/common_rig.h"
#include "invert/probe.h"
#include <math.h>
#include <string.h>

enum { D = RIG_D, F = RIG_F, N = 37, LONGEST = 9 }; /* more inputs than one batch */

/* Inputs of many lengths, tokens and embeddings in turn. */
typedef struct inputs {
    probe_input list[N];
    int features[N];
    int32_t tokens[N][LONGEST];
    float x[N][LONGEST * D];
} inputs;

static void inputs_make(inputs *in, const rig *r)
{
    rng s = rng_stream(2, "test_probe");
    for (int i = 0; i < N; i++) {
        int length = i < 2 ? 1 : 1 + (int)rng_below(&s, LONGEST);
        for (int t = 0; t < LONGEST; t++)
            in->tokens[i][t] = 1 + (int32_t)rng_below(&s, (uint32_t)r->n_tokens - 1);
        for (int k = 0; k < LONGEST * D; k++)
            in->x[i][k] = (float)(0.2 * rng_normal(&s));
        in->features[i] = (int)rng_below(&s, F); /* some twice */
        in->list[i] = (probe_input){.tokens_L = i % 2 ? in->tokens[i] : NULL,
                                    .x_LD = i % 2 ? NULL : in->x[i],
                                    .length = length};
    }
}

/* One input alone behind the BOS: activations of all features at its positions. */
static void run_alone(float *f_LF, float *pre_LF, rig *r, const probe_input *in, int bos)
{
    int skip = bos >= 0, T = in->length + skip;
    int32_t tokens[LONGEST + 1] = {bos};
    float x[(LONGEST + 1) * D] = {0}, h[(LONGEST + 1) * 2 * D];
    for (int i = 0; i < in->length; i++)
        tokens[skip + i] = in->tokens_L ? in->tokens_L[i] : -1;
    if (in->x_LD)
        memcpy(x + skip * D, in->x_LD, (size_t)in->length * D * sizeof *x);
    rig_run(h, r, tokens, in->x_LD ? x : NULL, T);
    sae_encode(f_LF, r->sae, h + skip * r->hook.width, in->length);
    sae_preactivations(pre_LF, r->sae, h + skip * r->hook.width, in->length);
}

static void equal_to_running_each_alone(void **state)
{
    (void)state;
    static const struct {
        const char *backend_name, *hook_name;
        int bos;
    } cases[] = {
        {"ref", "blocks.1.hook_resid_post", 0},
        {"cpu", "blocks.1.hook_resid_post", 0},
        {"cpu", "blocks.0.mlp.hook_post", -1}, /* no BOS, and a hook wider than the model */
    };
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        rig r = rig_open(cases[c].backend_name, 2, cases[c].hook_name);
        token_table *table;
        err e = {0};
        assert_int_equal(token_table_new(&table, r.model, r.tokenizer, NULL, &e), OK);
        optimise_setting set = {
            .model = r.model, .sae = r.sae, .hook = &r.hook, .table = table, .bos = cases[c].bos};
        inputs *in = mem_small(1, sizeof *in);
        inputs_make(in, &r);
        probe_result results[N];
        float values[N][2][LONGEST];
        for (int i = 0; i < N; i++)
            results[i] = (probe_result){.activation_L = values[i][0],
                                        .pre_activation_L = i % 3 ? values[i][1] : NULL};
        if (probe_inputs(results, &set, in->list, in->features, N, true, &e))
            fail_msg("%s", e.text);
        int active = 0;
        for (int i = 0; i < N; i++) {
            float f[LONGEST * F], pre[LONGEST * F];
            int L = in->list[i].length, peak = 0;
            run_alone(f, pre, &r, &in->list[i], cases[c].bos);
            const float *mine = f + in->features[i], *mine_pre = pre + in->features[i];
            double mean = 0;
            for (int k = 0; k < F; k++) {
                float max = 0;
                for (int t = 0; t < L; t++)
                    max = fmaxf(max, f[t * F + k]);
                mean += (double)max / F;
            }
            for (int t = 0; t < L; t++) {
                assert_true(fabsf(values[i][0][t] - mine[t * F]) < 1e-4f);
                if (i % 3)
                    assert_true(fabsf(values[i][1][t] - mine_pre[t * F]) <
                                1e-4f * (1 + fabsf(mine_pre[t * F])));
                if (mine_pre[t * F] > mine_pre[peak * F])
                    peak = t;
            }
            assert_int_equal(results[i].position, peak);
            assert_true(fabsf(results[i].activation - mine[peak * F]) < 1e-4f);
            assert_true(fabsf(results[i].pre_activation - mine_pre[peak * F]) <
                        1e-4f * (1 + fabsf(mine_pre[peak * F])));
            double specificity = (double)mine[peak * F] / mean;
            assert_true(fabs(results[i].specificity - specificity) < 1e-3);
            active += mine[peak * F] > 0;
        }
        assert_true(active > 5 && active < N); /* both kinds were compared */
        mem_free(in);
        token_table_free(table);
        rig_close(&r);
    }
}

static void specificity_only_when_wanted_and_defined(void **state)
{
    (void)state;
    rig r = rig_open("ref", 1, "hook_embed");
    token_table *table;
    err e = {0};
    /* Feature 0 is the first number, 1 its opposite, 2 silent. */
    float w_FD[3 * D] = {1}, b_F[3] = {0, 0, -1};
    w_FD[D] = -1;
    rig_set_directions(&r, w_FD, b_F, 3);
    assert_int_equal(token_table_new(&table, r.model, r.tokenizer, NULL, &e), OK);
    optimise_setting set = {
        .model = r.model, .sae = r.sae, .hook = &r.hook, .table = table, .bos = 0};
    float x[3][2 * D] = {{0}}; /* two positions each */
    x[0][0] = 3;
    x[0][D] = -1; /* maxima 3, 1, 0: specificity 3 / (4/3) */
    x[1][D] = 6;  /* maxima 6, 0, 0: measured for feature 2, which is silent */
    const probe_input in[3] = {{.x_LD = x[0], .length = 2},
                               {.x_LD = x[1], .length = 2},
                               {.x_LD = x[2], .length = 2}}; /* nothing active at all */
    static const int features[3] = {0, 2, 0};
    probe_result out[3] = {{0}};
    assert_int_equal(probe_inputs(out, &set, in, features, 3, true, &e), OK);
    assert_true(fabs(out[0].specificity - 2.25) < 1e-6 && out[0].position == 0);
    assert_true(out[0].activation == 3);
    assert_true(out[1].specificity == 0 && out[1].activation == 0);
    assert_true(out[1].pre_activation == -1 && out[1].position == 0);
    assert_true(isnan(out[2].specificity));
    assert_int_equal(probe_inputs(out, &set, in, features, 3, false, &e), OK);
    assert_true(isnan(out[0].specificity) && out[0].activation == 3);
    token_table_free(table);
    rig_close(&r);
}

/* Mean log-probability of tokens 2 .. L, from the logits themselves. */
static double define_coherence(const rig *r, const probe_input *in, int bos)
{
    int skip = bos >= 0, T = in->length + skip, V = model_describe(r->model)->d_vocab;
    int32_t tokens[LONGEST + 1] = {bos};
    float *logits = mem_small((size_t)T * (size_t)V, sizeof *logits);
    forward *f;
    err e = {0};
    double total = 0;
    for (int i = 0; i < in->length; i++)
        tokens[skip + i] = in->tokens_L[i];
    assert_int_equal(forward_new(&f, r->model, 1, T, NULL, FORWARD_ONLY, &e), OK);
    assert_int_equal(forward_tokens(f, tokens, 1, T, NULL, &e), OK);
    assert_int_equal(forward_logits(logits, f, 0, T, &e), OK);
    for (int i = 1; i < in->length; i++) {
        const float *row = logits + (skip + i - 1) * V;
        double sum = 0;
        for (int v = 0; v < V; v++)
            sum += exp((double)row[v]);
        total += (double)row[in->tokens_L[i]] - log(sum);
    }
    forward_free(f);
    mem_free(logits);
    return in->length > 1 ? total / (in->length - 1) : (double)NAN;
}

static void coherence_is_the_models_own(void **state)
{
    (void)state;
    static const int bos[] = {0, -1};
    for (size_t c = 0; c < COUNT_OF(bos); c++) {
        rig r = rig_open("cpu", 2, "blocks.1.hook_resid_post");
        token_table *table;
        err e = {0};
        assert_int_equal(token_table_new(&table, r.model, r.tokenizer, NULL, &e), OK);
        optimise_setting set = {
            .model = r.model, .sae = r.sae, .hook = &r.hook, .table = table, .bos = bos[c]};
        inputs *in = mem_small(1, sizeof *in);
        double coherence[N];
        inputs_make(in, &r);
        assert_int_equal(probe_coherence(coherence, &set, in->list, N, &e), OK);
        int single = 0, several = 0;
        for (int i = 0; i < N; i++) {
            double want =
                in->list[i].tokens_L ? define_coherence(&r, &in->list[i], bos[c]) : (double)NAN;
            assert_true(isnan(want) ? isnan(coherence[i]) : fabs(coherence[i] - want) < 1e-4);
            single += in->list[i].tokens_L && isnan(want);
            several += !isnan(want);
        }
        assert_true(single > 0 && several > 5);
        mem_free(in);
        token_table_free(table);
        rig_close(&r);
    }
}

static void limits(void **state)
{
    (void)state;
    rig r = rig_open("ref", 1, "blocks.1.hook_resid_post");
    token_table *table;
    err e = {0};
    assert_int_equal(token_table_new(&table, r.model, r.tokenizer, NULL, &e), OK);
    optimise_setting set = {
        .model = r.model, .sae = r.sae, .hook = &r.hook, .table = table, .bos = 0};
    int32_t tokens[RIG_CONTEXT];
    for (int i = 0; i < RIG_CONTEXT; i++)
        tokens[i] = 1 + i % 90;
    probe_input in = {.tokens_L = tokens, .length = RIG_CONTEXT};
    probe_result out = {0};
    double coherence;
    int feature = 0;
    assert_int_equal(probe_inputs(&out, &set, &in, &feature, 1, false, &e), E_SHAPE);
    assert_int_equal(probe_coherence(&coherence, &set, &in, 1, &e), E_SHAPE);
    in.length--; /* with the BOS just enough */
    assert_int_equal(probe_inputs(&out, &set, &in, &feature, 1, false, &e), OK);
    feature = F;
    assert_int_equal(probe_inputs(&out, &set, &in, &feature, 1, false, &e), E_DATA);
    assert_int_equal(probe_inputs(&out, &set, &in, &feature, 0, false, &e), OK);
    assert_int_equal(probe_coherence(&coherence, &set, &in, 0, &e), OK);
    token_table_free(table);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_to_running_each_alone),
        cmocka_unit_test(specificity_only_when_wanted_and_defined),
        cmocka_unit_test(coherence_is_the_models_own),
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
