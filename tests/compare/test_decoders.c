/* Small dictionaries in three dimensions, matched by hand. */
#include "test.h"
#include "compare/decoders.h"
#include <math.h>
#include <string.h>

enum { D = 3, MOST = 4 };

typedef struct small {
    arena memory;
    record a, b;
    record_target targets_a[MOST], targets_b[MOST];
    decoder_match m;
} small;

static void fill(record *r, record_target *targets, double rows[][D], int n, int first_id)
{
    *r = (record){.targets = targets, .n_targets = n};
    for (int i = 0; i < n; i++)
        targets[i] = (record_target){.id = first_id + i, .decoder = rows[i], .n_decoder = D};
}

static void match(small *s, double a[][D], int n_a, double b[][D], int n_b)
{
    s->memory = (arena){0};
    fill(&s->a, s->targets_a, a, n_a, 10);
    fill(&s->b, s->targets_b, b, n_b, 20);
    decoders_match(&s->m, &s->a, &s->b, &s->memory);
}

static void close_to(double got, double want)
{
    if (!(fabs(got - want) < 1e-12))
        fail_msg("%.17g instead of %.17g", got, want);
}

/* Lengths do not count. Cosines: (0, 1, -1) for the first row of A, (0.8, 0, 0) for the second. */
static void fellows_are_each_others_nearest(void **state)
{
    (void)state;
    small s;
    double a[][D] = {{2, 0, 0}, {0, 0, 5}}, b[][D] = {{0, 3, 4}, {0.1, 0, 0}, {-1, 0, 0}};
    match(&s, a, 2, b, 3);
    close_to(s.m.cosine_AB[0], 0);
    close_to(s.m.cosine_AB[1], 1);
    close_to(s.m.cosine_AB[2], -1);
    close_to(s.m.cosine_AB[3], 0.8);
    assert_int_equal(s.m.n_fellows, 2);
    assert_int_equal(s.m.of_a[0], 1);
    assert_int_equal(s.m.of_a[1], 0);
    assert_int_equal(s.m.of_b[0], 1);
    assert_int_equal(s.m.of_b[1], 0);
    assert_int_equal(s.m.of_b[2], -1);
    close_to(s.m.mcc, (1 + 0.8) / 2);
    close_to(decoders_nearest(&s.m, 1, false), 0.8);
    close_to(decoders_nearest(&s.m, 2, true), 0); /* the other row of A, at a right angle */
    arena_release(&s.memory);
}

/* Both rows of A have the first of B as nearest, 0.96 and 0.8; it can be the fellow of one. */
static void one_feature_has_one_fellow(void **state)
{
    (void)state;
    small s;
    double a[][D] = {{4, 3, 0}, {24, 7, 0}}, b[][D] = {{1, 0, 0}, {0, 0, 1}};
    match(&s, a, 2, b, 2);
    assert_int_equal(s.m.of_a[0], -1);
    assert_int_equal(s.m.of_a[1], 0);
    assert_int_equal(s.m.n_fellows, 1);
    close_to(s.m.mcc, 0.96 / 2);
    arena_release(&s.memory);
}

/* Cosines 1 and 0.96 for the first row of A, 0.8 and 0.6 for the second: the nearest first would
 * give 1 + 0.6, the other way round is 0.96 + 0.8. */
static void the_mean_is_of_the_best_pairing(void **state)
{
    (void)state;
    small s;
    double a[][D] = {{1, 0, 0}, {0.8, -0.6, 0}}, b[][D] = {{1, 0, 0}, {0.96, 0.28, 0}};
    match(&s, a, 2, b, 2);
    close_to(s.m.cosine_AB[1], 0.96);
    close_to(s.m.cosine_AB[2], 0.8);
    close_to(s.m.cosine_AB[3], 0.6);
    close_to(s.m.mcc, (0.96 + 0.8) / 2);
    assert_int_equal(s.m.of_a[0], 0);
    assert_int_equal(s.m.of_a[1], -1);
    arena_release(&s.memory);
    double c[][D] = {{1, 0, 0}, {1, 0, 0}, {0, 0, -1}};
    match(&s, c, 3, b, 1); /* one pair of the three rows; of equals the first */
    assert_int_equal(s.m.of_a[0], 0);
    assert_int_equal(s.m.of_a[1], -1);
    close_to(s.m.mcc, 1);
    arena_release(&s.memory);
}

static void the_threshold_holds(void **state)
{
    (void)state;
    for (int below = 0; below < 2; below++) {
        small s;
        double cosine = DECODER_LEAST_COSINE + (below ? -1e-6 : 1e-6);
        double a[][D] = {{1, 0, 0}}, b[][D] = {{cosine, sqrt(1 - cosine * cosine), 0}};
        match(&s, a, 1, b, 1);
        assert_int_equal(s.m.of_a[0], below ? -1 : 0);
        assert_int_equal(s.m.of_b[0], below ? -1 : 0);
        close_to(s.m.mcc, cosine); /* whatever the threshold */
        arena_release(&s.memory);
    }
}

static void rows_without_a_direction_match_nothing(void **state)
{
    (void)state;
    small s;
    double a[][D] = {{0, 0, 0}, {(double)NAN, 1, 0}, {1e300, 1e300, 0}}, b[][D] = {{1, 1, 0}};
    match(&s, a, 3, b, 1);
    close_to(s.m.cosine_AB[0], 0);
    close_to(s.m.cosine_AB[1], 0);
    close_to(s.m.cosine_AB[2], 1); /* no square overflows */
    assert_int_equal(s.m.of_b[0], 2);
    arena_release(&s.memory);
}

static void what_cannot_be_compared_is_said(void **state)
{
    (void)state;
    small s;
    double a[][D] = {{1, 0, 0}}, b[][D] = {{1, 0, 0}};
    match(&s, a, 1, b, 1);
    s.a.run.sae.hook = "blocks.1.hook_resid_post";
    s.b.run.sae.hook = "blocks.2.hook_resid_post";
    assert_null(decoders_obstacle(&s.a, &s.b, true, true, &s.memory));
    assert_non_null(strstr(decoders_obstacle(&s.a, &s.b, false, true, &s.memory), "two models"));
    assert_non_null(
        strstr(decoders_obstacle(&s.a, &s.b, true, false, &s.memory),
               "A reads blocks.1.hook_resid_post but B reads blocks.2.hook_resid_post,"));
    s.b.run.sae.hook = s.a.run.sae.hook;
    s.b.run.sae.hook_out = "blocks.2.hook_mlp_out";
    assert_non_null(
        strstr(decoders_obstacle(&s.a, &s.b, true, false, &s.memory),
               "A writes to blocks.1.hook_resid_post but B writes to blocks.2.hook_mlp_out,"));
    s.targets_b[0].n_decoder = 2;
    assert_non_null(
        strstr(decoders_obstacle(&s.a, &s.b, true, true, &s.memory), "3 numbers in A and 2 in B"));
    s.b.schema = 5;
    s.targets_b[0].n_decoder = 0;
    assert_non_null(
        strstr(decoders_obstacle(&s.a, &s.b, true, true, &s.memory), "files of B (schema 5)"));
    s.a.n_targets = 0;
    assert_non_null(
        strstr(decoders_obstacle(&s.a, &s.b, true, true, &s.memory), "A chose no feature"));
    arena_release(&s.memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fellows_are_each_others_nearest),
        cmocka_unit_test(one_feature_has_one_fellow),
        cmocka_unit_test(the_mean_is_of_the_best_pairing),
        cmocka_unit_test(the_threshold_holds),
        cmocka_unit_test(rows_without_a_direction_match_nothing),
        cmocka_unit_test(what_cannot_be_compared_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
