/* Prompts from files: where each starts, what is skipped, and what is refused. */
#include "test.h"
#include "base/io.h"
#include "base/memory.h"
#include "data/common.h"
#include "data/corpus.h"
#include <stdio.h>
#include <string.h>

/* "line:text|line:text|..." of all prompts. */
static void list(str *out, const corpus *c)
{
    str_clear(out);
    for (size_t i = 0; i < c->n_prompts; i++) {
        str_addf(out, i ? "|%d:" : "%d:", c->prompts[i].line);
        str_add_bytes(out, c->prompts[i].text, c->prompts[i].n);
    }
}

static const struct {
    const char *name, *text;
    corpus_split split;
    const char *listed;
    size_t n_empty, n_invalid;
} rows[] = {
    {"a.txt", "one\ntwo\n\nthree\n", SPLIT_PARAGRAPH, "1:one\ntwo|4:three", 0, 0},
    {"a.txt", "one\ntwo\n\nthree\n", SPLIT_LINE, "1:one|2:two|4:three", 1, 0},
    {"a.txt", "one", SPLIT_PARAGRAPH, "1:one", 0, 0}, /* no newline at the end */
    {"a.txt", "\n \t\n\n  x y \n\n\n", SPLIT_PARAGRAPH, "4:  x y ", 0, 0}, /* spaces stay */
    {"a.txt", "a\r\nb\r\n\r\nc\r\n", SPLIT_PARAGRAPH, "1:a\nb|4:c", 0, 0}, /* CR LF */
    {"a.txt", "\xef\xbb\xbfx", SPLIT_PARAGRAPH, "1:x", 0, 0},              /* byte-order mark */
    {"a.txt", "caf\xe9\n\nok caf\xc3\xa9", SPLIT_PARAGRAPH, "1:caf\xe9|3:ok caf\xc3\xa9", 0, 1},
    {"dir.jsonl/a.txt", "{\"text\":\"x\"}", SPLIT_LINE, "1:{\"text\":\"x\"}", 0,
     0}, /* by its end */
    {"a.txt.gz", "named so, not packed", SPLIT_LINE, "1:named so, not packed", 0, 0},
    {"a.jsonl", "{\"text\":\"one\\ntwo\"}\n\n{\"id\":1,\"text\":\"three\"}\n", SPLIT_PARAGRAPH,
     "1:one\ntwo|3:three", 0, 0},
    {"a.jsonl", "{\"text\":\" \"}\r\n{\"text\":\"\"}\r\n{\"text\":\"\\u00e9\"}", SPLIT_LINE,
     "3:\xc3\xa9", 2, 0},
};

static void prompts_and_where_they_start(void **state)
{
    (void)state;
    str listed = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        corpus c = {0};
        err e = {0};
        corpus_options o = corpus_defaults();
        o.split = rows[i].split;
        if (corpus_parse(&c, rows[i].text, strlen(rows[i].text), rows[i].name, &o, &e))
            fail_msg("row %zu: %s", i, e.text);
        list(&listed, &c);
        assert_string_equal(listed.data, rows[i].listed);
        assert_string_equal(c.prompts[0].file, rows[i].name);
        assert_int_equal(c.n_empty, rows[i].n_empty);
        assert_int_equal(c.n_invalid_utf8, rows[i].n_invalid);
        corpus_release(&c);
    }
    str_release(&listed);
}

static const struct {
    const char *name, *text;
    size_t n;
    err_code code;
    const char *said;
} refused[] = {
#define TEXT(s) s, sizeof s - 1
    {"a.txt", TEXT(""), E_DATA, "a.txt|no prompt"},
    {"a.txt", TEXT(" \n\n\t\n"), E_DATA, "a.txt|no prompt"},
    {"a.jsonl", TEXT("{\"text\":\"\"}\n"), E_DATA, "a.jsonl|no prompt|1 blank"},
    {"a.txt", TEXT("ok\nno\0w"), E_DATA, "a.txt line 2|NUL"},
    {"a.txt", TEXT("\xff\xfeh\0i\0"), E_DATA, "line 1|UTF-16"},
    {"a.txt", TEXT("a\n\xff\xff\xff\xff\xff"), E_DATA, "a.txt line 2|5 of its 7 bytes"},
    {"a.csv", TEXT("x"), E_DATA, "a.csv|.txt and .jsonl"},
    {"txt", TEXT("x"), E_DATA, ".txt and .jsonl"},
    {"a.jsonl", TEXT("{\"text\":\"x\"}\n{\"txt\":\"y\"}"), E_FORMAT, "a.jsonl line 2|text"},
    {"a.jsonl", TEXT("{\"text\":7}"), E_FORMAT, "a.jsonl line 1|text"},
    {"a.jsonl", TEXT("{\"text\":\"x\"}\n\n{\"text\":\"y\""), E_FORMAT, "a.jsonl line 3"},
    {"a.jsonl", TEXT("[1]"), E_FORMAT, "a.jsonl line 1"},
    {"a.jsonl", TEXT("plain words"), E_FORMAT, "a.jsonl line 1"},
    {"a.jsonl", TEXT("{\"text\":\"caf\xe9 in latin-1, long enough\"}"), E_FORMAT, "line 1|UTF-8"},
#undef TEXT
};

static void bad_files_are_refused_and_leave_the_corpus(void **state)
{
    (void)state;
    corpus c = {0};
    err e = {0};
    corpus_options o = corpus_defaults();
    assert_int_equal(corpus_parse(&c, "kept", 4, "first.txt", &o, &e), OK);
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        if (!corpus_parse(&c, refused[i].text, refused[i].n, refused[i].name, &o, &e))
            fail_msg("row %zu: taken", i);
        check_err(&e, refused[i].code, refused[i].said);
        assert_int_equal(c.n_prompts, 1);
        assert_int_equal(c.n_empty, 0);
        assert_int_equal(c.n_invalid_utf8, 0);
    }
    assert_memory_equal(c.prompts[0].text, "kept", 4);
    corpus_release(&c);
}

static void options_are_followed(void **state)
{
    (void)state;
    corpus c = {0};
    err e = {0};
    str listed = {0};
    corpus_options o = corpus_defaults();
    o.split = SPLIT_LINE;
    o.max_prompts = 3;
    assert_int_equal(corpus_parse(&c, "a\nb\n", 4, "one.txt", &o, &e), OK);
    assert_int_equal(corpus_parse(&c, "c\nd\ne\n", 6, "two.txt", &o, &e), OK);
    assert_int_equal(corpus_parse(&c, "f", 1, "three.txt", &o, &e), OK); /* full: not even read */
    list(&listed, &c);
    assert_string_equal(listed.data, "1:a|2:b|1:c");
    assert_string_equal(c.prompts[2].file, "two.txt");
    corpus_release(&c);
    o = corpus_defaults();
    o.text_field = "prompt";
    static const char lines[] = "{\"text\":\"no\",\"prompt\":\"yes\"}";
    assert_int_equal(corpus_parse(&c, lines, sizeof lines - 1, "a.jsonl", &o, &e), OK);
    list(&listed, &c);
    assert_string_equal(listed.data, "1:yes");
    corpus_release(&c);
    str_release(&listed);
}

static void packed_files(void **state)
{
    (void)state;
    corpus c = {0};
    err e = {0};
    str packed = {0}, listed = {0};
    corpus_options o = corpus_defaults();
    assert_int_equal(corpus_read(&c, "tests/data/fixtures/prompts.jsonl.gz", &o, &e), OK);
    list(&listed, &c);
    assert_string_equal(listed.data, "1:The first prompt.|3:The second,\nof two lines.");
    read_fixture(&packed, "prompts.jsonl.gz");
    const char *path = scratch("cut.jsonl.gz");
    for (size_t n = 0; n < packed.len; n++) { /* every truncation fails, and adds nothing */
        put_file(path, packed.data, n);
        if (!corpus_read(&c, path, &o, &e))
            fail_msg("cut to %zu bytes: taken", n);
        assert_non_null(strstr(e.text, "cut.jsonl.gz"));
        assert_int_equal(c.n_prompts, 2);
    }
    for (size_t bit = 0; bit < 8 * packed.len; bit++) { /* found, or harmless */
        packed.data[bit / 8] ^= (char)(1 << bit % 8);
        put_file(path, packed.data, packed.len);
        corpus flipped = {0};
        if (!corpus_read(&flipped, path, &o, &e)) {
            list(&listed, &flipped);
            assert_string_equal(listed.data, "1:The first prompt.|3:The second,\nof two lines.");
        }
        corpus_release(&flipped);
        packed.data[bit / 8] ^= (char)(1 << bit % 8);
    }
    corpus_release(&c);
    str_release(&packed);
    str_release(&listed);
}

static void files_that_cannot_be_read(void **state)
{
    (void)state;
    corpus c = {0};
    err e = {0};
    corpus_options o = corpus_defaults();
    corpus_read(&c, scratch("absent.txt"), &o, &e);
    check_err(&e, E_IO, "absent.txt");
    const char *path = scratch("large.txt");
    put_file(path, "0123456789", 10);
    o.max_file_bytes = 9;
    assert_int_not_equal(corpus_read(&c, path, &o, &e), OK);
    assert_non_null(strstr(e.text, "large.txt"));
    o.max_file_bytes = 10;
    assert_int_equal(corpus_read(&c, path, &o, &e), OK);
    o.max_file_bytes = 100; /* holds for what is unpacked, not for the packed file */
    assert_int_not_equal(corpus_read(&c, "tests/data/fixtures/zeros.txt.gz", &o, &e), OK);
    assert_non_null(strstr(e.text, "zeros.txt.gz"));
    corpus_release(&c);
}

static void no_cut_of_a_jsonl_file_crashes(void **state)
{
    (void)state;
    static const char whole[] = "{\"text\":\"a\\u00e9\\ud83d\\ude00\"}\n{\"text\":\"b\"}\n";
    for (size_t n = 0; n < sizeof whole - 1; n++) {
        corpus c = {0};
        err e = {0};
        corpus_options o = corpus_defaults();
        err_code code = corpus_parse(&c, whole, n, "cut.jsonl", &o, &e);
        bool between = n > 0 && (whole[n] == '\n' || whole[n - 1] == '\n'); /* whole prompts lost */
        if (code == OK && !between)
            fail_msg("cut to %zu bytes: taken with %zu prompts", n, c.n_prompts);
        corpus_release(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prompts_and_where_they_start),
        cmocka_unit_test(bad_files_are_refused_and_leave_the_corpus),
        cmocka_unit_test(options_are_followed),
        cmocka_unit_test(packed_files),
        cmocka_unit_test(files_that_cannot_be_read),
        cmocka_unit_test(no_cut_of_a_jsonl_file_crashes),
    };
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}
