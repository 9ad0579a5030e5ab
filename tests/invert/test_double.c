/* The gradient that the searches climb, from the value of a feature back to the embeddings, against
 * finite differences of the same in double: the reference transformer of the model's tests and an
 * SAE written from its formulas. */
#include "test.h"

#include "base/memory.h"
#include "invert/objective.h"
#include "model/common.h"
#include "model/forward.h"
#include <math.h>
#include <string.h>

enum { T = 6, F = 40, D = 24, FEATURE = 7, CELLS = T * D };
static const double STEP = 1e-5, LIMIT = 1e-5, SCALE = 3;

/* An SAE as numbers, of sae/sae.h's one form; k: 0 without top-k. */
typedef struct form {
    const char *name;
    sae_architecture architecture;
    sae_normalization normalization;
    bool apply_b_dec;
    int k;
} form;

static const form forms[] = {{"relu", SAE_STANDARD, SAE_NORMALIZE_NONE, false, 0},
                             {"jumprelu, norm", SAE_JUMPRELU, SAE_NORMALIZE_NORM, true, 0},
                             {"relu, layer norm", SAE_STANDARD, SAE_NORMALIZE_LAYER_NORM, true, 0},
                             {"top-k", SAE_TOPK, SAE_NORMALIZE_NONE, true, 5},
                             {"top-k, layer norm", SAE_TOPK, SAE_NORMALIZE_LAYER_NORM, true, 20}};

typedef struct bench {
    const form *form;
    backend *be;
    model *m;
    hook hook;
    reference *r;
    sae *s;
    objective *o;
    int32_t tokens[T];
    float w_enc_DF[D * F], b_enc_F[F], b_dec_D[D];
    int last; /* position whose value is looked at */
} bench;

/* ---- in double ---------------------------------------------------------------------------------
 */

static void normalise(double *x_D, const form *f)
{
    double mean = 0, square = 0, size = 1;
    bool centred = f->normalization == SAE_NORMALIZE_LAYER_NORM;
    for (int d = 0; d < D; d++)
        mean += centred ? x_D[d] / D : 0;
    for (int d = 0; d < D; d++)
        square += (x_D[d] - mean) * (x_D[d] - mean);
    if (centred)
        size = sqrt(square / (D - 1)) + 1e-5;
    else if (f->normalization == SAE_NORMALIZE_NORM)
        size = sqrt(square / D);
    for (int d = 0; d < D; d++)
        x_D[d] = (x_D[d] - mean) / size;
}

static double preactivation(const bench *b, const double *x_D, int feature)
{
    double z = (double)b->b_enc_F[feature];
    for (int d = 0; d < D; d++)
        z += (x_D[d] - (b->form->apply_b_dec ? (double)b->b_dec_D[d] : 0)) *
             (double)b->w_enc_DF[d * F + feature];
    return z;
}

/* The k-th largest of all pre-activations but the feature's. */
static double rival_of(const bench *b, const double *z_F)
{
    for (int i = 0; i < F; i++) {
        int above = 0;
        for (int j = 0; j < F; j++)
            above += j != FEATURE && z_F[j] > z_F[i];
        if (i != FEATURE && above == b->form->k - 1)
            return z_F[i];
    }
    return (double)NAN;
}

static double value_in_double(const bench *b)
{
    double x_D[D], z_F[F], softness = SCALE / 20;
    reference_run(b->r, NULL);
    memcpy(x_D, b->r->seen + b->last * D, sizeof x_D);
    normalise(x_D, b->form);
    for (int f = 0; f < F; f++)
        z_F[f] = preactivation(b, x_D, f);
    if (!b->form->k)
        return z_F[FEATURE];
    return z_F[FEATURE] - softness * log1p(exp((rival_of(b, z_F) - z_F[FEATURE]) / softness));
}

static void differences(double *slope, const bench *b, double step)
{
    for (int i = 0; i < CELLS; i++) {
        double *x = &b->r->x_BTD[i], kept = *x;
        *x = kept + step;
        double up = value_in_double(b);
        *x = kept - step;
        slope[i] = (up - value_in_double(b)) / (2 * step);
        *x = kept;
    }
}

/* ---- in float ----------------------------------------------------------------------------------
 */

static float gradient(float *d_x, const bench *b)
{
    int32_t which[T] = {0};
    float value[T], d_value[T] = {0}, d_h[T * D];
    forward *f;
    err e = {0};
    d_value[b->last] = 1;
    assert_int_equal(forward_new(&f, b->m, 1, T, &b->hook, FORWARD_INPUT_GRADIENT, &e), OK);
    assert_int_equal(forward_tokens(f, b->tokens, 1, T, &b->hook, &e), OK);
    assert_int_equal(objective_values(value, NULL, NULL, b->o, which, forward_hook(f), T, &e), OK);
    assert_int_equal(objective_backward(d_h, b->o, which, d_value, forward_hook(f), T, &e), OK);
    assert_int_equal(backward_to_embeddings(d_x, f, d_h, &e), OK);
    forward_free(f);
    return value[b->last];
}

/* ---- both --------------------------------------------------------------------------------------
 */

static void shake(model *m)
{
    parameter *list;
    int n = model_parameters(&list, m);
    for (int i = 0; i < n; i++) {
        float *noise = mem_small(list[i].n, sizeof *noise);
        random_floats(noise, list[i].n, list[i].name);
        for (size_t j = 0; j < list[i].n; j++)
            list[i].value[j] += 0.2f * noise[j];
        mem_free(noise);
    }
}

static void make_sae(bench *b)
{
    float w_dec_FD[F * D];
    random_floats(b->w_enc_DF, D * F, "encoder");
    random_floats(b->b_enc_F, F, "bias");
    random_floats(b->b_dec_D, D, "b_dec");
    random_floats(w_dec_FD, F * D, "decoder");
    float threshold_F[F] = {0};
    sae_config c = {.architecture = b->form->architecture,
                    .normalization = b->form->normalization,
                    .d_in = D,
                    .d_sae = F,
                    .k = b->form->k,
                    .apply_b_dec_to_input = b->form->apply_b_dec};
    memcpy(c.hook, b->hook.name, sizeof c.hook);
    sae_weights w = {b->w_enc_DF,
                     b->b_enc_F,
                     w_dec_FD,
                     b->b_dec_D,
                     b->form->architecture == SAE_JUMPRELU ? threshold_F : NULL,
                     NULL};
    int feature = FEATURE;
    err e = {0};
    if (sae_new(&b->s, b->be, &c, &w, &e) || objective_new(&b->o, b->s, &feature, &SCALE, 1, &e))
        fail_msg("%s: %s", b->form->name, e.text);
}

/* Embeddings become variables of the reference, starting from the tokens'. */
static void free_embeddings(bench *b)
{
    err e = {0};
    assert_int_equal(hook_parse(&b->r->wanted, b->r->config, "hook_embed", &e), OK);
    reference_run(b->r, NULL);
    memcpy(b->r->x_BTD, b->r->seen, CELLS * sizeof *b->r->seen);
    b->r->mixed = true;
    b->r->wanted = b->hook;
}

static void bench_open(bench *b, const model_config *c, const char *hook_name, const form *f)
{
    err e = {0};
    *b = (bench){.form = f, .be = backend_ref(), .last = T - 1};
    if (model_new(&b->m, b->be, c, 3, &e) || hook_parse(&b->hook, c, hook_name, &e))
        fail_msg("%s", e.text);
    shake(b->m);
    random_tokens(b->tokens, T, c->d_vocab, "tokens");
    b->r = reference_new(b->m, b->tokens, 1, T);
    make_sae(b);
    free_embeddings(b);
}

static void bench_close(bench *b)
{
    objective_free(b->o);
    sae_free(b->s);
    reference_free(b->r);
    model_free(b->m);
    backend_free(b->be);
}

static const model_config *config_of(const char *name)
{
    const decoder_kind *kinds;
    for (int i = 0, n = test_kinds(&kinds); i < n; i++)
        if (!strcmp(kinds[i].name, name))
            return &kinds[i].config;
    fail_msg("no %s", name);
    return NULL;
}

static void the_gradient_is_that_of_the_doubles(void **state)
{
    (void)state;
    static const char *const models[] = {"neox parallel", "gpt2"};
    static const char *const hooks[] = {"blocks.1.hook_resid_post", "blocks.1.hook_mlp_out"};
    double worst = 0, worst_value = 0;
    for (int i = 0; i < 2; i++)
        for (size_t k = 0; k < COUNT_OF(forms); k++) {
            bench b;
            float got[CELLS];
            double want[CELLS];
            bench_open(&b, config_of(models[i]), hooks[(i + k) % 2], &forms[k]);
            double value = (double)gradient(got, &b), exact = value_in_double(&b);
            differences(want, &b, STEP);
            double error = relative_error(got, want, CELLS);
            if (!(error <= LIMIT))
                fail_msg("%s, %s, %s: gradient off by %g", models[i], b.hook.name, forms[k].name,
                         error);
            if (!(fabs(value - exact) <= 2e-5 * (1 + fabs(exact))))
                fail_msg("%s, %s: value %g, in double %g", models[i], forms[k].name, value, exact);
            worst = fmax(worst, error);
            worst_value = fmax(worst_value, fabs(value - exact));
            bench_close(&b);
        }
    print_message("gradient off by at most %.2g, value by %.2g\n", worst, worst_value);
}

/* The derivative of the first layer norm in closed form: how far the differences themselves can be
 * trusted. v . (x - m) / s, s = sqrt(var + eps): (v - mean v - y (v . y) / D) / s with y the
 * normalised row. */
static void the_differences_are_the_derivative(void **state)
{
    (void)state;
    bench b;
    double want[CELLS] = {0}, got[CELLS], *x_D, v_D[D], mean = 0, square = 0, mean_v = 0, dot = 0;
    const model_config *c = config_of("neox parallel");
    bench_open(&b, c, "blocks.0.ln1.hook_normalized", &forms[0]);
    x_D = b.r->x_BTD + b.last * D;
    for (int d = 0; d < D; d++) {
        v_D[d] = (double)b.w_enc_DF[d * F + FEATURE];
        mean += x_D[d] / D;
        mean_v += v_D[d] / D;
    }
    for (int d = 0; d < D; d++)
        square += (x_D[d] - mean) * (x_D[d] - mean) / D;
    double s = sqrt(square + (double)c->norm_eps);
    for (int d = 0; d < D; d++)
        dot += v_D[d] * (x_D[d] - mean) / s / D;
    for (int d = 0; d < D; d++)
        want[b.last * D + d] = (v_D[d] - mean_v - (x_D[d] - mean) / s * dot) / s;
    differences(got, &b, STEP);
    double error = 0, size = 0;
    for (int i = 0; i < CELLS; i++) {
        error += (got[i] - want[i]) * (got[i] - want[i]);
        size += want[i] * want[i];
    }
    error = sqrt(error / size);
    print_message("differences off by %.2g\n", error);
    assert_true(error < 1e-7);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_differences_are_the_derivative),
                                       cmocka_unit_test(the_gradient_is_that_of_the_doubles)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
