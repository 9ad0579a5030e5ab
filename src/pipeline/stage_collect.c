/* collect: prompts from the world or from files, and the statistics of every feature over them. */
#include "base/memory.h"
#include "data/corpus.h"
#include "pipeline/kept.h"
#include "pipeline/store.h"
#include "pipeline/study.h"
#include "train/text_stream.h"
#include <string.h>

enum {
    COLLECT_VERSION = 3,       /* raised when the stage's arithmetic or file layout changes */
    MOST_TRIES_PER_PROMPT = 50 /* documents looked at for one long enough */
};

/* ---- prompts ----------------------------------------------------------------------------------
 */

static err_code add_world(study *s, err *e)
{
    const run_config *c = s->config;
    world *w = world_new();
    world_text text = {0};
    uint64_t seed = text_seed((uint64_t)c->run.seed, "prompts");
    err_code rc = OK;
    int64_t most = (int64_t)c->collect.n_prompts * MOST_TRIES_PER_PROMPT;
    for (int64_t i = 0; s->prompts.n < c->collect.n_prompts && i < most && !rc; i++) {
        world_document(&text, w, seed, (uint64_t)i);
        rc = prompts_add(&s->prompts, s->tokenizer, text.text.data, text.text.len, e);
    }
    world_text_release(&text);
    world_free(w);
    return rc;
}

static err_code add_file(study *s, const char *path, err *e)
{
    const run_config *c = s->config;
    corpus_options o = corpus_defaults();
    o.split = strcmp(c->collect.split, "line") ? SPLIT_PARAGRAPH : SPLIT_LINE;
    o.text_field = c->collect.text_field;
    corpus texts = {0};
    err_code rc = corpus_read(&texts, path, &o, e);
    if (rc == E_FORMAT && strstr(path, ".jsonl"))
        err_context(e, "collect.text_field = %s", c->collect.text_field);
    for (size_t i = 0; i < texts.n_prompts && !rc && s->prompts.n < c->collect.n_prompts; i++) {
        rc = prompts_add(&s->prompts, s->tokenizer, texts.prompts[i].text, texts.prompts[i].n, e);
        if (rc)
            err_context(e, "%s: line %d", path, texts.prompts[i].line);
    }
    if (texts.n_empty)
        report_detail(s->reporter, "%s: %zu blank prompts skipped", path, texts.n_empty);
    if (texts.n_invalid_utf8)
        report_warning(s->reporter, "%s: %zu prompts are not valid UTF-8; their bytes are kept",
                       path, texts.n_invalid_utf8);
    corpus_release(&texts);
    return rc;
}

static err_code add_files(study *s, err *e)
{
    char *list = mem_strdup(s->config->collect.data), *rest = list, *path;
    err_code rc = OK;
    while (!rc && (path = strsep(&rest, ",")))
        if (*path)
            rc = add_file(s, path, e);
    mem_free(list);
    return rc;
}

static err_code gather_prompts(study *s, err *e)
{
    const run_config *c = s->config;
    s->prompts = (prompt_set){.bos = s->bos,
                              .min_tokens = c->collect.min_prompt_length,
                              .max_tokens = c->collect.max_prompt_length};
    err_code rc = strcmp(c->collect.data, "world") ? add_files(s, e) : add_world(s, e);
    if (rc)
        return rc;
    if (s->prompts.n == 0)
        return err_set(e, E_DATA,
                       "collect.data: %s gave no prompt; %ld were shorter than "
                       "collect.min_prompt_length = %d tokens",
                       c->collect.data, s->prompts.n_short, c->collect.min_prompt_length);
    if (s->prompts.n < c->collect.n_prompts)
        report_warning(s->reporter, "only %d of collect.n_prompts = %d prompts could be had",
                       s->prompts.n, c->collect.n_prompts);
    sha256_of(s->data_sha256, s->prompts.tokens,
              s->prompts.first[s->prompts.n] * sizeof *s->prompts.tokens);
    return OK;
}

/* ---- keeping the result ------------------------------------------------------------------------
 */

static void collect_key(const study *s, char key[SHA256_HEX])
{
    store_key k = store_key_start("collect", COLLECT_VERSION);
    store_key_text(&k, s->model_sha256);
    store_key_text(&k, s->sae_sha256);
    store_key_text(&k, s->data_sha256);
    store_key_bytes(&k, s->prompts.first, ((size_t)s->prompts.n + 1) * sizeof *s->prompts.first);
    store_key_text(&k, s->hook.name);
    store_key_text(&k, s->backend->name);
    store_key_text(&k, s->config->run.products);
    store_key_bytes(&k, &s->config->collect.batch_size, sizeof(int));
    store_key_finish(&k, key);
}

static bool unpack(collection *out, const str *payload)
{
    packed_reader r = packed_read(payload);
    collection c = {0};
    packed_get(&r, &c.n_features, 1, sizeof c.n_features);
    packed_get(&r, &c.n_prompts, 1, sizeof c.n_prompts);
    packed_get(&r, &c.n_tokens, 1, sizeof c.n_tokens);
    packed_get(&r, &c.n_special, 1, sizeof c.n_special);
    size_t n = (size_t)c.n_features;
    c.stats_F = mem_small(n, sizeof *c.stats_F);
    c.first_F = mem_small(n + 1, sizeof *c.first_F);
    packed_get(&r, c.stats_F, n, sizeof *c.stats_F);
    packed_get(&r, c.first_F, n + 1, sizeof *c.first_F);
    bool fits = !r.short_read && c.first_F[n] == r.left / sizeof *c.entries;
    if (fits) {
        c.entries = mem_small(c.first_F[n], sizeof *c.entries);
        packed_get(&r, c.entries, c.first_F[n], sizeof *c.entries);
        *out = c;
    } else {
        collection_release(&c);
    }
    return fits;
}

static void pack(str *payload, const collection *c)
{
    size_t n = (size_t)c->n_features;
    packed_put(payload, &c->n_features, 1, sizeof c->n_features);
    packed_put(payload, &c->n_prompts, 1, sizeof c->n_prompts);
    packed_put(payload, &c->n_tokens, 1, sizeof c->n_tokens);
    packed_put(payload, &c->n_special, 1, sizeof c->n_special);
    packed_put(payload, c->stats_F, n, sizeof *c->stats_F);
    packed_put(payload, c->first_F, n + 1, sizeof *c->first_F);
    packed_put(payload, c->entries, c->first_F[n], sizeof *c->entries);
}

err_code stage_collect(study *s, bool *cached, err *e)
{
    char key[SHA256_HEX];
    kept before;
    err_code rc = gather_prompts(s, e);
    if (rc)
        return rc;
    collect_key(s, key);
    rc = kept_find(&before, s, "collect", key, e);
    *cached = !rc && before.found && unpack(&s->collected, &before.payload);
    if (!rc && !*cached) {
        scan_source source = study_source(s, "collect");
        source.draft = kept_draft(&before);
        rc = collect_features(&s->collected, &source, s->sae, e);
        str *room = rc ? NULL : kept_room(&before);
        if (room) {
            pack(room, &s->collected);
            rc = kept_save(&before, e);
        }
    }
    kept_close(&before);
    if (!rc)
        report_line(s->reporter,
                    "collect    %d prompts, %lld tokens, %lld special positions left out%s",
                    s->prompts.n, (long long)s->collected.n_tokens,
                    (long long)s->collected.n_special, *cached ? " (kept from before)" : "");
    return rc;
}
