/* The penalties by hand, and their gradients against finite differences of the definition. */
#include "test.h"

#include "base/memory.h"
#include "base/rng.h"
#include "invert/common_penalties.h"
#include "invert/penalties.h"
#include <math.h>
#include <stdbool.h>
#include <string.h>

enum { MAX_L = 7, D = 5 };

typedef enum { DISTANCE, DIVERSITY, REPETITION, KINDS } kind;

/* What is penalised. */
typedef struct setting {
    kind which;
    int L, window;
    double unit;
    float nearest[MAX_L * D];
} setting;

static double define(const setting *s, const double *x)
{
    return s->which == DISTANCE    ? define_distance(x, s->nearest, s->L, D, s->unit)
           : s->which == DIVERSITY ? define_diversity(x, s->L, D, s->window)
                                   : define_repetition(x, s->L, D, s->window);
}

static double distance(backend *be, float *d_x, const setting *s, const float *x, double weight)
{
    double unit = 1 / (s->unit * sqrt(D) * s->L), distance_L[MAX_L], weight_L[MAX_L], total = 0;
    for (int i = 0; i < s->L; i++)
        weight_L[i] = weight * unit;
    be->row_distances(be, distance_L, d_x, x, s->nearest, weight_L, s->L, D);
    for (int i = 0; i < s->L; i++)
        total += distance_L[i];
    return total * unit;
}

static double compute(float *d_x, const setting *s, const float *x, double weight)
{
    backend *be = backend_ref();
    penalised_rows rows = {.d_x_BTC = d_x, .x_BTC = x, .B = 1, .T = s->L, .C = D};
    double mean = 0;
    if (s->which == DISTANCE)
        mean = distance(be, d_x, s, x, weight);
    else if (s->which == DIVERSITY)
        penalty_diversity(&mean, be, &rows, s->window, weight);
    else
        penalty_repetition(&mean, be, &rows, s->window, weight);
    backend_free(be);
    return mean;
}

static const struct {
    int L, window;
    bool zero_row;
} cases[] = {
    {1, 5, false},                  /* no pair */
    {2, 5, false},                  /* one pair, window beyond the end */
    {7, 1, false},                  /* neighbours only */
    {7, 3, false},   {7, 6, false}, /* every pair */
    {7, 100, false}, {7, 3, true},  /* a row without direction */
};

static void gradients_are_those_of_the_definition(void **state)
{
    (void)state;
    const double weight = 0.7, before = 0.25;
    int near_copies = 0;
    for (size_t c = 0; c < COUNT_OF(cases); c++)
        for (kind which = DISTANCE; which < KINDS; which++) {
            setting s = {.which = which, .L = cases[c].L, .window = cases[c].window, .unit = 0.3};
            float x[MAX_L * D], d_x[MAX_L * D];
            double exact[MAX_L * D];
            rng r = rng_stream(c, "test_penalties");
            for (int i = 0; i < s.L * D; i++) {
                /* A common direction, so that cosines lie on both sides of a half. */
                x[i] = (float)(rng_normal(&r) + 0.8);
                s.nearest[i] = (float)rng_normal(&r);
                d_x[i] = (float)before;
            }
            if (cases[c].zero_row)
                memset(x + 2 * D, 0, D * sizeof *x);
            for (int i = 0; i < s.L * D; i++)
                exact[i] = (double)x[i];
            double value = compute(d_x, &s, x, weight), want = define(&s, exact);
            if (fabs(value - want) > 1e-12)
                fail_msg("case %zu, kind %d: %.17g, expected %.17g", c, (int)which, value, want);
            near_copies += which == REPETITION && value > 0;
            for (int i = 0; i < s.L * D; i++) {
                if (cases[c].zero_row && which != DISTANCE && i / D == 2) {
                    assert_true(d_x[i] == (float)before); /* no direction, no gradient */
                    continue;
                }
                const double h = 1e-6;
                double at = exact[i];
                exact[i] = at + h;
                double up = define(&s, exact);
                exact[i] = at - h;
                double slope = weight * (up - define(&s, exact)) / (2 * h);
                exact[i] = at;
                if (fabs((double)d_x[i] - before - slope) > 1e-6)
                    fail_msg("case %zu, kind %d, number %d: %.9g, expected %.9g", c, (int)which, i,
                             (double)d_x[i] - before, slope);
            }
        }
    assert_true(near_copies > 3); /* else the floor hid everything */
}

static void values_by_hand(void **state)
{
    (void)state;
    /* Directions 0, 60 and 90 degrees: cosines 1/2, sqrt(3)/2 (neighbours), 0 (two apart). */
    const float half = 0.5f, root = (float)(sqrt(3) / 2);
    const float x[3 * D] = {2, 0, 0, 0, 0, half, root, 0, 0, 0, 0, 3, 0, 0, 0};
    float d_x[3 * D] = {0};
    static const struct {
        int window;
        double diversity, repetition;
    } by_window[] = {{1, (0.5 + 0.866025403784) / 2, 0.366025403784 / 2},
                     {2, (0.5 + 0.866025403784) / 3, 0.366025403784 / 3}};
    for (size_t i = 0; i < COUNT_OF(by_window); i++) {
        setting s = {.which = DIVERSITY, .L = 3, .window = by_window[i].window};
        assert_true(fabs(compute(d_x, &s, x, 1) - by_window[i].diversity) < 1e-7);
        s.which = REPETITION;
        assert_true(fabs(compute(d_x, &s, x, 1) - by_window[i].repetition) < 1e-7);
    }
    setting s = {.which = DISTANCE, .L = 3, .unit = 2, .nearest = {[0] = 2, [D] = 2, [2 * D] = 2}};
    /* Distances 0, sqrt(1.5^2 + 3/4) = sqrt 3 and sqrt 13; unit 2, sqrt(D) = sqrt 5. */
    double want = (sqrt(3) + sqrt(13)) / 3 / (2 * sqrt(5));
    assert_true(fabs(compute(d_x, &s, x, 1) - want) < 1e-7);
}

static void a_weight_of_zero_leaves_the_gradient(void **state)
{
    (void)state;
    float x[3 * D], d_x[3 * D] = {0};
    setting s = {.L = 3, .window = 2, .unit = 1};
    for (int i = 0; i < 3 * D; i++)
        x[i] = (float)(i % 4) + 1;
    for (kind which = DISTANCE; which < KINDS; which++) {
        s.which = which;
        assert_true(compute(d_x, &s, x, 0) > 0);
        for (int i = 0; i < 3 * D; i++)
            assert_true(d_x[i] == 0);
    }
}

static void at_the_token_itself(void **state)
{
    (void)state;
    float x[D] = {1, 2, 3, 4, 5}, d_x[D] = {0};
    setting s = {.which = DISTANCE, .L = 1, .unit = 1, .nearest = {1, 2, 3, 4, 5}};
    assert_true(compute(d_x, &s, x, 1) == 0);
    for (int i = 0; i < D; i++)
        assert_true(d_x[i] == 0); /* a number, not 0 / 0 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gradients_are_those_of_the_definition),
        cmocka_unit_test(values_by_hand),
        cmocka_unit_test(a_weight_of_zero_leaves_the_gradient),
        cmocka_unit_test(at_the_token_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
