/* rules: where each target is active, as a rule; controls beside it, and what the sentences of
 * stage_explain() predict by the same measures. */
#include "base/memory.h"
#include "base/rng.h"
#include "pipeline/concept_rules.h"
#include "pipeline/random_directions.h"
#include "pipeline/study.h"
#include <ctype.h>
#include <string.h>

static rule_options options_of(const run_config *c)
{
    rule_options o = rule_defaults((uint64_t)c->run.seed);
    o.fit.mass = c->rules.mass;
    o.resamples = c->rules.resamples;
    o.n_examples = c->rules.examples;
    o.dense_share = c->rules.dense_share;
    o.least_documents = c->rules.least_documents;
    o.least_f1 = c->rules.least_f1;
    return o;
}

err_code study_split_text(study *s, err *e)
{
    const run_config *c = s->config;
    if (s->rules.text.documents)
        return OK;
    rule_text_options o = rule_text_defaults((uint64_t)c->run.seed);
    o.fit_share = c->rules.fit_share;
    o.choose_share = c->rules.choose_share;
    o.most_tokens = (size_t)c->rules.most_tokens;
    return rule_text_make(&s->rules.text, &s->prompts, s->tokenizer, &o, e);
}

err_code study_explain(rule_explanation **out, study *s, const survey *of, err *e)
{
    rule_options o = options_of(s->config);
    size_t n = (size_t)of->n_features;
    rule_explanation *made = arena_push(&s->memory, n, sizeof *made);
    err_code rc = rules_explain(made, &s->rules.text, of->features,
                                (const token_activation *const *)of->active, of->n_active, (int)n,
                                &o, s->pool, e);
    *out = rc ? NULL : made;
    return rc;
}

/* ---- random directions --------------------------------------------------------------------------
 */

/* As often active as the targets, in turn. */
static err_code explain_random(study *s, err *e)
{
    int n = s->config->rules.random_directions;
    if (n == 0 || s->n_targets == 0)
        return OK;
    scan_source source = study_source(s, "random directions");
    int *ids = arena_push(&s->memory, (size_t)n, sizeof *ids);
    size_t *n_active = mem_small((size_t)n, sizeof *n_active);
    survey found = {0};
    for (int i = 0; i < n; i++)
        n_active[i] = s->surveyed.n_active[i % s->n_targets];
    err_code rc = survey_random_directions(&found, ids, &source, s->sae, n_active, n,
                                           (uint64_t)s->config->run.seed, e);
    if (!rc) {
        rc = study_explain(&s->rules.random, s, &found, e);
        s->rules.n_random = rc ? 0 : n;
        survey_release(&found);
    }
    mem_free(n_active);
    return rc;
}

/* ---- sentences ----------------------------------------------------------------------------------
 */

/* A token's bytes without blanks around them, in small letters. */
static record_bytes word_of(study *s, int id)
{
    const char *bytes;
    size_t n;
    if (!tokenizer_bytes(s->tokenizer, id, &bytes, &n))
        return (record_bytes){0};
    while (n && isspace((unsigned char)bytes[0]))
        bytes++, n--;
    while (n && isspace((unsigned char)bytes[n - 1]))
        n--;
    char *word = arena_strndup(&s->memory, bytes, n);
    for (size_t i = 0; i < n; i++)
        word[i] = (char)tolower((unsigned char)word[i]);
    return (record_bytes){.bytes = word, .n = (int)n};
}

static bool same_word(record_bytes a, record_bytes b)
{
    return a.n == b.n && a.n > 0 && !memcmp(a.bytes, b.bytes, (size_t)a.n);
}

/* A sentence of the original program speaks of tokens: a pattern of the two it is filled with, an
 * optimised prompt of those behind its frozen prefix. It predicts them, in any case. */
static void predict_words(float *prediction_N, const rule_text *t, const record_bytes *word_V,
                          const explanation *x)
{
    bool *named_V = mem_small((size_t)t->V, sizeof *named_V);
    for (int i = 0; i < x->n_named; i++)
        for (int v = 0; v < t->V; v++)
            named_V[v] |= same_word(word_V[x->named[i]], word_V[v]);
    size_t first = t->first[RULE_REPORT], n = rule_part_size(t, RULE_REPORT);
    for (size_t i = 0; i < n; i++)
        prediction_N[i] = named_V[t->token_N[first + i]] ? 1 : 0;
    mem_free(named_V);
}

static void score_sentences(study *s, int target, const record_bytes *word_V, float *prediction_N)
{
    const rule_text *t = &s->rules.text;
    const target_explanations *x = &s->explained[target];
    const rule_score_options o = {.seed = (uint64_t)s->config->run.seed,
                                  .resamples = s->config->rules.resamples};
    rule_target active;
    rule_target_make(&active, t, s->surveyed.active[target], s->surveyed.n_active[target],
                     s->config->rules.mass);
    s->rules.sentences[target] =
        arena_push(&s->memory, (size_t)x->n + 1, sizeof **s->rules.sentences);
    for (int i = 0; i < x->n; i++) {
        predict_words(prediction_N, t, word_V, &x->items[i]);
        rule_score_prediction(&s->rules.sentences[target][i], t, &active, prediction_N, &o);
    }
    rule_target_release(&active);
}

static err_code score_all_sentences(study *s, err *e)
{
    const rule_text *t = &s->rules.text;
    record_bytes *word_V = mem_small((size_t)t->V, sizeof *word_V);
    float *prediction_N = mem_array(rule_part_size(t, RULE_REPORT) + 1, sizeof *prediction_N,
                                    "predictions of sentences", e);
    err_code rc = prediction_N ? OK : e->code;
    for (int v = 0; v < t->V; v++)
        word_V[v] = word_of(s, v);
    s->rules.sentences = arena_push(&s->memory, (size_t)s->n_targets, sizeof *s->rules.sentences);
    for (int i = 0; i < s->n_targets && !rc; i++) {
        if (s->rules.targets[i].fitted)
            score_sentences(s, i, word_V, prediction_N);
        rc = cancel_check(e);
    }
    mem_free(prediction_N);
    mem_free(word_V);
    return rc;
}

/* ---- what the search found ----------------------------------------------------------------------
 */

/* The sequences of all targets as prompts. Arrays are the caller's, mem_free(). */
static prompt_set sequences_as_prompts(const study *s)
{
    prompt_set p = {.bos = -1};
    size_t n_tokens = 0;
    for (int i = 0; i < s->n_targets; i++)
        for (int k = 0; k < s->sequences[i].n; k++, p.n++)
            n_tokens += (size_t)s->sequences[i].items[k].point.length;
    p.tokens = mem_small(n_tokens + 1, sizeof *p.tokens);
    p.first = mem_small((size_t)p.n + 1, sizeof *p.first);
    size_t at = 0;
    for (int i = 0, prompt = 0; i < s->n_targets; i++)
        for (int k = 0; k < s->sequences[i].n; k++) {
            const search_point *q = &s->sequences[i].items[k].point;
            memcpy(p.tokens + at, q->tokens, (size_t)q->length * sizeof *p.tokens);
            at += (size_t)q->length;
            p.first[++prompt] = at;
        }
    return p;
}

/* Whether each sequence's rule fires where the sequence is read: at its end. */
static void see_ends(study *s, const rule_text *t)
{
    uint64_t *bits = mem_small(rule_bit_words(t, RULE_FIT), sizeof *bits);
    for (int i = 0, prompt = 0; i < s->n_targets; i++) {
        rule_bits(bits, t, RULE_FIT, &s->rules.targets[i].rule);
        for (int k = 0; k < s->sequences[i].n; k++, prompt++) {
            int document = t->document_of[prompt];
            if (document < 0)
                continue;
            const rule_document *d = &t->documents[document];
            size_t end = d->first + (size_t)d->n - 1;
            s->sequences[i].items[k].rule_fires = bits[end / 64] >> end % 64 & 1;
        }
    }
    mem_free(bits);
}

static err_code compare_with_search(study *s, err *e)
{
    prompt_set p = sequences_as_prompts(s);
    rule_text t;
    err_code rc = p.n ? rule_text_alike(&t, &s->rules.text, &p, e) : OK;
    if (p.n && !rc) {
        see_ends(s, &t);
        rule_text_release(&t);
    }
    mem_free(p.tokens);
    mem_free(p.first);
    return rc;
}

void study_forget_rules(study *s)
{
    rules_release(s->rules.targets, s->rules.targets ? s->n_targets : 0);
    rules_release(s->rules.random, s->rules.n_random);
    rules_release(s->rules.concepts, s->rules.n_concepts);
    rule_text_release(&s->rules.text);
    s->rules = (target_rules){0};
}

err_code study_explain_targets(study *s, err *e)
{
    err_code rc = study_split_text(s, e);
    if (!rc)
        rc = study_explain(&s->rules.targets, s, &s->surveyed, e);
    if (!rc)
        rc = explain_random(s, e);
    return rc ? rc : score_all_sentences(s, e);
}

err_code stage_rules(study *s, bool *cached, err *e)
{
    *cached = false;
    err_code rc = study_explain_targets(s, e);
    if (!rc)
        rc = explain_concepts(s, e);
    if (!rc)
        rc = compare_with_search(s, e);
    int explained = 0;
    for (int i = 0; i < s->n_targets && !rc; i++)
        explained += s->rules.targets[i].class < RULE_DENSE;
    if (!rc)
        report_line(s->reporter, "rules      %d of %d features explained by a rule", explained,
                    s->n_targets);
    return rc;
}
