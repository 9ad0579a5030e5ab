/* Rules in words. */
#include "test.h"

#include "rules/common.h"
#include <string.h>

enum { SAID = 1, SAID_CAPITAL, SAID_BARE, ASKED, QUOTE, LINE, HALF, LETTERS };

static void open_words(text_rig *r)
{
    /* Two bytes of three of a character; ten tokens to count. */
    static const char *const words[] = {
        " said", "Said", "said", " asked", "\"", "\n", "\xE2\x80", "a",      "b",       "c",
        "d",     "e",    "f",    "g",      "h",  "i",  "j",        " re\\x", " walking"};
    text_rig_open(r, words, COUNT_OF(words));
    int32_t all[COUNT_OF(words)];
    for (int i = 0; i < (int)COUNT_OF(words); i++)
        all[i] = i + 1;
    for (int d = 0; d < 3; d++)
        text_rig_add(r, all, COUNT_OF(words));
    text_rig_split(r, 1);
}

static const int32_t said[] = {SAID}, forms[] = {SAID, SAID_CAPITAL, SAID_BARE},
                     verbs[] = {ASKED, SAID, SAID_BARE}, quote[] = {QUOTE}, line[] = {LINE, HALF},
                     letters[] = {LETTERS,     LETTERS + 1, LETTERS + 2, LETTERS + 3, LETTERS + 4,
                                  LETTERS + 5, LETTERS + 6, LETTERS + 7, LETTERS + 8, LETTERS + 9};

#define SET(set) .n_tokens = COUNT_OF(set), .tokens = set
#define ONE(...) .n_clauses = 1, .clauses = {{__VA_ARGS__}}

static const struct {
    rule r;
    rule_class class;
    const char *sentence, *formal;
} cases[] = {
    {{ONE(.n = 1, .predicates = {{SET(said)}})},
     RULE_SINGLE_TOKEN,
     "Active on the token ` said`.",
     "token in {\" said\"}"},
    {{ONE(.n = 1, .predicates = {{SET(forms)}})},
     RULE_SINGLE_TOKEN,
     "Active on the token ` said`.",
     "token in {\" said\", \"Said\", \"said\"}"},
    {{ONE(.n = 1, .predicates = {{SET(verbs)}})},
     RULE_TOKEN_SET,
     "Active on the tokens ` asked` and ` said`.",
     "token in {\" asked\", \" said\", \"said\"}"},
    {{ONE(.n = 1, .predicates = {{SET(letters)}})},
     RULE_TOKEN_SET,
     "Active on the tokens `a`, `b`, `c`, `d`, `e`, `f`, `g`, `h` and 2 more.",
     "token in {\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\", \"h\", \"i\", \"j\"}"},
    {{ONE(.n = 2, .predicates = {{SET(said)}, {.kind = RULE_NEAR, .window = 8, SET(quote)}})},
     RULE_SKIP_GRAM,
     "Active on the token ` said` when `\"` comes within the 8 tokens before it.",
     "token in {\" said\"} & last8 in {\"\\\"\"}"},
    {{ONE(.n = 2, .predicates = {{SET(verbs)},
                                 {.kind = RULE_NEAR, .window = 32, SET(quote), .negated = true}})},
     RULE_CONTEXT,
     "Active on the tokens ` asked` and ` said` unless `\"` comes within the 32 tokens before "
     "them.",
     "token in {\" asked\", \" said\", \"said\"} & last32 not in {\"\\\"\"}"},
    {{ONE(.n = 1, .predicates = {{.kind = RULE_NEAR, .window = RULE_WHOLE, SET(verbs)}})},
     RULE_CONTEXT,
     "Active when ` asked` or ` said` comes earlier in the document.",
     "earlier in {\" asked\", \" said\", \"said\"}"},
    {{ONE(.n = 2, .predicates = {{.kind = RULE_CLASS_IS, .detail = RULE_CAPITALISED},
                                 {.distance = 1, SET(line)}})},
     RULE_N_GRAM,
     "Active on capitalised tokens right after `\n` or `\xE2\x80`.",
     "token is capitalised & previous in {\"\\n\", \"\\xe2\\x80\"}"},
    {{ONE(.n = 2, .predicates = {{.distance = 2, SET(quote)},
                                 {.distance = 0, SET(said), .negated = true}})},
     RULE_N_GRAM,
     "Active on tokens two tokens after `\"` other than ` said`.",
     "previous2 in {\"\\\"\"} & token not in {\" said\"}"},
    {{ONE(.n = 1, .predicates = {{.kind = RULE_CLASS_IS, .detail = RULE_PUNCTUATION}})},
     RULE_TOKEN_CLASS,
     "Active on punctuation.",
     "token is punctuation"},
    {{ONE(.n = 1, .predicates = {{.kind = RULE_FLAG, .detail = RULE_IN_QUOTES}})},
     RULE_CONTEXT,
     "Active inside quotation marks.",
     "in quotes"},
    {{ONE(.n = 2,
          .predicates = {{.kind = RULE_FLAG, .detail = RULE_SENTENCE_START},
                         {.kind = RULE_FLAG, .detail = RULE_IN_BRACKETS, .negated = true}})},
     RULE_CONTEXT,
     "Active at the start of a sentence outside brackets.",
     "sentence start & not in brackets"},
    {{ONE(.n = 1,
          .predicates = {{.kind = RULE_FLAG, .detail = RULE_AFTER_NEWLINE, .negated = true}})},
     RULE_POSITION,
     "Active on tokens not at the start of a line.",
     "not line start"},
    {{ONE(.n = 1, .predicates = {{.kind = RULE_DEPTH, .low = 0, .high = 2}})},
     RULE_POSITION,
     "Active among the first 3 tokens of the document.",
     "depth in 0..2"},
    {{ONE(.n = 1, .predicates = {{.kind = RULE_DEPTH, .low = 4, .high = RULE_WHOLE}})},
     RULE_POSITION,
     "Active after the first 4 tokens of the document.",
     "depth in 4.."},
    {{ONE(.n = 1, .predicates = {{.kind = RULE_DEPTH, .low = 1, .high = 1, .negated = true}})},
     RULE_POSITION,
     "Active on tokens not at token 2 of the document.",
     "depth not in 1..1"},
    /* The clause with most true positives names the class. */
    {{.n_clauses = 2,
      .clauses = {{.n = 1, .tp = 3, .predicates = {{SET(said)}}},
                  {.n = 1, .tp = 4, .predicates = {{.distance = 1, SET(quote)}}}}},
     RULE_N_GRAM,
     "Active on the token ` said`; or right after `\"`.",
     "token in {\" said\"} | previous in {\"\\\"\"}"},
    {{.n_clauses = 0}, RULE_UNEXPLAINED, "", ""},
};

static void rules_are_said_in_words(void **state)
{
    (void)state;
    text_rig r;
    open_words(&r);
    arena memory = {0};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        rule_wording w;
        str sentence = {0}, formal = {0};
        rule_sentence(&w, &cases[i].r, &r.text, &memory);
        rule_wording_text(&sentence, &w);
        rule_formal(&formal, &cases[i].r, &r.text);
        assert_string_equal(str_text(&sentence), cases[i].sentence);
        assert_string_equal(str_text(&formal), cases[i].formal);
        assert_int_equal(rule_classify(&cases[i].r, &r.text), cases[i].class);
        str_release(&sentence);
        str_release(&formal);
    }
    arena_release(&memory);
    text_rig_close(&r);
}

static void tokens_are_pieces_of_their_own(void **state)
{
    (void)state;
    text_rig r;
    open_words(&r);
    arena memory = {0};
    rule_wording w, more, joined;
    rule_sentence(&w, &cases[7].r, &r.text, &memory);
    assert_int_equal(w.n, 5); /* "... right after ", "\n", " or ", two bytes, "." */
    assert_true(!w.pieces[0].is_token && w.pieces[1].is_token && w.pieces[3].is_token);
    assert_int_equal(w.pieces[3].n, 2);
    assert_memory_equal(w.pieces[3].bytes, "\xE2\x80", 2);
    rule_say(&more, &memory, "Active on %d%%.", 7);
    rule_wording_join(&joined, &more, &w, &memory);
    assert_int_equal(joined.n, 7);
    assert_memory_equal(joined.pieces[0].bytes, "Active on 7%.", 13);
    assert_true(joined.pieces[3].is_token);
    arena_release(&memory);
    text_rig_close(&r);
}

static void affixes_are_named(void **state)
{
    (void)state;
    text_rig r;
    world_rig_open(&r);
    arena memory = {0};
    int ing = 0;
    while (strcmp(r.text.affixes[ing].text, "ing"))
        ing++;
    rule u = {ONE(.n = 2, .predicates = {{.kind = RULE_CLASS_IS, .detail = RULE_FIRST_AFFIX + ing},
                                         {.kind = RULE_CLASS_IS,
                                          .distance = 1,
                                          .detail = RULE_FIRST_AFFIX + ing,
                                          .negated = true}})};
    rule_wording w;
    str sentence = {0}, formal = {0};
    rule_sentence(&w, &u, &r.text, &memory);
    rule_wording_text(&sentence, &w);
    rule_formal(&formal, &u, &r.text);
    assert_string_equal(str_text(&sentence), "Active on words that end in `ing` not right after a "
                                             "word that ends in `ing`.");
    assert_string_equal(str_text(&formal), "token is -ing & previous is not -ing");
    str_release(&sentence);
    str_release(&formal);
    arena_release(&memory);
    text_rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_are_said_in_words),
        cmocka_unit_test(tokens_are_pieces_of_their_own),
        cmocka_unit_test(affixes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
