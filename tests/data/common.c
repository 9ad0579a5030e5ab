/* Fixtures, a scratch folder, and the look at an error. */
#include "test.h"
#include "data/common.h"
#include "base/io.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void read_from(str *out, const char *directory, const char *name)
{
    char path[256];
    err e = {0};
    snprintf(path, sizeof path, "%s/%s", directory, name);
    str_clear(out);
    if (io_read(out, path, 1 << 20, &e))
        fail_msg("%s", e.text);
}

void read_fixture(str *out, const char *name)
{
    read_from(out, "tests/data/fixtures", name);
}

void read_tokenizer_fixture(str *out, const char *name)
{
    read_from(out, "tests/parity/fixtures/tokenizers", name);
}

tokenizer *open_tokenizer_fixture(const char *name)
{
    char file[64];
    str text = {0}, merges = {0};
    tokenizer *t = NULL;
    err e = {0};
    if (strcmp(name, "gpt2") == 0) {
        read_tokenizer_fixture(&text, "gpt2.vocab.json");
        read_tokenizer_fixture(&merges, "gpt2.merges.txt");
        tokenizer_parse_gpt2(&t, text.data, text.len, merges.data, merges.len, name, &e);
    } else {
        snprintf(file, sizeof file, "%s.json", name);
        read_tokenizer_fixture(&text, file);
        tokenizer_parse(&t, text.data, text.len, file, &e);
    }
    if (!t)
        fail_msg("%s", e.text);
    str_release(&text);
    str_release(&merges);
    return t;
}

void encode(token_list *out, const tokenizer *t, const char *text, size_t n)
{
    err e = {0};
    token_list_clear(out);
    if (tokenizer_encode(out, t, text, n, &e))
        fail_msg("%s", e.text);
}

void check_cover(const token_list *l, size_t n)
{
    size_t covered = 0, start = 0;
    for (size_t i = 0; i < l->n; i++) {
        assert_true(l->starts[i] >= start && l->starts[i] <= covered);
        assert_true(l->ends[i] >= l->starts[i]);
        start = l->starts[i];
        covered = l->ends[i] > covered ? l->ends[i] : covered;
    }
    assert_true(l->n == 0 || covered == n);
}

static char folder[512];

const char *scratch(const char *name)
{
    static char paths[4][1024];
    static int next;
    if (!folder[0]) {
        const char *parent = getenv("TMPDIR");
        snprintf(folder, sizeof folder, "%s/saeinv-data.XXXXXX", parent ? parent : "/tmp");
        assert_non_null(mkdtemp(folder));
    }
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

void put_file(const char *path, const void *bytes, size_t n)
{
    err e = {0};
    if (io_write(path, bytes, n, &e))
        fail_msg("%s", e.text);
}

int scratch_remove(void **state)
{
    (void)state;
    err e = {0};
    return folder[0] ? (int)io_remove_tree(folder, &e) : 0;
}

void unescape(str *out, const char *text, size_t n)
{
    str_clear(out);
    for (size_t i = 0; i < n; i++) {
        if (text[i] != '\\') {
            str_add_char(out, text[i]);
            continue;
        }
        char c = text[++i], hex[3] = {0};
        if (c == 'x') {
            memcpy(hex, text + i + 1, 2);
            str_add_char(out, (char)strtol(hex, NULL, 16));
            i += 2;
        } else {
            str_add_char(out, c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c);
        }
    }
}

void check_err(const err *e, err_code code, const char *parts)
{
    if (e->code != code)
        fail_msg("code %d, expected %d: %s", e->code, code, e->text);
    char copy[512];
    snprintf(copy, sizeof copy, "%s", parts);
    for (char *rest = copy, *part; (part = strsep(&rest, "|"));)
        if (!strstr(e->text, part))
            fail_msg("\"%s\" is not in \"%s\"", part, e->text);
}
