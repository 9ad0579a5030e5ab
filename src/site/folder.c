/* A folder of reports: read from disk, written as index.json and index.csv. */
#include "site/folder.h"
#include "base/io.h"
#include "base/json.h"
#include "base/memory.h"
#include "draw/csv.h"
#include "results/visible.h"
#include <string.h>

enum { INDEX_SCHEMA = 1, COMPARISON_LIMIT = 16 << 20, INDEX_LIMIT = 64 << 20 };

static const char INDEX_KIND[] = "saeinv index";

static bool is_comparison(const char *folder)
{
    arena a = {0};
    bool is = io_exists(path_join(&a, folder, "compare.json")) &&
              io_exists(path_join(&a, folder, "data/settings.csv"));
    arena_release(&a);
    return is;
}

static folder_comparison read_comparison(arena *a, const char *folder, const char *name)
{
    err ignored;
    cJSON *object = NULL;
    folder_comparison c = {.name = arena_strdup(a, name),
                           .verdict = "its compare.json cannot be read",
                           .has_page = io_exists(path_join(a, folder, "index.html"))};
    if (!json_read(&object, path_join(a, folder, "compare.json"), COMPARISON_LIMIT, &ignored)) {
        const cJSON *verdict = json_member(object, "verdict");
        if (cJSON_IsString(verdict))
            c.verdict = arena_strdup(a, verdict->valuestring);
        cJSON_Delete(object);
    }
    return c;
}

/* DIR's index.json, or NULL where there is none of ours. Owner: caller. */
static cJSON *read_index_json(const char *dir)
{
    arena a = {0};
    err ignored;
    cJSON *object = NULL;
    const char *path = path_join(&a, dir, "index.json");
    if (io_exists(path) && !json_read(&object, path, INDEX_LIMIT, &ignored)) {
        const cJSON *kind = json_member(object, "kind");
        if (!cJSON_IsString(kind) || strcmp(kind->valuestring, INDEX_KIND)) {
            cJSON_Delete(object);
            object = NULL;
        }
    }
    arena_release(&a);
    return object;
}

bool folder_has_index(const char *dir)
{
    cJSON *object = read_index_json(dir);
    cJSON_Delete(object);
    return object != NULL;
}

static bool is_whole(const cJSON *run)
{
    const cJSON *state = json_member(run, "state");
    return cJSON_IsString(state) && !strcmp(state->valuestring, run_state_name(RUN_WHOLE));
}

/* Whether the folder has an index of its own; then what that says. */
static bool read_index(folder_index *out, arena *a, const char *folder, const char *name)
{
    cJSON *object = read_index_json(folder);
    if (!object)
        return false;
    const cJSON *runs = json_member(object, "runs"),
                *comparisons = json_member(object, "comparisons");
    *out = (folder_index){.name = arena_strdup(a, name),
                          .n_runs = cJSON_GetArraySize(runs),
                          .n_comparisons = cJSON_GetArraySize(comparisons),
                          .verdict = "",
                          .has_page = io_exists(path_join(a, folder, "index.html"))};
    const cJSON *run;
    cJSON_ArrayForEach(run, runs)
        out->n_flagged += !is_whole(run);
    const cJSON *verdict =
        out->n_comparisons == 1 ? json_member(cJSON_GetArrayItem(comparisons, 0), "verdict") : NULL;
    if (cJSON_IsString(verdict))
        out->verdict = arena_strdup(a, verdict->valuestring);
    cJSON_Delete(object);
    return true;
}

err_code folder_read(report_folder *out, arena *a, const char *dir, err *e)
{
    char **names;
    int n;
    *out = (report_folder){0};
    err_code rc = io_list(&names, &n, dir, a, e);
    if (rc)
        return rc;
    out->runs = arena_push(a, (size_t)n + 1, sizeof *out->runs);
    out->comparisons = arena_push(a, (size_t)n + 1, sizeof *out->comparisons);
    out->indexes = arena_push(a, (size_t)n + 1, sizeof *out->indexes);
    out->others = arena_push(a, (size_t)n + 1, sizeof *out->others);
    for (int i = 0; i < n; i++) {
        const char *folder = path_join(a, dir, names[i]);
        if (names[i][0] == '.' || !strcmp(names[i], "assets") || !io_is_dir(folder))
            continue;
        if (is_comparison(folder))
            out->comparisons[out->n_comparisons++] = read_comparison(a, folder, names[i]);
        else if (run_is_report(dir, names[i]))
            run_summary_read(&out->runs[out->n_runs++], a, dir, names[i]);
        else if (read_index(&out->indexes[out->n_indexes], a, folder, names[i]))
            out->n_indexes++;
        else
            out->others[out->n_others++] = names[i];
    }
    return OK;
}

int folder_flagged(const report_folder *f)
{
    int n = 0;
    for (int i = 0; i < f->n_runs; i++)
        n += f->runs[i].state != RUN_WHOLE;
    return n;
}

const char **folder_figures(int *n, const report_folder *f, arena *a)
{
    int most = 0;
    *n = 0;
    for (int i = 0; i < f->n_runs; i++)
        most += f->runs[i].n_figures;
    const char **names = arena_push(a, (size_t)most + 1, sizeof *names);
    for (int i = 0; i < f->n_runs; i++)
        for (int k = 0; k < f->runs[i].n_figures; k++) {
            const char *name = f->runs[i].figures[k].name;
            int at = 0;
            while (at < *n && strcmp(names[at], name))
                at++;
            if (at == *n)
                names[(*n)++] = name;
        }
    return names;
}

/* ---- files for programs ---- */

/* Names of folders may hold any bytes. */
static void add_visible(cJSON *object, const char *key, const char *text)
{
    str shown = {0};
    visible_add(&shown, text, strlen(text), VISIBLE_PROSE);
    json_add_string(object, key, str_text(&shown));
    str_release(&shown);
}

static cJSON *add_entry(cJSON *list)
{
    cJSON *entry = cJSON_CreateObject();
    if (!entry || !cJSON_AddItemToArray(list, entry))
        err_die("out of memory making an index");
    return entry;
}

static void add_run(cJSON *list, const run_summary *run)
{
    cJSON *entry = add_entry(list);
    add_visible(entry, "name", run->name);
    json_add_string(entry, "state", run_state_name(run->state));
    add_visible(entry, "reason", run->reason);
    add_visible(entry, "title", run->title);
    add_visible(entry, "label", run->label);
    add_visible(entry, "model", run->model);
    add_visible(entry, "sae", run->sae);
    add_visible(entry, "hook", run->hook);
    add_visible(entry, "data", run->data);
    add_visible(entry, "seed", run->seed);
    add_visible(entry, "tool_version", run->version);
    cJSON *figures = json_add_object(entry, "figures");
    for (int i = 0; i < run->n_figures; i++)
        json_add_number(figures, run->figures[i].name, run->figures[i].value);
}

err_code folder_write_json(const char *dir, const report_folder *f, err *e)
{
    arena a = {0};
    cJSON *object = cJSON_CreateObject();
    json_add_number(object, "schema", INDEX_SCHEMA);
    json_add_string(object, "kind", INDEX_KIND);
    cJSON *runs = json_add_array(object, "runs");
    for (int i = 0; i < f->n_runs; i++)
        add_run(runs, &f->runs[i]);
    cJSON *comparisons = json_add_array(object, "comparisons");
    for (int i = 0; i < f->n_comparisons; i++) {
        cJSON *entry = add_entry(comparisons);
        add_visible(entry, "name", f->comparisons[i].name);
        add_visible(entry, "verdict", f->comparisons[i].verdict);
    }
    cJSON *indexes = json_add_array(object, "indexes");
    for (int i = 0; i < f->n_indexes; i++) {
        cJSON *entry = add_entry(indexes);
        add_visible(entry, "name", f->indexes[i].name);
        json_add_number(entry, "runs", f->indexes[i].n_runs);
        json_add_number(entry, "flagged", f->indexes[i].n_flagged);
        json_add_number(entry, "comparisons", f->indexes[i].n_comparisons);
        add_visible(entry, "verdict", f->indexes[i].verdict);
    }
    cJSON *others = json_add_array(object, "others");
    for (int i = 0; i < f->n_others; i++)
        add_visible(add_entry(others), "name", f->others[i]);
    err_code rc = json_write(path_join(&a, dir, "index.json"), object, e);
    cJSON_Delete(object);
    arena_release(&a);
    return rc;
}

static void add_cell(str *out, const char *text)
{
    str shown = {0};
    visible_add(&shown, text, strlen(text), VISIBLE_PROSE);
    csv_text(out, str_text(&shown));
    str_release(&shown);
}

err_code folder_write_csv(const char *dir, const report_folder *f, err *e)
{
    static const char *const columns[] = {"state", "reason", "title", "label", "model",
                                          "sae",   "hook",   "data",  "seed",  "tool_version"};
    arena a = {0};
    str out = {0};
    int n;
    const char **names = folder_figures(&n, f, &a);
    str_add(&out, "name");
    for (size_t i = 0; i < COUNT_OF(columns); i++)
        str_addf(&out, ",%s", columns[i]);
    for (int i = 0; i < n; i++) {
        csv_next(&out);
        add_cell(&out, names[i]);
    }
    csv_end(&out);
    for (int i = 0; i < f->n_runs; i++) {
        const run_summary *r = &f->runs[i];
        const char *const cells[] = {run_state_name(r->state),
                                     r->reason,
                                     r->title,
                                     r->label,
                                     r->model,
                                     r->sae,
                                     r->hook,
                                     r->data,
                                     r->seed,
                                     r->version};
        add_cell(&out, r->name);
        for (size_t k = 0; k < COUNT_OF(cells); k++) {
            csv_next(&out);
            add_cell(&out, cells[k]);
        }
        for (int k = 0; k < n; k++) {
            csv_next(&out);
            csv_number(&out, run_figure(r, names[k]));
        }
        csv_end(&out);
    }
    err_code rc = io_write(path_join(&a, dir, "index.csv"), str_text(&out), out.len, e);
    str_release(&out);
    arena_release(&a);
    return rc;
}
