/* Ids as Hugging Face `tokenizers` gives them (tests/data/export_tokenizers.py), offsets, and bytes
 * that survive the way to ids and back. */
#include "test.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/rng.h"
#include "data/common.h"
#include "data/tokenizer.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static tokenizer *open_fixture(const char *name)
{
    char path[256];
    tokenizer *t;
    err e = {0};
    snprintf(path, sizeof path, "tests/data/fixtures/%s", name);
    files f = files_from_dir(path);
    if (tokenizer_open(&t, &f, &e))
        fail_msg("%s", e.text);
    return t;
}

/* Tokens in order, touching, from 0 to n. */
static void check_cover(const token_list *l, size_t n)
{
    size_t place = 0;
    for (size_t i = 0; i < l->n; i++) {
        assert_int_equal(l->starts[i], place);
        assert_true(l->ends[i] > l->starts[i]);
        place = l->ends[i];
    }
    assert_int_equal(place, n);
}

static void encode(token_list *out, const tokenizer *t, const char *text, size_t n)
{
    err e = {0};
    token_list_clear(out);
    if (tokenizer_encode(out, t, text, n, &e))
        fail_msg("%s", e.text);
}

/* Every line of NAME.ids; returns how many. */
static int check_ids(const tokenizer *t, const char *name)
{
    char file[64];
    str cases = {0}, text = {0}, got = {0};
    token_list l = {0};
    int n = 0;
    snprintf(file, sizeof file, "%s.ids", name);
    read_fixture(&cases, file);
    for (char *rest = cases.data, *line; (line = strsep(&rest, "\n")) && *line; n++) {
        char *want = strchr(line, '\t');
        unescape(&text, line, (size_t)(want - line));
        encode(&l, t, str_text(&text), text.len);
        str_clear(&got);
        for (size_t i = 0; i < l.n; i++)
            str_addf(&got, i ? " %d" : "%d", l.ids[i]);
        if (strcmp(str_text(&got), want + 1) != 0)
            fail_msg("%s: %.*s: got %s, expected %s", name, (int)(want - line), line,
                     str_text(&got), want + 1);
    }
    token_list_release(&l);
    str_release(&cases);
    str_release(&text);
    str_release(&got);
    return n;
}

static void ids_are_those_of_hugging_face(void **state)
{
    (void)state;
    static const char *const names[] = {"neox", "pairs", "gpt2"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        tokenizer *t = open_fixture(names[i]);
        assert_true(check_ids(t, names[i]) > 100);
        tokenizer_free(t);
    }
}

/* The published tokenizers are not ours to copy; where they lie beside the checkout, they count. */
static void ids_of_real_tokenizers(const char *folder, const char *name, int size, int end)
{
    tokenizer *t;
    err e = {0};
    files f = files_from_dir(folder);
    if (!io_is_dir(folder)) {
        print_message("%s is absent: ids of the real tokenizer are not compared\n", folder);
        skip();
    }
    if (tokenizer_open(&t, &f, &e))
        fail_msg("%s", e.text);
    assert_int_equal(tokenizer_size(t), size);
    assert_int_equal(tokenizer_bos(t), end);
    assert_true(check_ids(t, name) > 100);
    tokenizer_free(t);
}

static void ids_of_pythia(void **state)
{
    (void)state;
    ids_of_real_tokenizers("../shared/data/pythia", "pythia", 50278, 0);
}

static void ids_of_gpt2(void **state)
{
    (void)state;
    ids_of_real_tokenizers("../shared/data/gpt2", "real_gpt2", 50257, 50256);
}

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

static void bytes_that_are_not_text_survive(void **state)
{
    (void)state;
    static const char *const names[] = {"neox", "gpt2"};
    token_list l = {0};
    str back = {0};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        tokenizer *t = open_fixture(names[i]);
        for (size_t k = 0; k < COUNT_OF(broken); k++) {
            encode(&l, t, broken[k].text, broken[k].n);
            check_cover(&l, broken[k].n);
            str_clear(&back);
            tokenizer_decode(&back, t, l.ids, l.n);
            assert_int_equal(back.len, broken[k].n);
            assert_memory_equal(back.data, broken[k].text, back.len);
        }
        tokenizer_free(t);
    }
    token_list_release(&l);
    str_release(&back);
}

static void random_bytes_survive(void **state)
{
    (void)state;
    static const unsigned char pool[] =
        "aab    \n\t'sThe<|>1\xe4\xbd\xa0\xf0\x9f\x98\x80\xff\x80\xc3\xa9\0";
    rng r = rng_stream(1, "random_bytes_survive");
    token_list l = {0};
    str back = {0};
    tokenizer *t = open_fixture("gpt2"); /* does not normalise: exact for every input */
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
    tokenizer *t = open_fixture("neox");
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
    /* Added tokens are looked for in normalised text: A + ring is found as the one letter. */
    static const char ring[] = "x A\xcc\x8angstro\xcc\x88m";
    encode(&l, t, ring, sizeof ring - 1);
    assert_int_equal(l.ids[l.n - 1], tokenizer_find(t, "\xc3\x85ngstr\xc3\xb6m"));
    assert_int_equal(l.starts[l.n - 1], 2);
    assert_int_equal(l.ends[l.n - 1], sizeof ring - 1);
    token_list_release(&l);
    tokenizer_free(t);
}

static void questions_are_answered(void **state)
{
    (void)state;
    tokenizer *t = open_fixture("neox");
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
    t = open_fixture("gpt2");
    assert_int_equal(tokenizer_bos(t), tokenizer_find(t, "<|endoftext|>"));
    assert_true(tokenizer_is_special(t, tokenizer_bos(t)));
    tokenizer_free(t);
}

/* A quadratic step anywhere would take minutes here. */
static void long_words_and_runs_take_no_quadratic_time(void **state)
{
    (void)state;
    enum { N = 1 << 20 };
    static const char *const patterns[] = {
        "a",    " ", "ab", "roses",     "\n",           "\xe4\xbd\xa0",
        "\xff", "'", " a", "e\xcc\x81", "<|endoftext|", "\xff a"};
    tokenizer *t = open_fixture("neox");
    token_list l = {0};
    str text = {0};
    for (size_t i = 0; i < COUNT_OF(patterns); i++) {
        str_clear(&text);
        while (text.len < N)
            str_add(&text, patterns[i]);
        encode(&l, t, text.data, text.len);
        assert_true(l.n > 0);
        assert_int_equal(l.ends[l.n - 1], text.len);
    }
    str_release(&text);
    token_list_release(&l);
    tokenizer_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_those_of_hugging_face),
        cmocka_unit_test(ids_of_pythia),
        cmocka_unit_test(ids_of_gpt2),
        cmocka_unit_test(bytes_that_are_not_text_survive),
        cmocka_unit_test(random_bytes_survive),
        cmocka_unit_test(offsets_say_what_a_token_covers),
        cmocka_unit_test(questions_are_answered),
        cmocka_unit_test(long_words_and_runs_take_no_quadratic_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
