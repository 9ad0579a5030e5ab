/* The store's files, and who may write them. A draft is the file of another kind. */
#include "pipeline/kept.h"
#include "base/io.h"
#include "pipeline/store.h"
#include <string.h>

static bool may_use(const study *s)
{
    return s->cache_dir && s->config->collect.use_cached_data;
}

static bool may_keep(const study *s)
{
    return s->cache_dir && s->config->collect.cache_data;
}

static void look(kept *k, reporter *r)
{
    str_clear(&k->payload);
    k->found = store_load(&k->payload, k->study->cache_dir, k->kind, k->key, r);
}

/* Groups of one stage follow one another: one line is enough. */
static void say_waiting(study *s, const char *kind)
{
    if (!s->waited_for || strcmp(s->waited_for, kind) != 0)
        report_line(s->reporter, "%-10s waiting for another run, which works on the same in %s",
                    kind, s->cache_dir);
    s->waited_for = kind;
}

/* Safe when it is held already. */
static err_code hold(kept *k, err *e)
{
    study *s = k->study;
    if (k->lock.held)
        return OK;
    str_clear(&k->lock_path);
    store_name_lock(&k->lock_path, s->cache_dir, k->kind, k->key);
    err_code rc = io_make_dir(s->cache_dir, e);
    if (!rc)
        rc = file_lock_try(&k->lock, k->lock_path.data, e);
    if (!rc && !k->lock.held) {
        say_waiting(s, k->kind);
        rc = file_lock_wait(&k->lock, k->lock_path.data, e);
    }
    return rc != E_IO ? rc
                      : err_context(e,
                                    "nothing can be kept in %s (choose another collect.cache_dir, "
                                    "or set collect.cache_data=false)",
                                    s->cache_dir);
}

err_code kept_find(kept *k, study *s, const char *kind, const char *key, err *e)
{
    *k = (kept){.study = s, .kind = kind};
    memcpy(k->key, key, sizeof k->key);
    if (!may_use(s))
        return OK;
    look(k, may_keep(s) ? NULL : s->reporter);
    if (k->found || !may_keep(s))
        return OK;
    err_code rc = hold(k, e);
    if (!rc)
        look(k, s->reporter); /* another run may have finished it since */
    if (k->found)
        file_lock_remove(&k->lock);
    return rc;
}

/* ---- drafts ------------------------------------------------------------------------------------
 */

/* "collect-draft", in the arena. */
static const char *draft_kind(const kept *k)
{
    return arena_printf(&k->study->memory, "%s-draft", k->kind);
}

static err_code keep_draft(draft *d, err *e)
{
    kept *k = (kept *)d;
    err_code rc = hold(k, e);
    return rc ? rc : store_save(k->study->cache_dir, draft_kind(k), k->key, &d->state, e);
}

draft *kept_draft(kept *k)
{
    enum { SECONDS_BETWEEN = 60 };
    study *s = k->study;
    str path = {0};
    store_name_file(&path, s->cache_dir ? s->cache_dir : "", draft_kind(k), k->key);
    k->draft.name = str_into(&path, &s->memory);
    k->draft.every = SECONDS_BETWEEN;
    k->draft.keep = may_keep(s) ? keep_draft : NULL;
    if (may_use(s) && store_load(&k->draft.state, s->cache_dir, draft_kind(k), k->key, s->reporter))
        report_line(s->reporter, "%-10s goes on where an earlier run was stopped", k->kind);
    return &k->draft;
}

str *kept_room(kept *k)
{
    str_clear(&k->payload);
    return may_keep(k->study) ? &k->payload : NULL;
}

err_code kept_save(kept *k, err *e)
{
    err_code rc = hold(k, e);
    if (!rc)
        rc = store_save(k->study->cache_dir, k->kind, k->key, &k->payload, e);
    if (!rc && k->draft.keep)
        store_remove(k->study->cache_dir, draft_kind(k), k->key);
    return rc;
}

void kept_close(kept *k)
{
    file_lock_remove(&k->lock);
    str_release(&k->lock_path);
    str_release(&k->payload);
    str_release(&k->draft.state);
    k->found = false;
}
