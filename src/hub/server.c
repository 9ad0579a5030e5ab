/* Requests to the hub, with patience, and refusals in words a user can act on. */
#include "hub/server.h"
#include "base/json.h"
#include "base/memory.h"
#include "net/url.h"
#include <string.h>

enum { LARGEST_LISTING = 32 << 20, LONGEST_WAIT = 60 };

/* ---- refusals ---------------------------------------------------------------------------------
 */

static err_code explain_access(err *e, const hub_server *s, const http_reply *reply)
{
    if (!strcmp(reply->error_code, "GatedRepo") || reply->status == 403)
        return err_set(e, E_CONFIG,
                       "%s is gated: accept its terms on its page at %s/%s, then set "
                       "HF_TOKEN to a token of that account%s",
                       s->repo, s->network->endpoint, s->repo,
                       s->network->token ? " (the present one has no access)" : "");
    if (s->network->token)
        return err_set(e, E_CONFIG,
                       "%s: the hub does not accept the token (HF_TOKEN or the token "
                       "file), or there is no such repository",
                       s->repo);
    return err_set(e, E_CONFIG,
                   "%s: there is no such repository, or it is private or gated; check "
                   "its name, or set HF_TOKEN",
                   s->repo);
}

static err_code explain(err *e, const hub_server *s, const http_reply *reply, const char *file)
{
    if (e->code != E_IO)
        return e->code;
    if (reply->status == 401 || reply->status == 403)
        return explain_access(e, s, reply);
    if (reply->status == 404 && file && strcmp(reply->error_code, "RepoNotFound") != 0)
        return err_set(e, E_CONFIG, "%s has no file %s at revision %s", s->repo, file, s->revision);
    if (reply->status == 404 && !strcmp(reply->error_code, "RevisionNotFound"))
        return err_set(e, E_CONFIG, "%s has no revision %s", s->repo, s->revision);
    if (reply->status == 404)
        return err_set(e, E_CONFIG, "%s, revision %s: %s has no such thing; check the names",
                       s->repo, s->revision, s->network->endpoint);
    return err_context(e, "%s%s%s, from %s", s->repo, file ? "/" : "", file ? file : "",
                       s->network->endpoint);
}

bool server_retry(retry *r, const hub_server *s, const http_reply *reply, const char *file,
                  bool progressed, err *e)
{
    if (progressed)
        r->failures = 0;
    if (e->code != E_IO || !reply->retry || ++r->failures >= s->network->attempts) {
        explain(e, s, reply, file);
        return false;
    }
    double wait = http_backoff(r->failures, s->network->retry_seconds, LONGEST_WAIT);
    if ((double)reply->retry_after > wait)
        wait = (double)reply->retry_after;
    if (wait > LONGEST_WAIT)
        wait = LONGEST_WAIT;
    report_warning(s->reporter, "%s: %s; trying again in %.0f s", file ? file : s->repo, e->text,
                   wait);
    cancel_wait(wait);
    return !cancel_check(e);
}

/* ---- listing ----------------------------------------------------------------------------------
 */

typedef struct text_sink {
    str text;
    err *e;
} text_sink;

static bool take_text(void *context, const void *data, size_t n)
{
    text_sink *t = context;
    if (n > LARGEST_LISTING - t->text.len) {
        err_set(t->e, E_FORMAT, "the list of files is longer than %d MB", LARGEST_LISTING >> 20);
        return false;
    }
    str_add_bytes(&t->text, data, n);
    return true;
}

static err_code read_file(hub_file *out, const cJSON *item, const char *where, arena *a, err *e)
{
    const char *name;
    double size = -1;
    err_code rc = json_string(&name, item, "rfilename", where, e);
    if (rc)
        return rc;
    if (!relative_path_valid(name))
        return err_set(e, E_FORMAT, "%s: the file name \"%.100s\" would leave the cache's folder",
                       where, name);
    const cJSON *stored = json_member(item, "size");
    if (cJSON_IsNumber(stored) && stored->valuedouble >= 0 && stored->valuedouble <= 0x1p53)
        size = stored->valuedouble;
    *out = (hub_file){.name = arena_strdup(a, name), .size = (int64_t)size};
    return OK;
}

static err_code read_listing(listing *out, const str *text, const char *where, arena *a, err *e)
{
    cJSON *tree = NULL;
    const char *commit;
    const cJSON *list, *item;
    *out = (listing){0};
    err_code rc = json_parse(&tree, str_text(text), text->len, where, e);
    if (rc || (rc = json_string(&commit, tree, "sha", where, e)))
        goto out;
    list = json_member(tree, "siblings");
    if (!commit_valid(commit) || !cJSON_IsArray(list)) {
        rc = err_set(e, E_FORMAT, "%s: no commit and list of files in it; is HF_ENDPOINT a hub?",
                     where);
        goto out;
    }
    out->commit = arena_strdup(a, commit);
    out->files = arena_push(a, (size_t)cJSON_GetArraySize(list) + 1, sizeof *out->files);
    cJSON_ArrayForEach(item, list) {
        if ((rc = read_file(&out->files[out->n], item, where, a, e)))
            goto out;
        out->n++;
    }
out:
    cJSON_Delete(tree);
    return rc;
}

err_code server_list(listing *out, const hub_server *s, arena *a, err *e)
{
    char *revision = url_escape(s->revision, false);
    const char *url = arena_printf(a, "%s/api/models/%s/revision/%s?blobs=true",
                                   s->network->endpoint, s->repo, revision);
    text_sink t = {.e = e};
    http_sink sink = {.take = take_text, .context = &t};
    http_reply reply;
    retry again = {0};
    err_code rc;
    do {
        str_clear(&t.text);
        rc = http_get(&reply, s->http, url, 0, &sink, e);
        reply.retry = reply.retry && !reply.unreachable; /* the first contact: say so at once */
    } while (rc && server_retry(&again, s, &reply, NULL, false, e));
    rc = rc ? e->code : OK;
    if (!rc)
        rc =
            read_listing(out, &t.text, arena_printf(a, "the hub's answer about %s", s->repo), a, e);
    mem_free(revision);
    str_release(&t.text);
    return rc;
}

/* ---- files ------------------------------------------------------------------------------------
 */

static const char *file_url(const hub_server *s, const char *commit, const char *file, arena *a)
{
    char *escaped = url_escape(file, true);
    const char *url =
        arena_printf(a, "%s/%s/resolve/%s/%s", s->network->endpoint, s->repo, commit, escaped);
    mem_free(escaped);
    return url;
}

/* The ETag becomes a file's name. */
static bool etag_valid(const char *etag)
{
    return *etag && *etag != '.' &&
           !etag[strspn(etag, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")];
}

static err_code read_facts(file_facts *out, const http_reply *reply, const char *commit,
                           const hub_file *file, err *e)
{
    const char *etag = *reply->linked_etag ? reply->linked_etag : reply->etag;
    bool whole = reply->status == 200; /* else a redirect's own length */
    int64_t size = reply->linked_size >= 0       ? reply->linked_size
                   : whole && reply->length >= 0 ? reply->length
                                                 : file->size;
    if (*reply->commit && strcmp(reply->commit, commit) != 0)
        return err_set(e, E_FORMAT, "%s: the hub answers for commit %.40s instead of %s",
                       file->name, reply->commit, commit);
    if (!etag_valid(etag))
        return err_set(e, E_FORMAT,
                       "%s: the hub names no hash (ETag) for it; is HF_ENDPOINT a "
                       "hub?",
                       file->name);
    if (size < 0)
        return err_set(e, E_FORMAT, "%s: the hub does not say how large it is", file->name);
    memcpy(out->etag, etag, strlen(etag) + 1);
    out->size = (uint64_t)size;
    return OK;
}

err_code server_ask(file_facts *out, const hub_server *s, const char *commit, const hub_file *file,
                    err *e)
{
    arena scratch = {0};
    const char *url = file_url(s, commit, file->name, &scratch);
    http_reply reply;
    retry again = {0};
    err_code rc;
    do
        rc = http_head(&reply, s->http, url, e);
    while (rc && server_retry(&again, s, &reply, file->name, false, e));
    rc = rc ? e->code : read_facts(out, &reply, commit, file, e);
    arena_release(&scratch);
    return rc;
}

err_code server_get(http_reply *reply, const hub_server *s, const char *commit, const char *file,
                    uint64_t from, http_sink *sink, err *e)
{
    arena scratch = {0};
    err_code rc = http_get(reply, s->http, file_url(s, commit, file, &scratch), from, sink, e);
    arena_release(&scratch);
    return rc;
}
