/* Targets are chosen, explained and scored as in a run, without searching for inputs: the
 * original's sentence patterns are filled with the data's top tokens alone. */
#include "pipeline/bench_explain.h"
#include "base/memory.h"
#include "base/sort.h"
#include "pipeline/bench_invert.h"
#include "pipeline/concept_rules.h"
#include "pipeline/report.h"
#include <stdio.h>

/* A feature stands for a concept, and a rule explains a feature, from this F1 on. */
static const double ENOUGH = 0.8;

static void forget_targets(study *s)
{
    study_forget_rules(s);
    if (s->surveyed.active)
        survey_release(&s->surveyed);
}

/* Prints the time that rules alone took. */
static err_code explain_targets(study *s, err *e)
{
    bool cached;
    scan_source source = study_source(s, "survey");
    s->sequences = arena_push(&s->memory, (size_t)s->n_targets + 1, sizeof *s->sequences);
    err_code rc = survey_features(&s->surveyed, &source, s->sae, s->targets, s->n_targets, e);
    if (!rc)
        rc = stage_explain(s, &cached, e);
    double began = clock_seconds();
    if (!rc)
        rc = study_explain_targets(s, e);
    if (!rc)
        printf("rules, controls and scores took %.3f s a feature\n\n",
               (clock_seconds() - began) / (s->n_targets + s->rules.n_random));
    return rc;
}

/* ---- the table ----------------------------------------------------------------------------------
 */

/* The score of target (or random direction) i; NULL where there is none. */
typedef const rule_score *score_of(const study *s, int i);

static const rule_explanation *fitted(const study *s, int i)
{
    return s->rules.targets[i].fitted ? &s->rules.targets[i] : NULL;
}

static const rule_score *rule_of(const study *s, int i)
{
    const rule_explanation *x = fitted(s, i);
    return x ? &x->score : NULL;
}
static const rule_score *other_of(const study *s, int i)
{
    const rule_explanation *x = fitted(s, i);
    return x && x->other_feature >= 0 ? &x->other : NULL;
}
static const rule_score *shuffled_of(const study *s, int i)
{
    const rule_explanation *x = fitted(s, i);
    return x ? &x->shuffled : NULL;
}
static const rule_score *frequent_of(const study *s, int i)
{
    const rule_explanation *x = fitted(s, i);
    return x ? &x->frequent : NULL;
}
static const rule_score *template_of(const study *s, int i)
{
    return fitted(s, i) && s->explained[i].n ? &s->rules.sentences[i][0] : NULL;
}
static const rule_score *random_of(const study *s, int i)
{
    return s->rules.random[i].fitted ? &s->rules.random[i].score : NULL;
}

/* Figures of one predictor over the features; arrays of the features. */
enum { F1, F1_ANY, AUPRC, PEARSON, BALANCED, DETECTION, FUZZING, SIMULATION, FIGURES };

static void take(double *figures_FN[FIGURES], int i, const rule_score *x)
{
    const double values[FIGURES] = {[F1] = x->at_level.f1.value,
                                    [F1_ANY] = x->any.f1.value,
                                    [AUPRC] = x->at_level.auprc.value,
                                    [PEARSON] = x->pearson.value,
                                    [BALANCED] = x->at_level.balanced_accuracy.value,
                                    [DETECTION] = x->detection.balanced_accuracy,
                                    [FUZZING] = x->fuzzing.balanced_accuracy,
                                    [SIMULATION] = x->simulation};
    for (int k = 0; k < FIGURES; k++)
        figures_FN[k][i] = values[k];
}

static void print_header(void)
{
    printf("%-34s %8s %8s %8s %8s %8s %8s %8s %8s %8s %8s %8s\n", "", "F1", "", "", "", "any > 0",
           "", "corre-", "balanced", "detec-", "", "simu-");
    printf("%-34s %8s %8s %8s %8s %8s %8s %8s %8s %8s %8s %8s\n", "medians of held-out scores",
           "median", "p10", ">= 0.5", ">= 0.8", "F1", "AUPRC", "lation", "accuracy", "tion",
           "fuzzing", "lation");
}

static void print_figures(const char *name, double *figures_FN[FIGURES], int n)
{
    int half = 0, most = 0;
    for (int i = 0; i < n; i++) {
        half += figures_FN[F1][i] >= 0.5;
        most += figures_FN[F1][i] >= ENOUGH;
    }
    printf("%-34s %8.3f %8.3f %6.0f %% %6.0f %%", name, spread_of(figures_FN[F1], n).median,
           spread_of(figures_FN[F1], n).tenth, 100.0 * half / n, 100.0 * most / n);
    for (int k = F1_ANY; k < FIGURES; k++)
        printf(" %8.3f", spread_of(figures_FN[k], n).median);
    printf("\n");
}

/* Of `of` over n targets or random directions. */
static void print_predictor(const char *name, const study *s, score_of *of, int n)
{
    double *figures_FN[FIGURES];
    int known = 0;
    for (int k = 0; k < FIGURES; k++)
        figures_FN[k] = mem_small((size_t)n + 1, sizeof **figures_FN);
    for (int i = 0; i < n; i++) {
        const rule_score *x = of(s, i);
        if (x)
            take(figures_FN, known++, x);
    }
    if (known)
        print_figures(name, figures_FN, known);
    for (int k = 0; k < FIGURES; k++)
        mem_free(figures_FN[k]);
}

static void print_table(const study *s)
{
    print_header();
    print_predictor("rule", s, rule_of, s->n_targets);
    print_predictor("sentence pattern, original program", s, template_of, s->n_targets);
    print_predictor("another feature's rule", s, other_of, s->n_targets);
    print_predictor("most frequent tokens", s, frequent_of, s->n_targets);
    print_predictor("rule for shuffled activations", s, shuffled_of, s->n_targets);
    print_predictor("rules for random directions", s, random_of, s->rules.n_random);
}

static void print_classes(const study *s)
{
    double all = 0, half = 0, most = 0;
    int count[RULE_UNEXPLAINED + 1] = {0};
    for (int i = 0; i < s->n_targets; i++) {
        const rule_explanation *x = &s->rules.targets[i];
        double mass = s->collected.stats_F[s->targets[i]].sum;
        count[x->class]++;
        all += mass;
        half += x->score.at_level.f1.value >= 0.5 ? mass : 0;
        most += x->score.at_level.f1.value >= ENOUGH ? mass : 0;
    }
    printf("\nrules of F1 0.5 and more cover %.0f %% of the features' activation, of 0.8 and more "
           "%.0f %%\nclasses:",
           100 * half / all, 100 * most / all);
    for (int c = 0; c <= RULE_UNEXPLAINED; c++)
        if (count[c])
            printf(" %s %d,", rule_class_name((rule_class)c), count[c]);
    printf(" of %d\n\n", s->n_targets);
}

/* ---- known concepts -----------------------------------------------------------------------------
 */

/* The best features of the concepts that one feature stands for, each once. */
static void choose_concept_features(study *s, const record *r)
{
    s->n_targets = 0;
    s->targets = arena_push(&s->memory, (size_t)r->n_concepts + 1, sizeof *s->targets);
    for (int i = 0; i < r->n_concepts; i++) {
        int f = r->concepts[i].feature;
        bool known = f < 0 || r->concepts[i].f1 < ENOUGH;
        for (int k = 0; k < s->n_targets && !known; k++)
            known = s->targets[k] == f;
        if (!known)
            s->targets[s->n_targets++] = f;
    }
    sort_ints(s->targets, (size_t)s->n_targets);
}

/* The concept that the feature fits best. */
static const record_concept *best_concept(const record *r, int feature)
{
    const record_concept *best = NULL;
    for (int i = 0; i < r->n_concepts; i++)
        if (r->concepts[i].feature == feature && (!best || r->concepts[i].f1 > best->f1))
            best = &r->concepts[i];
    return best;
}

static void print_concepts(const study *s, const record *r, const token_concepts *t)
{
    int reached = 0, with_words = 0, named = 0;
    for (int i = 0; i < s->n_targets; i++) {
        const rule_explanation *x = &s->rules.targets[i];
        int concept = world_concept_number(best_concept(r, s->targets[i])->name);
        bool words = concept >= 0 && token_concepts_has_words(t, concept);
        reached += x->score.at_level.f1.value >= ENOUGH;
        with_words += words;
        named += words && rule_names_concept(&x->rule, t, concept);
    }
    printf(
        "\nof %d features that stand for a known concept (F1 with it at least %.1f), %d (%.0f %%) "
        "have a rule of F1 %.1f and more\n",
        s->n_targets, ENOUGH, reached, 100.0 * reached / s->n_targets, ENOUGH);
    printf("of %d of them whose concept has words of its own, %d (%.0f %%) have a sentence that "
           "names those words\n",
           with_words, named, with_words ? 100.0 * named / with_words : 0);
}

static err_code bench_known_concepts(study *s, err *e)
{
    record r = {0};
    token_concepts t;
    err_code rc = report_training(&r, s, e);
    if (!rc)
        choose_concept_features(s, &r);
    if (rc || s->n_targets == 0) {
        if (!rc)
            printf("what the features of this model stand for is not known\n");
        return rc;
    }
    rc = explain_targets(s, e);
    if (rc)
        return rc;
    print_table(s);
    rc = concept_words(&t, s, e);
    if (!rc) {
        print_concepts(s, &r, &t);
        token_concepts_release(&t);
    }
    return rc;
}

err_code bench_explain(study *s, int features, err *e)
{
    bool cached;
    err_code rc = stage_collect(s, &cached, e);
    if (!rc)
        rc = bench_choose_features(s, features, e);
    if (!rc)
        rc = explain_targets(s, e);
    if (rc)
        return rc;
    print_table(s);
    print_classes(s);
    forget_targets(s);
    return bench_known_concepts(s, e);
}
