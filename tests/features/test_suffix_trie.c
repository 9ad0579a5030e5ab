/* The tree of suffixes on texts counted by hand. */
#include "test.h"
#include "base/memory.h"
#include "base/rng.h"
#include "features/common_by_hand.h"
#include "features/suffix_trie.h"
#include <math.h>
#include <string.h>

/* Active on x at positions where `fires` has an x: the same text with dots elsewhere. */
static void add_text(by_hand *b, const char *text, const char *fires, float value)
{
    by_hand_add(b, text);
    for (int i = 0; text[i]; i++)
        if (fires[i] != '.')
            by_hand_activate(b, b->prompts.n - 1, i + 1, value);
}

typedef struct wanted {
    const char *path; /* as the text reads; '^' is the BOS */
    int64_t n, n_active;
    double mean;
} wanted;

static void check(const by_hand *b, const trie_options *o, const wanted *want, int n_want)
{
    text_index index;
    arena a = {0};
    trie_node *out;
    text_index_make(&index, &b->prompts, b->rig.tokenizer, b->rig.n_tokens);
    int n = survey_suffix_trie(&out, &b->survey, 0, &b->prompts, &index, o, &a);
    assert_int_equal(n, n_want);
    int32_t path[TRIE_DEPTH];
    for (int i = 0; i < n; i++) {
        path[out[i].depth - 1] = out[i].token;
        assert_int_equal(out[i].depth, strlen(want[i].path));
        for (int d = 0; d < out[i].depth; d++) {
            char letter = want[i].path[out[i].depth - 1 - d];
            assert_int_equal(path[d], letter == '^' ? 0 : by_hand_token(b, letter));
        }
        assert_int_equal(out[i].n, want[i].n);
        assert_int_equal(out[i].n_active, want[i].n_active);
        assert_true(fabs(out[i].mean - want[i].mean) < 1e-6);
    }
    text_index_release(&index);
    arena_release(&a);
}

/* x stands 8 times, after a four times and then active, after b four times and silent. */
static void occurrences_are_counted_over_all_text(void **state)
{
    (void)state;
    by_hand b;
    by_hand_open(&b, 20);
    add_text(&b, "kax", "..x", 1);
    add_text(&b, "kaxbx", "..x..", 2);
    add_text(&b, "dax", "..x", 3);
    add_text(&b, "ax", ".x", 6);
    add_text(&b, "bxbxbx", "......", 0);
    /* Everything that is active at all, with no gain asked: a tree of all suffixes. */
    trie_options all = {.least_active = 1, .gain = -1, .most = 100};
    static const wanted whole[] = {{"x", 8, 4, 3},      {"ax", 4, 4, 3},  {"kax", 2, 2, 1.5},
                                   {"^kax", 2, 2, 1.5}, {"^ax", 1, 1, 6}, {"dax", 1, 1, 3},
                                   {"^dax", 1, 1, 3}};
    check(&b, &all, whole, COUNT_OF(whole));
    trie_options twice = {.least_active = 2, .gain = -1, .most = 100};
    static const wanted often[] = {
        {"x", 8, 4, 3}, {"ax", 4, 4, 3}, {"kax", 2, 2, 1.5}, {"^kax", 2, 2, 1.5}};
    check(&b, &twice, often, COUNT_OF(often));
    all.most = 2;
    check(&b, &all, whole, 2);
    all.most = 0;
    check(&b, &all, whole, 0);
    b.n = 0; /* silent */
    all.most = 100;
    check(&b, &all, whole, 0);
    by_hand_close(&b);
}

/* Of 19 counted tokens 4 are active: 0.21. Wilson's lower ends: x 4 of 8 0.215, ax 4 of 4 0.510,
 * kax 2 of 2 0.342; above ax, which is always active, nothing gains. */
static void a_path_stays_for_what_it_gains(void **state)
{
    (void)state;
    by_hand b;
    by_hand_open(&b, 20);
    add_text(&b, "kax", "..x", 1);
    add_text(&b, "kaxbx", "..x..", 2);
    add_text(&b, "dax", "..x", 3);
    add_text(&b, "ax", ".x", 6);
    add_text(&b, "bxbxbx", "......", 0);
    static const wanted path[] = {{"x", 8, 4, 3}, {"ax", 4, 4, 3}};
    trie_options o = {.least_active = 1, .most = 100, .gain = 0};
    check(&b, &o, path, 2);
    o.gain = 0.004; /* x alone gains 0.0047, ax 0.0101 over x */
    check(&b, &o, path, 2);
    o.gain = 0.007; /* x leads to ax */
    check(&b, &o, path, 2);
    o.gain = 0.011;
    check(&b, &o, path, 0);
    by_hand_close(&b);
}

/* Any text: the tree is what counting each path over and over gives. */
static void it_agrees_with_counting_again(void **state)
{
    (void)state;
    enum { PROMPTS = 30, LENGTH = 40 };
    by_hand b;
    by_hand_open(&b, PROMPTS * LENGTH);
    rng r = rng_stream(3, "test_suffix_trie");
    for (int i = 0; i < PROMPTS; i++) {
        char text[LENGTH + 1] = {0};
        for (int k = 0; k < LENGTH; k++)
            text[k] = "abk"[rng_below(&r, 3)];
        by_hand_add(&b, text);
        for (int k = 0; k < LENGTH; k++)
            if (rng_below(&r, 3) == 0)
                by_hand_activate(&b, i, k + 1, (float)(1 + rng_below(&r, 9)));
    }
    text_index index;
    trie_node *out;
    trie_options o = {.least_active = 3, .gain = -1, .most = 1000};
    text_index_make(&index, &b.prompts, b.rig.tokenizer, b.rig.n_tokens);
    int n = survey_suffix_trie(&out, &b.survey, 0, &b.prompts, &index, &o, &b.memory), seen = 0;
    int32_t path[TRIE_DEPTH];
    for (int i = 0; i < n; i++) {
        int64_t total = 0, active = 0;
        double sum = 0;
        size_t at = 0;
        path[out[i].depth - 1] = out[i].token;
        for (int q = 0; q < PROMPTS; q++)
            for (int k = 1; k <= LENGTH; k++) {
                bool fires = at < b.n && b.active[at].prompt == q && b.active[at].position == k;
                int d = 0;
                while (d < out[i].depth && k >= d &&
                       prompts_tokens(&b.prompts, q)[k - d] == path[d])
                    d++;
                total += d == out[i].depth;
                active += fires && d == out[i].depth;
                sum += fires && d == out[i].depth ? (double)b.active[at].value : 0;
                at += fires;
            }
        assert_int_equal(out[i].n, total);
        assert_int_equal(out[i].n_active, active);
        assert_true(active >= 3 && fabs(out[i].mean - sum / (double)active) < 1e-9);
        seen += out[i].depth == TRIE_DEPTH;
    }
    assert_true(n > 50 && n <= 3 + 9 + 27 + 81 + 4 && seen > 20);
    text_index_release(&index);
    by_hand_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(occurrences_are_counted_over_all_text),
        cmocka_unit_test(a_path_stays_for_what_it_gains),
        cmocka_unit_test(it_agrees_with_counting_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
