/* Streaming statistics against a plain recomputation from the whole matrix. */
#include "test.h"

#include "base/memory.h"
#include "base/rng.h"
#include "features/common_gather.h"
#include <float.h>
#include <math.h>
#include <string.h>

enum { PROMPTS = 23, LONGEST = 9, F = 300, ROWS = PROMPTS * LONGEST }; /* 300: two worker blocks */

/* A random activation matrix: sparse, its features of different sizes and rates. */
typedef struct dense {
    int n;
    float f_NF[ROWS * F];
    int32_t prompts_N[ROWS], positions_N[ROWS];
    bool counted_N[ROWS];
} dense;

static dense *dense_make(void)
{
    dense *m = mem_small(1, sizeof *m);
    rng r = rng_stream(3, "test_stats");
    for (int p = 0; p < PROMPTS; p++) {
        int length = p == 7 ? 1 : 2 + (int)rng_below(&r, LONGEST - 1);
        for (int t = 0; t < length; t++, m->n++) {
            m->prompts_N[m->n] = p;
            m->positions_N[m->n] = t;
            /* A BOS everywhere, a special token inside some; prompt 7 holds nothing else. */
            m->counted_N[m->n] = t != 0 && rng_below(&r, 10) != 0;
            for (int f = 0; f < F; f++) {
                bool active = f != 5 && rng_below(&r, (uint32_t)(f % 40 + 1)) == 0;
                float size = exp2f((float)(f % 37) - 18);
                ROW(m->f_NF, m->n, F)
                [f] = active || t == 0 ? size * (float)(0.05 + rng_uniform(&r)) : 0;
            }
        }
    }
    return m;
}

/* Gives the rows to a gatherer in blocks of `block` rows. */
static collection gather(const dense *m, int block, int threads)
{
    pool *workers = threads ? pool_new(threads) : NULL;
    gatherer *g = gatherer_new(F, workers);
    collection c = {0};
    err e = {0};
    for (int at = 0; at < m->n; at += block) {
        int n = m->n - at < block ? m->n - at : block;
        gather_dense(g, ROW(m->f_NF, at, F), F, m->prompts_N + at, m->positions_N + at,
                     m->counted_N + at, n);
    }
    assert_int_equal(gatherer_finish(&c, g, PROMPTS, &e), OK);
    gatherer_free(g);
    pool_free(workers);
    return c;
}

static void check_close(const char *what, int feature, double got, double want, double tolerance)
{
    if (isnan(want) ? !isnan(got) : !(fabs(got - want) <= tolerance * (1e-30 + fabs(want))))
        fail_msg("%s of feature %d: %.17g, expected %.17g", what, feature, got, want);
}

/* The definition: two passes over the feature's non-zero counted activations. */
static moments define_moments(const double *x, int n)
{
    double mean = 0, central[5] = {0};
    for (int i = 0; i < n; i++)
        mean += x[i] / n;
    for (int i = 0; i < n; i++)
        for (int k = 2; k <= 4; k++)
            central[k] += pow(x[i] - mean, k) / n;
    if (n == 0)
        return (moments){(double)NAN, (double)NAN, (double)NAN, (double)NAN};
    if (central[2] == 0)
        return (moments){mean, 0, (double)NAN, (double)NAN};
    return (moments){mean, central[2], central[3] / pow(central[2], 1.5),
                     central[4] / (central[2] * central[2])};
}

static void check_totals(const collection *c, const dense *m, int f)
{
    const feature_stats *s = &c->stats_F[f];
    double x[ROWS], sum = 0, max = 0;
    uint32_t histogram[STATS_BINS] = {0};
    int n = 0;
    for (int r = 0; r < m->n; r++) {
        double v = (double)ROW(m->f_NF, r, F)[f];
        if (!m->counted_N[r] || v == 0)
            continue;
        x[n++] = v;
        sum += v;
        max = fmax(max, v);
        int bin = 0;
        while (bin + 1 < STATS_BINS && v >= stats_bin_edge(bin + 1))
            bin++;
        histogram[bin]++;
    }
    assert_int_equal(s->n_active, n);
    check_close("sum", f, s->sum, sum, 1e-14);
    check_close("max", f, s->max, max, 0);
    assert_memory_equal(s->histogram, histogram, sizeof histogram);
    moments got = stats_moments(s), want = define_moments(x, n);
    check_close("mean", f, got.mean, want.mean, 1e-14);
    check_close("variance", f, got.variance, want.variance, 1e-12);
    if (fabs(want.skewness) > 1e-9 || isnan(want.skewness)) /* two values: 0 but for rounding */
        check_close("skewness", f, got.skewness, want.skewness, 1e-9);
    check_close("kurtosis", f, got.kurtosis, want.kurtosis, 1e-9);
}

static void check_prompts(const collection *c, const dense *m, int f)
{
    const prompt_activation *a = collection_entries(c, f);
    size_t at = 0;
    for (int p = 0; p < PROMPTS; p++) {
        double sum = 0;
        float max = 0;
        int tokens = 0, peak = -1;
        for (int r = 0; r < m->n; r++) {
            if (m->prompts_N[r] != p || !m->counted_N[r])
                continue;
            float v = ROW(m->f_NF, r, F)[f];
            tokens++;
            sum += (double)v;
            if (v > max) {
                max = v;
                peak = m->positions_N[r];
            }
        }
        if (max == 0)
            continue;
        assert_true(at < collection_count(c, f));
        assert_int_equal(a[at].prompt, p);
        assert_int_equal(a[at].peak, peak);
        assert_true(a[at].max == max && a[at].mean == (float)(sum / tokens));
        at++;
    }
    assert_int_equal(at, collection_count(c, f));
}

static void check_over_prompts(const collection *c, int f, prompt_statistic which)
{
    const prompt_activation *a = collection_entries(c, f);
    size_t n = collection_count(c, f);
    double total = 0, entropy = 0, threshold = exp2((double)(f % 37) - 19), above = 0;
    for (size_t i = 0; i < n; i++)
        total += which == PROMPT_MEAN ? (double)a[i].mean : (double)a[i].max;
    for (size_t i = 0; i < n; i++) {
        double v = which == PROMPT_MEAN ? (double)a[i].mean : (double)a[i].max;
        entropy -= v / total * log(v / total);
        above += v > threshold;
    }
    if (fabs(stats_entropy(c, f, which) - entropy) > 1e-12)
        fail_msg("entropy of %d: %.17g, expected %.17g", f, stats_entropy(c, f, which), entropy);
    check_close("share", f, stats_prompt_share(c, f, which, threshold), above / PROMPTS, 1e-15);
}

static void equal_to_the_whole_matrix(void **state)
{
    (void)state;
    dense *m = dense_make();
    collection c = gather(m, ROWS, 2);
    int64_t counted = 0;
    for (int r = 0; r < m->n; r++)
        counted += m->counted_N[r];
    assert_int_equal(c.n_tokens, counted);
    assert_int_equal(c.n_special, m->n - counted);
    assert_int_equal(c.n_prompts, PROMPTS);
    int silent = 0, one = 0;
    for (int f = 0; f < F; f++) {
        check_totals(&c, m, f);
        check_prompts(&c, m, f);
        check_over_prompts(&c, f, PROMPT_MEAN);
        check_over_prompts(&c, f, PROMPT_MAX);
        silent += c.stats_F[f].n_active == 0;
        one += c.stats_F[f].n_active == 1;
    }
    assert_true(silent > 0 && one > 0); /* the data has these cases */
    collection_release(&c);
    mem_free(m);
}

static void any_blocks_and_threads_give_the_same_bytes(void **state)
{
    (void)state;
    dense *m = dense_make();
    collection whole = gather(m, ROWS, 0);
    static const struct {
        int block, threads;
    } ways[] = {
        {1, 1},                        /* prompts open from call to call */
        {7, 2},                        /* cut anywhere */
        {ROWS, 1}, {ROWS, 2}, {50, 3}, /* more threads than blocks */
    };
    for (size_t w = 0; w < COUNT_OF(ways); w++) {
        collection c = gather(m, ways[w].block, ways[w].threads);
        assert_int_equal(c.n_tokens, whole.n_tokens);
        assert_int_equal(c.n_special, whole.n_special);
        assert_memory_equal(c.stats_F, whole.stats_F, F * sizeof *c.stats_F);
        assert_memory_equal(c.first_F, whole.first_F, (F + 1) * sizeof *c.first_F);
        assert_memory_equal(c.entries, whole.entries, whole.first_F[F] * sizeof *c.entries);
        collection_release(&c);
    }
    collection_release(&whole);
    mem_free(m);
}

/* One feature, one token a prompt. */
static collection gather_list(const float *x, int n)
{
    gatherer *g = gatherer_new(1, NULL);
    collection c = {0};
    err e = {0};
    for (int32_t i = 0; i < n; i++) {
        int32_t position = 1;
        bool counted = true;
        gather_dense(g, &x[i], 1, &i, &position, &counted, 1);
    }
    assert_int_equal(gatherer_finish(&c, g, n, &e), OK);
    gatherer_free(g);
    return c;
}

static void edge_cases(void **state)
{
    (void)state;
    const double nan = (double)NAN;
    const float near = 1 + 1e-5f;
    static const float smallest = 1e-45f;
    const struct {
        const char *what;
        float x[4];
        int n;
        moments m;
        double entropy, share; /* above 0.5 */
    } cases[] = {
        {"never active", {0, 0}, 2, {nan, nan, nan, nan}, 0, 0},
        {"no prompt at all", {0}, 0, {nan, nan, nan, nan}, 0, 0},
        {"once", {0, 3, 0}, 3, {3, 0, nan, nan}, 0, 1.0 / 3},
        {"one value", {0.1f, 0.1f, 0.1f}, 3, {(double)0.1f, 0, nan, nan}, log(3), 0},
        {"two values", {1, 3}, 2, {2, 1, 0, 1}, -0.25 * log(0.25) - 0.75 * log(0.75), 1},
        {"three values, skewed",
         {1, 1, 4},
         3,
         {2, 2, 1 / sqrt(2), 1.5},
         -2.0 / 6 * log(1.0 / 6) - 4.0 / 6 * log(4.0 / 6),
         1},
        /* Differences that plain sums of fourth powers cannot hold. */
        {"almost one value",
         {1, 1, 1, near},
         4,
         {1 + ((double)near - 1) / 4, 3.0 / 16 * ((double)near - 1) * ((double)near - 1),
          2 / sqrt(3), 7.0 / 3},
         log(4),
         1},
        {"as small as floats go",
         {smallest, smallest},
         2,
         {(double)smallest, 0, nan, nan},
         log(2),
         0},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        collection c = gather_list(cases[i].x, cases[i].n);
        moments m = stats_moments(&c.stats_F[0]);
        check_close(cases[i].what, 0, m.mean, cases[i].m.mean, 1e-15);
        check_close(cases[i].what, 1, m.variance, cases[i].m.variance, 1e-9);
        if (cases[i].m.skewness == 0)
            assert_true(fabs(m.skewness) < 1e-12);
        else
            check_close(cases[i].what, 2, m.skewness, cases[i].m.skewness, 1e-6);
        check_close(cases[i].what, 3, m.kurtosis, cases[i].m.kurtosis, 1e-6);
        assert_true(fabs(stats_entropy(&c, 0, PROMPT_MAX) - cases[i].entropy) < 1e-9);
        check_close("share", 0, stats_prompt_share(&c, 0, PROMPT_MAX, 0.5), cases[i].share, 0);
        collection_release(&c);
    }
}

static void the_first_of_equal_peaks(void **state)
{
    (void)state;
    float x[5] = {9, 1, 4, 4, 4};
    int32_t prompts[5] = {0}, positions[5] = {0, 1, 2, 3, 4};
    bool counted[5] = {false, true, true, true, true};
    gatherer *g = gatherer_new(1, NULL);
    collection c = {0};
    err e = {0};
    gather_dense(g, x, 1, prompts, positions, counted, 5);
    assert_int_equal(gatherer_finish(&c, g, 1, &e), OK);
    assert_int_equal(collection_entries(&c, 0)->peak, 2);
    gatherer_free(g);
    collection_release(&c);
}

/* A prompt's mean may round to zero: the entropy stays a number. */
static void a_mean_below_the_smallest_float(void **state)
{
    (void)state;
    float x[6] = {1e-45f, 0, 0, 0, 0, 0};
    int32_t prompts[6] = {0}, positions[6] = {0, 1, 2, 3, 4, 5};
    bool counted[6] = {true, true, true, true, true, true};
    gatherer *g = gatherer_new(1, NULL);
    collection c = {0};
    err e = {0};
    gather_dense(g, x, 1, prompts, positions, counted, 6);
    assert_int_equal(gatherer_finish(&c, g, 1, &e), OK);
    assert_int_equal(collection_count(&c, 0), 1);
    assert_true(collection_entries(&c, 0)->mean == 0 && collection_entries(&c, 0)->max > 0);
    assert_true(stats_entropy(&c, 0, PROMPT_MEAN) == 0);
    gatherer_free(g);
    collection_release(&c);
}

static void bins(void **state)
{
    (void)state;
    assert_true(stats_bin_edge(0) == 0x1p-12 && stats_bin_edge(STATS_BINS) == 0x1p16);
    static const struct {
        float x;
        int bin;
    } cases[] = {
        {0x1p-12f, 0},
        {0x1p-13f, 0},
        {1e-45f, 0}, /* below the first edge */
        {1, 48},
        {0x1.fffffep-1f, 47},
        {2, 52}, /* edges belong upward */
        {0x1p16f, STATS_BINS - 1},
        {FLT_MAX, STATS_BINS - 1}, /* above the last */
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        collection c = gather_list(&cases[i].x, 1);
        for (int b = 0; b < STATS_BINS; b++)
            assert_int_equal(c.stats_F[0].histogram[b], b == cases[i].bin);
        collection_release(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_to_the_whole_matrix),
        cmocka_unit_test(any_blocks_and_threads_give_the_same_bytes),
        cmocka_unit_test(edge_cases),
        cmocka_unit_test(the_first_of_equal_peaks),
        cmocka_unit_test(a_mean_below_the_smallest_float),
        cmocka_unit_test(bins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
