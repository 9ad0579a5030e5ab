/* The text as rules see it: parts, marks, classes, counts. */
#include "test.h"

#include "rules/bits.h"
#include "rules/common.h"
#include <string.h>

static void parts_share_no_document(void **state)
{
    (void)state;
    text_rig r;
    world_rig_open(&r);
    const rule_text *t = &r.text;
    assert_int_equal(t->n_documents, 300);
    assert_int_equal(t->first_document[RULE_CHOOSE], 150);
    assert_int_equal(t->first_document[RULE_REPORT], 210);
    bool seen[300] = {false};
    for (int d = 0; d < t->n_documents; d++) {
        assert_false(seen[t->documents[d].prompt]);
        seen[t->documents[d].prompt] = true;
        assert_int_equal(t->document_of[t->documents[d].prompt], d);
    }
    assert_int_equal(t->first[RULE_CHOOSE], 15000);
    assert_int_equal(t->first[RULE_PARTS], 30000);
    for (size_t at = 0; at < t->first[RULE_PARTS]; at++) {
        const rule_document *d = &t->documents[t->document_N[at]];
        assert_int_equal(prompts_tokens(&r.prompts, d->prompt)[t->place_N[at]], t->token_N[at]);
        assert_int_equal(rule_text_depth(t, at), t->place_N[at] - 1); /* the BOS */
    }
    /* Another seed, other documents. */
    rule_text other;
    rule_text_options o = rule_text_defaults(2);
    err e = {0};
    assert_int_equal(rule_text_make(&other, &r.prompts, r.tokenizer, &o, &e), OK);
    int same = 0;
    for (int d = 0; d < 150; d++)
        same += other.document_of[t->documents[d].prompt] < 150;
    assert_true(same > 40 && same < 110);
    rule_text_release(&other);
    text_rig_close(&r);
}

static void whole_documents_are_left_out(void **state)
{
    (void)state;
    text_rig r;
    world_rig_open(&r);
    rule_text few;
    rule_text_options o = rule_text_defaults(1);
    o.most_tokens = 950; /* 10 documents of 100 hold as many */
    err e = {0};
    assert_int_equal(rule_text_make(&few, &r.prompts, r.tokenizer, &o, &e), OK);
    assert_int_equal(few.n_documents, 10);
    assert_int_equal(few.n_left_out, 290);
    assert_int_equal(few.first_document[RULE_CHOOSE], 5);
    assert_int_equal(few.first_document[RULE_REPORT], 7);
    rule_text_release(&few);
    o.choose_share = 0.5;
    assert_int_equal(rule_text_make(&few, &r.prompts, r.tokenizer, &o, &e), E_CONFIG);
    text_rig_close(&r);
}

static void text_with_nothing_in_it(void **state)
{
    (void)state;
    static const char *const words[] = {"a", "b"};
    text_rig r;
    text_rig_open(&r, words, 2);
    rule_text t;
    rule_text_options o = rule_text_defaults(1);
    err e = {0};
    assert_int_equal(rule_text_make(&t, &r.prompts, r.tokenizer, &o, &e), E_DATA);
    text_rig_add(&r, NULL, 0); /* the BOS alone */
    assert_int_equal(rule_text_make(&t, &r.prompts, r.tokenizer, &o, &e), E_DATA);
    text_rig_add(&r, (const int32_t[]){1, 2, 0, 1}, 4); /* a special token inside */
    text_rig_split(&r, 1);
    assert_int_equal(r.text.n_documents, 1);
    assert_int_equal(r.text.first[RULE_PARTS], 3);
    assert_int_equal(r.text.place_N[2], 4);
    text_rig_close(&r);
}

static void marks_of_lines_sentences_quotes_and_brackets(void **state)
{
    (void)state;
    enum {
        L = RULE_AFTER_NEWLINE,
        S = RULE_SENTENCE_START,
        Q = RULE_IN_QUOTES,
        B = RULE_IN_BRACKETS
    };
    static const struct {
        const char *token;
        int flags;
    } text[] = {
        {"He", L | S},   {" said", 0},
        {",", 0},        {" \"", Q},
        {"Go", Q},       {".", Q},
        {"\"", 0},       {" Then", S},
        {"\n", 0},       {"A", L | S},
        {" (", B},       {"b", B},
        {")", 0},        {" 3", 0},
        {".", 0},        {"5", 0},
        {".", 0},        {" x", S},
        {" \"", Q},      {"y", Q},
        {"\n", 0},       {"z", L | S},
        {"\xE2\x80", 0}, {"\x9C", Q},
        {"w", Q},        {"\xE2\x80\x9D", 0},
        {".", 0},        {"-", 0},
        {"c", 0},
    };
    enum { N = COUNT_OF(text) };
    const char *words[N];
    int32_t tokens[N];
    int n_words = 0;
    for (int i = 0; i < N; i++) {
        int k = 0;
        while (k < n_words && strcmp(words[k], text[i].token))
            k++;
        if (k == n_words)
            words[n_words++] = text[i].token;
        tokens[i] = k + 1;
    }
    text_rig r;
    text_rig_open(&r, words, n_words);
    text_rig_add(&r, tokens, N);
    text_rig_split(&r, 1);
    for (int i = 0; i < N; i++)
        if (r.text.flags_N[i] != text[i].flags)
            fail_msg("token %d: %d, not %d", i, r.text.flags_N[i], text[i].flags);
    text_rig_close(&r);
}

static void classes_of_tokens(void **state)
{
    (void)state;
#define C(x) ((uint64_t)1 << RULE_##x)
    static const struct {
        const char *token;
        uint64_t classes;
    } cases[] = {
        {" cat", C(WORD_INITIAL)},
        {"cat", C(WORD_PIECE)},
        {" Cat", C(WORD_INITIAL) | C(CAPITALISED)},
        {"CAT", C(WORD_PIECE) | C(ALL_CAPITALS)},
        {" I", C(WORD_INITIAL) | C(CAPITALISED)},
        {" 1998", C(WORD_INITIAL) | C(DIGITS)},
        {"7", C(DIGITS)},
        {"3.5", 0},
        {".\"", C(PUNCTUATION)},
        {"\n\n", C(NEWLINE)},
        {"  ", C(BLANK)},
        {"\xC3\xA9t\xC3\xA9", C(WORD_PIECE) | C(NOT_ASCII)},
        {"\xE2\x80", C(WORD_PIECE) | C(NOT_ASCII)},
    };
#undef C
    enum { N = COUNT_OF(cases) };
    const char *words[N];
    int32_t tokens[N];
    for (int i = 0; i < N; i++) {
        words[i] = cases[i].token;
        tokens[i] = i + 1;
    }
    text_rig r;
    text_rig_open(&r, words, N);
    text_rig_add(&r, tokens, N);
    text_rig_split(&r, 1);
    for (int i = 0; i < N; i++)
        if (r.text.classes_V[i + 1] != cases[i].classes)
            fail_msg("'%s': %llx", words[i], (unsigned long long)r.text.classes_V[i + 1]);
    assert_int_equal(r.text.n_affixes, 0); /* too few words share one */
    text_rig_close(&r);
}

static void affixes_are_those_of_many_words(void **state)
{
    (void)state;
    text_rig r;
    world_rig_open(&r);
    int ing = -1;
    for (int i = 0; i < r.text.n_affixes; i++)
        if (!strcmp(r.text.affixes[i].text, "ing")) {
            assert_int_equal(ing, -1);
            assert_false(r.text.affixes[i].prefix);
            ing = i;
        } else { /* the ends of -ing say the same and stand for nothing of their own */
            assert_string_not_equal(r.text.affixes[i].text, "ng");
            assert_string_not_equal(r.text.affixes[i].text, "g");
        }
    assert_true(ing >= 0);
    assert_int_equal(r.text.affixes[ing].n_tokens, WORLD_COMMON / 5);
    uint64_t bit = (uint64_t)1 << (RULE_FIRST_AFFIX + ing);
    for (int i = 0; i < WORLD_COMMON; i++)
        assert_int_equal((r.text.classes_V[WORLD_FIRST_COMMON + i] & bit) != 0, i % 5 == 2);
    text_rig_close(&r);
}

static void tokens_near_are_counted(void **state)
{
    (void)state;
    text_rig r;
    world_rig_open(&r);
    const rule_text *t = &r.text;
    for (int w = 0; w < RULE_WINDOWS; w++) {
        uint32_t *count_V = mem_small((size_t)t->V, sizeof *count_V);
        for (size_t at = 0; at < t->first[RULE_CHOOSE]; at++) {
            int depth = rule_text_depth(t, at);
            for (int k = 1; k <= depth && k <= rule_windows[w]; k++) {
                int32_t token = t->token_N[at - (size_t)k];
                bool again = false;
                for (int j = 1; j < k && !again; j++)
                    again = t->token_N[at - (size_t)j] == token;
                count_V[token] += !again;
            }
        }
        assert_memory_equal(count_V, ROW(t->near_WV, w, t->V), (size_t)t->V * sizeof *count_V);
        mem_free(count_V);
    }
    for (int i = 1; i < t->n_used; i++)
        assert_true(t->count_V[t->used[i]] <= t->count_V[t->used[i - 1]]);
    text_rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_share_no_document),
        cmocka_unit_test(whole_documents_are_left_out),
        cmocka_unit_test(text_with_nothing_in_it),
        cmocka_unit_test(marks_of_lines_sentences_quotes_and_brackets),
        cmocka_unit_test(classes_of_tokens),
        cmocka_unit_test(affixes_are_those_of_many_words),
        cmocka_unit_test(tokens_near_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
