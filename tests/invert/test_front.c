/* The front against plain definitions: nobody dominated, areas counted square by square. */
#include "test.h"

#include "base/memory.h"
#include "base/rng.h"
#include "invert/front.h"
#include <math.h>
#include <string.h>

enum { L = 3, POINTS = 60 };

typedef struct pair {
    float value;
    double cross_entropy;
} pair;

/* On a grid of quarters and halves, so that ties are many: -1 to 4, 0 to 11 nats. What is active is
 * seldom likely, so that fronts are long. */
static pair draw(rng *r)
{
    uint32_t k = rng_below(r, 21);
    return (pair){(float)k / 4 - 1, (k + rng_below(r, 4)) / 2.0};
}

/* Its tokens tell its number. */
static void add(front *f, pair p, int number)
{
    int32_t tokens[L] = {number, number + 1, number + 2};
    candidate c = {.tokens_L = tokens,
                   .position = number % L,
                   .value = p.value,
                   .z = p.value + 1,
                   .activation = p.value + 2,
                   .cross_entropy = p.cross_entropy,
                   .start = START_BEAM,
                   .restart = number};
    front_add(f, &c, 1);
}

static bool dominates(pair a, pair b)
{
    return a.value >= b.value && a.cross_entropy <= b.cross_entropy &&
           (a.value > b.value || a.cross_entropy < b.cross_entropy);
}

/* Of the first n: is number i one of those that must be kept? The first of equals is. */
static bool belongs(const pair *pairs, int n, int i)
{
    for (int k = 0; k < n; k++) {
        bool same =
            pairs[k].value == pairs[i].value && pairs[k].cross_entropy == pairs[i].cross_entropy;
        if (dominates(pairs[k], pairs[i]) || (same && k < i))
            return false;
    }
    return true;
}

static void expect_point(const search_point *p, const pair *pairs)
{
    int number = p->restart;
    assert_true(p->value == pairs[number].value);
    assert_true(p->cross_entropy == pairs[number].cross_entropy);
    assert_true(p->z == p->value + 1 && p->activation == p->value + 2);
    assert_int_equal(p->start, START_BEAM);
    assert_int_equal(p->length, number % L + 1);
    for (int i = 0; i < p->length; i++)
        assert_int_equal(p->tokens[i], number + i);
}

static void it_holds_whoever_is_not_dominated(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        rng r = rng_stream(seed, "front");
        front f = front_new(POINTS, L);
        pair pairs[POINTS];
        for (int n = 1; n <= POINTS; n++) {
            pairs[n - 1] = draw(&r);
            assert_int_equal(front_wants(&f, pairs[n - 1].value, pairs[n - 1].cross_entropy),
                             belongs(pairs, n, n - 1));
            add(&f, pairs[n - 1], n - 1);
            int kept = 0;
            for (int i = 0; i < n; i++)
                kept += belongs(pairs, n, i);
            assert_int_equal(f.n, kept);
            for (int i = 0; i < f.n; i++) {
                assert_true(belongs(pairs, n, f.points[i].restart));
                expect_point(&f.points[i], pairs);
                assert_true(i == 0 || (f.points[i].value > f.points[i - 1].value &&
                                       f.points[i].cross_entropy > f.points[i - 1].cross_entropy));
            }
        }
        front_release(&f);
    }
}

static void the_most_active_within_a_limit(void **state)
{
    (void)state;
    rng r = rng_stream(5, "front");
    front f = front_new(POINTS, L);
    pair pairs[POINTS];
    assert_null(front_within(&f, 100));
    for (int n = 0; n < POINTS; n++) {
        pairs[n] = draw(&r);
        add(&f, pairs[n], n);
    }
    for (double limit = -0.25; limit < 12; limit += 0.25) {
        const search_point *got = front_within(&f, limit);
        float most = -INFINITY;
        for (int i = 0; i < POINTS; i++)
            if (pairs[i].cross_entropy <= limit)
                most = fmaxf(most, pairs[i].value);
        assert_true(got ? got->value == most && got->cross_entropy <= limit : isinf(most));
    }
    assert_null(front_within(&f, (double)NAN));
    front_release(&f);
}

/* Squares of the grid that some point covers, towards value 0 and FRONT_MOST_NATS. */
static double area(const pair *pairs, int n, int without)
{
    double total = 0;
    for (double value = 0; value < 4; value += 0.25)
        for (double nats = 0; nats < FRONT_MOST_NATS; nats += 0.5)
            for (int i = 0; i < n; i++)
                if (i != without && (double)pairs[i].value > value &&
                    pairs[i].cross_entropy <= nats) {
                    total += 0.25 * 0.5;
                    break;
                }
    return total;
}

static void hypervolume_is_the_area_covered(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++) {
        rng r = rng_stream(seed, "area");
        front f = front_new(POINTS, L);
        pair pairs[POINTS];
        assert_true(front_hypervolume(&f, 1) == 0);
        for (int n = 0; n < POINTS; n++) {
            pairs[n] = draw(&r);
            add(&f, pairs[n], n);
            assert_true(fabs(front_hypervolume(&f, 1) - area(pairs, n + 1, -1)) < 1e-12);
        }
        assert_true(fabs(front_hypervolume(&f, 4) - front_hypervolume(&f, 1) / 4) < 1e-12);
        front_release(&f);
    }
}

static int list_front(pair *out, const front *f)
{
    for (int i = 0; i < f->n; i++)
        out[i] = (pair){f->points[i].value, f->points[i].cross_entropy};
    return f->n;
}

/* Each that goes costs as little area as any but the strongest would. */
static void thinning_costs_least(void **state)
{
    (void)state;
    int thinned = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        rng r = rng_stream(seed, "thin");
        front f = front_new(POINTS, L);
        for (int n = 0; n < POINTS; n++)
            add(&f, draw(&r), n);
        while (f.n > 1) {
            pair before[POINTS];
            int n = list_front(before, &f);
            double most = 0;
            for (int i = 0; i < n - 1; i++)
                most = fmax(most, area(before, n, i));
            front_thin(&f, n - 1, 1);
            assert_int_equal(f.n, n - 1);
            assert_true(fabs(front_hypervolume(&f, 1) - most) < 1e-12);
            assert_true(f.points[f.n - 1].value == before[n - 1].value);
            thinned++;
        }
        front_thin(&f, 1, 1);
        assert_int_equal(f.n, 1);
        front_release(&f);
    }
    assert_true(thinned > 100);
}

/* A full front takes a better one and lets the least go. */
static void capacity_holds(void **state)
{
    (void)state;
    enum { MOST = 4 };
    rng r = rng_stream(8, "capacity");
    front f = front_new(MOST, L);
    pair pairs[POINTS];
    float strongest = -INFINITY;
    for (int n = 0; n < POINTS; n++) {
        pairs[n] = draw(&r);
        add(&f, pairs[n], n);
        strongest = fmaxf(strongest, pairs[n].value);
        assert_in_range(f.n, 1, MOST);
        assert_true(f.points[f.n - 1].value == strongest);
        for (int i = 0; i < f.n; i++)
            expect_point(&f.points[i], pairs);
    }
    assert_int_equal(f.n, MOST);
    front_release(&f);
}

static void what_was_not_measured_is_not_wanted(void **state)
{
    (void)state;
    front f = front_new(4, L);
    add(&f, (pair){NAN, 1}, 0);
    add(&f, (pair){1, (double)NAN}, 0);
    assert_false(front_wants(&f, NAN, 1) || front_wants(&f, 1, (double)NAN));
    assert_int_equal(f.n, 0);
    add(&f, (pair){-1, 2}, 0); /* worse than silence is a point, but covers nothing */
    assert_int_equal(f.n, 1);
    assert_true(front_hypervolume(&f, 1) == 0);
    front_release(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_holds_whoever_is_not_dominated),
        cmocka_unit_test(the_most_active_within_a_limit),
        cmocka_unit_test(hypervolume_is_the_area_covered),
        cmocka_unit_test(thinning_costs_least),
        cmocka_unit_test(capacity_holds),
        cmocka_unit_test(what_was_not_measured_is_not_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
