/* Many features: rules first, then what needs the rules of others. */
#include "rules/explain.h"
#include "base/memory.h"
#include "base/progress.h"
#include <math.h>
#include <string.h>

rule_options rule_defaults(uint64_t seed)
{
    return (rule_options){.seed = seed,
                          .fit = rule_fit_defaults(),
                          .resamples = 200,
                          .n_examples = 5,
                          .dense_share = 0.2,
                          .least_documents = 10,
                          .least_f1 = 0.3};
}

typedef struct explainer {
    rule_explanation *out;
    rule_target *targets;
    const rule_text *t;
    const token_activation *const *active;
    const size_t *n_active;
    const rule_options *o;
    int n;
} explainer;

/* ---- rules -------------------------------------------------------------------------------------
 */

static bool can_be_split(const rule_target *target, const rule_options *o)
{
    int documents = 0;
    for (int part = 0; part < RULE_PARTS; part++) {
        if (!target->n_active[part])
            return false;
        documents += target->n_documents[part];
    }
    return documents >= o->least_documents;
}

static void fit_one(void *context, int which)
{
    explainer *x = context;
    rule_explanation *e = &x->out[which];
    rule_target *target = &x->targets[which];
    if (cancel_requested())
        return;
    rule_target_make(target, x->t, x->active[which], x->n_active[which], x->o->fit.mass);
    size_t n = target->first[RULE_PARTS];
    e->density = (double)n / (double)x->t->first[RULE_PARTS];
    e->level = target->level;
    memcpy(e->n_active, target->n_active, sizeof e->n_active);
    memcpy(e->n_documents, target->n_documents, sizeof e->n_documents);
    e->fitted = can_be_split(target, x->o);
    if (e->fitted)
        rule_fit(&e->rule, x->t, target, &x->o->fit, &e->memory);
    e->form = rule_classify(&e->rule, x->t);
}

/* ---- measures ----------------------------------------------------------------------------------
 */

static rule_score_options score_options(const explainer *x)
{
    return (rule_score_options){.seed = x->o->seed, .resamples = x->o->resamples};
}

static void score_controls(explainer *x, int which, float *prediction_N)
{
    rule_explanation *e = &x->out[which];
    const rule_target *target = &x->targets[which];
    rule_score_options o = score_options(x);
    size_t fired = 0;
    for (int i = 0; i < e->rule.n_clauses; i++)
        fired += (size_t)(e->rule.clauses[i].tp + e->rule.clauses[i].fp);
    rule_control_frequent(prediction_N, x->t, target, fired);
    rule_score_prediction(&e->frequent, x->t, target, prediction_N, &o);
    rule_target shuffled;
    rule_target_shuffle(&shuffled, x->t, target, x->o->seed, x->o->fit.mass);
    rule_control_fitted(prediction_N, x->t, &shuffled, &x->o->fit);
    rule_score_prediction(&e->shuffled, x->t, target, prediction_N, &o);
    rule_target_release(&shuffled);
}

static void score_other(explainer *x, int which, float *prediction_N)
{
    rule_explanation *e = &x->out[which];
    rule_score_options o = score_options(x);
    e->other_feature = -1;
    for (int step = 1; step < x->n; step++) {
        const rule_explanation *other = &x->out[(which + step) % x->n];
        if (!other->fitted)
            continue;
        e->other_feature = other->feature;
        rule_predict(prediction_N, x->t, RULE_REPORT, &other->rule);
        rule_score_prediction(&e->other, x->t, &x->targets[which], prediction_N, &o);
        return;
    }
}

/* ---- words -------------------------------------------------------------------------------------
 */

/* A feature that is active at the most frequent token is told by that token alone: being as good as
 * the control is no fault, being worse is. */
static bool is_explained(const rule_explanation *e, const rule_options *o)
{
    double f1 = e->score.at_level.f1.value, control = e->frequent.at_level.f1.value;
    return e->rule.n_clauses && f1 >= o->least_f1 && f1 >= control;
}

static rule_class classify(const rule_explanation *e, const rule_options *o)
{
    if (e->density == 0)
        return RULE_DEAD;
    if (!e->fitted)
        return RULE_UNDER_SAMPLED;
    if (e->density > o->dense_share)
        return RULE_DENSE;
    return is_explained(e, o) ? e->form : RULE_UNEXPLAINED;
}

static void say_unexplained(rule_wording *out, const rule_explanation *e, arena *a)
{
    double f1 = e->score.at_level.f1.value;
    if (e->rule.n_clauses)
        rule_say(out, a,
                 "No rule found explains it: the best one has F1 %.2f on text that it was not "
                 "fitted to.",
                 f1);
    else
        rule_say(out, a, "No rule found explains it.");
}

/* The F1 of calling every token active: all recalled, precise as often as one is. */
static double f1_of_every_token(const rule_agreement *x)
{
    double active = (double)(x->tp + x->fn), silent = (double)(x->fp + x->tn);
    return 2 * active / (2 * active + silent);
}

/* A dense feature is named as such, whatever its rule is worth. As calling every token active has a
 * fair F1 already, a rule is only told when it surely does better. */
static void say_dense(rule_wording *out, const rule_explanation *e, const rule_options *o, arena *a)
{
    rule_wording head, tail = e->rule_sentence;
    rule_estimate f1 = e->score.at_level.f1;
    double every = f1_of_every_token(&e->score.at_level);
    bool surely_better = (isnan(f1.low) ? f1.value : f1.low) > every;
    if (!is_explained(e, o)) {
        rule_say(&head, a, "Active on %.0f%% of all tokens.", 100 * e->density);
        say_unexplained(&tail, e, a);
    } else if (!surely_better) {
        rule_say(&head, a, "Active on %.0f%% of all tokens.", 100 * e->density);
        rule_say(&tail, a,
                 "No rule found tells where it is strong: the best one has F1 %.2f on text that it "
                 "was not fitted to, where calling every token active has %.2f.",
                 f1.value, every);
    } else {
        rule_say(&head, a, "Active on %.0f%% of all tokens; where it is strong, a rule tells:",
                 100 * e->density);
    }
    rule_wording_join(out, &head, &tail, a);
}

static void say(rule_explanation *e, const explainer *x)
{
    arena *a = &e->memory;
    rule_sentence(&e->rule_sentence, &e->rule, x->t, a);
    e->sentence = e->rule_sentence;
    if (e->class == RULE_DEAD)
        rule_say(&e->sentence, a, "Never active on this text.");
    else if (e->class == RULE_UNDER_SAMPLED)
        rule_say(&e->sentence, a,
                 "Active on %zu token%s of this text, in too few documents to fit a rule on some "
                 "and to test it on others.",
                 x->targets[e - x->out].first[RULE_PARTS],
                 x->targets[e - x->out].first[RULE_PARTS] == 1 ? "" : "s");
    else if (e->class == RULE_UNEXPLAINED)
        say_unexplained(&e->sentence, e, a);
    else if (e->class == RULE_DENSE)
        say_dense(&e->sentence, e, x->o, a);
    str formal = {0};
    rule_formal(&formal, &e->rule, x->t);
    e->formal = str_into(&formal, a);
}

static void measure_one(void *context, int which)
{
    explainer *x = context;
    rule_explanation *e = &x->out[which];
    const rule_target *target = &x->targets[which];
    if (cancel_requested())
        return;
    e->other_feature = -1;
    if (e->fitted) {
        size_t n = rule_part_size(x->t, RULE_REPORT);
        float *prediction_N = mem_small(n, sizeof *prediction_N);
        rule_score_options o = score_options(x);
        rule_predict(prediction_N, x->t, RULE_REPORT, &e->rule);
        rule_score_prediction(&e->score, x->t, target, prediction_N, &o);
        rule_examples_find(&e->examples, x->t, target, prediction_N, x->o->n_examples, &e->memory);
        e->windows =
            rule_judge_windows(&e->n_windows, x->t, target, prediction_N, x->o->seed, &e->memory);
        score_controls(x, which, prediction_N);
        score_other(x, which, prediction_N);
        mem_free(prediction_N);
    }
    e->class = classify(e, x->o);
    say(e, x);
}

err_code rules_explain(rule_explanation *out, const rule_text *t, const int *features,
                       const token_activation *const *active, const size_t *n_active, int n,
                       const rule_options *o, pool *p, err *e)
{
    explainer x = {.out = out,
                   .targets = mem_small((size_t)n, sizeof *x.targets),
                   .t = t,
                   .active = active,
                   .n_active = n_active,
                   .o = o,
                   .n = n};
    for (int i = 0; i < n; i++)
        out[i] = (rule_explanation){.feature = features[i]};
    pool_run(p, n, fit_one, &x);
    pool_run(p, n, measure_one, &x);
    for (int i = 0; i < n; i++)
        rule_target_release(&x.targets[i]);
    mem_free(x.targets);
    err_code rc = cancel_check(e);
    if (rc)
        rules_release(out, n);
    return rc;
}

void rules_release(rule_explanation *all, int n)
{
    for (int i = 0; i < n; i++) {
        arena_release(&all[i].memory);
        all[i] = (rule_explanation){.feature = all[i].feature};
    }
}
