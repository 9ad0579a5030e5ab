/* The index of a folder of reports: whole, hostile, damaged, unfinished and older ones side by
 * side, none left out. */
#include "test.h"
#include "base/io.h"
#include "base/json.h"
#include "base/memory.h"
#include "site/common_site.h"
#include "site/index.h"
#include <string.h>

static const char *folder(arena *a)
{
    return path_join(a, scratch(), "runs");
}

static void put_file(arena *a, const char *name, const char *text)
{
    err e;
    if (io_write(path_join(a, folder(a), name), text, strlen(text), &e))
        fail_msg("%s", e.text);
}

static void put_folder(arena *a, const char *name)
{
    err e;
    if (io_make_dir(path_join(a, folder(a), name), &e))
        fail_msg("%s", e.text);
}

/* The file, with the first `old` in it replaced. */
static void change_file(arena *a, const char *name, const char *old, const char *new)
{
    str out = {0};
    const char *text = file_text(a, folder(a), name), *at = strstr(text, old);
    assert_non_null(at);
    str_add_bytes(&out, text, (size_t)(at - text));
    str_addf(&out, "%s%s", new, at + strlen(old));
    put_file(a, name, str_text(&out));
    str_release(&out);
}

/* The same report again, under another name. */
static void copy_folder(arena *a, const char *from, const char *to)
{
    err e;
    if (io_copy(path_join(a, folder(a), from), path_join(a, folder(a), to), &e))
        fail_msg("%s", e.text);
}

static err_code write_index(const char *dir, bool force, index_counts *n, err *e)
{
    arena a = {0};
    template_set templates = load_templates(&a);
    index_request q = {.dir = dir, .force = force, .templates = &templates, .version = "9.9"};
    err_code rc = index_write(n, &q, e);
    arena_release(&a);
    return rc;
}

static int make_runs(void **state)
{
    arena a = {0};
    if (make_scratch(state))
        return -1;
    const char *dir = folder(&a);
    write_site(path_join(&a, dir, "usual"), SYNTHETIC_USUAL);
    write_site(path_join(&a, dir, "b <i>|`x`](y) & \"q\""), SYNTHETIC_HOSTILE);
    write_site(path_join(&a, dir, "changed"), SYNTHETIC_EMPTY);
    copy_folder(&a, "changed", "damaged");
    copy_folder(&a, "changed", "headless");
    copy_folder(&a, "usual", "older");
    change_file(&a, "changed/README.md", "# ", "# A word ");
    put_file(&a, "damaged/data/rules.json", "{\"schema\": ");
    err e;
    assert_int_equal(io_remove_tree(path_join(&a, dir, "headless/run.json"), &e), OK);
    change_file(&a, "older/run.json", "\"schema\": ", "\"schema\": 1, \"was\": ");
    put_folder(&a, "slow.unfinished/volatile");
    put_folder(&a, "notes");
    put_folder(&a, ".hidden");
    put_folder(&a, "a-b/data");
    put_file(&a, "a-b/data/settings.csv", "key\n");
    put_file(&a, "a-b/compare.json", "{\"verdict\": \"2 of 41 metrics <differ>.\"}\n");
    index_counts n;
    put_folder(&a, "seeds/both/data");
    put_file(&a, "seeds/both/data/settings.csv", "key\n");
    put_file(&a, "seeds/both/compare.json", "{\"verdict\": \"They agree on <all>.\"}\n");
    put_folder(&a, "seeds/seed-1.unfinished");
    put_folder(&a, "seeds/seed-2.unfinished");
    if (write_index(path_join(&a, dir, "seeds"), false, &n, &e))
        fail_msg("%s", e.text);
    put_file(&a, "notes/index.json", "{\"kind\": \"another program's\"}\n");
    if (write_index(dir, false, &n, &e))
        fail_msg("%s", e.text);
    assert_int_equal(n.runs, 7);
    assert_int_equal(n.flagged, 5);
    assert_int_equal(n.comparisons, 1);
    arena_release(&a);
    return 0;
}

static void says(arena *a, const char *file, const char *text)
{
    if (!strstr(file_text(a, folder(a), file), text))
        fail_msg("%s does not say: %s", file, text);
}

static void every_run_is_there_with_its_state(void **state)
{
    (void)state;
    static const struct {
        const char *name, *state, *reason;
    } want[] = {{"b <i>|`x`](y) & \"q\"", "whole", ""},
                {"changed", "changed",
                 "1 file is not as MANIFEST.sha256 says; the first, "
                 "README.md, was changed"},
                {"damaged", "damaged", "data/rules.json: line 1"},
                {"headless", "damaged", "run.json: "},
                {"older", "other schema", "schema 1; this program reads schema"},
                {"slow.unfinished", "unfinished", "still running, or killed"},
                {"usual", "whole", ""}};
    arena a = {0};
    cJSON *index;
    err e;
    if (json_read(&index, path_join(&a, folder(&a), "index.json"), 1 << 24, &e))
        fail_msg("%s", e.text);
    const cJSON *run = json_member(index, "runs")->child;
    for (size_t i = 0; i < COUNT_OF(want); i++, run = run->next) {
        assert_non_null(run);
        assert_string_equal(json_member(run, "name")->valuestring, want[i].name);
        assert_string_equal(json_member(run, "state")->valuestring, want[i].state);
        const char *reason = json_member(run, "reason")->valuestring;
        if (strncmp(reason, want[i].reason, strlen(want[i].reason)))
            fail_msg("%s: %s", want[i].name, reason);
        assert_null(strstr(reason, scratch()));
    }
    assert_null(run);
    assert_string_equal(json_member(index, "others")->child->child->valuestring, "notes");
    assert_null(json_member(index, "others")->child->next);
    cJSON_Delete(index);
    says(&a, "README.md", "5 of 7 runs are not whole");
    says(&a, "README.md", "- notes\n");
    says(&a, "index.html", "<td>unfinished</td>");
    says(&a, "index.html", "2 of 41 metrics &lt;differ&gt;.");
    arena_release(&a);
}

/* A folder that has an index is led to, whatever lies in it; one of another program is not. */
static void other_indexes_are_led_to(void **state)
{
    (void)state;
    arena a = {0};
    cJSON *index;
    err e;
    if (json_read(&index, path_join(&a, folder(&a), "index.json"), 1 << 24, &e))
        fail_msg("%s", e.text);
    const cJSON *seeds = json_member(index, "indexes")->child;
    assert_non_null(seeds);
    assert_null(seeds->next);
    assert_string_equal(json_member(seeds, "name")->valuestring, "seeds");
    assert_int_equal(json_member(seeds, "runs")->valueint, 2);
    assert_int_equal(json_member(seeds, "flagged")->valueint, 2);
    assert_int_equal(json_member(seeds, "comparisons")->valueint, 1);
    cJSON_Delete(index);
    says(&a, "index.html", "<a href=\"seeds/index.html\">seeds</a>");
    says(&a, "index.html", "They agree on &lt;all&gt;.");
    says(&a, "README.md", "[seeds](seeds/README.md) | 2 | 2 | 1 |");
    says(&a, "README.md", "**1** folder of more runs");
    arena_release(&a);
}

/* What a run of another version still says is shown, and so are the whole ones' figures. */
static void figures_are_those_of_the_reports(void **state)
{
    (void)state;
    arena a = {0};
    cJSON *index, *compare;
    err e;
    if (json_read(&index, path_join(&a, folder(&a), "index.json"), 1 << 24, &e) ||
        json_read(&compare, path_join(&a, folder(&a), "usual/compare.json"), 1 << 24, &e))
        fail_msg("%s", e.text);
    int checked = 0;
    const cJSON *run, *figure;
    cJSON_ArrayForEach(run, json_member(index, "runs")) {
        const char *name = json_member(run, "name")->valuestring;
        if (strcmp(name, "usual") && strcmp(name, "older"))
            continue;
        cJSON_ArrayForEach(figure, compare) {
            if (!cJSON_IsObject(figure))
                continue;
            const cJSON *value = json_member(figure, "value"),
                        *shown = json_member(json_member(run, "figures"), figure->string);
            assert_non_null(shown);
            assert_true(cJSON_IsNull(value) ? cJSON_IsNull(shown)
                                            : value->valuedouble == shown->valuedouble);
            checked++;
        }
    }
    assert_true(checked > 40);
    cJSON_Delete(index);
    cJSON_Delete(compare);
    says(&a, "index.html", "rules in tenths from 0 to 1");
    says(&a, "README.md", " reach 0.8 |");
    arena_release(&a);
}

static void hostile_names_and_titles_are_escaped(void **state)
{
    (void)state;
    arena a = {0};
    const char *html = file_text(&a, folder(&a), "index.html"),
               *markdown = file_text(&a, folder(&a), "README.md");
    const char *link = "b%20%3Ci%3E%7C%60x%60%5D%28y%29%20%26%20%22q%22/";
    says(&a, "index.html",
         arena_printf(&a, "<a href=\"%sindex.html\">b &lt;i&gt;|`x`](y) &amp; &quot;q&quot;</a>",
                      link));
    says(&a, "README.md", arena_printf(&a, "](%sREADME.md) |", link));
    static const char *const forbidden[] = {"<i>", "<script", "<b>", "\"javascript:", " style="};
    for (size_t i = 0; i < COUNT_OF(forbidden); i++) {
        if (strstr(html, forbidden[i]))
            fail_msg("index.html holds %s", forbidden[i]);
        if (strstr(markdown, forbidden[i]))
            fail_msg("README.md holds %s", forbidden[i]);
    }
    arena_release(&a);
}

static void links_lead_somewhere(void **state)
{
    (void)state;
    arena a = {0};
    int checked = 0;
    const char *markdown = file_text(&a, folder(&a), "README.md");
    for (const char *at = markdown; (at = strstr(at, "]("));) {
        bool escaped = at[-1] == '\\';
        at += 2;
        if (escaped || at[1] == '%') /* the hostile one was looked at above */
            continue;
        const char *path = arena_strndup(&a, at, strcspn(at, ")"));
        if (!io_exists(path_join(&a, folder(&a), path)))
            fail_msg("no %s", path);
        checked++;
    }
    assert_true(checked > 10);
    assert_true(io_exists(path_join(&a, folder(&a), "assets/report.css")));
    arena_release(&a);
}

static void again_gives_the_same_bytes(void **state)
{
    (void)state;
    static const char *const files[] = {"index.html", "README.md", "index.json", "index.csv"};
    arena a = {0};
    const char *before[COUNT_OF(files)];
    index_counts n;
    err e;
    for (size_t i = 0; i < COUNT_OF(files); i++)
        before[i] = file_text(&a, folder(&a), files[i]);
    assert_int_equal(write_index(path_join(&a, folder(&a), "usual/.."), false, &n, &e), OK);
    for (size_t i = 0; i < COUNT_OF(files); i++)
        assert_string_equal(file_text(&a, folder(&a), files[i]), before[i]);
    arena_release(&a);
}

static void an_empty_folder_says_so(void **state)
{
    (void)state;
    arena a = {0};
    index_counts n;
    err e;
    const char *dir = path_join(&a, scratch(), "empty");
    assert_int_equal(io_make_dir(dir, &e), OK);
    assert_int_equal(write_index(dir, false, &n, &e), OK);
    assert_int_equal(n.runs, 0);
    assert_non_null(strstr(file_text(&a, dir, "index.html"), "There is no run in this folder"));
    assert_non_null(strstr(file_text(&a, dir, "README.md"), "There is no run in this folder"));
    assert_string_equal(file_text(&a, dir, "index.csv"),
                        "name,state,reason,title,label,model,sae,hook,data,seed,tool_version\n");
    arena_release(&a);
}

static void nothing_of_others_is_replaced(void **state)
{
    (void)state;
    arena a = {0};
    index_counts n;
    err e;
    const char *dir = path_join(&a, scratch(), "foreign"),
               *readme = path_join(&a, dir, "README.md");
    assert_int_equal(write_index(dir, false, &n, &e), E_USAGE);
    assert_non_null(strstr(e.text, "not a folder"));
    assert_int_equal(io_make_dir(dir, &e), OK);
    assert_int_equal(io_write(readme, "mine\n", 5, &e), OK);
    assert_int_equal(write_index(dir, false, &n, &e), E_USAGE);
    assert_non_null(strstr(e.text, "README.md"));
    assert_non_null(strstr(e.text, "--force"));
    assert_string_equal(file_text(&a, dir, "README.md"), "mine\n");
    assert_int_equal(write_index(dir, true, &n, &e), OK);
    assert_null(strstr(file_text(&a, dir, "README.md"), "mine"));
    assert_int_equal(write_index(dir, false, &n, &e), OK);
    assert_int_equal(write_index(path_join(&a, folder(&a), "usual"), true, &n, &e), E_USAGE);
    assert_non_null(strstr(e.text, "is itself a report"));
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_run_is_there_with_its_state),
        cmocka_unit_test(other_indexes_are_led_to),
        cmocka_unit_test(figures_are_those_of_the_reports),
        cmocka_unit_test(hostile_names_and_titles_are_escaped),
        cmocka_unit_test(links_lead_somewhere),
        cmocka_unit_test(again_gives_the_same_bytes),
        cmocka_unit_test(an_empty_folder_says_so),
        cmocka_unit_test(nothing_of_others_is_replaced),
    };
    return cmocka_run_group_tests(tests, make_runs, remove_scratch);
}
