/* The synthetic record's rules: sentences, scores, counter-examples. */
#include "base/memory.h"
#include "results/common_maker.h"
#include <string.h>

enum { EXAMPLES = 3, RANDOM = 12 };

static record_estimate around(double value)
{
    return (record_estimate){value, fmax(-1, value - 0.04), fmin(1, value + 0.03)};
}

static record_score make_score(maker *m, const char *of, const char *active, double f1)
{
    double fine = fmin(1, f1 + maker_between(m, 0, 0.05));
    return (record_score){.of = of,
                          .active = active,
                          .tp = (int64_t)(900 * f1),
                          .fp = 70,
                          .fn = 90,
                          .tn = 26000,
                          .precision = around(fine),
                          .recall = around(f1),
                          .f1 = around(f1),
                          .balanced_accuracy = around((1 + f1) / 2),
                          .auprc = around(fine),
                          .pearson = around(f1),
                          .detection = (1 + f1) / 2,
                          .fuzzing = (1 + fine) / 2,
                          .n_active_windows = 50,
                          .n_silent_windows = 50,
                          .simulation = f1};
}

static void add_pieces(record_rule *rule, maker *m, int topic)
{
    const char *words[] = {"Active on the tokens ", " and ", " when ",
                           " comes within the 8 tokens before it."};
    rule->pieces = arena_push(m->a, 7, sizeof *rule->pieces);
    for (int i = 0; i < 7; i++) {
        const char *ours = words[i / 2];
        bool token = i % 2;
        rule->pieces[i] = (record_piece){token, token ? maker_token(m, TOPICS[topic][i / 2])
                                                      : (record_bytes){ours, (int)strlen(ours)}};
    }
    rule->n_pieces = 7;
    rule->text = (record_bytes){"Active on the tokens ` bread`", 29};
}

static record_context *make_examples(maker *m, int topic, int *n)
{
    record_context *list = arena_push(m->a, EXAMPLES, sizeof *list);
    for (int i = 0; i < EXAMPLES; i++)
        list[i] = make_context(m, topic, 0);
    *n = EXAMPLES;
    return list;
}

static void make_windows(record_rule *rule, maker *m, int topic)
{
    enum { TENTHS = 10, SILENT = 10 };
    rule->windows = arena_push(m->a, TENTHS + SILENT, sizeof *rule->windows);
    for (int i = 0; i < TENTHS + SILENT; i++) {
        record_context c = make_context(m, topic, i < TENTHS ? i + 1 : 1);
        if (i >= TENTHS)
            for (int k = 0; k < c.n_tokens; k++)
                c.activations[k] = 0;
        rule->windows[rule->n_windows++] =
            (record_window){.tenth = i < TENTHS ? i + 1 : 0,
                            .detected = i < TENTHS ? i % 4 > 0 : i % 5 == 0,
                            .marks_fit = i < TENTHS ? i % 3 > 0 : i % 7 == 0,
                            .prompt = c.prompt,
                            .start = c.start,
                            .tokens = c.tokens,
                            .activations = c.activations,
                            .n_tokens = c.n_tokens};
    }
}

void make_rule(record_rule *rule, maker *m, int topic)
{
    static const char *const predictors[] = {
        "rule", "other rule", "shuffled", "frequent tokens", "template", "prompt"};
    static const double f1[] = {0.91, 0.02, 0.03, 0.11, 0.44, 0.21};
    *rule = (record_rule){.kind = topic == 3 ? "unexplained" : "skip-gram",
                          .form = "skip-gram",
                          .formal = maker_text(m, "token in {\" bread\"} & last8 in {\" oven\"}"),
                          .level = 0.7,
                          .n_active = 990,
                          .n_documents = 140,
                          .n_predicates = 2,
                          .n_tokens = 3,
                          .all_false_alarms = 70,
                          .all_missed = 90,
                          .all_near_misses = 4};
    add_pieces(rule, m, topic);
    rule->scores = arena_push(m->a, 2 * COUNT_OF(predictors), sizeof *rule->scores);
    for (size_t i = 0; i < COUNT_OF(predictors); i++) {
        double reached = f1[i] * maker_between(m, 0.6, 1);
        rule->scores[rule->n_scores++] = make_score(m, predictors[i], "level", reached);
        rule->scores[rule->n_scores++] = make_score(m, predictors[i], "any", reached * 0.9);
    }
    make_windows(rule, m, topic);
    rule->false_alarms = make_examples(m, topic, &rule->n_false_alarms);
    rule->missed = make_examples(m, topic, &rule->n_missed);
    rule->near_misses = make_examples(m, topic, &rule->n_near_misses);
}

void make_rules_summary(record *r, maker *m)
{
    static const char *const parts[] = {"fit", "choose", "fit", "report"};
    r->rules = (record_rules){.mass = 0.9,
                              .fit_documents = 256,
                              .choose_documents = 102,
                              .report_documents = 154,
                              .fit_tokens = 29000,
                              .choose_tokens = 11600,
                              .report_tokens = 17600,
                              .random = arena_push(m->a, RANDOM, sizeof(record_score)),
                              .n_random = RANDOM};
    for (int i = 0; i < RANDOM; i++)
        r->rules.random[i] =
            make_score(m, "random direction", "level", maker_between(m, 0.05, 0.4));
    r->n_splits = r->run.data.n_prompts;
    r->splits = arena_push(m->a, (size_t)r->n_splits, sizeof *r->splits);
    for (int i = 0; i < r->n_splits; i++)
        r->splits[i] = (record_split){i, parts[i % 4]};
}
