/* The schedule by hand, the update against its definition, clipping and divergence. */
#include "test.h"

#include "base/memory.h"
#include "train/adamw.h"
#include <math.h>
#include <string.h>

static const adamw_options options = {.peak_rate = 0.1f,
                                      .final_share = 0.1f,
                                      .warmup = 4,
                                      .decay = 10,
                                      .steps = 20,
                                      .beta1 = 0.9f,
                                      .beta2 = 0.99f,
                                      .eps = 1e-8f,
                                      .weight_decay = 0.5f,
                                      .max_norm = 0};

static void test_schedule(void **state)
{
    (void)state;
    static const struct {
        long step;
        double rate;
    } rows[] = {
        {1, 0.025},  /* a quarter of the way up */
        {4, 0.1},    /* warm-up is over */
        {10, 0.1},   /* the plateau's last step */
        {15, 0.055}, /* half way down: the mean of peak and final */
        {20, 0.01},  /* the last step */
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        assert_true(fabs((double)adamw_rate(&options, rows[i].step) - rows[i].rate) < 1e-7);
}

/* Two parameters, one of which decays, against the formulas in double. */
static void test_update(void **state)
{
    (void)state;
    backend *be = backend_ref();
    float value[2][3] = {{1, -2, 3}, {0.5f, 0, -1}}, gradient[2][3];
    parameter list[] = {
        {.name = "w", .n = 3, .value = value[0], .gradient = gradient[0], .decays = true},
        {.name = "b", .n = 3, .value = value[1], .gradient = gradient[1]}};
    adamw_options o = options;
    o.max_norm = 1;
    adamw *a;
    err e = {0};
    assert_int_equal(adamw_new(&a, be, list, 2, &e), OK);
    double expected[2][3], m[2][3] = {{0}}, v[2][3] = {{0}};
    for (int p = 0; p < 2; p++)
        for (int i = 0; i < 3; i++)
            expected[p][i] = (double)value[p][i];
    for (long step = 1; step <= 6; step++) {
        double squares = 0, norm = 0;
        for (int p = 0; p < 2; p++)
            for (int i = 0; i < 3; i++) {
                gradient[p][i] = (float)(0.3 * (double)step * (i + 1) - 0.7 * p);
                squares += (double)gradient[p][i] * (double)gradient[p][i];
            }
        double rate = (double)adamw_rate(&o, step), clip = squares > 1 ? 1 / sqrt(squares) : 1;
        for (int p = 0; p < 2; p++)
            for (int i = 0; i < 3; i++) {
                double g = (double)gradient[p][i] * clip;
                m[p][i] = 0.9 * m[p][i] + 0.1 * g;
                v[p][i] = 0.99 * v[p][i] + 0.01 * g * g;
                double m_hat = m[p][i] / (1 - pow(0.9, (double)step));
                double v_hat = v[p][i] / (1 - pow(0.99, (double)step));
                double decay = p == 0 ? 0.5 : 0;
                expected[p][i] -= rate * (m_hat / (sqrt(v_hat) + 1e-8) + decay * expected[p][i]);
            }
        assert_int_equal(adamw_step(&norm, a, &o, step, &e), OK);
        assert_true(fabs(norm - sqrt(squares)) < 1e-5);
        for (int p = 0; p < 2; p++)
            for (int i = 0; i < 3; i++)
                assert_true(fabs((double)value[p][i] - expected[p][i]) < 1e-5);
    }
    adamw_free(a);
    backend_free(be);
}

/* A gradient that is not finite stops training and leaves the weights as they were. */
static void test_divergence(void **state)
{
    (void)state;
    backend *be = backend_ref();
    float value[2] = {1, 2}, gradient[2] = {1, NAN};
    parameter list[] = {
        {.name = "w", .n = 2, .value = value, .gradient = gradient, .decays = true}};
    adamw *a;
    err e = {0};
    assert_int_equal(adamw_new(&a, be, list, 1, &e), OK);
    assert_int_equal(adamw_step(NULL, a, &options, 7, &e), E_NUMERIC);
    assert_non_null(strstr(e.text, "step 7"));
    assert_true(value[0] == 1 && value[1] == 2);
    adamw_free(a);
    backend_free(be);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schedule),
        cmocka_unit_test(test_update),
        cmocka_unit_test(test_divergence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
