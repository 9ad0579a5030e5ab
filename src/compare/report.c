/* Two folders in, one folder out. */
#include "compare/report.h"
#include "base/io.h"
#include "base/output_folder.h"
#include "base/json.h"
#include "compare/pages.h"
#include "compare/relative.h"
#include "compare/tables.h"

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
    if (!rc && (version < RECORD_OLDEST || version > RECORD_SCHEMA)) {
        err ignored;
        if (json_string(&maker, run, "tool_version", path, &ignored))
            maker = "another version";
        rc = err_set(
            e, E_FORMAT,
            "%s: its files have schema %lld and this program reads schema %d to %d; it was made by "
            "saeinv %.40s. %s",
            dir, (long long)version, RECORD_OLDEST, RECORD_SCHEMA, maker,
            version < RECORD_OLDEST
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

static err_code check_place(const output_folder *out, bool force, arena *a, err *e)
{
    return output_folder_check(out, is_comparison(out->path, a), force, "a comparison",
                               "an earlier comparison", e);
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

static err_code write_report(const comparison *c, const output_folder *out,
                             const compare_request *request, arena *a, err *e)
{
    const char *unfinished = out->unfinished;
    compared_names names;
    err_code rc = io_make_dir(unfinished, e);
    if (!rc)
        rc = relative_path(&names.a, unfinished, request->a, a, e);
    if (!rc)
        rc = relative_path(&names.b, unfinished, request->b, a, e);
    if (!rc)
        rc = write_all(unfinished, c, &names, request, e);
    return output_folder_finish(out, rc, e);
}

err_code compare_reports(bool *same, str *summary, const compare_request *request, err *e)
{
    arena memory = {0};
    record a, b;
    comparison c;
    output_folder out = {0};
    if (request->out)
        out = output_folder_at(request->out, &memory);
    err_code rc = out.path ? check_place(&out, request->force, &memory, e) : OK;
    if (!rc)
        rc = read_report(&a, &memory, request->a, e);
    if (!rc)
        rc = read_report(&b, &memory, request->b, e);
    if (!rc) {
        comparison_make(&c, &a, &b, request->tolerance, &memory);
        const char *limits = comparison_limits(&c, &memory);
        *same = c.same;
        str_addf(summary, "%s\n%s%s", comparison_verdict(&c, &memory), limits, *limits ? "\n" : "");
        if (out.path)
            rc = write_report(&c, &out, request, &memory, e);
    }
    if (!rc && out.path)
        str_addf(summary, "comparison %s/index.html\n", out.path);
    arena_release(&memory);
    return rc;
}
