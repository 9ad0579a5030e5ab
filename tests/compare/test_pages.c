/* Whole comparisons on disk: two folders in, pages and tables out, nothing leaks and nothing of the
 * reports is touched. */
#include "test.h"
#include "base/io.h"
#include "base/json.h"
#include "base/memory.h"
#include "compare/relative.h"
#include "compare/report.h"
#include "results/common_record.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char folder[64];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/saeinv-compare.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    err e;
    return io_remove_tree(folder, &e);
}

static const char *text_of(arena *a, const char *dir, const char *name)
{
    str text = {0};
    err e;
    if (io_read(&text, path_join(a, path_join(a, folder, dir), name), 1 << 26, &e))
        fail_msg("%s", e.text);
    const char *copy = arena_strndup(a, str_text(&text), text.len);
    str_release(&text);
    return copy;
}

static template_set load_templates(arena *a)
{
    char **names;
    int n;
    err e;
    if (io_list(&names, &n, "templates", a, &e))
        fail_msg("%s", e.text);
    template_source *sources = arena_push(a, (size_t)n, sizeof *sources);
    for (int i = 0; i < n; i++) {
        str text = {0};
        assert_int_equal(io_read(&text, path_join(a, "templates", names[i]), 1 << 20, &e), OK);
        sources[i] =
            (template_source){names[i], arena_strndup(a, str_text(&text), text.len), text.len};
        str_release(&text);
    }
    return (template_set){sources, n};
}

/* A report NAME; of the second kind, a sentence, a number and a feature's cluster are others. */
static void write_report(arena *a, const char *name, synthetic_kind kind, bool changed)
{
    record r;
    record_volatile times;
    err e;
    synthetic_record(&r, &times, a, kind);
    if (changed) {
        r.targets[0].rule.text = (record_bytes){"Active <b>on</b> `a` & *then*\n@end {{x}}", 38};
        r.quality.silhouette /= 2;
        r.features[r.clusters[0].members[1]].cluster = RECORD_NOISE;
        r.features[r.clusters[0].members[1]].density *= 2;
    }
    if (record_write(path_join(a, folder, name), &r, &e))
        fail_msg("%s", e.text);
}

static bool compare_folders(arena *a, const char *x, const char *y, const char *out)
{
    template_set templates = load_templates(a);
    const char *folders[] = {path_join(a, folder, x), path_join(a, folder, y)};
    compare_request request = {.folders = folders,
                               .n = COUNT_OF(folders),
                               .out = path_join(a, folder, out),
                               .templates = &templates,
                               .version = "0"};
    str summary = {0};
    bool same = false;
    err e;
    if (compare_reports(&same, &summary, &request, &e))
        fail_msg("%s", e.text);
    assert_true(summary.len > 0);
    str_release(&summary);
    return same;
}

/* A report that does not lie beside the comparison is named; a link would break when that is moved.
 */
static void reports_elsewhere_are_not_linked(void **state)
{
    (void)state;
    arena a = {0};
    err e;
    write_report(&a, "here", SYNTHETIC_USUAL, false);
    assert_int_equal(io_make_dir(path_join(&a, folder, "deeper"), &e), OK);
    write_report(&a, "deeper/there", SYNTHETIC_USUAL, true);
    assert_false(compare_folders(&a, "here", "deeper/there", "deeper/both"));
    const char *html = text_of(&a, "deeper/both", "index.html");
    assert_non_null(strstr(html, "<code>../../here</code>"));
    assert_null(strstr(html, "href=\"../../here"));
    assert_non_null(strstr(html, "href=\"../there/index.html\""));
    arena_release(&a);
}

static void pages_of_what_changed(void **state)
{
    (void)state;
    arena a = {0};
    write_report(&a, "one", SYNTHETIC_USUAL, false);
    write_report(&a, "two", SYNTHETIC_USUAL, true);
    assert_false(compare_folders(&a, "one", "two", "one-two"));
    const char *html = text_of(&a, "one-two", "index.html"),
               *readme = text_of(&a, "one-two", "README.md");
    assert_non_null(strstr(html, "The runs differ: 0 settings and inputs changed; 1 of "));
    assert_non_null(strstr(html, "href=\"../one/index.html\""));
    assert_non_null(strstr(readme, "(../two/README.md)"));
    assert_non_null(strstr(html, "worse"));
    assert_non_null(strstr(html, "<svg"));
    assert_null(strstr(html, "<script"));
    err e;
    char **names;
    int n;
    assert_int_equal(
        io_list(&names, &n, path_join(&a, path_join(&a, folder, "one-two"), "targets"), &a, &e),
        OK);
    assert_int_equal(n, 2); /* one target, two kinds of page */
    const char *page = text_of(&a, "one-two/targets", names[0]);
    assert_non_null(strstr(page, "<ins><span class=\"aloud\">added: </span>"));
    assert_non_null(strstr(page, "<del><span class=\"aloud\">removed: </span>"));
    assert_non_null(strstr(page, "&lt;b&gt;on&lt;/b&gt;"));
    assert_null(strstr(page, "<b>on</b>"));
    const char *title = strstr(page, "<h3 id=\"");
    assert_non_null(title);
    assert_null(strstr(title + 9, arena_printf(&a, "%.*s", (int)strcspn(title, ">"), title)));
    assert_non_null(strstr(text_of(&a, "one-two/targets", names[1]), "~~"));
    arena_release(&a);
}

/* Two SAEs of one model; the first target of the second has the opposite row. */
static void pages_of_two_dictionaries(void **state)
{
    (void)state;
    arena a = {0};
    record r;
    record_volatile times;
    err e;
    synthetic_record(&r, &times, &a, SYNTHETIC_USUAL);
    r.run.sae.sha256 = "another";
    for (int i = 0; i < r.targets[0].n_decoder; i++)
        r.targets[0].decoder[i] *= -1;
    r.targets[1].threshold += 1;
    write_report(&a, "sae-a", SYNTHETIC_USUAL, false);
    if (record_write(path_join(&a, folder, "sae-b"), &r, &e))
        fail_msg("%s", e.text);
    assert_false(compare_folders(&a, "sae-a", "sae-b", "saes"));
    int first = r.targets[0].id, second = r.targets[1].id;
    const char *html = text_of(&a, "saes", "index.html");
    assert_non_null(strstr(html, "with a cosine of at least 0.7"));
    assert_non_null(strstr(html, arena_printf(&a, "href=\"targets/L02-%05d.html\"", first)));
    assert_non_null(strstr(html, arena_printf(&a, "href=\"targets/b-L02-%05d.html\"", first)));
    assert_non_null(strstr(html, arena_printf(&a, ">A %d, B %d</a>", second, second)));
    assert_null(strstr(html, "Clusters and maps"));
    assert_null(strstr(html, "{{"));
    const char *lost = text_of(&a, "saes/targets", arena_printf(&a, "L02-%05d.html", first)),
               *gained = text_of(&a, "saes/targets", arena_printf(&a, "b-L02-%05d.html", first));
    assert_non_null(strstr(lost, arena_printf(&a, "Feature %d of A</h1>", first)));
    assert_non_null(strstr(gained, arena_printf(&a, "Feature %d of B</h1>", first)));
    assert_non_null(strstr(gained, "No target of the other run is the same feature"));
    const char *targets = text_of(&a, "saes/data", "targets.csv");
    assert_non_null(strstr(targets, arena_printf(&a, "\n%d,%d,1,changed,0,", second, second)));
    assert_non_null(strstr(targets, arena_printf(&a, "\n,%d,", first)));
    const char *text = text_of(&a, "saes", "compare.json");
    cJSON *json;
    assert_int_equal(json_parse(&json, text, strlen(text), "compare.json", &e), OK);
    assert_string_equal(json_member(json_member(json, "comparable"), "matched_by")->valuestring,
                        "decoder");
    const cJSON *decoders = json_member(json, "decoders");
    assert_int_equal(json_member(decoders, "matched")->valueint, r.n_targets - 1);
    assert_int_equal(json_member(decoders, "targets_b")->valueint, r.n_targets);
    cJSON_Delete(json);
    arena_release(&a);
}

/* The same two, and the first again: two pairs have a PW-MCC. */
static void pages_of_runs_of_two_dictionaries(void **state)
{
    (void)state;
    arena a = {0};
    err e;
    str summary = {0};
    bool same = true;
    template_set templates = load_templates(&a);
    const char *folders[] = {path_join(&a, folder, "sae-a"), path_join(&a, folder, "sae-b"),
                             path_join(&a, folder, "sae-a")};
    compare_request request = {.folders = folders,
                               .n = COUNT_OF(folders),
                               .out = path_join(&a, folder, "dictionaries"),
                               .templates = &templates,
                               .version = "0"};
    if (compare_reports(&same, &summary, &request, &e))
        fail_msg("%s", e.text);
    assert_false(same);
    const char *html = text_of(&a, "dictionaries", "index.html");
    assert_non_null(strstr(html, "read different dictionaries"));
    assert_non_null(strstr(html, "The PW-MCC of the features"));
    assert_null(strstr(html, "Clusters</h2>"));
    assert_null(strstr(html, "{{"));
    cJSON *object = NULL;
    assert_int_equal(json_read(&object,
                               path_join(&a, path_join(&a, folder, "dictionaries"), "compare.json"),
                               1 << 20, &e),
                     OK);
    assert_string_equal(json_member(object, "matched_by")->valuestring, "decoder");
    const cJSON *mcc = json_member(json_member(object, "pairs"), "pw_mcc");
    assert_int_equal(json_member(mcc, "n")->valueint, 2);
    assert_true(json_member(mcc, "mean")->valuedouble < 1);
    cJSON_Delete(object);
    str_release(&summary);
    arena_release(&a);
}

static void pages_of_several_runs(void **state)
{
    (void)state;
    arena a = {0};
    err e;
    str summary = {0};
    bool same = true;
    template_set templates = load_templates(&a);
    write_report(&a, "r1", SYNTHETIC_HOSTILE, false);
    write_report(&a, "r2", SYNTHETIC_HOSTILE, true);
    write_report(&a, "r3", SYNTHETIC_HOSTILE, false);
    const char *folders[] = {path_join(&a, folder, "r1"), path_join(&a, folder, "r2"),
                             path_join(&a, folder, "r3")};
    compare_request request = {.folders = folders,
                               .n = COUNT_OF(folders),
                               .out = path_join(&a, folder, "several"),
                               .templates = &templates,
                               .version = "0"};
    if (compare_reports(&same, &summary, &request, &e))
        fail_msg("%s", e.text);
    assert_false(same);
    const char *html = text_of(&a, "several", "index.html");
    assert_non_null(strstr(html, "3 runs side by side</h1>"));
    assert_non_null(strstr(html, "href=\"../r2/index.html\""));
    assert_non_null(strstr(html, "runs with the same settings"));
    assert_null(strstr(html, "<script"));
    assert_null(strstr(html, "{{"));
    assert_non_null(strstr(text_of(&a, "several", "README.md"), "(../r3/README.md)"));
    cJSON *object = NULL;
    assert_int_equal(json_read(&object,
                               path_join(&a, path_join(&a, folder, "several"), "compare.json"),
                               1 << 20, &e),
                     OK);
    assert_int_equal(cJSON_GetArraySize(json_member(object, "runs")), 3);
    cJSON_Delete(object);
    assert_int_equal(compare_reports(&same, &summary, &request, &e), E_USAGE); /* not forced */
    request.force = true;
    assert_int_equal(compare_reports(&same, &summary, &request, &e), OK);
    str_release(&summary);
    arena_release(&a);
}

/* The tables say what the comparison's own numbers say. */
static void tables_of_what_changed(void **state)
{
    (void)state;
    arena a = {0};
    write_report(&a, "three", SYNTHETIC_USUAL, false);
    write_report(&a, "four", SYNTHETIC_USUAL, true);
    assert_false(compare_folders(&a, "three", "four", "three-four"));
    const char *text = text_of(&a, "three-four", "compare.json");
    cJSON *json;
    err e;
    assert_int_equal(json_parse(&json, text, strlen(text), "compare.json", &e), OK);
    assert_true(cJSON_IsFalse(json_member(json, "same")));
    const cJSON *silhouette = json_member(json_member(json, "metrics"), "silhouette");
    assert_string_equal(json_member(silhouette, "verdict")->valuestring, "worse");
    assert_int_equal(json_member(json_member(json, "dictionary"), "moved")->valueint, 1);
    assert_int_equal(json_member(json_member(json, "targets"), "changed")->valueint, 1);
    assert_int_equal(json_member(json, "metrics_outside_tolerance")->valueint, 1);
    cJSON_Delete(json);
    const char *features = text_of(&a, "three-four/data", "features.csv");
    int rows = 0;
    for (const char *at = features; (at = strchr(at, '\n')); at++)
        rows++;
    assert_int_equal(rows, 2); /* the header and the one that moved */
    assert_non_null(strstr(features, ",moved,1,"));
    arena_release(&a);
}

static void hostile_and_empty_records_make_pages(void **state)
{
    (void)state;
    arena a = {0};
    write_report(&a, "hostile", SYNTHETIC_HOSTILE, false);
    write_report(&a, "hostile2", SYNTHETIC_HOSTILE, true);
    write_report(&a, "empty", SYNTHETIC_EMPTY, false);
    assert_false(compare_folders(&a, "hostile", "hostile2", "x"));
    assert_false(compare_folders(&a, "hostile", "empty", "y"));
    assert_true(compare_folders(&a, "hostile", "hostile", "z"));
    assert_true(compare_folders(&a, "empty", "empty", "w"));
    static const char *const made[] = {"x", "y", "z", "w"};
    for (int i = 0; i < 4; i++) {
        assert_null(strstr(text_of(&a, made[i], "index.html"), "<script"));
        assert_null(strstr(text_of(&a, made[i], "index.html"), "nan"));
    }
    arena_release(&a);
}

static void check_way(const char *from, const char *to, const char *want)
{
    arena a = {0};
    const char *way;
    err e;
    assert_int_equal(
        relative_path(&way, path_join(&a, folder, from), path_join(&a, folder, to), &a, &e), OK);
    assert_string_equal(way, want);
    arena_release(&a);
}

static void ways_between_folders(void **state)
{
    (void)state;
    arena a = {0};
    err e;
    const char *way;
    io_make_dir(path_join(&a, folder, "p/q"), &e);
    io_make_dir(path_join(&a, folder, "p/qr/s"), &e);
    check_way("p/q", "p/qr", "../qr");
    check_way("p/q", "p/qr/s", "../qr/s");
    check_way("p/qr/s", "p", "../..");
    check_way("p", "p/qr/s", "qr/s");
    check_way("p", "p", ".");
    check_way("p/qr/./s", "p/../p/q", "../../q");
    assert_int_equal(relative_path(&way, folder, "/no/such/place", &a, &e), E_IO);
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_of_what_changed),
        cmocka_unit_test(reports_elsewhere_are_not_linked),
        cmocka_unit_test(pages_of_two_dictionaries),
        cmocka_unit_test(pages_of_runs_of_two_dictionaries),
        cmocka_unit_test(pages_of_several_runs),
        cmocka_unit_test(tables_of_what_changed),
        cmocka_unit_test(hostile_and_empty_records_make_pages),
        cmocka_unit_test(ways_between_folders),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
