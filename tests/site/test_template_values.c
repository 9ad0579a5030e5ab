/* templates/README.md names every value that a template of a run's report can use. */
#include "test.h"
#include "base/io.h"
#include "base/json.h"
#include "base/memory.h"
#include "site/common_site.h"
#include "site/site.h"
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What may explain the values of a template: its own paragraph, those of the parts inside it, and
 * the run page's, which others refer to. */
static const struct {
    const char *template;
    const char *paragraphs[10];
} sources[] = {
    {"run.md", {"run.md"}},
    {"feature.md",
     {"feature.md", "rule.md", "rule_scores.md", "written.md", "attention.md", "search.md",
      "output.md", "effects.md", "relatives.md", "sequence.md"}},
    {"features.md", {"features.md", "run.md"}},
    {"clusters.md", {"clusters.md", "run.md"}},
    {"cluster.md", {"cluster.md"}},
    {"cluster_sections.md", {"cluster_sections.md"}},
    {"method.md", {"method.md", "run.md"}},
    {"times.md", {"times.md"}},
};

/* Adds the words between backticks of text[0..n), each between spaces. */
static void add_words(str *out, const char *text, size_t n)
{
    bool code = false;
    str_add_char(out, ' ');
    for (size_t i = 0; i < n; i++) {
        code ^= text[i] == '`';
        bool part = code && (isalnum((unsigned char)text[i]) || text[i] == '_');
        str_add_char(out, part ? text[i] : ' ');
    }
}

/* The words of the paragraph about a template; and those before the first of them, for all. */
static void add_paragraph(str *words, const char *values, const char *template)
{
    str name = {0};
    str_addf(&name, "**%s**", template);
    for (const char *at = values; (at = strstr(at, "\n- **")); at++) {
        size_t n = strcspn(at + 1, "\n");
        const char *found = strstr(at, str_text(&name));
        const char *colon = strchr(at, ':');
        if (found && found < colon && colon < at + n)
            add_words(words, at, n);
    }
    str_release(&name);
}

static bool holds_word(const str *words, const char *word)
{
    str wanted = {0};
    str_addf(&wanted, " %s ", word);
    bool holds = strstr(str_text(words), str_text(&wanted)) != NULL;
    str_release(&wanted);
    return holds;
}

static int check_names(const char *file, const cJSON *tree, const str *words)
{
    int n = 0;
    const cJSON *item;
    cJSON_ArrayForEach(item, tree) {
        if (item->string && !holds_word(words, item->string))
            fail_msg("%s: templates/README.md does not explain %s", file, item->string);
        n += 1 + check_names(file, item, words);
    }
    return n;
}

static void every_value_is_explained(void **state)
{
    (void)state;
    arena a = {0};
    err e = {0};
    int n, checked = 0;
    char **files;
    template_set templates = load_templates(&a);
    const char *values = strstr(file_text(&a, "templates", "README.md"), "## Values");
    const char *dir = path_join(&a, scratch(), "usual"), *out = path_join(&a, scratch(), "values");
    write_record(dir, SYNTHETIC_USUAL);
    if (site_render(dir, path_join(&a, scratch(), "again"), &templates, out, &e))
        fail_msg("%s", e.text);
    assert_int_equal(io_list(&files, &n, out, &a, &e), OK);
    for (int i = 0; i < n; i++) {
        cJSON *page;
        str words = {0};
        assert_int_equal(json_read(&page, path_join(&a, out, files[i]), 1 << 24, &e), OK);
        const char *template = json_member(page, "template")->valuestring;
        add_words(&words, values, (size_t)(strstr(values, "\n- **") - values));
        for (size_t k = 0; k < COUNT_OF(sources); k++)
            for (int j = 0;
                 j < (int)COUNT_OF(sources[k].paragraphs) && !strcmp(sources[k].template, template);
                 j++)
                if (sources[k].paragraphs[j])
                    add_paragraph(&words, values, sources[k].paragraphs[j]);
        checked += check_names(files[i], json_member(page, "values"), &words);
        str_release(&words);
        cJSON_Delete(page);
    }
    assert_true(checked > 3000);
    arena_release(&a);
}

/* The number of a row, +infinity for a cluster that is none, -infinity for no number. */
static double number_of(const cJSON *row, const char *key)
{
    const cJSON *value = json_member(row, key);
    if (cJSON_IsFalse(value))
        return (double)INFINITY;
    if (cJSON_IsObject(value))
        return atof(json_member(value, "number")->valuestring);
    char *end;
    double number = strtod(value->valuestring, &end);
    return end == value->valuestring ? (double)-INFINITY : number;
}

/* Lists on sibling pages: each falls by what it is sorted by, clusters come in their order. */
static void lists_are_sorted(void **state)
{
    (void)state;
    static const struct {
        const char *page, *list, *key;
        bool rising;
    } rows[] = {{"features-by-density.json", "kept", "density", false},
                {"features-by-activation.json", "targets", "maximum", false},
                {"features-by-entropy.json", "kept", "entropy", false},
                {"features-by-cluster.json", "kept", "cluster", true},
                {"features-by-cluster.json", "targets", "cluster", true},
                {"features-by-f1.json", "targets", "rule_f1", false},
                {"features-by-ratio.json", "targets", "warm", false}};
    arena a = {0};
    err e = {0};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        cJSON *page;
        const char *path = path_join(&a, path_join(&a, scratch(), "values"), rows[i].page);
        assert_int_equal(json_read(&page, path, 1 << 24, &e), OK);
        const cJSON *list = json_member(json_member(page, "values"), rows[i].list), *row;
        double before = rows[i].rising ? (double)-INFINITY : (double)INFINITY;
        assert_true(cJSON_GetArraySize(list) > 3);
        cJSON_ArrayForEach(row, list) {
            double value = number_of(row, rows[i].key);
            if (rows[i].rising ? value < before : value > before)
                fail_msg("%s: %s %g after %g", rows[i].page, rows[i].key, value, before);
            before = value;
        }
        cJSON_Delete(page);
    }
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_is_explained),
        cmocka_unit_test(lists_are_sorted),
    };
    return cmocka_run_group_tests(tests, make_scratch, remove_scratch);
}
