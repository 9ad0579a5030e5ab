/* Matching features to concepts, against every threshold of every feature tried by hand. */
#include "test.h"

#include "base/memory.h"
#include "base/rng.h"
#include "train/concepts.h"
#include <math.h>

enum { TOKENS = 300, F = 9, CONCEPTS = 70 };

/* A sample from dense activations; zero is silent. */
static concept_sample sample_of(const float *dense_NF, const uint64_t (*concepts)[2])
{
    concept_sample s = {.n_tokens = TOKENS, .F = F};
    s.concepts_N = mem_small(TOKENS, sizeof *s.concepts_N);
    s.start_F = mem_small(F + 1, sizeof *s.start_F);
    s.firings = mem_small((size_t)TOKENS * F, sizeof *s.firings);
    size_t n = 0;
    for (int f = 0; f < F; f++) {
        for (int t = 0; t < TOKENS; t++)
            if (ROW(dense_NF, t, F)[f] > 0)
                s.firings[n++] = (concept_firing){t, ROW(dense_NF, t, F)[f]};
        s.start_F[f + 1] = n;
        for (size_t i = s.start_F[f]; i < n; i++) /* largest first, ties by token */
            for (size_t j = i; j > s.start_F[f] && s.firings[j].value > s.firings[j - 1].value;
                 j--) {
                concept_firing swap = s.firings[j];
                s.firings[j] = s.firings[j - 1];
                s.firings[j - 1] = swap;
            }
    }
    for (int t = 0; t < TOKENS; t++)
        for (int i = 0; i < 2; i++)
            s.concepts_N[t][i] = concepts[t][i];
    return s;
}

static bool has(const uint64_t bits[2], int c)
{
    return bits[c / 64] >> (c % 64) & 1;
}

static double f1_of(const float *dense_NF, const uint64_t (*concepts)[2], int f, int c,
                    float threshold)
{
    int hits = 0, predicted = 0, positives = 0;
    for (int t = 0; t < TOKENS; t++) {
        float value = ROW(dense_NF, t, F)[f];
        bool fires = value > 0 && value >= threshold;
        predicted += fires;
        positives += has(concepts[t], c);
        hits += fires && has(concepts[t], c);
    }
    return predicted + positives ? 2.0 * hits / (predicted + positives) : 0;
}

/* Feature 0 is concept 0, feature 1 is concept 65 with noise, the others are chance; few distinct
 * values, so that ties decide. */
static void make(float *dense_NF, uint64_t (*concepts)[2], uint64_t seed)
{
    rng r = rng_stream(seed, "test_concepts");
    for (int t = 0; t < TOKENS; t++) {
        concepts[t][0] = concepts[t][1] = 0;
        for (int c = 0; c < CONCEPTS; c++)
            if (c != 3 && rng_below(&r, 5) == 0)
                concepts[t][c / 64] |= 1ull << (c % 64);
        for (int f = 0; f < F; f++)
            ROW(dense_NF, t, F)[f] = (float)rng_below(&r, 6) / 4;
        ROW(dense_NF, t, F)[0] = has(concepts[t], 0) ? 2 : 0.5f;
        if (rng_below(&r, 4))
            ROW(dense_NF, t, F)[1] = has(concepts[t], 65) ? 3 : 0;
    }
}

static void test_match(void **state)
{
    (void)state;
    static float dense[2][TOKENS * F];
    static uint64_t concepts[2][TOKENS][2];
    concept_sample samples[2];
    for (int i = 0; i < 2; i++) {
        make(dense[i], concepts[i], (uint64_t)i);
        samples[i] = sample_of(dense[i], (const uint64_t(*)[2])concepts[i]);
    }
    concept_match matches[CONCEPTS];
    pool *p = pool_new(2);
    concept_match_all(matches, CONCEPTS, &samples[0], &samples[1], p);
    pool_free(p);
    assert_int_equal(matches[0].feature, 0);
    assert_true(matches[0].f1 == 1 && matches[0].precision == 1 && matches[0].recall == 1);
    assert_int_equal(matches[65].feature, 1);
    assert_int_equal(matches[3].feature, -1); /* never occurs */
    assert_true(matches[3].f1 == 0);
    for (int c = 0; c < CONCEPTS; c++) {
        double best = 0;
        for (int f = 0; f < F; f++)
            for (int step = 1; step <= 12; step++)
                best = fmax(best, f1_of(dense[0], (const uint64_t(*)[2])concepts[0], f, c,
                                        (float)step / 4));
        assert_true(fabs(matches[c].chosen_f1 - best) < 1e-6);
        if (matches[c].feature < 0)
            continue;
        double held_out = f1_of(dense[1], (const uint64_t(*)[2])concepts[1], matches[c].feature, c,
                                matches[c].threshold);
        assert_true(fabs(matches[c].f1 - held_out) < 1e-6);
    }
    for (int i = 0; i < 2; i++)
        concept_sample_release(&samples[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_match)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
