/* Fixtures, a scratch folder, and the look at an error. */
#include "test.h"
#include "data/common.h"
#include "base/io.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void read_fixture(str *out, const char *name)
{
    char path[256];
    err e = {0};
    snprintf(path, sizeof path, "tests/data/fixtures/%s", name);
    str_clear(out);
    if (io_read(out, path, 1 << 20, &e))
        fail_msg("%s", e.text);
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
