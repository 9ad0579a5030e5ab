/* saeinv bench: how fast the hot paths run, beside the machine's own peak in the same minute. */
#include "base/memory.h"
#include "pipeline/bench.h"
#include "pipeline/bench_explain.h"
#include "pipeline/bench_invert.h"
#include "pipeline/command.h"
#include "pipeline/study.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>

static const char help[] =
    "saeinv bench - time the hot paths, beside the machine's best matrix product\n"
    "\n"
    "  saeinv bench                          a few minutes on two cores\n"
    "  saeinv bench --quick                  a quarter of the sizes, once each\n"
    "  saeinv bench --only scan              or optimise, knn, umap, hdbscan, rules, render\n"
    "  saeinv bench --shape Pythia           shapes whose name holds this\n"
    "  saeinv bench --json                   the same as JSON, with every second\n"
    "  saeinv bench --model DIR --sae DIR    in place of the built-in ones\n"
    "  saeinv bench --device cuda --threads 1\n"
    "  saeinv bench --device cuda --products tf32   or bf16; the peak is of such products too\n"
    "  saeinv bench --invert                 what each way of looking for inputs reaches\n"
    "  saeinv bench --invert --features 200 --defaults\n"
    "  saeinv bench --explain                how well rules say where features are active\n"
    "\n"
    "Scan (model, SAE, statistics) and optimise (32 features x 8 starts x 16 positions, fewer in\n"
    "larger models on slow machines) also run on random weights in the shapes of published\n"
    "models; knn, umap and hdbscan on random rows. On a fast machine they get more to do, until\n"
    "half a second at its peak. FLOPs are counted from the shapes (products and attention only),\n"
    "bytes are those that must move at least. Share is the rate over that of the best product\n"
    "just before and after, memory what the path takes beyond weights and data, growth the\n"
    "exponent of time from half to double size. The best of a few repetitions counts.\n"
    "\n"
    "--invert looks for real tokens that drive features, by the search of this program, by the\n"
    "published ones at equal work, by chance and by the original program's way, and says what "
    "each\n"
    "reaches of the data's maximum; then on a vocabulary so small that the true optimum is known;\n"
    "then, for the built-in model, whether inputs hold the words their features stand for.\n"
    "      --features N   live features, evenly over their densities (default 64; 0: all)\n"
    "      --length N     tokens of an input (default 10)\n"
    "      --defaults     also the published methods with all of their own iterations (slow)\n"
    "\n"
    "--explain fits a rule to where each feature is active, measures it on text it never saw, and\n"
    "prints F1, AUPRC, correlation and other scores beside the original program's sentences and\n"
    "controls; then, for the built-in model, of the features that stand for a known concept, how\n"
    "many rules are right and name its words.\n"
    "      --features N   as above\n";

typedef struct bench_arguments {
    run_config config;
    bool invert, explain, json, quick;
    const char *only, *shape;
    bench_options options;
} bench_arguments;

static const char *const PATHS[] = {"scan",    "optimise", "knn",   "umap",
                                    "hdbscan", "rules",    "render"};

static err_code take_only(bench_arguments *a, const char *name, err *e)
{
    str known = {0};
    for (size_t i = 0; i < COUNT_OF(PATHS) && !a->only; i++) {
        a->only = strcmp(name, PATHS[i]) ? NULL : PATHS[i];
        str_addf(&known, "%s%s", i ? ", " : "", PATHS[i]);
    }
    err_code rc =
        a->only ? OK
                : err_set(e, E_USAGE, "bench: --only \"%s\" is none of %s", name, str_text(&known));
    str_release(&known);
    return rc;
}

static err_code take_argument(bench_arguments *a, int option, char **argv,
                              const struct option *options, err *e)
{
    long n;
    err_code rc;
    switch (option) {
    case 'm':
        return run_config_set(&a->config, "model.model", optarg, e);
    case 'a':
        return run_config_set(&a->config, "model.sae", optarg, e);
    case 'c':
        return run_config_set(&a->config, "collect.data", optarg, e);
    case 't':
        return run_config_set(&a->config, "run.threads", optarg, e);
    case 'l':
        return run_config_set(&a->config, "optimise.sequence_length", optarg, e);
    case 'D':
        return run_config_set(&a->config, "run.device", optarg, e);
    case 'p':
        return run_config_set(&a->config, "run.products", optarg, e);
    case 'o':
        return take_only(a, optarg, e);
    case 's':
        a->shape = optarg;
        return OK;
    case 'j':
        a->json = true;
        return OK;
    case 'q':
        a->quick = true;
        return OK;
    case 'i':
        a->invert = true;
        return OK;
    case 'e':
        a->explain = true;
        return run_config_set(&a->config, "explain.optimised_prompt", "false", e);
    case 'd':
        a->options.defaults = true;
        return OK;
    case 'f':
        rc = command_number(&n, "bench", "features", optarg, 0, e);
        a->options.features = rc || n > INT_MAX ? INT_MAX : (int)n;
        return rc;
    default:
        return command_bad_option("bench", option, argv, options, e);
    }
}

/* What each path needs is opened for it alone, but for the study. */
static err_code bench_paths(study *s, const bench_arguments *a, err *e)
{
    bench b = {.backend = s->backend,
               .device = a->config.run.device,
               .products = a->config.run.products,
               .only = a->only,
               .shape = a->shape,
               .quick = a->quick,
               .json = a->json ? cJSON_CreateObject() : NULL};
    cJSON *whole = b.json;
    err_code rc = bench_machine(&b, e);
    if (whole) {
        json_add_string(whole, "backend", s->backend->name);
        json_add_string(whole, "products", b.products);
        json_add_number(whole, "threads", pool_threads(s->pool));
        json_add_number(whole, "peak_flops_per_second_one_core", b.peak.one);
        json_add_number(whole, "peak_flops_per_second", b.peak.all);
        b.json = json_add_array(whole, "paths");
    }
    if (!rc)
        bench_header(&b);
    if (!rc)
        rc = bench_study(&b, s, e);
    if (!rc)
        rc = bench_shapes(&b, e);
    if (!rc)
        rc = bench_maps(&b, e);
    if (!rc && whole) {
        str text = {0};
        json_print(&text, whole);
        fputs(str_text(&text), stdout);
        str_release(&text);
    }
    cJSON_Delete(whole);
    return rc;
}

static err_code run_benches(study *s, bench_arguments *a, err *e)
{
    if (!a->explain && !a->invert)
        return bench_paths(s, a, e);
    printf("%s, %s, %d threads\n", s->model_files.label, s->hook.name, pool_threads(s->pool));
    if (a->explain)
        return bench_explain(s, a->options.features, e);
    enum { PEAK_SECONDS = 1 };
    err_code rc = bench_measure_peak(&a->options.peak, s->backend, PEAK_SECONDS, e);
    printf("best matrix product: %.1f GFLOP/s\n", a->options.peak / 1e9);
    return rc ? rc : bench_invert(s, &a->options, e);
}

err_code command_bench(int argc, char **argv, err *e)
{
    static const struct option options[] = {
        {"model", required_argument, NULL, 'm'},
        {"sae", required_argument, NULL, 'a'},
        {"data", required_argument, NULL, 'c'},
        {"threads", required_argument, NULL, 't'},
        {"device", required_argument, NULL, 'D'},
        {"only", required_argument, NULL, 'o'},
        {"shape", required_argument, NULL, 's'},
        {"json", no_argument, NULL, 'j'},
        {"quick", no_argument, NULL, 'q'},
        {"invert", no_argument, NULL, 'i'},
        {"explain", no_argument, NULL, 'e'},
        {"features", required_argument, NULL, 'f'},
        {"length", required_argument, NULL, 'l'},
        {"defaults", no_argument, NULL, 'd'},
        {"products", required_argument, NULL, 'p'},
        {"help", no_argument, NULL, 'h'},
        {0},
    };
    enum { SCANNED_PROMPTS = 400, FEATURES = 64 };
    bench_arguments *a = mem_small(1, sizeof *a);
    study s = {0};
    err_code rc = OK;
    int option;
    a->config = run_config_defaults();
    a->options.features = FEATURES;
    while (!rc && (option = getopt_long(argc, argv, ":m:a:t:h", options, NULL)) != -1) {
        if (option == 'h') {
            fputs(help, stdout);
            goto out;
        }
        rc = take_argument(a, option, argv, options, e);
    }
    bool whole = a->invert || a->explain;
    if (!whole)
        a->config.collect.n_prompts = SCANNED_PROMPTS;
    reporter to = reporter_new(whole ? REPORT_NORMAL : REPORT_QUIET);
    if (!rc)
        rc = study_open(&s, &a->config, NULL, &to, e);
    if (!rc)
        rc = run_benches(&s, a, e);
out:
    study_close(&s);
    mem_free(a);
    return rc;
}
