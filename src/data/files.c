/* A named file out of a folder or out of the table of built-in files. */
#include "data/files.h"
#include "base/progress.h"
#include <string.h>

static bool is_plain_name(const char *name)
{
    return *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !strpbrk(name, "/\\");
}

static const blob *find_blob(const files *f, const char *name)
{
    for (int i = 0; i < f->n_blobs; i++)
        if (strcmp(f->blobs[i].name, name) == 0)
            return &f->blobs[i];
    return NULL;
}

files files_from_dir(const char *dir)
{
    return (files){.label = dir, .dir = dir};
}

files files_from_blobs(const char *label, const blob *blobs, int n_blobs)
{
    return (files){.label = label, .blobs = blobs, .n_blobs = n_blobs};
}

const char *files_path(const files *f, const char *name, arena *a)
{
    return path_join(a, f->label, name);
}

bool files_has(const files *f, const char *name)
{
    if (!is_plain_name(name))
        return false;
    if (!f->dir)
        return find_blob(f, name) != NULL;
    arena scratch = {0};
    const char *path = path_join(&scratch, f->dir, name);
    bool found = io_exists(path) && !io_is_dir(path);
    arena_release(&scratch);
    return found;
}

err_code files_open(mapping *out, const files *f, const char *name, err *e)
{
    *out = (mapping){0};
    if (!is_plain_name(name))
        return err_set(e, E_FORMAT, "%s: \"%.80s\" is not a plain file name", f->label, name);
    if (f->dir) {
        arena scratch = {0};
        err_code code = io_map(out, path_join(&scratch, f->dir, name), e);
        arena_release(&scratch);
        return code;
    }
    const blob *b = find_blob(f, name);
    if (!b)
        return err_set(e, E_IO, "%s: no file named %s in it", f->label, name);
    *out = (mapping){.data = b->data, .size = b->size};
    return OK;
}

static err_code add_bytes(sha256 *h, const mapping *m, err *e)
{
    size_t piece = m->size <= FILES_WHOLE ? FILES_STEP : FILES_SAMPLE;
    err_code rc = OK;
    for (size_t at = 0; at < m->size && !rc; at += FILES_STEP) {
        sha256_add(h, m->data + at, m->size - at < piece ? m->size - at : piece);
        rc = cancel_check(e);
    }
    return rc;
}

err_code files_hash(sha256 *h, const files *f, const char *const *names, int n, err *e)
{
    for (int i = 0; i < n; i++) {
        if (!files_has(f, names[i]))
            continue;
        mapping m;
        err_code rc = files_open(&m, f, names[i], e);
        if (rc)
            return rc;
        uint64_t size = m.size;
        sha256_add(h, names[i], strlen(names[i]) + 1);
        sha256_add(h, &size, sizeof size);
        rc = add_bytes(h, &m, e);
        io_unmap(&m);
        if (rc)
            return rc;
    }
    return OK;
}
