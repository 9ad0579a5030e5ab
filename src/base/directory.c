/* Directories: listed in a fixed order, removed, and swapped into place. */
#include "base/io.h"
#include "base/memory.h"
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static err_code failed(err *e, const char *what, const char *path)
{
    return err_set(e, E_IO, "%s: %s: %s", path, what, strerror(errno));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

err_code io_list(char ***names, int *n, const char *path, arena *a, err *e)
{
    DIR *dir = opendir(path);
    if (!dir)
        return failed(e, "cannot list", path);
    char **found = NULL;
    int count = 0;
    struct dirent *entry;
    while ((entry = readdir(dir))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
            continue;
        if ((count & (count - 1)) == 0) /* doubles at each power of two */
            found = mem_grow(found, count ? 2 * (size_t)count : 1, sizeof *found);
        found[count++] = arena_strdup(a, entry->d_name);
    }
    closedir(dir);
    *n = count;
    *names = arena_push(a, (size_t)count + 1, sizeof **names);
    if (count) {
        memcpy(*names, found, (size_t)count * sizeof *found);
        qsort(*names, (size_t)count, sizeof **names, by_name);
    }
    mem_free(found);
    return OK;
}

err_code io_remove_tree(const char *path, err *e)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return errno == ENOENT ? OK : failed(e, "cannot look at", path);
    if (!S_ISDIR(st.st_mode))
        return unlink(path) == 0 ? OK : failed(e, "cannot remove", path);

    arena a = {0};
    char **names;
    int n;
    err_code rc = io_list(&names, &n, path, &a, e);
    for (int i = 0; i < n && !rc; i++)
        rc = io_remove_tree(path_join(&a, path, names[i]), e);
    if (!rc && rmdir(path) != 0)
        rc = failed(e, "cannot remove", path);
    arena_release(&a);
    return rc;
}

static err_code copy_file(const char *from, const char *to, err *e)
{
    mapping m;
    err_code rc = io_map(&m, from, e);
    if (rc)
        return rc;
    rc = io_write(to, m.data, m.size, e);
    io_unmap(&m);
    return rc;
}

err_code io_copy(const char *from, const char *to, err *e)
{
    if (!io_is_dir(from))
        return copy_file(from, to, e);
    arena a = {0};
    char **names;
    int n = 0;
    err_code rc = io_make_dir(to, e);
    if (!rc)
        rc = io_list(&names, &n, from, &a, e);
    for (int i = 0; i < n && !rc; i++)
        rc = io_copy(path_join(&a, from, names[i]), path_join(&a, to, names[i]), e);
    arena_release(&a);
    return rc;
}

err_code io_replace_dir(const char *from, const char *to, err *e)
{
    str old = {0};
    size_t n = strlen(to);
    while (n > 1 && to[n - 1] == '/') /* "run/": the old one goes beside it, not into it */
        n--;
    str_addf(&old, "%.*s.old", (int)n, to);
    bool had_old = io_exists(to);
    err_code rc = io_remove_tree(old.data, e);
    if (rc)
        goto out;
    if (had_old && rename(to, old.data) != 0) {
        rc = failed(e, "cannot move aside", to);
        goto out;
    }
    if (rename(from, to) != 0) {
        rc = failed(e, "cannot rename into place", to);
        if (had_old && rename(old.data, to) != 0)
            rc = err_context(e, "the earlier contents are now in %s", old.data);
        goto out;
    }
    rc = io_remove_tree(old.data, e);
out:
    str_release(&old);
    return rc;
}

char *path_join(arena *a, const char *dir, const char *name)
{
    size_t n = strlen(dir);
    return arena_printf(a, "%s%s%s", dir, n && dir[n - 1] == '/' ? "" : "/", name);
}
