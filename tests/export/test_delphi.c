/* delphi's files: lists of windows with the keys that its result_analysis.py reads, and the
 * balanced accuracies that follow from them. */
#include "base/io.h"
#include "base/memory.h"
#include "export/common_report.h"
#include "test.h"
#include <math.h>
#include <string.h>

static const schema_key WINDOW[] = {
    {"str_tokens", "[s]", NULL}, {"activations", "[n]", "str_tokens"}, {"distance", "i", NULL},
    {"activating", "b", NULL},   {"prediction", "b0", NULL},           {"probability", "n0", NULL},
    {"correct", "b0", NULL}};
static const char HOOK[] = "blocks.2.hook_resid_post";
static const char *const REPORTS[] = {"usual", "hostile"};

/* A latent's file of that folder; NULL when it is not there. */
static cJSON *read_latent(const char *report, const char *folder, int id)
{
    arena a = {0};
    const char *out = arena_printf(&a, "delphi-%s", report);
    if (!io_exists(in_scratch(&a, out)))
        export_to(report, out, EXPORT_DELPHI);
    const char *file = arena_printf(&a, "%s/%s_latent%d.txt", folder, HOOK, id);
    cJSON *tree = io_exists(path_join(&a, in_scratch(&a, out), file)) ? read_json(out, file) : NULL;
    arena_release(&a);
    return tree;
}

static bool is_true(const cJSON *window, const char *key)
{
    return cJSON_IsTrue(json_member(window, key));
}

static void check_window(const cJSON *row, const record_window *w, bool answer)
{
    CHECK_OBJECT(row, WINDOW, "window");
    bool active = w->tenth > 0;
    assert_int_equal(is_true(row, "activating"), active);
    assert_int_equal(is_true(row, "prediction"), answer);
    assert_int_equal(is_true(row, "correct"), active == answer);
    assert_int_equal(json_member(row, "distance")->valuedouble, active ? 10 - w->tenth : -1);
    const cJSON *values = json_member(row, "activations");
    assert_int_equal(cJSON_GetArraySize(values), w->n_tokens);
    for (int i = 0; i < w->n_tokens; i++)
        assert_close(cJSON_GetArrayItem(values, i)->valuedouble, w->activations[i], 0);
}

static void windows_are_the_records(void **state)
{
    (void)state;
    int seen = 0;
    for (size_t i = 0; i < COUNT_OF(REPORTS); i++) {
        arena a = {0};
        record r = read_report(&a, REPORTS[i]);
        for (int t = 0; t < r.n_targets; t++) {
            const record_rule *rule = &r.targets[t].rule;
            cJSON *detection = read_latent(REPORTS[i], "scores/detection", r.targets[t].id);
            cJSON *fuzz = read_latent(REPORTS[i], "scores/fuzz", r.targets[t].id);
            assert_int_equal(detection != NULL, rule->n_windows > 0);
            assert_int_equal(cJSON_GetArraySize(detection), rule->n_windows);
            assert_int_equal(cJSON_GetArraySize(fuzz), rule->n_windows);
            for (int k = 0; k < rule->n_windows; k++, seen++) {
                check_window(cJSON_GetArrayItem(detection, k), &rule->windows[k],
                             rule->windows[k].detected);
                check_window(cJSON_GetArrayItem(fuzz, k), &rule->windows[k],
                             rule->windows[k].marks_fit);
            }
            cJSON_Delete(detection);
            cJSON_Delete(fuzz);
        }
        arena_release(&a);
    }
    assert_true(seen > 100);
}

static void a_sentence_is_one_string(void **state)
{
    (void)state;
    arena a = {0};
    record r = read_report(&a, "hostile");
    int seen = 0;
    for (int t = 0; t < r.n_targets; t++) {
        const record_target *x = &r.targets[t];
        cJSON *said = read_latent("hostile", "explanations", x->id);
        bool explained = record_has_rule_score(x) && strcmp(x->rule.kind, "unexplained") != 0;
        assert_int_equal(said != NULL, explained);
        assert_true(!said || cJSON_IsString(said));
        seen += explained;
        cJSON_Delete(said);
    }
    assert_true(seen > 0);
    arena_release(&a);
}

static void the_configuration_names_the_hook(void **state)
{
    (void)state;
    cJSON_Delete(read_latent("usual", "explanations", 0));
    cJSON *config = read_json("delphi-usual", "run_config.json");
    const cJSON *hooks = json_member(config, "hookpoints");
    assert_int_equal(cJSON_GetArraySize(hooks), 1);
    assert_string_equal(hooks->child->valuestring, HOOK);
    assert_true(
        cJSON_IsNumber(json_member(json_member(config, "constructor_cfg"), "min_examples")));
    cJSON_Delete(config);
}

static void a_hook_is_no_path(void **state)
{
    (void)state;
    static const struct {
        const char *hook, *name;
    } cases[] = {{"../../a/b", "hook"}, {"model/layers.2", "model-layers.2"}, {"", "hook"}};
    arena a = {0};
    err e = {0};
    record r = read_report(&a, "usual");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *report = arena_printf(&a, "path%zu", i), *out = arena_printf(&a, "out%zu", i);
        r.run.sae.hook = cases[i].hook;
        assert_int_equal(record_write(in_scratch(&a, report), &r, &e), OK);
        export_to(report, out, EXPORT_DELPHI);
        const char *file =
            arena_printf(&a, "%s/scores/fuzz/%s_latent%d.txt", out, cases[i].name, r.targets[0].id);
        assert_true(io_exists(in_scratch(&a, file)));
    }
    arena_release(&a);
}

static void a_second_export_has_the_same_bytes(void **state)
{
    (void)state;
    export_to("hostile", "delphi-one", EXPORT_DELPHI);
    export_to("hostile", "delphi-two", EXPORT_DELPHI);
    assert_same_files("delphi-one", "delphi-two");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(windows_are_the_records),
        cmocka_unit_test(a_sentence_is_one_string),
        cmocka_unit_test(the_configuration_names_the_hook),
        cmocka_unit_test(a_hook_is_no_path),
        cmocka_unit_test(a_second_export_has_the_same_bytes),
    };
    return cmocka_run_group_tests(tests, make_reports, remove_reports);
}
