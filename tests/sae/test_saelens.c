/* SAEs that SAELens saved, and what it computed from them (tests/sae/export_saelens.py). */
#include "test.h"

#include "base/memory.h"
#include "data/safetensors.h"
#include "sae/sae.h"
#include <math.h>

enum { ROWS = 9, D = 12, F = 40 };

static const char *const cases[] = {
    "tests/sae/fixtures/standard",      "tests/sae/fixtures/standard_plain",
    "tests/sae/fixtures/jumprelu",      "tests/sae/fixtures/jumprelu_plain",
    "tests/sae/fixtures/standard_norm", "tests/sae/fixtures/jumprelu_layer_norm",
};

static void assert_close(const float *got, const float *expected, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (fabs((double)got[i] - (double)expected[i]) > 1e-5 * (1 + fabs((double)expected[i])))
            fail_msg("%s[%d] is %.9g, SAELens has %.9g", name, i, (double)got[i],
                     (double)expected[i]);
}

static void test_parity(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        files folder = files_from_dir(cases[i]);
        backend *be = backend_ref();
        safetensors st;
        sae *s;
        err e = {0};
        float x_ND[ROWS * D], f_NF[ROWS * F], y_ND[ROWS * D], got_f_NF[ROWS * F],
            got_y_ND[ROWS * D];
        if (sae_load(&s, be, &folder, NULL, &e) ||
            safetensors_open(&st, &folder, "expected.safetensors", &e) ||
            safetensors_load_f32(x_ND, &st, "x", SHAPE(ROWS, D), &e) ||
            safetensors_load_f32(f_NF, &st, "f", SHAPE(ROWS, F), &e) ||
            safetensors_load_f32(y_ND, &st, "y", SHAPE(ROWS, D), &e))
            fail_msg("%s", e.text);
        sae_encode(got_f_NF, s, x_ND, ROWS);
        sae_decode(got_y_ND, s, got_f_NF, x_ND, ROWS);
        assert_close(got_f_NF, f_NF, ROWS * F, cases[i]);
        assert_close(got_y_ND, y_ND, ROWS * D, cases[i]);
        safetensors_close(&st);
        sae_free(s);
        backend_free(be);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_parity)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
