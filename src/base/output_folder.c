/* Checked before, moved into place or removed after. */
#include "base/output_folder.h"
#include "base/io.h"
#include <string.h>

output_folder output_folder_at(const char *path, arena *a)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    const char *out = arena_strndup(a, path, n);
    return (output_folder){.path = out, .unfinished = arena_printf(a, "%s.unfinished", out)};
}

err_code output_folder_check(const output_folder *f, bool ours, bool force, const char *kind,
                             const char *held, err *e)
{
    if (!io_exists(f->path))
        return OK;
    if (!ours)
        return err_set(e, E_USAGE,
                       "--out %s: exists and is not %s of saeinv; choose another folder", f->path,
                       kind);
    return force ? OK
                 : err_set(e, E_USAGE,
                           "--out %s: holds %s; add --force to replace it, or choose another "
                           "folder",
                           f->path, held);
}

err_code output_folder_finish(const output_folder *f, err_code rc, err *e)
{
    if (!rc)
        rc = io_replace_dir(f->unfinished, f->path, e);
    err ignored;
    if (rc && io_exists(f->unfinished))
        io_remove_tree(f->unfinished, &ignored); /* the first error is the one to tell */
    return rc;
}
