/* optimise, analyse: the targets from the inverse side. */
#include "base/memory.h"
#include "pipeline/kept.h"
#include "pipeline/sequences.h"
#include "pipeline/store.h"
#include "pipeline/study.h"
#include <string.h>

enum {
    OPTIMISE_VERSION = 4, /* raised when the stage's arithmetic or file layout changes */
    CURVE_POINTS = 60
};

static bool is_original(const run_config *c)
{
    return !strcmp(c->optimise.free_mode, "original");
}

optimise_options study_optimise_options(const run_config *c)
{
    if (is_original(c))
        return optimise_original(c->optimise.batch_sequences, CURVE_POINTS);
    bool whitened = !strcmp(c->optimise.free_mode, "whitened");
    return (optimise_options){.mode = whitened ? FREE_WHITENED : FREE_BALL,
                              .pull = c->optimise.pull,
                              .max_steps = c->optimise.max_steps,
                              .patience = c->optimise.patience,
                              .tolerance = c->optimise.convergence_tolerance,
                              .learning_rate = c->optimise.learning_rate,
                              .lambda_reg = c->optimise.lambda_reg,
                              .norm_limit = c->optimise.norm_limit,
                              .diversity_penalty = c->optimise.diversity_penalty,
                              .repetition_penalty = c->optimise.repetition_penalty,
                              .diversity_window = c->optimise.diversity_window,
                              .repetition_window = c->optimise.repetition_window,
                              .batch_sequences = c->optimise.batch_sequences,
                              .curve_points = CURVE_POINTS};
}

/* The original program put nothing before its inputs. */
static optimise_setting free_setting(const study *s, const char *name)
{
    optimise_setting setting = study_setting(s, name);
    if (is_original(s->config))
        setting.bos = -1;
    return setting;
}

static void make_jobs(study *s)
{
    const run_config *c = s->config;
    int restarts = c->optimise.restarts, L = c->optimise.sequence_length, D = s->tokens->D;
    s->jobs = arena_push(&s->memory, (size_t)s->n_targets * (size_t)restarts, sizeof *s->jobs);
    for (int i = 0; i < s->n_targets * restarts; i++) {
        int feature = s->targets[i / restarts];
        s->jobs[i] = (optimise_job){
            .feature = feature,
            .scale = study_scale(s, feature),
            .length = L,
            .x_LD = arena_push(&s->memory, (size_t)L * (size_t)D, sizeof(float)),
        };
        if (is_original(c))
            optimise_original_start(s->jobs[i].x_LD, s->tokens, (uint64_t)c->run.seed, feature,
                                    i % restarts, L);
        else
            optimise_random_start(s->jobs[i].x_LD, s->tokens, (uint64_t)c->run.seed, feature,
                                  i % restarts, L, c->optimise.noise_scale);
    }
}

/* ---- keeping the result, a group of jobs at a time ---------------------------------------------
 */

static void group_key(const study *s, const optimise_job *jobs, int n, char key[SHA256_HEX])
{
    store_key k = store_key_start("optimise", OPTIMISE_VERSION);
    store_key_text(&k, s->model_sha256);
    store_key_text(&k, s->sae_sha256);
    store_key_text(&k, s->hook.name);
    store_key_text(&k, s->backend->name);
    store_key_bytes(&k, &s->bos, sizeof s->bos);
    study_key_settings(&k, s, "optimise.");
    for (int i = 0; i < n; i++) {
        store_key_bytes(&k, &jobs[i].feature, sizeof jobs[i].feature);
        store_key_bytes(&k, &jobs[i].scale, sizeof jobs[i].scale);
        store_key_bytes(&k, jobs[i].x_LD,
                        (size_t)jobs[i].length * (size_t)s->tokens->D * sizeof(float));
    }
    store_key_finish(&k, key);
}

static void pack(str *payload, const optimise_job *jobs, int n, int D)
{
    for (int i = 0; i < n; i++)
        optimise_job_put(payload, &jobs[i], D);
}

static bool unpack(optimise_job *jobs, const str *payload, int n, int D, const optimise_options *o,
                   arena *a)
{
    packed_reader r = packed_read(payload);
    for (int i = 0; i < n; i++)
        if (!optimise_job_get(&r, &jobs[i], D, o, a))
            return false;
    return r.left == 0;
}

static err_code run_group(study *s, optimise_job *jobs, int n, const optimise_options *o,
                          bool *cached, err *e)
{
    char key[SHA256_HEX];
    kept before;
    group_key(s, jobs, n, key);
    err_code rc = kept_find(&before, s, "optimise", key, e);
    *cached = !rc && before.found && unpack(jobs, &before.payload, n, s->tokens->D, o, &s->memory);
    if (!rc && !*cached) {
        optimise_setting setting = free_setting(s, "optimise");
        setting.draft = kept_draft(&before);
        rc = optimise_jobs(jobs, n, &setting, o, &s->memory, e);
        str *room = rc ? NULL : kept_room(&before);
        if (room) {
            pack(room, jobs, n, s->tokens->D);
            rc = kept_save(&before, e);
        }
    }
    kept_close(&before);
    return rc;
}

err_code stage_optimise(study *s, bool *cached, err *e)
{
    optimise_options o = study_optimise_options(s->config);
    int restarts = s->config->optimise.restarts, all = s->n_targets * restarts;
    /* One batch at a time. */
    int features = o.batch_sequences / restarts;
    int group = (features < 1 ? 1 : features) * restarts;
    make_jobs(s);
    *cached = true;
    err_code rc = OK;
    for (int first = 0; first < all && !rc; first += group) {
        bool group_cached;
        int n = all - first < group ? all - first : group;
        rc = run_group(s, s->jobs + first, n, &o, &group_cached, e);
        *cached &= group_cached;
    }
    if (!rc)
        report_line(s->reporter, "optimise   %d features x %d starts%s", s->n_targets, restarts,
                    *cached ? " (kept from before)" : "");
    return rc;
}

/* ---- analyse
 * ------------------------------------------------------------------------------------- */

err_code stage_analyse(study *s, bool *cached, err *e)
{
    optimise_setting setting = free_setting(s, "analyse");
    *cached = false;
    s->optima = arena_push(&s->memory, (size_t)s->n_targets, sizeof *s->optima);
    err_code rc =
        analyse_optima(s->optima, &setting, s->jobs, s->n_targets, s->config->optimise.restarts,
                       s->config->analyse.nearest_tokens, &s->memory, e);
    return rc ? rc : sequences_measure(s, e);
}
