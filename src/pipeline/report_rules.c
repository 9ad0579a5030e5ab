/* From what the rule engine found to the record: sentences, scores, counter-examples. */
#include "base/memory.h"
#include "pipeline/concept_rules.h"
#include "pipeline/report.h"
#include <math.h>
#include <string.h>

/* ---- scores -------------------------------------------------------------------------------------
 */

static record_estimate estimate(rule_estimate x)
{
    return (record_estimate){.value = x.value, .low = x.low, .high = x.high};
}

/* With `x` at the level, or for any activation. */
static record_score score_of(const rule_score *x, const char *of, bool any)
{
    const rule_agreement *a = any ? &x->any : &x->at_level;
    return (record_score){.of = of,
                          .active = any ? "any" : "level",
                          .tp = a->tp,
                          .fp = a->fp,
                          .fn = a->fn,
                          .tn = a->tn,
                          .precision = estimate(a->precision),
                          .recall = estimate(a->recall),
                          .f1 = estimate(a->f1),
                          .balanced_accuracy = estimate(a->balanced_accuracy),
                          .auprc = estimate(a->auprc),
                          .pearson = estimate(x->pearson),
                          .detection = x->detection.balanced_accuracy,
                          .fuzzing = x->fuzzing.balanced_accuracy,
                          .n_active_windows = x->detection.n_active,
                          .n_silent_windows = x->detection.n_silent,
                          .simulation = x->simulation};
}

static void add_score(record_rule *out, const rule_score *x, const char *of)
{
    out->scores[out->n_scores++] = score_of(x, of, false);
    out->scores[out->n_scores++] = score_of(x, of, true);
}

/* The first sentence of each method, which is its best. */
static void add_sentences(record_rule *out, const target_explanations *x, const rule_score *scores)
{
    static const char *const names[] = {
        [EXPLAIN_TEMPLATE] = "template", [EXPLAIN_PROMPT] = "prompt"};
    for (size_t method = 0; method < COUNT_OF(names); method++)
        for (int i = 0; i < x->n; i++)
            if (x->items[i].method == (explain_method)method) {
                add_score(out, &scores[i], names[method]);
                break;
            }
}

static void fill_scores(record_rule *out, study *s, int target)
{
    const rule_explanation *x = &s->rules.targets[target];
    enum { MOST = 2 * 7 };
    out->scores = arena_push(&s->memory, MOST, sizeof *out->scores);
    add_score(out, &x->score, "rule");
    if (x->other_feature >= 0)
        add_score(out, &x->other, "other rule");
    add_score(out, &x->shuffled, "shuffled");
    add_score(out, &x->frequent, "frequent tokens");
    add_sentences(out, &s->explained[target], s->rules.sentences[target]);
    if (s->written && s->written[target] && s->written[target]->n_answers)
        out->scores[out->n_scores++] = report_written_score(s->written[target]);
}

/* ---- sentences and counter-examples -------------------------------------------------------------
 */

static void fill_sentence(record_rule *out, study *s, const rule_wording *w)
{
    str joined = {0};
    rule_wording_text(&joined, w);
    out->text = record_take_bytes(&joined, &s->memory);
    out->n_pieces = w->n;
    out->pieces = arena_push(&s->memory, (size_t)w->n + 1, sizeof *out->pieces);
    for (int i = 0; i < w->n; i++)
        out->pieces[i] =
            (record_piece){.is_token = w->pieces[i].is_token,
                           .text = {.bytes = w->pieces[i].bytes, .n = (int)w->pieces[i].n}};
}

static record_context *contexts_of(const rule_example *list, int n, study *s, int target)
{
    record_context *out = arena_push(&s->memory, (size_t)n + 1, sizeof *out);
    context_options o = study_context_options(s);
    for (int i = 0; i < n; i++) {
        feature_context c = survey_context(&s->surveyed, target, &s->prompts, list[i].prompt,
                                           list[i].position, &o, &s->memory);
        out[i] = report_context(&c, s);
    }
    return out;
}

static void fill_examples(record_rule *out, study *s, int target)
{
    const rule_examples *x = &s->rules.targets[target].examples;
    out->n_false_alarms = x->n_false;
    out->n_missed = x->n_missed;
    out->n_near_misses = x->n_near;
    out->false_alarms = contexts_of(x->false_alarms, x->n_false, s, target);
    out->missed = contexts_of(x->missed, x->n_missed, s, target);
    out->near_misses = contexts_of(x->near_misses, x->n_near, s, target);
    out->all_false_alarms = x->all_false;
    out->all_missed = x->all_missed;
    out->all_near_misses = x->all_near;
}

static record_window window_of(const rule_judged_window *x, study *s)
{
    const rule_text *t = &s->rules.text;
    size_t first = t->first[RULE_REPORT] + x->window.first, n = (size_t)x->window.n;
    record_window out = {.tenth = x->window.tenth,
                         .detected = x->detected,
                         .marks_fit = x->marks_fit,
                         .prompt = t->documents[t->document_N[first]].prompt,
                         .start = t->place_N[first],
                         .tokens = arena_push(&s->memory, n, sizeof *out.tokens),
                         .activations = arena_push(&s->memory, n, sizeof *out.activations),
                         .n_tokens = x->window.n};
    for (size_t i = 0; i < n; i++) {
        out.tokens[i] = report_token(s, t->token_N[first + i]);
        out.activations[i] = (double)x->values[i];
    }
    return out;
}

static void fill_windows(record_rule *out, study *s, int target)
{
    const rule_explanation *x = &s->rules.targets[target];
    out->windows = arena_push(&s->memory, (size_t)x->n_windows + 1, sizeof *out->windows);
    for (int i = 0; i < x->n_windows; i++)
        out->windows[out->n_windows++] = window_of(&x->windows[i], s);
}

static int named_tokens(const rule *r)
{
    int n = 0;
    for (int i = 0; i < r->n_clauses; i++)
        for (int k = 0; k < r->clauses[i].n; k++)
            n += r->clauses[i].predicates[k].n_tokens;
    return n;
}

static void fill_rule(record_rule *out, study *s, int target)
{
    const rule_explanation *x = &s->rules.targets[target];
    *out = (record_rule){.kind = rule_class_name(x->class), .form = "", .formal = ""};
    fill_sentence(out, s, &x->sentence);
    if (!x->fitted)
        return;
    out->form = x->rule.n_clauses ? rule_class_name(x->form) : "";
    out->formal = x->formal;
    out->level = (double)x->level;
    out->n_active = (int64_t)x->n_active[RULE_REPORT];
    out->n_documents = x->n_documents[RULE_REPORT];
    out->n_predicates = rule_n_predicates(&x->rule);
    out->n_tokens = named_tokens(&x->rule);
    fill_scores(out, s, target);
    fill_examples(out, s, target);
    fill_windows(out, s, target);
}

/* ---- known concepts -----------------------------------------------------------------------------
 */

static const rule_explanation *rule_of_feature(const target_rules *rules, int feature)
{
    for (int i = 0; i < rules->n_concepts; i++)
        if (rules->concepts[i].feature == feature)
            return &rules->concepts[i];
    return NULL;
}

static void fill_concept(record_concept *c, study *s, const token_concepts *words)
{
    const rule_explanation *x = rule_of_feature(&s->rules, c->feature);
    int number = world_concept_number(c->name);
    c->rule_f1 = (double)NAN;
    c->named = "";
    if (!x || !x->fitted)
        return;
    str sentence = {0};
    rule_wording_text(&sentence, &x->sentence);
    c->sentence = record_take_bytes(&sentence, &s->memory);
    c->rule_f1 = x->score.at_level.f1.value;
    if (number >= 0 && token_concepts_has_words(words, number))
        c->named = rule_names_concept(&x->rule, words, number) ? "yes" : "no";
}

static err_code fill_concepts(record *r, study *s, err *e)
{
    token_concepts words;
    if (r->n_concepts == 0)
        return OK;
    err_code rc = concept_words(&words, s, e);
    for (int i = 0; i < r->n_concepts && !rc; i++)
        fill_concept(&r->concepts[i], s, &words);
    if (!rc)
        token_concepts_release(&words);
    return rc;
}

/* ---- the run ------------------------------------------------------------------------------------
 */

static void fill_splits(record *r, study *s)
{
    static const char *const names[] = {"fit", "choose", "report"};
    const rule_text *t = &s->rules.text;
    r->splits = arena_push(&s->memory, (size_t)t->n_documents + 1, sizeof *r->splits);
    for (int p = 0; p < s->prompts.n; p++) {
        int document = t->document_of[p], part = 0;
        if (document < 0)
            continue;
        while (document >= t->first_document[part + 1])
            part++;
        r->splits[r->n_splits++] = (record_split){.prompt = p, .part = names[part]};
    }
}

err_code report_rules(record *r, study *s, err *e)
{
    const rule_text *t = &s->rules.text;
    const int *first = t->first_document;
    r->rules = (record_rules){.mass = s->config->rules.mass,
                              .fit_documents = first[1] - first[0],
                              .choose_documents = first[2] - first[1],
                              .report_documents = first[3] - first[2],
                              .fit_tokens = (int64_t)rule_part_size(t, RULE_FIT),
                              .choose_tokens = (int64_t)rule_part_size(t, RULE_CHOOSE),
                              .report_tokens = (int64_t)rule_part_size(t, RULE_REPORT),
                              .left_out = t->n_left_out};
    r->rules.random =
        arena_push(&s->memory, (size_t)s->rules.n_random + 1, sizeof *r->rules.random);
    for (int i = 0; i < s->rules.n_random; i++)
        if (s->rules.random[i].fitted)
            r->rules.random[r->rules.n_random++] =
                score_of(&s->rules.random[i].score, "random direction", false);
    fill_splits(r, s);
    for (int i = 0; i < s->n_targets; i++)
        fill_rule(&r->targets[i].rule, s, i);
    return fill_concepts(r, s, e);
}
