/* Two folders in, one folder out. */
#include "compare/report.h"
#include "base/io.h"
#include "base/json.h"
#include "compare/pages.h"
#include "compare/relative.h"
#include "compare/tables.h"
#include <string.h>

enum { RUN_FILE_LIMIT = 16 << 20 };

/* A reader's message would be right and of no help: what made the report is known. */
static err_code check_schema(const char *dir, arena *a, err *e)
{
    int64_t version;
    const char *maker = "", *path = path_join(a, dir, "run.json");
    cJSON *run = NULL;
    if (!io_exists(path))
        return err_set(e, E_IO, "%s: not a report of saeinv: it has no run.json", dir);
    err_code rc = json_read(&run, path, RUN_FILE_LIMIT, e);
    if (!rc)
        rc = json_int(&version, run, "schema", path, e);
    if (!rc && version != RECORD_SCHEMA) {
        err ignored;
        if (json_string(&maker, run, "tool_version", path, &ignored))
            maker = "another version";
        rc = err_set(
            e, E_FORMAT,
            "%s: its files have schema %lld and this program (which writes schema %d) reads "
            "no other; it was made by saeinv %.40s. %s",
            dir, (long long)version, RECORD_SCHEMA, maker,
            version < RECORD_SCHEMA
                ? "Make it again with this program (its command is in run.json), or "
                  "compare both with the program that made it"
                : "Compare with that program or a newer one");
    }
    cJSON_Delete(run);
    return rc;
}

static err_code read_report(record *out, arena *a, const char *dir, err *e)
{
    err_code rc = check_schema(dir, a, e);
    return rc ? rc : record_read(out, a, dir, e);
}

/* A comparison is known by its compare.json beside settings that only comparisons have. */
static bool is_comparison(const char *dir, arena *a)
{
    return io_exists(path_join(a, dir, "compare.json")) &&
           io_exists(path_join(a, dir, "data/settings.csv"));
}

static err_code check_place(const char *out, bool force, arena *a, err *e)
{
    if (!io_exists(out))
        return OK;
    if (!is_comparison(out, a))
        return err_set(e, E_USAGE,
                       "--out %s: exists and is not a comparison of saeinv; choose another folder",
                       out);
    return force ? OK
                 : err_set(e, E_USAGE,
                           "--out %s: holds an earlier comparison; add --force to replace it, or "
                           "choose another folder",
                           out);
}

static err_code write_all(const char *dir, const comparison *c, const compared_names *names,
                          const compare_request *request, err *e)
{
    err_code rc = io_remove_tree(dir, e);
    if (!rc)
        rc = comparison_write(dir, c, names, e);
    if (!rc)
        rc = compare_pages(dir, c, names, request->templates, request->version, e);
    if (!rc)
        rc = record_write_manifest(dir, e);
    return rc;
}

static err_code write_report(const comparison *c, const char *out, const compare_request *request,
                             arena *a, err *e)
{
    const char *unfinished = arena_printf(a, "%s.unfinished", out);
    compared_names names;
    err_code rc = io_make_dir(unfinished, e);
    if (!rc)
        rc = relative_path(&names.a, unfinished, request->a, a, e);
    if (!rc)
        rc = relative_path(&names.b, unfinished, request->b, a, e);
    if (!rc)
        rc = write_all(unfinished, c, &names, request, e);
    if (!rc)
        rc = io_replace_dir(unfinished, out, e);
    err ignored;
    if (rc && io_exists(unfinished))
        io_remove_tree(unfinished, &ignored); /* the first error is the one to tell */
    return rc;
}

err_code compare_reports(bool *same, str *summary, const compare_request *request, err *e)
{
    arena memory = {0};
    record a, b;
    comparison c;
    char *out = request->out ? arena_strdup(&memory, request->out) : NULL;
    for (size_t n = out ? strlen(out) : 0; n > 1 && out[n - 1] == '/'; n--)
        out[n - 1] = '\0';
    err_code rc = out ? check_place(out, request->force, &memory, e) : OK;
    if (!rc)
        rc = read_report(&a, &memory, request->a, e);
    if (!rc)
        rc = read_report(&b, &memory, request->b, e);
    if (!rc) {
        comparison_make(&c, &a, &b, request->tolerance, &memory);
        const char *limits = comparison_limits(&c, &memory);
        *same = c.same;
        str_addf(summary, "%s\n%s%s", comparison_verdict(&c, &memory), limits, *limits ? "\n" : "");
        if (out)
            rc = write_report(&c, out, request, &memory, e);
    }
    if (!rc && out)
        str_addf(summary, "comparison %s/index.html\n", out);
    arena_release(&memory);
    return rc;
}
