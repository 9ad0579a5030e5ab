/* Every measure on an example worked out by hand. */
#include "test.h"

#include "base/rng.h"
#include "rules/common.h"
#include "rules/score_windows.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool near_to(double a, double b)
{
    return fabs(a - b) < 1e-9;
}

/* Ten documents of `length` tokens, of which the rule text reports on the last three. */
static void open_ten(text_rig *r, int length)
{
    static const char *const words[] = {"a", "b", "c"};
    int32_t tokens[256];
    for (int i = 0; i < length; i++)
        tokens[i] = 1 + i % 3;
    text_rig_open(r, words, 3);
    for (int d = 0; d < 10; d++)
        text_rig_add(r, tokens, length);
    text_rig_split(r, 1);
    assert_int_equal(rule_part_size(&r->text, RULE_REPORT), 3 * length);
}

/* A target with one activation of `level` to fit on and these on the report part. */
static rule_target target_of(const text_rig *r, const float *value_N, float level)
{
    const rule_text *t = &r->text;
    size_t n = rule_part_size(t, RULE_REPORT), k = 0;
    token_activation *active = mem_small(n + 1, sizeof *active);
    for (int p = 0; p < r->prompts.n; p++) {
        const rule_document *d = &t->documents[t->document_of[p]];
        if (t->document_of[p] == 0)
            active[k++] = (token_activation){p, 1, level};
        for (int i = 0; i < d->n && d->first >= t->first[RULE_REPORT]; i++) {
            float value = value_N[d->first - t->first[RULE_REPORT] + (size_t)i];
            if (value > 0)
                active[k++] = (token_activation){p, i + 1, value};
        }
    }
    rule_target made;
    rule_target_make(&made, t, active, k, 0.9);
    mem_free(active);
    assert_true(made.level == level);
    return made;
}

static double plain_pearson(const float *x_N, const float *y_N, int n)
{
    double x = 0, y = 0, xx = 0, yy = 0, xy = 0;
    for (int i = 0; i < n; i++) {
        x += (double)x_N[i] / n;
        y += (double)y_N[i] / n;
    }
    for (int i = 0; i < n; i++) {
        double dx = (double)x_N[i] - x, dy = (double)y_N[i] - y;
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    return xy / sqrt(xx * yy);
}

enum { N = 12 };
static const float predicted[N] = {0.9f, 0.9f, 0.5f, 0, 0, 0.5f, 0, 0, 0.2f, 0, 0, 0};
static const float activation_N[N] = {3, 0, 2, 1, 0, 0, 5, 0, 2, 0, 0, 0};

static void agreement_by_hand(void **state)
{
    (void)state;
    text_rig r;
    open_ten(&r, 4);
    rule_target t = target_of(&r, activation_N, 2);
    rule_score s;
    rule_score_prediction(&s, &r.text, &t, predicted, &(rule_score_options){.seed = 1});
    assert_int_equal(s.at_level.tp, 3);
    assert_int_equal(s.at_level.fp, 2);
    assert_int_equal(s.at_level.fn, 1);
    assert_int_equal(s.at_level.tn, 6);
    assert_true(near_to(s.at_level.precision.value, 3.0 / 5));
    assert_true(near_to(s.at_level.recall.value, 3.0 / 4));
    assert_true(near_to(s.at_level.f1.value, 6.0 / 9));
    assert_true(near_to(s.at_level.balanced_accuracy.value, (3.0 / 4 + 6.0 / 8) / 2));
    /* Steps: 0.9 finds 1 of 2, 0.5 then 2 of 4, 0.2 then 3 of 5, all the rest 4 of 12. */
    assert_true(near_to(s.at_level.auprc.value, (0.5 + 0.5 + 0.6 + 4.0 / 12) / 4));
    assert_int_equal(s.any.fn, 2); /* the 1 below the level counts, too */
    assert_int_equal(s.any.tn, 5);
    assert_true(near_to(s.any.f1.value, 6.0 / 10));
    assert_true(near_to(s.any.auprc.value, (0.5 + 0.5 + 0.6 + 2 * 5.0 / 12) / 5));
    assert_true(near_to(s.pearson.value, plain_pearson(predicted, activation_N, N)));
    assert_true(isnan(s.pearson.low) && isnan(s.at_level.f1.high)); /* nothing was resampled */
    rule_target_release(&t);
    text_rig_close(&r);
}

static void what_is_not_defined_is_no_number(void **state)
{
    (void)state;
    text_rig r;
    open_ten(&r, 4);
    static const float nothing[N] = {0};
    rule_score_options o = {.seed = 1, .resamples = 20};
    rule_score s;
    rule_target t = target_of(&r, activation_N, 2);
    rule_score_prediction(&s, &r.text, &t, nothing, &o);
    assert_true(isnan(s.at_level.precision.value) && isnan(s.at_level.precision.low));
    assert_true(s.at_level.recall.value == 0 && s.at_level.f1.value == 0);
    assert_true(isnan(s.pearson.value) && isnan(s.simulation));
    /* One step with all tokens: the share of active ones. */
    assert_true(near_to(s.at_level.auprc.value, 4.0 / 12));
    rule_target_release(&t);
    t = target_of(&r, nothing, 2);
    rule_score_prediction(&s, &r.text, &t, nothing, &o);
    assert_true(isnan(s.at_level.f1.value) && isnan(s.at_level.auprc.value));
    assert_int_equal(s.at_level.tn, N);
    assert_true(isnan(s.detection.balanced_accuracy));
    assert_int_equal(s.detection.n_active, 0);
    rule_target_release(&t);
    text_rig_close(&r);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void intervals_come_from_resampled_documents(void **state)
{
    (void)state;
    enum { RESAMPLES = 40 };
    text_rig r;
    open_ten(&r, 4);
    rule_target t = target_of(&r, activation_N, 2);
    rule_score_options o = {.seed = 5, .resamples = RESAMPLES};
    rule_score s, again;
    rule_score_prediction(&s, &r.text, &t, predicted, &o);
    rule_score_prediction(&again, &r.text, &t, predicted, &o);
    assert_memory_equal(&s, &again, sizeof s);
    /* By document: 2, 0 and 1 true positives, 1, 1 and 0 false ones, 0, 1 and 0 missed. */
    static const int tp[] = {2, 0, 1}, fp[] = {1, 1, 0}, fn[] = {0, 1, 0};
    double f1[RESAMPLES];
    rng stream = rng_stream(5, "resampled documents");
    for (int i = 0; i < RESAMPLES; i++) {
        rng draw = rng_split(&stream, (uint64_t)i);
        int found = 0, wrong = 0, missed = 0;
        for (int d = 0; d < 3; d++) {
            uint32_t k = rng_below(&draw, 3);
            found += tp[k];
            wrong += fp[k];
            missed += fn[k];
        }
        f1[i] = 2.0 * found / (2 * found + wrong + missed);
    }
    qsort(f1, RESAMPLES, sizeof *f1, by_value);
    /* Places 0.975 and 38.025 of 0 .. 39. */
    assert_true(near_to(s.at_level.f1.low, f1[0] + 0.975 * (f1[1] - f1[0])));
    assert_true(near_to(s.at_level.f1.high, f1[38] + 0.025 * (f1[39] - f1[38])));
    assert_true(s.at_level.f1.low < s.at_level.f1.value);
    assert_true(s.at_level.f1.value < s.at_level.f1.high);
    rule_target_release(&t);
    text_rig_close(&r);
}

static void windows_by_hand(void **state)
{
    (void)state;
    enum { LENGTH = 64, ALL = 3 * LENGTH };
    text_rig r;
    open_ten(&r, LENGTH);
    /* Six windows, all of which are judged: the first of each document is active. */
    float value_N[ALL] = {0}, prediction_N[ALL] = {0};
    value_N[3] = 10; /* marked, predicted */
    value_N[7] = 4;  /* marked: half of the marks agree */
    value_N[9] = 2;  /* not over 3 */
    prediction_N[3] = 1;
    value_N[LENGTH + 1] = 8; /* marked; another token is predicted: found, but marked wrongly */
    prediction_N[LENGTH + 2] = 2;
    for (int i = 0; i < 3; i++)
        value_N[2 * LENGTH + 4 * i] = 5; /* three marks, nothing predicted */
    for (int i = 32; i < LENGTH; i++)    /* one silent window is predicted from end to end */
        prediction_N[i] = 0.5f;
    rule_target t = target_of(&r, value_N, 1);
    rule_score s;
    rule_score_prediction(&s, &r.text, &t, prediction_N, &(rule_score_options){.seed = 1});
    assert_int_equal(s.detection.n_active, 3);
    assert_int_equal(s.detection.n_silent, 3);
    assert_true(near_to(s.detection.balanced_accuracy, (2.0 / 3 + 2.0 / 3) / 2));
    assert_true(near_to(s.fuzzing.balanced_accuracy, (1.0 / 3 + 2.0 / 3) / 2));
    arena a = {0};
    int n;
    const rule_judged_window *all = rule_judge_windows(&n, &r.text, &t, prediction_N, 1, &a);
    assert_int_equal(n, 6); /* by maximum: 5 (tenth 4), 8 (7), 10 (10); then the silent ones */
    static const struct {
        int tenth;
        float max;
        bool detected, marks_fit;
    } want[] = {{4, 5, false, false}, {7, 8, true, false}, {10, 10, true, true}};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(all[i].window.tenth, want[i].tenth);
        assert_true(all[i].window.max == want[i].max);
        assert_int_equal(all[i].detected, want[i].detected);
        assert_int_equal(all[i].marks_fit, want[i].marks_fit);
    }
    assert_true(all[2].values[3] == 10 && all[2].values[7] == 4);
    int found = 0;
    for (int i = 3; i < n; i++) {
        assert_int_equal(all[i].window.tenth, 0);
        found += all[i].detected;
        assert_int_equal(all[i].marks_fit, all[i].detected); /* predicted from end to end */
    }
    assert_int_equal(found, 1);
    arena_release(&a);
    /* Three top windows and three others: all there is. */
    assert_true(near_to(s.simulation, plain_pearson(prediction_N, value_N, ALL)));
    assert_true(near_to(s.simulation, s.pearson.value));
    rule_target_release(&t);
    text_rig_close(&r);
}

static void no_more_windows_than_the_protocol_wants(void **state)
{
    (void)state;
    enum { LENGTH = 250, ALL = 3 * LENGTH }; /* 8 windows each, the last of 26 tokens */
    text_rig r;
    open_ten(&r, LENGTH);
    float value_N[ALL] = {0}, prediction_N[ALL] = {0};
    for (int d = 0; d < 3; d++)
        for (int w = 0; w < 4; w++)
            value_N[d * LENGTH + 32 * w] = prediction_N[d * LENGTH + 32 * w] = 1.0f + (float)w;
    rule_target t = target_of(&r, value_N, 1);
    rule_score s;
    rule_score_prediction(&s, &r.text, &t, prediction_N, &(rule_score_options){.seed = 1});
    assert_int_equal(s.detection.n_active, 12);
    assert_int_equal(s.detection.n_silent, 12);
    assert_true(s.detection.balanced_accuracy == 1);
    assert_true(near_to(s.simulation, 1));
    rule_target_release(&t);
    text_rig_close(&r);

    world_rig_open(&r); /* 90 documents to report on, 4 windows each */
    size_t n = rule_part_size(&r.text, RULE_REPORT);
    float *many_N = mem_small(n, sizeof *many_N);
    for (size_t i = 0; i < n; i += 200)
        many_N[i] = 1 + (float)i;
    for (size_t i = 10; i < n; i += 100)
        many_N[i] = 1 + (float)i;
    t = target_of(&r, many_N, 1);
    rule_score_prediction(&s, &r.text, &t, many_N, &(rule_score_options){.seed = 1});
    assert_int_equal(s.detection.n_active, 50);
    assert_int_equal(s.detection.n_silent, 50);
    assert_true(s.detection.balanced_accuracy == 1 && s.fuzzing.balanced_accuracy == 1);
    rule_target_release(&t);
    mem_free(many_N);
    text_rig_close(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agreement_by_hand),
        cmocka_unit_test(what_is_not_defined_is_no_number),
        cmocka_unit_test(intervals_come_from_resampled_documents),
        cmocka_unit_test(windows_by_hand),
        cmocka_unit_test(no_more_windows_than_the_protocol_wants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
