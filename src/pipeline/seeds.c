/* Runs one by one: each takes all threads, and all share one cache. */
#include "pipeline/seeds.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/output_folder.h"
#include "compare/report.h"
#include "pipeline/templates.h"
#include "pipeline/version.h"
#include "site/index.h"
#include <string.h>

/* Of the files and folders that such a set of runs holds. */
static bool is_ours(const char *name)
{
    static const char *const names[] = {"stability", "stability.unfinished", "index.html",
                                        "README.md", "index.json",           "index.csv",
                                        "assets",    ".saeinv-cache",        "stability.lock"};
    if (!strncmp(name, "seed-", 5) && strspn(name + 5, "0123456789"))
        return true;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        if (!strcmp(name, names[i]))
            return true;
    return false;
}

static err_code check_place(const run_places *places, arena *a, err *e)
{
    char **names;
    int n;
    if (!io_exists(places->out))
        return OK;
    if (!io_is_dir(places->out))
        return err_set(e, E_USAGE, "%s: not a folder", places->out);
    err_code rc = io_list(&names, &n, places->out, a, e);
    for (int i = 0; i < n && !rc; i++) {
        if (!is_ours(names[i]))
            rc = err_set(e, E_USAGE,
                         "%s: holds %s, which is not of a set of runs with several seeds: choose "
                         "another --out",
                         places->out, names[i]);
        else if (!strcmp(names[i], "stability") && !places->force)
            rc = err_set(e, E_USAGE,
                         "%s: holds a finished set of runs: choose another --out, or give --force "
                         "to replace it",
                         places->out);
    }
    return rc;
}

/* What was finished before a Ctrl-C is made again out of the cache, which takes seconds. */
static err_code run_one(const run_config *c, const run_places *places, const char *out, int index,
                        int n, reporter *r, err *e)
{
    run_config *own = mem_small(1, sizeof *own);
    *own = *c;
    own->run.seed = c->run.seed + index;
    run_places where = {.out = out, .force = true, .templates = places->templates};
    report_line(r, "seed %lld, run %d of %d", (long long)own->run.seed, index + 1, n);
    err_code rc = pipeline_run(own, &where, r, e);
    if (rc)
        err_context(e, "seed %lld", (long long)own->run.seed);
    mem_free(own);
    return rc;
}

static err_code put_together(const run_places *places, const char *const *folders, int n,
                             reporter *r, arena *a, err *e)
{
    loaded_templates templates;
    str summary = {0};
    bool same;
    index_counts counts;
    err_code rc = templates_load(&templates, places->templates, e);
    if (rc)
        return rc;
    compare_request compared = {.folders = folders,
                                .n = n,
                                .out = path_join(a, places->out, "stability"),
                                .force = true,
                                .templates = &templates.set,
                                .version = SAEINV_VERSION};
    index_request index = {
        .dir = places->out, .force = true, .templates = &templates.set, .version = SAEINV_VERSION};
    rc = compare_reports(&same, &summary, &compared, e);
    if (!rc)
        rc = index_write(&counts, &index, e);
    if (!rc)
        report_line(r, "%sindex      %s/index.html", str_text(&summary), places->out);
    str_release(&summary);
    templates_release(&templates);
    return rc;
}

err_code seeds_run(const run_config *c, const run_places *places, int n, reporter *r, err *e)
{
    arena a = {0};
    const char **folders = arena_push(&a, (size_t)n, sizeof *folders);
    output_folder place = output_folder_at(places->out, &a);
    err_code rc = output_folder_take(&place, e);
    if (!rc)
        rc = check_place(places, &a, e);
    if (!rc)
        rc = io_make_dir(places->out, e);
    for (int i = 0; i < n && !rc; i++) {
        folders[i] = arena_printf(&a, "%s/seed-%lld", places->out, (long long)c->run.seed + i);
        rc = run_one(c, places, folders[i], i, n, r, e);
    }
    if (!rc)
        rc = put_together(places, folders, n, r, &a, e);
    file_lock_remove(&place.lock); /* it grew in its place: each seed is whole or not there */
    arena_release(&a);
    return rc;
}
