/* Targets by hand: what the list takes and refuses, and that the SAE made from it gives the values
 * that the targets mean. */
#include "test.h"

#include "base/common.h"
#include "base/io.h"
#include "base/memory.h"
#include "data/safetensors.h"
#include "pipeline/target.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { D = 8, F = 5, N = 6 };
#define HOOK "blocks.0.hook_resid_post"

/* ---- the list ---- */

static const struct {
    const char *text;
    target_item want;
} taken[] = {
    {"neuron:hook_embed:0", {TARGET_NEURON, NULL, false, "hook_embed", NULL, NULL, 0, 0}},
    {"-neuron:a.b:3-12", {TARGET_NEURON, NULL, true, "a.b", NULL, NULL, 3, 12}},
    {"neuron:a:007", {TARGET_NEURON, NULL, false, "a", NULL, NULL, 7, 7}},
    {"neuron:a:2147483647", {TARGET_NEURON, NULL, false, "a", NULL, NULL, 2147483647, 2147483647}},
    {"direction:d.npz@h", {TARGET_DIRECTION, NULL, false, "h", "d.npz", NULL, 0, 0}},
    {"-direction:a@b/d.npz:x/y:z@h",
     {TARGET_DIRECTION, NULL, true, "h", "a@b/d.npz", "x/y:z", 0, 0}},
    {"contrast:12-40", {TARGET_CONTRAST, NULL, false, NULL, NULL, NULL, 12, 40}},
    {"-contrast:12-40", {TARGET_CONTRAST, NULL, false, NULL, NULL, NULL, 40, 12}},
};

static bool same_text(const char *a, const char *b)
{
    return a && b ? !strcmp(a, b) : a == b;
}

static void items_are_taken_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(taken); i++) {
        arena a = {0};
        target_list list;
        err e = {0};
        if (target_parse(&list, taken[i].text, &a, &e))
            fail_msg("%s", e.text);
        const target_item *got = &list.items[0], *want = &taken[i].want;
        assert_int_equal(list.n, 1);
        assert_int_equal(list.n_contrasts, want->kind == TARGET_CONTRAST);
        if (got->kind != want->kind || got->negative != want->negative ||
            got->first != want->first || got->last != want->last ||
            !same_text(got->text, taken[i].text) || !same_text(got->hook, want->hook) ||
            !same_text(got->file, want->file) || !same_text(got->tensor, want->tensor))
            fail_msg("%s: %d %d %s %s %s %d %d", taken[i].text, (int)got->kind, got->negative,
                     got->hook, got->file, got->tensor, got->first, got->last);
        arena_release(&a);
    }
}

static void lists_keep_their_order(void **state)
{
    (void)state;
    arena a = {0};
    target_list list;
    err e = {0};
    assert_int_equal(target_parse(&list, "contrast:1-2, neuron:h:5,-contrast:3-4", &a, &e), OK);
    assert_int_equal(list.n, 3);
    assert_int_equal(list.n_contrasts, 2);
    assert_int_equal(list.items[1].first, 5);
    assert_int_equal(list.items[2].first, 4);
    arena_release(&a);
}

static void other_text_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      ",",
                                      "neuron:h:1,",
                                      ",neuron:h:1",
                                      "neuron",
                                      "neuron:",
                                      "neuron:h",
                                      "neuron::1",
                                      "neuron:h:",
                                      "neuron:h:-1",
                                      "neuron:h:1-",
                                      "neuron:h:3-1",
                                      "neuron:h:1-2-3",
                                      "neuron:h:1x",
                                      "neuron:h: 1",
                                      "neuron:h:+1",
                                      "neuron:h:1.5",
                                      "neuron:h:2147483648",
                                      "neuron:h:0-99999999999999999999",
                                      "neurons:h:1",
                                      "Neuron:h:1",
                                      "--neuron:h:1",
                                      "- neuron:h:1",
                                      "direction:",
                                      "direction:d.npz",
                                      "direction:d.npz@",
                                      "direction:@h",
                                      "direction::x@h",
                                      "direction:d.npz:@h",
                                      "contrast:",
                                      "contrast:1",
                                      "contrast:1-",
                                      "contrast:-1-2",
                                      "contrast:1-2x",
                                      "contrast:4-4",
                                      "contrast:1-2147483648",
                                      "12",
                                      "12-40",
                                      "blocks.0.hook_resid_post:3",
                                      "\xc3\xa9",
                                      "%s%n:1:2"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        arena a = {0};
        target_list list;
        err e = {0};
        if (target_parse(&list, bad[i], &a, &e) != E_CONFIG || !strstr(e.text, "model.target"))
            fail_msg("\"%s\" gives %d: %s", bad[i], (int)e.code, e.text);
        arena_release(&a);
    }
}

/* ---- the SAE made of it ---- */

static model_config network(void)
{
    model_config c = config_start(FAMILY_GPT_NEOX);
    c.n_layers = 2;
    c.d_model = D;
    c.n_heads = c.n_kv_heads = 2;
    c.d_head = 4;
    c.rotary = 2;
    c.d_mlp = 12;
    c.d_vocab = 101;
    c.context = 16;
    return c;
}

static void fill(float *values, int n, int seed)
{
    for (int i = 0; i < n; i++)
        values[i] = (float)((i * 37 + seed * 11) % 29 - 14) / 8.0f;
}

static sae *dictionary(backend *be, sae_normalization normalization, int k)
{
    float w_enc[D * F], w_dec[F * D], b_enc[F], b_dec[D];
    sae_config c = {.architecture = k ? SAE_TOPK : SAE_STANDARD,
                    .d_in = D,
                    .d_sae = F,
                    .k = k,
                    .normalization = normalization,
                    .apply_b_dec_to_input = true,
                    .hook = HOOK};
    sae *s;
    err e;
    fill(w_enc, D * F, 1);
    fill(w_dec, F * D, 2);
    fill(b_enc, F, 3);
    fill(b_dec, D, 4);
    sae_weights w = {.w_enc_DF = w_enc, .b_enc_F = b_enc, .w_dec_FO = w_dec, .b_dec_O = b_dec};
    if (sae_new(&s, be, &c, &w, &e))
        fail_msg("%s", e.text);
    return s;
}

/* What the tests make targets with; `base` may be NULL. */
typedef struct rig {
    backend *be;
    model_config network;
    arena a;
    err e;
    target_set made;
} rig;

static err_code make(rig *r, const char *text, sae *base)
{
    target_list list;
    target_source from = {.be = r->be,
                          .network = &r->network,
                          .hook = "",
                          .prepend_bos = true,
                          .dictionary = base,
                          .sae_label = "some SAE",
                          .sae_sha256 = "abc"};
    r->e = (err){0};
    if (target_parse(&list, text, &r->a, &r->e))
        return r->e.code;
    return target_make(&r->made, &list, &from, &r->a, &r->e);
}

static void must_make(rig *r, const char *text, sae *base)
{
    if (make(r, text, base))
        fail_msg("%s: %s", text, r->e.text);
}

static rig new_rig(void)
{
    return (rig){.be = backend_ref(), .network = network()};
}

static void release(rig *r)
{
    sae_free(r->made.sae);
    backend_free(r->be);
    arena_release(&r->a);
}

static void check_near(const float *got, const double *want, int n, double tolerance)
{
    for (int i = 0; i < n; i++)
        if (!(fabs((double)got[i] - want[i]) <= tolerance))
            fail_msg("number %d is %g, not %g", i, (double)got[i], want[i]);
}

static void neurons_are_numbers_of_the_hook(void **state)
{
    (void)state;
    rig r = new_rig();
    float x[N * D], f[N * 4], pre[N * 4], row[D];
    fill(x, N * D, 7);
    must_make(&r, "neuron:" HOOK ":2-4,-neuron:" HOOK ":7", NULL);
    const sae_config *c = sae_describe(r.made.sae);
    assert_int_equal(c->d_sae, 4);
    assert_int_equal(c->d_in, D);
    assert_string_equal(c->hook, HOOK);
    assert_true(c->prepend_bos);
    sae_encode(f, r.made.sae, x, N);
    sae_preactivations(pre, r.made.sae, x, N);
    for (int n = 0; n < N; n++)
        for (int i = 0; i < 4; i++) {
            float value = i < 3 ? x[n * D + 2 + i] : -x[n * D + 7];
            assert_true(pre[n * 4 + i] == value);
            assert_true(f[n * 4 + i] == (value > 0 ? value : 0));
        }
    sae_decoder_row(row, r.made.sae, 3);
    for (int d = 0; d < D; d++)
        assert_true(row[d] == (d == 7 ? -1.0f : 0.0f));
    assert_string_equal(r.made.names[1], "neuron 3 of " HOOK);
    assert_string_equal(r.made.names[3], "minus neuron 7 of " HOOK);
    assert_string_equal(r.made.label, "4 neurons of " HOOK);
    release(&r);
}

/* A file of one tensor under the scratch folder. */
static const char *put_tensor(const char *name, const float *values, int rank, int64_t rows,
                              int64_t width)
{
    const char *path = scratch(name);
    tensor_entry t = {.name = "probe", .type = DTYPE_F32, .rank = rank, .values = values};
    err e;
    t.shape[0] = rank == 2 ? rows : width;
    t.shape[1] = width;
    if (safetensors_write(path, &t, 1, NULL, 0, &e))
        fail_msg("%s", e.text);
    return path;
}

static const char *direction(rig *r, const char *before, const char *path, const char *after)
{
    return arena_printf(&r->a, "%sdirection:%s%s", before, path, after);
}

static void directions_are_rows_of_a_file(void **state)
{
    (void)state;
    rig r = new_rig();
    float w[3 * D], x[N * D], pre[N * 6], row[D];
    double want[N * 6];
    fill(w, 3 * D, 5);
    fill(x, N * D, 7);
    const char *path = put_tensor("dirs.safetensors", w, 2, 3, D);
    must_make(&r,
              arena_printf(&r.a, "%s,%s", direction(&r, "", path, "@" HOOK),
                           direction(&r, "-", path, ":probe@" HOOK)),
              NULL);
    for (int n = 0; n < N; n++)
        for (int i = 0; i < 6; i++) {
            want[n * 6 + i] = 0;
            for (int d = 0; d < D; d++)
                want[n * 6 + i] +=
                    (i < 3 ? 1 : -1) * (double)x[n * D + d] * (double)w[i % 3 * D + d];
        }
    sae_preactivations(pre, r.made.sae, x, N);
    check_near(pre, want, N * 6, 1e-5);
    for (int i = 0; i < 6; i++) { /* the decoder: the same direction, at unit length */
        double length = 0, dot = 0, unit = 0;
        sae_decoder_row(row, r.made.sae, i);
        for (int d = 0; d < D; d++) {
            length += (double)w[i % 3 * D + d] * (double)w[i % 3 * D + d];
            dot += (double)row[d] * (double)w[i % 3 * D + d];
            unit += (double)row[d] * (double)row[d];
        }
        assert_true(fabs(unit - 1) < 1e-6);
        assert_true(fabs(dot - (i < 3 ? 1 : -1) * sqrt(length)) < 1e-5);
    }
    assert_string_equal(r.made.names[2], "direction 2 of dirs.safetensors");
    assert_string_equal(r.made.names[4], "minus direction 1 of dirs.safetensors:probe");
    assert_string_equal(r.made.label, "6 directions of dirs.safetensors");
    release(&r);
}

static void a_vector_and_an_npy_file_will_do(void **state)
{
    (void)state;
    rig r = new_rig();
    float w[D], x[N * D], of_vector[N], of_npy[N];
    fill(w, D, 5);
    fill(x, N * D, 7);
    must_make(&r, direction(&r, "", put_tensor("one.safetensors", w, 1, 1, D), "@" HOOK), NULL);
    sae_preactivations(of_vector, r.made.sae, x, N);
    sae_free(r.made.sae);
    static const char header[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (8,), }\n";
    str npy = {0};
    str_add_bytes(&npy, "\x93NUMPY\1\0", 8);
    str_add_char(&npy, (char)strlen(header));
    str_add_char(&npy, 0);
    str_add(&npy, header);
    str_add_bytes(&npy, w, sizeof w);
    const char *path = scratch("one.npy");
    put_file(path, npy.data, npy.len);
    str_release(&npy);
    must_make(&r, direction(&r, "", path, "@" HOOK), NULL);
    sae_preactivations(of_npy, r.made.sae, x, N);
    assert_memory_equal(of_npy, of_vector, sizeof of_npy);
    release(&r);
}

/* The two features' pre-activations, subtracted after the SAE itself has computed them. */
static void check_contrasts(sae_normalization normalization, int k)
{
    rig r = new_rig();
    sae *base = dictionary(r.be, normalization, k);
    float x[N * D], all[N * F], pre[N * 2];
    double want[N * 2];
    fill(x, N * D, 7);
    sae_preactivations(all, base, x, N);
    must_make(&r, "contrast:3-1,-contrast:0-4", base);
    sae_free(base); /* what was made stands on its own */
    for (int n = 0; n < N; n++) {
        want[n * 2] = (double)all[n * F + 3] - (double)all[n * F + 1];
        want[n * 2 + 1] = (double)all[n * F + 4] - (double)all[n * F];
    }
    sae_preactivations(pre, r.made.sae, x, N);
    check_near(pre, want, N * 2, 2e-5);
    assert_string_equal(r.made.names[0], "feature 3 minus feature 1");
    assert_string_equal(r.made.names[1], "feature 4 minus feature 0");
    assert_string_equal(r.made.label, "2 contrasts of features of some SAE");
    assert_false(sae_describe(r.made.sae)->prepend_bos); /* as its SAE */
    release(&r);
}

static void contrasts_are_differences(void **state)
{
    (void)state;
    check_contrasts(SAE_NORMALIZE_NONE, 0);
    check_contrasts(SAE_NORMALIZE_NORM, 0);
    check_contrasts(SAE_NORMALIZE_LAYER_NORM, 0);
    check_contrasts(SAE_NORMALIZE_NONE, 2);
}

static void neurons_beside_contrasts_stay_neurons(void **state)
{
    (void)state;
    rig r = new_rig();
    sae *base = dictionary(r.be, SAE_NORMALIZE_NONE, 0);
    float x[N * D], pre[N * 2];
    fill(x, N * D, 7);
    must_make(&r, "contrast:3-1,-neuron:" HOOK ":5", base);
    sae_preactivations(pre, r.made.sae, x, N);
    for (int n = 0; n < N; n++)
        assert_true(fabs((double)pre[n * 2 + 1] + (double)x[n * D + 5]) < 1e-5);
    assert_string_equal(r.made.label,
                        "1 neuron of " HOOK " and 1 contrast of features of some SAE");
    sae_free(base);
    release(&r);
}

/* ---- what cannot be made ---- */

static void check_refused(rig *r, const char *text, sae *base, err_code code, const char *part)
{
    if (make(r, text, base) != code || !strstr(r->e.text, part))
        fail_msg("%s gives %d: %s", text, (int)r->e.code, r->e.text);
    assert_null(r->made.sae);
}

static void bad_places_are_refused(void **state)
{
    (void)state;
    rig r = new_rig();
    sae *plain = dictionary(r.be, SAE_NORMALIZE_NONE, 0);
    sae *normalised = dictionary(r.be, SAE_NORMALIZE_LAYER_NORM, 0);
    const struct {
        const char *text, *part;
        sae *base;
        err_code code;
    } cases[] = {
        {"neuron:" HOOK ":8", "0 to 7", NULL, E_CONFIG},
        {"neuron:" HOOK ":0-2147483647", "0 to 7", NULL, E_CONFIG},
        {"neuron:hook_nowhere:1", "hook_nowhere", NULL, E_CONFIG},
        {"neuron:blocks.2.hook_resid_post:1", "blocks.2", NULL, E_CONFIG},
        {"neuron:hook_embed:1,neuron:" HOOK ":1", "another hook", NULL, E_CONFIG},
        {"contrast:1-2,neuron:hook_embed:1", "another hook", plain, E_CONFIG},
        {"contrast:1-5", "feature 5", plain, E_DATA},
        {"contrast:1-2,neuron:" HOOK ":1", "run them apart", normalised, E_CONFIG},
        {"direction:/nowhere/d.npz@" HOOK, "/nowhere/d.npz", NULL, E_IO},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        check_refused(&r, cases[i].text, cases[i].base, cases[i].code, cases[i].part);
    sae_free(plain);
    sae_free(normalised);
    release(&r);
}

static void bad_files_are_refused(void **state)
{
    (void)state;
    rig r = new_rig();
    float w[2 * D];
    fill(w, 2 * D, 5);
    const char *path = put_tensor("bad.safetensors", w, 2, 2, D);
    check_refused(&r, direction(&r, "", path, ":probs@" HOOK), NULL, E_FORMAT,
                  "the nearest name is probe");
    check_refused(&r, direction(&r, "", path, "@blocks.0.mlp.hook_post"), NULL, E_SHAPE,
                  "[12] or [n, 12]");
    path = put_tensor("bad.safetensors", w, 2, D, 2);
    check_refused(&r, direction(&r, "", path, "@" HOOK), NULL, E_SHAPE, "tensor probe");
    path = put_tensor("bad.safetensors", w, 2, 0, D);
    check_refused(&r, direction(&r, "", path, "@" HOOK), NULL, E_SHAPE, "tensor probe");
    static const float odd[] = {NAN, INFINITY, -INFINITY};
    for (int i = 0; i < 3; i++) {
        fill(w, 2 * D, 5);
        w[D + i] = odd[i];
        path = put_tensor("bad.safetensors", w, 2, 2, D);
        check_refused(&r, direction(&r, "", path, "@" HOOK), NULL, E_NUMERIC, "probe");
    }
    fill(w, 2 * D, 5);
    memset(w + D, 0, D * sizeof *w);
    path = put_tensor("bad.safetensors", w, 2, 2, D);
    check_refused(&r, direction(&r, "", path, "@" HOOK), NULL, E_NUMERIC, "row 1 of tensor probe");
    put_file(path, "PK\3\4no", 6);
    check_refused(&r, direction(&r, "", path, "@" HOOK), NULL, E_FORMAT, "bad.safetensors");
    put_file(path, "\x93NUM", 4);
    check_refused(&r, direction(&r, "", path, "@" HOOK), NULL, E_FORMAT, "bad.safetensors");
    check_refused(&r, "direction:tests/data/fixtures/containers/stored.npz@" HOOK, NULL, E_CONFIG,
                  "name one");
    release(&r);
}

static void hook_of_the_config_must_agree(void **state)
{
    (void)state;
    rig r = new_rig();
    target_list list;
    target_source from = {.be = r.be, .network = &r.network, .hook = "hook_embed"};
    assert_int_equal(target_parse(&list, "neuron:" HOOK ":1", &r.a, &r.e), OK);
    assert_int_equal(target_make(&r.made, &list, &from, &r.a, &r.e), E_CONFIG);
    assert_non_null(strstr(r.e.text, "model.hook"));
    from.hook = HOOK;
    assert_int_equal(target_make(&r.made, &list, &from, &r.a, &r.e), OK);
    assert_false(sae_describe(r.made.sae)->prepend_bos);
    release(&r);
}

/* ---- identity ---- */

static void hash_of(char hex[SHA256_HEX], rig *r, const char *text, sae *base)
{
    must_make(r, text, base);
    memcpy(hex, r->made.sha256, SHA256_HEX);
    sae_free(r->made.sae);
    r->made.sae = NULL;
}

static void the_hash_is_of_what_is_searched(void **state)
{
    (void)state;
    enum { LISTS = 8 };
    rig r = new_rig();
    char hex[LISTS + 1][SHA256_HEX];
    sae *base = dictionary(r.be, SAE_NORMALIZE_NONE, 0);
    float w[D];
    fill(w, D, 5);
    const char *path = put_tensor("a.safetensors", w, 1, 1, D);
    const char *moved = put_tensor("b.safetensors", w, 1, 1, D);
    w[0] += 1;
    const char *other = put_tensor("c.safetensors", w, 1, 1, D);
    const char *const texts[LISTS] = {"neuron:" HOOK ":1",
                                      "neuron:" HOOK ":2",
                                      "-neuron:" HOOK ":1",
                                      "neuron:hook_embed:1",
                                      "neuron:" HOOK ":1-2",
                                      direction(&r, "", path, "@" HOOK),
                                      direction(&r, "", other, "@" HOOK),
                                      "contrast:1-2"};
    for (int i = 0; i < LISTS; i++) {
        hash_of(hex[i], &r, texts[i], i == LISTS - 1 ? base : NULL);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(hex[i], hex[j]);
    }
    hash_of(hex[LISTS], &r, direction(&r, "", moved, "@" HOOK), NULL);
    assert_string_equal(hex[LISTS], hex[5]); /* the bytes count, not their place */
    sae_free(base);
    release(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_taken_apart),
        cmocka_unit_test(lists_keep_their_order),
        cmocka_unit_test(other_text_is_refused),
        cmocka_unit_test(neurons_are_numbers_of_the_hook),
        cmocka_unit_test(directions_are_rows_of_a_file),
        cmocka_unit_test(a_vector_and_an_npy_file_will_do),
        cmocka_unit_test(contrasts_are_differences),
        cmocka_unit_test(neurons_beside_contrasts_stay_neurons),
        cmocka_unit_test(bad_places_are_refused),
        cmocka_unit_test(bad_files_are_refused),
        cmocka_unit_test(hook_of_the_config_must_agree),
        cmocka_unit_test(the_hash_is_of_what_is_searched),
    };
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}
