/* The searched value and its gradient against each SAE's own formulas in double: the SAEs are read
 * from files, so what loading folds into the weights is part of what is compared. */
#include "test.h"

#include "base/io.h"
#include "base/memory.h"
#include "base/rng.h"
#include "data/safetensors.h"
#include "invert/objective.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { D = 12, F = 40, K = 5, N = 9 };

typedef struct form {
    const char *architecture;
    sae_normalization normalization;
    bool apply_b_dec, rescale;
} form;

static const form cases[] = {
    {"standard", SAE_NORMALIZE_NONE, false, false},
    {"standard", SAE_NORMALIZE_NORM, true, false},
    {"jumprelu", SAE_NORMALIZE_NONE, true, false},
    {"jumprelu", SAE_NORMALIZE_LAYER_NORM, false, false},
    {"gated", SAE_NORMALIZE_NONE, true, false},
    {"gated", SAE_NORMALIZE_LAYER_NORM, true, false},
    {"topk", SAE_NORMALIZE_NONE, true, false},
    {"topk", SAE_NORMALIZE_NONE, true, true},
    {"topk", SAE_NORMALIZE_NORM, false, true},
    {"topk", SAE_NORMALIZE_LAYER_NORM, true, false},
};

/* Weights as files hold them. */
typedef struct raw {
    form form;
    float w_enc_DF[D * F], b_enc_F[F], w_dec_FD[F * D], b_dec_D[D], threshold_F[F], r_mag_F[F];
    float x_ND[N * D];
} raw;

static void fill(float *x, size_t n, rng *r, double scale)
{
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(scale * rng_normal(r));
}

static bool is(const raw *w, const char *architecture)
{
    return !strcmp(w->form.architecture, architecture);
}

static raw make_raw(form f)
{
    raw w = {.form = f};
    rng r = rng_stream(3, "test_objective");
    fill(w.w_enc_DF, D * F, &r, 0.5);
    fill(w.b_enc_F, F, &r, 0.3); /* gated: b_mag */
    fill(w.w_dec_FD, F * D, &r, 0.5);
    fill(w.b_dec_D, D, &r, 0.5);
    fill(w.threshold_F, F, &r, 0.5); /* gated: b_gate */
    fill(w.r_mag_F, F, &r, 0.3);
    fill(w.x_ND, N * D, &r, 2);
    return w;
}

static void write_files(const raw *w, const char *dir, arena *paths)
{
    static const char *const normalizations[] = {"none", "constant_norm_rescale", "layer_norm"};
    bool gated = is(w, "gated"), jumprelu = is(w, "jumprelu");
    str text = {0};
    err e = {0};
    str_addf(&text,
             "{\"architecture\":\"%s\",\"d_in\":%d,\"d_sae\":%d,\"apply_b_dec_to_input\":%s,"
             "\"normalize_activations\":\"%s\",\"rescale_acts_by_decoder_norm\":%s,"
             "\"hook_name\":\"blocks.1.hook_resid_post\"",
             w->form.architecture, D, F, w->form.apply_b_dec ? "true" : "false",
             normalizations[w->form.normalization], w->form.rescale ? "true" : "false");
    if (is(w, "topk"))
        str_addf(&text, ",\"k\":%d", K);
    str_add(&text, "}");
    assert_int_equal(io_write(path_join(paths, dir, "cfg.json"), text.data, text.len, &e), OK);
    tensor_entry entries[6] = {
        {"W_enc", DTYPE_F32, 2, {D, F}, w->w_enc_DF},
        {"W_dec", DTYPE_F32, 2, {F, D}, w->w_dec_FD},
        {"b_dec", DTYPE_F32, 1, {D}, w->b_dec_D},
        {gated ? "b_mag" : "b_enc", DTYPE_F32, 1, {F}, w->b_enc_F},
        {gated ? "b_gate" : "threshold", DTYPE_F32, 1, {F}, w->threshold_F},
        {"r_mag", DTYPE_F32, 1, {F}, w->r_mag_F},
    };
    assert_int_equal(safetensors_write(path_join(paths, dir, "sae_weights.safetensors"), entries,
                                       gated ? 6 : 4 + jumprelu, NULL, 0, &e),
                     OK);
    str_release(&text);
}

static sae *load(const raw *w, backend *be)
{
    char dir[] = "/tmp/test_objective.XXXXXX";
    arena paths = {0};
    err e = {0};
    sae *s;
    assert_non_null(mkdtemp(dir));
    write_files(w, dir, &paths);
    files f = files_from_dir(dir);
    if (sae_load(&s, be, &f, NULL, &e))
        fail_msg("%s: %s", w->form.architecture, e.text);
    io_remove_tree(dir, &e);
    arena_release(&paths);
    return s;
}

/* ---- the definition ----------------------------------------------------------------------------
 */

static void define_input(double in_D[D], const raw *w, const double x_D[D])
{
    bool centred = w->form.normalization == SAE_NORMALIZE_LAYER_NORM;
    double mean = 0, squares = 0, scale = 1;
    for (int d = 0; d < D; d++)
        mean += centred ? x_D[d] / D : 0;
    for (int d = 0; d < D; d++)
        squares += (x_D[d] - mean) * (x_D[d] - mean);
    if (centred)
        scale = 1 / (sqrt(squares / (D - 1)) + 1e-5);
    else if (w->form.normalization == SAE_NORMALIZE_NORM)
        scale = sqrt(D / squares);
    for (int d = 0; d < D; d++)
        in_D[d] = (x_D[d] - mean) * scale - (w->form.apply_b_dec ? (double)w->b_dec_D[d] : 0);
}

/* What grows into the activation, before anything is cut off. */
static double define_z(const raw *w, const double in_D[D], int f)
{
    double u = 0, squares = 0;
    for (int d = 0; d < D; d++) {
        u += in_D[d] * (double)w->w_enc_DF[d * F + f];
        squares += pow((double)w->w_dec_FD[f * D + d], 2);
    }
    if (is(w, "gated"))
        return u * exp((double)w->r_mag_F[f]) + (double)w->b_enc_F[f];
    return (u + (double)w->b_enc_F[f]) * (w->form.rescale ? sqrt(squares) : 1);
}

static int descending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

typedef struct defined {
    double value, z, f;
} defined;

static defined define(const raw *w, const double x_D[D], int feature, double scale)
{
    double in_D[D], others[F], t = scale / 20;
    int n = 0;
    define_input(in_D, w, x_D);
    double z = define_z(w, in_D, feature), u = 0;
    defined out = {z, z, z > 0 ? z : 0};
    for (int d = 0; d < D; d++)
        u += in_D[d] * (double)w->w_enc_DF[d * F + feature];
    if (is(w, "jumprelu") && z <= (double)w->threshold_F[feature])
        out.f = 0;
    if (is(w, "gated") && u + (double)w->threshold_F[feature] <= 0)
        out.f = 0;
    if (!is(w, "topk"))
        return out;
    for (int f = 0; f < F; f++)
        if (f != feature)
            others[n++] = define_z(w, in_D, f);
    qsort(others, (size_t)n, sizeof *others, descending);
    out.value = z - t * log1p(exp((others[K - 1] - z) / t));
    out.f = z > others[K - 1] ? out.f : 0;
    return out;
}

/* ---- tests -------------------------------------------------------------------------------------
 */

static const int features[] = {3, 17, 3, 39, 8}; /* one of them twice */
static const double scales[] = {3, 2, 6, 4, 5};

static void make_which(int32_t which_N[N])
{
    for (int n = 0; n < N; n++)
        which_N[n] = n * 3 % 5;
}

static void check_close(double got, double want, double tolerance, const char *what, size_t c)
{
    if (!(fabs(got - want) <= tolerance * (1 + fabs(want))))
        fail_msg("case %zu (%s): %s is %.9g, expected %.9g", c, cases[c].architecture, what, got,
                 want);
}

static void values_are_the_definition(void **state)
{
    (void)state;
    static const char *const backends[] = {"ref", "cpu"};
    int silent = 0, lost = 0;
    for (size_t c = 0; c < 2 * COUNT_OF(cases); c++) {
        raw w = make_raw(cases[c / 2]);
        err e = {0};
        backend *be;
        assert_int_equal(backend_open(&be, backends[c % 2], NULL, &e), OK);
        sae *s = load(&w, be);
        objective *o;
        int32_t which_N[N];
        float value_N[N], z_N[N], f_N[N], alone_N[N];
        make_which(which_N);
        assert_int_equal(objective_new(&o, s, features, scales, 5, &e), OK);
        assert_int_equal(objective_values(value_N, z_N, f_N, o, which_N, w.x_ND, N, &e), OK);
        for (int n = 0; n < N; n++) {
            double x_D[D];
            for (int d = 0; d < D; d++)
                x_D[d] = (double)w.x_ND[n * D + d];
            defined want = define(&w, x_D, features[which_N[n]], scales[which_N[n]]);
            check_close((double)value_N[n], want.value, 1e-5, "value", c / 2);
            check_close((double)z_N[n], want.z, 1e-5, "pre-activation", c / 2);
            check_close((double)f_N[n], want.f, 1e-5, "activation", c / 2);
            silent += want.f == 0;
            lost += want.f == 0 && want.z > 0;
        }
        assert_int_equal(objective_values(alone_N, NULL, NULL, o, which_N, w.x_ND, N, &e), OK);
        assert_memory_equal(alone_N, value_N, sizeof value_N);
        objective_free(o);
        sae_free(s);
        backend_free(be);
    }
    assert_true(silent > N && lost > N / 2); /* the cases met both sides of every edge */
}

/* Along a random direction, by central differences of the definition. */
static void gradients_are_the_slopes(void **state)
{
    (void)state;
    backend *be = backend_ref();
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        raw w = make_raw(cases[c]);
        sae *s = load(&w, be);
        objective *o;
        err e = {0};
        int32_t which_N[N];
        float value_N[N], f_N[N], weight_N[N], d_x_ND[N * D];
        rng r = rng_stream(4, "test_objective direction");
        make_which(which_N);
        for (int n = 0; n < N; n++)
            weight_N[n] = (float)(n % 2 ? 1.5 : -0.5);
        assert_int_equal(objective_new(&o, s, features, scales, 5, &e), OK);
        assert_int_equal(objective_values(value_N, NULL, f_N, o, which_N, w.x_ND, N, &e), OK);
        assert_int_equal(objective_backward(d_x_ND, o, which_N, weight_N, w.x_ND, N, &e), OK);
        int silent = 0;
        for (int n = 0; n < N; n++) {
            const double h = 1e-5;
            double up_D[D], down_D[D], slope = 0, size = 0;
            for (int d = 0; d < D; d++) {
                double x = (double)w.x_ND[n * D + d], step = rng_normal(&r);
                up_D[d] = x + h * step;
                down_D[d] = x - h * step;
                slope += step * (double)d_x_ND[n * D + d];
                size += pow((double)d_x_ND[n * D + d], 2);
            }
            int feature = features[which_N[n]];
            double scale = scales[which_N[n]];
            double want = (double)weight_N[n] *
                          (define(&w, up_D, feature, scale).value -
                           define(&w, down_D, feature, scale).value) /
                          (2 * h);
            check_close(slope, want, 1e-5, "slope", c);
            assert_true(size > 1e-4); /* silent ones too */
            silent += f_N[n] == 0;
        }
        assert_true(silent > 0);
        objective_free(o);
        sae_free(s);
    }
    backend_free(be);
}

/* A top-k SAE of the identity: pre-activations are the row itself. */
static sae *make_identity(backend *be, int k)
{
    static float eye[F * F], zeros[F];
    for (int f = 0; f < F; f++)
        eye[f * F + f] = 1;
    sae_config c = {.architecture = SAE_TOPK, .d_in = F, .d_sae = F, .k = k, .hook = "hook_embed"};
    sae_weights w = {eye, zeros, eye, zeros, NULL, NULL};
    sae *s;
    err e = {0};
    if (sae_new(&s, be, &c, &w, &e))
        fail_msg("%s", e.text);
    return s;
}

/* The one other feature whose column the gradient goes down; -1: none. */
static int rival_of(const float *d_x_F, int feature)
{
    int found = -1;
    for (int f = 0; f < F; f++)
        if (f != feature && d_x_F[f] != 0) {
            assert_int_equal(found, -1);
            assert_true(d_x_F[f] < 0);
            found = f;
        }
    return found;
}

/* Equal pre-activations: value and rival do not depend on who is kept, and who is kept is what the
 * SAE keeps. */
static void ties_at_the_last_place(void **state)
{
    (void)state;
    backend *be = backend_ref();
    sae *s = make_identity(be, 2);
    objective *o;
    err e = {0};
    const int list[] = {4, 5, 6, 7};
    const double scale[] = {1, 1, 1, 1};
    static float x_ND[5 * F], d_x_ND[5 * F], f_NF[5 * F];
    const float ones[] = {1, 1, 1, 1, 1};
    const int32_t which_N[] = {0, 1, 2, 3, 3};
    float value_N[5], f_N[5];
    for (int n = 0; n < 5; n++) {
        for (int f = 0; f < F; f++)
            ROW(x_ND, n, F)[f] = f >= 4 && f <= 6 ? 1 : -1; /* three for two places */
        ROW(x_ND, n, F)[7] = n == 4 ? 2 : 0.5f;
    }
    assert_int_equal(objective_new(&o, s, list, scale, 4, &e), OK);
    assert_int_equal(objective_values(value_N, NULL, f_N, o, which_N, x_ND, 5, &e), OK);
    assert_int_equal(objective_backward(d_x_ND, o, which_N, ones, x_ND, 5, &e), OK);
    sae_encode(f_NF, s, x_ND, 5);
    const int rivals[] = {6, 6, 5, 5, 5};
    for (int n = 0; n < 5; n++) {
        int feature = list[which_N[n]];
        assert_true(f_N[n] == ROW(f_NF, n, F)[feature]);
        assert_int_equal(rival_of(ROW(d_x_ND, n, F), feature), rivals[n]);
        if (n < 3) /* z - t log 2, and half the slope goes to each side */
            assert_true(fabs((double)value_N[n] - (1 - 0.05 * log(2))) < 1e-6 &&
                        fabsf(ROW(d_x_ND, n, F)[feature] - 1.5f) < 1e-6f);
    }
    assert_true(f_N[0] > 0 && f_N[1] > 0 && f_N[2] == 0);
    assert_true(fabsf(value_N[3] - 0.0f) < 1e-4f); /* far out: 2 z - rival */
    assert_true(fabsf(value_N[4] - 2.0f) < 1e-6f); /* kept with ease: z */
    objective_free(o);
    sae_free(s);
    backend_free(be);
}

/* With room for all there is no rival and the value is z. */
static void room_for_all(void **state)
{
    (void)state;
    backend *be = backend_ref();
    sae *s = make_identity(be, F);
    objective *o;
    err e = {0};
    const double one = 1;
    const int feature = 9;
    const int32_t which = 0;
    float x_F[F], d_x_F[F], value, f, weight = 3;
    for (int i = 0; i < F; i++)
        x_F[i] = i == feature ? -0.25f : 1;
    assert_int_equal(objective_new(&o, s, &feature, &one, 1, &e), OK);
    assert_int_equal(objective_values(&value, NULL, &f, o, &which, x_F, 1, &e), OK);
    assert_int_equal(objective_backward(d_x_F, o, &which, &weight, x_F, 1, &e), OK);
    assert_true(value == -0.25f && f == 0 && d_x_F[feature] == 3);
    assert_int_equal(rival_of(d_x_F, feature), -1);
    objective_free(o);
    sae_free(s);
    backend_free(be);
}

/* More rows than a block holds: each has its own rival. */
static void many_rows(void **state)
{
    (void)state;
    enum { MANY = 512 + 37 };
    for (size_t c = 0; c < COUNT_OF(cases); c += 3) {
        raw w = make_raw(cases[c]);
        backend *be = backend_ref();
        sae *s = load(&w, be);
        objective *many, *one;
        err e = {0};
        float *x_ND = mem_small(MANY * D, sizeof *x_ND),
              *d_x_ND = mem_small(MANY * D, sizeof(float));
        float *value_N = mem_small(MANY, sizeof(float)), *weight_N = mem_small(MANY, sizeof(float));
        int32_t *which_N = mem_small(MANY, sizeof *which_N);
        rng r = rng_stream(5, "test_objective rows");
        fill(x_ND, MANY * D, &r, 2);
        fill(weight_N, MANY, &r, 1);
        for (int n = 0; n < MANY; n++)
            which_N[n] = n % 5;
        assert_int_equal(objective_new(&many, s, features, scales, 5, &e), OK);
        assert_int_equal(objective_new(&one, s, features, scales, 5, &e), OK);
        assert_int_equal(objective_values(value_N, NULL, NULL, many, which_N, x_ND, MANY, &e), OK);
        assert_int_equal(objective_backward(d_x_ND, many, which_N, weight_N, x_ND, MANY, &e), OK);
        for (int n = 0; n < MANY; n++) {
            float value, d_x_D[D];
            const float *x_D = x_ND + n * D;
            assert_int_equal(objective_values(&value, NULL, NULL, one, &which_N[n], x_D, 1, &e),
                             OK);
            assert_int_equal(objective_backward(d_x_D, one, &which_N[n], &weight_N[n], x_D, 1, &e),
                             OK);
            assert_true(value == value_N[n]);
            assert_memory_equal(d_x_D, d_x_ND + n * D, sizeof d_x_D);
        }
        float *arrays[] = {x_ND, d_x_ND, value_N, weight_N};
        for (size_t i = 0; i < COUNT_OF(arrays); i++)
            mem_free(arrays[i]);
        mem_free(which_N);
        objective_free(one);
        objective_free(many);
        sae_free(s);
        backend_free(be);
    }
}

static void what_does_not_fit(void **state)
{
    (void)state;
    backend *be = backend_ref();
    raw w = make_raw(cases[0]), top = make_raw(cases[6]);
    sae *s = load(&w, be), *t = load(&top, be);
    objective *o;
    err e = {0};
    const int bad[] = {0, F};
    int32_t which_N[N];
    float value_N[N], d_x_ND[N * D];
    make_which(which_N);
    assert_int_equal(objective_new(&o, s, bad, scales, 2, &e), E_DATA);
    assert_null(o);
    assert_int_equal(objective_new(&o, s, features, scales, 5, &e), OK);
    assert_int_equal(objective_backward(d_x_ND, o, which_N, value_N, w.x_ND, N, &e), E_SHAPE);
    assert_int_equal(objective_values(value_N, NULL, NULL, o, which_N, w.x_ND, N, &e), OK);
    assert_int_equal(objective_backward(d_x_ND, o, which_N, value_N, w.x_ND, N - 1, &e), E_SHAPE);
    assert_int_equal(objective_values(value_N, NULL, NULL, o, which_N, w.x_ND, 0, &e), OK);
    assert_true(objective_flops(o) == 2 * D);
    objective_free(o);
    assert_int_equal(objective_new(&o, t, features, scales, 5, &e), OK);
    assert_true(objective_flops(o) == 2 * D * F);
    objective_free(o);
    objective_free(NULL);
    sae_free(t);
    sae_free(s);
    backend_free(be);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_the_definition),
        cmocka_unit_test(gradients_are_the_slopes),
        cmocka_unit_test(ties_at_the_last_place),
        cmocka_unit_test(room_for_all),
        cmocka_unit_test(many_rows),
        cmocka_unit_test(what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
