/* From a report folder to a folder in another program's format. */
#include "export/export.h"
#include "base/io.h"
#include "base/output_folder.h"
#include "export/check.h"
#include "export/formats.h"
#include "results/visible.h"
#include <string.h>

static const struct {
    const char *name; /* as README.md begins, by which an earlier export is known */
    export_writer *write;
} formats[EXPORT_FORMATS] = {
    [EXPORT_NEURONPEDIA] = {"Neuronpedia bulk import", export_neuronpedia},
    [EXPORT_SAEDASHBOARD] = {"SAEDashboard batches", export_saedashboard},
    [EXPORT_DELPHI] = {"delphi results", export_delphi},
};
static const char HEADING[] = "# Written by saeinv export: ";

static bool is_export(const char *dir, arena *a)
{
    enum { LONGEST_README = 1 << 20 };
    str text = {0};
    err ignored;
    bool is = !io_read(&text, path_join(a, dir, "README.md"), LONGEST_README, &ignored) &&
              !strncmp(str_text(&text), HEADING, sizeof HEADING - 1);
    str_release(&text);
    return is;
}

static err_code take_place(output_folder *out, bool force, arena *a, err *e)
{
    err_code rc = output_folder_take(out, e);
    return rc ? rc
              : output_folder_check(out, is_export(out->path, a), force, "an export",
                                    "an earlier export", e);
}

/* One line of the record's that may hold anything. */
static void add_fact(str *out, const char *name, const char *text)
{
    str_addf(out, "    %-8s", name);
    if (text)
        visible_add(out, text, strlen(text), VISIBLE_PROSE);
    str_add_char(out, '\n');
}

static err_code write_readme(const char *dir, const record *r, export_format format,
                             const char *notes, arena *a, err *e)
{
    str text = {0};
    str_addf(&text, "%s%s\n\n", HEADING, formats[format].name);
    add_fact(&text, "run", r->run.title);
    add_fact(&text, "model", r->run.model.source);
    add_fact(&text, "SAE", r->run.sae.source);
    add_fact(&text, "hook", r->run.sae.hook);
    add_fact(&text, "data", r->run.data.source);
    str_addf(&text,
             "\n%d features of %d: those that the report has a page of. What is worth "
             "knowing:\n\n%s",
             r->n_targets, r->n_features, notes);
    err_code rc = io_write(path_join(a, dir, "README.md"), text.data, text.len, e);
    str_release(&text);
    return rc;
}

static err_code write_all(str *summary, const char *dir, const record *r, const char *report,
                          const export_options *o, arena *a, err *e)
{
    export_names names;
    record_volatile times;
    str notes = {0};
    err_code rc = record_read_volatile(&times, a, report, e);
    if (!rc)
        rc = export_names_make(&names, r, times.started, o, a, e);
    if (!rc && !r->n_targets)
        rc = err_set(e, E_DATA, "%s: the report describes no feature; there is nothing to export",
                     report);
    if (!rc)
        rc = export_check(r, report, e);
    if (!rc)
        rc = io_remove_tree(dir, e);
    if (!rc)
        rc = io_make_dir(dir, e);
    if (!rc)
        rc = formats[o->format].write(dir, r, &names, &notes, e);
    if (!rc)
        rc = write_readme(dir, r, o->format, str_text(&notes), a, e);
    if (!rc)
        str_addf(summary, "%s: %d features of %s, %s\n%s", formats[o->format].name, r->n_targets,
                 names.model, names.source, str_text(&notes));
    str_release(&notes);
    return rc;
}

err_code export_report(str *summary, const char *report, const char *out, const export_options *o,
                       err *e)
{
    arena a = {0};
    record r;
    output_folder place = output_folder_at(out, &a);
    err_code rc = take_place(&place, o->force, &a, e);
    if (!rc)
        rc = record_read(&r, &a, report, e);
    if (!rc)
        rc = write_all(summary, place.unfinished, &r, report, o, &a, e);
    rc = output_folder_finish(&place, rc, e);
    arena_release(&a);
    return rc;
}
