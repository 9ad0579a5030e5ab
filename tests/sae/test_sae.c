/* Sparse autoencoders against their definition in double and against finite differences. */
#include "test.h"

#include "base/memory.h"
#include "base/rng.h"
#include "sae/sae.h"
#include <math.h>
#include <string.h>

enum { D = 12, F = 40, O = 9, N = 7, K = 5 };

/* What an SAE of the computed form may have. */
typedef struct form {
    sae_architecture architecture;
    sae_normalization normalization;
    bool apply_b_dec, transcoder, skip;
} form;

static const form cases[] = {
    {.architecture = SAE_STANDARD, .apply_b_dec = true}, /* what most old SAEs are */
    {.architecture = SAE_STANDARD},                      /* x goes in as it is, uncopied */
    {.architecture = SAE_JUMPRELU, .apply_b_dec = true}, /* the built-in one */
    {.architecture = SAE_JUMPRELU},                      /* Gemma Scope's way */
    {.architecture = SAE_STANDARD, .normalization = SAE_NORMALIZE_NORM, .apply_b_dec = true},
    {.architecture = SAE_JUMPRELU, .normalization = SAE_NORMALIZE_LAYER_NORM},
    {.architecture = SAE_JUMPRELU, .normalization = SAE_NORMALIZE_LAYER_NORM, .apply_b_dec = true},
    {.architecture = SAE_TOPK, .apply_b_dec = true}, /* a feature depends on all others */
    {.architecture = SAE_TOPK, .normalization = SAE_NORMALIZE_LAYER_NORM},
    {.architecture = SAE_STANDARD, .transcoder = true}, /* d_out is not d_in */
    {.architecture = SAE_STANDARD, .transcoder = true, .skip = true},
    {.architecture = SAE_JUMPRELU, .transcoder = true, .skip = true},
    /* the output of a transcoder is not scaled back */
    {.architecture = SAE_TOPK,
     .normalization = SAE_NORMALIZE_NORM,
     .transcoder = true,
     .skip = true},
};

/* A random SAE in ordinary memory and the definition of what it computes. */
typedef struct definition {
    sae_config c;
    float w_enc_DF[D * F], b_enc_F[F], w_dec_FO[F * D], b_dec_O[D], threshold_F[F],
        w_skip_OD[O * D];
    float x_ND[N * D];
} definition;

static void fill(float *x, size_t n, rng *r, double scale)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(scale * rng_normal(r));
}

static definition definition_make(form f)
{
    definition d = {.c = {.architecture = f.architecture,
                          .normalization = f.normalization,
                          .transcoder = f.transcoder,
                          .skip = f.skip,
                          .k = f.architecture == SAE_TOPK ? K : 0,
                          .d_in = D,
                          .d_sae = F,
                          .d_out = f.transcoder ? O : D,
                          .apply_b_dec_to_input = f.apply_b_dec,
                          .prepend_bos = true,
                          .hook = "blocks.1.hook_resid_post",
                          .model = "test"}};
    rng r = rng_stream(7, "test_sae");
    fill(d.w_enc_DF, D * F, &r, 0.5);
    fill(d.b_enc_F, F, &r, 0.3);
    fill(d.w_dec_FO, F * D, &r, 0.5);
    fill(d.b_dec_O, D, &r, 0.5);
    fill(d.threshold_F, F, &r, 0.5); /* some negative: relu still holds */
    fill(d.w_skip_OD, O * D, &r, 0.5);
    fill(d.x_ND, N * D, &r, 2);
    return d;
}

static sae *make(backend *be, const definition *d)
{
    sae_weights w = {.w_enc_DF = d->w_enc_DF,
                     .b_enc_F = d->b_enc_F,
                     .w_dec_FO = d->w_dec_FO,
                     .b_dec_O = d->b_dec_O,
                     .threshold_F = d->c.architecture == SAE_JUMPRELU ? d->threshold_F : NULL,
                     .w_skip_OD = d->c.skip ? d->w_skip_OD : NULL};
    sae *s;
    err e = {0};
    if (sae_new(&s, be, &d->c, &w, &e))
        fail_msg("%s", e.text);
    return s;
}

/* What a pre-activation must be above: its threshold, or the value after the k-th. */
static double edge(const definition *d, const double pre_F[F], int f)
{
    if (d->c.architecture == SAE_JUMPRELU)
        return fmax((double)d->threshold_F[f], 0);
    if (d->c.architecture == SAE_STANDARD)
        return 0;
    double sorted[F];
    memcpy(sorted, pre_F, sizeof sorted);
    for (int i = 0; i <= K; i++)
        for (int j = i + 1; j < F; j++)
            if (sorted[j] > sorted[i]) {
                double larger = sorted[j];
                sorted[j] = sorted[i];
                sorted[i] = larger;
            }
    return fmax(sorted[K], 0);
}

/* One row by the formulas of SAELens, in double. */
static void define_row(double pre_F[F], double f_F[F], double y_O[D], const definition *d,
                       const float *x_D)
{
    double mean = 0, squares = 0, in_D[D];
    int n_out = d->c.d_out;
    for (int i = 0; i < D; i++)
        mean += d->c.normalization == SAE_NORMALIZE_LAYER_NORM ? (double)x_D[i] / D : 0;
    for (int i = 0; i < D; i++)
        squares += ((double)x_D[i] - mean) * ((double)x_D[i] - mean);
    double in_scale = 1, out_scale = 1;
    if (d->c.normalization == SAE_NORMALIZE_NORM) {
        in_scale = sqrt(D) / sqrt(squares);
        out_scale = 1 / in_scale;
    } else if (d->c.normalization == SAE_NORMALIZE_LAYER_NORM) {
        out_scale = sqrt(squares / (D - 1));
        in_scale = 1 / (out_scale + 1e-5);
    }
    for (int i = 0; i < D; i++)
        in_D[i] = ((double)x_D[i] - mean) * in_scale -
                  (d->c.apply_b_dec_to_input ? (double)d->b_dec_O[i] : 0);
    for (int f = 0; f < F; f++) {
        pre_F[f] = (double)d->b_enc_F[f];
        for (int i = 0; i < D; i++)
            pre_F[f] += in_D[i] * (double)d->w_enc_DF[i * F + f];
    }
    for (int i = 0; i < n_out; i++)
        y_O[i] = (double)d->b_dec_O[i];
    for (int f = 0; f < F; f++) {
        f_F[f] = pre_F[f] > edge(d, pre_F, f) ? pre_F[f] : 0;
        for (int i = 0; i < n_out; i++)
            y_O[i] += f_F[f] * (double)d->w_dec_FO[f * n_out + i];
    }
    for (int i = 0; i < n_out; i++) {
        if (!d->c.transcoder)
            y_O[i] = y_O[i] * out_scale + mean;
        for (int j = 0; d->c.skip && j < D; j++)
            y_O[i] += (double)x_D[j] * (double)d->w_skip_OD[i * D + j];
    }
}

static void check_close(float got, double expected, const char *what, size_t i)
{
    if (fabs((double)got - expected) > 2e-5 * (1 + fabs(expected)))
        fail_msg("%s[%zu] is %.9g, expected %.9g", what, i, (double)got, expected);
}

static void test_encode_decode(void **state)
{
    (void)state;
    backend *be = backend_ref();
    for (size_t k = 0; k < COUNT_OF(cases); k++) {
        definition d = definition_make(cases[k]);
        sae *s = make(be, &d);
        int n_out = d.c.d_out;
        err e = {0};
        static float pre_NF[N * F], f_NF[N * F], y_ND[N * D], again_ND[N * D];
        sae_preactivations(pre_NF, s, d.x_ND, N);
        sae_encode(f_NF, s, d.x_ND, N);
        sae_decode(y_ND, s, f_NF, d.x_ND, N);
        assert_int_equal(sae_reconstruct(again_ND, s, d.x_ND, N, &e), OK);
        assert_memory_equal(y_ND, again_ND, (size_t)(N * n_out) * sizeof *y_ND);
        for (int n = 0; n < N; n++) {
            double pre_F[F], f_F[F], y_D[D];
            define_row(pre_F, f_F, y_D, &d, ROW(d.x_ND, n, D));
            for (int f = 0; f < F; f++) {
                check_close(ROW(pre_NF, n, F)[f], pre_F[f], "pre", (size_t)(n * F + f));
                check_close(ROW(f_NF, n, F)[f], f_F[f], "f", (size_t)(n * F + f));
            }
            for (int i = 0; i < n_out; i++)
                check_close(ROW(y_ND, n, n_out)[i], y_D[i], "y", (size_t)(n * n_out + i));
        }
        sae_free(s);
    }
    backend_free(be);
}

/* More rows than the SAE works on at a time: every block gets its own rows. */
static void check_many_rows(form kind)
{
    enum { MANY = 1024 + 300 };
    backend *be = backend_ref();
    definition d = definition_make(kind);
    sae *s = make(be, &d);
    sae_columns *c;
    err e = {0};
    int features[] = {5, F - 1};
    assert_int_equal(sae_columns_new(&c, s, features, 2, &e), OK);
    float *x_ND = mem_small(MANY * D, sizeof *x_ND), *f_NF = mem_small(MANY * F, sizeof *f_NF);
    float *pre_NC = mem_small(MANY * 2, sizeof *pre_NC), *f_NC = mem_small(MANY * 2, sizeof *f_NC);
    float *one_N = mem_small(MANY, sizeof *one_N);
    int32_t *which_N = mem_small(MANY, sizeof *which_N);
    rng r = rng_stream(8, "test_sae rows");
    fill(x_ND, MANY * D, &r, 1);
    for (int n = 0; n < MANY; n++)
        which_N[n] = n % 2;
    sae_encode(f_NF, s, x_ND, MANY);
    sae_encode_columns(f_NC, pre_NC, c, x_ND, MANY);
    sae_encode_targets(one_N, NULL, c, which_N, x_ND, MANY);
    for (int n = 0; n < MANY; n += 101) {
        double pre_F[F], f_F[F], y_D[D];
        define_row(pre_F, f_F, y_D, &d, ROW(x_ND, n, D));
        for (int f = 0; f < F; f++)
            check_close(ROW(f_NF, n, F)[f], f_F[f], "f", (size_t)n);
        check_close(ROW(pre_NC, n, 2)[1], pre_F[F - 1], "pre", (size_t)n);
        check_close(ROW(f_NC, n, 2)[1], f_F[F - 1], "f of a column", (size_t)n);
        check_close(one_N[n], f_F[features[n % 2]], "target", (size_t)n);
    }
    mem_free(which_N);
    mem_free(one_N);
    mem_free(f_NC);
    mem_free(pre_NC);
    mem_free(f_NF);
    mem_free(x_ND);
    sae_columns_free(c);
    sae_free(s);
    backend_free(be);
}

static void test_many_rows(void **state)
{
    (void)state;
    check_many_rows((form){
        .architecture = SAE_JUMPRELU, .normalization = SAE_NORMALIZE_NORM, .apply_b_dec = true});
    check_many_rows((form){.architecture = SAE_TOPK, .apply_b_dec = true});
}

/* sum over rows of weight * pre (or f), in double. */
static double weighted(const definition *d, const float *x_ND, const float *weight_NF, bool active)
{
    double sum = 0;
    for (int n = 0; n < N; n++) {
        double pre_F[F], f_F[F], y_D[D];
        define_row(pre_F, f_F, y_D, d, ROW(x_ND, n, D));
        for (int f = 0; f < F; f++)
            sum += (double)ROW(weight_NF, n, F)[f] * (active ? f_F[f] : pre_F[f]);
    }
    return sum;
}

/* Central differences of the definition; a step small enough that no threshold is crossed. */
static void check_gradient(const definition *d, const float *d_x_ND, const float *weight_NF,
                           bool active)
{
    for (int i = 0; i < N * D; i++) {
        float x_ND[N * D];
        memcpy(x_ND, d->x_ND, sizeof x_ND);
        const float step = 0x1p-9f;
        x_ND[i] = d->x_ND[i] + step;
        double up = weighted(d, x_ND, weight_NF, active);
        x_ND[i] = d->x_ND[i] - step;
        double down = weighted(d, x_ND, weight_NF, active);
        double expected = (up - down) / (2 * (double)step);
        if (fabs((double)d_x_ND[i] - expected) > 2e-3 * (1 + fabs(expected)))
            fail_msg("d_x[%d] is %.7g, expected %.7g", i, (double)d_x_ND[i], expected);
    }
}

static void test_gradients(void **state)
{
    (void)state;
    backend *be = backend_ref();
    for (size_t k = 0; k < COUNT_OF(cases); k++) {
        definition d = definition_make(cases[k]);
        sae *s = make(be, &d);
        sae_columns *c;
        err e = {0};
        int features[] = {3, 17, 3, 39}; /* one of them twice */
        assert_int_equal(sae_columns_new(&c, s, features, 4, &e), OK);
        assert_int_equal(sae_columns_count(c), 4);
        static float f_NF[N * F], d_f_NF[N * F], weight_NF[N * F], d_x_ND[N * D];
        float d_pre_NC[N * 4];
        rng r = rng_stream(9, "test_sae gradient");

        /* All features. Pre-activations within the step of what decides about them would spoil the
         * differences: those get weight 0. */
        fill(weight_NF, N * F, &r, 1);
        for (int n = 0; n < N; n++) {
            double pre_F[F], f_F[F], y_D[D];
            define_row(pre_F, f_F, y_D, &d, ROW(d.x_ND, n, D));
            for (int f = 0; f < F; f++) {
                double margin = pre_F[f] - edge(&d, pre_F, f);
                if (fabs(margin) < 0.03 || (d.c.k && fabs(margin) < 0.1))
                    ROW(weight_NF, n, F)[f] = 0;
            }
        }
        sae_encode(f_NF, s, d.x_ND, N);
        memcpy(d_f_NF, weight_NF, sizeof d_f_NF);
        sae_encode_backward(d_x_ND, s, d_f_NF, f_NF, d.x_ND, N);
        check_gradient(&d, d_x_ND, weight_NF, true);

        /* Chosen columns: the duplicate's gradients add up. */
        fill(d_pre_NC, N * 4, &r, 1);
        memset(weight_NF, 0, sizeof weight_NF);
        for (int n = 0; n < N; n++)
            for (int i = 0; i < 4; i++)
                ROW(weight_NF, n, F)[features[i]] += ROW(d_pre_NC, n, 4)[i];
        sae_backward_columns(d_x_ND, c, d_pre_NC, d.x_ND, N);
        check_gradient(&d, d_x_ND, weight_NF, false);

        /* One column per row. */
        int32_t which_N[N];
        float d_pre_N[N];
        memset(weight_NF, 0, sizeof weight_NF);
        for (int n = 0; n < N; n++) {
            which_N[n] = (n * 3) % 4;
            d_pre_N[n] = (float)rng_normal(&r);
            ROW(weight_NF, n, F)[features[which_N[n]]] = d_pre_N[n];
        }
        sae_backward_targets(d_x_ND, c, which_N, d_pre_N, d.x_ND, N);
        check_gradient(&d, d_x_ND, weight_NF, false);
        sae_columns_free(c);
        sae_free(s);
    }
    backend_free(be);
}

static void test_columns_are_columns(void **state)
{
    (void)state;
    backend *be = backend_ref();
    definition d = definition_make((form){.architecture = SAE_JUMPRELU, .apply_b_dec = true});
    sae *s = make(be, &d);
    sae_columns *c;
    err e = {0};
    int features[] = {0, F - 1, 20}, bad[] = {0, F};
    assert_int_equal(sae_columns_new(&c, s, features, 3, &e), OK);
    float f_NF[N * F], f_NC[N * 3], pre_NC[N * 3], f_N[N], pre_N[N];
    int32_t which_N[N];
    for (int n = 0; n < N; n++)
        which_N[n] = n % 3;
    sae_encode(f_NF, s, d.x_ND, N);
    sae_encode_columns(f_NC, pre_NC, c, d.x_ND, N);
    sae_encode_targets(f_N, pre_N, c, which_N, d.x_ND, N);
    for (int n = 0; n < N; n++)
        for (int i = 0; i < 3; i++) {
            check_close(ROW(f_NC, n, 3)[i], (double)ROW(f_NF, n, F)[features[i]], "f", (size_t)n);
            if (which_N[n] == i) {
                check_close(f_N[n], (double)ROW(f_NC, n, 3)[i], "target f", (size_t)n);
                check_close(pre_N[n], (double)ROW(pre_NC, n, 3)[i], "target pre", (size_t)n);
            }
        }
    float row_D[D];
    sae_decoder_row(row_D, s, F - 1);
    assert_memory_equal(row_D, ROW(d.w_dec_FO, F - 1, D), sizeof row_D);
    sae_columns_free(c);
    assert_int_equal(sae_columns_new(&c, s, bad, 2, &e), E_DATA);
    assert_non_null(strstr(e.text, "feature 40"));
    assert_null(c);
    sae_free(s);
    backend_free(be);
}

/* A row of zeros has no norm to divide by: it must not turn into NaN. */
static void test_zero_row(void **state)
{
    (void)state;
    backend *be = backend_ref();
    for (int kind = SAE_NORMALIZE_NORM; kind <= SAE_NORMALIZE_LAYER_NORM; kind++) {
        definition d =
            definition_make((form){.normalization = (sae_normalization)kind, .apply_b_dec = true});
        sae *s = make(be, &d);
        float x_D[D] = {0}, f_F[F], d_f_F[F], y_D[D], d_x_D[D];
        sae_encode(f_F, s, x_D, 1);
        sae_decode(y_D, s, f_F, x_D, 1);
        for (int f = 0; f < F; f++)
            d_f_F[f] = 1;
        sae_encode_backward(d_x_D, s, d_f_F, f_F, x_D, 1);
        for (int i = 0; i < D; i++)
            assert_true(isfinite(y_D[i]) && isfinite(d_x_D[i]));
        sae_free(s);
    }
    backend_free(be);
}

/* Equal values at the k-th place: the smaller numbers are kept, and all ways to ask agree. */
static void test_top_k_ties(void **state)
{
    (void)state;
    backend *be = backend_ref();
    definition d = definition_make((form){.architecture = SAE_TOPK});
    for (int i = 0; i < D * F; i++)
        d.w_enc_DF[i] = 0.25f; /* every feature sees the same */
    for (int f = 0; f < F; f++)
        d.b_enc_F[f] = f == F - 1 ? 2 : 1;
    sae *s = make(be, &d);
    sae_columns *c;
    err e = {0};
    int features[] = {F - 1, K - 2, K - 1, 0};
    const float expected[] = {2, 1, 0, 1};
    float x_ND[4 * D] = {0}, f_NF[4 * F], f_NC[16], f_N[4];
    int32_t which_N[] = {0, 1, 2, 3};
    assert_int_equal(sae_columns_new(&c, s, features, 4, &e), OK);
    sae_encode(f_NF, s, x_ND, 4);
    sae_encode_columns(f_NC, NULL, c, x_ND, 4);
    sae_encode_targets(f_N, NULL, c, which_N, x_ND, 4);
    for (int i = 0; i < 4; i++) {
        assert_true(ROW(f_NF, i, F)[features[i]] == expected[i]);
        assert_true(ROW(f_NC, i, 4)[i] == expected[i]);
        assert_true(f_N[i] == expected[i]);
    }
    sae_columns_free(c);
    sae_free(s);
    backend_free(be);
}

/* Parts that do not fit each other are refused before anything is read. */
static void test_impossible_forms(void **state)
{
    (void)state;
    static const struct {
        sae_config c;
        const char *says;
    } bad[] = {
        {{.d_in = 4, .d_sae = 6, .k = 2}, "k is 2"}, /* k belongs to top-k */
        {{.architecture = SAE_TOPK, .d_in = 4, .d_sae = 6}, "k is 0"},
        {{.architecture = SAE_TOPK, .d_in = 4, .d_sae = 6, .k = 7}, "k is 7"},
        {{.d_in = 4, .d_sae = 6, .d_out = 5}, "d_out is 5"},
        {{.d_in = 4, .d_sae = 6, .skip = true}, "skip"},
        {{.transcoder = true, .d_in = 4, .d_sae = 6, .apply_b_dec_to_input = true},
         "apply_b_dec_to_input"},
        {{.d_in = 0, .d_sae = 6}, "d_in is 0"},
        {{.d_in = 4, .d_sae = -1}, "d_sae is -1"},
    };
    backend *be = backend_ref();
    static const float zeros[64];
    sae_weights w = {zeros, zeros, zeros, zeros, NULL, NULL};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        sae *s;
        err e = {0};
        assert_int_equal(sae_new(&s, be, &bad[i].c, &w, &e), E_CONFIG);
        assert_null(s);
        if (!strstr(e.text, bad[i].says))
            fail_msg("row %zu: %s", i, e.text);
    }
    backend_free(be);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encode_decode),    cmocka_unit_test(test_many_rows),
        cmocka_unit_test(test_gradients),        cmocka_unit_test(test_columns_are_columns),
        cmocka_unit_test(test_zero_row),         cmocka_unit_test(test_top_k_ties),
        cmocka_unit_test(test_impossible_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
