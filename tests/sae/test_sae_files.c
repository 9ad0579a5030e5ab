/* SAELens folders: both generations of cfg.json, what is refused and how it is said, broken
 * weights, and a saved SAE that loads as it was. */
#include "common.h"
#include "test.h"

#include "base/io.h"
#include "base/memory.h"
#include "base/rng.h"
#include "data/safetensors.h"
#include "sae/sae.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZES "\"d_in\":4,\"d_sae\":6"
#define HOOK "\"hook_name\":\"blocks.1.hook_resid_post\""

enum { D = 4, F = 6 };

typedef struct folder {
    char dir[64];
    arena paths;
} folder;

static int set_up(void **state)
{
    folder *x = mem_small(1, sizeof *x);
    snprintf(x->dir, sizeof x->dir, "/tmp/test_sae_files.XXXXXX");
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

static float numbers[D * F];

static void write_config(folder *x, const char *architecture)
{
    str text = {0};
    err e = {0};
    str_addf(&text, "{\"architecture\":\"%s\"," SIZES "," HOOK "}", architecture);
    assert_int_equal(io_write(path_join(&x->paths, x->dir, "cfg.json"), text.data, text.len, &e),
                     OK);
    str_release(&text);
}

static const tensor_entry whole[] = {
    {"W_dec", DTYPE_F32, 2, {F, D}, numbers},  {"W_enc", DTYPE_F32, 2, {D, F}, numbers},
    {"b_dec", DTYPE_F32, 1, {D}, numbers},     {"b_enc", DTYPE_F32, 1, {F}, numbers},
    {"threshold", DTYPE_F32, 1, {F}, numbers},
};

static err_code load(folder *x, const tensor_entry *entries, int n, err *e)
{
    backend *be = backend_ref();
    sae *s;
    files f = files_from_dir(x->dir);
    const char *path = path_join(&x->paths, x->dir, "sae_weights.safetensors");
    assert_int_equal(safetensors_write(path, entries, n, NULL, 0, e), OK);
    err_code rc = sae_load(&s, be, &f, NULL, e);
    assert_int_equal(s == NULL, rc != OK);
    sae_free(s);
    backend_free(be);
    return rc;
}

static void test_broken_folders(void **state)
{
    folder *x = *state;
    err e = {0};
    write_config(x, "jumprelu");
    assert_int_equal(load(x, whole, 5, &e), OK);
    assert_int_equal(load(x, whole, 4, &e), E_FORMAT); /* jumprelu without thresholds */
    assert_non_null(strstr(e.text, "threshold"));
    write_config(x, "standard");
    assert_int_equal(load(x, whole, 4, &e), OK);
    tensor_entry wrong[5];
    memcpy(wrong, whole, sizeof wrong);
    wrong[1].shape[0] = F; /* W_enc transposed */
    wrong[1].shape[1] = D;
    assert_int_equal(load(x, wrong, 4, &e), E_SHAPE);
    assert_non_null(strstr(e.text, "W_enc"));
    float broken[D * F] = {0};
    broken[3] = NAN;
    memcpy(wrong, whole, sizeof wrong);
    wrong[2].values = broken;
    assert_int_equal(load(x, wrong, 4, &e), E_NUMERIC);
    assert_non_null(strstr(e.text, "b_dec"));
    broken[3] = INFINITY;
    assert_int_equal(load(x, wrong, 4, &e), E_NUMERIC);
}

static void test_missing_files(void **state)
{
    folder *x = *state;
    backend *be = backend_ref();
    const char *empty = path_join(&x->paths, x->dir, "empty");
    err e = {0};
    assert_int_equal(io_make_dir(empty, &e), OK);
    files f = files_from_dir(empty);
    sae *s;
    assert_int_equal(sae_load(&s, be, &f, NULL, &e), E_IO);
    assert_non_null(strstr(e.text, "cfg.json"));
    backend_free(be);
}

static void put(folder *x, const char *name, const char *text)
{
    char buf[JSON_TEXT];
    err e = {0};
    json_text(buf, text);
    assert_int_equal(io_write(path_join(&x->paths, x->dir, name), buf, strlen(buf), &e), OK);
}

#define FLAT(more) "{" PLAIN_SIZES ",'hook_point':'blocks.1.hook_resid_pre'" more "}"
#define PLAIN_SIZES "'d_in':4,'d_sae':6"

/* Config and weights each fine, but not together. The last entry is what the row adds. */
static void test_refused_together(void **state)
{
    folder *x = *state;
    static float twos[F], huge[F];
    for (int f = 0; f < F; f++) {
        twos[f] = 2;
        huge[f] = f == 3 ? 200 : 0; /* its exponential is no float */
    }
    const struct {
        const char *config, *scaler;
        tensor_entry more[3];
        int n_weights; /* of `whole`, without b_enc for gated */
        err_code code;
        const char *says;
    } refused[] = {
        {FLAT(""),
         NULL,
         {{"scaling_factor", DTYPE_F32, 1, {F}, twos}},
         4,
         E_CONFIG,
         "\"finetuning_scaling_factor\""},
        {FLAT(",'finetuning_scaling_factor':true"),
         NULL,
         {{"scaling_factor", DTYPE_F32, 1, {F}, twos}},
         4,
         OK,
         ""},
        {FLAT(""),
         NULL,
         {{"threshold", DTYPE_F32, 1, {F}, twos}},
         4,
         E_FORMAT,
         "threshold is not part of a standard SAE"},
        {FLAT(",'architecture':'gated'"),
         NULL,
         {{"b_gate", DTYPE_F32, 1, {F}, twos},
          {"b_mag", DTYPE_F32, 1, {F}, twos},
          {"r_mag", DTYPE_F32, 1, {F}, huge}},
         3,
         E_NUMERIC,
         "r_mag[3] is 200"},
        {FLAT(",'architecture':'batchtopk'"),
         NULL,
         {{"topk_threshold", DTYPE_F32, 1, {F}, twos}},
         4,
         E_SHAPE,
         "topk_threshold"},
        {FLAT(",'normalize_activations':'expected_average_only_in'"),
         "{'scaling_factor':0}",
         {{0}},
         4,
         E_CONFIG,
         "\"scaling_factor\" is 0"},
        {FLAT(",'normalize_activations':'expected_average_only_in'"),
         "{'scaling_factor':null}",
         {{0}},
         4,
         OK,
         ""},
        {FLAT(",'normalize_activations':'expected_average_only_in'"),
         "[]",
         {{0}},
         4,
         E_FORMAT,
         "activation_scaler.json"},
    };
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        tensor_entry entries[8];
        err e = {0};
        int n = refused[i].n_weights;
        memcpy(entries, whole, sizeof whole);
        for (int k = 0; k < 3 && refused[i].more[k].name; k++)
            entries[n++] = refused[i].more[k];
        put(x, "cfg.json", refused[i].config);
        if (refused[i].scaler)
            put(x, "activation_scaler.json", refused[i].scaler);
        check_refused(i, load(x, entries, n, &e), &e, refused[i].code, refused[i].says);
    }
}

static void test_round_trip(void **state)
{
    folder *x = *state;
    backend *be = backend_ref();
    sae_config c = {.architecture = SAE_JUMPRELU,
                    .normalization = SAE_NORMALIZE_LAYER_NORM,
                    .d_in = D,
                    .d_sae = F,
                    .prepend_bos = true,
                    .context = 128,
                    .hook = "blocks.0.attn.hook_z",
                    .model = "a \"model\""};
    float w_DF[D * F], w_FD[F * D], b_F[F], b_D[D], threshold_F[F], frequency_F[F], x_D[2 * D];
    rng r = rng_stream(1, "round trip");
    float *arrays[] = {w_DF, w_FD, b_F, b_D, threshold_F, x_D};
    size_t sizes[] = {D * F, F * D, F, D, F, 2 * D};
    for (size_t i = 0; i < COUNT_OF(arrays); i++)
        for (size_t j = 0; j < sizes[i]; j++)
            arrays[i][j] = (float)rng_normal(&r);
    for (int f = 0; f < F; f++)
        frequency_F[f] = f == 2 ? 0 : 0.01f * (float)f;
    sae_weights w = {w_DF, b_F, w_FD, b_D, threshold_F, NULL};
    sae *s, *again;
    err e = {0};
    assert_int_equal(sae_new(&s, be, &c, &w, &e), OK);
    assert_null(sae_log_sparsity(s));
    assert_int_equal(sae_save(s, frequency_F, x->dir, &e), OK);
    files f = files_from_dir(x->dir);
    if (sae_load(&again, be, &f, NULL, &e))
        fail_msg("%s", e.text);
    const sae_config *read = sae_describe(again);
    assert_int_equal(read->normalization, c.normalization);
    assert_false(read->apply_b_dec_to_input);
    assert_int_equal(read->context, 128);
    assert_string_equal(read->hook, c.hook);
    assert_string_equal(read->model, c.model);
    assert_true(fabs((double)sae_log_sparsity(again)[1] + 2) < 1e-5);
    assert_true(fabs((double)sae_log_sparsity(again)[2] + 10) < 1e-5); /* never fired */
    assert_memory_equal(sae_thresholds(again), threshold_F, sizeof threshold_F);
    float f_a[2 * F], f_b[2 * F], y_a[2 * D], y_b[2 * D];
    sae_encode(f_a, s, x_D, 2);
    sae_encode(f_b, again, x_D, 2);
    sae_decode(y_a, s, f_a, x_D, 2);
    sae_decode(y_b, again, f_b, x_D, 2);
    assert_memory_equal(f_a, f_b, sizeof f_a);
    assert_memory_equal(y_a, y_b, sizeof y_a);
    sae_free(again);
    sae_free(s);
    backend_free(be);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_broken_folders, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_missing_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refused_together, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_round_trip, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
