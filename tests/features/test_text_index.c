/* What is counted over all text, on prompts counted by hand. */
#include "test.h"
#include "base/memory.h"
#include "features/common_by_hand.h"
#include "features/position_profile.h"
#include "features/text_index.h"
#include "features/token_shares.h"
#include <math.h>

static text_index index_of(const by_hand *b)
{
    text_index x;
    text_index_make(&x, &b->prompts, b->rig.tokenizer, b->rig.n_tokens);
    return x;
}

static void every_counted_token_has_its_places(void **state)
{
    (void)state;
    by_hand b;
    by_hand_open(&b, 1);
    by_hand_add(&b, "aba");
    by_hand_add(&b, "b<|endoftext|>ka"); /* the special token is no place, but takes a position */
    text_index x = index_of(&b);
    assert_int_equal(x.n, 6);
    assert_int_equal(x.longest, 5);
    static const struct {
        char letter;
        int n;
        token_place places[3];
    } want[] = {{'a', 3, {{0, 1}, {0, 3}, {1, 4}}},
                {'b', 2, {{0, 2}, {1, 1}}},
                {'k', 1, {{1, 3}}},
                {'d', 0, {{0, 0}}}};
    for (size_t i = 0; i < COUNT_OF(want); i++) {
        int32_t token = by_hand_token(&b, want[i].letter);
        assert_int_equal(x.first[token + 1] - x.first[token], want[i].n);
        for (int k = 0; k < want[i].n; k++) {
            const token_place *got = &x.places[x.first[token] + (size_t)k];
            assert_int_equal(got->prompt, want[i].places[k].prompt);
            assert_int_equal(got->position, want[i].places[k].position);
        }
    }
    assert_int_equal(x.first[1] - x.first[0], 0); /* neither BOS nor <|endoftext|> */
    static const int at[] = {0, 2, 1, 2, 1};
    for (int i = 0; i < x.longest; i++)
        assert_int_equal(x.n_at[i], at[i]);
    text_index_release(&x);
    by_hand_close(&b);
}

/* a: active 2 of 4 times, b 1 of 1, k 1 of 2; 4 active tokens. F1: a 2*2/(4+4), k 2/(2+4),
 * b 2/(1+4). */
static void tokens_with_both_shares(void **state)
{
    (void)state;
    by_hand b;
    by_hand_open(&b, 10);
    by_hand_add(&b, "aabk");
    by_hand_add(&b, "kaad");
    by_hand_activate(&b, 0, 1, 1);
    by_hand_activate(&b, 0, 3, 5);
    by_hand_activate(&b, 1, 1, 2);
    by_hand_activate(&b, 1, 2, 2);
    static const struct {
        char letter;
        int64_t n, active;
        double mean, fires, low, high, share, f1;
    } want[] = {{'a', 4, 2, 1.5, 0.5, 0.1500, 0.8500, 0.5, 0.5},
                {'b', 1, 1, 5, 1, 0.2065, 1, 0.25, 0.4},
                {'k', 2, 1, 2, 0.5, 0.0945, 0.9055, 0.25, 1.0 / 3}};
    text_index x = index_of(&b);
    token_share *out;
    assert_int_equal(survey_token_shares(&out, &b.survey, 0, &b.prompts, &x, &b.memory), 3);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(out[i].stat.token, by_hand_token(&b, want[i].letter));
        assert_int_equal(out[i].n, want[i].n);
        assert_int_equal(out[i].stat.n_active, want[i].active);
        assert_true(out[i].stat.mean == want[i].mean && out[i].fires.value == want[i].fires);
        assert_true(fabs(out[i].fires.low - want[i].low) < 5e-5);
        assert_true(fabs(out[i].fires.high - want[i].high) < 5e-5);
        assert_true(out[i].share == want[i].share && fabs(out[i].f1 - want[i].f1) < 1e-12);
    }
    b.n = 0;
    assert_int_equal(survey_token_shares(&out, &b.survey, 0, &b.prompts, &x, &b.memory), 0);
    text_index_release(&x);
    by_hand_close(&b);
}

/* Prompts of 5, 2 and 1 tokens: 3 at position 1, 2 at 2, 2 at 3 and 4, 1 at 5. */
static void positions_in_stretches_that_double(void **state)
{
    (void)state;
    by_hand b;
    by_hand_open(&b, 10);
    by_hand_add(&b, "abcde");
    by_hand_add(&b, "ab");
    by_hand_add(&b, "a");
    by_hand_activate(&b, 0, 1, 4);
    by_hand_activate(&b, 0, 3, 1);
    by_hand_activate(&b, 0, 4, 2);
    by_hand_activate(&b, 1, 1, 2);
    static const position_bin want[] = {
        {1, 1, 3, 2, 3}, {2, 2, 2, 0, 0}, {3, 4, 2, 2, 1.5}, {5, 5, 1, 0, 0}};
    text_index x = index_of(&b);
    position_bin *out;
    assert_int_equal(survey_positions(&out, &b.survey, 0, &b.prompts, &x, &b.memory), 4);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(out[i].first, want[i].first);
        assert_int_equal(out[i].last, want[i].last);
        assert_int_equal(out[i].n, want[i].n);
        assert_int_equal(out[i].n_active, want[i].n_active);
        assert_true(want[i].n_active ? out[i].mean == want[i].mean : isnan(out[i].mean));
    }
    text_index_release(&x);
    by_hand_close(&b);
}

/* Without a BOS the first token is at position 0 of its prompt, and still the first. */
static void positions_without_a_bos(void **state)
{
    (void)state;
    by_hand b;
    by_hand_open(&b, 10);
    b.prompts.bos = -1;
    by_hand_add(&b, "ab");
    by_hand_activate(&b, 0, 0, 4);
    text_index x = index_of(&b);
    position_bin *out;
    assert_int_equal(survey_positions(&out, &b.survey, 0, &b.prompts, &x, &b.memory), 2);
    assert_true(out[0].first == 1 && out[0].last == 1 && out[0].n == 1 && out[0].n_active == 1);
    assert_true(out[1].first == 2 && out[1].last == 2 && out[1].n == 1 && out[1].n_active == 0);
    text_index_release(&x);
    by_hand_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_counted_token_has_its_places),
        cmocka_unit_test(tokens_with_both_shares),
        cmocka_unit_test(positions_in_stretches_that_double),
        cmocka_unit_test(positions_without_a_bos),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
