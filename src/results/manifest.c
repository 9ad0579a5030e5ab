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

err_code record_write_manifest(const char *dir, err *e)
{
    arena a = {0};
    path_list list = {0};
    str out = {0};
    char hex[SHA256_HEX];
    err_code rc = collect(&list, &a, dir, "", e);
    if (list.n)
        qsort(list.paths, (size_t)list.n, sizeof *list.paths, by_path);
    for (int i = 0; i < list.n && !rc; i++) {
        rc = sha256_of_file(hex, path_join(&a, dir, list.paths[i]), e);
        str_addf(&out, "%s  %s\n", hex, list.paths[i]);
    }
    if (!rc)
        rc = io_write(path_join(&a, dir, "MANIFEST.sha256"), str_text(&out), out.len, e);
    str_release(&out);
    mem_free(list.paths);
    arena_release(&a);
    return rc;
}
