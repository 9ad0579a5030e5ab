/* Folders in, one folder out. */
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

static err_code take_place(output_folder *out, bool force, arena *a, err *e)
{
    err_code rc = output_folder_take(out, e);
    return rc ? rc
              : output_folder_check(out, is_comparison(out->path, a), force, "a comparison",
                                    "an earlier comparison", e);
}

/* Writes the pages and tables of what was compared into an empty folder. */
typedef err_code writer(const char *dir, const void *what, const compare_request *request, arena *a,
                        err *e);

static err_code write_pair(const char *dir, const void *what, const compare_request *request,
                           arena *a, err *e)
{
    compared_names names;
    err_code rc = relative_path(&names.a, dir, request->folders[0], a, e);
    if (!rc)
        rc = relative_path(&names.b, dir, request->folders[1], a, e);
    if (!rc)
        rc = comparison_write(dir, what, &names, e);
    return rc ? rc : compare_pages(dir, what, &names, request->templates, request->version, e);
}

static err_code write_several(const char *dir, const void *what, const compare_request *request,
                              arena *a, err *e)
{
    const char **names = arena_push(a, (size_t)request->n, sizeof *names);
    err_code rc = OK;
    for (int i = 0; i < request->n && !rc; i++)
        rc = relative_path(&names[i], dir, request->folders[i], a, e);
    if (!rc)
        rc = stability_write(dir, what, names, e);
    return rc ? rc : stability_pages(dir, what, names, request->templates, request->version, e);
}

/* What an earlier, killed comparison left in the unfinished folder goes. */
static err_code write_report(writer *write, const void *what, const output_folder *out,
                             const compare_request *request, arena *a, err *e)
{
    const char *dir = out->unfinished;
    err_code rc = io_remove_tree(dir, e);
    if (!rc)
        rc = io_make_dir(dir, e);
    if (!rc)
        rc = write(dir, what, request, a, e);
    if (!rc)
        rc = record_write_manifest(dir, e);
    return rc;
}

/* Fills summary and *same; the comparison is in `a`. */
static err_code compare_two(bool *same, str *summary, const record *runs, const output_folder *out,
                            const compare_request *request, arena *a, err *e)
{
    comparison *c = arena_push(a, 1, sizeof *c);
    comparison_make(c, &runs[0], &runs[1], request->tolerance, a);
    const char *limits = comparison_limits(c, a);
    *same = c->same;
    str_addf(summary, "%s\n%s%s", comparison_verdict(c, a), limits, *limits ? "\n" : "");
    return out->path ? write_report(write_pair, c, out, request, a, e) : OK;
}

static err_code compare_more(bool *same, str *summary, const record *runs, const output_folder *out,
                             const compare_request *request, arena *a, err *e)
{
    stability *s = arena_push(a, 1, sizeof *s);
    const record **list = arena_push(a, (size_t)request->n, sizeof *list);
    for (int i = 0; i < request->n; i++)
        list[i] = &runs[i];
    stability_make(s, list, request->n, request->tolerance, a);
    *same = s->same;
    str_addf(summary, "%s\n%s%s", stability_verdict(s, a), s->limits, *s->limits ? "\n" : "");
    return out->path ? write_report(write_several, s, out, request, a, e) : OK;
}

err_code compare_reports(bool *same, str *summary, const compare_request *request, err *e)
{
    arena memory = {0};
    output_folder out = {0};
    record *runs = arena_push(&memory, (size_t)request->n, sizeof *runs);
    if (request->out)
        out = output_folder_at(request->out, &memory);
    err_code rc = out.path ? take_place(&out, request->force, &memory, e) : OK;
    for (int i = 0; i < request->n && !rc; i++)
        rc = read_report(&runs[i], &memory, request->folders[i], e);
    if (!rc)
        rc = (request->n == 2 ? compare_two : compare_more)(same, summary, runs, &out, request,
                                                            &memory, e);
    rc = output_folder_finish(&out, rc, e);
    if (!rc && out.path)
        str_addf(summary, "comparison %s/index.html\n", out.path);
    arena_release(&memory);
    return rc;
}
