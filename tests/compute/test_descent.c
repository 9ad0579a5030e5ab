/* Adam in a ball: its steps by hand, and where it comes to rest. */
#include "test.h"

#include "base/memory.h"
#include "base/rng.h"
#include "compute/descent.h"
#include <math.h>

enum { D = 8 };

/* One row of the operation, and beta2 as Adam's authors have it. */
static void step_down(float *x_D, const float *gradient_D, float *first_D, float *second_D, int n,
                      int32_t step, double rate, double limit)
{
    descent_settings s = {.rate = rate, .beta2 = 0.999, .limit = limit, .step_N = &step};
    backend *be = backend_ref();
    be->descend_rows(be, x_D, gradient_D, first_D, second_D, &s, 1, n);
    backend_free(be);
}

static void the_first_steps_by_hand(void **state)
{
    (void)state;
    /* Step 1 of Adam is rate * sign(g); step 2 with another gradient by the formulas. */
    float x[2] = {0, 0}, g[2] = {3, -0.25f}, first[2] = {0}, second[2] = {0};
    step_down(x, g, first, second, 2, 1, 0.1, 0);
    assert_true(fabs((double)x[0] + 0.1) < 1e-6 && fabs((double)x[1] - 0.1) < 1e-6);
    float g2[2] = {-1, -0.25f};
    step_down(x, g2, first, second, 2, 2, 0.1, 0);
    double m = (0.9 * 0.1 * 3 - 0.1) / (1 - 0.81);
    double v = (0.999 * 0.001 * 9 + 0.001) / (1 - 0.999 * 0.999);
    assert_true(fabs((double)x[0] - (-0.1 - 0.1 * m / sqrt(v))) < 1e-6);
    assert_true(fabs((double)x[1] - 0.2) < 1e-6);
}

static void stays_inside(void **state)
{
    (void)state;
    float x[2] = {3, 4}, g[2] = {-1, 0}, first[2] = {0}, second[2] = {0};
    keep_inside(x, 2, 5);
    assert_true(x[0] == 3 && x[1] == 4);
    keep_inside(x, 2, 2.5);
    assert_true(x[0] == 1.5f && x[1] == 2);
    for (int step = 1; step < 20; step++) {
        step_down(x, g, first, second, 2, step, 1, 2.5);
        assert_true(hypot((double)x[0], (double)x[1]) < 2.5 * (1 + 1e-6));
    }
    float fresh[2][2] = {{0}}, outward[2] = {-1, 0};
    step_down(x, outward, fresh[0], fresh[1], 2, 1, 1000, 0); /* no limit */
    assert_true(x[0] > 900);
}

/* min -w . x in the ball is at w / |w|: closed form 1 of the optimiser's notes. */
static void a_linear_objective_ends_at_its_direction(void **state)
{
    (void)state;
    static const double radii[] = {0.5, 3};
    for (size_t k = 0; k < COUNT_OF(radii); k++) {
        float w[D], x[D], g[D], first[D] = {0}, second[D] = {0};
        double norm = 0, reached = 0;
        rng r = rng_stream(k, "test_descent");
        for (int d = 0; d < D; d++) {
            w[d] = (float)(rng_normal(&r) * (d == 0 ? 5 : 1)); /* far from its sign's direction */
            x[d] = (float)(0.1 * rng_normal(&r));
            norm += (double)w[d] * (double)w[d];
        }
        for (int step = 1; step <= 300; step++) {
            for (int d = 0; d < D; d++)
                g[d] = -w[d];
            step_down(x, g, first, second, D, step, 0.05, radii[k]);
        }
        for (int d = 0; d < D; d++)
            reached += (double)w[d] * (double)x[d];
        assert_true(reached > 0.999 * sqrt(norm) * radii[k]);
    }
}

/* Inward gradients keep their radial part: a minimum inside the ball is found from its surface. */
static void leaves_the_surface(void **state)
{
    (void)state;
    float x[2] = {1, 0}, first[2] = {0}, second[2] = {0};
    for (int step = 1; step <= 400; step++) {
        float g[2] = {x[0] + 0.3f, x[1] - 0.4f};
        step_down(x, g, first, second, 2, step, 0.02, 1);
    }
    assert_true(hypot((double)x[0] + 0.3, (double)x[1] - 0.4) < 0.02);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_steps_by_hand),
        cmocka_unit_test(stays_inside),
        cmocka_unit_test(a_linear_objective_ends_at_its_direction),
        cmocka_unit_test(leaves_the_surface),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
