/* Products that are finished in one pass, an SAE's encoder and an affine map, give the bytes of
 * their steps, whatever the shapes, and every row those it has alone. */
#include "base/memory.h"
#include "common.h"
#include "compute/backend.h"
#include "compute/install.h"
#include "test.h"
#include <string.h>

typedef struct operands {
    float *x_ND, *w_DF, *b_F, *threshold_F, *f_NF, *steps_NF;
} operands;

static operands make(int N, int D, int F)
{
    size_t cells = (size_t)N * (size_t)F;
    return (operands){.x_ND = random_array((size_t)N * (size_t)D, 1, "x"),
                      .w_DF = random_array((size_t)D * (size_t)F, 1, "w"),
                      .b_F = random_array((size_t)F, 1, "b"),
                      .threshold_F = random_array((size_t)F, 1, "threshold"),
                      .f_NF = mem_small(cells, sizeof(float)),
                      .steps_NF = mem_small(cells, sizeof(float))};
}

static void discard(operands *o)
{
    float *all[] = {o->x_ND, o->w_DF, o->b_F, o->threshold_F, o->f_NF, o->steps_NF};
    for (size_t i = 0; i < COUNT_OF(all); i++)
        mem_free(all[i]);
}

static void check_encode(backend *be, int N, int D, int F, bool thresholds)
{
    operands o = make(N, D, F);
    const float *threshold_F = thresholds ? o.threshold_F : NULL;
    size_t row = (size_t)F * sizeof(float);
    be->encode(be, o.f_NF, o.x_ND, o.w_DF, o.b_F, threshold_F, N, D, F);
    encode_in_steps(be, o.steps_NF, o.x_ND, o.w_DF, o.b_F, threshold_F, N, D, F);
    assert_memory_equal(o.f_NF, o.steps_NF, (size_t)N * row);
    be->encode(be, o.steps_NF, ROW(o.x_ND, N - 1, D), o.w_DF, o.b_F, threshold_F, 1, D, F);
    assert_memory_equal(ROW(o.f_NF, N - 1, F), o.steps_NF, row);
    int active = 0;
    for (size_t i = 0; i < (size_t)N * (size_t)F; i++)
        active += o.f_NF[i] > 0;
    assert_true(active > 0 || N * F < 8);
    discard(&o);
}

/* w_DF is read as the D x F matrix it is, or as F x D turned over. */
static void check_affine(backend *be, int N, int D, int F, orientation turned, float beta)
{
    operands o = make(N, D, F);
    size_t cells = (size_t)N * (size_t)F, row = (size_t)F * sizeof(float);
    float *before_NF = random_array(cells, 1, "y");
    memcpy(o.f_NF, before_NF, cells * sizeof(float));
    memcpy(o.steps_NF, before_NF, cells * sizeof(float));
    be->affine(be, o.f_NF, o.x_ND, o.w_DF, turned, o.b_F, N, F, D, beta);
    affine_in_steps(be, o.steps_NF, o.x_ND, o.w_DF, turned, o.b_F, N, F, D, beta);
    assert_memory_equal(o.f_NF, o.steps_NF, (size_t)N * row);
    float *alone_F = ROW(before_NF, N - 1, F);
    be->affine(be, alone_F, ROW(o.x_ND, N - 1, D), o.w_DF, turned, o.b_F, 1, F, D, beta);
    assert_memory_equal(ROW(o.f_NF, N - 1, F), alone_F, row);
    mem_free(before_NF);
    discard(&o);
}

static void test_shapes(void **state)
{
    (void)state;
    err e;
    pool *p = pool_new(3);
    backend *be;
    assert_int_equal(backend_cpu(&be, p, &e), OK);
    static const int shapes[][3] = {
        {1, 1, 1},      /* smallest legal */
        {5, 7, 37},     /* rows and columns beside whole tiles */
        {13, 64, 4096}, /* columns cut among threads */
        {700, 3, 2100}, /* rows cut too */
        {9, 1100, 50},  /* sums in two spans */
    };
    for (size_t i = 0; i < COUNT_OF(shapes); i++)
        for (int k = 0; k < 4; k++) {
            int N = shapes[i][0], D = shapes[i][1], F = shapes[i][2];
            check_encode(be, N, D, F, k & 1);
            check_affine(be, N, D, F, k & 1 ? TRANSPOSED : PLAIN, k & 2 ? 1.0f : 0.0f);
        }
    backend_free(be);
    pool_free(p);
}

/* x W + b = {3 - 1, 3 - 3.5, 3 + 0}: the first is above 0 but not above its threshold of 2. */
static void test_by_hand(void **state)
{
    (void)state;
    err e;
    backend *be;
    assert_int_equal(backend_cpu(&be, NULL, &e), OK);
    const float x[2] = {1, 2}, w[2][3] = {{1, 1, 1}, {1, 1, 1}}, b[3] = {-1, -3.5f, 0};
    const float threshold[3] = {2, -1, 2.5f};
    float f[3];
    be->encode(be, f, x, &w[0][0], b, threshold, 1, 2, 3);
    assert_true(f[0] == 0 && f[1] == 0 && f[2] == 3);
    be->encode(be, f, x, &w[0][0], b, NULL, 1, 2, 3);
    assert_true(f[0] == 2 && f[1] == 0 && f[2] == 3);
    be->affine(be, f, x, &w[0][0], PLAIN, b, 1, 3, 2, 1);
    assert_true(f[0] == 4 && f[1] == -0.5f && f[2] == 6);
    backend_free(be);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shapes),
                                       cmocka_unit_test(test_by_hand)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
