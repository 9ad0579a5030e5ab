/* MANIFEST.sha256: every file of a report that must not differ between equal runs. */
#include "base/io.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "results/record.h"
#include <stdlib.h>
#include <string.h>

typedef struct path_list {
    char **paths; /* relative to the report */
    int n, room;
} path_list;

static void add_path(path_list *list, char *path)
{
    if (list->n == list->room) {
        list->room = list->room ? list->room * 2 : 64;
        list->paths = mem_grow(list->paths, (size_t)list->room, sizeof *list->paths);
    }
    list->paths[list->n++] = path;
}

static err_code collect(path_list *list, arena *a, const char *dir, const char *below, err *e)
{
    char **names;
    int n;
    err_code rc = io_list(&names, &n, *below ? path_join(a, dir, below) : dir, a, e);
    for (int i = 0; i < n && !rc; i++) {
        char *path = *below ? path_join(a, below, names[i]) : names[i];
        if (!strcmp(path, "volatile") || !strcmp(path, "MANIFEST.sha256"))
            continue;
        if (io_is_dir(path_join(a, dir, path)))
            rc = collect(list, a, dir, path, e);
        else
            add_path(list, path);
    }
    return rc;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The manifest DIR should have. */
static err_code describe(str *out, const char *dir, err *e)
{
    arena a = {0};
    path_list list = {0};
    char hex[SHA256_HEX];
    err_code rc = collect(&list, &a, dir, "", e);
    if (list.n)
        qsort(list.paths, (size_t)list.n, sizeof *list.paths, by_path);
    for (int i = 0; i < list.n && !rc; i++) {
        rc = sha256_of_file(hex, path_join(&a, dir, list.paths[i]), e);
        str_addf(out, "%s  %s\n", hex, list.paths[i]);
    }
    mem_free(list.paths);
    arena_release(&a);
    return rc;
}

err_code record_write_manifest(const char *dir, err *e)
{
    arena a = {0};
    str out = {0};
    err_code rc = describe(&out, dir, e);
    if (!rc)
        rc = io_write(path_join(&a, dir, "MANIFEST.sha256"), str_text(&out), out.len, e);
    str_release(&out);
    arena_release(&a);
    return rc;
}

/* ---- checking ---- */

enum { MANIFEST_LIMIT = 64 << 20, PATH_AT = SHA256_HEX - 1 + 2 };

typedef struct manifest_line {
    const char *text; /* without its newline */
    size_t n;
} manifest_line;

/* The next line at *at, which moves behind it; an empty one at the end. */
static manifest_line next_line(const char **at)
{
    manifest_line line = {*at, strcspn(*at, "\n")};
    *at += line.n + ((*at)[line.n] == '\n');
    return line;
}

/* Order of two lines' paths; the end comes after everything. */
static int compare_paths(manifest_line a, manifest_line b)
{
    if (!a.n || !b.n)
        return !a.n - !b.n;
    size_t n = a.n - PATH_AT, m = b.n - PATH_AT;
    int order = memcmp(a.text + PATH_AT, b.text + PATH_AT, n < m ? n : m);
    return order ? order : (n > m) - (n < m);
}

static err_code check_form(const char *text, const char *path, err *e)
{
    manifest_line before = {0};
    for (const char *at = text; *at;) {
        manifest_line line = next_line(&at);
        bool formed = line.n > PATH_AT && strspn(line.text, "0123456789abcdef") == SHA256_HEX - 1 &&
                      !memcmp(line.text + SHA256_HEX - 1, "  ", 2);
        if (!formed || (before.n && compare_paths(before, line) >= 0))
            return err_set(e, E_FORMAT, "%s: not a list of SHA-256 and path, sorted by path", path);
        before = line;
    }
    return OK;
}

/* Both are well formed. */
static err_code compare_manifests(const char *said, const char *found, err *e)
{
    int wrong = 0;
    const char *first = "", *what = "";
    size_t length = 0;
    manifest_line s = next_line(&said), f = next_line(&found);
    while (s.n || f.n) {
        int order = compare_paths(s, f);
        manifest_line at = order <= 0 ? s : f;
        if (order || memcmp(s.text, f.text, SHA256_HEX - 1)) {
            if (!wrong++) {
                first = at.text + PATH_AT;
                length = at.n - PATH_AT;
                what = order < 0 ? "is missing" : order > 0 ? "is not listed" : "was changed";
            }
        }
        if (order <= 0)
            s = next_line(&said);
        if (order >= 0)
            f = next_line(&found);
    }
    if (!wrong)
        return OK;
    return err_set(e, E_DATA, "%d file%s not as MANIFEST.sha256 says; the first, %.*s, %s", wrong,
                   wrong > 1 ? "s are" : " is", (int)(length < 200 ? length : 200), first, what);
}

err_code record_check_manifest(const char *dir, err *e)
{
    arena a = {0};
    str said = {0}, found = {0};
    const char *path = path_join(&a, dir, "MANIFEST.sha256");
    err_code rc = io_read(&said, path, MANIFEST_LIMIT, e);
    if (!rc)
        rc = check_form(str_text(&said), path, e);
    if (!rc)
        rc = describe(&found, dir, e);
    if (!rc) /* a file's name may hold a newline */
        rc = check_form(str_text(&found), dir, e);
    if (!rc)
        rc = compare_manifests(str_text(&said), str_text(&found), e);
    str_release(&said);
    str_release(&found);
    arena_release(&a);
    return rc;
}
