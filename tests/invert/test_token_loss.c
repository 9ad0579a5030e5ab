/* Cross-entropy of windows, against the logits of each run alone. */
#include "test.h"

#include "base/memory.h"
#include "base/rng.h"
#include "invert/common_bed.h"
#include "invert/search_scorer.h"
#include "invert/token_loss.h"
#include <math.h>
#include <string.h>

enum { L = 9, N = 250 }; /* more windows than one batch */

static void draw_windows(int32_t *windows, int n_tokens, int count)
{
    rng r = rng_stream(4, "test_token_loss");
    for (int i = 0; i < count; i++)
        windows[i] = 1 + (int32_t)rng_below(&r, (uint32_t)n_tokens - 1);
}

/* By definition: every token with something before it. */
static double define_loss(bed *b, const int32_t *window, int length)
{
    int skip = b->set.bos >= 0, T = length + skip, V = model_describe(b->r.model)->d_vocab;
    int32_t tokens[L + 1] = {b->set.bos};
    memcpy(tokens + skip, window, (size_t)length * sizeof *tokens);
    float *logits = mem_small((size_t)T * (size_t)V, sizeof *logits);
    forward *f;
    err e = {0};
    assert_int_equal(forward_new(&f, b->r.model, 1, T, NULL, FORWARD_ONLY, &e), OK);
    assert_int_equal(forward_tokens(f, tokens, 1, T, NULL, &e), OK);
    assert_int_equal(forward_logits(logits, f, 0, T, &e), OK);
    double total = 0;
    for (int t = 1; t < T; t++) {
        double sum = 0;
        for (int v = 0; v < V; v++)
            sum += exp((double)ROW(logits, t - 1, V)[v]);
        total += log(sum) - (double)ROW(logits, t - 1, V)[tokens[t]];
    }
    forward_free(f);
    mem_free(logits);
    return T > 1 ? total / (T - 1) : (double)NAN;
}

static void equal_to_running_each_alone(void **state)
{
    (void)state;
    static const struct {
        const char *backend_name;
        int bos, length;
    } cases[] = {{"ref", 0, L}, {"cpu", 0, L}, {"cpu", -1, L}, {"cpu", 0, 1}, {"cpu", -1, 2}};
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        bed *b = bed_open(cases[c].backend_name, 2, "hook_embed", cases[c].bos);
        int32_t windows[N * L];
        double loss[N], least = (double)INFINITY, most = 0;
        err e = {0};
        draw_windows(windows, b->r.n_tokens, N * L);
        assert_int_equal(token_loss_windows(loss, &b->set, windows, N, cases[c].length, &e), OK);
        for (int i = 0; i < N; i++) {
            double want = define_loss(b, ROW(windows, i, cases[c].length), cases[c].length);
            assert_true(fabs(loss[i] - want) < 1e-4);
            least = fmin(least, loss[i]);
            most = fmax(most, loss[i]);
        }
        assert_true(most - least > 0.01); /* they are not all alike */
        bed_close(b);
    }
}

static void nothing_stands_before_a_lone_token(void **state)
{
    (void)state;
    bed *b = bed_open("cpu", 1, "hook_embed", -1);
    int32_t windows[3] = {5, 6, 7};
    double loss[3] = {0};
    err e = {0};
    assert_int_equal(token_loss_windows(loss, &b->set, windows, 3, 1, &e), OK);
    for (int i = 0; i < 3; i++)
        assert_true(isnan(loss[i]));
    assert_true(isnan(token_loss_limit(loss, 3)));
    bed_close(b);
}

/* The search measures its own sequences by the same rule, to the bit. */
static void equal_to_what_the_search_measures(void **state)
{
    (void)state;
    for (int bos = -1; bos < 1; bos++) {
        bed *b = bed_open("ref", 1, "blocks.1.hook_resid_post", bos);
        int32_t windows[5 * L];
        draw_windows(windows, b->r.n_tokens, 5 * L);
        for (int length = 2; length <= L; length += 7) {
            double loss[5], scale = 1;
            int feature = 0;
            err e = {0};
            scorer *s;
            search_options o = {.length = L};
            candidate list[5], *pointers[5];
            assert_int_equal(token_loss_windows(loss, &b->set, windows, 5, length, &e), OK);
            assert_int_equal(scorer_new(&s, &b->set, &o, &feature, &scale, 1, 5, &e), OK);
            for (int i = 0; i < 5; i++) {
                /* What follows the position that is read has no effect. */
                int32_t *tokens = mem_small(L, sizeof *tokens);
                memcpy(tokens, ROW(windows, i, length), (size_t)length * sizeof *tokens);
                list[i] = (candidate){.tokens_L = tokens, .position = length - 1};
                pointers[i] = &list[i];
            }
            assert_int_equal(scorer_cross_entropy(s, pointers, 5, NULL, 0, NULL, NULL, &e), OK);
            for (int i = 0; i < 5; i++) {
                assert_true(list[i].cross_entropy == loss[i]);
                mem_free(list[i].tokens_L);
            }
            scorer_free(s);
        }
        bed_close(b);
    }
}

/* Log-probabilities beside the losses: those of the sequence's own tokens are the same thing, those
 * of all tokens add up to 1, and behind the position that is read there are none. */
static void log_probabilities_of_listed_tokens(void **state)
{
    (void)state;
    enum { K = 2, AT = L - 2 };
    for (int bos = -1; bos < 1; bos++) {
        bed *b = bed_open("cpu", 2, "blocks.1.hook_resid_post", bos);
        int V = model_describe(b->set.model)->d_vocab, feature = 0;
        int32_t tokens[L], ids[L * K], *all = mem_small((size_t)V, sizeof *all);
        float log_p[L * K], loss[L], *log_p_V = mem_small((size_t)V, sizeof *log_p_V);
        double scale = 1, total = 0;
        err e = {0};
        scorer *s;
        search_options o = {.length = L};
        candidate c = {.tokens_L = tokens, .position = AT}, *list[] = {&c};
        draw_windows(tokens, b->r.n_tokens, L);
        for (int p = 0; p < L; p++) {
            ids[p * K] = tokens[p];
            ids[p * K + 1] = tokens[L - 1];
        }
        assert_int_equal(scorer_new(&s, &b->set, &o, &feature, &scale, 1, 1, &e), OK);
        assert_int_equal(scorer_cross_entropy(s, list, 1, ids, K, log_p, loss, &e), OK);
        for (int p = 0; p < L; p++) {
            bool expected = p <= AT && p + (bos >= 0) > 0;
            assert_true(fabs((double)log_p[p * K] + (double)loss[p]) < 1e-5);
            assert_true(expected ? log_p[p * K] < 0 && log_p[p * K + 1] < 0
                                 : log_p[p * K] == 0 && log_p[p * K + 1] == 0);
        }
        for (int v = 0; v < V; v++)
            all[v] = v;
        assert_int_equal(scorer_expected(s, list, 1, all, V, log_p_V, &e), OK);
        assert_true(log_p_V[tokens[AT]] == log_p[AT * K]);
        for (int v = 0; v < V; v++)
            total += exp((double)log_p_V[v]);
        assert_true(fabs(total - 1) < 1e-5);
        scorer_free(s);
        mem_free(log_p_V);
        mem_free(all);
        bed_close(b);
    }
}

static void independent_of_threads_and_company(void **state)
{
    (void)state;
    double all[2][N], alone;
    int32_t windows[N * L];
    err e = {0};
    for (int i = 0; i < 2; i++) {
        bed *b = bed_open("cpu", i ? 3 : 1, "hook_embed", 0);
        draw_windows(windows, b->r.n_tokens, N * L);
        assert_int_equal(token_loss_windows(all[i], &b->set, windows, N, L, &e), OK);
        assert_int_equal(token_loss_windows(&alone, &b->set, ROW(windows, N - 1, L), 1, L, &e), OK);
        assert_true(alone == all[i][N - 1]);
        bed_close(b);
    }
    assert_memory_equal(all[0], all[1], sizeof all[0]);
}

static void the_rule(void **state)
{
    (void)state;
    static const int32_t tokens[] = {7, 8, 9};
    int32_t with[4], without[3];
    token_loss_targets(with, tokens, 2, 4, true);
    assert_memory_equal(with, ((int32_t[]){7, 8, -1, -1}), sizeof with);
    token_loss_targets(without, tokens, 3, 3, false);
    assert_memory_equal(without, ((int32_t[]){8, 9, -1}), sizeof without);
    token_loss_targets(without, tokens, 1, 3, false);
    assert_memory_equal(without, ((int32_t[]){-1, -1, -1}), sizeof without);
    static const float loss[] = {1, 5, 0, 0};
    assert_true(token_loss_mean(loss, 2, 4, true) == 3);
    assert_true(token_loss_mean(loss, 3, 4, false) == 3);
    assert_true(isnan(token_loss_mean(loss, 1, 4, false)));
    assert_true(isnan(token_loss_mean(loss, 0, 4, true)));
}

static void limit_of_the_usual(void **state)
{
    (void)state;
    static const double loss[] = {2, 4, 4, 4, 5, 5, 7, 9}; /* mean 5, standard deviation 2 */
    assert_true(fabs(token_loss_limit(loss, 8) - 9) < 1e-12);
    assert_true(token_loss_limit(loss, 1) == 2);
    assert_true(isnan(token_loss_limit(loss, 0)));
}

static void limits(void **state)
{
    (void)state;
    bed *b = bed_open("cpu", 1, "hook_embed", 0);
    int32_t windows[RIG_CONTEXT];
    double loss;
    err e = {0};
    draw_windows(windows, b->r.n_tokens, RIG_CONTEXT);
    assert_int_equal(token_loss_windows(&loss, &b->set, windows, 1, RIG_CONTEXT, &e), E_SHAPE);
    assert_int_equal(token_loss_windows(&loss, &b->set, windows, 1, RIG_CONTEXT - 1, &e), OK);
    assert_int_equal(token_loss_windows(&loss, &b->set, windows, 1, 0, &e), E_SHAPE);
    assert_int_equal(token_loss_windows(&loss, &b->set, windows, 0, L, &e), OK);
    windows[3] = model_describe(b->r.model)->d_vocab;
    assert_int_equal(token_loss_windows(&loss, &b->set, windows, 1, L, &e), E_SHAPE);
    bed_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_to_running_each_alone),
        cmocka_unit_test(nothing_stands_before_a_lone_token),
        cmocka_unit_test(equal_to_what_the_search_measures),
        cmocka_unit_test(log_probabilities_of_listed_tokens),
        cmocka_unit_test(independent_of_threads_and_company),
        cmocka_unit_test(the_rule),
        cmocka_unit_test(limit_of_the_usual),
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
