/* The configuration: what each key takes, what it refuses, and that what is printed reads back. */
#include "test.h"

#include "base/common.h"
#include "base/memory.h"
#include "pipeline/config.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const config_key *key_named(const char *name)
{
    const config_key *key = run_config_find(name);
    if (!key)
        fail_msg("no key \"%s\"", name);
    return key;
}

static const void *value_of(const run_config *c, const config_key *key)
{
    return (const char *)c + key->offset;
}

static bool same_value(const run_config *a, const run_config *b, const config_key *key)
{
    const void *x = value_of(a, key), *y = value_of(b, key);
    switch (key->type) {
    case CONFIG_INT:
        return *(const int *)x == *(const int *)y;
    case CONFIG_INT64:
        return *(const int64_t *)x == *(const int64_t *)y;
    case CONFIG_DOUBLE:
        return *(const double *)x == *(const double *)y;
    case CONFIG_BOOL:
        return *(const bool *)x == *(const bool *)y;
    case CONFIG_STRING:
        return !strcmp(x, y);
    }
    return false;
}

static void check_same(const run_config *got, const run_config *want)
{
    int n;
    const config_key *keys = run_config_keys(&n);
    for (int i = 0; i < n; i++)
        if (!same_value(got, want, &keys[i]))
            fail_msg("%s is not the same", keys[i].name);
}

/* Reads `text` as a config file over *c. */
static err_code read_text(run_config *c, const char *text, err *e)
{
    const char *path = scratch("config.json");
    put_file(path, text, strlen(text));
    *e = (err){0};
    return run_config_read(c, path, e);
}

static void keys_are_described_and_apart(void **state)
{
    (void)state;
    static unsigned char covered[sizeof(run_config)];
    static const size_t sizes[] = {[CONFIG_INT] = sizeof(int),
                                   [CONFIG_INT64] = sizeof(int64_t),
                                   [CONFIG_DOUBLE] = sizeof(double),
                                   [CONFIG_BOOL] = sizeof(bool),
                                   [CONFIG_STRING] = CONFIG_TEXT};
    int n;
    const config_key *keys = run_config_keys(&n);
    memset(covered, 0, sizeof covered);
    for (int i = 0; i < n; i++) {
        const config_key *key = &keys[i];
        const char *point = strchr(key->name, '.');
        assert_true(point && point > key->name && point[1] && !strchr(point + 1, '.'));
        assert_ptr_equal(run_config_find(key->name), key); /* a name twice finds the first */
        assert_true(strlen(key->help) > 10 && key->help[strlen(key->help) - 1] == '.');
        /* Two keys with one field would overwrite each other. */
        for (size_t k = key->offset; k < key->offset + sizes[key->type]; k++) {
            if (covered[k])
                fail_msg("%s shares its place with another key", key->name);
            covered[k] = 1;
        }
    }
    assert_null(run_config_find("run"));
    assert_null(run_config_find("seed"));
    assert_null(run_config_find("run.Seed"));
}

/* The ends of a range are in it, what lies beyond is not and changes nothing. */
static void ranges_hold_at_their_ends(void **state)
{
    (void)state;
    int n, numbers = 0;
    const config_key *keys = run_config_keys(&n);
    run_config initial = run_config_defaults();
    for (int i = 0; i < n; i++) {
        const config_key *key = &keys[i];
        if (key->type == CONFIG_BOOL || key->type == CONFIG_STRING)
            continue;
        numbers++;
        double unit = key->type == CONFIG_DOUBLE ? fmax(1e-12, fabs(key->max)) * 1e-3 : 1;
        const struct {
            double value;
            err_code code;
        } cases[] = {
            {key->min, OK},
            {key->max, OK},
            {key->min - unit, E_CONFIG},
            {key->max + unit * (key->type == CONFIG_INT64 ? 1024 : 1), E_CONFIG},
        };
        assert_true(key->min < key->max);
        for (size_t c = 0; c < COUNT_OF(cases); c++) {
            run_config set = initial;
            char text[64];
            err e = {0};
            snprintf(text, sizeof text, "%.17g", cases[c].value);
            err_code rc = run_config_set(&set, key->name, text, &e);
            if (rc != cases[c].code)
                fail_msg("%s = %s: code %d", key->name, text, rc);
            if (rc) {
                assert_non_null(strstr(e.text, key->name));
                check_same(&set, &initial);
            } else {
                str back = {0};
                run_config_value(&back, &set, key);
                run_config again = initial;
                assert_int_equal(run_config_set(&again, key->name, str_text(&back), &e), OK);
                assert_true(same_value(&again, &set, key));
                str_release(&back);
            }
        }
    }
    assert_true(numbers > 30);
}

static void every_choice_is_taken(void **state)
{
    (void)state;
    int n, choices = 0;
    const config_key *keys = run_config_keys(&n);
    for (int i = 0; i < n; i++) {
        if (!keys[i].choices)
            continue;
        char list[256], *rest = list, *word;
        snprintf(list, sizeof list, "%s", keys[i].choices);
        while ((word = strsep(&rest, "|"))) {
            run_config c = run_config_defaults();
            err e = {0};
            choices++;
            assert_int_equal(run_config_set(&c, keys[i].name, word, &e), OK);
            assert_string_equal(value_of(&c, &keys[i]), word);
            word[strlen(word) - 1] = '\0'; /* the beginning of a choice is none */
            assert_int_equal(run_config_set(&c, keys[i].name, word, &e), E_CONFIG);
        }
        run_config c = run_config_defaults();
        err e = {0};
        assert_int_equal(run_config_set(&c, keys[i].name, "", &e), E_CONFIG);
        assert_int_equal(run_config_set(&c, keys[i].name, keys[i].choices, &e), E_CONFIG);
    }
    assert_true(choices > 15);
}

static void refused_values_say_why(void **state)
{
    (void)state;
    static char long_text[CONFIG_TEXT + 32] = "run.title=";
    memset(long_text + 10, 'x', CONFIG_TEXT);
    const struct {
        const char *pair;
        err_code code;
        const char *text; /* in the message */
    } cases[] = {
        {"run.seed", E_USAGE, "key=value"},
        {"run.sead=1", E_CONFIG, "\"run.seed\""},                  /* nearest key */
        {"optimize.restart=1", E_CONFIG, "\"optimise.restarts\""}, /* and across sections */
        {"=1", E_CONFIG, "unknown key"},
        {"run.seed=", E_CONFIG, "whole number"},
        {"run.seed=1.5", E_CONFIG, "whole number"},
        {"run.seed=1x", E_CONFIG, "whole number"},
        {"run.seed=-1", E_CONFIG, "outside 0"},
        {"run.seed=9007199254740993", E_CONFIG, "outside"}, /* would be rounded to another seed */
        {"collect.n_prompts=4294967297", E_CONFIG, "outside"}, /* 1 after wrapping to 32 bits */
        {"optimise.learning_rate=nan", E_CONFIG, "not a number"},
        {"optimise.learning_rate=inf", E_CONFIG, "not a number"},
        {"optimise.learning_rate=0", E_CONFIG, "outside 1e-09"},
        {"collect.cache_data=1", E_CONFIG, "neither true nor false"},
        {"collect.cache_data=True", E_CONFIG, "neither true nor false"},
        {"cluster.method=HDBSCAN", E_CONFIG, "hdbscan|dbscan|kmeans"},
        {"run.title=\xff", E_CONFIG, "UTF-8"},
        {long_text, E_CONFIG, "longer than 1023 bytes"},
    };
    const run_config initial = run_config_defaults();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        run_config c = initial;
        err e = {0};
        assert_int_equal(run_config_set_pair(&c, cases[i].pair, &e), cases[i].code);
        assert_int_equal(e.code, cases[i].code);
        if (!strstr(e.text, cases[i].text))
            fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].pair, e.text, cases[i].text);
        check_same(&c, &initial);
    }
    run_config c = initial;
    err e = {0};
    long_text[10 + CONFIG_TEXT - 1] = '\0'; /* the longest text that fits */
    assert_int_equal(run_config_set_pair(&c, long_text, &e), OK);
    assert_int_equal(strlen(c.run.title), CONFIG_TEXT - 1);
    assert_int_equal(run_config_set_pair(&c, "run.title=a=b", &e), OK);
    assert_string_equal(c.run.title, "a=b");
}

static void files_are_read(void **state)
{
    (void)state;
    static const struct {
        const char *text, *key, *value; /* the key's value after reading */
    } cases[] = {
        {"{}", "run.seed", "1"},
        {"{\"run\": {\"seed\": 7}}", "run.seed", "7"},
        {"{\"run\": {\"seed\": 9007199254740991}}", "run.seed", "9007199254740991"},
        {"{\"filter\": {\"sparsity_min\": 0.123456789012345}}", "filter.sparsity_min",
         "0.123456789012345"},
        {"{\"collect\": {\"cache_data\": false}}", "collect.cache_data", "false"},
        {"{\"select\": {\"features\": [12, 40]}}", "select.features", "12,40"},
        {"{\"select\": {\"features\": []}}", "select.features", ""},
        {"{\"collect\": {\"data\": [\"a.txt\", \"b.txt\"]}}", "collect.data", "a.txt,b.txt"},
        {"// one\n{\"run\": {\"seed\": 3}} // two", "run.seed", "3"},
        {"{/* a \" in a comment */\"run\": {\"seed\": 4}}", "run.seed", "4"},
        /* A string right behind a comment, with what looks like one inside. */
        {"{\"run\": {/**/\"title\": \"a // b /* c */\"}}", "run.title", "a // b /* c */"},
        {"{\"run\": {\"title\": \"\\\"// no comment\"}}", "run.title", "\"// no comment"},
        {"{\"run\": {\"seed\": /*/ 5 /*/ 6}}", "run.seed", "6"}, /* its end is not its beginning */
        {"{\"run\": {\"seed\": /*1*//*2*/8}}", "run.seed", "8"},
        {"{\"run\": {\"title\": \"caf\xc3\xa9\"}}", "run.title", "caf\xc3\xa9"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        run_config c = run_config_defaults();
        str value = {0};
        err e;
        if (read_text(&c, cases[i].text, &e))
            fail_msg("%s: %s", cases[i].text, e.text);
        run_config_value(&value, &c, key_named(cases[i].key));
        assert_string_equal(str_text(&value), cases[i].value);
        str_release(&value);
    }
}

static void files_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        err_code code;
        const char *says;
    } cases[] = {
        {"", E_FORMAT, "config.json"},
        {"{", E_FORMAT, "line 1"},
        {"{\"run\":\n {\"seed\": }}", E_FORMAT, "line 2"},
        {"/* two\nlines */ {\"run\": }", E_FORMAT, "line 2"}, /* comments keep the place */
        {"{} /* never closed", OK, ""},
        {"{ /* never closed }", E_FORMAT, "config.json"},
        {"[1]", E_CONFIG, "object of sections"},
        {"{\"run\": 3}", E_CONFIG, "\"run\" should be a section"},
        {"{\"run.seed\": 3}", E_CONFIG, "should be a section"},
        {"{\"run\": {\"sede\": 3}}", E_CONFIG, "\"run.seed\""},
        {"{\"runs\": {\"seed\": 3}}", E_CONFIG, "\"run.seed\""},
        {"{\"run\": {\"seed\": 1, \"seed\": 2}}", E_FORMAT, "seed"},
        {"{\"run\": {\"seed\": \"3\"}}", E_CONFIG, "expected a whole number, found \"3\""},
        {"{\"run\": {\"seed\": true}}", E_CONFIG, "expected a whole number, found true"},
        {"{\"run\": {\"seed\": null}}", E_CONFIG, "expected a whole number, found null"},
        {"{\"run\": {\"seed\": [3]}}", E_CONFIG, "expected a whole number"},
        {"{\"run\": {\"seed\": {}}}", E_CONFIG, "expected a whole number"},
        {"{\"run\": {\"seed\": 3.5}}", E_CONFIG, "not a whole number"},
        {"{\"run\": {\"title\": 3}}", E_CONFIG, "expected a text, found 3"},
        {"{\"collect\": {\"cache_data\": 1}}", E_CONFIG, "expected true or false, found 1"},
        {"{\"collect\": {\"cache_data\": \"true\"}}", E_CONFIG, "expected true or false"},
        {"{\"cluster\": {\"method\": [\"dbscan\"]}}", E_CONFIG, "cluster.method"},
        {"{\"select\": {\"features\": [[1]]}}", E_CONFIG, "select.features"},
        {"{\"filter\": {\"sparsity_max\": 1.5}}", E_CONFIG, "1.5 is outside 0 .. 1"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        run_config c = run_config_defaults();
        err e;
        assert_int_equal(read_text(&c, cases[i].text, &e), cases[i].code);
        if (cases[i].code && (!strstr(e.text, cases[i].says) || !strstr(e.text, "config.json")))
            fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].text, e.text, cases[i].says);
    }
    run_config c = run_config_defaults();
    err e = {0};
    assert_int_equal(run_config_read(&c, scratch("missing.json"), &e), E_IO);
}

/* A value of every kind that is not the default, some with more digits than reports show. */
static void change_everything(run_config *c)
{
    int n;
    const config_key *keys = run_config_keys(&n);
    for (int i = 0; i < n; i++) {
        const config_key *key = &keys[i];
        char text[256];
        err e;
        if (key->type == CONFIG_STRING && key->choices)
            snprintf(text, sizeof text, "%s", strrchr(key->choices, '|') + 1);
        else if (key->type == CONFIG_STRING)
            snprintf(text, sizeof text, "\"%d\" \\ // \t\xc3\xa9", i);
        else if (key->type == CONFIG_BOOL)
            snprintf(text, sizeof text, "%s", key->initial[0] == 't' ? "false" : "true");
        else if (key->type == CONFIG_DOUBLE)
            snprintf(text, sizeof text, "%.17g", key->min + (fmin(key->max, 10) - key->min) / 3);
        else
            snprintf(text, sizeof text, "%.0f", fmin(key->max, key->min + 1000000 + i));
        assert_int_equal(run_config_set(c, key->name, text, &e), OK);
    }
}

static void what_is_printed_reads_back(void **state)
{
    (void)state;
    run_config initial = run_config_defaults(), changed = initial, again;
    change_everything(&changed);
    int n, differ = 0;
    const config_key *keys = run_config_keys(&n);
    for (int i = 0; i < n; i++)
        differ += !same_value(&changed, &initial, &keys[i]);
    assert_true(differ > n * 9 / 10);
    const run_config *kinds[] = {&initial, &changed};
    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        str text = {0};
        err e;
        run_config_print(&text, kinds[k]);
        again = k ? initial : changed; /* whatever was there is overwritten */
        if (read_text(&again, text.data, &e))
            fail_msg("%s", e.text);
        check_same(&again, kinds[k]);
        for (int i = 0; i < n; i++)
            assert_non_null(strstr(text.data, keys[i].help));
        str_release(&text);
    }
}

static void presets(void **state)
{
    (void)state;
    run_config c = run_config_defaults();
    err e = {0};
    assert_int_equal(run_config_preset(&c, "seed", &e), OK);
    assert_int_equal(c.collect.n_prompts, 100);
    assert_true(c.filter.entropy_threshold_low == 0.25 && c.filter.entropy_threshold_high == 5);
    assert_true(c.filter.sparsity_min == 0.1 && c.filter.sparsity_max == 0.95);
    assert_string_equal(c.cluster.method, "dbscan");
    assert_string_equal(c.optimise.free_mode, "original");
    assert_int_equal(run_config_check(&c, &e), OK);
    assert_int_equal(run_config_preset(&c, "sead", &e), E_CONFIG);
    assert_non_null(strstr(e.text, "\"sead\""));
}

static void keys_must_agree(void **state)
{
    (void)state;
    static const struct {
        const char *first, *second;
        err_code code;
        const char *says;
    } cases[] = {
        {"collect.min_prompt_length=100", "collect.max_prompt_length=100", OK, ""},
        {"collect.min_prompt_length=101", "collect.max_prompt_length=100", E_CONFIG,
         "collect.min_prompt_length (101)"},
        {"filter.entropy_threshold_low=3", "filter.entropy_threshold_high=2", E_CONFIG,
         "filter.entropy_threshold_high (2)"},
        {"filter.sparsity_min=0.5", "filter.sparsity_max=0.4", E_CONFIG, "filter.sparsity_min"},
        {"cluster.eps_min=2", "cluster.eps_max=1", E_CONFIG, "cluster.eps_max"},
        {"explain.frozen_tokens=9", "explain.length=10", OK, ""},
        {"explain.frozen_tokens=10", "explain.length=10", E_CONFIG, "explain.frozen_tokens (10)"},
        {"explainer.url=https://host.example/v1", "explainer.model=m", OK, ""},
        {"explainer.url=https://host.example/v1", "explainer.features=2", E_CONFIG,
         "explainer.model"},
        {"explainer.url=http://host.example/v1", "explainer.model=m", E_CONFIG, "explainer.url"},
        {"explainer.url=http://host.example/v1", "explainer.allow_http=true", E_CONFIG,
         "explainer.model"}, /* the address will do */
        {"explainer.model=m", "explainer.allow_http=true", OK, ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        run_config c = run_config_defaults();
        err e = {0};
        assert_int_equal(run_config_check(&c, &e), OK); /* the defaults agree */
        assert_int_equal(run_config_set_pair(&c, cases[i].first, &e), OK);
        assert_int_equal(run_config_set_pair(&c, cases[i].second, &e), OK);
        assert_int_equal(run_config_check(&c, &e), cases[i].code);
        if (cases[i].code && !strstr(e.text, cases[i].says))
            fail_msg("\"%s\" does not say \"%s\"", e.text, cases[i].says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_described_and_apart),
        cmocka_unit_test(ranges_hold_at_their_ends),
        cmocka_unit_test(every_choice_is_taken),
        cmocka_unit_test(refused_values_say_why),
        cmocka_unit_test(files_are_read),
        cmocka_unit_test(files_are_refused),
        cmocka_unit_test(what_is_printed_reads_back),
        cmocka_unit_test(presets),
        cmocka_unit_test(keys_must_agree),
    };
    return cmocka_run_group_tests(tests, NULL, scratch_remove);
}
