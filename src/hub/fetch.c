/* hub_fetch: from a name to files in the cache. */
#include "hub/fetch.h"
#include "hub/download.h"
#include "hub/name.h"
#include "hub/release.h"
#include "hub/select.h"
#include "base/io.h"
#include <string.h>

/* A name without '/' is a model; one with '@refs/...' too, since its revision has slashes. The rest
 * may end in an SAE's folder. */
static err_code read_name(repo_ref *out, const char *name, const hub_settings *s, arena *a, err *e)
{
    hub_sae_facts facts;
    release_table table;
    const char *at = strchr(name, '@');
    bool model = !strchr(name, '/') || (at && !strncmp(at + 1, "refs/", 5));
    if (name_is_path(name))
        return err_set(e, E_USAGE,
                       "\"%.200s\" is a path; fetch takes a repository (ORG/NAME), a "
                       "model's short name, or RELEASE/SAE_ID",
                       name);
    err_code rc = release_table_read(&table, s->releases, a, e);
    if (rc)
        return rc;
    return model && !release_known(&table, name) ? name_model(out, name, a, e)
                                                 : name_sae(out, &facts, name, s, a, e);
}

/* refs/REVISION, so that the revision's name leads to the snapshot. */
static err_code write_ref(const download *d, const char *revision, err *e)
{
    arena scratch = {0};
    const char *path = arena_printf(&scratch, "%s/refs/%s", d->repo_dir, revision);
    const char *dir = arena_strndup(&scratch, path, (size_t)(strrchr(path, '/') - path));
    err_code rc = OK;
    if (strcmp(revision, d->commit) != 0 && !(rc = io_make_dir(dir, e)))
        rc = io_write(path, d->commit, strlen(d->commit), e);
    arena_release(&scratch);
    return rc;
}

static err_code fetch_files(fetch_result *out, const download *d, err *e)
{
    char size[SIZE_TEXT];
    for (int i = 0; i < out->n_files; i++) {
        hub_file *file = &out->files[i];
        bool fetched;
        err_code rc = download_file(&fetched, d, file, e);
        if (rc)
            return rc;
        file->present = true;
        out->n_fetched += fetched;
        report_line(d->server->reporter, "%-10s %s%s%s", fetched ? "fetched" : "had", file->name,
                    file->size < 0 ? "" : ", ", file->size < 0 ? "" : size_text(size, file->size));
    }
    return OK;
}

/* What the place in the snapshot is called: the folder, or the folder of the one file. */
static const char *result_dir(const download *d, const repo_ref *ref, const fetch_result *out,
                              arena *a)
{
    const char *dir = arena_printf(a, "%s/snapshots/%s", d->repo_dir, d->commit);
    bool one_file = out->n_files == 1 && !strcmp(out->files[0].name, ref->folder);
    return *ref->folder && !one_file ? path_join(a, dir, ref->folder) : dir;
}

static err_code fetch_from(fetch_result *out, const fetch_request *request,
                           const hub_server *server, const repo_ref *ref, const hub_settings *s,
                           arena *a, err *e)
{
    listing all;
    const char *name = repo_cache_name(ref->repo, a);
    err_code rc = server_list(&all, server, a, e);
    if (rc)
        return rc;
    download d = {.server = server,
                  .commit = all.commit,
                  .repo_dir = path_join(a, s->cache, name),
                  .locks_dir = arena_printf(a, "%s/.locks/%s", s->cache, name)};
    if (request->list && !request->n_patterns)
        select_folder(&out->files, &out->n_files, &all, ref->folder, a);
    else if ((rc = select_files(&out->files, &out->n_files, &all, ref->repo, ref->folder,
                                request->patterns, request->n_patterns, a, e)))
        return rc;
    out->repo = ref->repo;
    out->commit = all.commit;
    out->dir = result_dir(&d, ref, out, a);
    for (int i = 0; i < out->n_files; i++)
        out->files[i].present = download_present(&d, &out->files[i]);
    if (request->list || request->dry_run)
        return OK;
    if ((rc = fetch_files(out, &d, e)))
        return rc;
    return write_ref(&d, ref->revision, e);
}

err_code hub_fetch(fetch_result *out, const fetch_request *request, const hub_settings *s,
                   const hub_network *network, reporter *r, arena *a, err *e)
{
    repo_ref ref;
    hub_server server = {.network = network, .reporter = r};
    *out = (fetch_result){0};
    err_code rc = read_name(&ref, request->name, s, a, e);
    if (rc)
        return rc;
    if (network->offline)
        return err_set(e, E_CONFIG,
                       "HF_HUB_OFFLINE (or TRANSFORMERS_OFFLINE) is set, so %s is not "
                       "fetched; unset it, or use what the cache holds",
                       request->name);
    if ((rc =
             http_open(&server.http, network->endpoint, network->token, network->stall_seconds, e)))
        return err_context(e, "the hub's address or token (HF_ENDPOINT, HF_TOKEN)");
    server.repo = ref.repo;
    server.revision = ref.revision;
    rc = fetch_from(out, request, &server, &ref, s, a, e);
    http_close(server.http);
    return rc;
}
