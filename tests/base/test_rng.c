/* Random streams: the published generator, pinned streams, independence, and fair distributions.
 * All draws are fixed by their seeds, so the statistical bounds hold always or never. */
#include "test.h"
#include "base/memory.h"
#include "base/rng.h"
#include <math.h>
#include <string.h>

/* A stream whose key is the seed is SplitMix64 itself; its first outputs for seed 1234567 are those
 * of the authors' C program. */
static void the_mixer_is_splitmix64(void **state)
{
    (void)state;
    static const uint64_t outputs[] = {6457827717110365317u, 3203168211198807973u,
                                       9817491932198370423u, 4593380528125082431u,
                                       16408922859458223821u};
    rng r = {.key = 1234567};
    for (size_t i = 0; i < COUNT_OF(outputs); i++) {
        assert_true(rng_at(&r, i) == outputs[i]);
        assert_true(rng_next(&r) == outputs[i]);
    }
}

/* Pinned: a change of these changes every published number of the project. */
static void streams_are_pinned(void **state)
{
    (void)state;
    rng r = rng_stream(42, "collect"), s = rng_split(&r, 7);
    assert_true(r.key == 0xbd06da0dae9d5b7fu && r.counter == 0);
    assert_true(rng_at(&r, 1000) == 0x194537644976eb37u);
    assert_true(s.key == 0x262be9859fa77152u && s.counter == 0);
    assert_true(rng_at(&s, 0) == 0x1134dde655bda30fu);
}

static void any_order_gives_the_same_draws(void **state)
{
    (void)state;
    rng r = rng_stream(1, "order"), again = r;
    uint64_t draws[100];
    for (uint64_t i = 100; i-- > 0;)
        draws[i] = rng_at(&r, i);
    assert_int_equal(r.counter, 0);
    for (int i = 0; i < 100; i++)
        assert_true(rng_next(&again) == draws[i]);
}

/* Streams that differ by one letter, one seed or one id must look unrelated: bits of the xor of
 * their draws are fair coins. 64,000 coins have a deviation of 253 heads / 2 = 126.5. */
static void neighbouring_streams_are_unrelated(void **state)
{
    (void)state;
    rng base = rng_stream(1, "a");
    const rng pairs[][2] = {
        {base, rng_stream(1, "b")},
        {base, rng_stream(2, "a")},
        {base, rng_stream(1, "aa")},
        {base, rng_split(&base, 0)},
        {rng_split(&base, 0), rng_split(&base, 1)},
        {rng_split(&base, 1), rng_split(&base, UINT64_C(1) << 32)},
        {rng_stream(0, ""), rng_stream(1, "")},
    };
    for (size_t p = 0; p < COUNT_OF(pairs); p++) {
        int heads = 0;
        for (uint64_t i = 0; i < 1000; i++)
            heads += __builtin_popcountll(rng_at(&pairs[p][0], i) ^ rng_at(&pairs[p][1], i));
        assert_in_range(heads, 32000 - 5 * 127, 32000 + 5 * 127);
    }
}

static void uniforms_fill_the_unit_interval(void **state)
{
    (void)state;
    enum { N = 100000, BINS = 50 };
    int count[BINS] = {0};
    double sum = 0, lagged = 0, before = 0.5;
    rng r = rng_stream(3, "uniform");
    for (int i = 0; i < N; i++) {
        double u = rng_uniform(&r);
        assert_true(u >= 0 && u < 1);
        count[(int)(u * BINS)]++;
        sum += u;
        lagged += (u - 0.5) * (before - 0.5);
        before = u;
    }
    double chi2 = 0, expected = (double)N / BINS;
    for (int b = 0; b < BINS; b++)
        chi2 += (count[b] - expected) * (count[b] - expected) / expected;
    assert_true(chi2 < 85.4); /* 49 degrees of freedom, p = 0.001 */
    assert_true(fabs(sum / N - 0.5) < 4 * sqrt(1.0 / 12 / N));
    assert_true(fabs(lagged / N) < 4 / 12.0 / sqrt(N)); /* neighbours are uncorrelated */
}

static void below_is_unbiased_and_in_range(void **state)
{
    (void)state;
    static const uint32_t bounds[] = {1, 2, 3, 7, 10, 1000, UINT32_C(1) << 31, UINT32_MAX};
    for (size_t b = 0; b < COUNT_OF(bounds); b++) {
        rng r = rng_stream(b, "below");
        for (int i = 0; i < 1000; i++)
            assert_true(rng_below(&r, bounds[b]) < bounds[b]);
    }
    /* Three quarters of 2^32: plain modulo would hit the first third twice as often. */
    enum { N = 30000 };
    const uint32_t third = UINT32_C(1) << 30;
    int count[3] = {0};
    rng r = rng_stream(9, "bias");
    for (int i = 0; i < N; i++)
        count[rng_below(&r, 3 * third) / third]++;
    for (int k = 0; k < 3; k++)
        assert_in_range(count[k], 10000 - 330, 10000 + 330); /* 4 deviations of 81.6 */
}

static void normals_have_the_right_moments(void **state)
{
    (void)state;
    enum { N = 100000 };
    double m1 = 0, m2 = 0, m3 = 0, m4 = 0;
    int beyond_two = 0;
    rng r = rng_stream(5, "normal");
    for (int i = 0; i < N; i++) {
        double x = rng_normal(&r);
        assert_true(isfinite(x));
        m1 += x, m2 += x * x, m3 += x * x * x, m4 += x * x * x * x;
        beyond_two += fabs(x) > 2;
    }
    /* Deviations of the mean of x, x^2, x^3, x^4: 1, sqrt 2, sqrt 15, sqrt 96 over sqrt N. */
    double root = sqrt(N);
    assert_true(fabs(m1 / N) < 4 / root);
    assert_true(fabs(m2 / N - 1) < 4 * sqrt(2) / root);
    assert_true(fabs(m3 / N) < 4 * sqrt(15) / root);
    assert_true(fabs(m4 / N - 3) < 4 * sqrt(96) / root);
    assert_in_range(beyond_two, 4550 - 264, 4550 + 264); /* 4.550 %, 4 deviations of 66 */
}

/* Every order of four items comes equally often. */
static void shuffles_are_fair(void **state)
{
    (void)state;
    enum { N = 24000 };
    int count[256] = {0}, orders = 0;
    rng r = rng_stream(11, "shuffle");
    for (int i = 0; i < N; i++) {
        int items[4] = {0, 1, 2, 3};
        rng_shuffle(&r, items, 4);
        assert_int_equal(1 << items[0] | 1 << items[1] | 1 << items[2] | 1 << items[3], 15);
        count[items[0] << 6 | items[1] << 4 | items[2] << 2 | items[3]]++;
    }
    for (int k = 0; k < 256; k++)
        if (count[k]) {
            orders++;
            assert_in_range(count[k], 1000 - 124, 1000 + 124); /* 4 deviations of 31 */
        }
    assert_int_equal(orders, 24);
    rng_shuffle(&r, NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mixer_is_splitmix64),
        cmocka_unit_test(streams_are_pinned),
        cmocka_unit_test(any_order_gives_the_same_draws),
        cmocka_unit_test(neighbouring_streams_are_unrelated),
        cmocka_unit_test(uniforms_fill_the_unit_interval),
        cmocka_unit_test(below_is_unbiased_and_in_range),
        cmocka_unit_test(normals_have_the_right_moments),
        cmocka_unit_test(shuffles_are_fair),
    };
    return cmocka_run_group_tests_name("rng", tests, NULL, NULL);
}
