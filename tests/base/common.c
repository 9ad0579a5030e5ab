/* A scratch folder per test program. */
#include "test.h"
#include "base/common.h"
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[512];

const char *scratch(const char *name)
{
    static char paths[8][1024];
    static int next;
    if (!folder[0]) {
        const char *parent = getenv("TMPDIR");
        snprintf(folder, sizeof folder, "%s/saeinv-base.XXXXXX", parent ? parent : "/tmp");
        assert_non_null(mkdtemp(folder));
    }
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
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

void put_file(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, n, f), n);
    assert_int_equal(fclose(f), 0);
}

bool file_is(const char *path, const void *bytes, size_t n)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return false;
    char *got = malloc(n + 1);
    assert_non_null(got);
    size_t size = fread(got, 1, n + 1, f);
    bool same = size == n && memcmp(got, bytes, n) == 0;
    free(got);
    fclose(f);
    return same;
}
