/* Every built-in template, or the file of the same name in the user's directory. */
#include "pipeline/templates.h"
#include "builtin/builtin.h"

err_code templates_load(loaded_templates *out, const char *dir, err *e)
{
    files built_in = builtin_templates(), own = dir ? files_from_dir(dir) : built_in;
    loaded_templates t = {0};
    size_t n = (size_t)built_in.n_blobs;
    template_source *sources = arena_push(&t.memory, n + 1, sizeof *sources);
    t.maps = arena_push(&t.memory, n + 1, sizeof *t.maps);
    err_code rc = OK;
    if (dir && !io_is_dir(dir))
        rc = err_set(e, E_USAGE, "--templates %s: not a folder", dir);
    for (int i = 0; i < built_in.n_blobs && !rc; i++) {
        const char *name = built_in.blobs[i].name;
        const files *from = files_has(&own, name) ? &own : &built_in;
        rc = files_open(&t.maps[i], from, name, e);
        sources[i] = (template_source){name, (const char *)t.maps[i].data, t.maps[i].size};
        t.set.n += !rc;
    }
    t.set.sources = sources;
    if (rc)
        templates_release(&t);
    else
        *out = t;
    return rc;
}

void templates_release(loaded_templates *t)
{
    for (int i = 0; i < t->set.n; i++)
        io_unmap(&t->maps[i]);
    arena_release(&t->memory);
    *t = (loaded_templates){0};
}
