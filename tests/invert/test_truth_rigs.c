/* The models of common_truth.h are what they claim: their formulas against runs of the model, the
 * trained one against PyTorch. What the search is measured by must itself be measured. */
#include "test.h"

#include "base/memory.h"
#include "base/rng.h"
#include "invert/common_truth.h"
#include "invert/probe.h"
#include <math.h>
#include <string.h>

static void draw(int32_t *tokens, int n, int V, rng *r)
{
    for (int i = 0; i < n; i++)
        tokens[i] = 1 + (int32_t)rng_below(r, (uint32_t)(V - 1));
}

static void every_candidate_spells_itself(void **state)
{
    (void)state;
    truth *rigs[] = {truth_uniform(1), truth_and(1), truth_chars(1)};
    static const int candidates[] = {UNIFORM_V - 1, AND_V - 1, CHARS_V};
    for (size_t i = 0; i < COUNT_OF(rigs); i++) {
        rng r = rng_stream(3, "spelling");
        assert_int_equal(rigs[i]->table->n, candidates[i]);
        for (int round = 0; round < 50; round++) {
            int32_t tokens[10];
            str text = {0};
            token_list again = {0};
            err e = {0};
            draw(tokens, 10, candidates[i] + 1, &r);
            for (int k = 0; k < 10; k++) {
                const char *bytes;
                size_t n;
                assert_true(tokenizer_bytes(rigs[i]->tokenizer, tokens[k], &bytes, &n));
                str_add_bytes(&text, bytes, n);
            }
            assert_int_equal(tokenizer_encode(&again, rigs[i]->tokenizer, text.data, text.len, &e),
                             OK);
            assert_int_equal(again.n, 10);
            assert_memory_equal(again.ids, tokens, sizeof tokens);
            token_list_release(&again);
            str_release(&text);
        }
        truth_close(rigs[i]);
    }
}

/* ---- uniform attention ---- */

/* No sequence beats the closed form, the one it names reaches it, and it is the only one a swap of
 * any token cannot improve: one sweep of coordinate ascent ends there. */
static void uniform_attention_has_its_closed_form(void **state)
{
    (void)state;
    enum { L = 4 };
    truth *t = truth_uniform(2);
    rng r = rng_stream(1, "starts");
    int32_t *swaps_VL = mem_small(UNIFORM_V * L, sizeof *swaps_VL);
    float *z_VL = mem_small(UNIFORM_V * L, sizeof *z_VL);
    for (int f = 0; f < UNIFORM_F; f++) {
        int32_t best[L], tokens[L];
        double want = truth_uniform_best(best, t, f, L), reached = 0;
        draw(tokens, L, UNIFORM_V, &r);
        for (int i = 0; i < L; i++) {
            for (int v = 1; v < UNIFORM_V; v++) {
                memcpy(ROW(swaps_VL, v - 1, L), tokens, sizeof tokens);
                ROW(swaps_VL, v - 1, L)[i] = v;
            }
            truth_z(z_VL, t, f, swaps_VL, UNIFORM_V - 1, L);
            int chosen = 0;
            for (int v = 0; v < UNIFORM_V - 1; v++)
                if (ROW(z_VL, v, L)[L - 1] > ROW(z_VL, chosen, L)[L - 1])
                    chosen = v;
            tokens[i] = 1 + chosen;
            reached = (double)ROW(z_VL, chosen, L)[L - 1];
        }
        assert_memory_equal(tokens, best, sizeof tokens);
        if (fabs(reached - want) > 2e-5 * fabs(want))
            fail_msg("feature %d: %g, closed form %g", f, reached, want);
    }
    mem_free(swaps_VL);
    mem_free(z_VL);
    truth_close(t);
}

/* In a linear model what the gradient predicts of a swap is what the swap does. */
static void uniform_attention_swaps_gain_what_the_gradient_says(void **state)
{
    (void)state;
    enum { L = 6, D = PLANTED_D };
    truth *t = truth_uniform(1);
    rng r = rng_stream(2, "swaps");
    double worst = 0, largest = 0;
    for (int round = 0; round < 40; round++) {
        int32_t tokens[L], other[1];
        float d_x[L * D], from[D], to[D], z_L[L];
        int f = round % UNIFORM_F, at = (int)rng_below(&r, L);
        draw(tokens, L, UNIFORM_V, &r);
        draw(other, 1, UNIFORM_V, &r);
        double before = (double)truth_gradient(d_x, t, f, tokens, L, L - 1), predicted = 0;
        token_table_row(from, t->table, tokens[at]);
        token_table_row(to, t->table, other[0]);
        for (int d = 0; d < D; d++)
            predicted += (double)d_x[at * D + d] * ((double)to[d] - (double)from[d]);
        tokens[at] = other[0];
        truth_z(z_L, t, f, tokens, 1, L);
        worst = fmax(worst, fabs((double)z_L[L - 1] - before - predicted));
        largest = fmax(largest, fabs((double)z_L[L - 1]));
    }
    if (!(worst < 1e-6 * largest)) /* what floats of this size hold */
        fail_msg("a predicted gain is off by %g of z up to %g", worst, largest);
    truth_close(t);
}

/* ---- a before b ---- */

static void first_before_second_is_worth_its_formula(void **state)
{
    (void)state;
    enum { L = 9 };
    truth *t = truth_and(1);
    rng r = rng_stream(4, "and");
    assert_float_equal(truth_and_value(1, L), 0.99699, 1e-5);
    for (int n_first = 1; n_first < L; n_first++) {
        int32_t tokens[L];
        float z_L[L];
        draw(tokens, L, 100, &r); /* neither of the two */
        tokens[L - 1] = AND_SECOND;
        for (int i = 0; i < n_first; i++)
            tokens[i] = AND_FIRST;
        truth_z(z_L, t, 0, tokens, 1, L);
        if (fabs((double)z_L[L - 1] - truth_and_value(n_first, L)) > 1e-4)
            fail_msg("%d: %g, formula %g", n_first, (double)z_L[L - 1],
                     truth_and_value(n_first, L));
        tokens[L - 1] = AND_FIRST; /* the first alone, and the second before the first */
        tokens[0] = AND_SECOND;
        assert_true(truth_max(t, 0, tokens, L) < 0.01);
    }
    truth_close(t);
}

/* Of all 1000^10 sequences the best is known; the nearest to it are worse, by as much as a float
 * shows. */
static void first_before_second_has_one_best(void **state)
{
    (void)state;
    enum { L = 10 };
    truth *t = truth_and(1);
    int32_t best[L], other[L];
    for (int i = 0; i < L; i++)
        best[i] = i < L - 1 ? AND_FIRST : AND_SECOND;
    double z = truth_max(t, 0, best, L);
    assert_float_equal(z, truth_and_value(L - 1, L), 1e-4);
    rng r = rng_stream(5, "near");
    for (int round = 0; round < 200; round++) {
        memcpy(other, best, sizeof other);
        draw(&other[rng_below(&r, L)], 1, AND_V, &r);
        if (memcmp(other, best, sizeof other) != 0)
            assert_true(truth_max(t, 0, other, L) < z - 1e-5);
    }
    truth_close(t);
}

/* ---- a word of n tokens ---- */

static void only_the_whole_word_counts(void **state)
{
    (void)state;
    enum { L = 8, V = 40, D = PLANTED_D };
    for (int n = 2; n <= 3; n++) {
        truth *t = truth_ngram(n, V, 1);
        for (int end = n; end <= L; end++)
            for (int missing = -1; missing < n; missing++) {
                int32_t tokens[L];
                float z_L[L], d_x[L * D], largest = 0;
                for (int i = 0; i < L; i++)
                    tokens[i] = 1 + i % 3;
                for (int i = 0; i < n; i++)
                    if (i != missing)
                        tokens[end - 1 - i] = NGRAM_WORD[i];
                truth_z(z_L, t, 0, tokens, 1, L);
                for (int i = 0; i < L; i++)
                    assert_float_equal((double)z_L[i], missing < 0 && i == end - 1, 1e-4);
                truth_gradient(d_x, t, 0, tokens, end, end - 1);
                for (int i = 0; i < end * D; i++)
                    largest = fmaxf(largest, fabsf(d_x[i]));
                assert_true(missing < 0 ? largest > 1 : largest == 0); /* the plateau */
            }
        truth_close(t);
    }
}

/* ---- the trained model ---- */

static void the_trained_model_is_pytorchs(void **state)
{
    (void)state;
    enum { N = 64, L = 4 };
    truth *t = truth_chars(2);
    int32_t *with_bos = truth_chars_tokens("random_64", N * (L + 1)), tokens[N * L];
    float *want = truth_chars_numbers("z_64", N * CHARS_F), z[N * L * CHARS_F];
    double worst = 0;
    for (int b = 0; b < N; b++)
        memcpy(tokens + b * L, with_bos + b * (L + 1) + 1, L * sizeof *tokens);
    truth_z_of(z, t, 0, CHARS_F, tokens, N, L);
    for (int b = 0; b < N; b++)
        for (int f = 0; f < CHARS_F; f++)
            worst = fmax(worst, fabs((double)z[(b * L + L - 1) * CHARS_F + f] -
                                     (double)want[b * CHARS_F + f]));
    if (!(worst < 2e-4))
        fail_msg("z is off by %g", worst);
    mem_free(want);
    mem_free(with_bos);
    truth_close(t);
}

static void assert_close(double got, double want)
{
    if (!(fabs(got - want) <= 1e-4 * (1 + fabs(want))))
        fail_msg("%.7g, by PyTorch %.7g", got, want);
}

/* All 29791 sequences of three characters, and the best of four that PyTorch found among 923521. */
static void the_best_of_all_sequences_is_known(void **state)
{
    (void)state;
    enum { V = CHARS_V, N = V * V * V, F = CHARS_F };
    truth *t = truth_chars(2);
    int32_t *all = mem_small(N * 3, sizeof *all);
    float *z = mem_small(N * 3 * F, sizeof *z);
    int32_t *best_3 = truth_chars_tokens("best_3", F * 3),
            *best_4 = truth_chars_tokens("best_4", F * 4);
    float *value_3 = truth_chars_numbers("value_3", F),
          *value_4 = truth_chars_numbers("value_4", F);
    for (int i = 0; i < N; i++)
        for (int k = 0, rest = i; k < 3; k++, rest /= V)
            all[i * 3 + k] = 1 + rest % V;
    truth_z_of(z, t, 0, F, all, N, 3);
    for (int f = 0; f < F; f++) {
        int at = 0, length = 4;
        for (int i = 0; i < N * 3; i++)
            at = z[i * F + f] > z[at * F + f] ? i : at;
        assert_close((double)z[at * F + f], (double)value_3[f]);
        for (int k = 0; k <= at % 3; k++)
            assert_int_equal(all[at - at % 3 + k], best_3[f * 3 + k]);
        while (length > 1 && best_4[f * 4 + length - 1] < 0)
            length--;
        assert_close(truth_max(t, f, best_4 + f * 4, length), (double)value_4[f]);
        assert_true(value_4[f] >= value_3[f]);
    }
    mem_free(value_4);
    mem_free(value_3);
    mem_free(best_4);
    mem_free(best_3);
    mem_free(z);
    mem_free(all);
    truth_close(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_candidate_spells_itself),
        cmocka_unit_test(uniform_attention_has_its_closed_form),
        cmocka_unit_test(uniform_attention_swaps_gain_what_the_gradient_says),
        cmocka_unit_test(first_before_second_is_worth_its_formula),
        cmocka_unit_test(first_before_second_has_one_best),
        cmocka_unit_test(only_the_whole_word_counts),
        cmocka_unit_test(the_trained_model_is_pytorchs),
        cmocka_unit_test(the_best_of_all_sequences_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
