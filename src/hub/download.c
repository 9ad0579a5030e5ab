/* From the hub to blobs/ETAG, by way of blobs/ETAG.incomplete.
 *
 * A blob is named by the hash of its bytes (SHA-256 for large files, git's SHA-1 for small ones),
 * so going on with a partial file needs no other proof that both halves are of one file: the hash
 * of the whole is checked. A blob with a name that is no hash is fetched in one piece or again. */
#include "hub/download.h"
#include "hub/sha1.h"
#include "hub/store.h"
#include "base/file_lock.h"
#include "base/io.h"
#include "base/sha256.h"
#include <string.h>

enum { REAL_PROGRESS = 1 << 20 }; /* bytes after which earlier failures are forgotten */

typedef enum { NO_HASH, GIT_SHA1, SHA256 } hash_kind;

typedef struct blob_hash {
    hash_kind kind;
    sha1 git;
    sha256 large;
} blob_hash;

/* One blob while it comes. */
typedef struct transfer {
    const download *d;
    const hub_file *file;
    const file_facts *facts;
    partial part;
    blob_hash hash;
    progress bar;
    uint64_t asked_from;
    bool resumed; /* part of it is of an earlier run, or of an earlier request */
    bool refused; /* the transfer was ended here: *e is ours, and trying again is no use */
    err *e;
} transfer;

/* ---- hashes -----------------------------------------------------------------------------------
 */

static void hash_start(blob_hash *h, const file_facts *facts)
{
    size_t n = strlen(facts->etag);
    bool hex = strspn(facts->etag, "0123456789abcdef") == n;
    h->kind = hex && n == SHA256_HEX - 1 ? SHA256 : hex && n == SHA1_HEX - 1 ? GIT_SHA1 : NO_HASH;
    sha256_start(&h->large);
    sha1_start(&h->git);
    char header[40]; /* git hashes "blob SIZE" and a NUL before the bytes */
    int length = snprintf(header, sizeof header, "blob %llu", (unsigned long long)facts->size);
    sha1_add(&h->git, header, (size_t)length + 1);
}

static void hash_add(void *context, const void *data, size_t n)
{
    blob_hash *h = context;
    if (h->kind == SHA256)
        sha256_add(&h->large, data, n);
    else if (h->kind == GIT_SHA1)
        sha1_add(&h->git, data, n);
}

static bool hash_is(blob_hash *h, const char *etag)
{
    char hex[SHA256_HEX];
    if (h->kind == SHA256)
        sha256_finish(&h->large, hex);
    else if (h->kind == GIT_SHA1)
        sha1_finish(&h->git, hex);
    return h->kind == NO_HASH || !strcmp(hex, etag);
}

/* ---- the body ---------------------------------------------------------------------------------
 */

static err_code start_over(transfer *t, err *e)
{
    hash_start(&t->hash, t->facts);
    t->resumed = false;
    return partial_clear(&t->part, e);
}

/* An ETag of the same kind as the blob's name must be the blob's name. (Stores behind a redirect
 * have ETags of their own, which say nothing here.) */
static bool is_other_file(const http_reply *reply, const char *etag)
{
    return !reply->elsewhere && strlen(reply->etag) == strlen(etag) &&
           reply->etag[strspn(reply->etag, "0123456789abcdef")] == '\0' &&
           strcmp(reply->etag, etag) != 0;
}

/* Does the answer fit what was asked? */
static err_code check_answer(const transfer *t, const http_reply *reply, uint64_t from, err *e)
{
    uint64_t size = t->facts->size;
    if (reply->status == 206 &&
        (reply->start != (int64_t)from || (reply->total >= 0 && reply->total != (int64_t)size)))
        return err_set(e, E_FORMAT, "%s: the server sends another part than the one asked for",
                       t->file->name);
    if (is_other_file(reply, t->facts->etag))
        return err_set(e, E_FORMAT, "%s: the server sends another file than the one it named",
                       t->file->name);
    if (reply->length >= 0 && (uint64_t)reply->length != size - from)
        return err_set(e, E_FORMAT, "%s: the server announces %lld bytes where %llu are missing",
                       t->file->name, (long long)reply->length, (unsigned long long)(size - from));
    return OK;
}

static bool begin_body(void *context, const http_reply *reply)
{
    transfer *t = context;
    uint64_t from = reply->status == 206 ? t->asked_from : 0;
    t->refused = check_answer(t, reply, from, t->e) != OK ||
                 (!from && t->part.size && start_over(t, t->e) != OK);
    return !t->refused;
}

static bool take_body(void *context, const void *data, size_t n)
{
    transfer *t = context;
    if (n > t->facts->size - t->part.size) {
        err_set(t->e, E_FORMAT, "%s: the server sends more than the %llu bytes it named",
                t->file->name, (unsigned long long)t->facts->size);
        t->refused = true;
        return false;
    }
    hash_add(&t->hash, data, n);
    t->refused = partial_append(&t->part, data, n, t->e) != OK;
    progress_step(&t->bar, (long)t->part.size, NULL);
    return !t->refused;
}

/* Until the partial file is whole, or there is no point in trying. */
static err_code fetch_body(transfer *t, err *e)
{
    http_sink sink = {begin_body, take_body, t};
    retry again = {0};
    http_reply reply;
    while (t->part.size < t->facts->size) {
        if (t->hash.kind == NO_HASH && t->part.size && start_over(t, e))
            return e->code;
        uint64_t before = t->asked_from = t->part.size;
        t->resumed = t->resumed || before > 0;
        err_code rc =
            server_get(&reply, t->d->server, t->d->commit, t->file->name, before, &sink, e);
        if (!rc && t->part.size < t->facts->size) { /* no Content-Length, and then the end */
            rc = err_set(e, E_IO, "the connection ended too early");
            reply.retry = true;
        }
        if (rc && t->refused)
            return e->code;
        bool progressed = t->part.size > before && t->part.size - before >= REAL_PROGRESS;
        if (rc && !server_retry(&again, t->d->server, &reply, t->file->name, progressed, e))
            return e->code;
    }
    return OK;
}

/* Goes on with what is there; when the hash of two halves is wrong, once more from the start. */
static err_code complete(transfer *t, err *e)
{
    hash_start(&t->hash, t->facts);
    if (t->part.size > t->facts->size && partial_clear(&t->part, e))
        return e->code;
    t->resumed = t->part.size > 0;
    err_code rc = partial_read(&t->part, hash_add, &t->hash, e);
    if (rc || (rc = fetch_body(t, e)))
        return rc;
    if (hash_is(&t->hash, t->facts->etag))
        return OK;
    if (t->resumed) {
        report_warning(t->d->server->reporter,
                       "%s: what was there before does not fit; once more "
                       "from the start",
                       t->file->name);
        if ((rc = start_over(t, e)) || (rc = fetch_body(t, e)))
            return rc;
        if (hash_is(&t->hash, t->facts->etag))
            return OK;
    }
    if ((rc = partial_clear(&t->part, e)))
        return rc;
    return err_set(e, E_FORMAT, "%s: its hash is not %s; it was damaged on the way and is not kept",
                   t->file->name, t->facts->etag);
}

static err_code check_space(const transfer *t, const char *dir, err *e)
{
    uint64_t room;
    char need[SIZE_TEXT], have[SIZE_TEXT];
    err_code rc = store_free_bytes(&room, dir, e);
    if (rc || t->part.size >= t->facts->size || t->facts->size - t->part.size <= room)
        return rc;
    return err_set(e, E_IO,
                   "%s needs %s, but only %s are free in %s; make room, or choose another "
                   "place with --cache-dir or HF_HUB_CACHE",
                   t->file->name, size_text(need, (int64_t)(t->facts->size - t->part.size)),
                   size_text(have, (int64_t)room), dir);
}

static err_code say_what_is_kept(const transfer *t, err *e)
{
    char kept[SIZE_TEXT], whole[SIZE_TEXT];
    return err_set(e, E_CANCELLED,
                   "stopped; %s of %s of %s are kept, and the same command goes on "
                   "from there",
                   size_text(kept, (int64_t)t->part.size),
                   size_text(whole, (int64_t)t->facts->size), t->file->name);
}

static err_code fetch_blob(const download *d, const hub_file *file, const file_facts *facts,
                           const char *blobs, const char *blob, err *e)
{
    arena scratch = {0};
    const char *name = strrchr(file->name, '/');
    transfer t = {.d = d, .file = file, .facts = facts, .part = {.fd = -1}, .e = e};
    err_code rc = partial_open(&t.part, arena_printf(&scratch, "%s.incomplete", blob), e);
    if (!rc)
        rc = check_space(&t, blobs, e);
    if (!rc) {
        t.bar =
            progress_start(d->server->reporter, name ? name + 1 : file->name, (long)facts->size);
        rc = complete(&t, e);
        progress_end(&t.bar);
    }
    if (rc == E_CANCELLED)
        rc = say_what_is_kept(&t, e);
    if (!rc)
        rc = partial_finish(&t.part, blob, e);
    partial_close(&t.part);
    arena_release(&scratch);
    return rc;
}

/* ---- the snapshot -----------------------------------------------------------------------------
 */

static const char *pointer_path(const download *d, const char *name, arena *a)
{
    return arena_printf(a, "%s/snapshots/%s/%s", d->repo_dir, d->commit, name);
}

static bool has_size(const char *path, int64_t size)
{
    uint64_t found;
    return store_file_size(&found, path) && (size < 0 || found == (uint64_t)size);
}

bool download_present(const download *d, const hub_file *file)
{
    arena scratch = {0};
    bool found = has_size(pointer_path(d, file->name, &scratch), file->size);
    arena_release(&scratch);
    return found;
}

/* "../../blobs/ETAG", one step further up for each folder in the name. */
static err_code link_blob(const download *d, const char *name, const char *etag, const char *blob,
                          arena *a, err *e)
{
    const char *pointer = pointer_path(d, name, a);
    str target = {0};
    for (const char *p = strchr(name, '/'); p; p = strchr(p + 1, '/'))
        str_add(&target, "../");
    str_addf(&target, "../../blobs/%s", etag);
    const char *dir = arena_strndup(a, pointer, (size_t)(strrchr(pointer, '/') - pointer));
    err_code rc = io_make_dir(dir, e);
    if (!rc)
        rc = store_link(pointer, str_text(&target), blob, e);
    str_release(&target);
    return rc;
}

/* Everything that must not happen twice at once. */
static err_code fetch_locked(bool *fetched, const download *d, const hub_file *file,
                             const file_facts *facts, arena *a, err *e)
{
    const char *blobs = path_join(a, d->repo_dir, "blobs"),
               *blob = path_join(a, blobs, facts->etag);
    *fetched = !has_size(blob, (int64_t)facts->size);
    err_code rc = *fetched ? fetch_blob(d, file, facts, blobs, blob, e) : OK;
    return rc ? rc : link_blob(d, file->name, facts->etag, blob, a, e);
}

/* The lock that other programs take too; they leave its file, and so is it left here. */
static err_code lock_blob(file_lock *lock, const download *d, const hub_file *file,
                          const file_facts *facts, arena *a, err *e)
{
    const char *path = arena_printf(a, "%s/%s.lock", d->locks_dir, facts->etag);
    err_code rc = file_lock_try(lock, path, e);
    if (rc || lock->held)
        return rc;
    report_detail(d->server->reporter, "%s: waiting for another fetch of it", file->name);
    return file_lock_wait(lock, path, e);
}

err_code download_file(bool *fetched, const download *d, const hub_file *file, err *e)
{
    arena scratch = {0};
    file_facts facts;
    file_lock lock = {0};
    *fetched = false;
    err_code rc = server_ask(&facts, d->server, d->commit, file, e);
    if (!rc && has_size(pointer_path(d, file->name, &scratch), (int64_t)facts.size))
        goto out;
    if (rc || (rc = io_make_dir(path_join(&scratch, d->repo_dir, "blobs"), e)) ||
        (rc = io_make_dir(d->locks_dir, e)) ||
        (rc = lock_blob(&lock, d, file, &facts, &scratch, e)))
        goto out;
    rc = fetch_locked(fetched, d, file, &facts, &scratch, e);
    file_lock_release(&lock);
out:
    arena_release(&scratch);
    return rc;
}
