/* The method page: inputs and their hashes, config, training, evaluation, concepts; and the page of
 * times, which may differ between equal runs and stays under volatile/. */
#include "site/figures.h"
#include "site/pages.h"
#include "site/sentence.h"
#include "site/show.h"
#include <string.h>

static void put_row(cJSON *list, const char *name, const char *value)
{
    cJSON *row = put_entry(list);
    json_add_string(row, "name", name);
    json_add_string(row, "value", value);
}

/* A row only where there is something to say. */
static void put_row_if(cJSON *list, const char *name, arena *a, const char *text)
{
    if (text && *text)
        put_row(list, name, show_text(a, text));
}

static void put_model(page *p)
{
    const record_model *m = &p->site->r->run.model;
    arena *a = &p->memory;
    cJSON *list = json_add_array(p->tree, "model");
    put_row(list, "source", show_text(a, m->source));
    put_row(list, "family", show_text(a, m->family));
    put_row(list, "parameters", show_count(a, m->n_parameters));
    put_row(list, "shape",
            arena_printf(a, "%d layers, d_model %d, d_mlp %d", m->n_layers, m->d_model, m->d_mlp));
    put_row(list, "attention",
            arena_printf(a, "%d heads of %d, %d with keys and values", m->n_heads, m->d_head,
                         m->n_kv_heads));
    put_row(list, "vocabulary", show_count(a, m->d_vocab));
    put_row(list, "context", arena_printf(a, "%d tokens", m->context));
    put_row_if(list, "stored as", a, m->stored);
    put_row(list, "SHA-256", show_text(a, m->sha256));
    put_row_if(list, "of the tokenizer", a, m->tokenizer_sha256);
}

static void put_sae(page *p)
{
    const record_sae *s = &p->site->r->run.sae;
    arena *a = &p->memory;
    cJSON *list = json_add_array(p->tree, "sae");
    put_row(list, "source", show_text(a, s->source));
    put_row_if(list, "layout", a, s->layout);
    put_row_if(list, "trained on", a, s->trained_on);
    put_row(list, "architecture", show_text(a, s->architecture));
    put_row(list, "hook", show_text(a, s->hook));
    put_row_if(list, "predicts", a, s->hook_out);
    put_row_if(list, "hook processing", a, s->processing);
    put_row(list, "shape", arena_printf(a, "d_in %d, d_sae %d", s->d_in, s->d_sae));
    put_row(list, "input normalisation", show_text(a, s->normalisation));
    put_row(list, "decoder bias subtracted", s->apply_b_dec ? "yes" : "no");
    put_row_if(list, "note", a, s->notes);
    put_row(list, "SHA-256", show_text(a, s->sha256));
}

static void put_data_and_program(page *p)
{
    const record_run *run = &p->site->r->run;
    arena *a = &p->memory;
    cJSON *list = json_add_array(p->tree, "data");
    put_row(list, "source", show_text(a, run->data.source));
    put_row(list, "prompts", show_count(a, run->data.n_prompts));
    put_row(list, "prompt length",
            arena_printf(a, "%d to %d tokens", run->data.min_tokens, run->data.max_tokens));
    put_row(list, "tokens counted", show_count(a, run->data.n_tokens));
    put_row(list, "special, left out", show_count(a, run->data.n_special));
    put_row(list, "SHA-256", show_text(a, run->data.sha256));
    list = json_add_array(p->tree, "program");
    put_row(list, "saeinv", show_text(a, run->tool_version));
    if (run->commit && *run->commit)
        put_row(list, "built from",
                arena_printf(a, "%s%s", show_text(a, run->commit),
                             run->modified ? ", with changes" : ""));
    put_row(list, "seed", show_text(a, run->seed));
    put_row(list, "backend", show_text(a, run->backend));
    put_row(list, "precision", show_text(a, run->precision));
    put_row(list, "reproducibility", show_text(a, run->reproducibility));
    put_row(list, "SHA-256 of the config", show_text(a, run->config_sha256));
    for (int i = 0; i < run->n_libraries; i++)
        put_row(list, show_text(a, run->libraries[i].name),
                show_text(a, run->libraries[i].version));
    put_text(p->tree, "command", a, run->command);
}

/* Keys grouped by stage, in the order the groups first appear. */
static void put_config(page *p)
{
    const record_run *run = &p->site->r->run;
    arena *a = &p->memory;
    cJSON *groups = json_add_array(p->tree, "groups"), *rows = NULL;
    const char *group = NULL;
    for (int i = 0; i < run->n_config; i++) {
        const record_config *c = &run->config[i];
        if (!group || strcmp(group, c->group)) {
            group = c->group;
            cJSON *entry = put_entry(groups);
            put_text(entry, "group", a, group);
            rows = json_add_array(entry, "keys");
        }
        cJSON *row = put_entry(rows);
        put_text(row, "key", a, c->key);
        put_text(row, "value", a, c->value);
        put_text(row, "unit", a, c->unit);
        put_text(row, "description", a, c->description);
        put_text(row, "default", a, c->default_value);
        json_add_bool(row, "changed", !c->is_default);
    }
}

static void put_evaluation(page *p)
{
    const record *r = p->site->r;
    arena *a = &p->memory;
    cJSON *rows = json_add_array(p->tree, "evaluation");
    for (int i = 0; i < r->n_evaluation; i++) {
        const record_metric *m = &r->evaluation[i];
        bool higher = m->better && !strcmp(m->better, "higher");
        bool met = higher ? m->value >= m->target : m->value <= m->target;
        char target[NUMBER_TEXT];
        cJSON *row = put_entry(rows);
        put_text(row, "name", a, m->name);
        put_text(row, "unit", a, m->unit);
        put_text(row, "note", a, m->note);
        json_add_string(row, "value", show_number(a, m->value));
        json_add_string(row, "target",
                        !isfinite(m->target)
                            ? ""
                            : arena_printf(a, "%s %s, %s", higher ? "≥" : "≤",
                                           number_text(target, m->target), met ? "met" : "missed"));
    }
    json_add_bool(p->tree, "has_evaluation", r->n_evaluation > 0);
}

static void put_concepts(page *p)
{
    const record *r = p->site->r;
    arena *a = &p->memory;
    cJSON *rows = json_add_array(p->tree, "concepts");
    int found = 0;
    for (int i = 0; i < r->n_concepts; i++) {
        const record_concept *c = &r->concepts[i];
        cJSON *row = put_entry(rows);
        found += c->f1 >= 0.9;
        put_text(row, "name", a, c->name);
        put_text(row, "kind", a, c->kind);
        put_text(row, "description", a, c->description);
        put_feature_link(row, "feature", p, c->feature);
        json_add_string(row, "base_rate", show_share(a, c->base_rate));
        json_add_string(row, "f1", show_score(a, c->f1));
        json_add_string(row, "precision", show_score(a, c->precision));
        json_add_string(row, "recall", show_score(a, c->recall));
        json_add_string(row, "sentence", sentence_line(a, c->sentence));
        json_add_string(row, "rule_f1", show_score(a, c->rule_f1));
        put_text(row, "named", a, c->named);
    }
    put_concept_rules(p);
    json_add_string(p->tree, "n_concepts", show_count(a, r->n_concepts));
    json_add_string(p->tree, "n_found", show_count(a, found));
}

static err_code draw(page *p, err *e)
{
    bool lm = false, sae = false, concepts = false;
    err_code rc = draw_lm_training(p, &lm, e);
    if (!rc)
        rc = draw_sae_training(p, &sae, e);
    if (!rc)
        rc = draw_concepts(p, &concepts, e);
    json_add_bool(p->tree, "has_lm_curve", lm);
    json_add_bool(p->tree, "has_sae_curve", sae);
    json_add_bool(p->tree, "has_concepts", concepts);
    return rc;
}

err_code page_method(const site *s, err *e)
{
    page p;
    page_start(&p, s, SECTION_METHOD, "", "method", "Method and config");
    put_model(&p);
    put_sae(&p);
    put_data_and_program(&p);
    put_config(&p);
    put_evaluation(&p);
    put_concepts(&p);
    put_search_summary(&p);
    err_code rc = draw(&p, e);
    if (!rc)
        return page_write(&p, "method.md", e);
    page_drop(&p);
    return rc;
}

err_code page_times(const site *s, err *e)
{
    const record_volatile *v = s->times;
    page p;
    page_start(&p, s, SECTION_TIMES, "volatile", "index", "Times and machine");
    arena *a = &p.memory;
    cJSON *list = json_add_array(p.tree, "machine"), *rows = json_add_array(p.tree, "stages");
    put_row(list, "started", show_text(a, v->started));
    put_row(list, "host", show_text(a, v->host));
    put_row(list, "processor", show_text(a, v->processor));
    put_row(list, "directory", show_text(a, v->directory));
    put_row(list, "threads", show_count(a, v->n_threads));
    put_row(list, "wall time", arena_printf(a, "%s s", show_number(a, v->seconds)));
    put_row_if(list, "processor's name", a, v->environment.cpu);
    put_row_if(list, "system", a, v->environment.system);
    put_row_if(list, "compiler", a, v->environment.compiler);
    put_row_if(list, "flags", a, v->environment.flags);
    put_row(list, "peak memory", arena_printf(a, "%s MB", show_number(a, v->peak_memory / 1e6)));
    for (int i = 0; i < v->n_stages; i++) {
        cJSON *row = put_entry(rows);
        put_text(row, "name", a, v->stages[i].name);
        put_text(row, "note", a, v->stages[i].note);
        json_add_string(row, "seconds", show_number(a, v->stages[i].seconds));
        json_add_bool(row, "cached", v->stages[i].cached);
    }
    json_add_bool(p.tree, "has_stages", v->n_stages > 0);
    return page_write(&p, "times.md", e);
}
