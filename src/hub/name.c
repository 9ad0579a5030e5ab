/* Names as people write them. */
#include "hub/name.h"
#include "hub/release.h"
#include "base/memory.h"
#include <string.h>

bool name_is_path(const char *name)
{
    size_t n = strlen(name);
    return !n || strchr("/.~", name[0]) || name[n - 1] == '/';
}

/* A name without '/' is a short name; the oldest repositories, whose ids look the same, are all in
 * the list of short names or are named with their organisation today. */
err_code name_model(repo_ref *out, const char *name, arena *a, err *e)
{
    err_code rc = repo_ref_parse(out, name, true, a, e);
    if (rc)
        return rc;
    if (*out->folder)
        return err_set(e, E_CONFIG,
                       "\"%.200s\" names a folder inside a repository; a model is "
                       "ORG/NAME[@REVISION]",
                       name);
    if (strchr(out->repo, '/'))
        return OK;
    const char *repo = repo_of_model(out->repo, a);
    if (!repo)
        return err_set(e, E_CONFIG,
                       "\"%.200s\" is no folder, and no model's short name; did you "
                       "mean %s? A repository is written ORG/NAME",
                       name, repo_nearest_model(out->repo));
    out->repo = repo;
    return OK;
}

/* "RELEASE/blocks.8.hook_resid_pre" with a release nobody knows: no repository is called so. */
static bool looks_like_release(const char *name)
{
    static const char *const starts[] = {"blocks.", "layer_", "embedding"};
    const char *second = strchr(name, '/');
    for (size_t i = 0; second && i < COUNT_OF(starts); i++)
        if (!strncmp(second + 1, starts[i], strlen(starts[i])))
            return true;
    return !second;
}

err_code name_sae(repo_ref *out, hub_sae_facts *facts, const char *name, const hub_settings *s,
                  arena *a, err *e)
{
    release_table table;
    *facts = (hub_sae_facts){0};
    err_code rc = release_table_read(&table, s->releases, a, e);
    if (rc)
        return rc;
    if (release_known(&table, name) || looks_like_release(name))
        return release_find(out, facts, &table, name, a, e);
    if (!(rc = repo_ref_parse(out, name, false, a, e)))
        release_of_folder(facts, &table, out, a);
    return rc;
}
