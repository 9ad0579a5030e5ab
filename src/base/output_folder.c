/* Checked before, moved into place or removed after. */
#include "base/output_folder.h"
#include "base/io.h"
#include <string.h>

output_folder output_folder_at(const char *path, arena *a)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    const char *out = arena_strndup(a, path, n), *slash = strrchr(out, '/');
    return (output_folder){.path = out,
                           .above = slash ? arena_strndup(a, out, (size_t)(slash - out) + 1) : ".",
                           .unfinished = arena_printf(a, "%s.unfinished", out),
                           .lock_path = arena_printf(a, "%s.lock", out)};
}

err_code output_folder_take(output_folder *f, err *e)
{
    err_code rc = io_make_dir(f->above, e);
    if (!rc)
        rc = file_lock_try(&f->lock, f->lock_path, e);
    if (rc)
        return err_context(e, "--out %s", f->path);
    return f->lock.held ? OK
                        : err_set(e, E_USAGE,
                                  "--out %s: another saeinv is writing it now; wait until it is "
                                  "done, or choose another folder",
                                  f->path);
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

err_code output_folder_finish(output_folder *f, err_code rc, err *e)
{
    if (!f->lock.held)
        return rc;
    if (!rc)
        rc = io_replace_dir(f->unfinished, f->path, e);
    err ignored;
    if (rc && io_exists(f->unfinished))
        io_remove_tree(f->unfinished, &ignored); /* the first error is the one to tell */
    file_lock_remove(&f->lock);
    return rc;
}
