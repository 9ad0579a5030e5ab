/* Contexts of a feature that is active where told: centred, different, from every strength. */
#include "test.h"
#include "base/memory.h"
#include "base/rng.h"
#include "features/common_by_hand.h"
#include "features/contexts.h"
#include <string.h>

static void stretches_around_the_peak(void **state)
{
    (void)state;
    by_hand b;
    by_hand_open(&b, 20);
    by_hand_add(&b, "abcdefghijklmnopqrst"); /* 20 tokens at positions 1 .. 20 */
    by_hand_add(&b, "abc");
    static const struct {
        int prompt, peak, window;
        int start, n_tokens;
    } cases[] = {
        {0, 12, 8, 6, 8},                       /* three quarters before the peak */
        {0, 3, 8, 1, 8},                        /* not before the beginning, the BOS left out */
        {0, 1, 8, 1, 8},    {0, 20, 8, 13, 8},  /* not beyond the end */
        {0, 12, 1, 12, 1},  {0, 12, 20, 1, 20}, /* exactly the prompt */
        {0, 12, 21, 1, 20},                     /* more than there is */
        {1, 2, 8, 1, 3},
    };
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        feature_context *out;
        int peak = cases[c].peak, start = cases[c].start, n = cases[c].n_tokens;
        context_options o = {.tokenizer = b.rig.tokenizer, .top = 3, .window = cases[c].window};
        b.n = 0;
        /* Weaker activity on both sides, some of it outside the stretch; a later equal peak. */
        if (peak > 2)
            by_hand_activate(&b, cases[c].prompt, peak - 2, 1);
        by_hand_activate(&b, cases[c].prompt, peak, 5);
        if (peak + 5 < prompts_length(&b.prompts, cases[c].prompt))
            by_hand_activate(&b, cases[c].prompt, peak + 5, 5);
        assert_int_equal(survey_top_contexts(&out, &b.survey, 0, &b.prompts, &o, &b.memory), 1);
        assert_int_equal(out->prompt, cases[c].prompt);
        assert_int_equal(out->start, start);
        assert_int_equal(out->n_tokens, n);
        assert_int_equal(out->peak, peak - start);
        for (int i = 0; i < n; i++) {
            float want = 0;
            for (size_t k = 0; k < b.n; k++)
                if (b.active[k].position == start + i)
                    want = b.active[k].value;
            assert_true(out->activations[i] == want);
        }
    }
    by_hand_close(&b);
}

/* e with an accent is two tokens, of which no window shows only one; a stray byte that continues
 * nothing does not widen a window without end. */
static void windows_do_not_cut_characters(void **state)
{
    (void)state;
    static const char vocab[] = "{\"a\": 0, \"\u00c3\": 1, \"\u00a9\": 2, \"b\": 3}";
    static const char merges[] = "#version: 0.2\n";
    err e = {0};
    tokenizer *t;
    if (tokenizer_parse_gpt2(&t, vocab, strlen(vocab), merges, strlen(merges), "test", &e))
        fail_msg("%s", e.text);
    static const struct {
        const char *text;
        int peak, window, start, n_tokens;
    } cases[] = {
        {"a\u00e9ab\u00e9a", 3, 6, 0, 7}, /* from 0 to 5, where the second e is cut */
        {"aa\u00e9bbbb", 5, 3, 2, 4},     /* from 3, where the first e is cut, to 5 */
        {"aaaabbbb", 5, 3, 3, 3},
        {"aa\xa9\xa9\xa9\xa9\xa9\xa9\xa9\xa9\xa9", 6, 3, 1, 9},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        prompt_set p = {.bos = -1, .min_tokens = 1, .max_tokens = 100};
        token_activation one = {.prompt = 0, .position = cases[i].peak, .value = 2}, *active = &one;
        int feature = 0;
        size_t n_active = 1;
        survey s = {
            .n_features = 1, .features = &feature, .active = &active, .n_active = &n_active};
        arena a = {0};
        feature_context *out;
        context_options o = {.tokenizer = t, .top = 1, .window = cases[i].window};
        if (prompts_add(&p, t, cases[i].text, strlen(cases[i].text), &e))
            fail_msg("%s", e.text);
        assert_int_equal(survey_top_contexts(&out, &s, 0, &p, &o, &a), 1);
        assert_int_equal(out->start, cases[i].start);
        assert_int_equal(out->n_tokens, cases[i].n_tokens);
        assert_int_equal(out->start + out->peak, cases[i].peak);
        assert_true(out->activations[out->peak] == 2);
        arena_release(&a);
        prompts_release(&p);
    }
    tokenizer_free(t);
}

/* Where the feature is silent, with what it does around, and nothing of other prompts. */
static void a_place_may_be_silent(void **state)
{
    (void)state;
    by_hand b;
    by_hand_open(&b, 5);
    for (int i = 0; i < 3; i++)
        by_hand_add(&b, "abkde");
    by_hand_activate(&b, 0, 3, 9);
    by_hand_activate(&b, 1, 2, 1);
    by_hand_activate(&b, 1, 5, 2);
    by_hand_activate(&b, 2, 3, 8);
    context_options o = {.window = 4, .tokenizer = b.rig.tokenizer};
    feature_context c = survey_context(&b.survey, 0, &b.prompts, 1, 4, &o, &b.memory);
    assert_true(c.prompt == 1 && c.start == 1 && c.n_tokens == 4 && c.peak == 3);
    static const float want[] = {0, 1, 0, 0};
    assert_memory_equal(c.activations, want, sizeof want);
    by_hand_close(&b);
}

static void top_contexts_are_different_words(void **state)
{
    (void)state;
    by_hand b;
    by_hand_open(&b, 20);
    static const struct {
        const char *text;
        float max;
    } prompts[] = {{"one cat", 2}, {"a dog", 7}, {"a dog", 9},
                   {"two", 9},     {"a dog", 8}, {"six", 0}};
    for (int i = 0; i < (int)COUNT_OF(prompts); i++) {
        by_hand_add(&b, prompts[i].text);
        if (prompts[i].max > 0) {
            by_hand_activate(&b, i, 1, prompts[i].max / 2);
            by_hand_activate(&b, i, 2, prompts[i].max);
        }
    }
    static const int want[] = {2, 3, 0}; /* 9 twice by prompt, "a dog" once, then 2 */
    for (int top = 0; top <= 5; top++) {
        feature_context *out;
        context_options o = {.tokenizer = b.rig.tokenizer, .top = top, .window = 10};
        int n = survey_top_contexts(&out, &b.survey, 0, &b.prompts, &o, &b.memory);
        assert_int_equal(n, top < 3 ? top : 3);
        for (int i = 0; i < n; i++)
            assert_int_equal(out[i].prompt, want[i]);
    }
    b.n = 0; /* never active */
    feature_context *out;
    context_group *groups;
    context_options o = {
        .tokenizer = b.rig.tokenizer, .top = 3, .per_decile = 2, .per_interval = 2, .window = 10};
    assert_int_equal(survey_top_contexts(&out, &b.survey, 0, &b.prompts, &o, &b.memory), 0);
    assert_int_equal(survey_deciles(&groups, &b.survey, 0, &b.prompts, &o, &b.memory), 0);
    assert_int_equal(survey_intervals(&groups, &b.survey, 0, &b.prompts, &o, &b.memory), 0);
    by_hand_close(&b);
}

/* 47 prompts with one active token each, of activation 1 .. 47 in any order. */
static void samples_come_from_their_tenth(void **state)
{
    (void)state;
    enum { N = 47, PER = 3 };
    by_hand b;
    by_hand_open(&b, N);
    rng s = rng_stream(9, "test_contexts");
    int rank_of[N];
    for (int i = 0; i < N; i++)
        rank_of[i] = i;
    rng_shuffle(&s, rank_of, N);
    for (int i = 0; i < N; i++) {
        char text[3] = {(char)('A' + i % 26), (char)('a' + i / 26), '\0'};
        by_hand_add(&b, text);
        by_hand_activate(&b, i, 1, (float)(N - rank_of[i])); /* rank 0: the strongest */
    }
    int differ = 0;
    context_group *kept = NULL;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        context_group *out, *again;
        context_options o = {
            .tokenizer = b.rig.tokenizer, .per_decile = PER, .window = 4, .seed = seed};
        assert_int_equal(survey_deciles(&out, &b.survey, 0, &b.prompts, &o, &b.memory), 10);
        assert_int_equal(survey_deciles(&again, &b.survey, 0, &b.prompts, &o, &b.memory), 10);
        bool seen[N] = {false};
        for (int g = 0; g < 10; g++) { /* weakest tenth first: ranks of 4 or 5 prompts */
            int first = N * (9 - g) / 10, end = N * (10 - g) / 10;
            assert_int_equal(out[g].n_prompts, end - first);
            assert_int_equal(out[g].n_tokens, end - first);
            assert_true(out[g].high == N - first && out[g].low == N - end + 1);
            assert_int_equal(out[g].n_contexts, PER);
            for (int i = 0; i < PER; i++) {
                int prompt = out[g].contexts[i].prompt, rank = rank_of[prompt];
                assert_true(rank >= first && rank < end);
                assert_false(seen[prompt]); /* none twice */
                seen[prompt] = true;
                assert_int_equal(prompt, again[g].contexts[i].prompt);
                differ += kept && kept[g].contexts[i].prompt != prompt;
            }
        }
        kept = out;
    }
    assert_true(differ > PER); /* the seed matters */
    context_group *out;
    context_options o = {.tokenizer = b.rig.tokenizer, .per_decile = 100, .window = 4, .seed = 1};
    int all = 0;
    assert_int_equal(survey_deciles(&out, &b.survey, 0, &b.prompts, &o, &b.memory), 10);
    for (int g = 0; g < 10; g++)
        all += out[g].n_contexts;
    assert_int_equal(all, N);
    b.n = 3; /* fewer prompts than tenths: three tenths have one */
    o.per_decile = 1;
    assert_int_equal(survey_deciles(&out, &b.survey, 0, &b.prompts, &o, &b.memory), 3);
    by_hand_close(&b);
}

/* Largest activation 10: intervals (0, 2], (2, 4], (4, 6], (6, 8], (8, 10]. */
static void intervals_leave_out_what_is_silent(void **state)
{
    (void)state;
    by_hand b;
    by_hand_open(&b, 20);
    by_hand_add(&b, "abkde");
    by_hand_add(&b, "xyzuv");
    by_hand_add(&b, "abkde"); /* the words of the first */
    static const struct {
        int prompt, position;
        float value;
    } active[] = {{0, 1, 2}, {0, 2, 1}, {0, 4, 7}, {1, 1, 10}, {1, 3, 2}, {1, 4, 2.5f}, {2, 4, 7}};
    for (size_t i = 0; i < COUNT_OF(active); i++)
        by_hand_activate(&b, active[i].prompt, active[i].position, active[i].value);
    static const struct {
        int64_t n_tokens;
        int n_prompts, n_contexts;
    } want[] = {{3, 2, 2}, {1, 1, 1}, {0, 0, 0}, {2, 2, 1}, {1, 1, 1}};
    context_group *out;
    context_options o = {.tokenizer = b.rig.tokenizer, .per_interval = 2, .window = 10, .seed = 1};
    assert_int_equal(survey_intervals(&out, &b.survey, 0, &b.prompts, &o, &b.memory), 5);
    for (int i = 0; i < 5; i++) {
        assert_true(out[i].low == 2 * i && out[i].high == 2 * i + 2);
        assert_int_equal(out[i].n_tokens, want[i].n_tokens);
        assert_int_equal(out[i].n_prompts, want[i].n_prompts);
        assert_int_equal(out[i].n_contexts, want[i].n_contexts);
        for (int k = 0; k < out[i].n_contexts; k++) { /* the token that it is shown for */
            const feature_context *c = &out[i].contexts[k];
            float value = c->activations[c->peak];
            assert_true((double)value > out[i].low && (double)value <= out[i].high);
        }
    }
    /* Prompt 0 has 2 and 1 in the lowest interval: the stronger stands for it. */
    for (int k = 0; k < 2; k++)
        if (out[0].contexts[k].prompt == 0)
            assert_int_equal(out[0].contexts[k].peak, 0);
    by_hand_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stretches_around_the_peak),
        cmocka_unit_test(windows_do_not_cut_characters),
        cmocka_unit_test(a_place_may_be_silent),
        cmocka_unit_test(top_contexts_are_different_words),
        cmocka_unit_test(samples_come_from_their_tenth),
        cmocka_unit_test(intervals_leave_out_what_is_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
