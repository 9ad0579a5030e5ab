/* Every family of tokenizers against Hugging Face `tokenizers` (tests/parity/export_tokenizers.py):
 * ids exactly equal, decoded text equal, over texts chosen to go wrong; and the real files of two
 * of them over whole corpora, where those lie beside the checkout. */
#include "test.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "data/common.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* How the library shows bytes that are not UTF-8. */
typedef enum { AS_BYTES, AS_FALLBACK, NONE } byte_kind;

static const struct {
    const char *name;
    byte_kind bytes;
    const char *bos; /* NULL: none */
} families[] = {
    {"gpt2", AS_BYTES, "<|endoftext|>"},
    {"tinystories", AS_BYTES, "<|endoftext|>"},
    {"neox", AS_BYTES, "<|endoftext|>"},
    {"llama3", AS_BYTES, "<|begin_of_text|>"}, /* a template inside a sequence */
    {"qwen2", AS_BYTES, NULL},                 /* its <|endoftext|> starts nothing */
    {"qwen35", AS_BYTES, NULL},
    {"gptoss", AS_BYTES, "<|endoftext|>"},
    {"nemo", AS_BYTES, "<s>"},
    {"deepseek", AS_BYTES, "<|endoftext|>"},
    {"starcoder", AS_BYTES, "<|endoftext|>"},
    {"behaviors", AS_BYTES, NULL},
    {"llama2_old", AS_FALLBACK, "<s>"},
    {"llama2_new", AS_FALLBACK, "<s>"},
    {"mistral", AS_FALLBACK, "<s>"},
    {"gemma2", AS_FALLBACK, "<bos>"},
    {"gemma3", AS_FALLBACK, "<bos>"},
    {"metaspace", NONE, NULL},
    {"dropping", NONE, NULL},
};

/* The number of bytes at p that make one U+FFFD: the start of a character as far as it goes
 * (Unicode 3.9, maximal subparts). */
static size_t broken_length(const unsigned char *p, size_t n)
{
    size_t wanted = p[0] >= 0xf0 && p[0] <= 0xf4   ? 4
                    : p[0] >= 0xe0 && p[0] <= 0xef ? 3
                    : p[0] >= 0xc2 && p[0] <= 0xdf ? 2
                                                   : 1;
    size_t length = 1;
    unsigned low = p[0] == 0xe0 ? 0xa0 : p[0] == 0xf0 ? 0x90 : 0x80;
    unsigned high = p[0] == 0xed ? 0x9f : p[0] == 0xf4 ? 0x8f : 0xbf;
    while (length < wanted && length < n && p[length] >= low && p[length] <= high) {
        length++;
        low = 0x80;
        high = 0xbf;
    }
    return length;
}

static void make_valid(str *out, const char *text, size_t n)
{
    for (size_t i = 0, length; i < n; i += length) {
        uint32_t code;
        length = (size_t)utf8_decode((const unsigned char *)text + i, n - i, &code);
        if (length) {
            str_add_bytes(out, text + i, length);
        } else {
            length = broken_length((const unsigned char *)text + i, n - i);
            str_add(out, "\xef\xbf\xbd");
        }
    }
}

/* A run of byte tokens is text, or one U+FFFD for each. */
static void add_run(str *out, str *run)
{
    if (utf8_valid(str_text(run), run->len))
        str_add_bytes(out, str_text(run), run->len);
    else
        for (size_t i = 0; i < run->len; i++)
            str_add(out, "\xef\xbf\xbd");
    str_clear(run);
}

/* What the library's decode() makes of the tokens. */
static void decode_as_library(str *out, const tokenizer *t, const int *ids, size_t n,
                              byte_kind kind)
{
    str text = {0}, run = {0};
    str_clear(out);
    tokenizer_decode(&text, t, ids, n);
    if (kind != AS_FALLBACK || utf8_valid(str_text(&text), text.len)) {
        make_valid(out, str_text(&text), text.len);
        goto out;
    }
    int first_byte = tokenizer_find(t, "\x80") - 0x80; /* only a byte token shows this */
    for (size_t i = 0; i < n; i++) {
        const char *bytes;
        size_t length;
        assert_true(tokenizer_bytes(t, ids[i], &bytes, &length));
        bool is_byte = ids[i] >= first_byte && ids[i] < first_byte + 256;
        if (!is_byte)
            add_run(out, &run);
        str_add_bytes(is_byte ? &run : out, bytes, length);
    }
    add_run(out, &run);
    if (out->len > 0 && out->data[0] == ' ' && text.data[0] != ' ') { /* as Llama 2 strips it */
        memmove(out->data, out->data + 1, out->len);
        out->len--;
    }
out:
    str_release(&text);
    str_release(&run);
}

static void check_decoded(const tokenizer *t, byte_kind kind, const int *ids, size_t n,
                          const char *text, size_t n_text, const char *where)
{
    str got = {0};
    decode_as_library(&got, t, ids, n, kind);
    if (got.len != n_text || memcmp(str_text(&got), text, n_text) != 0)
        fail_msg("%s: decodes to \"%s\", expected \"%s\"", where, str_text(&got), text);
    str_release(&got);
}

/* The texts of the corpus through a tokenizer, against NAME.ids. */
static void check_ids(const tokenizer *t, byte_kind kind, const char *name)
{
    char file[64];
    str corpus = {0}, cases = {0}, text = {0}, back = {0}, got = {0};
    token_list l = {0};
    int n = 0;
    snprintf(file, sizeof file, "%s.ids", name);
    read_tokenizer_fixture(&corpus, "corpus.txt");
    read_tokenizer_fixture(&cases, file);
    char *texts = corpus.data, *rest = cases.data, *line;
    for (; (line = strsep(&rest, "\n")) && *line; n++) {
        const char *spelled = strsep(&texts, "\n");
        char *decoded = strchr(line, '\t');
        *decoded++ = '\0';
        unescape(&text, spelled, strlen(spelled));
        encode(&l, t, str_text(&text), text.len);
        check_cover(&l, text.len);
        str_clear(&got);
        for (size_t i = 0; i < l.n; i++)
            str_addf(&got, i ? " %d" : "%d", l.ids[i]);
        if (strcmp(str_text(&got), line) != 0)
            fail_msg("%s: %s: got %s, expected %s", name, spelled, str_text(&got), line);
        if (strcmp(decoded, "=") != 0)
            unescape(&back, decoded, strlen(decoded));
        const str *expected = strcmp(decoded, "=") == 0 ? &text : &back;
        check_decoded(t, kind, l.ids, l.n, str_text(expected), expected->len, spelled);
    }
    assert_true(n > 150);
    token_list_release(&l);
    str_release(&corpus);
    str_release(&cases);
    str_release(&text);
    str_release(&back);
    str_release(&got);
}

/* Random tokens back to text, against NAME.back. */
static void check_back(const tokenizer *t, byte_kind kind, const char *name)
{
    char file[64];
    str cases = {0}, text = {0};
    int n = 0;
    snprintf(file, sizeof file, "%s.back", name);
    read_tokenizer_fixture(&cases, file);
    for (char *rest = cases.data, *line; (line = strsep(&rest, "\n")) && *line; n++) {
        int ids[16];
        size_t n_ids = 0;
        char *decoded = strchr(line, '\t'), *at = line;
        while (at < decoded && n_ids < COUNT_OF(ids))
            ids[n_ids++] = (int)strtol(at, &at, 10);
        unescape(&text, decoded + 1, strlen(decoded + 1));
        check_decoded(t, kind, ids, n_ids, str_text(&text), text.len, line);
    }
    assert_int_equal(n, 60);
    str_release(&cases);
    str_release(&text);
}

static void every_family_is_hugging_faces(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(families); i++) {
        tokenizer *t = open_tokenizer_fixture(families[i].name);
        check_ids(t, families[i].bytes, families[i].name);
        if (strcmp(families[i].name, "gpt2") != 0)
            check_back(t, families[i].bytes, families[i].name);
        int bos = families[i].bos ? tokenizer_find(t, families[i].bos) : -1;
        assert_int_equal(tokenizer_bos(t), bos);
        assert_true(bos < 0 || tokenizer_is_special(t, bos));
        tokenizer_free(t);
    }
}

/* The published tokenizers are not ours to copy; where they lie beside the checkout, they count. */
static tokenizer *open_real(const char *name, int size, int bos)
{
    char folder[64];
    tokenizer *t;
    err e = {0};
    snprintf(folder, sizeof folder, "../shared/data/%s", name);
    files f = files_from_dir(folder);
    if (!io_is_dir(folder)) {
        print_message("%s is absent: ids of the real tokenizer are not compared\n", folder);
        skip();
    }
    if (tokenizer_open(&t, &f, &e))
        fail_msg("%s", e.text);
    assert_int_equal(tokenizer_size(t), size);
    assert_int_equal(tokenizer_bos(t), bos);
    return t;
}

/* The SHA-256 of the ids of whole files, which real.txt lists as "NAME FILE COUNT SHA-256". */
static void check_corpora(const tokenizer *t, const char *name)
{
    str list = {0}, text = {0};
    token_list l = {0};
    int n = 0;
    read_tokenizer_fixture(&list, "real.txt");
    for (char *rest = list.data, *line; (line = strsep(&rest, "\n")) && *line;) {
        char hex[SHA256_HEX], path[128], *of = strsep(&line, " "), *file = strsep(&line, " ");
        size_t count = (size_t)strtol(strsep(&line, " "), NULL, 10);
        err e = {0};
        if (strcmp(of, name) != 0)
            continue;
        snprintf(path, sizeof path, "../shared/data/text/%s", file);
        str_clear(&text);
        if (io_read(&text, path, 1 << 22, &e))
            fail_msg("%s", e.text);
        encode(&l, t, text.data, text.len);
        check_cover(&l, text.len);
        assert_int_equal(l.n, count);
        sha256 h;
        sha256_start(&h);
        for (size_t i = 0; i < l.n; i++) {
            unsigned char bytes[4];
            for (int k = 0; k < 4; k++)
                bytes[k] = (unsigned char)(l.ids[i] >> 8 * k);
            sha256_add(&h, bytes, sizeof bytes);
        }
        sha256_finish(&h, hex);
        assert_string_equal(hex, line);
        n++;
    }
    assert_int_equal(n, 3);
    str_release(&list);
    str_release(&text);
    token_list_release(&l);
}

static void real_pythia(void **state)
{
    (void)state;
    tokenizer *t = open_real("pythia", 50278, 0);
    check_ids(t, AS_BYTES, "real_pythia");
    check_corpora(t, "pythia");
    tokenizer_free(t);
}

static void real_gpt2(void **state)
{
    (void)state;
    tokenizer *t = open_real("gpt2", 50257, 50256);
    check_ids(t, AS_BYTES, "real_gpt2");
    check_corpora(t, "gpt2");
    tokenizer_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_family_is_hugging_faces),
        cmocka_unit_test(real_pythia),
        cmocka_unit_test(real_gpt2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
