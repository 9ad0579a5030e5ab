/* The second look: active tokens and tokens of chosen features. */
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
        cmocka_unit_test(tokens_by_their_mean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
