/* Features that follow a known rule, with noise: the rule is found again. */
#include "test.h"

#include "rules/common.h"
#include <math.h>

static bool token_set(const int32_t *tokens, int i)
{
    return tokens[i] == WORLD_SAID || tokens[i] == WORLD_ASKED;
}

static bool after_new(const int32_t *tokens, int i)
{
    return tokens[i] == WORLD_YORK && i > 0 && tokens[i - 1] == WORLD_NEW;
}

static bool within(const int32_t *tokens, int i, int window, int32_t token)
{
    for (int k = i - 1; k >= 0 && k >= i - window; k--)
        if (tokens[k] == token)
            return true;
    return false;
}

static bool said_after_quote(const int32_t *tokens, int i)
{
    return tokens[i] == WORLD_SAID && within(tokens, i, 8, WORLD_QUOTE);
}

static bool about_harbour(const int32_t *tokens, int i)
{
    return within(tokens, i, 1000, WORLD_HARBOUR) && tokens[i] < WORLD_FIRST_COMMON;
}

static bool first_tokens(const int32_t *tokens, int i)
{
    (void)tokens;
    return i < 3;
}

static bool quoted(const int32_t *tokens, int i)
{
    bool open = false;
    for (int k = 0; k <= i; k++)
        if (tokens[k] == WORLD_LINE)
            open = false;
        else if (tokens[k] == WORLD_QUOTE)
            open = !open;
    return open;
}

static bool the_but_not_after_old(const int32_t *tokens, int i)
{
    return tokens[i] == WORLD_THE && !within(tokens, i, 4, WORLD_OLD);
}

static bool two_ways(const int32_t *tokens, int i)
{
    return said_after_quote(tokens, i) ||
           (tokens[i] == WORLD_YORK && within(tokens, i, 4, WORLD_OLD));
}

static bool ends_in_ing(const int32_t *tokens, int i)
{
    return tokens[i] >= WORLD_FIRST_COMMON && (tokens[i] - WORLD_FIRST_COMMON) % 5 == 2;
}

static const struct {
    const char *name;
    planted *holds_at;
    rule_class class, form;
    const char *formal; /* of the whole rule */
} cases[] = {
    {"set", token_set, RULE_TOKEN_SET, RULE_TOKEN_SET, "token in {\" asked\", \" said\"}"},
    {"one before", after_new, RULE_N_GRAM, RULE_N_GRAM,
     "token is capitalised & previous in {\" new\"}"},
    {"skip-gram", said_after_quote, RULE_SKIP_GRAM, RULE_SKIP_GRAM,
     "token in {\" said\"} & last8 in {\"\\\"\"}"},
    {"context", about_harbour, RULE_CONTEXT, RULE_CONTEXT, NULL},
    {"position", first_tokens, RULE_POSITION, RULE_POSITION, "depth in 0..2"},
    {"quotes", quoted, RULE_DENSE, RULE_CONTEXT, "in quotes"},
    {"not", the_but_not_after_old, RULE_SKIP_GRAM, RULE_SKIP_GRAM,
     "token in {\" the\"} & last4 not in {\" old\"}"},
    {"union", two_ways, RULE_SKIP_GRAM, RULE_SKIP_GRAM,
     "token in {\" said\"} & last8 in {\"\\\"\"} | token is capitalised & last4 in {\" old\"}"},
    {"suffix", ends_in_ing, RULE_TOKEN_CLASS, RULE_TOKEN_CLASS, "token is -ing"},
};
enum { CASES = COUNT_OF(cases) };

/* What the planted rule itself scores, with its noise. */
static rule_score oracle(const text_rig *r, planted *holds_at, const activations *a)
{
    const rule_text *t = &r->text;
    size_t n = rule_part_size(t, RULE_REPORT);
    float *prediction_N = mem_small(n, sizeof *prediction_N);
    for (size_t i = 0; i < n; i++) {
        size_t at = t->first[RULE_REPORT] + i;
        int prompt = t->documents[t->document_N[at]].prompt;
        prediction_N[i] = holds_at(prompts_tokens(&r->prompts, prompt) + 1, t->place_N[at] - 1);
    }
    rule_target target;
    rule_target_make(&target, t, a->items, a->n, 0.9);
    rule_score score;
    rule_score_prediction(&score, t, &target, prediction_N, &(rule_score_options){.seed = 1});
    rule_target_release(&target);
    mem_free(prediction_N);
    return score;
}

typedef struct planted_run {
    text_rig rig;
    activations planted[CASES];
    rule_explanation out[CASES];
} planted_run;

static void run_all(planted_run *x, pool *p)
{
    const token_activation *active[CASES];
    size_t n_active[CASES];
    int ids[CASES];
    world_rig_open(&x->rig);
    for (int i = 0; i < CASES; i++) {
        x->planted[i] = plant(&x->rig, cases[i].holds_at, 0.03, 0.002, (uint64_t)i);
        active[i] = x->planted[i].items;
        n_active[i] = x->planted[i].n;
        ids[i] = 100 + i;
    }
    rule_options o = rule_defaults(1);
    err e = {0};
    if (rules_explain(x->out, &x->rig.text, ids, active, n_active, CASES, &o, p, &e))
        fail_msg("%s", e.text);
}

static void close_all(planted_run *x)
{
    rules_release(x->out, CASES);
    for (int i = 0; i < CASES; i++)
        mem_free(x->planted[i].items);
    text_rig_close(&x->rig);
}

static void planted_rules_are_found(void **state)
{
    (void)state;
    static planted_run x;
    run_all(&x, NULL);
    for (int i = 0; i < CASES; i++) {
        const rule_explanation *e = &x.out[i];
        rule_score best = oracle(&x.rig, cases[i].holds_at, &x.planted[i]);
        double f1 = e->score.at_level.f1.value, ceiling = best.at_level.f1.value;
        print_message("%-12s F1 %.3f of %.3f: %s\n", cases[i].name, f1, ceiling, e->formal);
        assert_true(e->fitted);
        assert_int_equal(e->feature, 100 + i);
        assert_int_equal(e->class, cases[i].class);
        assert_int_equal(e->form, cases[i].form);
        if (cases[i].formal)
            assert_string_equal(e->formal, cases[i].formal);
        assert_true(f1 > ceiling - 0.03 && f1 > 0.8);
        if (e->class == RULE_DENSE)
            assert_says(e, "where it is strong, a rule tells: Active inside quotation marks");
        assert_true(e->score.any.f1.value > best.any.f1.value - 0.03);
        assert_true(e->score.pearson.value > 0.9);
        /* The intervals hold the value, the controls know nothing: a rule fitted to chance, at
         * most, says of everything that it is active. */
        assert_true(e->score.at_level.f1.low <= f1 && f1 <= e->score.at_level.f1.high);
        double share =
            (double)e->n_active[RULE_FIT] / (double)rule_part_size(&x.rig.text, RULE_FIT);
        double everything = 2 * share / (1 + share);
        assert_true(e->shuffled.at_level.f1.value < everything + 0.05);
        assert_true(fabs(e->shuffled.pearson.value) < 0.25 || isnan(e->shuffled.pearson.value));
        assert_true(e->frequent.at_level.f1.value < everything + 0.05);
        assert_int_equal(e->other_feature, 100 + (i + 1) % CASES);
        assert_true(e->other.at_level.f1.value < f1 - 0.3);
    }
    close_all(&x);
}

static void any_number_of_threads_gives_the_same(void **state)
{
    (void)state;
    static planted_run one, three;
    pool *p = pool_new(1), *q = pool_new(3);
    run_all(&one, p);
    run_all(&three, q);
    for (int i = 0; i < CASES; i++) {
        const rule_explanation *a = &one.out[i], *b = &three.out[i];
        assert_string_equal(a->formal, b->formal);
        assert_memory_equal(&a->score, &b->score, sizeof a->score);
        assert_memory_equal(&a->shuffled, &b->shuffled, sizeof a->score);
        assert_memory_equal(&a->frequent, &b->frequent, sizeof a->score);
        assert_memory_equal(&a->other, &b->other, sizeof a->score);
        assert_int_equal(a->examples.n_missed, b->examples.n_missed);
        assert_memory_equal(a->examples.missed, b->examples.missed,
                            (size_t)a->examples.n_missed * sizeof *a->examples.missed);
    }
    close_all(&one);
    close_all(&three);
    pool_free(p);
    pool_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(planted_rules_are_found),
        cmocka_unit_test(any_number_of_threads_gives_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
