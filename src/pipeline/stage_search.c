/* search: real tokens for every target, beside what the data reach. */
#include "base/memory.h"
#include "base/rng.h"
#include "invert/token_loss.h"
#include "pipeline/kept.h"
#include "invert/search_packed.h"
#include "pipeline/study.h"
#include <math.h>
#include <string.h>

enum {
    SEARCH_VERSION = 3, /* raised when the stage's arithmetic or file layout changes */
    SINGLES_VERSION = 2,
    SINGLES_A_TARGET = 128,
    LOSS_WINDOWS = 512 /* data windows whose cross-entropy says what is usual */
};

/* ---- options ------------------------------------------------------------------------------------
 */

/* Kinds in turn, so that few restarts hold some of each. */
static void spread_restarts(int starts[START_KINDS], int restarts)
{
    static const start_kind turn[] = {START_WINDOW, START_BEAM,    START_RELAXED, START_WINDOW,
                                      START_BEAM,   START_RELAXED, START_RANDOM,  START_WINDOW};
    memset(starts, 0, START_KINDS * sizeof *starts);
    for (int i = 0; i < restarts; i++)
        starts[turn[i % (int)COUNT_OF(turn)]]++;
}

static bool is_ours(const study *s)
{
    return !strcmp(s->config->search.method, "search");
}

const char *study_search_name(const study *s)
{
    return is_ours(s) ? s->config->search.effort : s->config->search.method;
}

search_options study_search_options(const study *s)
{
    const run_config *c = s->config;
    search_options o;
    bool ours = is_ours(s);
    if (!search_preset(&o, study_search_name(s), c->optimise.sequence_length))
        err_die("no search is called %s", study_search_name(s));
    if (ours)
        o.readout = strcmp(c->search.readout, "max") ? READ_LAST : READ_MAX;
    if (ours && c->search.restarts > 0 && strcmp(c->search.effort, "warm"))
        spread_restarts(o.starts, c->search.restarts);
    else if (ours && c->search.restarts > 0)
        o.starts[START_WINDOW] = c->search.restarts;
    if (c->search.iterations >= 0)
        o.iterations = c->search.iterations;
    if (c->search.children > 0)
        o.children = c->search.children;
    if (c->search.front_iterations >= 0 && o.front_members > 0)
        o.front_iterations = c->search.front_iterations;
    if (c->search.sweep_tokens >= 0)
        o.sweep_tokens = c->search.sweep_tokens;
    o.batch_features = c->search.batch_features;
    o.seconds = c->search.budget_seconds;
    o.flops = 1e12 * c->search.budget_tflop;
    return o;
}

/* ---- what the search begins with ----------------------------------------------------------------
 */

static void base_key(store_key *k, const study *s)
{
    store_key_text(k, s->model_sha256);
    store_key_text(k, s->sae_sha256);
    store_key_text(k, s->hook.name);
    store_key_text(k, s->backend->name);
    store_key_bytes(k, &s->bos, sizeof s->bos);
    store_key_bytes(k, s->tokens->ids, (size_t)s->tokens->n * sizeof *s->tokens->ids);
}

/* The best single tokens: one pass over the vocabulary, kept for every later run. */
static err_code find_singles(study *s, err *e)
{
    char key[SHA256_HEX];
    kept before;
    int S = s->tokens->n < SINGLES_A_TARGET ? s->tokens->n : SINGLES_A_TARGET;
    store_key k = store_key_start("singles", SINGLES_VERSION);
    base_key(&k, s);
    study_key_settings(&k, s, "search.single_tokens");
    store_key_bytes(&k, s->targets, (size_t)s->n_targets * sizeof *s->targets);
    store_key_finish(&k, key);
    err_code rc = kept_find(&before, s, "singles", key, e);
    if (!rc && !(before.found && singles_unpack(&s->singles, &before.payload))) {
        optimise_setting setting = study_setting(s, "single tokens");
        setting.draft = kept_draft(&before);
        rc = singles_find(&s->singles, &setting, s->targets, s->n_targets, S,
                          s->config->search.single_tokens, e);
        str *room = rc ? NULL : kept_room(&before);
        if (room) {
            singles_pack(room, &s->singles);
            rc = kept_save(&before, e);
        }
    }
    kept_close(&before);
    return rc;
}

/* What the model expects of data windows of the inputs' length: windows spread evenly over the
 * prompts, from chance places. */
static err_code measure_windows(study *s, err *e)
{
    int L = s->config->optimise.sequence_length, skip = s->bos >= 0, n = 0;
    int most = s->prompts.n < LOSS_WINDOWS ? s->prompts.n : LOSS_WINDOWS;
    int32_t *windows_nL = mem_small((size_t)most * (size_t)L, sizeof *windows_nL);
    rng r = rng_stream((uint64_t)s->config->run.seed, "windows");
    for (int i = 0; i < most; i++) {
        int prompt = (int)((int64_t)i * s->prompts.n / most);
        int room = prompts_length(&s->prompts, prompt) - skip - L;
        if (room < 0)
            continue;
        int start = skip + (int)rng_below(&r, (uint32_t)room + 1);
        memcpy(ROW(windows_nL, n++, L), prompts_tokens(&s->prompts, prompt) + start,
               (size_t)L * sizeof *windows_nL);
    }
    double *loss_n = mem_small((size_t)n, sizeof *loss_n), total = 0;
    optimise_setting setting = study_setting(s, "cross-entropy of windows");
    err_code rc = token_loss_windows(loss_n, &setting, windows_nL, n, L, e);
    for (int i = 0; i < n; i++)
        total += loss_n[i];
    s->loss_mean = n ? total / n : (double)NAN;
    s->loss_limit = token_loss_limit(loss_n, n);
    if (!rc && n == 0)
        report_warning(s->reporter,
                       "no prompt is %d tokens long: there is no cross-entropy of the data to "
                       "call inputs fluent by (optimise.sequence_length)",
                       L);
    mem_free(loss_n);
    mem_free(windows_nL);
    return rc;
}

static void make_searches(study *s)
{
    const run_config *c = s->config;
    int L = c->optimise.sequence_length;
    s->searches = arena_push(&s->memory, (size_t)s->n_targets, sizeof *s->searches);
    for (int i = 0; i < s->n_targets; i++) {
        int32_t *windows;
        int n = survey_windows(&windows, &s->surveyed, i, &s->prompts, s->tokenizer, L,
                               c->search.windows, &s->memory);
        s->searches[i] = (search_job){.feature = s->targets[i],
                                      .scale = study_scale(s, s->targets[i]),
                                      .windows_WL = windows,
                                      .n_windows = n,
                                      .single_S = ROW(s->singles.ids_NS, i, s->singles.S),
                                      .n_singles = s->singles.S,
                                      .fluent_limit = s->loss_limit};
    }
}

/* ---- searching, a group at a time ---------------------------------------------------------------
 */

static void group_key(const study *s, const search_job *jobs, int n, char key[SHA256_HEX])
{
    int L = s->config->optimise.sequence_length;
    store_key k = store_key_start("search", SEARCH_VERSION);
    base_key(&k, s);
    study_key_settings(&k, s, "search.");
    study_key_settings(&k, s, "run.seed");
    store_key_bytes(&k, &L, sizeof L);
    store_key_bytes(&k, &s->loss_limit, sizeof s->loss_limit);
    for (int i = 0; i < n; i++) {
        store_key_bytes(&k, &jobs[i].feature, sizeof jobs[i].feature);
        store_key_bytes(&k, &jobs[i].scale, sizeof jobs[i].scale);
        store_key_bytes(&k, jobs[i].windows_WL,
                        (size_t)jobs[i].n_windows * (size_t)L * sizeof(int32_t));
    }
    store_key_finish(&k, key);
}

static err_code run_group(study *s, search_job *jobs, int n, const search_options *o, bool *cached,
                          err *e)
{
    char key[SHA256_HEX];
    kept before;
    group_key(s, jobs, n, key);
    err_code rc = kept_find(&before, s, "search", key, e);
    *cached = !rc && before.found && searches_unpack(jobs, n, &before.payload, &s->memory);
    if (!rc && !*cached) {
        optimise_setting setting = study_setting(s, "search");
        setting.draft = kept_draft(&before);
        rc = search_features(jobs, n, &setting, o, (uint64_t)s->config->run.seed, &s->memory, e);
        str *room = rc ? NULL : kept_room(&before);
        if (room) {
            searches_pack(room, jobs, n);
            rc = kept_save(&before, e);
        }
    }
    kept_close(&before);
    return rc;
}

/* Before it starts: what it will cost. */
static void announce(study *s, const search_options *o)
{
    optimise_setting setting = study_setting(s, "search");
    double flops = search_flops(&setting, o);
    s->flops_planned = flops * s->n_targets;
    report_line(s->reporter, "search     %d features, %s%s: about %.2g TFLOP each", s->n_targets,
                study_search_name(s), is_ours(s) ? " effort" : "", flops / 1e12);
}

/* A budget of time or work is of all features, so that they then
 * are one group. */
static err_code run_searches(study *s, bool *cached, err *e)
{
    search_options o = study_search_options(s);
    bool budget = o.seconds > 0 || o.flops > 0;
    int group = budget ? s->n_targets : o.batch_features;
    err_code rc = OK;
    announce(s, &o);
    *cached = true;
    for (int first = 0; first < s->n_targets && !rc; first += group) {
        bool group_cached;
        int n = s->n_targets - first < group ? s->n_targets - first : group;
        rc = run_group(s, s->searches + first, n, &o, &group_cached, e);
        *cached &= group_cached;
    }
    return rc;
}

err_code study_prepare_search(study *s, err *e)
{
    scan_source source = study_source(s, "survey");
    err_code rc = survey_features(&s->surveyed, &source, s->sae, s->targets, s->n_targets, e);
    if (!rc)
        rc = find_singles(s, e);
    if (!rc)
        rc = measure_windows(s, e);
    if (!rc)
        make_searches(s);
    return rc;
}

err_code stage_search(study *s, bool *cached, err *e)
{
    err_code rc = study_prepare_search(s, e);
    if (!rc)
        rc = run_searches(s, cached, e);
    double flops = 0;
    for (int i = 0; i < s->n_targets && !rc; i++)
        flops += s->searches[i].flops;
    if (!rc)
        report_line(s->reporter, "search     %.3g TFLOP spent%s", flops / 1e12,
                    *cached ? " (kept from before)" : "");
    return rc;
}
