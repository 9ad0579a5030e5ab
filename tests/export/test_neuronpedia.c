/* Neuronpedia's rows: the columns of its tables, of the types that they have, and the numbers of
 * the record. */
#include "base/io.h"
#include "base/memory.h"
#include "export/common_report.h"
#include "export/explanations.h"
#include "test.h"
#include <string.h>

#define PLACE                                                                                      \
    {"modelId", "s", NULL}, {"layer", "s", NULL},                                                  \
    {                                                                                              \
        "index", "s", NULL                                                                         \
    }
static const schema_key FEATURE[] = {
    PLACE,
    {"creatorId", "s0", NULL},
    {"createdAt", "s", NULL},
    {"maxActApprox", "n", NULL},
    {"hasVector", "b", NULL},
    {"vector", "[n]", NULL},
    {"vectorLabel", "s0", NULL},
    {"vectorDefaultSteerStrength", "n0", NULL},
    {"hookName", "s", NULL},
    {"topkCosSimIndices", "[i]", NULL},
    {"topkCosSimValues", "[r]", "topkCosSimIndices"},
    {"neuron_alignment_indices", "[i]", NULL},
    {"neuron_alignment_values", "[r]", "neuron_alignment_indices"},
    {"neuron_alignment_l1", "[r]", "neuron_alignment_indices"},
    {"correlated_neurons_indices", "[i]", NULL},
    {"correlated_neurons_pearson", "[r]", NULL},
    {"correlated_neurons_l1", "[r]", NULL},
    {"correlated_features_indices", "[i]", NULL},
    {"correlated_features_pearson", "[r]", "correlated_features_indices"},
    {"correlated_features_l1", "[r]", "correlated_features_indices"},
    {"neg_str", "[s]", NULL},
    {"neg_values", "[r]", "neg_str"},
    {"pos_str", "[s]", NULL},
    {"pos_values", "[r]", "pos_str"},
    {"frac_nonzero", "n", NULL},
    {"freq_hist_data_bar_heights", "[r]", NULL},
    {"freq_hist_data_bar_values", "[r]", "freq_hist_data_bar_heights"},
    {"logits_hist_data_bar_heights", "[r]", NULL},
    {"logits_hist_data_bar_values", "[r]", "logits_hist_data_bar_heights"},
    {"decoder_weights_dist", "[n]", NULL},
    {"sourceSetName", "s", NULL}};
static const schema_key ACTIVATION[] = {{"id", "s", NULL},
                                        PLACE,
                                        {"tokens", "[s]", NULL},
                                        {"maxValue", "r", NULL},
                                        {"maxValueTokenIndex", "i", NULL},
                                        {"minValue", "r", NULL},
                                        {"values", "[r]", "tokens"},
                                        {"creatorId", "s0", NULL},
                                        {"dataSource", "s", NULL},
                                        {"dataIndex", "s", NULL},
                                        {"dfaValues", "[r]", NULL},
                                        {"dfaTargetIndex", "i0", NULL},
                                        {"dfaMaxValue", "n0", NULL},
                                        {"createdAt", "s", NULL},
                                        {"lossValues", "[n]", NULL},
                                        {"logitContributions", "s0", NULL},
                                        {"binMin", "n", NULL},
                                        {"binMax", "n", NULL},
                                        {"binContains", "n", NULL},
                                        {"qualifyingTokenIndex", "i", NULL},
                                        {"zIndices", "0", NULL},
                                        {"zValues", "[n]0", NULL}};
static const schema_key EXPLANATION[] = {
    {"id", "s", NULL},           PLACE,
    {"description", "s", NULL},  {"authorId", "s0", NULL},
    {"embedding", "[n]0", NULL}, {"triggeredById", "s0", NULL},
    {"typeName", "s", NULL},     {"explanationModelName", "s0", NULL},
    {"notes", "s", NULL},        {"createdAt", "s", NULL}};
static const schema_key RELEASE[] = {{"name", "s", NULL},
                                     {"description", "s", NULL},
                                     {"creatorName", "s", NULL},
                                     {"creatorId", "s0", NULL},
                                     {"visibility", "s", NULL},
                                     {"isNewUi", "b", NULL},
                                     {"featured", "b", NULL},
                                     {"descriptionShort", "s0", NULL},
                                     {"urls", "[s]", NULL},
                                     {"creatorEmail", "s0", NULL},
                                     {"creatorNameShort", "s0", NULL},
                                     {"defaultSourceSetName", "s0", NULL},
                                     {"defaultSourceId", "s0", NULL},
                                     {"defaultUmapSourceIds", "[s]", NULL},
                                     {"createdAt", "s", NULL}};
static const schema_key MODEL[] = {{"id", "s", NULL},
                                   {"instruct", "b", NULL},
                                   {"creatorId", "s0", NULL},
                                   {"displayNameShort", "s", NULL},
                                   {"displayName", "s", NULL},
                                   {"tlensId", "s0", NULL},
                                   {"dimension", "i", NULL},
                                   {"visibility", "s", NULL},
                                   {"defaultSourceSetName", "s0", NULL},
                                   {"defaultSourceId", "s0", NULL},
                                   {"inferenceEnabled", "b", NULL},
                                   {"layers", "i", NULL},
                                   {"neuronsPerLayer", "i", NULL},
                                   {"createdAt", "s", NULL},
                                   {"owner", "s", NULL},
                                   {"updatedAt", "s", NULL},
                                   {"website", "s0", NULL}};
static const schema_key SOURCESET[] = {{"modelId", "s", NULL},
                                       {"name", "s", NULL},
                                       {"creatorId", "s0", NULL},
                                       {"hasDashboards", "b", NULL},
                                       {"visibility", "s", NULL},
                                       {"description", "s", NULL},
                                       {"type", "s", NULL},
                                       {"creatorName", "s", NULL},
                                       {"urls", "[s]", NULL},
                                       {"creatorEmail", "s0", NULL},
                                       {"releaseName", "s", NULL},
                                       {"defaultOfModelId", "s0", NULL},
                                       {"defaultRange", "i", NULL},
                                       {"defaultShowBreaks", "b", NULL},
                                       {"showDfa", "b", NULL},
                                       {"showCorrelated", "b", NULL},
                                       {"showHeadAttribution", "b", NULL},
                                       {"showUmap", "b", NULL},
                                       {"createdAt", "s", NULL}};
static const schema_key SOURCE[] = {{"id", "s", NULL},
                                    {"modelId", "s", NULL},
                                    {"setName", "s", NULL},
                                    {"creatorId", "s0", NULL},
                                    {"hasDashboards", "b", NULL},
                                    {"inferenceEnabled", "b", NULL},
                                    {"inferenceHosts", "[s]", NULL},
                                    {"saelensConfig", "0", NULL},
                                    {"saelensRelease", "s0", NULL},
                                    {"saelensSaeId", "s0", NULL},
                                    {"hfRepoId", "s0", NULL},
                                    {"hfFolderId", "s0", NULL},
                                    {"visibility", "s", NULL},
                                    {"defaultOfModelId", "s0", NULL},
                                    {"hasUmap", "b", NULL},
                                    {"hasUmapLogSparsity", "b", NULL},
                                    {"hasUmapClusters", "b", NULL},
                                    {"num_prompts", "i", NULL},
                                    {"num_tokens_in_prompt", "i", NULL},
                                    {"dataset", "s", NULL},
                                    {"notes", "s", NULL},
                                    {"createdAt", "s", NULL}};

static const char *const REPORTS[] = {"usual", "hostile"};

/* The rows of a file as one list; caller's. */
static cJSON *read_rows(const char *report, const char *file)
{
    arena a = {0};
    err e = {0};
    str text = {0};
    const char *out = arena_printf(&a, "np-%s", report);
    if (!io_exists(in_scratch(&a, out)))
        export_to(report, out, EXPORT_NEURONPEDIA);
    const char *path = path_join(&a, in_scratch(&a, out),
                                 arena_printf(&a, "built-in-world-model/2-built-in-sae/%s", file));
    if (io_read_maybe_gzip(&text, path, 1 << 26, &e))
        fail_msg("%s", e.text);
    cJSON *rows = cJSON_CreateArray();
    for (const char *line = str_text(&text); *line;) {
        const char *end = strchr(line, '\n');
        assert_non_null(end); /* every line ends */
        cJSON *row;
        if (json_parse(&row, line, (size_t)(end - line), path, &e))
            fail_msg("%s", e.text);
        cJSON_AddItemToArray(rows, row);
        line = end + 1;
    }
    str_release(&text);
    arena_release(&a);
    return rows;
}

static void every_column_is_there_with_its_type(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        const schema_key *keys;
        size_t n;
        bool one;
    } files[] = {
        {"release.jsonl", RELEASE, COUNT_OF(RELEASE), true},
        {"model.jsonl", MODEL, COUNT_OF(MODEL), true},
        {"sourceset.jsonl", SOURCESET, COUNT_OF(SOURCESET), true},
        {"source.jsonl", SOURCE, COUNT_OF(SOURCE), true},
        {"features/batch-0.jsonl.gz", FEATURE, COUNT_OF(FEATURE), false},
        {"activations/batch-0.jsonl.gz", ACTIVATION, COUNT_OF(ACTIVATION), false},
        {"explanations/batch-0.jsonl.gz", EXPLANATION, COUNT_OF(EXPLANATION), false},
    };
    for (size_t i = 0; i < COUNT_OF(REPORTS); i++)
        for (size_t k = 0; k < COUNT_OF(files); k++) {
            cJSON *rows = read_rows(REPORTS[i], files[k].file);
            const cJSON *row;
            assert_true(cJSON_GetArraySize(rows) >= 1);
            assert_true(!files[k].one || cJSON_GetArraySize(rows) == 1);
            cJSON_ArrayForEach(row, rows)
                check_object(row, files[k].keys, files[k].n, files[k].file);
            cJSON_Delete(rows);
        }
}

static const char *text(const cJSON *row, const char *key)
{
    return json_member(row, key)->valuestring;
}

static double number(const cJSON *row, const char *key)
{
    return json_member(row, key)->valuedouble;
}

static void the_rows_name_each_other(void **state)
{
    (void)state;
    cJSON *model = read_rows("usual", "model.jsonl"), *source = read_rows("usual", "source.jsonl");
    cJSON *set = read_rows("usual", "sourceset.jsonl");
    cJSON *release = read_rows("usual", "release.jsonl");
    cJSON *features = read_rows("usual", "features/batch-0.jsonl.gz");
    const cJSON *feature;
    assert_string_equal(text(source->child, "modelId"), text(model->child, "id"));
    assert_string_equal(text(set->child, "modelId"), text(model->child, "id"));
    assert_string_equal(text(source->child, "setName"), text(set->child, "name"));
    assert_string_equal(text(set->child, "releaseName"), text(release->child, "name"));
    cJSON_ArrayForEach(feature, features) {
        assert_string_equal(text(feature, "modelId"), text(model->child, "id"));
        assert_string_equal(text(feature, "layer"), text(source->child, "id"));
        assert_string_equal(text(feature, "sourceSetName"), text(set->child, "name"));
    }
    cJSON *all[] = {model, source, set, release, features};
    for (size_t i = 0; i < COUNT_OF(all); i++)
        cJSON_Delete(all[i]);
}

static void features_are_the_records(void **state)
{
    (void)state;
    arena a = {0};
    record r = read_report(&a, "hostile");
    cJSON *rows = read_rows("hostile", "features/batch-0.jsonl.gz");
    assert_int_equal(cJSON_GetArraySize(rows), r.n_targets);
    for (int i = 0; i < r.n_targets; i++) {
        const cJSON *row = cJSON_GetArrayItem(rows, i);
        const record_feature *f = record_find_feature(&r, r.targets[i].id);
        assert_string_equal(text(row, "index"), arena_printf(&a, "%d", f->id));
        assert_close(number(row, "maxActApprox"), f->max, 0);
        assert_close(number(row, "frac_nonzero"), f->density, 0);
        int n = 0;
        for (int k = 0; k < r.targets[i].effects.n_relatives; k++)
            n += !strcmp(r.targets[i].effects.relatives[k].by, "decoder");
        assert_int_equal(cJSON_GetArraySize(json_member(row, "topkCosSimIndices")), n);
    }
    cJSON_Delete(rows);
    arena_release(&a);
}

static void maxima_are_of_the_values_and_ids_differ(void **state)
{
    (void)state;
    cJSON *rows = read_rows("hostile", "activations/batch-0.jsonl.gz");
    const cJSON *row, *other;
    cJSON_ArrayForEach(row, rows) {
        const cJSON *values = json_member(row, "values"), *value;
        double most = number(row, "maxValue"), least = number(row, "minValue");
        cJSON_ArrayForEach(value, values)
            assert_true(value->valuedouble <= most && value->valuedouble >= least);
        int at = (int)number(row, "maxValueTokenIndex");
        assert_close(cJSON_GetArrayItem(values, at)->valuedouble, most, 0);
        assert_int_equal(strlen(text(row, "id")), 25);
        for (other = rows->child; other != row; other = other->next)
            assert_string_not_equal(text(row, "id"), text(other, "id"));
    }
    cJSON_Delete(rows);
}

/* Direct feature attribution: of the strongest contexts, and not of others. */
static void attention_is_the_records(void **state)
{
    (void)state;
    arena a = {0};
    record r = read_report(&a, "usual");
    cJSON *rows = read_rows("usual", "activations/batch-0.jsonl.gz"),
          *set = read_rows("usual", "sourceset.jsonl");
    const cJSON *row = rows->child;
    assert_true(cJSON_IsTrue(json_member(set->child, "showDfa")));
    for (int i = 0; i < r.n_targets; i++) {
        const char *index = arena_printf(&a, "%d", r.targets[i].id);
        const record_effects *x = &r.targets[i].effects;
        for (int k = 0; row && !strcmp(text(row, "index"), index); k++, row = row->next) {
            const cJSON *values = json_member(row, "dfaValues");
            assert_int_equal(cJSON_GetArraySize(values),
                             k < x->n_attention ? x->attention[k].n_parts : 0);
            if (k >= x->n_attention) {
                assert_true(cJSON_IsNull(json_member(row, "dfaTargetIndex")));
                continue;
            }
            int peak = r.targets[i].top[k].peak;
            assert_int_equal(number(row, "dfaTargetIndex"), peak);
            assert_close(number(row, "dfaMaxValue"), 2 * (k + 1), 0); /* make_attention() */
            assert_close(cJSON_GetArrayItem(values, peak)->valuedouble, 0.5 * (k + 1), 0);
        }
    }
    assert_null(row);
    cJSON_Delete(rows);
    cJSON_Delete(set);
    arena_release(&a);
}

static void what_explains_nothing_is_no_explanation(void **state)
{
    (void)state;
    arena a = {0};
    record r = read_report(&a, "usual");
    cJSON *rows = read_rows("usual", "explanations/batch-0.jsonl.gz");
    for (int i = 0; i < r.n_targets; i++) {
        const record_target *t = &r.targets[i];
        const char *index = arena_printf(&a, "%d", t->id);
        bool explained = record_has_rule_score(t) && strcmp(t->rule.kind, "unexplained") != 0;
        const cJSON *row, *rule = NULL;
        int n = 0;
        cJSON_ArrayForEach(row, rows) {
            if (strcmp(text(row, "index"), index))
                continue;
            n++;
            if (!strcmp(text(row, "typeName"), "rule-v1"))
                rule = row;
        }
        assert_int_equal(n, t->n_explanations + explained);
        assert_int_equal(rule != NULL, explained);
        if (rule)
            assert_non_null(strstr(text(rule, "notes"), "F1 "));
    }
    cJSON_Delete(rows);
    arena_release(&a);
}

static void a_refused_answer_is_no_explanation(void **state)
{
    (void)state;
    arena a = {0};
    record_explanation said[] = {
        {.method = "language model", .text = {"(no sentence: the answer was empty)", 35}},
        {.method = "language model", .text = {"Fires on\nbread", 14}}};
    record_config config[] = {{.group = "explainer", .key = "model", .value = "small-model"}};
    record r = {.run = {.config = config, .n_config = 1}};
    record_target t = {.explanations = said, .n_explanations = 2};
    int n;
    const export_explanation *list = export_explanations(&n, &r, &t, &a);
    assert_int_equal(n, 1);
    assert_string_equal(list[0].type, "language-model-v1");
    assert_string_equal(list[0].model, "small-model");
    assert_string_equal(list[0].text, "Fires on\u21B5bread");
    arena_release(&a);
}

static void without_a_time_none_is_made_up(void **state)
{
    (void)state;
    arena a = {0};
    err e = {0};
    record r = read_report(&a, "usual");
    assert_int_equal(record_write(in_scratch(&a, "timeless"), &r, &e), OK);
    cJSON *rows = read_rows("timeless", "features/batch-0.jsonl.gz");
    assert_null(json_member(rows->child, "createdAt"));
    cJSON_Delete(rows);
    arena_release(&a);
}

static void a_second_export_has_the_same_bytes(void **state)
{
    (void)state;
    export_to("hostile", "np-one", EXPORT_NEURONPEDIA);
    export_to("hostile", "np-two", EXPORT_NEURONPEDIA);
    assert_same_files("np-one", "np-two");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_column_is_there_with_its_type),
        cmocka_unit_test(the_rows_name_each_other),
        cmocka_unit_test(features_are_the_records),
        cmocka_unit_test(maxima_are_of_the_values_and_ids_differ),
        cmocka_unit_test(attention_is_the_records),
        cmocka_unit_test(what_explains_nothing_is_no_explanation),
        cmocka_unit_test(a_refused_answer_is_no_explanation),
        cmocka_unit_test(without_a_time_none_is_made_up),
        cmocka_unit_test(a_second_export_has_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, make_reports, remove_reports);
}
