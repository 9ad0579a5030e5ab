/* One report among others: its record where that can be read, else what run.json still tells. */
#include "results/run_summary.h"
#include "base/io.h"
#include "base/json.h"
#include <string.h>

static const char UNFINISHED[] = ".unfinished";
enum { SUMMARY_LIMIT = 16 << 20 };

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n > m && !strcmp(text + n - m, end);
}

bool run_is_report(const char *dir, const char *name)
{
    arena a = {0};
    const char *folder = path_join(&a, dir, name);
    bool is = io_is_dir(folder) &&
              (ends_with(name, UNFINISHED) || io_exists(path_join(&a, folder, "run.json")) ||
               (io_exists(path_join(&a, folder, "MANIFEST.sha256")) &&
                io_exists(path_join(&a, folder, "data/features.csv"))));
    arena_release(&a);
    return is;
}

const char *run_state_name(run_state state)
{
    static const char *const names[] = {"whole", "changed", "other schema", "damaged",
                                        "unfinished"};
    return names[state];
}

double run_figure(const run_summary *run, const char *name)
{
    for (int i = 0; i < run->n_figures; i++)
        if (!strcmp(run->figures[i].name, name))
            return run->figures[i].value;
    return (double)NAN;
}

/* ---- a record that could be read ---- */

static const char *keep(arena *a, const char *text)
{
    return arena_strdup(a, text ? text : "");
}

static void take_figures(run_summary *out, arena *a, const record *r, arena *scratch)
{
    const record_metric *list = record_headlines(&out->n_figures, r, scratch);
    out->figures = arena_push(a, (size_t)out->n_figures + 1, sizeof *out->figures);
    for (int i = 0; i < out->n_figures; i++)
        out->figures[i] = (record_metric){.name = keep(a, list[i].name),
                                          .value = list[i].value,
                                          .unit = keep(a, list[i].unit),
                                          .better = keep(a, list[i].better),
                                          .target = (double)NAN};
    out->rule_f1 = arena_push(a, (size_t)r->n_targets + 1, sizeof *out->rule_f1);
    for (int i = 0; i < r->n_targets; i++)
        if (isfinite(record_rule_f1(&r->targets[i])))
            out->rule_f1[out->n_rule_f1++] = record_rule_f1(&r->targets[i]);
}

static void take_record(run_summary *out, arena *a, const record *r, arena *scratch)
{
    const record_run *run = &r->run;
    out->title = keep(a, run->title);
    out->label = keep(a, run->label);
    out->model = keep(a, run->model.source);
    out->sae = keep(a, run->sae.source);
    out->hook = keep(a, run->sae.hook);
    out->data = keep(a, run->data.source);
    out->seed = keep(a, run->seed);
    out->version = keep(a, run->tool_version);
    out->n_prompts = run->data.n_prompts;
    out->n_tokens = (double)run->data.n_tokens;
    take_figures(out, a, r, scratch);
}

/* ---- what run.json and compare.json still tell ---- */

static const char *text_of(arena *a, const cJSON *object, const char *key)
{
    const cJSON *member = json_member(object, key);
    return cJSON_IsString(member) ? arena_strdup(a, member->valuestring) : "";
}

static double number_of(const cJSON *object, const char *key)
{
    const cJSON *member = json_member(object, key);
    return cJSON_IsNumber(member) ? member->valuedouble : (double)NAN;
}

static void take_run_json(run_summary *out, arena *a, const cJSON *run)
{
    const cJSON *model = json_member(run, "model"), *sae = json_member(run, "sae"),
                *data = json_member(run, "data");
    out->title = text_of(a, run, "title");
    out->label = text_of(a, run, "label");
    out->model = text_of(a, model, "source");
    out->sae = text_of(a, sae, "source");
    out->hook = text_of(a, sae, "hook");
    out->data = text_of(a, data, "source");
    out->seed = text_of(a, run, "seed");
    out->version = text_of(a, run, "tool_version");
    out->n_prompts = number_of(data, "n_prompts");
    out->n_tokens = number_of(data, "n_tokens");
}

static void take_compare_json(run_summary *out, arena *a, const cJSON *object)
{
    const cJSON *figure;
    out->figures = arena_push(a, (size_t)cJSON_GetArraySize(object) + 1, sizeof *out->figures);
    cJSON_ArrayForEach(figure, object)
        if (cJSON_IsObject(figure))
            out->figures[out->n_figures++] = (record_metric){.name = keep(a, figure->string),
                                                             .value = number_of(figure, "value"),
                                                             .unit = text_of(a, figure, "unit"),
                                                             .better = text_of(a, figure, "better"),
                                                             .target = (double)NAN};
}

/* The files that need not follow this version's schema to be of use. */
static void take_what_is_left(run_summary *out, arena *a, const char *folder)
{
    err ignored; /* why the report is not whole is already known */
    cJSON *object = NULL;
    arena paths = {0};
    if (!json_read(&object, path_join(&paths, folder, "run.json"), SUMMARY_LIMIT, &ignored)) {
        double schema = number_of(object, "schema");
        if (out->state == RUN_DAMAGED && isfinite(schema) &&
            !(schema >= RECORD_OLDEST && schema <= RECORD_SCHEMA)) {
            out->state = RUN_OTHER_SCHEMA;
            out->reason = arena_printf(a,
                                       "schema %.0f; this program reads schema %d to %d, so only "
                                       "run.json and compare.json were read: run it again, or "
                                       "use the version that wrote it",
                                       schema, RECORD_OLDEST, RECORD_SCHEMA);
        }
        take_run_json(out, a, object);
        cJSON_Delete(object);
    }
    object = NULL;
    if (!json_read(&object, path_join(&paths, folder, "compare.json"), SUMMARY_LIMIT, &ignored)) {
        take_compare_json(out, a, object);
        cJSON_Delete(object);
    }
    arena_release(&paths);
}

/* ---- the whole ---- */

/* The message without the report's own path, so that an index does not depend on how its folder
 * was named. */
static const char *without_folder(arena *a, const char *message, const char *folder)
{
    size_t n = strlen(folder);
    str out = {0};
    while (*message) {
        if (!strncmp(message, folder, n) && message[n] == '/')
            message += n + 1;
        else if (!strncmp(message, folder, n) && !strncmp(message + n, ": ", 2))
            message += n + 2;
        else
            str_add_char(&out, *message++);
    }
    return str_into(&out, a);
}

static void read_finished(run_summary *out, arena *a, const char *folder)
{
    arena scratch = {0};
    record r;
    err e;
    if (record_read(&r, &scratch, folder, &e)) {
        out->state = RUN_DAMAGED;
        out->reason = without_folder(a, e.text, folder);
        take_what_is_left(out, a, folder);
    } else {
        take_record(out, a, &r, &scratch);
        if (record_check_manifest(folder, &e)) {
            out->state = RUN_CHANGED;
            out->reason = without_folder(a, e.text, folder);
        }
    }
    arena_release(&scratch);
}

void run_summary_read(run_summary *out, arena *a, const char *dir, const char *name)
{
    *out = (run_summary){.name = arena_strdup(a, name),
                         .reason = "",
                         .title = "",
                         .label = "",
                         .model = "",
                         .sae = "",
                         .hook = "",
                         .data = "",
                         .seed = "",
                         .version = "",
                         .n_prompts = (double)NAN,
                         .n_tokens = (double)NAN};
    const char *folder = path_join(a, dir, name);
    out->has_page = io_exists(path_join(a, folder, "index.html"));
    if (ends_with(name, UNFINISHED)) {
        out->state = RUN_UNFINISHED;
        out->reason = "still running, or killed before its report was whole; the command that "
                      "started it goes on from its last finished stage";
        take_what_is_left(out, a, folder);
    } else {
        read_finished(out, a, folder);
    }
}
