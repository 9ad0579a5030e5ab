/* A scratch folder per test program, and caches as the standard tools leave them. */
#include "test.h"
#include "hub/common.h"
#include "base/io.h"
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[512];
static arena memory;

arena *test_arena(void)
{
    return &memory;
}

int free_arena(void **state)
{
    (void)state;
    arena_release(&memory);
    return 0;
}

char *scratch(const char *name)
{
    if (!folder[0]) {
        const char *parent = getenv("TMPDIR");
        snprintf(folder, sizeof folder, "%s/saeinv-hub.XXXXXX", parent ? parent : "/tmp");
        assert_non_null(mkdtemp(folder));
    }
    return arena_printf(&memory, "%s/%s", folder, name);
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *where)
{
    (void)st;
    (void)flag;
    (void)where;
    return remove(path);
}

int scratch_remove(void **state)
{
    (void)state;
    return folder[0] ? nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS) : 0;
}

static void make_parents(const char *path)
{
    err e;
    const char *slash = strrchr(path, '/');
    assert_int_equal(io_make_dir(arena_strndup(&memory, path, (size_t)(slash - path)), &e), OK);
}

void put_file(const char *path, const char *text)
{
    make_parents(path);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
}

bool file_there(const char *path)
{
    return access(path, R_OK) == 0;
}

const char *file_text(const char *path)
{
    err e;
    str text = {0};
    if (io_read(&text, path, 1 << 24, &e))
        fail_msg("%s", e.text);
    const char *copy = arena_strdup(&memory, str_text(&text));
    str_release(&text);
    return copy;
}

void put_snapshot_file(const char *cache, const char *repo, const char *commit, const char *name,
                       const char *blob, const char *text)
{
    char *at = arena_printf(&memory, "%s/%s/snapshots/%s/%s", cache, repo, commit, name);
    if (!blob) {
        put_file(at, text);
        return;
    }
    put_file(arena_printf(&memory, "%s/%s/blobs/%s", cache, repo, blob), text);
    make_parents(at);
    str target = {0};
    for (const char *p = name; (p = strchr(p, '/')); p++)
        str_add(&target, "../");
    str_addf(&target, "../../blobs/%s", blob);
    assert_int_equal(symlink(str_text(&target), at), 0);
    str_release(&target);
}

void put_ref(const char *cache, const char *repo, const char *ref, const char *commit)
{
    put_file(arena_printf(&memory, "%s/%s/refs/%s", cache, repo, ref), commit);
}

bool says(const char *message, const char *text)
{
    if (strstr(message, text))
        return true;
    print_message("# not in the message: %s\n# message: %s\n", text, message);
    return false;
}
