/* saeinv bench: how fast the hot paths run, beside the machine's own peak in the same minute. */
#include "base/memory.h"
#include "model/flops.h"
#include "pipeline/bench_explain.h"
#include "pipeline/bench_invert.h"
#include "pipeline/command.h"
#include "pipeline/study.h"
#include <limits.h>
#include <stdio.h>

static const char help[] =
    "saeinv bench - time the hot paths on the built-in model (or another)\n"
    "\n"
    "  saeinv bench\n"
    "  saeinv bench --invert                 what each way of looking for inputs reaches\n"
    "  saeinv bench --invert --features 200 --defaults\n"
    "  saeinv bench --explain                how well rules say where features are active\n"
    "  saeinv bench --model DIR --sae DIR --threads 1\n"
    "\n"
    "Every line is the best of several repetitions; FLOPs are counted from the shapes (products "
    "and\n"
    "attention only), and the last column is their rate over that of the best matrix product.\n"
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

typedef struct bench {
    study *study;
    double peak; /* FLOP/s of the best product */
} bench;

typedef void bench_task(void *context, err *e);

/* Seconds of the fastest of several calls; at least three, about two seconds in all. */
static double best_seconds(bench_task *task, void *context, err *e)
{
    double best = 1e30, total = 0;
    for (int i = 0; (i < 3 || total < 2) && i < 1000 && !e->code; i++) {
        double start = clock_seconds();
        task(context, e);
        double seconds = clock_seconds() - start;
        total += seconds;
        if (seconds < best)
            best = seconds;
    }
    return best;
}

static void print_row(const bench *b, const char *what, double units, const char *unit,
                      double flops, double seconds)
{
    printf("%-44s %11.0f %-16s %8.1f GFLOP/s %5.0f%%\n", what, units / seconds, unit,
           flops / seconds / 1e9, b->peak > 0 ? 100 * flops / seconds / b->peak : 100);
}

/* ---- products
 * ------------------------------------------------------------------------------------- */

typedef struct product {
    backend *be;
    float *a, *b, *c;
    int M, N, K;
} product;

static void run_product(void *context, err *e)
{
    product *p = context;
    p->be->gemm(p->be, p->c, p->N, p->a, p->K, PLAIN, p->b, p->N, PLAIN, p->M, p->N, p->K, 1, 0);
    backend_sync(p->be, e);
}

static void bench_products(bench *b, err *e)
{
    static const int shapes[][3] = {{1024, 1024, 1024}, {2048, 2048, 1024}, {4096, 512, 128}};
    backend *be = b->study->backend;
    for (size_t i = 0; i < COUNT_OF(shapes) && !e->code; i++) {
        product p = {.be = be, .M = shapes[i][0], .N = shapes[i][1], .K = shapes[i][2]};
        p.a = be->alloc(be, (size_t)p.M * (size_t)p.K, sizeof(float), "bench", e);
        p.b = be->alloc(be, (size_t)p.K * (size_t)p.N, sizeof(float), "bench", e);
        p.c = be->alloc(be, (size_t)p.M * (size_t)p.N, sizeof(float), "bench", e);
        if (p.a && p.b && p.c) {
            char what[64];
            double flops = 2.0 * p.M * p.N * p.K, seconds = best_seconds(run_product, &p, e);
            if (flops / seconds > b->peak)
                b->peak = flops / seconds;
            snprintf(what, sizeof what, "product %d x %d x %d", p.M, p.N, p.K);
            print_row(b, what, 1, "products/s", flops, seconds);
        }
        be->free(be, p.a);
        be->free(be, p.b);
        be->free(be, p.c);
    }
}

/* ---- the model and the SAE
 * ------------------------------------------------------------------------- */

/* Of one token of sequences of T. */
static double flops_to_hook(const study *s, double T)
{
    return model_flops(model_describe(s->model), &s->hook, (T + 1) / 2);
}

static void run_scan(void *context, err *e)
{
    bench *b = context;
    study *s = b->study;
    scan_source source = study_source(s, "bench");
    source.reporter = NULL;
    collection_release(&s->collected);
    collect_features(&s->collected, &source, s->sae, e);
}

static void bench_scan(bench *b, err *e)
{
    study *s = b->study;
    bool cached;
    if (stage_collect(s, &cached, e))
        return;
    double tokens = (double)s->prompts.first[s->prompts.n];
    double encoder = 2.0 * sae_describe(s->sae)->d_in * sae_describe(s->sae)->d_sae;
    double flops = tokens * (flops_to_hook(s, tokens / s->prompts.n) + encoder);
    print_row(b, "scan: model, SAE and statistics", tokens, "tokens/s", flops,
              best_seconds(run_scan, b, e));
}

typedef struct optimise_bench {
    bench *bench;
    optimise_job *jobs;
    int n;
    optimise_options options;
} optimise_bench;

static void run_optimise(void *context, err *e)
{
    optimise_bench *o = context;
    arena memory = {0};
    optimise_setting setting = study_setting(o->bench->study, "bench");
    setting.reporter = NULL;
    optimise_jobs(o->jobs, o->n, &setting, &o->options, &memory, e);
    arena_release(&memory);
}

static void bench_optimise(bench *b, err *e)
{
    enum { FEATURES = 32, RESTARTS = 8, STEPS = 10, POSITIONS = 16 };
    study *s = b->study;
    optimise_bench o = {.bench = b, .n = FEATURES * RESTARTS};
    o.options = (optimise_options){.max_steps = STEPS,
                                   .patience = STEPS,
                                   .learning_rate = 0.01,
                                   .batch_sequences = FEATURES * RESTARTS,
                                   .diversity_window = 1,
                                   .repetition_window = 1,
                                   .curve_points = 1};
    o.jobs = mem_small((size_t)o.n, sizeof *o.jobs);
    for (int i = 0; i < o.n; i++) {
        o.jobs[i] = (optimise_job){.feature = i / RESTARTS, .scale = 1, .length = POSITIONS};
        o.jobs[i].x_LD = mem_small((size_t)POSITIONS * (size_t)s->tokens->D, sizeof(float));
        optimise_random_start(o.jobs[i].x_LD, s->tokens, 1, o.jobs[i].feature, i % RESTARTS,
                              POSITIONS, 0.1);
    }
    /* Forward and the gradient to the inputs cost the same. */
    double tokens = (double)o.n * STEPS * (POSITIONS + (s->bos >= 0));
    double flops = 2 * tokens * flops_to_hook(s, POSITIONS + 1);
    print_row(b, "optimise: 32 features x 8 starts x 16", (double)o.n * STEPS, "start-steps/s",
              flops, best_seconds(run_optimise, &o, e));
    for (int i = 0; i < o.n; i++)
        mem_free(o.jobs[i].x_LD);
    mem_free(o.jobs);
}

typedef struct bench_arguments {
    run_config config;
    bool invert, explain;
    bench_options options;
} bench_arguments;

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

static err_code run_benches(study *s, const bench_arguments *a, err *e)
{
    bench b = {.study = s};
    printf("%s, %s, %d threads\n", s->model_files.label, s->hook.name, pool_threads(s->pool));
    *e = (err){0};
    bench_products(&b, e);
    if (e->code)
        return e->code;
    if (a->explain)
        return bench_explain(s, a->options.features, e);
    if (a->invert) {
        bench_options o = a->options;
        o.peak = b.peak;
        return bench_invert(s, &o, e);
    }
    bench_scan(&b, e);
    if (!e->code)
        bench_optimise(&b, e);
    return e->code;
}

err_code command_bench(int argc, char **argv, err *e)
{
    static const struct option options[] = {
        {"model", required_argument, NULL, 'm'},
        {"sae", required_argument, NULL, 'a'},
        {"data", required_argument, NULL, 'c'},
        {"threads", required_argument, NULL, 't'},
        {"invert", no_argument, NULL, 'i'},
        {"explain", no_argument, NULL, 'e'},
        {"features", required_argument, NULL, 'f'},
        {"length", required_argument, NULL, 'l'},
        {"defaults", no_argument, NULL, 'd'},
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
