/* Opening and closing a study: model, SAE, tokenizer, and that they belong together. */
#include "pipeline/study.h"
#include "base/memory.h"
#include "pipeline/places.h"
#include "pipeline/target.h"
#include <string.h>

static const char *const weights[] = {"config.json", "model.safetensors",
                                      "model.safetensors.index.json"},
                         *const tokenizer_parts[] = {"tokenizer.json",
                                                     "vocab.json",
                                                     "merges.txt",
                                                     "tokenizer_config.json",
                                                     "special_tokens_map.json",
                                                     "added_tokens.json"};

/* The parts of a checkpoint that has an index, by name. */
static err_code hash_shards(sha256 *h, const files *f, err *e)
{
    arena a = {0};
    char **names;
    int n = 0;
    bool sharded = f->dir && files_has(f, weights[2]) && !files_has(f, weights[1]);
    err_code rc = sharded ? io_list(&names, &n, f->dir, &a, e) : OK;
    for (int i = 0; i < n && !rc; i++) {
        const char *dot = strrchr(names[i], '.');
        if (dot && !strcmp(dot, ".safetensors"))
            rc = files_hash(h, f, (const char *const *)&names[i], 1, e);
    }
    arena_release(&a);
    return rc;
}

static err_code hash_model(study *s, err *e)
{
    sha256 all, words;
    sha256_start(&all);
    sha256_start(&words);
    const files *f = &s->model_files;
    err_code rc = files_hash(&all, f, weights, COUNT_OF(weights), e);
    if (!rc)
        rc = hash_shards(&all, f, e);
    if (!rc)
        rc = files_hash(&all, f, tokenizer_parts, COUNT_OF(tokenizer_parts), e);
    if (!rc)
        rc = files_hash(&words, f, tokenizer_parts, COUNT_OF(tokenizer_parts), e);
    sha256_finish(&all, s->model_sha256);
    sha256_finish(&words, s->tokenizer_sha256);
    return rc;
}

/* What the SAE's files leave open is in the report too; here it is seen before the work begins. */
static void note_of_sae(study *s, const model_place *network)
{
    int n;
    const char *const *notes = sae_notes(&n, s->sae);
    s->sae_notes = "";
    for (int i = 0; i < n; i++) {
        report_warning(s->reporter, "%s: %s", s->sae_label, notes[i]);
        s->sae_notes = arena_printf(&s->memory, "%s%s%s", s->sae_notes, i ? " " : "", notes[i]);
    }
    if (place_other_model(network, sae_describe(s->sae)))
        report_warning(s->reporter, "%s was made for %s, which is not %s", s->sae_label,
                       sae_describe(s->sae)->model, s->model_files.label);
}

static err_code open_sae(study *s, const model_place *network, err *e)
{
    const run_config *c = s->config;
    sae_place dictionary;
    err_code rc = place_sae(&dictionary, c->model.sae, c->model.hook, "model.sae", &s->memory, e);
    if (rc || (rc = sae_load(&s->sae, s->backend, &dictionary.files, &dictionary.hints, e)) ||
        (rc = sae_hash(s->sae_sha256, &dictionary.files, e)))
        return rc;
    s->sae_label = dictionary.files.label;
    note_of_sae(s, network);
    return OK;
}

/* The targets' SAE in the place of the one they are made from, if any. */
static err_code open_targets(study *s, const model_place *network, err *e)
{
    const run_config *c = s->config;
    target_list list;
    target_set made;
    s->sae_notes = "";
    err_code rc = target_parse(&list, c->model.target, &s->memory, e);
    if (!rc && list.n_contrasts)
        rc = open_sae(s, network, e);
    if (rc)
        return rc;
    if (!list.n_contrasts && strcmp(c->model.sae, "builtin"))
        report_warning(s->reporter, "model.sae is not read: model.target names no features of it");
    target_source from = {.be = s->backend,
                          .network = model_describe(s->model),
                          .hook = c->model.hook,
                          .prepend_bos = tokenizer_bos(s->tokenizer) >= 0,
                          .dictionary = s->sae,
                          .sae_label = s->sae ? place_shown(s->sae_label, &s->memory) : "",
                          .sae_sha256 = s->sae_sha256};
    if ((rc = target_make(&made, &list, &from, &s->memory, e)))
        return rc;
    sae_free(s->sae);
    s->sae = made.sae;
    s->sae_notes = arena_printf(&s->memory,
                                "Targets given by hand: specificity compares one with the mean of "
                                "all of them.%s%s",
                                *s->sae_notes ? " " : "", s->sae_notes);
    s->sae_label = made.label;
    s->target_names = made.names;
    memcpy(s->sae_sha256, made.sha256, sizeof made.sha256);
    return OK;
}

static err_code open_models(study *s, err *e)
{
    const run_config *c = s->config;
    model_place network;
    err_code rc = place_model(&network, c->model.model, "model.model", &s->memory, e);
    if (rc)
        return rc;
    s->model_files = network.files;
    if ((rc = tokenizer_open(&s->tokenizer, &s->model_files, e)) ||
        (rc = model_load(&s->model, s->backend, &s->model_files, e)) || (rc = hash_model(s, e)) ||
        (rc = c->model.target[0] ? open_targets(s, &network, e) : open_sae(s, &network, e)))
        return rc;
    token_rules rules = {.special = s->config->search.allow_special,
                         .unused = s->config->search.allow_unused,
                         .fragments = s->config->search.allow_fragments};
    rc = token_table_new(&s->tokens, s->model, s->tokenizer, &rules, e);
    if (!rc && !strcmp(c->optimise.free_mode, "whitened"))
        rc = whitening_new(&s->whitening, s->tokens, e);
    return rc;
}

static err_code check_fit(study *s, err *e)
{
    const sae_config *dictionary = sae_describe(s->sae);
    const model_config *network = model_describe(s->model);
    err_code rc = place_hook(&s->hook, network, s->model_files.label, dictionary, s->sae_label, e);
    if (rc)
        return rc;
    if (tokenizer_size(s->tokenizer) > network->d_vocab)
        return err_set(e, E_SHAPE, "%s: the tokenizer has %d tokens, the model only %d embeddings",
                       s->model_files.label, tokenizer_size(s->tokenizer), network->d_vocab);
    s->bos = dictionary->prepend_bos ? tokenizer_bos(s->tokenizer) : -1;
    if (dictionary->prepend_bos && s->bos < 0)
        return err_set(e, E_DATA, "the SAE %s wants a BOS token, but the tokenizer of %s has none",
                       s->sae_label, s->model_files.label);
    int positions = s->config->collect.max_prompt_length + (s->bos >= 0);
    if (positions > network->context)
        return err_set(
            e, E_CONFIG,
            "collect.max_prompt_length: %d tokens%s do not fit the model's context of %d",
            s->config->collect.max_prompt_length, s->bos >= 0 ? " and the BOS" : "",
            network->context);
    return OK;
}

static err_code open_backend(study *s, err *e)
{
    const run_config *c = s->config;
    if (backend_open(&s->backend, c->run.device, s->pool, e))
        return err_context(e, "run.device");
    if (*s->backend->note)
        report_line(s->reporter, "computing on the cpu: %s", s->backend->note);
    if (backend_set_products(s->backend, c->run.products, e))
        return err_context(e, "run.products");
    return OK;
}

err_code study_open(study *s, const run_config *c, const char *cache_dir, reporter *r, err *e)
{
    *s = (study){.config = c, .reporter = r, .cache_dir = cache_dir, .bos = -1};
    s->pool = pool_new(c->run.threads);
    err_code rc = open_backend(s, e);
    if (!rc)
        rc = open_models(s, e);
    return rc ? rc : check_fit(s, e);
}

void study_close(study *s)
{
    study_forget_rules(s);
    if (s->surveyed.active)
        survey_release(&s->surveyed);
    singles_release(&s->singles);
    filter_release(&s->filtered);
    collection_release(&s->collected);
    prompts_release(&s->prompts);
    whitening_free(s->whitening);
    token_table_free(s->tokens);
    sae_free(s->sae);
    model_free(s->model);
    tokenizer_free(s->tokenizer);
    if (s->backend)
        backend_free(s->backend);
    pool_free(s->pool);
    arena_release(&s->memory);
    *s = (study){0};
}

optimise_setting study_setting(const study *s, const char *name)
{
    return (optimise_setting){.model = s->model,
                              .sae = s->sae,
                              .hook = &s->hook,
                              .table = s->tokens,
                              .whitening = s->whitening,
                              .tokenizer = s->tokenizer,
                              .bos = s->bos,
                              .reporter = s->reporter,
                              .name = name};
}

scan_source study_source(const study *s, const char *name)
{
    return (scan_source){.model = s->model,
                         .hook = &s->hook,
                         .prompts = &s->prompts,
                         .tokenizer = s->tokenizer,
                         .batch_size = s->config->collect.batch_size,
                         .reporter = s->reporter,
                         .name = name};
}

prompt_statistic study_statistic(const study *s)
{
    return strcmp(s->config->collect.prompt_activation, "max") ? PROMPT_MEAN : PROMPT_MAX;
}

double study_scale(const study *s, int feature)
{
    double max = s->collected.stats_F[feature].max;
    return max > 0 ? max : 1;
}

void study_key_settings(store_key *k, const study *s, const char *prefix)
{
    int n;
    const config_key *keys = run_config_keys(&n);
    str value = {0};
    for (int i = 0; i < n; i++) {
        if (strncmp(keys[i].name, prefix, strlen(prefix)))
            continue;
        str_clear(&value);
        run_config_value(&value, s->config, &keys[i]);
        store_key_text(k, str_text(&value));
    }
    str_release(&value);
}

context_options study_context_options(const study *s)
{
    const run_config *c = s->config;
    return (context_options){.top = c->analyse.contexts_top,
                             .per_decile = c->analyse.contexts_per_decile,
                             .per_interval = c->analyse.contexts_per_interval,
                             .window = c->analyse.context_tokens,
                             .seed = (uint64_t)c->run.seed,
                             .tokenizer = s->tokenizer};
}
