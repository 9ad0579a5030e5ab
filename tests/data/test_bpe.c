/* Merging and added tokens against the plainest code that does the same. */
#include "test.h"
#include "base/memory.h"
#include "base/rng.h"
#include "data/added_tokens.h"
#include "base/str.h"
#include "data/bpe.h"
#include <string.h>

/* A tokenizer over the letters a, b, c whose rules join random tokens. */
static void random_rules(vocab *v, bpe *b, rng *r, int n_rules)
{
    vocab_init(v, 3 + n_rules);
    *b = (bpe){.unknown_id = -1};
    for (int byte = 0; byte < 256; byte++)
        b->byte_id[byte] = byte >= 'a' && byte <= 'c' ? byte - 'a' : -1;
    for (int id = 0; id < 3; id++)
        vocab_set(v, id, &"abc"[id], 1, TOKEN_MERGED);
    int n_ids = 3;
    for (int i = 0; i < n_rules; i++) {
        int left = (int)rng_below(r, (uint32_t)n_ids), right = (int)rng_below(r, (uint32_t)n_ids);
        char bytes[128];
        size_t n_left = v->length[left], n = n_left + v->length[right];
        if (n > sizeof bytes)
            continue;
        memcpy(bytes, v->bytes.data + v->start[left], n_left);
        memcpy(bytes + n_left, v->bytes.data + v->start[right], n - n_left);
        int known = -1;
        for (int id = 0; id < n_ids && known < 0; id++)
            if (v->length[id] == n && memcmp(v->bytes.data + v->start[id], bytes, n) == 0)
                known = id;
        if (known < 0) {
            known = n_ids++;
            vocab_set(v, known, bytes, n, TOKEN_MERGED);
        }
        bpe_add_rule(b, left, right, known);
    }
    v->n_ids = n_ids;
    vocab_index(v);
    bpe_index(b, v->n_ids);
}

/* Joins the pair with the lowest rank, leftmost, again and again. */
static int merge_plainly(int *ids, int n, const bpe *b)
{
    for (;;) {
        int best = -1;
        const merge_rule *best_rule = NULL;
        for (int i = 0; i + 1 < n; i++)
            for (int k = 0; k < b->n_rules; k++) {
                const merge_rule *rule = &b->rules[k];
                if (rule->left == ids[i] && rule->right == ids[i + 1] &&
                    (!best_rule || rule->rank < best_rule->rank)) {
                    best = i;
                    best_rule = rule;
                }
            }
        if (!best_rule)
            return n;
        ids[best] = best_rule->merged;
        memmove(ids + best + 1, ids + best + 2, (size_t)(n - best - 2) * sizeof *ids);
        n--;
    }
}

static bool all_pairs_differ(const bpe *b)
{
    for (int i = 1; i < b->n_rules; i++)
        if (b->rules[i].left == b->rules[i - 1].left && b->rules[i].right == b->rules[i - 1].right)
            return false;
    return true;
}

static void the_heap_does_what_the_definition_says(void **state)
{
    (void)state;
    rng r = rng_stream(1, "test_bpe");
    bpe_scratch scratch = {0};
    token_list got = {0};
    int compared = 0;
    for (int round = 0; round < 200; round++) {
        vocab v;
        bpe b;
        random_rules(&v, &b, &r, 4 + round % 12);
        for (int word = 0; all_pairs_differ(&b) && word < 20; word++) {
            char text[40];
            int ids[40], n = 1 + (int)rng_below(&r, 40);
            for (int i = 0; i < n; i++) {
                ids[i] = (int)rng_below(&r, 3);
                text[i] = "abc"[ids[i]];
            }
            token_list_clear(&got);
            b.characters = word % 2; /* the letters are tokens either way */
            bpe_encode(&got, &b, &v, &scratch, text, (size_t)n, 100);
            int n_want = merge_plainly(ids, n, &b);
            assert_int_equal(got.n, n_want);
            assert_memory_equal(got.ids, ids, (size_t)n_want * sizeof *ids);
            assert_int_equal(got.starts[0], 100);
            assert_int_equal(got.ends[n_want - 1], 100 + n);
            compared++;
        }
        bpe_release(&b);
        vocab_release(&v);
    }
    assert_true(compared > 1000);
    bpe_scratch_release(&scratch);
    token_list_release(&got);
}

static const added_token *next_plainly(size_t *start, const added_tokens *a, const char *text,
                                       size_t n, size_t from)
{
    for (size_t i = from; i < n; i++) {
        const added_token *longest = NULL;
        for (int k = 0; k < a->n; k++)
            if (a->tokens[k].n <= n - i &&
                memcmp(a->tokens[k].content, text + i, a->tokens[k].n) == 0 &&
                (!longest || a->tokens[k].n > longest->n))
                longest = &a->tokens[k];
        *start = i;
        if (longest)
            return longest;
    }
    return NULL;
}

static void the_longest_added_token_at_the_leftmost_place(void **state)
{
    (void)state;
    rng r = rng_stream(1, "test_added");
    for (int round = 0; round < 300; round++) {
        added_tokens a = {0};
        for (int k = 0; k < round % 9; k++) {
            char content[6];
            size_t n = 1 + rng_below(&r, 6);
            for (size_t i = 0; i < n; i++)
                content[i] = "ab"[rng_below(&r, 2)];
            bool known = false;
            for (int j = 0; j < a.n; j++)
                known |= a.tokens[j].n == n && memcmp(a.tokens[j].content, content, n) == 0;
            if (!known)
                added_tokens_add(&a, &(added_token){.id = k}, content, n);
        }
        assert_null(added_tokens_index(&a));
        char text[30];
        for (size_t i = 0; i < sizeof text; i++)
            text[i] = "abc"[rng_below(&r, 3)];
        for (size_t from = 0; from <= sizeof text; from++) {
            size_t want_start = 0;
            const added_token *want = next_plainly(&want_start, &a, text, sizeof text, from);
            added_search search = {.text = text, .n = sizeof text, .from = from};
            const added_token *got = added_tokens_next(&search, &a, NULL);
            assert_ptr_equal(got, want);
            assert_true(!got || search.start == want_start);
        }
        for (int k = 0; k < a.n; k++)
            assert_ptr_equal(added_tokens_find(&a, a.tokens[k].content, a.tokens[k].n),
                             &a.tokens[k]);
        assert_null(added_tokens_find(&a, "c", 1));
        assert_null(added_tokens_find(&a, "", 0));
        added_tokens_release(&a);
    }
}

/* Which stretches of a text the tokens of one kind take: "start-end" each. */
static void spell_found(str *out, const added_token *kind, const char *text)
{
    added_tokens a = {0};
    regex_scratch *scratch = regex_scratch_new();
    added_search search = {.text = text, .n = strlen(text)};
    added_tokens_add(&a, kind, "<m>", 3);
    added_tokens_add(&a, &(added_token){.id = 1}, "  ", 2);
    assert_null(added_tokens_index(&a));
    str_clear(out);
    while (added_tokens_next(&search, &a, scratch))
        str_addf(out, "%zu-%zu ", search.start, search.end);
    added_tokens_release(&a);
    regex_scratch_free(scratch);
}

static void added_tokens_take_what_they_should(void **state)
{
    (void)state;
    static const struct {
        added_token kind;
        const char *text, *found;
    } rows[] = {
        {{.single_word = false}, "a<m>b", "1-4 "},
        {{.single_word = true}, "a<m>b", ""},
        {{.single_word = true}, "<m> <m>, (<m>)", "0-3 4-7 10-13 "},
        {{.single_word = true}, "_<m> 1<m> \xc3\xa9<m>", ""},
        {{.single_word = true}, "<m>\xcc\x81 <m>\xe2\x80\x8d", ""}, /* a mark; a joiner */
        {{.single_word = true}, "\xc2\xb2<m>", "2-5 "},             /* superscripts are no words */
        {{.single_word = true}, "\xff<m>\x80", "1-4 "},             /* nor what is not UTF-8 */
        {{.lstrip = true}, "a \xc2\xa0\n<m> b", "1-8 "},
        {{.rstrip = true}, "a <m>\t\xe3\x80\x80 b", "2-10 "},
        {{.lstrip = true, .rstrip = true}, " <m> <m> ", "0-5 5-9 "},
        {{.rstrip = true}, "<m>    a", "0-7 3-5 5-7 "}, /* what it took is found again */
        {{.rstrip = true}, "<m>", "0-3 "},
    };
    str found = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        spell_found(&found, &rows[i].kind, rows[i].text);
        assert_string_equal(str_text(&found), rows[i].found);
    }
    str_release(&found);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_heap_does_what_the_definition_says),
        cmocka_unit_test(the_longest_added_token_at_the_leftmost_place),
        cmocka_unit_test(added_tokens_take_what_they_should),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
