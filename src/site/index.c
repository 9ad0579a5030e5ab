/* The index page of a folder of reports. */
#include "site/index.h"
#include "base/io.h"
#include "base/memory.h"
#include "draw/inline_svg.h"
#include "site/escape.h"
#include "site/folder.h"
#include "site/pages.h"
#include "site/show.h"
#include <string.h>

enum { F1_BINS = 10 };

/* ---- values ---- */

/* `link` ends in a slash: the name of a page of the same kind has to follow. */
static void put_link(cJSON *row, page *p, const char *name, bool has_page)
{
    str link = {0};
    escape_url(&link, name);
    str_add_char(&link, '/');
    put_text(row, "name", &p->memory, name);
    json_add_string(row, "link", str_text(&link));
    json_add_bool(row, "page", has_page);
    str_release(&link);
}

/* How many of the run's rules lie in each tenth of F1, as a small drawing. */
static const char *f1_bars(page *p, const run_summary *run)
{
    double bins[F1_BINS] = {0};
    int good = 0;
    if (!run->n_rule_f1)
        return "–";
    for (int i = 0; i < run->n_rule_f1; i++) {
        int bin = (int)(run->rule_f1[i] * F1_BINS);
        bins[bin < 0 ? 0 : bin >= F1_BINS ? F1_BINS - 1 : bin]++;
        good += run->rule_f1[i] >= 0.8;
    }
    str svg = {0};
    spark_bars_svg(&svg, bins, F1_BINS,
                   arena_printf(&p->memory, "F1 of %d rules in tenths from 0 to 1; %d reach 0.8",
                                run->n_rule_f1, good));
    const char *words = arena_printf(&p->memory, "%d of %d reach 0.8", good, run->n_rule_f1);
    int number = block_add(&p->blocks, "", words, str_text(&svg), NULL);
    str_release(&svg);
    return block_mark(&p->blocks, number);
}

static const char *count_or_dash(arena *a, double value)
{
    return isfinite(value) ? show_count(a, (int64_t)value) : "–";
}

static void put_run(cJSON *list, page *p, const run_summary *run)
{
    arena *a = &p->memory;
    cJSON *row = put_entry(list);
    put_link(row, p, run->name, run->has_page);
    json_add_bool(row, "whole", run->state == RUN_WHOLE);
    json_add_string(row, "state", run_state_name(run->state));
    put_text(row, "reason", a, run->reason);
    put_text(row, "title", a, run->title);
    put_text(row, "label", a, run->label);
    put_text(row, "model", a, run->model);
    put_text(row, "sae", a, run->sae);
    put_text(row, "hook", a, run->hook);
    put_text(row, "data", a, run->data);
    put_text(row, "seed", a, run->seed);
    json_add_string(row, "prompts", count_or_dash(a, run->n_prompts));
    json_add_string(row, "tokens", count_or_dash(a, run->n_tokens));
    json_add_string(row, "targets", count_or_dash(a, run_figure(run, "targets")));
    json_add_string(row, "clusters", count_or_dash(a, run_figure(run, "clusters")));
    json_add_string(row, "f1", show_score(a, run_figure(run, "median_rule_f1")));
    json_add_string(row, "explained", show_share(a, run_figure(run, "mass_explained_at_05")));
    json_add_string(row, "warm", show_ratio(a, run_figure(run, "median_warm_ratio")));
    json_add_string(row, "cold", show_ratio(a, run_figure(run, "median_cold_ratio")));
    json_add_string(row, "fluent", show_ratio(a, run_figure(run, "median_fluent_ratio")));
    json_add_string(row, "spread", f1_bars(p, run));
}

static void put_runs(page *p, const report_folder *f)
{
    cJSON *runs = json_add_array(p->tree, "runs");
    for (int i = 0; i < f->n_runs; i++)
        put_run(runs, p, &f->runs[i]);
    int flagged = folder_flagged(f);
    json_add_bool(p->tree, "has_runs", f->n_runs > 0);
    json_add_bool(p->tree, "has_flagged", flagged > 0);
    json_add_string(p->tree, "n_flagged",
                    arena_printf(&p->memory, "%d of %d runs %s", flagged, f->n_runs,
                                 flagged == 1 ? "is" : "are"));
}

static const char *show_figure_of(arena *a, const run_summary *run, const char *name)
{
    for (int i = 0; i < run->n_figures; i++) {
        const record_metric *m = &run->figures[i];
        if (!strcmp(m->name, name))
            return show_figure(a, m->unit, m->better, m->value);
    }
    return "–";
}

/* One row for each headline figure, one column for each run. */
static void put_figures(page *p, const report_folder *f)
{
    int n;
    const char **names = folder_figures(&n, f, &p->memory);
    cJSON *list = json_add_array(p->tree, "figures");
    for (int i = 0; i < n; i++) {
        cJSON *row = put_entry(list), *cells = NULL;
        put_text(row, "figure", &p->memory, show_metric(&p->memory, names[i]));
        cells = json_add_array(row, "values");
        for (int k = 0; k < f->n_runs; k++)
            json_add_string(put_entry(cells), "value",
                            show_figure_of(&p->memory, &f->runs[k], names[i]));
    }
    json_add_bool(p->tree, "has_figures", n > 0);
}

/* Folders with an index of their own, such as those of saeinv run --seeds. */
static void put_indexes(page *p, const report_folder *f)
{
    arena *a = &p->memory;
    cJSON *list = json_add_array(p->tree, "indexes");
    for (int i = 0; i < f->n_indexes; i++) {
        const folder_index *x = &f->indexes[i];
        cJSON *row = put_entry(list);
        put_link(row, p, x->name, x->has_page);
        json_add_string(row, "n_runs", show_count(a, x->n_runs));
        json_add_string(row, "n_flagged", show_count(a, x->n_flagged));
        json_add_string(row, "n_comparisons", show_count(a, x->n_comparisons));
        put_text(row, "verdict", a, *x->verdict ? x->verdict : "–");
    }
    json_add_bool(p->tree, "has_indexes", f->n_indexes > 0);
}

static void put_rest(page *p, const report_folder *f)
{
    cJSON *comparisons = json_add_array(p->tree, "comparisons"),
          *others = json_add_array(p->tree, "others");
    for (int i = 0; i < f->n_comparisons; i++) {
        cJSON *row = put_entry(comparisons);
        put_link(row, p, f->comparisons[i].name, f->comparisons[i].has_page);
        put_text(row, "verdict", &p->memory, f->comparisons[i].verdict);
    }
    for (int i = 0; i < f->n_others; i++)
        put_text(put_entry(others), "name", &p->memory, f->others[i]);
    json_add_bool(p->tree, "has_comparisons", f->n_comparisons > 0);
    json_add_bool(p->tree, "has_others", f->n_others > 0);
}

static void put_summary(page *p, const report_folder *f)
{
    arena *a = &p->memory;
    cJSON *facts = json_add_array(p->tree, "facts");
    int flagged = folder_flagged(f);
    put_fact(facts, show_count(a, f->n_runs), f->n_runs == 1 ? "run" : "runs");
    if (flagged)
        put_fact(facts, show_count(a, flagged), "not whole");
    if (f->n_comparisons)
        put_fact(facts, show_count(a, f->n_comparisons),
                 f->n_comparisons == 1 ? "comparison" : "comparisons");
    if (f->n_indexes)
        put_fact(facts, show_count(a, f->n_indexes),
                 f->n_indexes == 1 ? "folder of more runs" : "folders of more runs");
}

/* ---- files ---- */

static err_code check_place(const index_request *q, arena *a, err *e)
{
    static const char *const written[] = {"index.json", "index.html", "README.md", "index.csv",
                                          "assets"};
    if (!io_is_dir(q->dir))
        return err_set(e, E_USAGE, "index %s: not a folder", q->dir);
    if (io_exists(path_join(a, q->dir, "run.json")))
        return err_set(e, E_USAGE,
                       "index %s: is itself a report; give the folder that holds the reports",
                       q->dir);
    if (io_exists(path_join(a, q->dir, "assets/run.json")))
        return err_set(e, E_USAGE,
                       "index %s: the report in assets/ is where the style sheet has to go; give "
                       "it another name",
                       q->dir);
    for (size_t i = 0; i < COUNT_OF(written) && !q->force; i++)
        if (io_exists(path_join(a, q->dir, written[i])) && !folder_has_index(q->dir))
            return err_set(e, E_USAGE,
                           "index %s: holds %s, which saeinv index did not write; add --force to "
                           "replace it",
                           q->dir, written[i]);
    return OK;
}

static err_code write_page(const site *s, const report_folder *f, err *e)
{
    page p;
    page_start(&p, s, SECTION_INDEX, "", "index", s->r->run.title);
    put_summary(&p, f);
    put_runs(&p, f);
    put_figures(&p, f);
    put_indexes(&p, f);
    put_rest(&p, f);
    return page_write(&p, "index.md", e);
}

err_code index_write(index_counts *counts, const index_request *q, err *e)
{
    arena a = {0};
    report_folder f;
    record about = {.run = {.title = "Runs", .tool_version = q->version}};
    record_volatile times = {0};
    site s = {.dir = q->dir, .r = &about, .times = &times, .templates = q->templates};
    err_code rc = check_place(q, &a, e);
    if (!rc)
        rc = folder_read(&f, &a, q->dir, e);
    /* First of all, so that a page of ours never stands there without its mark. */
    if (!rc)
        rc = folder_write_json(q->dir, &f, e);
    if (!rc)
        rc = folder_write_csv(q->dir, &f, e);
    if (!rc)
        rc = io_make_dir(path_join(&a, q->dir, "assets"), e);
    if (!rc)
        rc = site_write_assets(&s, &a, e);
    if (!rc)
        rc = write_page(&s, &f, e);
    if (!rc)
        *counts = (index_counts){f.n_runs, folder_flagged(&f), f.n_comparisons};
    arena_release(&a);
    return rc;
}
