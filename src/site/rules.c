/* What a rule says of a target, how far that was measured to hold, and where it does not: values of
 * the feature page and the run page. */
#include "base/sort.h"
#include "site/escape.h"
#include "site/pages.h"
#include "site/sentence.h"
#include "site/show.h"
#include "site/tokens.h"
#include <string.h>

/* What predicts, in words. */
static const struct {
    const char *of, *label;
} predictors[] = {
    {"rule", "this rule"},
    {"template", "sentence pattern"},
    {"prompt", "optimised prompt"},
    {"language model", "language model's sentence"},
    {"other rule", "another target's rule"},
    {"frequent tokens", "the most frequent tokens"},
    {"shuffled", "a rule for shuffled activations"},
    {"random direction", "rules for random directions"},
};
enum { PREDICTORS = sizeof predictors / sizeof *predictors };

static const char *label_of(const char *of)
{
    for (int i = 0; i < PREDICTORS; i++)
        if (!strcmp(predictors[i].of, of))
            return predictors[i].label;
    return of;
}

/* ---- feature page -------------------------------------------------------------------------------
 */

/* "0.91 (0.88 to 0.93)". */
static const char *show_estimate(arena *a, record_estimate x)
{
    if (!isfinite(x.low))
        return show_score(a, x.value);
    return arena_printf(a, "%s (%s to %s)", show_score(a, x.value), show_score(a, x.low),
                        show_score(a, x.high));
}

/* A dash where no token was counted. */
static void put_token_count(cJSON *row, page *p, const char *key, const record_score *x, int64_t n)
{
    bool counted = x->tp + x->fp + x->fn + x->tn > 0;
    json_add_string(row, key, counted ? show_count(&p->memory, n) : "–");
}

static void put_score(cJSON *row, page *p, const record_score *x)
{
    arena *a = &p->memory;
    json_add_string(row, "label", label_of(x->of));
    json_add_bool(row, "any", !strcmp(x->active, "any"));
    json_add_string(row, "f1", show_estimate(a, x->f1));
    const struct {
        const char *key, *with_interval;
        record_estimate value;
    } estimates[] = {{"precision", "precision_interval", x->precision},
                     {"recall", "recall_interval", x->recall},
                     {"auprc", "auprc_interval", x->auprc},
                     {"pearson", "pearson_interval", x->pearson},
                     {"balanced_accuracy", "balanced_interval", x->balanced_accuracy}};
    for (size_t i = 0; i < sizeof estimates / sizeof *estimates; i++) {
        json_add_string(row, estimates[i].key, show_score(a, estimates[i].value.value));
        json_add_string(row, estimates[i].with_interval, show_estimate(a, estimates[i].value));
    }
    json_add_string(row, "detection", show_score(a, x->detection));
    json_add_string(row, "fuzzing", show_score(a, x->fuzzing));
    json_add_string(row, "simulation", show_score(a, x->simulation));
    put_token_count(row, p, "tp", x, x->tp);
    put_token_count(row, p, "fp", x, x->fp);
    put_token_count(row, p, "fn", x, x->fn);
    put_token_count(row, p, "tn", x, x->tn);
    json_add_string(row, "n_active_windows", show_count(a, x->n_active_windows));
    json_add_string(row, "n_silent_windows", show_count(a, x->n_silent_windows));
}

static void put_scores(cJSON *object, page *p, const record_rule *rule)
{
    cJSON *level = json_add_array(object, "scores"), *any = json_add_array(object, "any_scores");
    for (int i = 0; i < rule->n_scores; i++) {
        const record_score *x = &rule->scores[i];
        put_score(put_entry(strcmp(x->active, "any") ? level : any), p, x);
    }
}

static void put_examples(cJSON *object, page *p, const char *key, const record_context *list, int n,
                         int64_t all, double maximum)
{
    arena *a = &p->memory;
    cJSON *sort = json_add_object(object, key), *rows = json_add_array(sort, "rows");
    json_add_bool(sort, "has_rows", n > 0);
    json_add_string(sort, "n", show_count(a, n));
    json_add_string(sort, "all", show_count(a, all));
    for (int i = 0; i < n; i++)
        put_context(put_entry(rows), p, &list[i], maximum);
}

/* Whether what the search found agrees: does the rule fire where the inputs are read? */
static void put_inverse(cJSON *object, page *p, const record_search *s)
{
    static const char *const found[] = {"warm", "cold", "fluent"};
    str yes = {0}, no = {0};
    for (size_t i = 0; i < sizeof found / sizeof *found; i++) {
        const record_sequence *q = record_find_sequence(s, found[i]);
        if (!q || !q->n_tokens)
            continue;
        str *list = q->rule_fires ? &yes : &no;
        str_addf(list, "%s%s", list->len ? ", " : "", found[i]);
    }
    json_add_bool(object, "has_inverse", yes.len + no.len > 0);
    json_add_string(object, "agree", arena_strdup(&p->memory, str_text(&yes)));
    json_add_string(object, "disagree", arena_strdup(&p->memory, str_text(&no)));
    str_release(&yes);
    str_release(&no);
}

void put_rule(page *p, const record_target *t)
{
    arena *a = &p->memory;
    const record_rule *rule = &t->rule;
    const record_rules *all = &p->site->r->rules;
    if (!record_has_rule(t)) {
        json_add_bool(p->tree, "rule", false);
        return;
    }
    double maximum = record_find_feature(p->site->r, t->id)->max;
    cJSON *object = json_add_object(p->tree, "rule");
    json_add_string(object, "sentence", rule_line(a, rule));
    put_text(object, "kind", a, rule->kind);
    put_text(object, "form", a, rule->form);
    put_text(object, "formal", a, rule->formal);
    json_add_bool(object, "has_formal", rule->formal && *rule->formal);
    json_add_bool(object, "measured", record_has_rule_score(t));
    json_add_bool(object, "unexplained", !strcmp(rule->kind, "unexplained"));
    json_add_string(object, "level", show_number(a, rule->level));
    json_add_string(object, "mass", show_share(a, all->mass));
    json_add_string(object, "n_active", show_count(a, rule->n_active));
    json_add_string(object, "n_documents", show_count(a, rule->n_documents));
    json_add_string(object, "report_tokens", show_count(a, all->report_tokens));
    json_add_string(object, "report_documents", show_count(a, all->report_documents));
    json_add_string(object, "fit_documents", show_count(a, all->fit_documents));
    json_add_string(object, "choose_documents", show_count(a, all->choose_documents));
    if (record_has_rule_score(t)) {
        put_score(json_add_object(object, "score"), p, &rule->scores[0]);
        const record_score *any = record_find_score(rule, "rule", "any");
        json_add_string(object, "any_f1", any ? show_score(a, any->f1.value) : "–");
    }
    put_scores(object, p, rule);
    put_examples(object, p, "false_alarms", rule->false_alarms, rule->n_false_alarms,
                 rule->all_false_alarms, maximum);
    put_examples(object, p, "missed", rule->missed, rule->n_missed, rule->all_missed, maximum);
    put_examples(object, p, "near_misses", rule->near_misses, rule->n_near_misses,
                 rule->all_near_misses, maximum);
    put_inverse(object, p, &t->search);
}

/* ---- run page -----------------------------------------------------------------------------------
 */

typedef double score_member(const record_score *x);

static double f1_of(const record_score *x)
{
    return x->f1.value;
}
static double auprc_of(const record_score *x)
{
    return x->auprc.value;
}
static double pearson_of(const record_score *x)
{
    return x->pearson.value;
}
static double detection_of(const record_score *x)
{
    return x->detection;
}
static double fuzzing_of(const record_score *x)
{
    return x->fuzzing;
}
static double simulation_of(const record_score *x)
{
    return x->simulation;
}

/* The quantile `q` of the finite values, between two of them where it falls there, as the median of
 * the headline figures is; NaN without any. */
static double quantile(arena *a, const record_score *const *list, int n, score_member *member,
                       double q)
{
    double *values = arena_push(a, (size_t)n + 1, sizeof *values);
    int kept = 0;
    for (int i = 0; i < n; i++) {
        double x = member(list[i]);
        if (isfinite(x))
            values[kept++] = x;
    }
    sort_doubles(values, (size_t)kept);
    if (!kept)
        return (double)NAN;
    double at = q * (kept - 1);
    int below = (int)at, above = below + 1 < kept ? below + 1 : below;
    return values[below] + (at - below) * (values[above] - values[below]);
}

static double share_from(const record_score *const *list, int n, double least)
{
    int reached = 0, known = 0;
    for (int i = 0; i < n; i++) {
        reached += list[i]->f1.value >= least;
        known += isfinite(list[i]->f1.value);
    }
    return known ? (double)reached / n : (double)NAN;
}

int rule_scores(const record_score **list, const record *r, const char *of)
{
    int n = 0;
    if (!strcmp(of, "random direction")) {
        for (int i = 0; i < r->rules.n_random; i++)
            list[n++] = &r->rules.random[i];
        return n;
    }
    for (int i = 0; i < r->n_targets; i++) {
        const record_score *x = record_find_score(&r->targets[i].rule, of, "level");
        if (x)
            list[n++] = x;
    }
    return n;
}

double rule_median_f1(page *p, const char *of)
{
    const record *r = p->site->r;
    size_t room = (size_t)r->n_targets + (size_t)r->rules.n_random + 1;
    const record_score **list = arena_push(&p->memory, room, sizeof *list);
    return quantile(&p->memory, list, rule_scores(list, r, of), f1_of, 0.5);
}

static void put_predictor(cJSON *rows, page *p, const char *of, const record_score **list)
{
    arena *a = &p->memory;
    int n = rule_scores(list, p->site->r, of);
    if (n == 0)
        return;
    cJSON *row = put_entry(rows);
    json_add_string(row, "label", strcmp(of, "rule") ? label_of(of) : "the targets' rules");
    json_add_string(row, "n", show_count(a, n));
    json_add_string(row, "f1", show_score(a, quantile(a, list, n, f1_of, 0.5)));
    json_add_string(row, "f1_p10", show_score(a, quantile(a, list, n, f1_of, 0.1)));
    json_add_string(row, "above_05", show_share(a, share_from(list, n, 0.5)));
    json_add_string(row, "above_08", show_share(a, share_from(list, n, 0.8)));
    json_add_string(row, "auprc", show_score(a, quantile(a, list, n, auprc_of, 0.5)));
    json_add_string(row, "pearson", show_score(a, quantile(a, list, n, pearson_of, 0.5)));
    json_add_string(row, "detection", show_score(a, quantile(a, list, n, detection_of, 0.5)));
    json_add_string(row, "fuzzing", show_score(a, quantile(a, list, n, fuzzing_of, 0.5)));
    json_add_string(row, "simulation", show_score(a, quantile(a, list, n, simulation_of, 0.5)));
}

void put_rules_summary(page *p)
{
    const record *r = p->site->r;
    arena *a = &p->memory;
    size_t room = (size_t)r->n_targets + (size_t)r->rules.n_random + 1;
    const record_score **list = arena_push(a, room, sizeof *list);
    if (!(r->rules.mass > 0)) {
        json_add_bool(p->tree, "rules", false);
        return;
    }
    cJSON *object = json_add_object(p->tree, "rules");
    cJSON *rows = json_add_array(object, "predictors");
    for (int i = 0; i < PREDICTORS; i++)
        put_predictor(rows, p, predictors[i].of, list);
    json_add_string(object, "mass", show_share(a, r->rules.mass));
    json_add_string(object, "explained_05", show_share(a, record_explained_mass(r, 0.5)));
    json_add_string(object, "explained_08", show_share(a, record_explained_mass(r, 0.8)));
    json_add_string(object, "fit_documents", show_count(a, r->rules.fit_documents));
    json_add_string(object, "choose_documents", show_count(a, r->rules.choose_documents));
    json_add_string(object, "report_documents", show_count(a, r->rules.report_documents));
    json_add_string(object, "report_tokens", show_count(a, r->rules.report_tokens));
    json_add_bool(object, "has_left_out", r->rules.left_out > 0);
    json_add_string(object, "left_out", show_count(a, r->rules.left_out));
}

/* Concepts that a feature stands for, and what their rules are worth. */
typedef struct concept_rules {
    int all, right, with_words, named;
} concept_rules;

static void count_rule(concept_rules *n, const record_concept *c)
{
    static const double ENOUGH = 0.8;
    if (c->f1 < ENOUGH || !isfinite(c->rule_f1))
        return;
    n->all++;
    n->right += c->rule_f1 >= ENOUGH;
    n->with_words += c->named && *c->named;
    n->named += c->named && !strcmp(c->named, "yes");
}

void put_concept_rules(page *p)
{
    const record *r = p->site->r;
    arena *a = &p->memory;
    concept_rules n = {0};
    for (int i = 0; i < r->n_concepts; i++)
        count_rule(&n, &r->concepts[i]);
    cJSON *object = json_add_object(p->tree, "concept_rules");
    json_add_bool(object, "any", n.all > 0);
    json_add_string(object, "all", show_count(a, n.all));
    json_add_string(object, "right", show_count(a, n.right));
    json_add_string(object, "with_words", show_count(a, n.with_words));
    json_add_string(object, "named", show_count(a, n.named));
}
