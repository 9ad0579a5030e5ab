/* Offsets, bytes that survive the way to ids and back, what starts a document. That ids are right
 * is for test_tokenizer_parity.c. */
#include "test.h"
#include "base/memory.h"
#include "base/rng.h"
#include "data/common.h"
#include "data/tokenizer.h"
#include <string.h>

static const struct {
    const char *text;
    size_t n;
} broken[] = {
#define TEXT(s)                                                                                    \
    {                                                                                              \
        s, sizeof s - 1                                                                            \
    }
    TEXT("\xff"),                      /* never in UTF-8 */
    TEXT("a\x80z"),                    /* a continuation byte alone */
    TEXT("caf\xe9 au lait"),           /* Latin-1 */
    TEXT("\xe4\xbd"),                  /* cut in the middle of a character */
    TEXT("\xe4\xbd<|endoftext|>\xbd"), /* a special token in the cut */
    TEXT("\xed\xa0\x80 \xc0\xaf"),     /* a surrogate; an overlong slash */
    TEXT("  \xff  a  "),               /* runs of spaces on both sides */
    TEXT("\0a\0"),                     /* NUL is a character like any other */
    TEXT("\xf0\x9f\x98\x80\xf0\x9f"),  /* an emoji and half of one */
    TEXT("\xfe\xff\0a"),
#undef TEXT
};

/* Llama 2 and its like put a space in front and take one away, which the newer file does not do
 * when one is there: decoding then loses it, as the library's does. */
static void bytes_that_are_not_text_survive(void **state)
{
    (void)state;
    static const char *const names[] = {"neox",       "gpt2",       "llama3",  "qwen2", "deepseek",
                                        "llama2_old", "llama2_new", "mistral", "gemma2"};
    token_list l = {0};
    str back = {0};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        tokenizer *t = open_tokenizer_fixture(names[i]);
        for (size_t k = 0; k < COUNT_OF(broken); k++) {
            encode(&l, t, broken[k].text, broken[k].n);
            check_cover(&l, broken[k].n);
            str_clear(&back);
            tokenizer_decode(&back, t, l.ids, l.n);
            size_t lost = strcmp(names[i], "llama2_new") == 0 && broken[k].text[0] == ' ';
            assert_int_equal(back.len, broken[k].n - lost);
            assert_memory_equal(back.data, broken[k].text + lost, back.len);
        }
        tokenizer_free(t);
    }
    token_list_release(&l);
    str_release(&back);
}

static void broken_bytes_become_their_tokens(void **state)
{
    (void)state;
    token_list l = {0};
    tokenizer *t = open_tokenizer_fixture("gemma2");
    encode(&l, t, "\xff\xe4\xbd", 3);
    assert_int_equal(l.n, 3);
    for (size_t i = 0; i < l.n; i++) {
        assert_int_equal(l.starts[i], i);
        assert_int_equal(l.ends[i], i + 1);
    }
    assert_int_equal(l.ids[0], tokenizer_find(t, "\xff")); /* <0xFF> */
    tokenizer_free(t);
    t = open_tokenizer_fixture("metaspace"); /* no tokens for bytes: unknown */
    encode(&l, t, "\xff", 1);
    assert_int_equal(l.n, 1);
    assert_int_equal(l.ids[0], tokenizer_find(t, "<unk>"));
    tokenizer_free(t);
    t = open_tokenizer_fixture("dropping"); /* and none for the unknown */
    encode(&l, t, "\xff", 1);
    assert_int_equal(l.n, 0);
    tokenizer_free(t);
    token_list_release(&l);
}

static void random_bytes_survive(void **state)
{
    (void)state;
    static const unsigned char pool[] =
        "aab    \n\t'sThe<|>1\xe4\xbd\xa0\xf0\x9f\x98\x80\xff\x80\xc3\xa9\0";
    rng r = rng_stream(1, "random_bytes_survive");
    token_list l = {0};
    str back = {0};
    tokenizer *t = open_tokenizer_fixture("gpt2"); /* does not normalise: exact for every input */
    for (int round = 0; round < 3000; round++) {
        char text[50];
        size_t n = rng_below(&r, sizeof text + 1);
        for (size_t i = 0; i < n; i++)
            text[i] = (char)(round % 2 ? pool[rng_below(&r, sizeof pool)] : rng_below(&r, 256));
        encode(&l, t, text, n);
        check_cover(&l, n);
        str_clear(&back);
        tokenizer_decode(&back, t, l.ids, l.n);
        assert_int_equal(back.len, n);
        assert_memory_equal(str_text(&back), text, n);
    }
    tokenizer_free(t);
    token_list_release(&l);
    str_release(&back);
}

static void offsets_say_what_a_token_covers(void **state)
{
    (void)state;
    tokenizer *t = open_tokenizer_fixture("neox");
    token_list l = {0};
    static const char text[] = " The garden    x<|endoftext|>roses";
    encode(&l, t, text, sizeof text - 1);
    check_cover(&l, sizeof text - 1);
    for (size_t i = 0; i < l.n; i++) { /* without normalisation a token is the text it covers */
        const char *bytes;
        size_t n;
        assert_true(tokenizer_bytes(t, l.ids[i], &bytes, &n));
        assert_int_equal(n, l.ends[i] - l.starts[i]);
        assert_memory_equal(bytes, text + l.starts[i], n);
    }
    /* "cafe" + acute: the last two bytes of the text's normal form came from its last three. */
    static const char accent[] = "z cafe\xcc\x81";
    encode(&l, t, accent, sizeof accent - 1);
    assert_int_equal(l.ends[l.n - 1], sizeof accent - 1);
    assert_true(l.starts[l.n - 1] <= 5);
    /* Added tokens are looked for in normalised text: d + dot above is found as the one letter. */
    static const char dot[] = "x d\xcc\x87og";
    encode(&l, t, dot, sizeof dot - 1);
    assert_int_equal(l.ids[l.n - 1], tokenizer_find(t, "\xe1\xb8\x8bog"));
    assert_int_equal(l.starts[l.n - 1], 2);
    assert_int_equal(l.ends[l.n - 1], sizeof dot - 1);
    token_list_release(&l);
    tokenizer_free(t);
}

/* The text that each token covers, "|" between two. */
static void spell_ranges(str *out, const token_list *l, const char *text)
{
    str_clear(out);
    for (size_t i = 0; i < l->n; i++)
        str_addf(out, "%s%.*s", i ? "|" : "", (int)(l->ends[i] - l->starts[i]),
                 text + l->starts[i]);
}

static void every_byte_belongs_to_some_token(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text, *ranges;
    } rows[] = {
        /* The space put in front covers nothing, also after a special token with the old file. */
        {"llama2_old", "The <s>x", "The| |<s>||x"},
        {"llama2_new", "The <s>x", "The| |<s>|x"},
        {"gemma2", " The\n\nx", " The|\n\n|x"},
        /* "ss" is deleted, an emoji has no token: both go to what follows, at the end to what
         * precedes.
         */
        {"dropping", "ssa", "ssa"},
        {"dropping", "assb", "a|ssb"},
        {"dropping", "a\xf0\x9f\x98\x80s", "a|\xf0\x9f\x98\x80s"},
        {"dropping", "ass", "ass"},
        {"dropping", "a\xf0\x9f\x98\x80", "a\xf0\x9f\x98\x80"},
        /* Commas and double spaces are removed. */
        {"behaviors", ",q,,z  ", "|,q||,,z  "},
    };
    token_list l = {0};
    str ranges = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        tokenizer *t = open_tokenizer_fixture(rows[i].name);
        encode(&l, t, rows[i].text, strlen(rows[i].text));
        check_cover(&l, strlen(rows[i].text));
        spell_ranges(&ranges, &l, rows[i].text);
        assert_string_equal(str_text(&ranges), rows[i].ranges);
        tokenizer_free(t);
    }
    token_list_release(&l);
    str_release(&ranges);
}

static void tokens_show_what_they_stand_for(void **state)
{
    (void)state;
    static const struct {
        const char *name, *shown;
    } rows[] = {
        {"neox", " the"},   {"llama2_old", " the"}, {"llama2_old", "\x01"}, {"gemma2", "  "},
        {"gemma2", "\n\n"}, {"metaspace", " the"},  {"dropping", " the"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *bytes;
        size_t n;
        tokenizer *t = open_tokenizer_fixture(rows[i].name);
        assert_true(tokenizer_bytes(t, tokenizer_find(t, rows[i].shown), &bytes, &n));
        assert_int_equal(n, strlen(rows[i].shown));
        assert_memory_equal(bytes, rows[i].shown, n);
        tokenizer_free(t);
    }
    /* Two tokens of Llama's show a space: the mark is the one to find, not the byte. */
    tokenizer *t = open_tokenizer_fixture("llama2_old");
    int space = tokenizer_find(t, " "), byte = 3 + ' ';
    assert_true(space >= 0 && space != byte);
    tokenizer_free(t);
}

static void questions_are_answered(void **state)
{
    (void)state;
    tokenizer *t = open_tokenizer_fixture("neox");
    const char *bytes;
    size_t n;
    assert_int_equal(tokenizer_find(t, "<|endoftext|>"), 0);
    assert_int_equal(tokenizer_bos(t), 0);
    assert_true(tokenizer_is_special(t, 0));
    assert_true(tokenizer_is_special(t, tokenizer_find(t, "<|padding|>")));
    assert_false(tokenizer_is_special(t, tokenizer_find(t, "   "))); /* added, not special */
    assert_false(tokenizer_is_special(t, tokenizer_find(t, " the")));
    assert_true(tokenizer_bytes(t, tokenizer_find(t, " the"), &bytes, &n));
    assert_int_equal(n, 4);
    assert_memory_equal(bytes, " the", 4);
    assert_int_equal(tokenizer_find(t, "no such token"), -1);
    assert_int_equal(tokenizer_find(t, ""), -1);
    int outside[] = {-1, tokenizer_size(t), 1 << 30};
    for (size_t i = 0; i < COUNT_OF(outside); i++) {
        assert_false(tokenizer_bytes(t, outside[i], &bytes, &n));
        assert_int_equal(n, 0);
        assert_false(tokenizer_is_special(t, outside[i]));
    }
    str text = {0};
    tokenizer_decode(&text, t, outside, COUNT_OF(outside));
    assert_int_equal(text.len, 0);
    str_release(&text);
    tokenizer_free(t);
    t = open_tokenizer_fixture("gpt2");
    assert_int_equal(tokenizer_bos(t), tokenizer_find(t, "<|endoftext|>"));
    assert_true(tokenizer_is_special(t, tokenizer_bos(t)));
    tokenizer_free(t);
}

static const struct {
    const char *file, *text;
    const char *bos; /* NULL: none; "!": refused */
} beside[] = {
    {"tokenizer_config.json", "{\"bos_token\":\"<|im_start|>\"}", "<|im_start|>"},
    {"tokenizer_config.json", "{\"bos_token\":{\"content\":\"<|im_end|>\"}}", "<|im_end|>"},
    {"tokenizer_config.json", "{\"bos_token\":null}", NULL},
    {"tokenizer_config.json", "{}", NULL}, /* what the tokens themselves say */
    {"special_tokens_map.json", "{\"bos_token\":\"<|endoftext|>\"}", "<|endoftext|>"},
    {"tokenizer_config.json", "{\"bos_token\":\"<absent>\"}", "!"},
    {"tokenizer_config.json", "{\"bos_token\":7}", "!"},
    {"tokenizer_config.json", "{\"bos_token\"", "!"},
};

static void files_beside_it_say_what_starts_a_document(void **state)
{
    (void)state;
    str text = {0};
    read_tokenizer_fixture(&text, "qwen2.json");
    for (size_t i = 0; i < COUNT_OF(beside); i++) {
        const blob blobs[] = {
            {"tokenizer.json", (const unsigned char *)text.data, text.len},
            {beside[i].file, (const unsigned char *)beside[i].text, strlen(beside[i].text)}};
        files f = files_from_blobs("qwen", blobs, COUNT_OF(blobs));
        tokenizer *t;
        err e = {0};
        err_code code = tokenizer_open(&t, &f, &e);
        if (beside[i].bos && strcmp(beside[i].bos, "!") == 0) {
            check_err(&e, E_FORMAT, "qwen");
            continue;
        }
        assert_int_equal(code, OK);
        assert_int_equal(tokenizer_bos(t), beside[i].bos ? tokenizer_find(t, beside[i].bos) : -1);
        tokenizer_free(t);
    }
    str_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_that_are_not_text_survive),
        cmocka_unit_test(broken_bytes_become_their_tokens),
        cmocka_unit_test(random_bytes_survive),
        cmocka_unit_test(offsets_say_what_a_token_covers),
        cmocka_unit_test(every_byte_belongs_to_some_token),
        cmocka_unit_test(tokens_show_what_they_stand_for),
        cmocka_unit_test(questions_are_answered),
        cmocka_unit_test(files_beside_it_say_what_starts_a_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
