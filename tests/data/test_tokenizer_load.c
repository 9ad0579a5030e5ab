/* Tokenizer files that are wrong, hostile, or ask for what is not done: each is refused with the
 * reason, and none crashes. */
#include "test.h"
#include "base/memory.h"
#include "data/common.h"
#include "data/tokenizer.h"
#include <stdlib.h>
#include <string.h>

/* A whole tokenizer; rows below replace one piece of it. */
static const char WHOLE[] =
    "{\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[{\"id\":0,"
    "\"content\":"
    "\"<|endoftext|>\",\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":"
    "false,"
    "\"special\":true},{\"id\":8,\"content\":\"  \",\"single_word\":false,\"lstrip\":false,"
    "\"rstrip\":false,\"normalized\":true,\"special\":false}],\"normalizer\":{\"type\":\"NFC\"},"
    "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,"
    "\"use_regex\":true},\"post_processor\":null,\"decoder\":{\"type\":\"ByteLevel\"},\"model\":{"
    "\"type\":\"BPE\",\"dropout\":null,\"unk_token\":\"?\",\"continuing_subword_prefix\":null,"
    "\"end_of_word_suffix\":\"\",\"fuse_unk\":false,\"byte_fallback\":false,\"ignore_merges\":"
    "false,"
    "\"vocab\":{\"<|endoftext|>\":0,\"?\":1,\"a\":2,\"b\":3,\"\\u0120\":4,\"ab\":5,\"\\u0120ab\":6}"
    ","
    "\"merges\":[\"a b\",[\"\\u0120\",\"ab\"]]}}";

/* WHOLE with its first `old` replaced. */
static void edit(str *out, const char *old, const char *new)
{
    const char *place = strstr(WHOLE, old);
    assert_non_null(place);
    str_clear(out);
    str_add_bytes(out, WHOLE, (size_t)(place - WHOLE));
    str_add(out, new);
    str_add(out, place + strlen(old));
}

/* Loads a copy that ends where its memory ends; if that works, uses the result. */
static err_code load(const char *text, size_t n, err *e)
{
    char *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, text, n);
    tokenizer *t;
    err_code code = tokenizer_parse(&t, copy, n, "tokenizer.json", e);
    free(copy);
    if (code) {
        assert_null(t);
        return code;
    }
    static const char sample[] = "ab ab  abba<|endoftext|>\xc3\xa9 e\xcc\x81 \xff.";
    token_list l = {0};
    str back = {0};
    err ignored = {0};
    if (tokenizer_encode(&l, t, sample, sizeof sample - 1, &ignored) == OK)
        for (size_t i = 0; i < l.n; i++)
            assert_true(l.ids[i] >= 0 && l.ids[i] < tokenizer_size(t));
    tokenizer_decode(&back, t, l.ids, l.n);
    for (int id = -1; id <= tokenizer_size(t); id++)
        tokenizer_is_special(t, id);
    token_list_release(&l);
    str_release(&back);
    tokenizer_free(t);
    return OK;
}

static void the_whole_one_works(void **state)
{
    (void)state;
    tokenizer *t;
    err e = {0};
    token_list l = {0};
    if (tokenizer_parse(&t, WHOLE, sizeof WHOLE - 1, "tokenizer.json", &e))
        fail_msg("%s", e.text);
    assert_int_equal(tokenizer_size(t), 9);
    assert_int_equal(tokenizer_encode(&l, t, "ab ab  ax<|endoftext|>", 22, &e), OK);
    static const int want[] = {5, 6, 8, 2, 1, 0}; /* ab, Ġab, two spaces, a, unknown, end */
    assert_int_equal(l.n, COUNT_OF(want));
    assert_memory_equal(l.ids, want, sizeof want);
    token_list_release(&l);
    tokenizer_free(t);
}

static const struct {
    const char *old, *new;
    const char *said; /* NULL: taken */
} edits[] = {
    /* Legal variations. */
    {"{\"type\":\"NFC\"}", "null", NULL},
    {"\"use_regex\":true", "\"use_regex\":false", NULL},
    {",\"use_regex\":true", "", NULL}, /* absent: true */
    {"\"post_processor\":null", "\"post_processor\":{\"type\":\"TemplateProcessing\"}", NULL},
    {"\"decoder\":{\"type\":\"ByteLevel\"}", "\"decoder\":null", NULL},
    {"\"unk_token\":\"?\"", "\"unk_token\":null", NULL},
    {"\"type\":\"BPE\",\"dropout\"", "\"dropout\"", NULL}, /* old files do not say BPE */
    {"\"dropout\":null", "\"dropout\":0.0", NULL},
    {"\"a b\"", "\"a b\",\"a b\"", NULL},                   /* a rule twice: the last counts */
    {"\"\\u0120\":4", "\"\\u0120\":4,\"\\u4f60\":7", NULL}, /* not of the byte alphabet: kept */
    /* What is not carried out, by name. */
    {"{\"type\":\"NFC\"}", "{\"type\":\"Lowercase\"}", "normalizer \"Lowercase\""},
    {"{\"type\":\"NFC\"}", "{\"type\":\"Sequence\",\"normalizers\":[]}", "normalizer \"Sequence\""},
    {"{\"type\":\"NFC\"}", "{}", "normalizer \"(without a type)\""},
    {"{\"type\":\"NFC\"}", "\"NFC\"", "normalizer"},
    {"\"pre_tokenizer\":{\"type\":\"ByteLevel\"", "\"pre_tokenizer\":{\"type\":\"Metaspace\"",
     "Metaspace"},
    {"\"add_prefix_space\":false", "\"add_prefix_space\":true", "add_prefix_space"},
    {"\"add_prefix_space\":false,", "", "add_prefix_space"}, /* absent: true */
    {"\"decoder\":{\"type\":\"ByteLevel\"}", "\"decoder\":{\"type\":\"WordPiece\"}", "WordPiece"},
    {"\"type\":\"BPE\"", "\"type\":\"Unigram\"", "Unigram"},
    {"\"dropout\":null", "\"dropout\":0.1", "dropout"},
    {"\"continuing_subword_prefix\":null", "\"continuing_subword_prefix\":\"##\"",
     "continuing_subword_prefix"},
    {"\"end_of_word_suffix\":\"\"", "\"end_of_word_suffix\":\"</w>\"", "end_of_word_suffix"},
    {"\"byte_fallback\":false", "\"byte_fallback\":true", "byte_fallback"},
    {"\"lstrip\":false", "\"lstrip\":true", "lstrip"},
    {"\"rstrip\":false", "\"rstrip\":true", "rstrip"},
    {"\"single_word\":false", "\"single_word\":true", "single_word"},
    /* What is broken. */
    {"\"vocab\":{", "\"vocab\":[", "tokenizer.json"},
    {"\"vocab\"", "\"vocabulary\"", "vocabulary is not an object"},
    {"\"merges\"", "\"rules\"", "\"merges\" is not a list"},
    {"\"model\"", "\"mode\"", "not a tokenizer.json"},
    {"\"a\":2", "\"a\":-1", "token \"a\""},
    {"\"a\":2", "\"a\":2.5", "token \"a\""},
    {"\"a\":2", "\"a\":\"2\"", "token \"a\""},
    {"\"a\":2", "\"a\":4294967298", "token \"a\""}, /* 2 in 32 bits */
    {"\"a\":2", "\"a\":4194304", "token \"a\""},    /* would size our tables */
    {"\"a\":2", "\"a\":3", "id 3 has two tokens"},
    {"\"a\":2", "\"a\":2,\"a\":7", "twice"},
    {"\"a\":2,", "", "merge 1"},        /* the left part has no id */
    {"\"ab\":5,", "", "merge 1"},       /* the whole has none */
    {"\"a b\"", "\"ab\"", "merge 1"},   /* no space */
    {"\"a b\"", "\"a  b\"", "merge 1"}, /* two */
    {"\"a b\"", "\"\"", "merge 1"},
    {"\"a b\"", "7", "merge 1"},
    {"\"a b\"", "[\"a\"]", "merge 1"},
    {"\"a b\"", "[\"a\",\"b\",\"b\"]", "merge 1"},
    {"\"a b\"", "[\"a\",7]", "merge 1"},
    {"[\"\\u0120\",\"ab\"]", "[\"\\u4f60\",\"ab\"]", "merge 2"}, /* not of the byte alphabet */
    {"\"unk_token\":\"?\"", "\"unk_token\":\"absent\"", "unk_token"},
    {"\"unk_token\":\"?\"", "\"unk_token\":1", "unk_token"},
    {"\"added_tokens\":[", "\"added_tokens\":7,\"x\":[", "added_tokens"},
    {"\"content\":\"  \"", "\"content\":\"\"", "is empty"},
    {"\"content\":\"  \"", "\"content\":7", "content"},
    {"\"content\":\"  \",", "", "content"},
    {"\"id\":8", "\"id\":null", "id"},
    {"\"id\":8", "\"id\":-1", "id"},
    {"\"id\":8", "\"id\":2", "another token's"}, /* taken by "a" */
    {"\"id\":8", "\"id\":0", "another token's"}, /* taken by an added token */
    {"\"id\":0,", "\"id\":7,", "another in the vocabulary"},
};

static void wrong_files_say_what_is_wrong(void **state)
{
    (void)state;
    str text = {0};
    for (size_t i = 0; i < COUNT_OF(edits); i++) {
        err e = {0};
        edit(&text, edits[i].old, edits[i].new);
        err_code code = load(text.data, text.len, &e);
        if (!edits[i].said && code)
            fail_msg("%s: %s", edits[i].new, e.text);
        if (edits[i].said && !code)
            fail_msg("%s: taken", edits[i].new);
        if (edits[i].said) {
            check_err(&e, E_FORMAT, edits[i].said);
            check_err(&e, E_FORMAT, "tokenizer.json");
        }
    }
    str_release(&text);
}

static void every_truncation_fails_and_no_flip_crashes(void **state)
{
    (void)state;
    err e = {0};
    size_t n = sizeof WHOLE - 1;
    for (size_t i = 0; i < n; i++)
        assert_int_equal(load(WHOLE, i, &e), E_FORMAT);
    char text[sizeof WHOLE];
    memcpy(text, WHOLE, sizeof WHOLE);
    int refused = 0;
    for (size_t bit = 0; bit < 8 * n; bit++) {
        text[bit / 8] ^= (char)(1 << bit % 8);
        refused += load(text, n, &e) != OK;
        text[bit / 8] ^= (char)(1 << bit % 8);
    }
    assert_true(refused > 1000);
}

static void a_vast_file_is_refused_unread(void **state)
{
    (void)state;
    size_t n = ((size_t)64 << 20) + 1;
    char *text = calloc(n, 1);
    assert_non_null(text);
    tokenizer *t;
    err e = {0};
    tokenizer_parse(&t, text, n, "tokenizer.json", &e);
    check_err(&e, E_FORMAT, "tokenizer.json|67108865 bytes|limit");
    tokenizer_parse_gpt2(&t, text, n, "", 0, "vocab.json", &e);
    check_err(&e, E_FORMAT, "vocab.json|limit");
    free(text);
}

static void a_byte_without_a_token_is_an_error(void **state)
{
    (void)state;
    str text = {0};
    tokenizer *t;
    err e = {0};
    token_list l = {0};
    edit(&text, "\"unk_token\":\"?\"", "\"unk_token\":null");
    assert_int_equal(tokenizer_parse(&t, text.data, text.len, "t", &e), OK);
    tokenizer_encode(&l, t, "ab xyz", 6, &e);
    check_err(&e, E_DATA, "0x78|offset 3");
    token_list_release(&l);
    tokenizer_free(t);
    str_release(&text);
}

static const struct {
    const char *vocab, *merges, *said;
} gpt2_rows[] = {
    {"{\"a\":0,\"b\":1,\"ab\":2}", "#version: 0.2\na b\n", NULL},
    {"{\"a\":0,\"b\":1,\"ab\":2}", "a b", NULL}, /* no newline at the end */
    {"{\"a\":0,\"b\":1,\"ab\":2}", "#version\r\na b\r\n\r\n", NULL},
    {"{\"a\":0,\"b\":1,\"ab\":2}", "", NULL},
    {"{\"a\":0,\"b\":1}", "a b\n", "merge 1"},
    {"{\"a\":0,\"b\":1,\"ab\":2}", "a b c\n", "merge 1"},
    {"{\"a\":0,\"b\":1,\"ab\":2}", "a b\nab\n", "merge 2"},
    {"{\"a\":0,\"b\":1,\"ab\":2}", "a \xff\n", "not UTF-8"},
    {"[\"a\",\"b\"]", "", "vocabulary"},
    {"{\"a\":0", "", "gpt2"},
    {"", "", "gpt2"},
};

static void gpt2_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(gpt2_rows); i++) {
        tokenizer *t;
        err e = {0};
        err_code code =
            tokenizer_parse_gpt2(&t, gpt2_rows[i].vocab, strlen(gpt2_rows[i].vocab),
                                 gpt2_rows[i].merges, strlen(gpt2_rows[i].merges), "gpt2", &e);
        if (!gpt2_rows[i].said && code)
            fail_msg("row %zu: %s", i, e.text);
        if (gpt2_rows[i].said)
            check_err(&e, E_FORMAT, gpt2_rows[i].said);
        tokenizer_free(t);
    }
}

static void folders_without_a_tokenizer(void **state)
{
    (void)state;
    static const blob half[] = {{"vocab.json", (const unsigned char *)"{}", 2}};
    tokenizer *t;
    err e = {0};
    files f = files_from_blobs("built-in", half, 1);
    tokenizer_open(&t, &f, &e);
    check_err(&e, E_IO, "built-in|tokenizer.json");
    assert_null(t);
    const blob whole[] = {{"tokenizer.json", (const unsigned char *)WHOLE, sizeof WHOLE - 1}};
    f = files_from_blobs("built-in", whole, 1);
    assert_int_equal(tokenizer_open(&t, &f, &e), OK);
    tokenizer_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_one_works),
        cmocka_unit_test(wrong_files_say_what_is_wrong),
        cmocka_unit_test(every_truncation_fails_and_no_flip_crashes),
        cmocka_unit_test(a_vast_file_is_refused_unread),
        cmocka_unit_test(a_byte_without_a_token_is_an_error),
        cmocka_unit_test(gpt2_files),
        cmocka_unit_test(folders_without_a_tokenizer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
