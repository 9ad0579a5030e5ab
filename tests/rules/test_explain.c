/* Features that no rule can be had for, and counter-examples. */
#include "test.h"

#include "rules/common.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static rule_explanation explain(const text_rig *r, const token_activation *active, size_t n)
{
    rule_explanation out;
    rule_options o = rule_defaults(1);
    o.resamples = 20;
    int id = 7;
    err e = {0};
    if (rules_explain(&out, &r->text, &id, &active, &n, 1, &o, NULL, &e))
        fail_msg("%s", e.text);
    assert_int_equal(out.feature, 7);
    return out;
}

static bool never(const int32_t *tokens, int i)
{
    (void)tokens;
    (void)i;
    return false;
}

static bool always(const int32_t *tokens, int i)
{
    (void)tokens;
    (void)i;
    return true;
}

static bool is_the(const int32_t *tokens, int i)
{
    return tokens[i] == WORLD_THE;
}

static void features_without_a_rule(void **state)
{
    (void)state;
    text_rig r;
    world_rig_open(&r);

    rule_explanation e = explain(&r, NULL, 0);
    assert_int_equal(e.class, RULE_DEAD);
    assert_false(e.fitted);
    assert_true(e.density == 0 && e.score.at_level.tp == 0);
    assert_string_equal(e.formal, "");
    assert_says(&e, "Never active");
    rules_release(&e, 1);

    /* In nine documents, in each part of the text. */
    token_activation few[9];
    static const int of[] = {0, 1, 2, 3, 150, 151, 210, 211, 212};
    for (int i = 0; i < 9; i++)
        few[i] = (token_activation){r.text.documents[of[i]].prompt, 5, 1};
    for (int i = 0; i < 9; i++) /* in the order of the text */
        for (int k = i; k > 0 && few[k].prompt < few[k - 1].prompt; k--) {
            token_activation other = few[k];
            few[k] = few[k - 1];
            few[k - 1] = other;
        }
    e = explain(&r, few, 9);
    assert_int_equal(e.class, RULE_UNDER_SAMPLED);
    assert_false(e.fitted);
    assert_says(&e, "Active on 9 tokens of this text, in too few documents");
    rules_release(&e, 1);

    /* Chance: nothing to be found. */
    activations noise = plant(&r, never, 0, 0.01, 3);
    e = explain(&r, noise.items, noise.n);
    assert_int_equal(e.class, RULE_UNEXPLAINED);
    assert_true(e.fitted);
    assert_int_equal(e.other_feature, -1); /* there is only this one */
    assert_says(&e, "No rule found explains it");
    rules_release(&e, 1);
    mem_free(noise.items);
    text_rig_close(&r);
}

static void a_feature_that_is_always_active(void **state)
{
    (void)state;
    text_rig r;
    world_rig_open(&r);
    activations all = plant(&r, always, 0, 0, 3);
    rule_explanation e = explain(&r, all.items, all.n);
    assert_int_equal(e.class, RULE_DENSE);
    assert_true(e.fitted && e.density == 1);
    assert_says(&e, "Active on 100% of all tokens.");
    /* Strong by chance: no rule does better than to say so of every token. */
    int64_t strong = e.score.at_level.tp + e.score.at_level.fn;
    int64_t silent = e.score.at_level.fp + e.score.at_level.tn;
    double every = (double)(2 * strong) / (double)(2 * strong + silent);
    char said[128];
    snprintf(said, sizeof said, "where calling every token active has %.2f.", every);
    assert_says(&e, "No rule found tells where it is strong");
    assert_says(&e, said);
    assert_int_equal(e.score.any.fp + e.score.any.tn, 0);
    assert_int_equal(e.score.detection.n_silent, 0);
    assert_true(isnan(e.score.detection.balanced_accuracy));
    assert_int_equal(e.examples.all_false, 0);
    assert_int_equal(e.examples.n_near, 0);
    rules_release(&e, 1);
    mem_free(all.items);
    text_rig_close(&r);
}

static void one_document_cannot_be_split(void **state)
{
    (void)state;
    static const char *const words[] = {"a", "b"};
    text_rig r;
    text_rig_open(&r, words, 2);
    text_rig_add(&r, (const int32_t[]){1, 2, 1, 2}, 4);
    text_rig_split(&r, 1);
    static const token_activation active[] = {{0, 1, 1}, {0, 3, 2}};
    rule_explanation e = explain(&r, active, 2);
    assert_int_equal(e.class, RULE_UNDER_SAMPLED);
    assert_true(e.density == 0.5);
    rules_release(&e, 1);
    text_rig_close(&r);
}

static bool is_most_frequent(const int32_t *tokens, int i)
{
    return tokens[i] == WORLD_FIRST_COMMON;
}

/* The control says the same as the rule, and both tell the truth. */
static void the_most_frequent_token_is_explained(void **state)
{
    (void)state;
    text_rig r;
    world_rig_open(&r);
    assert_int_equal(r.text.used[0], WORLD_FIRST_COMMON);
    activations a = plant(&r, is_most_frequent, 0, 0, 4);
    rule_explanation e = explain(&r, a.items, a.n);
    assert_true(e.score.any.f1.value == 1);
    assert_true(e.frequent.at_level.f1.value == e.score.at_level.f1.value);
    assert_int_equal(e.class, RULE_SINGLE_TOKEN);
    rules_release(&e, 1);
    mem_free(a.items);
    text_rig_close(&r);
}

static bool the_or_unforeseen(const int32_t *tokens, int i)
{
    return is_the(tokens, i) || (i == 50 && tokens[0] % 4 == 0);
}

/* On the report part, one of a document, by falling rank. */
static void assert_examples(const text_rig *r, const rule_example *all, int n, bool the)
{
    assert_int_equal(n, 5);
    for (int i = 0; i < n; i++) {
        const int32_t *tokens = prompts_tokens(&r->prompts, all[i].prompt);
        assert_int_equal(tokens[all[i].position] == WORLD_THE, the);
        assert_true(r->text.document_of[all[i].prompt] >= r->text.first_document[RULE_REPORT]);
        for (int k = 0; k < i; k++)
            assert_int_not_equal(all[i].prompt, all[k].prompt);
        assert_true(i == 0 || all[i].activation <= all[i - 1].activation);
    }
}

static void counter_examples(void **state)
{
    (void)state;
    text_rig r;
    world_rig_open(&r);
    activations the = plant(&r, is_the, 0.1, 0, 4);
    rule_explanation e = explain(&r, the.items, the.n);
    const rule_examples *x = &e.examples;
    assert_string_equal(e.formal, "token in {\" the\"}");
    assert_examples(&r, x->false_alarms, x->n_false, true);
    assert_examples(&r, x->near_misses, x->n_near, true);
    assert_int_equal(x->n_missed, 0);
    for (int i = 0; i < 5; i++) {
        assert_true(x->false_alarms[i].activation == 0 && x->false_alarms[i].prediction > 0);
        assert_true(x->near_misses[i].activation == 0 && x->near_misses[i].prediction > 0);
    }
    /* As the scores count: false alarms are silent altogether, and " the" is all there is. */
    assert_true(x->all_false > 10);
    assert_int_equal(x->all_false, e.score.any.fp);
    assert_int_equal(x->all_near, e.score.any.fp);
    rules_release(&e, 1);
    mem_free(the.items);

    the = plant(&r, the_or_unforeseen, 0, 0, 4);
    e = explain(&r, the.items, the.n);
    assert_string_equal(e.formal, "token in {\" the\"}");
    assert_examples(&r, x->missed, x->n_missed, false);
    assert_int_equal(x->n_false, 0);
    assert_int_equal(x->all_missed, e.score.at_level.fn);
    for (int i = 0; i < 5; i++)
        assert_true(x->missed[i].activation >= e.level && x->missed[i].prediction == 0);
    rules_release(&e, 1);
    mem_free(the.items);
    text_rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(features_without_a_rule),
        cmocka_unit_test(a_feature_that_is_always_active),
        cmocka_unit_test(one_document_cannot_be_split),
        cmocka_unit_test(the_most_frequent_token_is_explained),
        cmocka_unit_test(counter_examples),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
