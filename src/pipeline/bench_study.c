/* The open model (the built-in one): the paths through it, fitting rules, rendering a report. */
#include "base/io.h"
#include "base/memory.h"
#include "pipeline/bench_paths.h"
#include "pipeline/pipeline.h"
#include "pipeline/study.h"
#include "pipeline/templates.h"
#include "site/site.h"
#include <stdio.h>
#include <stdlib.h>

enum { SCANNED_TOKENS = 32768, SEQUENCES = 256, RULES = 128, PAGES = 16, PROMPTS = 400 };

/* ---- rules --------------------------------------------------------------------------------------
 */

typedef struct rules_bench {
    study *study;
    survey found; /* of as many features as the largest size needs, evenly over the live ones */
} rules_bench;

static err_code open_rules(rules_bench *r, int n, err *e)
{
    study *s = r->study;
    bool cached;
    err_code rc = stage_collect(s, &cached, e);
    if (!rc)
        rc = study_split_text(s, e);
    if (rc)
        return rc;
    enum { LEAST_PROMPTS = 10 };
    int F = s->collected.n_features, live = 0;
    int *features = arena_push(&s->memory, (size_t)F, sizeof *features);
    for (int f = 0; f < F; f++)
        if (collection_count(&s->collected, f) >= LEAST_PROMPTS)
            features[live++] = f;
    n = n < live ? n : live;
    for (int i = 0; i < n; i++)
        features[i] = features[(int64_t)i * live / n];
    scan_source source = study_source(s, "survey");
    return survey_features(&r->found, &source, s->sae, features, n, e);
}

static err_code run_rules(bench_work *out, void *context, double scale, err *e)
{
    const rules_bench *r = context;
    survey some = r->found;
    some.n_features =
        (int)(RULES * scale) < some.n_features ? (int)(RULES * scale) : some.n_features;
    rule_explanation *made = NULL;
    double start = clock_seconds();
    err_code rc = study_explain(&made, r->study, &some, e);
    out->seconds = clock_seconds() - start;
    out->units = some.n_features;
    if (made)
        rules_release(made, some.n_features);
    return rc;
}

static err_code bench_rules(bench *b, study *s, err *e)
{
    rules_bench r = {.study = s};
    char shape[64];
    err_code rc = open_rules(&r, 2 * RULES, e);
    snprintf(shape, sizeof shape, "built-in, %zu tokens", s->rules.text.first[RULE_PARTS]);
    bench_path path = {"rules", shape, "features", run_rules, &r};
    if (!rc)
        rc = bench_measure(b, &path, e);
    if (r.found.active)
        survey_release(&r.found);
    return rc;
}

/* ---- rendering ----------------------------------------------------------------------------------
 */

typedef struct render_bench {
    const run_config *config;
    const char *dir;
    loaded_templates templates;
    arena memory;
} render_bench;

/* A report of `targets` features, made without a search, in dir/targets. */
static err_code make_report(const char **made, render_bench *r, int targets, err *e)
{
    run_config c = *r->config;
    const char *out = arena_printf(&r->memory, "%s/%d", r->dir, targets);
    *made = out;
    if (io_is_dir(out))
        return OK;
    c.select.max_features = targets;
    c.optimise.max_steps = 1;
    run_places places = {.out = out};
    err_code rc = run_config_set(&c, "search.effort", "warm", e);
    reporter quiet = reporter_new(REPORT_QUIET);
    return rc ? rc : pipeline_run(&c, &places, &quiet, e);
}

static err_code run_render(bench_work *out, void *context, double scale, err *e)
{
    render_bench *r = context;
    int targets = (int)(PAGES * scale);
    const char *dir;
    err_code rc = make_report(&dir, r, targets, e);
    double start = clock_seconds();
    if (!rc)
        rc = site_write(dir, &r->templates.set, e);
    out->seconds = clock_seconds() - start;
    out->units = targets;
    return rc;
}

static err_code bench_render(bench *b, const run_config *c, err *e)
{
    char dir[] = "/tmp/saeinv-bench-XXXXXX";
    if (!mkdtemp(dir))
        return err_set(e, E_IO, "%s: cannot make a folder for reports", dir);
    render_bench r = {.config = c, .dir = dir};
    bench_path path = {"render", "built-in, pages of targets", "targets", run_render, &r};
    err_code rc = templates_load(&r.templates, NULL, e);
    if (!rc)
        rc = bench_measure(b, &path, e);
    err cleaning;
    err_code removed = io_remove_tree(dir, rc ? &cleaning : e);
    templates_release(&r.templates);
    arena_release(&r.memory);
    return rc ? rc : removed;
}

/* ---- all ----------------------------------------------------------------------------------------
 */

static err_code bench_model_of(bench *b, study *s, const char *shape, err *e)
{
    bench_model m = {.shape = shape,
                     .model = s->model,
                     .sae = s->sae,
                     .tokenizer = s->tokenizer,
                     .table = s->tokens,
                     .hook = s->hook,
                     .bos = s->bos,
                     .tokens = SCANNED_TOKENS,
                     .sequences = SEQUENCES};
    return bench_model_paths(b, &m, e);
}

err_code bench_study(bench *b, study *s, err *e)
{
    char shape[64];
    const sae_config *c = sae_describe(s->sae);
    snprintf(shape, sizeof shape, "%.30s, %d -> %d", s->model_files.label, c->d_in, c->d_sae);
    if (!bench_wants_shape(b, shape))
        return OK;
    err_code rc = bench_model_of(b, s, shape, e);
    if (!rc && bench_wants(b, "rules"))
        rc = bench_rules(b, s, e);
    if (!rc && bench_wants(b, "render"))
        rc = bench_render(b, s->config, e);
    return rc;
}
