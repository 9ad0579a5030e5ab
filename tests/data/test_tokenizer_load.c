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
    "\"special\":true},{\"id\":7,\"content\":\"  \",\"single_word\":false,\"lstrip\":false,"
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
    assert_int_equal(tokenizer_size(t), 8);
    assert_int_equal(tokenizer_encode(&l, t, "ab ab  ax<|endoftext|>", 22, &e), OK);
    static const int want[] = {5, 6, 7, 2, 1, 0}; /* ab, Ġab, two spaces, a, unknown, end */
    assert_int_equal(l.n, COUNT_OF(want));
    assert_memory_equal(l.ids, want, sizeof want);
    token_list_release(&l);
    tokenizer_free(t);
}

#define NFC "\"normalizer\":{\"type\":\"NFC\"}"
#define WORDS                                                                                      \
    "\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,"  \
    "\"use_regex\":true},\"post_processor\":null,\"decoder\":{\"type\":\"ByteLevel\"}"
#define CUT(text) "\"pre_tokenizer\":" text ",\"decoder\":null"
#define DECODER(text) "\"pre_tokenizer\":null,\"decoder\":" text
#define POST(text) "\"post_processor\":" text
#define MODEL "\"unk_token\":\"?\""

static const struct {
    const char *old, *new;
    const char *said; /* NULL: taken */
} edits[] = {
    /* Legal variations. */
    {NFC, "\"normalizer\":null", NULL},
    {NFC, "\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[]}", NULL},
    {NFC, "\"normalizer\":{\"type\":\"Prepend\",\"prepend\":\"\"}", NULL},
    {NFC,
     "\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"NFC\"},{\"type\":"
     "\"Sequence\",\"normalizers\":[{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},"
     "\"content\":\"\"}]}]}",
     NULL},
    {"\"use_regex\":true", "\"use_regex\":false", NULL},
    {",\"use_regex\":true", "", NULL}, /* absent: true */
    {"\"add_prefix_space\":false", "\"add_prefix_space\":true", NULL},
    {"\"add_prefix_space\":false,", "", NULL}, /* absent: true */
    {"\"decoder\":{\"type\":\"ByteLevel\"}", "\"decoder\":null", NULL},
    {WORDS, CUT("null"), NULL},
    {WORDS, CUT("{\"type\":\"Digits\"}"), NULL},
    {WORDS, CUT("{\"type\":\"Metaspace\",\"replacement\":\"_\"}"), NULL},
    {WORDS, CUT("{\"type\":\"Metaspace\",\"replacement\":\"_\",\"add_prefix_space\":false}"), NULL},
    {WORDS, CUT("{\"type\":\"Split\",\"pattern\":{\"String\":\"a\"},\"behavior\":\"Removed\"}"),
     NULL},
    {MODEL, "\"unk_token\":null", NULL},
    {"\"byte_fallback\":false", "\"byte_fallback\":true", "byte_fallback"}, /* of a byte level */
    {"\"type\":\"BPE\",\"dropout\"", "\"dropout\"", NULL}, /* old files do not say BPE */
    {"\"dropout\":null", "\"dropout\":0.0", NULL},
    {"\"a b\"", "\"a b\",\"a b\"", NULL}, /* a rule twice: the last counts */
    {"\"single_word\":false", "\"single_word\":true", NULL},
    {"\"lstrip\":false", "\"lstrip\":true", NULL},
    {"\"rstrip\":false", "\"rstrip\":true", NULL},
    {POST("null"), POST("{\"type\":\"ByteLevel\"}"), NULL},
    {POST("null"), POST("{\"type\":\"TemplateProcessing\",\"single\":[]}"), NULL},
    {POST("null"), POST("{\"type\":\"BertProcessing\",\"cls\":[\"a\",2]}"), NULL},
    /* Steps that are not carried out, by name. */
    {NFC, "\"normalizer\":{\"type\":\"Lowercase\"}", "normalizer \"Lowercase\""},
    {NFC, "\"normalizer\":{\"type\":\"NFKC\"}", "normalizer \"NFKC\""},
    {NFC, "\"normalizer\":{\"type\":\"NFD\"}", "normalizer \"NFD\""},
    {NFC, "\"normalizer\":{\"type\":\"Strip\"}", "normalizer \"Strip\""},
    {NFC, "\"normalizer\":{\"type\":\"Precompiled\"}", "normalizer \"Precompiled\""},
    {NFC, "\"normalizer\":{\"type\":\"ByteLevel\"}", "normalizer \"ByteLevel\""},
    {NFC, "\"normalizer\":{}", "normalizer \"(without a type)\""},
    {NFC, "\"normalizer\":\"NFC\"", "normalizer"},
    {NFC, "\"normalizer\":{\"type\":\"Sequence\"}", "normalizers"},
    {NFC, "\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[7]}", "normalizer"},
    {NFC, "\"normalizer\":{\"type\":\"Prepend\",\"prepend\":7}", "prepend"},
    {NFC, "\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"Regex\":\"a\"},\"content\":\"\"}",
     "Replace of a Regex"},
    {NFC, "\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"String\":\"\"},\"content\":\"\"}",
     "String"},
    {NFC, "\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"}}", "content"},
    {NFC, "\"normalizer\":{\"type\":\"Replace\",\"pattern\":\"a\",\"content\":\"\"}", "String"},
    {NFC, /* nothing is left of "  " */
     "\"normalizer\":{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"\"}",
     "nothing is left"},
    {WORDS, CUT("{\"type\":\"Whitespace\"}"), "pre_tokenizer \"Whitespace\""},
    {WORDS, CUT("{\"type\":\"BertPreTokenizer\"}"), "BertPreTokenizer"},
    {WORDS, CUT("{\"type\":\"Punctuation\"}"), "Punctuation"},
    {WORDS, CUT("[]"), "pre_tokenizer"},
    {WORDS, CUT("{\"type\":\"Sequence\",\"pretokenizers\":{}}"), "not a list"},
    {WORDS,
     CUT("{\"type\":\"Sequence\",\"pretokenizers\":[{\"type\":\"ByteLevel\"},{\"type\":"
         "\"Digits\"}]}"),
     "after ByteLevel"},
    {WORDS,
     CUT("{\"type\":\"Split\",\"pattern\":{\"Regex\":\"(a+)+$\"},\"behavior\":\"Isolated\"}"),
     "(a+)+$"},
    {WORDS, CUT("{\"type\":\"Split\",\"pattern\":{\"Regex\":7},\"behavior\":\"Isolated\"}"),
     "Regex"},
    {WORDS, CUT("{\"type\":\"Split\",\"pattern\":{\"String\":\"\"},\"behavior\":\"Isolated\"}"),
     "String"},
    {WORDS, CUT("{\"type\":\"Split\",\"pattern\":{\"String\":\"a\"},\"behavior\":\"Glued\"}"),
     "Glued"},
    {WORDS, CUT("{\"type\":\"Split\",\"pattern\":{\"String\":\"a\"}}"), "behavior"},
    {WORDS, CUT("{\"type\":\"Digits\",\"individual_digits\":7}"), "individual_digits"},
    {WORDS, CUT("{\"type\":\"Metaspace\"}"), "replacement"},
    {WORDS, CUT("{\"type\":\"Metaspace\",\"replacement\":\"__\"}"), "not one character"},
    {WORDS, CUT("{\"type\":\"Metaspace\",\"replacement\":\"_\",\"prepend_scheme\":\"last\"}"),
     "last"},
    {WORDS,
     CUT("{\"type\":\"Metaspace\",\"replacement\":\"_\",\"prepend_scheme\":\"first\","
         "\"add_prefix_space\":false}"),
     "do not agree"},
    {"\"use_regex\":true", "\"use_regex\":1", "use_regex"},
    {"\"decoder\":{\"type\":\"ByteLevel\"}", "\"decoder\":{\"type\":\"WordPiece\"}", "WordPiece"},
    {"\"decoder\":{\"type\":\"ByteLevel\"}", "\"decoder\":{\"type\":\"Metaspace\"}", "Metaspace"},
    {WORDS, DECODER("{\"type\":\"ByteLevel\"}"), "without a ByteLevel pre_tokenizer"},
    {WORDS, DECODER("{\"type\":\"CTC\"}"), "CTC"},
    {WORDS, DECODER("{\"type\":\"Sequence\",\"decoders\":7}"), "decoders"},
    {WORDS, DECODER("{\"type\":\"Strip\",\"content\":\" \",\"start\":1,\"stop\":0}"), "Strip"},
    {WORDS,
     DECODER("{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Fuse\"},{\"type\":\"Strip\","
             "\"content\":\" \",\"start\":0,\"stop\":1}]}"),
     "Strip"},
    {WORDS,
     DECODER("{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Fuse\"},{\"type\":\"ByteFallback\"}"
             "]}"),
     "ByteFallback"},
    {WORDS,
     DECODER("{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"Fuse\"},{\"type\":\"Replace\","
             "\"pattern\":{\"String\":\"_\"},\"content\":\" \"}]}"),
     "Replace"},
    {POST("null"), POST("{\"type\":\"Padding\"}"), "Padding"},
    {POST("null"), POST("{\"type\":\"TemplateProcessing\"}"), "single"},
    {POST("null"),
     POST("{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"<s>\"}}]}"),
     "has no id"},
    {POST("null"),
     POST("{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"<s>\"}}],"
          "\"special_tokens\":{\"<s>\":{\"ids\":[1e30]}}}"),
     "has no id"},
    {POST("null"), POST("{\"type\":\"RobertaProcessing\",\"cls\":[\"<s>\",99]}"), "has no id"},
    /* Options of the model. */
    {"\"type\":\"BPE\"", "\"type\":\"Unigram\"", "Unigram"},
    {"\"type\":\"BPE\"", "\"type\":\"WordPiece\"", "WordPiece"},
    {"\"dropout\":null", "\"dropout\":0.1", "dropout"},
    {"\"continuing_subword_prefix\":null", "\"continuing_subword_prefix\":\"##\"",
     "continuing_subword_prefix"},
    {"\"end_of_word_suffix\":\"\"", "\"end_of_word_suffix\":\"</w>\"", "end_of_word_suffix"},
    {"\"byte_fallback\":false", "\"byte_fallback\":\"yes\"", "byte_fallback"},
    {"\"fuse_unk\":false", "\"fuse_unk\":0", "fuse_unk"},
    {"\"ignore_merges\":false", "\"ignore_merges\":[]", "ignore_merges"},
    {"\"lstrip\":false", "\"lstrip\":1", "lstrip"},
    {"\"rstrip\":false", "\"rstrip\":\"\"", "rstrip"},
    {"\"single_word\":false", "\"single_word\":{}", "single_word"},
    {"\"special\":true", "\"special\":1", "special"},
    {"\"normalized\":false", "\"normalized\":1", "normalized"},
    /* What is broken. */
    {"\"vocab\":{", "\"vocab\":[", "tokenizer.json"},
    {"\"vocab\"", "\"vocabulary\"", "vocabulary is not an object"},
    {"\"merges\"", "\"rules\"", "\"merges\" is not a list"},
    {"\"model\"", "\"mode\"", "not a tokenizer.json"},
    {"\"a\":2", "\"a\":-1", "token \"a\""},
    {"\"a\":2", "\"a\":2.5", "token \"a\""},
    {"\"a\":2", "\"a\":\"2\"", "token \"a\""},
    {"\"a\":2", "\"a\":1e300", "token \"a\""},
    {"\"a\":2", "\"a\":4294967298", "token \"a\""}, /* 2 in 32 bits */
    {"\"a\":2", "\"a\":4194304", "token \"a\""},    /* would size our tables */
    {"\"a\":2", "\"a\":3", "id 3 has two tokens"},
    {"\"a\":2", "\"a\":2,\"a\":7", "twice"},
    {"\"a\":2,", "\"c\":2,", "merge 1"},   /* the left part has no id */
    {"\"ab\":5,", "\"ba\":5,", "merge 1"}, /* the whole has none */
    {"\"a b\"", "\"ab\"", "merge 1"},      /* no space */
    {"\"a b\"", "\"a  b\"", "merge 1"},    /* two */
    {"\"a b\"", "\"\"", "merge 1"},
    {"\"a b\"", "7", "merge 1"},
    {"\"a b\"", "[\"a\"]", "merge 1"},
    {"\"a b\"", "[\"a\",\"b\",\"b\"]", "merge 1"},
    {"\"a b\"", "[\"a\",7]", "merge 1"},
    {"[\"\\u0120\",\"ab\"]", "[\"\\u4f60\",\"ab\"]", "merge 2"}, /* not of the byte alphabet */
    {MODEL, "\"unk_token\":\"absent\"", "unk_token"},
    {MODEL, "\"unk_token\":1", "unk_token"},
    {"\"added_tokens\":[", "\"added_tokens\":7,\"x\":[", "added_tokens"},
    {"\"content\":\"  \"", "\"content\":\"\"", "is empty"},
    {"\"content\":\"  \"", "\"content\":7", "content"},
    {"\"content\":\"  \",", "", "content"},
    {"\"content\":\"  \"", "\"content\":\"<|endoftext|>\"", "another token's"},
    {"\"id\":7", "\"id\":null", "id"},
    {"\"id\":7", "\"id\":-1", "id"},
    {"\"id\":7", "\"id\":2", "another token's"},             /* taken by "a" */
    {"\"id\":7", "\"id\":0", "another token's"},             /* taken by an added token */
    {"\"id\":7", "\"id\":8", "Hugging Face tokenizers (7)"}, /* the library numbers on */
    {"\"id\":0,", "\"id\":7,", "another token's"},
    {"\"\\u0120\":4", "\"\\u0120\":4,\"\\u4f60\":9", "(8)"}, /* it counts tokens, not ids */
    {"\"content\":\"<|endoftext|>\"", "\"content\":\"A\\u030a\"", "another token's"},
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

static void a_byte_without_a_token_is_dropped(void **state)
{
    (void)state;
    str text = {0};
    tokenizer *t;
    err e = {0};
    token_list l = {0};
    edit(&text, "\"unk_token\":\"?\"", "\"unk_token\":null");
    assert_int_equal(tokenizer_parse(&t, text.data, text.len, "t", &e), OK);
    encode(&l, t, "xab xyz", 7);
    check_cover(&l, 7);
    assert_int_equal(l.n, 2);
    assert_int_equal(l.ids[0], 5); /* ab */
    assert_int_equal(l.ids[1], 4); /* the space */
    token_list_release(&l);
    tokenizer_free(t);
    str_release(&text);
}

/* Equal once normalised, more steps than there is room for, a text that grows without end. */
static void hostile_normalizers(void **state)
{
    (void)state;
    tokenizer *t;
    err e = {0};
    str text = {0};
    token_list l = {0};
    static const char HEAD[] = "{\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[";
    static const char GROW[] = "{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":"
                               "\"aaaaaaaaaaaaaaaa\"}";
    static const char TAIL[] =
        "]},\"added_tokens\":[],\"model\":{\"vocab\":{\"a\":0},\"merges\":[]}}";
    for (int n = 1; n <= 100; n++) {
        str_clear(&text);
        str_add(&text, HEAD);
        for (int i = 0; i < n; i++)
            str_addf(&text, "%s%s", i ? "," : "", GROW);
        str_add(&text, TAIL);
        err_code code = tokenizer_parse(&t, text.data, text.len, "t", &e);
        if (n <= 62) { /* and two steps for added tokens */
            assert_int_equal(code, OK);
            token_list_clear(&l);
            code = tokenizer_encode(&l, t, "aaaaaaaaaa", 10, &e);
            if (n > 2)
                check_err(&e, E_DATA, "normalizer|longer than 4256 bytes");
            else
                assert_int_equal(code, OK);
        } else {
            check_err(&e, E_FORMAT, "more than 64");
        }
        tokenizer_free(t);
    }
    str_clear(&text);
    str_add(
        &text,
        "{\"normalizer\":{\"type\":\"NFC\"},\"added_tokens\":[{\"id\":1,\"content\":\"\\u00c5\"},"
        "{\"id\":2,\"content\":\"A\\u030a\"}],\"model\":{\"vocab\":{\"a\":0},\"merges\":[]}}");
    tokenizer_parse(&t, text.data, text.len, "t", &e);
    check_err(&e, E_FORMAT, "two added tokens");
    str_release(&text);
    token_list_release(&l);
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

static const struct {
    const char *name, *text;
    const char *said;               /* NULL: taken, and then: */
    const char *special, *ordinary; /* an added token that is special, one that is not */
} beside_gpt2[] = {
    {"added_tokens.json", "{\"<y>\":4,\"<x>\":3}", NULL, NULL, "<x>"},
    {"added_tokens.json", "{\"<x>\":4}", "<x>", NULL, NULL}, /* 3 is its number */
    {"added_tokens.json", "{\"<x>\":\"3\"}", "added_tokens.json", NULL, NULL},
    {"added_tokens.json", "[]", NULL, NULL, NULL},
    {"special_tokens_map.json", "{\"pad_token\":\"ab\"}", NULL, "ab", NULL},
    {"special_tokens_map.json", "{\"eos_token\":{\"content\":\"b\",\"lstrip\":false}}", NULL, "b",
     NULL},
    {"special_tokens_map.json", "{\"additional_special_tokens\":[\"a\",\"ab\"]}", NULL, "ab", NULL},
    {"special_tokens_map.json", "{\"pad_token\":\"<absent>\"}", "<absent>", NULL, NULL},
    {"special_tokens_map.json", "{\"pad_token\":[7]}", "no string", NULL, NULL},
    {"tokenizer_config.json",
     "{\"added_tokens_decoder\":{\"4\":{\"content\":\"<y>\",\"special\":true},\"3\":{\"content\":"
     "\"<x>\",\"special\":false}}}",
     NULL, "<y>", "<x>"},
    {"tokenizer_config.json", "{\"added_tokens_decoder\":{\"x\":{\"content\":\"<y>\"}}}", "no id",
     NULL, NULL},
    {"tokenizer_config.json", "{\"added_tokens_decoder\":{\"3\":7}}", "no id", NULL, NULL},
    {"tokenizer_config.json", "{\"added_tokens_decoder\":{\"1e999\":{\"content\":\"<y>\"}}}", "<y>",
     NULL, NULL},
};

static void files_beside_gpt2s(void **state)
{
    (void)state;
    static const char VOCAB[] = "{\"a\":0,\"b\":1,\"ab\":2}", MERGES[] = "a b\n";
    for (size_t i = 0; i < COUNT_OF(beside_gpt2); i++) {
        const blob blobs[] = {{"vocab.json", (const unsigned char *)VOCAB, sizeof VOCAB - 1},
                              {"merges.txt", (const unsigned char *)MERGES, sizeof MERGES - 1},
                              {beside_gpt2[i].name, (const unsigned char *)beside_gpt2[i].text,
                               strlen(beside_gpt2[i].text)}};
        files f = files_from_blobs("folder", blobs, COUNT_OF(blobs));
        tokenizer *t;
        err e = {0};
        token_list l = {0};
        if (tokenizer_open(&t, &f, &e) && !beside_gpt2[i].said)
            fail_msg("%s", e.text);
        if (beside_gpt2[i].said) {
            check_err(&e, E_FORMAT, beside_gpt2[i].said);
            continue;
        }
        for (int k = 0; k < 2; k++) {
            const char *token = k ? beside_gpt2[i].special : beside_gpt2[i].ordinary;
            if (!token)
                continue;
            encode(&l, t, token, strlen(token));
            assert_int_equal(l.n, 1);
            assert_int_equal(l.ids[0], tokenizer_find(t, token));
            assert_int_equal(tokenizer_is_special(t, l.ids[0]), k);
        }
        token_list_release(&l);
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
        cmocka_unit_test(a_byte_without_a_token_is_dropped),
        cmocka_unit_test(hostile_normalizers),
        cmocka_unit_test(gpt2_files),
        cmocka_unit_test(files_beside_gpt2s),
        cmocka_unit_test(folders_without_a_tokenizer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
