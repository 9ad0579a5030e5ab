/* UMAP's vector steps against the formulas in double precision, row by row. */
#include "features/umap_moves.h"
#include "base/memory.h"
#include "base/rng.h"
#include "test.h"
#include <math.h>

enum { N = 40, MOST = 5 };
static const float RATE = 0.7f;

typedef struct scene {
    float stood_NE[N * MOST];
    umap_field field;
    umap_lanes lanes;
} scene;

/* Rows over a few units and, in lane 0, a row in the place of its other; in lane 1 one so near that
 * the steps are clipped. */
static scene scene_of(int n_components)
{
    scene s = {.field = {.n = N,
                         .n_components = n_components,
                         .a = 1.577f,
                         .b = 0.895f,
                         .repulsion = 1.5f,
                         .rate = RATE}};
    rng r = rng_stream(5, "moves");
    for (int i = 0; i < N * n_components; i++)
        s.stood_NE[i] = (float)(3 * rng_normal(&r));
    for (int l = 0; l < UMAP_LANES; l++) {
        s.lanes.other[l] = (int)rng_below(&r, N);
        s.lanes.random[l] = (uint32_t)rng_next(&r);
        for (int i = 0; i < n_components; i++) {
            float beside = ROW(s.stood_NE, s.lanes.other[l], n_components)[i];
            s.lanes.at[i][l] = l == 0   ? beside
                               : l == 1 ? beside + 0.004f
                                        : (float)(3 * rng_normal(&r));
        }
    }
    return s;
}

/* McInnes, Healy and Melville 2018, section 3.2, with umap-learn's 0.001 and clipping at 4. */
static void step(double *at, const float *other, const umap_field *f, bool attract)
{
    double square = 0, a = (double)f->a, b = (double)f->b;
    for (int i = 0; i < f->n_components; i++)
        square += pow(at[i] - (double)other[i], 2);
    double gradient =
        attract ? -2 * a * b * pow(square, b - 1) / (1 + a * pow(square, b))
                : 2 * (double)f->repulsion * b / ((0.001 + square) * (1 + a * pow(square, b)));
    for (int i = 0; i < f->n_components && square > 0; i++)
        at[i] += (double)RATE * fmax(-4, fmin(4, gradient * (at[i] - (double)other[i])));
}

/* A step is as good as the power in it: 3e-5. */
static void check_lane(const scene *before, const scene *moved, const double *want, int lane)
{
    for (int i = 0; i < moved->field.n_components; i++) {
        double got = (double)moved->lanes.at[i][lane];
        double step = want[i] - (double)before->lanes.at[i][lane];
        if (!(fabs(got - want[i]) <= 2e-6 * (1 + fabs(want[i])) + 3e-5 * fabs(step)))
            fail_msg("%d components, lane %d: %.9g, not %.9g", moved->field.n_components, lane, got,
                     want[i]);
    }
}

static void steps_follow_the_formulas(void **state)
{
    (void)state;
    for (int n = 1; n <= MOST; n++)
        for (int attract = 0; attract < 2; attract++) {
            scene before = scene_of(n), after = before;
            after.field.stood_NE = after.stood_NE;
            if (attract)
                umap_attract(&after.lanes, &after.field);
            else
                umap_push(&after.lanes, &after.field, 1);
            for (int l = 0; l < UMAP_LANES; l++) {
                double at[MOST];
                for (int i = 0; i < n; i++)
                    at[i] = (double)before.lanes.at[i][l];
                step(at, ROW(before.stood_NE, after.lanes.other[l], n), &before.field, attract);
                check_lane(&before, &after, at, l);
            }
        }
}

/* Rows in one place have no direction: nothing moves, and nothing becomes NaN. */
static void equal_rows_stay(void **state)
{
    (void)state;
    scene s = scene_of(2);
    s.field.stood_NE = s.stood_NE;
    for (int i = 0; i < 2 * N; i++)
        s.stood_NE[i] = 1;
    for (int l = 0; l < UMAP_LANES; l++)
        s.lanes.at[0][l] = s.lanes.at[1][l] = 1;
    umap_attract(&s.lanes, &s.field);
    umap_push(&s.lanes, &s.field, 3);
    for (int l = 0; l < UMAP_LANES; l++)
        assert_true(s.lanes.at[0][l] == 1.0f && s.lanes.at[1][l] == 1.0f);
}

/* Every row is drawn about as often as any other, by every lane its own ones. */
static void pushes_come_from_all_rows(void **state)
{
    (void)state;
    enum { DRAWS = 5000 };
    scene s = scene_of(2);
    s.field.stood_NE = s.stood_NE;
    int drawn_N[N] = {0}, together = 0;
    for (int i = 0; i < DRAWS; i++) {
        umap_push(&s.lanes, &s.field, 1);
        for (int l = 0; l < UMAP_LANES; l++)
            drawn_N[s.lanes.other[l]]++;
        together += s.lanes.other[0] == s.lanes.other[1];
    }
    double expected = (double)DRAWS * UMAP_LANES / N, chi_square = 0;
    for (int i = 0; i < N; i++)
        chi_square += pow(drawn_N[i] - expected, 2) / expected;
    assert_true(chi_square < 75); /* 39 degrees of freedom: 0.05 % are above 74.7 */
    assert_true(together < 2 * DRAWS / N);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(steps_follow_the_formulas),
                                       cmocka_unit_test(equal_rows_stay),
                                       cmocka_unit_test(pushes_come_from_all_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
