/* The search's part of the record, from made-up results over a small vocabulary. */
#include "test.h"
#include "base/memory.h"
#include "invert/robustness.h"
#include "pipeline/report_search.h"
#include <string.h>

enum { A, B, AB, SPACE_A, C, D };

static study *make_study(void **state)
{
    static const char vocab[] =
        "{\"a\": 0, \"b\": 1, \"ab\": 2, \"\u0120a\": 3, \"c\": 4, \"d\": 5, \"\u0120\": 6}";
    static const char merges[] = "#version: 0.2\na b\n\u0120 a\n";
    err e;
    study *s = mem_small(1, sizeof *s);
    if (tokenizer_parse_gpt2(&s->tokenizer, vocab, sizeof vocab - 1, merges, sizeof merges - 1,
                             "test", &e))
        fail_msg("%s", e.text);
    *state = s;
    return s;
}

static int drop_study(void **state)
{
    study *s = *state;
    if (s) {
        arena_release(&s->memory);
        tokenizer_free(s->tokenizer);
        mem_free(s);
    }
    return 0;
}

static search_point point(int32_t *tokens, int length, float z, start_kind start)
{
    return (search_point){.tokens = tokens,
                          .length = length,
                          .value = z,
                          .z = z,
                          .activation = fmaxf(z, 0),
                          .cross_entropy = length,
                          .start = start};
}

/* A target whose warm sequence reaches z = warm (the data 2) in three tokens. */
typedef struct made {
    int32_t warm[3], cold[2], single[1], nearest[2];
    search_point front[2], single_point;
    search_restart restarts[4];
    search_curve_point curve[2];
    double most[3], least[3];
    float activations[3];
    sequence sequences[4];
    search_job job;
} made;

/* Measured alike, so that what is told apart is what the search made of it. */
static sequence measured(made *m, const char *kind, bool sought, search_point p)
{
    return (sequence){.kind = kind,
                      .sought = sought,
                      .point = p,
                      .activation_L = m->activations,
                      .lost_most_L = m->most,
                      .lost_least_L = m->least,
                      .kept_mean = (double)NAN,
                      .kept_least = (double)NAN};
}

static void make_target(made *m, float warm, float cold, float single)
{
    *m = (made){.warm = {AB, SPACE_A, C},
                .cold = {A, B},
                .single = {D},
                .nearest = {C, D},
                .most = {0.5, 0.25, 1.5},
                .least = {0.1, -0.1, 0.75},
                .activations = {0, 0.5F, warm}};
    m->front[0] = point(m->cold, 2, cold, START_BEAM);
    m->front[1] = point(m->warm, 3, warm, START_WINDOW);
    m->single_point = point(m->single, 1, single, START_WINDOW);
    m->restarts[0] = (search_restart){START_WINDOW, 1, 0.5, m->front[1], 2};
    m->restarts[1] = (search_restart){START_WINDOW, 1, 0.5, m->front[1], 0};
    m->restarts[2] = (search_restart){START_BEAM, -1, 0.5, m->front[0], 0};
    m->restarts[3] = (search_restart){.start = START_RANDOM, .first_value = -2};
    m->curve[0] = (search_curve_point){0, -1, 1};
    m->curve[1] = (search_curve_point){5, cold, warm};
    m->sequences[0] = measured(m, "warm", true, m->front[1]);
    m->sequences[0].n_contexts = ROBUSTNESS_CONTEXTS - 1;
    m->sequences[0].kept_mean = 0.7;
    m->sequences[0].kept_least = 0.2;
    m->sequences[1] = measured(m, "cold", true, m->front[0]);
    m->sequences[2] = measured(m, "single_token", false, m->single_point);
    m->sequences[3] = measured(m, "projected", false, point(m->nearest, 2, 0.5F, START_WINDOW));
    m->job = (search_job){.scale = 2, /* fluent and window without tokens: there are none */
                          .warm = m->front[1],
                          .cold = m->front[0],
                          .single = m->single_point,
                          .front = m->front,
                          .n_front = 2,
                          .hypervolume = 3,
                          .restarts = m->restarts,
                          .n_restarts = 4,
                          .curve = m->curve,
                          .n_curve = 2,
                          .relaxed = 5,
                          .certified = true,
                          .n_sweeps = 2,
                          .n_forwards = 70,
                          .flops = 2e12};
}

enum { TARGETS = 3, FREE_STARTS = 2 };

/* The data reach 2 in all targets but the first, which they never activate. */
static void fill(record *r, study *s, made *m)
{
    static run_config config;
    static record_feature features[TARGETS];
    static record_target rows[TARGETS];
    static optimum optima[TARGETS];
    static optimise_job jobs[TARGETS * FREE_STARTS];
    static search_job searches[TARGETS];
    static target_sequences sequences[TARGETS];
    err e = {0};
    config = run_config_defaults();
    config.optimise.restarts = FREE_STARTS;
    config.optimise.sequence_length = 3;
    config.search.sweep_tokens = 16;
    memset(rows, 0, sizeof rows);
    for (int i = 0; i < TARGETS; i++) {
        features[i] = (record_feature){.id = i, .max = i ? 2 : 0, .density = i ? 0.004 * i : 0};
        rows[i].id = i;
        searches[i] = m[i].job;
        sequences[i] = (target_sequences){m[i].sequences, COUNT_OF(m[i].sequences)};
        optima[i].best = 1;
        jobs[i * FREE_STARTS].objective = 3;
        jobs[i * FREE_STARTS + 1].objective = 8;
    }
    *r = (record){
        .features = features, .n_features = TARGETS, .targets = rows, .n_targets = TARGETS};
    s->config = &config;
    s->n_targets = TARGETS;
    s->optima = optima;
    s->jobs = jobs;
    s->searches = searches;
    s->sequences = sequences;
    s->loss_mean = 2;
    s->loss_limit = 2.5;
    s->flops_planned = 9e12;
    if (report_search(r, s, &e))
        fail_msg("%s", e.text);
}

static void make_all(record *r, study *s, made m[TARGETS])
{
    make_target(&m[0], 3, 1, 1.5F);
    make_target(&m[1], 2.5F, 2, 0.5F);
    make_target(&m[2], 2, 1.25F, 1.5F);
    fill(r, s, m);
}

static void near(double got, double want)
{
    if (!(fabs(got - want) < 1e-12))
        fail_msg("%.17g, not %.17g", got, want);
}

static void a_target_is_told_in_units_of_the_data(void **state)
{
    record r;
    made m[TARGETS];
    make_all(&r, make_study(state), m);
    const record_search *x = &r.targets[1].search;
    near(x->unit, 2);
    near(x->chain.data, 1);
    near(x->chain.warm, 1.25);
    near(x->chain.cold, 1);
    near(x->chain.free, 4);
    near(x->chain.relaxed, 2.5);
    near(x->chain.projected, 0.25);
    assert_true(isnan(x->chain.data_window) && isnan(x->chain.fluent));
    assert_string_equal(x->effort, "standard");
    assert_string_equal(x->kind, "context");
    assert_string_equal(r.targets[2].search.kind, "single token");
    assert_int_equal(x->n_curve, 2);
    near(x->curve[1].warm, 1.25);
    near(x->front[0].ratio, 1);
    assert_string_equal(x->front[0].provenance, "beam");
    near(x->tflop, 2);
    assert_true(x->certified && x->sweep_tokens == 16 && x->n_sweeps == 2);
}

/* Without a maximum nothing can be said in units of it; the sequences themselves stay. */
static void never_active_is_no_unit(void **state)
{
    record r;
    made m[TARGETS];
    make_all(&r, make_study(state), m);
    const record_search *x = &r.targets[0].search;
    assert_true(isnan(x->unit) && isnan(x->chain.data) && isnan(x->chain.warm));
    assert_true(isnan(x->chain.free) && isnan(x->chain.projected) && isnan(x->front[0].ratio));
    assert_true(isnan(x->restart_spread) && x->n_modes == 0);
    assert_string_equal(x->kind, "");
    assert_int_equal(x->n_sequences, 4);
    near(x->sequences[0].pre_activation, 3);
    assert_true(isnan(x->sequences[0].ratio));
}

static void sequences_carry_what_was_measured(void **state)
{
    record r;
    made m[TARGETS];
    make_all(&r, make_study(state), m);
    const record_search *x = &r.targets[1].search;
    assert_int_equal(x->n_sequences, 4);
    const record_sequence *warm = record_find_sequence(x, "warm"),
                          *cold = record_find_sequence(x, "cold"),
                          *single = record_find_sequence(x, "single_token");
    assert_null(record_find_sequence(x, "fluent"));
    assert_string_equal(warm->provenance, "data window");
    assert_string_equal(single->provenance, ""); /* grew from nothing */
    assert_int_equal(warm->text.n, 5);
    assert_memory_equal(warm->text.bytes, "ab ac", 5);
    assert_true(warm->retokenizes);
    assert_false(cold->retokenizes); /* "a", "b" is read as "ab" */
    assert_true(warm->unlike_data && !cold->unlike_data);
    near(warm->lost_most[2], 1.5);
    near(warm->lost_least[1], -0.1);
    near(warm->activations[2], 2.5);
    assert_int_equal(warm->ids[1], SPACE_A);
    assert_memory_equal(warm->tokens[1].bytes, " a", 2);
    assert_int_equal(warm->n_contexts, ROBUSTNESS_CONTEXTS - 1);
    near(warm->kept_least, 0.2);
    assert_int_equal(cold->n_contexts, 0);
    assert_true(isnan(cold->kept_mean));
}

static void restarts_are_compared(void **state)
{
    record r;
    made m[TARGETS];
    make_all(&r, make_study(state), m);
    const record_search *x = &r.targets[1].search; /* 1.25, 1.25, 1; the last found nothing */
    assert_int_equal(x->n_restarts, 4);
    assert_true(x->restarts[3].dead && isnan(x->restarts[3].ratio));
    assert_int_equal(x->restarts[3].text.n, 0);
    near(x->restarts[2].first_ratio, -0.5);
    assert_int_equal(x->restarts[0].n_shaken, 2);
    near(x->restart_spread, 0);
    near(x->near_best, 2.0 / 3);
    assert_int_equal(x->n_modes, 2);                  /* 1 is 0.8 of the best, and unlike it */
    assert_int_equal(r.targets[2].search.n_modes, 1); /* 0.625 is not */
}

/* Below zero there is no best to have a share of. */
static void nothing_found_has_no_spread(void **state)
{
    record r;
    made m[TARGETS];
    study *s = make_study(state);
    for (int i = 0; i < TARGETS; i++)
        make_target(&m[i], -1, -2, -3);
    m[2].job.n_restarts = m[2].job.n_front = m[2].job.n_curve = 0;
    fill(&r, s, m);
    for (int i = 0; i < TARGETS; i++) {
        assert_true(isnan(r.targets[i].search.restart_spread));
        assert_true(isnan(r.targets[i].search.near_best));
        assert_int_equal(r.targets[i].search.n_modes, 0);
    }
}

static const record_ratio *ratio(const record *r, const char *name)
{
    for (int i = 0; i < r->search.n_ratios; i++)
        if (!strcmp(r->search.ratios[i].name, name))
            return &r->search.ratios[i];
    fail_msg("no ratio %s", name);
    return NULL;
}

static void the_run_is_summed_up(void **state)
{
    record r;
    made m[TARGETS];
    make_all(&r, make_study(state), m);
    near(r.search.tflop, 6);
    near(r.search.tflop_planned, 9);
    assert_int_equal(r.search.n_starts, 12);
    near(r.search.dead_starts, 0.25);
    near(ratio(&r, "warm")->median, 1.125); /* of 1.25 and 1 */
    near(ratio(&r, "warm")->p10, 1);
    near(ratio(&r, "warm")->above_1, 0.5); /* 1 is not above 1 */
    near(ratio(&r, "cold")->above_08, 0.5);
    assert_int_equal(ratio(&r, "data")->n, 2);
    assert_int_equal(ratio(&r, "fluent")->n, 0);
    assert_true(isnan(ratio(&r, "fluent")->median));
    assert_int_equal(r.search.n_strata, 4);
    assert_string_equal(r.search.strata[0].name, "never active");
    assert_true(isnan(r.search.strata[0].warm));
    assert_string_equal(r.search.strata[1].name, "0.1% to 1%");
    assert_int_equal(r.search.strata[1].n, 2);
    near(r.search.strata[1].warm, 1.125);
    assert_true(isnan(r.search.strata[1].fluent));
    assert_string_equal(r.search.strata[2].group, "kind");
    assert_int_equal(r.search.strata[3].n, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_target_is_told_in_units_of_the_data, drop_study),
        cmocka_unit_test_teardown(never_active_is_no_unit, drop_study),
        cmocka_unit_test_teardown(sequences_carry_what_was_measured, drop_study),
        cmocka_unit_test_teardown(restarts_are_compared, drop_study),
        cmocka_unit_test_teardown(nothing_found_has_no_spread, drop_study),
        cmocka_unit_test_teardown(the_run_is_summed_up, drop_study),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
