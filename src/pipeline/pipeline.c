/* The stages in their order, timed, and the report put in its place when all is done. */
#include "pipeline/pipeline.h"
#include "base/memory.h"
#include "base/output_folder.h"
#include "pipeline/report.h"
#include "pipeline/templates.h"
#include "pipeline/version.h"
#include "site/single_file.h"
#include "site/site.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

typedef struct stage {
    const char *name;
    err_code (*run)(study *s, bool *cached, err *e);
} stage;

static const stage stages[] = {
    {"collect", stage_collect}, {"filter", stage_filter},     {"cluster", stage_cluster},
    {"select", stage_select},   {"optimise", stage_optimise}, {"search", stage_search},
    {"effects", stage_effects}, {"analyse", stage_analyse},   {"explain", stage_explain},
    {"rules", stage_rules},
};

static err_code run_stages(study *s, err *e)
{
    s->timings = arena_push(&s->memory, COUNT_OF(stages) + 1, sizeof *s->timings);
    for (size_t i = 0; i < COUNT_OF(stages); i++) {
        bool cached = false;
        double started = clock_seconds();
        err_code rc = stages[i].run(s, &cached, e);
        if (!rc)
            rc = cancel_check(e);
        if (rc)
            return err_context(e, "%s", stages[i].name);
        s->timings[s->n_timings++] = (record_stage){
            .name = stages[i].name, .seconds = clock_seconds() - started, .cached = cached};
        if (!strcmp(stages[i].name, s->config->run.last_stage))
            break;
    }
    return OK;
}

/* As the kernel says; "" where it does not. */
static const char *cpu_name(arena *a)
{
    static const char key[] = "model name";
    char line[256];
    const char *name = "";
    FILE *f = fopen("/proc/cpuinfo", "r");
    while (f && !*name && fgets(line, sizeof line, f)) {
        const char *colon = strchr(line, ':');
        if (!strncmp(line, key, sizeof key - 1) && colon)
            name = arena_strndup(a, colon + 2, strcspn(colon + 2, "\n"));
    }
    if (f)
        fclose(f);
    return name;
}

static record_volatile volatile_facts(study *s, double started, time_t start_time)
{
    struct rusage usage;
    struct utsname host;
    struct tm utc;
    char *text = arena_push(&s->memory, 32, 1), *cwd = getcwd(NULL, 0);
    getrusage(RUSAGE_SELF, &usage);
    uname(&host);
    gmtime_r(&start_time, &utc);
    strftime(text, 32, "%Y-%m-%dT%H:%M:%SZ", &utc);
    record_volatile v = {
        .started = text,
        .host = arena_strdup(&s->memory, host.nodename),
        .processor = arena_strdup(&s->memory, host.machine),
        .directory = arena_strdup(&s->memory, cwd ? cwd : ""),
        .n_threads = pool_threads(s->pool),
        .seconds = clock_seconds() - started,
        .peak_memory = 1024.0 * (double)usage.ru_maxrss,
        .stages = s->timings,
        .n_stages = s->n_timings,
        .environment = {.compiler = version_compiler(),
                        .flags = version_flags(),
                        .system = arena_printf(&s->memory, "%s %s", host.sysname, host.release),
                        .cpu = cpu_name(&s->memory)}};
    free(cwd);
    return v;
}

static err_code write_report(const char *dir, study *s, double started, time_t start_time,
                             const template_set *templates, err *e)
{
    record r;
    double report_started = clock_seconds();
    err_code rc = report_fill(&r, s, e);
    if (!rc)
        rc = record_write(dir, &r, e);
    if (rc)
        return rc;
    s->timings[s->n_timings++] =
        (record_stage){.name = "report", .seconds = clock_seconds() - report_started};
    record_volatile v = volatile_facts(s, started, start_time);
    rc = record_write_volatile(dir, &v, e);
    return rc ? rc : site_write(dir, templates, e);
}

static bool is_empty_dir(const char *path)
{
    arena a = {0};
    char **names;
    int n;
    err e;
    bool empty = io_is_dir(path) && !io_list(&names, &n, path, &a, &e) && n == 0;
    arena_release(&a);
    return empty;
}

/* Taken first: another run may be about to put its report there. */
static err_code take_place(output_folder *out, bool force, arena *a, err *e)
{
    const char *path = out->path;
    err_code rc = output_folder_take(out, e);
    if (rc || is_empty_dir(path))
        return rc;
    bool ours =
        io_exists(path_join(a, path, "run.json")) && io_exists(path_join(a, path, "index.html"));
    return output_folder_check(out, ours, force, "a report", "another report", e);
}

static const char *choose_cache(const run_config *c, const char *out, arena *a)
{
    if (!c->collect.cache_data && !c->collect.use_cached_data)
        return NULL;
    if (c->collect.cache_dir[0])
        return arena_strdup(a, c->collect.cache_dir);
    const char *slash = strrchr(out, '/');
    return slash ? arena_printf(a, "%.*s/.saeinv-cache", (int)(slash - out), out)
                 : arena_strdup(a, ".saeinv-cache");
}

static err_code open_log(reporter *r, const char *dir, arena *a, err *e)
{
    const char *volatile_dir = path_join(a, dir, "volatile");
    err_code rc = io_remove_tree(dir, e);
    if (!rc)
        rc = io_make_dir(volatile_dir, e);
    if (!rc && !(r->log = fopen(path_join(a, volatile_dir, "log.txt"), "w")))
        rc = err_set(e, E_IO, "%s: cannot write the log; is the disk full?", volatile_dir);
    return rc;
}

static void close_log(reporter *r)
{
    if (r->log)
        fclose(r->log);
    r->log = NULL;
}

/* The report as one file, too: said with its size, and when that is more than most viewers like. */
static err_code write_single_file(const char *dir, const char *out, const template_set *templates,
                                  reporter *r, err *e)
{
    size_t size;
    err_code rc = single_file_write(&size, dir, out, templates, SINGLE_FILE_ELEMENTS, e);
    if (rc)
        return err_context(e, "the report is whole in %s, but not as one file", dir);
    report_line(r, "one file   %s (%.1f MB)", out, (double)size / (1 << 20));
    if (size > SINGLE_FILE_BUDGET)
        report_warning(r,
                       "%s is larger than the %d MB that a report should keep to; fewer targets "
                       "(select.max_features) make it smaller",
                       out, SINGLE_FILE_BUDGET >> 20);
    return OK;
}

err_code pipeline_run(const run_config *c, const run_places *places, reporter *r, err *e)
{
    double started = clock_seconds();
    time_t start_time = time(NULL);
    arena a = {0};
    study s = {0};
    loaded_templates templates = {0};
    output_folder place = output_folder_at(places->out, &a);
    const char *out = place.path;

    err_code rc = run_config_check(c, e);
    bool online = !rc && c->explainer.url[0] && !(rc = chat_global_start(e));
    if (!rc)
        rc = take_place(&place, places->force, &a, e);
    if (!rc && places->single_file)
        rc = single_file_check(out, places->single_file, e);
    if (!rc)
        rc = templates_load(&templates, places->templates, e);
    if (!rc)
        rc = study_open(&s, c, choose_cache(c, out, &a), r, e);
    if (!rc)
        rc = open_log(r, place.unfinished, &a, e);
    if (!rc)
        rc = run_stages(&s, e);
    if (!rc)
        rc = write_report(place.unfinished, &s, started, start_time, &templates.set, e);
    close_log(r);
    rc = output_folder_finish(&place, rc, e);
    if (!rc)
        report_line(r, "report     %s/index.html (%.1f s)", out, clock_seconds() - started);
    if (!rc && places->single_file)
        rc = write_single_file(out, places->single_file, &templates.set, r, e);
    if (rc == E_CANCELLED && s.cache_dir)
        report_line(r, "finished stages are kept in %s; the same command goes on from there",
                    s.cache_dir);
    study_close(&s);
    templates_release(&templates);
    arena_release(&a);
    if (online)
        chat_global_end();
    return rc;
}

/* The place of the pages: the report's own, by its real path, or another, which is checked. */
static err_code render_place(output_folder *place, const char *dir, const run_places *places,
                             arena *a, err *e)
{
    if (places->out) {
        *place = output_folder_at(places->out, a);
        return take_place(place, places->force, a, e);
    }
    char *real = realpath(dir, NULL);
    if (!real)
        return err_set(e, E_IO, "%s: no report is there", dir);
    *place = output_folder_at(real, a);
    free(real);
    return output_folder_take(place, e);
}

err_code pipeline_render(const char *dir, const run_places *places, reporter *r, err *e)
{
    arena a = {0};
    loaded_templates t = {0};
    output_folder place = {0};
    const char *single_file = places->single_file, *out = places->out ? places->out : dir;
    err_code rc = single_file ? single_file_check(out, single_file, e) : OK;
    if (!rc)
        rc = render_place(&place, dir, places, &a, e);
    if (!rc)
        rc = templates_load(&t, places->templates, e);
    if (!rc)
        rc = io_remove_tree(place.unfinished, e);
    if (!rc)
        rc = site_render(dir, place.unfinished, &t.set, places->values, e);
    rc = output_folder_finish(&place, rc, e);
    if (!rc && single_file)
        rc = write_single_file(out, single_file, &t.set, r, e);
    templates_release(&t);
    arena_release(&a);
    return rc;
}
