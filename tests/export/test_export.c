/* What all formats share: text of any bytes, names, the cosine of activations, the folder. */
#include "base/io.h"
#include "base/memory.h"
#include "export/common_report.h"
#include "export/fields.h"
#include "export/names.h"
#include "export/statistics.h"
#include "test.h"
#include <math.h>
#include <string.h>

static void bytes_are_spelled_where_they_are_no_text(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        const char *want;
    } cases[] = {
        {" bread", 6, " bread"},
        {"caf\xc3\xa9", 5, "caf\u00e9"},   /* a whole character */
        {" \xe2\x80", 3, " \u00e2\u0122"}, /* the beginning of one */
        {"\x94", 1, "\u0136"},             /* and its end */
        {"\xa1\xff", 2, "\u00a1\u00ff"},   /* bytes that stand for themselves */
        {"a\0b", 3,
         "a\u0100"
         "b"},                                     /* NUL would cut the text */
        {"\n\t\"\\", 4, "\n\t\"\\"},               /* JSON's affair */
        {"\xed\xa0\x80", 3, "\u00ed\u0142\u0122"}, /* half of a surrogate pair */
        {"", 0, ""},
    };
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        export_add_text(list, NULL, cases[i].bytes, cases[i].n);
        assert_string_equal(cJSON_GetArrayItem(list, (int)i)->valuestring, cases[i].want);
    }
    cJSON_Delete(list);
}

static void numbers_keep_five_decimals(void **state)
{
    (void)state;
    assert_close(export_round(0.123456), 0.12346, 1e-15);
    assert_close(export_round(-0.000004), 0, 0);
    assert_close(export_round(24.7844), 24.7844, 1e-12);
    assert_true(isnan(export_round((double)NAN)));
}

/* Over four tokens (1, 0, 3, 0) and (2, 1, 0, 0): their product is 2, their lengths sqrt(10) and
 * sqrt(5). */
static void cosine_comes_from_the_moments(void **state)
{
    (void)state;
    record_feature one = {.density = 0.5, .mean = 1, .mean_active = 2, .variance = 1};
    record_feature other = {.density = 0.5, .mean = 0.75, .mean_active = 1.5, .variance = 0.25};
    double pearson = -0.25 / sqrt(1.5 * 0.6875);
    assert_close(export_activation_cosine(&one, &other, pearson), 2 / sqrt(50), 1e-12);
    record_feature dead = {.mean_active = (double)NAN, .variance = (double)NAN};
    assert_true(isnan(export_activation_cosine(&one, &dead, (double)NAN)));
}

static void names_come_from_sources(void **state)
{
    (void)state;
    static const struct {
        const char *model, *sae, *want_model, *want_set;
    } cases[] = {
        {"built-in model", "built-in SAE", "built-in-model", "built-in-sae"},
        {"EleutherAI/pythia-70m-deduped", "gpt2-small-res-jb/blocks.8.hook_resid_pre",
         "pythia-70m-deduped", "gpt2-small-res-jb"},
        {"../models/GPT2 (mine)/", "org/repo/layer_3", "gpt2-mine", "repo"},
        {"a/..", "__x__y/z", "model", "x_y"}, /* no hidden folder, no suffix */
        {"", "<b>/\xff", "model", "b"},
        {NULL, NULL, "model", "sae"},
    };
    arena a = {0};
    err e = {0};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        export_names names;
        record r = {
            .run = {.model.source = cases[i].model, .sae = {.source = cases[i].sae, .layer = 7}}};
        assert_int_equal(export_names_make(&names, &r, NULL, &(export_options){0}, &a, &e), OK);
        assert_string_equal(names.model, cases[i].want_model);
        assert_string_equal(names.set, cases[i].want_set);
        assert_string_equal(names.source, arena_printf(&a, "7-%s", cases[i].want_set));
    }
    arena_release(&a);
}

static void names_with_other_characters_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "a/b", "..", ".hidden", "a b", "\xc3\xa9", "x\n"};
    arena a = {0};
    record r = {0};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        err e = {0};
        export_names names;
        assert_int_equal(
            export_names_make(&names, &r, NULL, &(export_options){.model = bad[i]}, &a, &e),
            E_USAGE);
        assert_non_null(strstr(e.text, "--model"));
        assert_int_equal(
            export_names_make(&names, &r, NULL, &(export_options){.set = bad[i]}, &a, &e), E_USAGE);
        assert_non_null(strstr(e.text, "--set"));
    }
    arena_release(&a);
}

static err_code try_export(const char *name, const char *out, bool force, err *e)
{
    arena a = {0};
    str summary = {0};
    export_options o = {.format = EXPORT_SAEDASHBOARD, .force = force};
    err_code rc = export_report(&summary, in_scratch(&a, name), in_scratch(&a, out), &o, e);
    assert_false(io_exists(arena_printf(&a, "%s.unfinished", in_scratch(&a, out))));
    str_release(&summary);
    arena_release(&a);
    return rc;
}

static void a_folder_is_only_replaced_when_asked(void **state)
{
    (void)state;
    arena a = {0};
    err e = {0};
    assert_int_equal(try_export("usual", "place", false, &e), OK);
    assert_int_equal(try_export("usual", "place/", false, &e), E_USAGE);
    assert_non_null(strstr(e.text, "--force"));
    assert_int_equal(try_export("hostile", "place", true, &e), OK);
    assert_int_equal(try_export("usual", "hostile", true, &e), E_USAGE); /* a report */
    assert_non_null(strstr(e.text, "not an export"));
    assert_true(io_exists(path_join(&a, in_scratch(&a, "hostile"), "run.json")));
    arena_release(&a);
}

static void what_cannot_be_exported_leaves_nothing(void **state)
{
    (void)state;
    arena a = {0};
    err e = {0};
    assert_int_equal(try_export("empty", "nothing", false, &e), E_DATA);
    assert_non_null(strstr(e.text, "empty"));
    assert_int_equal(try_export("nowhere", "nothing", false, &e), E_IO);
    assert_non_null(strstr(e.text, "run.json"));
    record r = read_report(&a, "usual");
    r.targets[1].top[0].activations[2] = (double)NAN;
    assert_int_equal(record_write(in_scratch(&a, "nan"), &r, &e), OK);
    assert_int_equal(try_export("nan", "nothing", false, &e), E_NUMERIC);
    assert_non_null(strstr(e.text, "top[2]"));
    assert_false(io_exists(in_scratch(&a, "nothing")));
    arena_release(&a);
}

static void the_readme_is_text(void **state)
{
    (void)state;
    arena a = {0};
    err e = {0};
    str text = {0};
    assert_int_equal(try_export("hostile", "readme", false, &e), OK);
    assert_int_equal(
        io_read(&text, path_join(&a, in_scratch(&a, "readme"), "README.md"), 1 << 20, &e), OK);
    assert_true(utf8_valid(text.data, text.len));
    for (size_t i = 0; i < text.len; i++)
        assert_true((unsigned char)text.data[i] >= ' ' || text.data[i] == '\n');
    str_release(&text);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_spelled_where_they_are_no_text),
        cmocka_unit_test(numbers_keep_five_decimals),
        cmocka_unit_test(cosine_comes_from_the_moments),
        cmocka_unit_test(names_come_from_sources),
        cmocka_unit_test(names_with_other_characters_are_refused),
        cmocka_unit_test(a_folder_is_only_replaced_when_asked),
        cmocka_unit_test(what_cannot_be_exported_leaves_nothing),
        cmocka_unit_test(the_readme_is_text),
    };
    return cmocka_run_group_tests(tests, make_reports, remove_reports);
}
