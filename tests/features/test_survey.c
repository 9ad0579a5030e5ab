/* The second look: active tokens, contexts and tokens of chosen features. */
#include "test.h"

#include "base/memory.h"
#include "base/rng.h"
#include "features/common_by_hand.h"
#include <math.h>
#include <string.h>

enum { F = RIG_F, LONGEST = 15 };

static void add(prompt_set *p, const rig *r, const char *text)
{
    err e = {0};
    if (prompts_add(p, r->tokenizer, text, strlen(text), &e))
        fail_msg("%s", e.text);
}

static void active_tokens_are_those_of_the_whole_sae(void **state)
{
    (void)state;
    /* Any order, two silent, one twice, enough that some are active on special tokens. */
    static const int features[] = {7, 0, 23, 5, 7, 1, 2, 3, 4, 6, 8, 9, 10};
    enum { N = COUNT_OF(features) };
    rig r = rig_open("cpu", 2, "blocks.1.hook_resid_post");
    prompt_set p = {.bos = 0, .min_tokens = 1, .max_tokens = LONGEST};
    static const char *const texts[] = {
        "a cat and a dog", "x", "b<|endoftext|>c", "A dog. A dog.", "zyxwvutsrqponml", "12345 cat"};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        add(&p, &r, texts[i]);
    scan_source source = {.model = r.model,
                          .hook = &r.hook,
                          .prompts = &p,
                          .tokenizer = r.tokenizer,
                          .batch_size = 4,
                          .name = "test"};
    survey s;
    err e = {0};
    if (survey_features(&s, &source, r.sae, features, N, &e))
        fail_msg("%s", e.text);
    size_t at[N] = {0}, total = 0, on_special = 0;
    for (int i = 0; i < p.n; i++) {
        float h[(LONGEST + 1) * RIG_D], f[(LONGEST + 1) * F];
        const int32_t *tokens = prompts_tokens(&p, i);
        rig_run(h, &r, tokens, NULL, prompts_length(&p, i));
        sae_encode(f, r.sae, h, prompts_length(&p, i));
        for (int t = 0; t < prompts_length(&p, i); t++)
            for (int k = 0; k < N; k++) {
                float want = f[t * F + features[k]];
                on_special += want > 0 && tokens[t] == 0;
                if (want == 0 || tokens[t] == 0)
                    continue;
                assert_true(at[k] < s.n_active[k]);
                const token_activation *a = &s.active[k][at[k]++];
                assert_int_equal(a->prompt, i);
                assert_int_equal(a->position, t);
                assert_true(fabsf(a->value - want) < 1e-4f);
            }
    }
    for (int k = 0; k < N; k++) {
        assert_int_equal(at[k], s.n_active[k]);
        total += at[k];
    }
    assert_true(total > 20 && on_special > 0);
    assert_int_equal(s.n_active[2], 0); /* feature 23 is silent */
    assert_int_equal(s.n_active[3], 0);
    survey_release(&s);
    static const int beyond[] = {F};
    assert_int_equal(survey_features(&s, &source, r.sae, beyond, 1, &e), E_DATA);
    prompts_release(&p);
    rig_close(&r);
}

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
        context_options o = {.top = 3, .window = cases[c].window};
        b.n = 0;
        /* Weaker activity on both sides, some of it outside the stretch; a later equal peak. */
        if (peak > 2)
            by_hand_activate(&b, cases[c].prompt, peak - 2, 1);
        by_hand_activate(&b, cases[c].prompt, peak, 5);
        if (peak + 5 < prompts_length(&b.prompts, cases[c].prompt))
            by_hand_activate(&b, cases[c].prompt, peak + 5, 5);
        assert_int_equal(survey_contexts(&out, &b.survey, 0, &b.prompts, &o, &b.memory), 1);
        assert_int_equal(out->prompt, cases[c].prompt);
        assert_int_equal(out->start, start);
        assert_int_equal(out->n_tokens, n);
        assert_int_equal(out->peak, peak - start);
        assert_int_equal(out->decile, 0);
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
        context_options o = {.top = top, .window = 10};
        int n = survey_contexts(&out, &b.survey, 0, &b.prompts, &o, &b.memory);
        assert_int_equal(n, top < 3 ? top : 3);
        for (int i = 0; i < n; i++)
            assert_int_equal(out[i].prompt, want[i]);
    }
    b.n = 0; /* never active */
    feature_context *out;
    context_options o = {.top = 3, .per_decile = 2, .window = 10};
    assert_int_equal(survey_contexts(&out, &b.survey, 0, &b.prompts, &o, &b.memory), 0);
    by_hand_close(&b);
}

static void samples_come_from_their_tenth(void **state)
{
    (void)state;
    enum { N = 47, PER = 3 };
    by_hand b;
    by_hand_open(&b, N);
    rng s = rng_stream(9, "test_survey");
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
    feature_context *kept = NULL;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        feature_context *out, *again;
        context_options o = {.per_decile = PER, .window = 4, .seed = seed};
        int n = survey_contexts(&out, &b.survey, 0, &b.prompts, &o, &b.memory);
        assert_int_equal(n, 10 * PER); /* tenths of 4 or 5 prompts */
        assert_int_equal(survey_contexts(&again, &b.survey, 0, &b.prompts, &o, &b.memory), n);
        bool seen[N] = {false};
        for (int i = 0; i < n; i++) {
            int rank = rank_of[out[i].prompt], decile = out[i].decile;
            assert_int_equal(decile, 1 + i / PER); /* weakest tenth first */
            assert_true(rank >= N * (10 - decile) / 10 && rank < N * (11 - decile) / 10);
            assert_false(seen[out[i].prompt]); /* none twice */
            seen[out[i].prompt] = true;
            assert_int_equal(out[i].prompt, again[i].prompt);
            differ += kept && kept[i].prompt != out[i].prompt;
        }
        kept = out;
    }
    assert_true(differ > PER); /* the seed matters */
    feature_context *out;
    context_options o = {.per_decile = 100, .window = 4, .seed = 1};
    assert_int_equal(survey_contexts(&out, &b.survey, 0, &b.prompts, &o, &b.memory), N);
    b.n = 3; /* fewer prompts than tenths: three tenths have one */
    o.per_decile = 1;
    assert_int_equal(survey_contexts(&out, &b.survey, 0, &b.prompts, &o, &b.memory), 3);
    by_hand_close(&b);
}

static void tokens_by_their_mean(void **state)
{
    (void)state;
    by_hand b;
    by_hand_open(&b, 20);
    by_hand_add(&b, "abac"); /* a b a c at positions 1 .. 4 */
    by_hand_add(&b, "dxab");
    by_hand_activate(&b, 0, 1, 1);    /* a */
    by_hand_activate(&b, 0, 2, 4);    /* b */
    by_hand_activate(&b, 0, 3, 3);    /* a */
    by_hand_activate(&b, 0, 4, 2);    /* c */
    by_hand_activate(&b, 1, 1, 9);    /* d */
    by_hand_activate(&b, 1, 3, 2);    /* a */
    by_hand_activate(&b, 1, 4, 0.5f); /* b */
    static const struct {
        char letter;
        int count;
        double mean;
        float max;
    } want[] = {{'d', 1, 9, 9}, {'b', 2, 2.25, 4}, {'a', 3, 2, 3}, {'c', 1, 2, 2}};
    static const int kept_at[] = {4, 4, 2, 1, 0}; /* by min_count */
    for (int min_count = 0; min_count < 5; min_count++) {
        token_stat *out;
        int n = survey_tokens(&out, &b.survey, 0, &b.prompts, min_count, &b.memory), at = 0;
        assert_int_equal(n, kept_at[min_count]);
        for (size_t i = 0; i < COUNT_OF(want); i++) {
            if (want[i].count < min_count)
                continue;
            assert_int_equal(out[at].token, by_hand_token(&b, want[i].letter));
            assert_int_equal(out[at].n_active, want[i].count);
            assert_true(out[at].mean == want[i].mean && out[at].max == want[i].max);
            at++;
        }
    }
    by_hand_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(active_tokens_are_those_of_the_whole_sae),
        cmocka_unit_test(stretches_around_the_peak),
        cmocka_unit_test(top_contexts_are_different_words),
        cmocka_unit_test(samples_come_from_their_tenth),
        cmocka_unit_test(tokens_by_their_mean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
