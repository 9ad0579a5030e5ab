/* SAEDashboard's files: the keys its readers ask for, of the types they expect, and the numbers of
 * the record. */
#include "base/io.h"
#include "base/memory.h"
#include "export/common_report.h"
#include "export/fields.h"
#include "test.h"
#include <math.h>
#include <string.h>

static const schema_key BATCH[] = {{"model_id", "s", NULL},
                                   {"layer", "i", NULL},
                                   {"sae_set", "s", NULL},
                                   {"sae_id_suffix", "s0", NULL},
                                   {"features", "[o]", NULL}};
static const schema_key FEATURE[] = {
    {"feature_index", "i", NULL},
    {"neuron_alignment_indices", "[i]", NULL},
    {"neuron_alignment_values", "[r]", "neuron_alignment_indices"},
    {"neuron_alignment_l1", "[r]", "neuron_alignment_indices"},
    {"correlated_neurons_indices", "[i]", NULL},
    {"correlated_neurons_l1", "[r]", "correlated_neurons_indices"},
    {"correlated_neurons_pearson", "[r]", "correlated_neurons_indices"},
    {"correlated_features_indices", "[i]", NULL},
    {"correlated_features_l1", "[r]", "correlated_features_indices"},
    {"correlated_features_pearson", "[r]", "correlated_features_indices"},
    {"neg_str", "[s]", NULL},
    {"neg_values", "[r]", "neg_str"},
    {"pos_str", "[s]", NULL},
    {"pos_values", "[r]", "pos_str"},
    {"frac_nonzero", "n", NULL},
    {"freq_hist_data_bar_values", "[r]", NULL},
    {"freq_hist_data_bar_heights", "[r]", "freq_hist_data_bar_values"},
    {"logits_hist_data_bar_heights", "[r]", NULL},
    {"logits_hist_data_bar_values", "[r]", "logits_hist_data_bar_heights"},
    {"n_prompts_total", "i", NULL},
    {"n_tokens_in_prompt", "i", NULL},
    {"dataset", "s", NULL},
    {"decoder_weights_dist", "[n]", NULL},
    {"activations", "[o]", NULL},
    {"vector", "[n]", NULL}};
static const schema_key ACTIVATION[] = {
    {"bin_min", "n", NULL},  {"bin_max", "n", NULL},      {"bin_contains", "n", NULL},
    {"tokens", "[s]", NULL}, {"values", "[r]", "tokens"}, {"qualifying_token_index", "i", NULL}};
static const schema_key ATTRIBUTED[] = {
    {"bin_min", "n", NULL},          {"bin_max", "n", NULL},
    {"bin_contains", "n", NULL},     {"tokens", "[s]", NULL},
    {"values", "[r]", "tokens"},     {"qualifying_token_index", "i", NULL},
    {"dfa_values", "[r]", "tokens"}, {"dfa_maxValue", "r", NULL},
    {"dfa_targetIndex", "i", NULL}};
static const schema_key SKIPPED[] = {{"model_id", "s", NULL},
                                     {"layer", "s", NULL},
                                     {"sae_set", "s", NULL},
                                     {"log_sparsity", "n0", NULL},
                                     {"skipped_indexes", "[i]", NULL}};

static const char *const REPORTS[] = {"usual", "hostile"};

static cJSON *read_batch(const char *report)
{
    arena a = {0};
    const char *out = arena_printf(&a, "sd-%s", report);
    if (!io_exists(in_scratch(&a, out)))
        export_to(report, out, EXPORT_SAEDASHBOARD);
    cJSON *batch = read_json(out, "batch-0.json");
    arena_release(&a);
    return batch;
}

static void every_key_is_there_with_its_type(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(REPORTS); i++) {
        cJSON *batch = read_batch(REPORTS[i]);
        CHECK_OBJECT(batch, BATCH, "batch");
        const cJSON *feature, *activation;
        cJSON_ArrayForEach(feature, json_member(batch, "features")) {
            CHECK_OBJECT(feature, FEATURE, REPORTS[i]);
            cJSON_ArrayForEach(activation, json_member(feature, "activations"))
                if (json_member(activation, "dfa_values"))
                    CHECK_OBJECT(activation, ATTRIBUTED, REPORTS[i]);
                else
                    CHECK_OBJECT(activation, ACTIVATION, REPORTS[i]);
        }
        cJSON_Delete(batch);
    }
}

static double number(const cJSON *object, const char *key)
{
    return json_member(object, key)->valuedouble;
}

static double sum_of(const cJSON *list)
{
    const cJSON *item;
    double sum = 0;
    cJSON_ArrayForEach(item, list)
        sum += item->valuedouble;
    return sum;
}

static int n_examples(const record_target *t)
{
    int n = t->n_top;
    for (int i = 0; i < t->n_intervals; i++)
        n += t->intervals[i].n_contexts;
    return n;
}

static int n_listed(const record_target *t, const char *list)
{
    int n = 0;
    for (int i = 0; i < t->effects.n_tokens; i++)
        n += !strcmp(t->effects.tokens[i].list, list);
    return n;
}

static void check_example(const cJSON *x, const record_context *c)
{
    const cJSON *values = json_member(x, "values");
    assert_int_equal(cJSON_GetArraySize(values), c->n_tokens);
    for (int i = 0; i < c->n_tokens; i++)
        assert_close(cJSON_GetArrayItem(values, i)->valuedouble, c->activations[i], 5.1e-6);
    assert_int_equal(number(x, "qualifying_token_index"), c->peak);
}

/* The first contexts have it, as make_attention() says. */
static void check_attention(const cJSON *x, const record_effects *effects, int i)
{
    assert_int_equal(json_member(x, "dfa_values") != NULL, i < effects->n_attention);
    if (i >= effects->n_attention)
        return;
    const cJSON *values = json_member(x, "dfa_values");
    int peak = (int)number(x, "qualifying_token_index");
    assert_int_equal(number(x, "dfa_targetIndex"), peak);
    assert_close(number(x, "dfa_maxValue"), 2 * (i + 1), 0);
    assert_close(cJSON_GetArrayItem(values, peak - 1)->valuedouble, 2 * (i + 1), 0);
    assert_close(values->child->valuedouble, -0.25 * (i + 1), 0);
}

static void check_groups(const cJSON *activations, const record *r, const record_target *t)
{
    const cJSON *x = activations->child;
    for (int i = 0; i < t->n_top; i++, x = x->next) {
        check_example(x, &t->top[i]);
        check_attention(x, &t->effects, i);
        assert_close(number(x, "bin_min"), -1, 0);
        assert_close(number(x, "bin_max"), record_find_feature(r, t->id)->max, 0);
        assert_close(number(x, "bin_contains"), -1, 0);
    }
    for (int i = t->n_intervals - 1; i >= 0; i--)
        for (int k = 0; k < t->intervals[i].n_contexts; k++, x = x->next) {
            const record_value_group *g = &t->intervals[i];
            check_example(x, &g->contexts[k]);
            assert_close(number(x, "bin_min"), g->low, 0);
            assert_close(number(x, "bin_max"), g->high, 0);
            double share = (double)g->n_tokens / (double)r->run.data.n_tokens;
            assert_close(number(x, "bin_contains"), share, 1e-5 * share);
        }
    assert_null(x);
}

static void numbers_are_the_records(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(REPORTS); i++) {
        arena a = {0};
        record r = read_report(&a, REPORTS[i]);
        cJSON *batch = read_batch(REPORTS[i]);
        const cJSON *feature = json_member(batch, "features")->child;
        int tables = 0;
        for (int t = 0; t < r.n_targets; t++, feature = feature->next) {
            const record_target *target = &r.targets[t];
            assert_int_equal(number(feature, "feature_index"), target->id);
            assert_close(number(feature, "frac_nonzero"),
                         record_find_feature(&r, target->id)->density, 0);
            double counted = 0;
            for (int k = 0; k < target->histogram.n_counts; k++)
                counted += target->histogram.counts[k];
            assert_close(sum_of(json_member(feature, "freq_hist_data_bar_heights")), counted, 0);
            tables += n_listed(target, "raises") > 0;
            assert_int_equal(cJSON_GetArraySize(json_member(feature, "pos_str")),
                             n_listed(target, "raises"));
            assert_int_equal(cJSON_GetArraySize(json_member(feature, "neg_str")),
                             n_listed(target, "lowers"));
            const cJSON *activations = json_member(feature, "activations");
            assert_int_equal(cJSON_GetArraySize(activations), n_examples(target));
            check_groups(activations, &r, target);
        }
        assert_null(feature);
        assert_true(tables > 0);
        cJSON_Delete(batch);
        arena_release(&a);
    }
}

static void every_other_feature_is_skipped(void **state)
{
    (void)state;
    arena a = {0};
    record r = read_report(&a, "usual");
    cJSON_Delete(read_batch("usual"));
    cJSON *skipped = read_json("sd-usual", "skipped_indexes.json");
    CHECK_OBJECT(skipped, SKIPPED, "skipped_indexes.json");
    const cJSON *list = json_member(skipped, "skipped_indexes"), *item;
    assert_int_equal(cJSON_GetArraySize(list) + r.n_targets, r.n_features);
    cJSON_ArrayForEach(item, list)
        for (int i = 0; i < r.n_targets; i++)
            assert_true((int)item->valuedouble != r.targets[i].id);
    cJSON_Delete(skipped);
    cJSON *settings = read_json("sd-usual", "run_settings.json");
    assert_int_equal(number(settings, "n_prompts_total"), r.run.data.n_prompts);
    assert_int_equal(number(settings, "top_acts_group_size"), r.targets[0].n_top);
    assert_true(cJSON_IsTrue(json_member(settings, "use_dfa")));
    cJSON_Delete(settings);
    arena_release(&a);
}

static void many_features_make_several_batches(void **state)
{
    (void)state;
    enum { MANY = 130, BATCH_SIZE = 128 };
    arena a = {0};
    err e = {0};
    record r = read_report(&a, "usual");
    record_target *all = arena_push(&a, MANY, sizeof *all);
    for (int i = 0; i < MANY; i++) {
        all[i] = r.targets[i % r.n_targets];
        all[i].id = 3 * i;
    }
    r.targets = all;
    r.n_targets = MANY;
    if (record_write(in_scratch(&a, "many"), &r, &e))
        fail_msg("%s", e.text);
    export_to("many", "sd-many", EXPORT_SAEDASHBOARD);
    cJSON *first = read_json("sd-many", "batch-0.json"),
          *last = read_json("sd-many", "batch-1.json");
    assert_int_equal(cJSON_GetArraySize(json_member(first, "features")), BATCH_SIZE);
    assert_int_equal(cJSON_GetArraySize(json_member(last, "features")), MANY - BATCH_SIZE);
    assert_int_equal(number(json_member(last, "features")->child, "feature_index"), 3 * BATCH_SIZE);
    assert_false(io_exists(path_join(&a, in_scratch(&a, "sd-many"), "batch-2.json")));
    cJSON_Delete(first);
    cJSON_Delete(last);
    arena_release(&a);
}

static void a_second_export_has_the_same_bytes(void **state)
{
    (void)state;
    export_to("hostile", "sd-one", EXPORT_SAEDASHBOARD);
    export_to("hostile", "sd-two", EXPORT_SAEDASHBOARD);
    assert_same_files("sd-one", "sd-two");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_is_there_with_its_type),
        cmocka_unit_test(numbers_are_the_records),
        cmocka_unit_test(every_other_feature_is_skipped),
        cmocka_unit_test(many_features_make_several_batches),
        cmocka_unit_test(a_second_export_has_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, make_reports, remove_reports);
}
