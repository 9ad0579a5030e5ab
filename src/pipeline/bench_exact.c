/* A vocabulary small enough that every sequence can be tried: the most frequent tokens of the data,
 * so that the data hold windows of them too. Sequences with a common beginning share it. */
#include "base/memory.h"
#include "pipeline/bench_invert.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS = 32, LENGTH = 4, PREFIXES = WORDS * WORDS * WORDS, AT_ONCE = 64, WINDOWS = 16 };
/* Features that this vocabulary moves at all: less than so much of the data's maximum is noise. */
static const double LEAST = 0.3;
/* An optimum counts as found when it is the true one up to rounding. */
static const double SAME = 1e-4;

typedef struct exact {
    study *s;
    token_table *table; /* of the words alone */
    int32_t words[WORDS];
    int n; /* features */
    double *best_n;
    sae_columns *columns;
    float *z, *host_z; /* rows x features; backend and ordinary memory */
    size_t rows;
} exact;

/* ---- the words ----------------------------------------------------------------------------------
 */

typedef struct word_count {
    int id;
    int64_t n;
} word_count;

static int by_count(const void *a, const void *b)
{
    const word_count *x = a, *y = b;
    if (x->n != y->n)
        return x->n < y->n ? 1 : -1;
    return (x->id > y->id) - (x->id < y->id);
}

static err_code choose_words(exact *x, err *e)
{
    study *s = x->s;
    int V = s->tokens->V;
    word_count *counts = mem_small((size_t)V, sizeof *counts);
    bool *only = mem_small((size_t)V, sizeof *only);
    for (int v = 0; v < V; v++)
        counts[v].id = v;
    for (size_t i = 0; i < s->prompts.first[s->prompts.n]; i++)
        counts[s->prompts.tokens[i]].n++;
    for (int v = 0; v < V; v++)
        if (tokenizer_is_special(s->tokenizer, v))
            counts[v].n = 0;
    qsort(counts, (size_t)V, sizeof *counts, by_count);
    for (int i = 0; i < WORDS; i++) {
        x->words[i] = counts[i].id;
        only[counts[i].id] = true;
    }
    token_rules rules = {.fragments = true, .only_V = only};
    err_code rc = token_table_new(&x->table, s->model, s->tokenizer, &rules, e);
    if (!rc && x->table->n < WORDS)
        rc = err_set(e, E_DATA, "the data hold only %d different tokens", x->table->n);
    mem_free(only);
    mem_free(counts);
    return rc;
}

/* ---- every sequence -----------------------------------------------------------------------------
 */

static err_code take_rows(exact *x, const float *h, int rows, int skip_every, err *e)
{
    backend *be = x->s->backend;
    sae_encode_columns(NULL, x->z, x->columns, h, rows);
    be->download(be, x->host_z, x->z, (size_t)rows * (size_t)x->n * sizeof *x->z);
    err_code rc = backend_sync(be, e);
    for (int r = 0; r < rows && !rc; r++)
        for (int i = 0; i < x->n && (!skip_every || r % skip_every); i++)
            x->best_n[i] = fmax(x->best_n[i], (double)ROW(x->host_z, r, x->n)[i]);
    return rc;
}

/* Prefixes first .. first + n - 1, and each with every word behind it. */
static err_code try_prefixes(exact *x, forward *parents, forward *children, int first, int n,
                             err *e)
{
    study *s = x->s;
    int skip = s->bos >= 0, T = LENGTH + skip, C = n * WORDS;
    int32_t *tokens = mem_small((size_t)C * (size_t)T, sizeof *tokens);
    int *parent = mem_small((size_t)C, sizeof *parent), *at = mem_small((size_t)C, sizeof *at);
    for (int p = 0; p < n; p++) {
        int32_t *row = ROW(tokens, p, T);
        int number = first + p;
        row[0] = s->bos;
        for (int i = LENGTH - 2; i >= 0; i--, number /= WORDS)
            row[skip + i] = x->words[number % WORDS];
        row[T - 1] = x->words[0];
    }
    err_code rc = forward_tokens(parents, tokens, n, T, &s->hook, e);
    if (!rc)
        rc = take_rows(x, forward_hook(parents), n * T, skip ? T : 0, e);
    for (int c = 0; c < C; c++) {
        parent[c] = c / WORDS;
        at[c] = T - 1;
        ROW(tokens, c, T)[T - 1] = x->words[c % WORDS];
    }
    if (!rc)
        rc = forward_children(children, parents, tokens, parent, at, C, &s->hook, e);
    if (!rc)
        rc = take_rows(x, forward_hook(children), C, 0, e);
    mem_free(at);
    mem_free(parent);
    mem_free(tokens);
    return rc;
}

static err_code try_all(exact *x, err *e)
{
    study *s = x->s;
    int T = LENGTH + (s->bos >= 0);
    forward *parents = NULL, *children = NULL;
    err_code rc = forward_new(&parents, s->model, AT_ONCE, T, &s->hook, FORWARD_INPUT_GRADIENT, e);
    if (!rc)
        rc =
            forward_new(&children, s->model, AT_ONCE * WORDS / T + 1, T, &s->hook, FORWARD_ONLY, e);
    progress bar = progress_start(s->reporter, "every sequence", PREFIXES);
    for (int first = 0; first < PREFIXES && !rc; first += AT_ONCE) {
        int n = PREFIXES - first < AT_ONCE ? PREFIXES - first : AT_ONCE;
        rc = try_prefixes(x, parents, children, first, n, e);
        progress_step(&bar, first + n, NULL);
        if (!rc)
            rc = cancel_check(e);
    }
    progress_end(&bar);
    forward_free(children);
    forward_free(parents);
    return rc;
}

/* ---- where warm starts begin --------------------------------------------------------------------
 */

static bool in_words(const exact *x, const int32_t *window)
{
    for (int i = 0; i < LENGTH; i++) {
        int k = 0;
        while (k < WORDS && x->words[k] != window[i])
            k++;
        if (k == WORDS)
            return false;
    }
    return true;
}

static int by_tokens(const void *a, const void *b)
{
    return memcmp(a, b, LENGTH * sizeof(int32_t));
}

/* Every different window of the data that is made of the words; owner: caller. */
static int32_t *find_windows(int *n_windows, const exact *x)
{
    const prompt_set *p = &x->s->prompts;
    size_t bytes = LENGTH * sizeof(int32_t);
    int32_t *found = mem_small(p->first[p->n] * LENGTH, sizeof *found);
    int n = 0, kept = 0;
    for (int i = 0; i < p->n; i++)
        for (int t = p->bos >= 0; t + LENGTH <= prompts_length(p, i); t++)
            if (in_words(x, prompts_tokens(p, i) + t))
                memcpy(ROW(found, n++, LENGTH), prompts_tokens(p, i) + t, bytes);
    qsort(found, (size_t)n, bytes, by_tokens);
    for (int i = 0; i < n; i++)
        if (i == 0 || memcmp(ROW(found, i, LENGTH), ROW(found, kept - 1, LENGTH), bytes))
            memmove(ROW(found, kept++, LENGTH), ROW(found, i, LENGTH), bytes);
    *n_windows = kept;
    return found;
}

/* The WINDOWS best of all windows for one feature, best first. */
static int best_windows(int32_t *out_WL, const float *value, const int32_t *windows, int n)
{
    bool *used = mem_small((size_t)n, sizeof *used);
    int kept = 0;
    for (; kept < WINDOWS && kept < n; kept++) {
        int best = -1;
        for (int i = 0; i < n; i++)
            if (!used[i] && (best < 0 || value[i] > value[best]))
                best = i;
        used[best] = true;
        memcpy(ROW(out_WL, kept, LENGTH), ROW(windows, best, LENGTH), LENGTH * sizeof(int32_t));
    }
    mem_free(used);
    return kept;
}

static err_code add_windows(exact *x, search_job *jobs, const int *targets, int n, err *e)
{
    study *s = x->s;
    int n_windows;
    int32_t *windows = find_windows(&n_windows, x);
    optimise_setting setting = study_setting(s, "windows");
    setting.reporter = NULL;
    probe_input *inputs = mem_small((size_t)n_windows, sizeof *inputs);
    probe_result *results = mem_small((size_t)n_windows, sizeof *results);
    int *features = mem_small((size_t)n_windows, sizeof *features);
    float *value = mem_small((size_t)n_windows, sizeof *value);
    err_code rc = OK;
    for (int i = 0; i < n_windows; i++)
        inputs[i] = (probe_input){.tokens_L = ROW(windows, i, LENGTH), .length = LENGTH};
    for (int k = 0; k < n && !rc; k++) {
        int32_t *best = arena_push(&s->memory, WINDOWS * LENGTH, sizeof *best);
        for (int i = 0; i < n_windows; i++)
            features[i] = targets[k];
        rc = probe_inputs(results, &setting, inputs, features, n_windows, false, e);
        for (int i = 0; i < n_windows && !rc; i++)
            value[i] = results[i].pre_activation;
        jobs[k].windows_WL = best;
        jobs[k].n_windows = rc ? 0 : best_windows(best, value, windows, n_windows);
    }
    printf("%d different windows of the data are made of these words\n", n_windows);
    mem_free(value);
    mem_free(features);
    mem_free(results);
    mem_free(inputs);
    mem_free(windows);
    return rc;
}

/* ---- who finds it -------------------------------------------------------------------------------
 */

static void print_found(const char *name, const double *ratio, int n, double flops)
{
    int found = 0;
    for (int i = 0; i < n; i++)
        found += ratio[i] >= 1 - SAME;
    spread share = spread_of(ratio, n);
    printf("%-44s %8.3f %8.3f %7.0f %% %8.1f\n", name, share.median, share.tenth, 100.0 * found / n,
           flops / n / 1e9);
    fflush(stdout);
}

/* One lane of a finished search. */
static void print_lane(const char *name, const search_job *jobs, const double *best, int n,
                       bool warm)
{
    double *ratio = mem_small((size_t)n, sizeof *ratio), flops = 0;
    for (int i = 0; i < n; i++) {
        const search_point *p = warm ? &jobs[i].warm : &jobs[i].cold;
        ratio[i] = p->tokens ? (double)p->z / best[i] : 0;
        flops += jobs[i].flops;
    }
    print_found(name, ratio, n, flops);
    mem_free(ratio);
}

static err_code run_methods(exact *x, const search_job *fresh, const double *best, int n, err *e)
{
    static const struct {
        const char *preset, *warm, *cold;
    } rows[] = {{"standard", "search, grown from data windows", "search, found without the data"},
                {"random", NULL, "random swaps, equal work"},
                {"gcg", NULL, "greedy coordinate gradient, equal work"},
                {"epo", NULL, "EPO, equal work"}};
    study *s = x->s;
    optimise_setting setting = study_setting(s, "bench");
    setting.table = x->table;
    setting.tokenizer = NULL; /* the truth does not ask what can be written */
    search_job *jobs = mem_small((size_t)n, sizeof *jobs);
    double spent = 0;
    err_code rc = OK;
    for (size_t r = 0; r < COUNT_OF(rows) && !rc; r++) {
        search_options o;
        search_preset(&o, rows[r].preset, LENGTH);
        o.flops = spent;
        if (r > 0 && o.iterations > 0)
            o.iterations = BENCH_ENDLESS; /* the work ends it */
        memcpy(jobs, fresh, (size_t)n * sizeof *jobs);
        rc = search_features(jobs, n, &setting, &o, (uint64_t)s->config->run.seed, &s->memory, e);
        for (int i = 0; i < n && r == 0; i++)
            spent += jobs[i].flops;
        if (!rc && rows[r].warm)
            print_lane(rows[r].warm, jobs, best, n, true);
        if (!rc)
            print_lane(rows[r].cold, jobs, best, n, false);
    }
    mem_free(jobs);
    return rc;
}

/* Jobs for the features that these words move. */
static err_code search_small(exact *x, err *e)
{
    study *s = x->s;
    search_job *jobs = mem_small((size_t)x->n, sizeof *jobs);
    double *best = mem_small((size_t)x->n, sizeof *best);
    int *targets = mem_small((size_t)x->n, sizeof *targets), n = 0;
    for (int i = 0; i < x->n; i++) {
        if (x->best_n[i] < LEAST * s->searches[i].scale)
            continue;
        jobs[n] = (search_job){.feature = s->targets[i],
                               .scale = s->searches[i].scale,
                               .single_S = x->table->ids,
                               .n_singles = WORDS,
                               .fluent_limit = s->loss_limit};
        targets[n] = s->targets[i];
        best[n++] = x->best_n[i];
    }
    printf("the true optimum over all %d^%d sequences of the data's %d most frequent tokens, for "
           "%d\nfeatures that these move to at least %.1f of the data's maximum\n",
           WORDS, LENGTH, WORDS, n, LEAST);
    err_code rc = n ? add_windows(x, jobs, targets, n, e) : OK;
    if (!rc && n) {
        printf("%-44s %8s %8s %9s %8s\n", "method", "median", "p10", "found", "GFLOP");
        rc = run_methods(x, jobs, best, n, e);
    }
    mem_free(targets);
    mem_free(best);
    mem_free(jobs);
    return rc;
}

err_code bench_exact(study *s, err *e)
{
    exact x = {.s = s, .n = s->n_targets, .rows = AT_ONCE * WORDS};
    backend *be = s->backend;
    size_t cells = x.rows * (size_t)x.n;
    err_code rc = choose_words(&x, e);
    if (!rc)
        rc = sae_columns_new(&x.columns, s->sae, s->targets, x.n, e);
    if (!rc && (!(x.host_z = mem_array(cells, sizeof *x.host_z, "bench", e)) ||
                !(x.z = be->alloc(be, cells, sizeof *x.z, "bench", e))))
        rc = e->code;
    x.best_n = mem_small((size_t)x.n, sizeof *x.best_n);
    for (int i = 0; i < x.n; i++)
        x.best_n[i] = (double)-INFINITY;
    if (!rc)
        rc = try_all(&x, e);
    if (!rc)
        rc = search_small(&x, e);
    mem_free(x.best_n);
    mem_free(x.host_z);
    be->free(be, x.z);
    sae_columns_free(x.columns);
    token_table_free(x.table);
    return rc;
}
