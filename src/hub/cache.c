/* Finding a snapshot in the cache. */
#include "hub/cache.h"
#include "hub/store.h"
#include "base/io.h"
#include "base/str.h"
#include <string.h>

enum { SHORTEST_COMMIT = 7, LARGEST_REF = 256 };

bool cache_has_file(const char *dir, const char *name)
{
    arena scratch = {0};
    uint64_t size;
    bool found = store_file_size(&size, path_join(&scratch, dir, name));
    arena_release(&scratch);
    return found;
}

/* The repository's folder under its id or the one it had before; NULL: neither is there. */
static const char *repo_dir(const char *cache, const char *repo, arena *a)
{
    const char *other = repo_other_id(repo);
    const char *dir = path_join(a, cache, repo_cache_name(repo, a));
    if (io_is_dir(dir) || !other)
        return io_is_dir(dir) ? dir : NULL;
    dir = path_join(a, cache, repo_cache_name(other, a));
    return io_is_dir(dir) ? dir : NULL;
}

/* Trailing white space is forgiven: people write refs with echo. */
static err_code read_ref(const char **commit, const char *path, arena *a, err *e)
{
    str text = {0};
    err_code rc = io_read(&text, path, LARGEST_REF, e);
    if (!rc) {
        char *line = arena_strdup(a, str_text(&text));
        line[strcspn(line, " \t\r\n")] = '\0';
        *commit = line;
        if (!commit_valid(line))
            rc = err_set(e, E_FORMAT, "%s: \"%.60s\" is not a commit of 40 hex digits", path, line);
    }
    str_release(&text);
    return rc;
}

/* The one snapshot whose commit starts with these digits. */
static err_code find_short(const char **commit, const char *snapshots, const char *digits, arena *a,
                           err *e)
{
    char **names;
    int n;
    *commit = NULL;
    if (strlen(digits) < SHORTEST_COMMIT || strspn(digits, "0123456789abcdef") < strlen(digits) ||
        !io_is_dir(snapshots))
        return OK;
    err_code rc = io_list(&names, &n, snapshots, a, e);
    for (int i = 0; i < n && !rc; i++) {
        if (!commit_valid(names[i]) || strncmp(names[i], digits, strlen(digits)))
            continue;
        if (*commit)
            rc = err_set(e, E_CONFIG, "%s: both %s and %s begin with %s; give more digits",
                         snapshots, *commit, names[i], digits);
        *commit = names[i];
    }
    return rc;
}

static err_code no_revision(const char *dir, const repo_ref *ref, arena *a, err *e)
{
    char **names;
    int n = 0;
    str have = {0};
    const char *snapshots = path_join(a, dir, "snapshots");
    if (io_is_dir(snapshots) && !io_list(&names, &n, snapshots, a, e))
        for (int i = 0; i < n && i < 5; i++)
            str_addf(&have, "%s%.12s", i ? ", " : "", names[i]);
    err_code rc = err_set(e, E_CONFIG, "%s has no revision %s (commits there: %s)", dir,
                          ref->revision, n ? str_text(&have) : "none");
    str_release(&have);
    return rc;
}

err_code cache_find(snapshot *out, const char *cache, const repo_ref *ref, arena *a, err *e)
{
    const char *dir = repo_dir(cache, ref->repo, a), *commit = NULL;
    if (!dir)
        return err_set(e, E_CONFIG, "%s is not in the cache: there is no %s/%s", ref->repo, cache,
                       repo_cache_name(ref->repo, a));
    const char *snapshots = path_join(a, dir, "snapshots");
    const char *refs = path_join(a, dir, "refs");
    err_code rc;
    if (cache_has_file(refs, ref->revision)) {
        if ((rc = read_ref(&commit, path_join(a, refs, ref->revision), a, e)))
            return rc;
    } else if (commit_valid(ref->revision)) {
        commit = ref->revision;
    } else if ((rc = find_short(&commit, snapshots, ref->revision, a, e))) {
        return rc;
    }
    if (!commit || !io_is_dir(path_join(a, snapshots, commit)))
        return no_revision(dir, ref, a, e);
    *out = (snapshot){path_join(a, snapshots, commit), commit};
    return OK;
}
