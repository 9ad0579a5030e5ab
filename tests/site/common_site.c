/* Sites of synthetic records in scratch folders. */
#include "test.h"
#include "base/io.h"
#include "base/memory.h"
#include "site/common_site.h"
#include "site/site.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[64];

const char *scratch(void)
{
    return folder;
}

int make_scratch(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/saeinv-site.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

int remove_scratch(void **state)
{
    (void)state;
    err e;
    return io_remove_tree(folder, &e);
}

template_set load_templates(arena *a)
{
    char **names;
    int n;
    err e;
    if (io_list(&names, &n, "templates", a, &e))
        fail_msg("%s", e.text);
    template_source *sources = arena_push(a, (size_t)n, sizeof *sources);
    for (int i = 0; i < n; i++) {
        str text = {0};
        if (io_read(&text, path_join(a, "templates", names[i]), 1 << 20, &e))
            fail_msg("%s", e.text);
        sources[i] =
            (template_source){names[i], arena_strndup(a, str_text(&text), text.len), text.len};
        str_release(&text);
    }
    return (template_set){sources, n};
}

void write_record(const char *dir, synthetic_kind kind)
{
    arena a = {0};
    err e = {0};
    record r;
    record_volatile times;
    synthetic_record(&r, &times, &a, kind);
    if (record_write(dir, &r, &e) || record_write_volatile(dir, &times, &e))
        fail_msg("%s", e.text);
    arena_release(&a);
}

void write_site(const char *dir, synthetic_kind kind)
{
    arena a = {0};
    err e = {0};
    template_set templates = load_templates(&a);
    write_record(dir, kind);
    if (site_write(dir, &templates, &e))
        fail_msg("%s", e.text);
    arena_release(&a);
}

static void collect(char ***list, int *n, arena *a, const char *dir, const char *below)
{
    char **names;
    int count;
    err e;
    if (io_list(&names, &count, *below ? path_join(a, dir, below) : dir, a, &e))
        fail_msg("%s", e.text);
    for (int i = 0; i < count; i++) {
        char *path = *below ? path_join(a, below, names[i]) : names[i];
        if (io_is_dir(path_join(a, dir, path))) {
            collect(list, n, a, dir, path);
            continue;
        }
        *list = mem_grow(*list, (size_t)*n + 1, sizeof **list);
        (*list)[(*n)++] = path;
    }
}

char **list_files(int *n, arena *a, const char *dir)
{
    char **list = NULL;
    *n = 0;
    collect(&list, n, a, dir, "");
    char **kept = arena_push(a, (size_t)*n + 1, sizeof *kept);
    memcpy(kept, list, (size_t)*n * sizeof *kept);
    mem_free(list);
    return kept;
}

const char *file_text(arena *a, const char *dir, const char *name)
{
    str text = {0};
    err e;
    if (io_read(&text, path_join(a, dir, name), 1 << 26, &e))
        fail_msg("%s", e.text);
    const char *copy = arena_strndup(a, str_text(&text), text.len);
    if (!text.len)
        fail_msg("%s is empty", name);
    str_release(&text);
    return copy;
}
