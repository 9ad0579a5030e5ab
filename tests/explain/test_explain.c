/* Explanations: which sentences are made and kept, and what an optimised prompt leaves alone. */
#include "test.h"

#include "base/memory.h"
#include "explain/explanation.h"
#include "invert/common_bed.h"
#include <math.h>
#include <string.h>

enum { D = RIG_D, ROOM = 200 };

static explain_options options(int keep)
{
    return (explain_options){.keep = keep,
                             .frozen = 4,
                             .length = 12,
                             .optimise = {.max_steps = 40,
                                          .patience = 100,
                                          .tolerance = 1e-3,
                                          .learning_rate = 0.1,
                                          .norm_limit = 1,
                                          .diversity_window = 1,
                                          .repetition_window = 1,
                                          .batch_sequences = 8,
                                          .curve_points = 10}};
}

static int32_t id_of(const bed *b, const char *token)
{
    int id = tokenizer_find(b->r.tokenizer, token);
    if (id < 0)
        fail_msg("no token \"%s\"", token);
    return id;
}

static int templates(explanation *out, bed *b, const char *const *tokens, int n, int keep)
{
    int32_t ids[16];
    int n_out = -1;
    explain_options o = options(keep);
    err e = {0};
    for (int i = 0; i < n; i++)
        ids[i] = id_of(b, tokens[i]);
    if (explain_templates(out, &n_out, &b->set, b->r.tokenizer, 2, ids, n, &o, &b->memory, &e))
        fail_msg("%s", e.text);
    return n_out;
}

static probe_result measured(const bed *b, const explanation *x, int feature, double *coherence)
{
    probe_input in = {.tokens_L = x->tokens, .length = x->length};
    probe_result r = {0};
    err e = {0};
    assert_int_equal(probe_inputs(&r, &b->set, &in, &feature, 1, true, &e), OK);
    assert_int_equal(probe_coherence(coherence, &b->set, &in, 1, &e), OK);
    return r;
}

static void check_measures(const bed *b, const explanation *x, int feature)
{
    double coherence;
    probe_result r = measured(b, x, feature, &coherence);
    assert_true(fabs(x->activation - (double)r.activation) < 1e-4);
    assert_true(isnan(r.specificity) ? isnan(x->specificity)
                                     : fabs(x->specificity - r.specificity) < 1e-3);
    assert_true(fabs(x->coherence - coherence) < 1e-4);
}

static void sentences_hold_both_words_strongest_first(void **state)
{
    (void)state;
    static const char *const words[] = {" cat", " dog", "Q"};
    static explanation all[ROOM], few[ROOM];
    bed *b = bed_open("cpu", 2, "blocks.1.hook_resid_post", 0);
    int n = templates(all, b, words, 3, ROOM);
    assert_int_equal(n, 4 * 6); /* every pattern, every ordered pair */
    char *texts[ROOM];
    double last = (double)INFINITY;
    int first_counts[3] = {0};
    for (int i = 0; i < n; i++) {
        str text = {0};
        int held = 0;
        double unused;
        tokenizer_decode(&text, b->r.tokenizer, all[i].tokens, (size_t)all[i].length);
        for (int w = 0; w < 3; w++) {
            const char *word = words[w][0] == ' ' ? words[w] + 1 : words[w];
            const char *at = strstr(text.data, word);
            held += at != NULL;
            first_counts[w] += at != NULL;
        }
        assert_int_equal(held, 2);
        assert_true(!strncmp(text.data, "This feature ", 13) && text.data[text.len - 1] == '.');
        assert_null(strstr(text.data, "  "));           /* the token's own blank is not doubled */
        assert_true(all[i].length > options(1).length); /* that bounds prompts, not sentences */
        assert_int_equal(all[i].method, EXPLAIN_TEMPLATE);
        assert_int_equal(all[i].frozen, 0);
        assert_true(isnan(all[i].free_activation));
        double pre = (double)measured(b, &all[i], 2, &unused).pre_activation;
        assert_true(pre <= last + 1e-5);
        last = pre;
        check_measures(b, &all[i], 2);
        texts[i] = arena_strdup(&b->memory, text.data);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(texts[k], texts[i]);
        str_release(&text);
    }
    for (int w = 0; w < 3; w++)
        assert_int_equal(first_counts[w], 4 * 4);
    assert_int_equal(templates(few, b, words, 3, 5), 5);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(few[i].length, all[i].length);
        assert_memory_equal(few[i].tokens, all[i].tokens,
                            (size_t)all[i].length * sizeof *all[i].tokens);
        assert_true(fabs(few[i].activation - all[i].activation) < 1e-4);
    }
    bed_close(b);
}

static void fewer_than_two_words_give_none(void **state)
{
    (void)state;
    static const struct {
        const char *tokens[4];
        int n, sentences;
    } cases[] = {
        {{NULL}, 0, 0},
        {{" cat"}, 1, 0},
        {{" cat", "cat"}, 2, 0},           /* the same word but for its blank */
        {{" cat", " "}, 2, 0},             /* nothing but a blank */
        {{" cat", "cat", " ", "d"}, 4, 8}, /* two words after all */
    };
    static explanation out[ROOM];
    bed *b = bed_open("cpu", 2, "blocks.1.hook_resid_post", 0);
    for (size_t c = 0; c < COUNT_OF(cases); c++)
        assert_int_equal(templates(out, b, cases[c].tokens, cases[c].n, ROOM), cases[c].sentences);
    bed_close(b);
}

static void prompts_keep_their_frozen_start(void **state)
{
    (void)state;
    enum { N = 3 };
    static const char *const words[] = {" cat", " dog"};
    static const int features[N] = {2, 0, 1};
    static const double scales[N] = {3, 2, 4};
    static explanation starts[ROOM];
    explanation made[N];
    err e = {0};
    bed *b = bed_open("cpu", 2, "blocks.1.hook_resid_post", 0);
    assert_true(templates(starts, b, words, 2, ROOM) > N);
    starts[1].length = 3;    /* shorter than what is frozen: nothing is left to optimise */
    starts[2].tokens[1] = 0; /* frozen although no position is ever read as a special token */
    for (int weight = 0; weight < 2; weight++) {
        explain_options o = options(1);
        o.optimise.coherence_weight = weight;
        if (explain_prompts(made, &b->set, starts, features, scales, N, &o, &b->memory, &e))
            fail_msg("%s", e.text);
        int changed = 0;
        for (int i = 0; i < N; i++) {
            const explanation *x = &made[i];
            assert_int_equal(x->method, EXPLAIN_PROMPT);
            assert_int_equal(x->length, i == 1 ? 3 : o.length);
            assert_int_equal(x->frozen, i == 1 ? 3 : o.frozen);
            assert_memory_equal(x->tokens, starts[i].tokens, (size_t)x->frozen * sizeof *x->tokens);
            for (int k = x->frozen; k < x->length; k++) {
                assert_true(x->tokens[k] > 0 && x->tokens[k] < b->r.n_tokens);
                changed += x->tokens[k] != starts[i].tokens[k];
            }
            check_measures(b, x, features[i]);
            /* The free optimum is at least what the start was. */
            explanation start = starts[i];
            start.length = x->length;
            double unused;
            probe_result before = measured(b, &start, features[i], &unused);
            if (weight == 0)
                assert_true(x->free_activation >= (double)before.activation - 1e-4);
        }
        assert_true(changed > 3);
    }
    assert_int_equal(
        explain_prompts(made, &b->set, starts, features, scales, 0, NULL, &b->memory, &e), OK);
    bed_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sentences_hold_both_words_strongest_first),
        cmocka_unit_test(fewer_than_two_words_give_none),
        cmocka_unit_test(prompts_keep_their_frozen_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
