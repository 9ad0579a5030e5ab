/* Prompts: tokens end to end, what is left out, what is cut and what is counted. */
#include "test.h"

#include "base/memory.h"
#include "features/common_rig.h"
#include "features/prompts.h"
#include <string.h>

static void add(prompt_set *p, const rig *r, const char *text)
{
    err e = {0};
    if (prompts_add(p, r->tokenizer, text, strlen(text), &e))
        fail_msg("%s", e.text);
}

static void short_ones_are_left_out_long_ones_cut(void **state)
{
    (void)state;
    rig r = rig_open("ref", 1, "hook_embed");
    static const int bos[] = {0, -1};
    for (size_t c = 0; c < COUNT_OF(bos); c++) {
        int skip = bos[c] >= 0;
        prompt_set p = {.bos = bos[c], .min_tokens = 3, .max_tokens = 5};
        static const char *const texts[] = {"ab", "abc", "", "abcde", "abcdefg", "x cat dog"};
        static const char *const kept[] = {"abc", "abcde", "abcde", "x cat dog"};
        assert_int_equal(prompts_longest(&p), 0);
        for (size_t i = 0; i < COUNT_OF(texts); i++)
            add(&p, &r, texts[i]);
        assert_int_equal(p.n, COUNT_OF(kept));
        assert_int_equal(p.n_short, 2);
        assert_int_equal(p.n_cut, 1);
        assert_int_equal(prompts_longest(&p), 5 + skip);
        assert_int_equal(prompts_length(&p, 3), 3 + skip); /* "x", " cat", " dog" */
        for (int i = 0; i < p.n; i++) {
            const int32_t *tokens = prompts_tokens(&p, i);
            str text = {0};
            if (skip)
                assert_int_equal(tokens[0], bos[c]);
            tokenizer_decode(&text, r.tokenizer, tokens + skip,
                             (size_t)(prompts_length(&p, i) - skip));
            assert_string_equal(str_text(&text), kept[i]);
            str_release(&text);
        }
        prompts_release(&p);
        assert_int_equal(p.n, 0);
    }
    rig_close(&r);
}

static void special_tokens_are_not_counted(void **state)
{
    (void)state;
    rig r = rig_open("ref", 1, "hook_embed");
    prompt_set p = {.bos = 0, .min_tokens = 1, .max_tokens = 10};
    bool counted[6];
    static const bool want[6] = {false, true, false, true, true, false};
    add(&p, &r, "a<|endoftext|>bc<|endoftext|>"); /* a text may spell them */
    assert_int_equal(prompts_length(&p, 0), 6);
    prompts_counted(counted, &p, r.tokenizer, 0);
    assert_memory_equal(counted, want, sizeof want);
    prompts_release(&p);
    rig_close(&r);
}

/* Growing keeps what was there. */
static void many_prompts(void **state)
{
    (void)state;
    enum { MANY = 500 };
    rig r = rig_open("ref", 1, "hook_embed");
    prompt_set p = {.bos = 0, .min_tokens = 1, .max_tokens = 1000};
    char text[64];
    for (int i = 0; i < MANY; i++) {
        memset(text, 'a' + i % 26, sizeof text);
        text[1 + i % 60] = '\0';
        add(&p, &r, text);
    }
    assert_int_equal(p.n, MANY);
    for (int i = 0; i < MANY; i++) {
        char letter[2] = {(char)('a' + i % 26), '\0'};
        assert_int_equal(prompts_length(&p, i), 2 + i % 60);
        for (int k = 1; k < prompts_length(&p, i); k++)
            assert_int_equal(prompts_tokens(&p, i)[k], tokenizer_find(r.tokenizer, letter));
    }
    prompts_release(&p);
    rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_ones_are_left_out_long_ones_cut),
        cmocka_unit_test(special_tokens_are_not_counted),
        cmocka_unit_test(many_prompts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
