/* Every method gets the same features, the same length, the same allowed tokens, and is measured by
 * the pre-activation of the real tokens it ends with, in units of the data's maximum. */
#include "pipeline/bench_invert.h"
#include "base/memory.h"
#include "base/sort.h"
#include "base/rng.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    LEAST_ACTIVE = 10, /* tokens, for a feature to count as live */
    FREE_STARTS = 2
};

/* ---- features -----------------------------------------------------------------------------------
 */

typedef struct live_feature {
    int id;
    int64_t n_active;
} live_feature;

static int by_density(const void *a, const void *b)
{
    const live_feature *x = a, *y = b;
    if (x->n_active != y->n_active)
        return x->n_active < y->n_active ? -1 : 1;
    return (x->id > y->id) - (x->id < y->id);
}

err_code bench_choose_features(study *s, int wanted, err *e)
{
    int F = s->collected.n_features, n = 0;
    live_feature *live = mem_small((size_t)F, sizeof *live);
    for (int f = 0; f < F; f++)
        if (s->collected.stats_F[f].n_active >= LEAST_ACTIVE)
            live[n++] = (live_feature){f, s->collected.stats_F[f].n_active};
    qsort(live, (size_t)n, sizeof *live, by_density);
    s->n_targets = wanted > 0 && wanted < n ? wanted : n;
    s->targets = arena_push(&s->memory, (size_t)s->n_targets + 1, sizeof *s->targets);
    for (int i = 0; i < s->n_targets; i++)
        s->targets[i] = live[(int64_t)i * n / s->n_targets].id;
    sort_ints(s->targets, (size_t)s->n_targets);
    mem_free(live);
    printf("%d of %d live features (active on at least %d of %lld tokens)\n", s->n_targets, n,
           LEAST_ACTIVE, (long long)s->collected.n_tokens);
    return n ? OK : err_set(e, E_DATA, "no feature is active on %d tokens", LEAST_ACTIVE);
}

/* ---- printing -----------------------------------------------------------------------------------
 */

spread spread_of(const double *x, int n)
{
    double *sorted = mem_small((size_t)n, sizeof *sorted);
    int m = 0;
    const double none = (double)NAN;
    spread out = {none, none, none, none};
    for (int i = 0; i < n; i++)
        if (!isnan(x[i]))
            sorted[m++] = x[i];
    sort_doubles(sorted, (size_t)m);
    if (m) {
        out = (spread){.median = sorted[m / 2], .tenth = sorted[m / 10]};
        for (int i = 0; i < m; i++) {
            out.above_1 += sorted[i] > 1;
            out.above_08 += sorted[i] >= 0.8;
        }
        out.above_1 *= 100.0 / m;
        out.above_08 *= 100.0 / m;
    }
    mem_free(sorted);
    return out;
}

static void print_cell(double value, int decimals, const char *unit)
{
    char text[32] = "-";
    if (!isnan(value))
        snprintf(text, sizeof text, "%.*f%s", decimals, value, unit);
    printf(" %8s", text);
}

static void print_header(void)
{
    printf("%-44s %8s %8s %8s %8s %8s %8s %8s %8s %8s %8s\n", "", "best", "", "", "", "fluent", "",
           "front", "GFLOP", "inputs", "seconds");
    printf("%-44s %8s %8s %8s %8s %8s %8s %8s %8s %8s %8s\n", "method", "median", "p10", "> data",
           ">= 0.8", "median", ">= 0.8", "area", "/feature", "/feature", "/feature");
}

static void print_result(const method_result *r, int n)
{
    spread best = spread_of(r->ratio_n, n), fluent = spread_of(r->fluent_n, n);
    spread area = spread_of(r->hypervolume_n, n);
    printf("%-44s", r->name);
    print_cell(best.median, 3, "");
    print_cell(best.tenth, 3, "");
    print_cell(best.above_1, 0, " %");
    print_cell(best.above_08, 0, " %");
    print_cell(fluent.median, 3, "");
    print_cell(fluent.above_08, 0, " %");
    print_cell(area.median, 2, "");
    print_cell(r->flops / 1e9, 1, "");
    print_cell(r->sequences, 0, "");
    print_cell(r->seconds, 2, "");
    printf("\n");
    fflush(stdout);
}

static method_result new_result(study *s, const char *name)
{
    const double none = (double)NAN;
    method_result r = {.name = name, .flops = none, .sequences = none, .seconds = none};
    double **arrays[] = {&r.ratio_n, &r.fluent_n, &r.hypervolume_n};
    for (size_t k = 0; k < COUNT_OF(arrays); k++) {
        *arrays[k] = arena_push(&s->memory, (size_t)s->n_targets, sizeof(double));
        for (int i = 0; i < s->n_targets; i++)
            (*arrays[k])[i] = (double)NAN;
    }
    return r;
}

/* ---- searches -----------------------------------------------------------------------------------
 */

static double ratio_of(const search_job *job, const search_point *p)
{
    return p->tokens ? (double)p->z / job->scale : (double)NAN;
}

static double better(double a, double b)
{
    return isnan(a) || b > a ? b : a;
}

/* The study's jobs searched anew by these options. */
static err_code run_search(search_job **out, method_result *r, study *s, const char *name,
                           const search_options *o, err *e)
{
    int n = s->n_targets;
    search_job *jobs = arena_push(&s->memory, (size_t)n, sizeof *jobs);
    memcpy(jobs, s->searches, (size_t)n * sizeof *jobs);
    optimise_setting setting = study_setting(s, name);
    double began = clock_seconds(), rows = 0, flops = 0;
    err_code rc =
        search_features(jobs, n, &setting, o, (uint64_t)s->config->run.seed, &s->memory, e);
    if (rc)
        return rc;
    *r = new_result(s, name);
    for (int i = 0; i < n; i++) {
        r->ratio_n[i] =
            better(ratio_of(&jobs[i], &jobs[i].cold), ratio_of(&jobs[i], &jobs[i].warm));
        r->fluent_n[i] = ratio_of(&jobs[i], &jobs[i].fluent);
        r->hypervolume_n[i] = jobs[i].hypervolume;
        flops += jobs[i].flops;
        rows += (double)jobs[i].n_forwards;
    }
    r->flops = flops / n;
    r->sequences = rows / n;
    r->seconds = (clock_seconds() - began) / n;
    *out = jobs;
    return OK;
}

static void print_chain(study *s, const search_job *jobs, const method_result *whole)
{
    method_result cold = new_result(s, "  of it: found without the data"),
                  warm = new_result(s, "  of it: grown from data windows"),
                  window = new_result(s, "best data window, alone"),
                  single = new_result(s, "best single token, alone");
    for (int i = 0; i < s->n_targets; i++) {
        cold.ratio_n[i] = ratio_of(&jobs[i], &jobs[i].cold);
        warm.ratio_n[i] = ratio_of(&jobs[i], &jobs[i].warm);
        window.ratio_n[i] = ratio_of(&jobs[i], &jobs[i].window);
        single.ratio_n[i] = ratio_of(&jobs[i], &jobs[i].single);
    }
    print_result(&single, s->n_targets);
    print_result(&window, s->n_targets);
    print_result(whole, s->n_targets);
    print_result(&cold, s->n_targets);
    print_result(&warm, s->n_targets);
}

static void print_dead(const search_job *jobs, int n)
{
    int dead = 0, starts = 0;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < jobs[i].n_restarts; k++) {
            starts++;
            dead += !(jobs[i].restarts[k].first_gradient > 0);
        }
    printf("starts without a gradient: %d of %d\n", dead, starts);
}

/* ---- free embeddings, read as their nearest tokens
 * -----------------------------------------------
 */

static err_code read_tokens(method_result *r, study *s, const optimise_job *jobs, int restarts,
                            int bos, err *e)
{
    int L = s->config->optimise.sequence_length, n = s->n_targets * restarts;
    optimise_setting setting = study_setting(s, "bench");
    setting.bos = bos;
    int32_t *ids = mem_small((size_t)n * (size_t)L, sizeof *ids);
    probe_input *inputs = mem_small((size_t)n, sizeof *inputs);
    probe_result *results = mem_small((size_t)n, sizeof *results);
    int *features = mem_small((size_t)n, sizeof *features);
    err_code rc = OK;
    for (int i = 0; i < n && !rc; i++) {
        rc = token_table_nearest(ROW(ids, i, L), NULL, s->tokens, jobs[i].x_LD, L, 1, e);
        inputs[i] = (probe_input){.tokens_L = ROW(ids, i, L), .length = L};
        features[i] = jobs[i].feature;
    }
    if (!rc)
        rc = probe_inputs(results, &setting, inputs, features, n, false, e);
    for (int i = 0; i < n && !rc; i++)
        r->ratio_n[i / restarts] =
            better(r->ratio_n[i / restarts],
                   (double)results[i].pre_activation / s->searches[i / restarts].scale);
    mem_free(features);
    mem_free(results);
    mem_free(inputs);
    mem_free(ids);
    return rc;
}

static err_code run_free(study *s, const char *name, free_mode mode, int restarts, err *e)
{
    const run_config *c = s->config;
    int L = c->optimise.sequence_length, D = s->tokens->D, n = s->n_targets * restarts;
    optimise_options o = study_optimise_options(c);
    o.mode = mode;
    if (mode == FREE_ORIGINAL)
        o = optimise_original(c->optimise.batch_sequences, 1);
    whitening *ellipsoid = NULL;
    optimise_setting setting = study_setting(s, name);
    optimise_job *jobs = mem_small((size_t)n, sizeof *jobs);
    arena memory = {0};
    setting.bos = mode == FREE_ORIGINAL ? -1 : s->bos;
    int silent = 0;
    for (int i = 0; i < n; i++) {
        int target = i / restarts, restart = i % restarts;
        uint64_t seed = (uint64_t)c->run.seed;
        jobs[i] = (optimise_job){.feature = s->targets[target],
                                 .scale = s->searches[target].scale,
                                 .length = L,
                                 .x_LD = arena_push(&memory, (size_t)L * (size_t)D, sizeof(float))};
        if (mode == FREE_ORIGINAL)
            optimise_original_start(jobs[i].x_LD, s->tokens, seed, jobs[i].feature, restart, L);
        else
            optimise_random_start(jobs[i].x_LD, s->tokens, seed, jobs[i].feature, restart, L,
                                  c->optimise.noise_scale);
    }
    double began = clock_seconds();
    method_result r = new_result(s, name);
    err_code rc = mode == FREE_WHITENED ? whitening_new(&ellipsoid, s->tokens, e) : OK;
    setting.whitening = ellipsoid;
    if (!rc)
        rc = optimise_jobs(jobs, n, &setting, &o, &memory, e);
    r.seconds = (clock_seconds() - began) / s->n_targets;
    if (!rc)
        rc = read_tokens(&r, s, jobs, restarts, s->bos, e);
    if (!rc)
        print_result(&r, s->n_targets);
    for (int i = 0; i < n && !rc && mode == FREE_ORIGINAL; i++)
        silent += !(jobs[i].curve[0].activation > 0);
    if (!rc && mode == FREE_ORIGINAL)
        printf("  (its gradient is exactly zero at %d of %d starts)\n", silent, n);
    whitening_free(ellipsoid);
    arena_release(&memory);
    mem_free(jobs);
    return rc;
}

/* ---- no search
 * ------------------------------------------------------------------------------------
 */

/* Fills row i of tokens_NL. */
typedef void sequence_source(int32_t *tokens_L, const study *s, int L, rng *r);

static void random_sequence(int32_t *tokens_L, const study *s, int L, rng *r)
{
    for (int i = 0; i < L; i++)
        tokens_L[i] = s->tokens->ids[rng_below(r, (uint32_t)s->tokens->n)];
}

static void random_window(int32_t *tokens_L, const study *s, int L, rng *r)
{
    int skip = s->bos >= 0;
    for (;;) {
        int prompt = (int)rng_below(r, (uint32_t)s->prompts.n);
        int room = prompts_length(&s->prompts, prompt) - skip - L;
        if (room < 0)
            continue;
        int start = skip + (int)rng_below(r, (uint32_t)room + 1);
        memcpy(tokens_L, prompts_tokens(&s->prompts, prompt) + start, (size_t)L * sizeof *tokens_L);
        return;
    }
}

/* The best of N sequences for every target: the same ones for all, since nothing is aimed. */
static err_code run_best_of(study *s, const char *name, sequence_source *draw, int N, err *e)
{
    enum { BATCH = 256 };
    int L = s->config->optimise.sequence_length, skip = s->bos >= 0, T = L + skip, C = s->n_targets;
    int32_t *tokens_BT = mem_small((size_t)BATCH * (size_t)T, sizeof *tokens_BT);
    float *host_z = mem_array((size_t)BATCH * (size_t)T * (size_t)C, sizeof *host_z, "bench", e);
    float *z =
        s->backend->alloc(s->backend, (size_t)BATCH * (size_t)T * (size_t)C, sizeof *z, "bench", e);
    forward *f = NULL;
    sae_columns *columns = NULL;
    rng r = rng_stream((uint64_t)s->config->run.seed, name);
    method_result result = new_result(s, name);
    err_code rc = host_z && z ? OK : e->code;
    if (!rc)
        rc = forward_new(&f, s->model, BATCH, T, &s->hook, FORWARD_ONLY, e);
    if (!rc)
        rc = sae_columns_new(&columns, s->sae, s->targets, C, e);
    for (int first = 0; first < N && !rc; first += BATCH) {
        int count = N - first < BATCH ? N - first : BATCH;
        for (int b = 0; b < count; b++) {
            ROW(tokens_BT, b, T)[0] = s->bos;
            draw(ROW(tokens_BT, b, T) + skip, s, L, &r);
        }
        rc = forward_tokens(f, tokens_BT, count, T, &s->hook, e);
        if (rc)
            break;
        sae_encode_columns(NULL, z, columns, forward_hook(f), count * T);
        s->backend->download(s->backend, host_z, z, (size_t)count * T * C * sizeof *z);
        rc = backend_sync(s->backend, e);
        for (int row = 0; row < count * T; row++)
            for (int i = 0; i < C && row % T >= skip; i++)
                result.ratio_n[i] = better(result.ratio_n[i],
                                           (double)ROW(host_z, row, C)[i] / s->searches[i].scale);
    }
    result.sequences = N;
    if (!rc)
        print_result(&result, C);
    sae_columns_free(columns);
    forward_free(f);
    s->backend->free(s->backend, z);
    mem_free(host_z);
    mem_free(tokens_BT);
    return rc;
}

/* ---- the table
 * -----------------------------------------------------------------------------------
 */

/* A published method at the work our search took, or at its own. */
static err_code run_preset(study *s, const char *preset, const char *name, double flops, err *e)
{
    search_options o;
    search_job *jobs;
    method_result r;
    search_preset(&o, preset, s->config->optimise.sequence_length);
    o.flops = flops * s->n_targets;
    if (flops > 0 && o.iterations > 0)
        o.iterations = BENCH_ENDLESS; /* the work ends it */
    err_code rc = run_search(&jobs, &r, s, name, &o, e);
    if (!rc)
        print_result(&r, s->n_targets);
    return rc;
}

static err_code run_published(study *s, double flops, bool defaults, err *e)
{
    static const struct {
        const char *preset, *name;
        double share; /* of our search's work; 0: its own iterations */
    } rows[] = {{"random", "random swaps, equal work", 1},
                {"gcg", "greedy coordinate gradient, equal work", 1},
                {"epo", "EPO, equal work", 1},
                {"gcg", "greedy coordinate gradient, its defaults", 0},
                {"epo", "EPO, its defaults", 0}};
    err_code rc = OK;
    for (size_t i = 0; i < COUNT_OF(rows) && !rc; i++)
        if (rows[i].share > 0 || defaults)
            rc = run_preset(s, rows[i].preset, rows[i].name, rows[i].share * flops, e);
    return rc;
}

static err_code run_all(study *s, const bench_options *o, err *e)
{
    search_options ours = study_search_options(s), warm;
    method_result whole, from_windows;
    search_job *jobs, *warm_jobs;
    print_header();
    err_code rc = run_search(&jobs, &whole, s, "search, standard effort", &ours, e);
    if (rc)
        return rc;
    print_chain(s, jobs, &whole);
    search_preset(&warm, "warm", ours.length);
    rc = run_search(&warm_jobs, &from_windows, s, "search, warm effort", &warm, e);
    if (!rc) {
        print_result(&from_windows, s->n_targets);
        rc = run_published(s, whole.flops, o->defaults, e);
    }
    int N = (int)whole.sequences;
    if (!rc)
        rc = run_best_of(s, "best of as many random sequences", random_sequence, N, e);
    if (!rc)
        rc = run_best_of(s, "best of as many data windows", random_window, N, e);
    if (!rc)
        rc = run_free(s, "original program, 1 start, read as tokens", FREE_ORIGINAL, 1, e);
    if (!rc)
        rc = run_free(s, "free embeddings in a ball, 2 starts, as tokens", FREE_BALL, FREE_STARTS,
                      e);
    if (!rc)
        rc = run_free(s, "free, whitened, 2 starts, as tokens", FREE_WHITENED, FREE_STARTS, e);
    if (rc)
        return rc;
    print_dead(jobs, s->n_targets);
    printf("the search ran at %.1f GFLOP/s", whole.flops / whole.seconds / 1e9);
    if (o->peak > 0)
        printf(", %.0f %% of the best product's rate", 100 * whole.flops / whole.seconds / o->peak);
    printf("\n\n");
    return OK;
}

err_code bench_invert(study *s, const bench_options *o, err *e)
{
    bool cached;
    err_code rc = stage_collect(s, &cached, e);
    if (!rc)
        rc = bench_choose_features(s, o->features, e);
    if (!rc)
        rc = study_prepare_search(s, e);
    if (rc)
        return rc;
    printf("inputs of %d tokens after the BOS; fluent: at most %.2f nats a token (data windows "
           "have %.2f on average)\n\n",
           s->config->optimise.sequence_length, s->loss_limit, s->loss_mean);
    rc = run_all(s, o, e);
    if (!rc)
        rc = bench_exact(s, e);
    printf("\n");
    return rc ? rc : bench_concepts(s, e);
}
