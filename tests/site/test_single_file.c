/* A report as one file: nothing outside it is needed, every anchor is there, hostile texts stay
 * texts. */
#include "test.h"
#include "base/base64.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "site/common_site.h"
#include "site/single_choice.h"
#include "site/single_file.h"
#include <stdlib.h>
#include <string.h>

static const char *const KINDS[] = {"usual", "hostile", "empty"};

static const char *file_of(arena *a, int kind)
{
    return arena_printf(a, "%s.html", KINDS[kind]);
}

static int make_files(void **state)
{
    arena a = {0};
    err e;
    if (make_scratch(state))
        return -1;
    template_set templates = load_templates(&a);
    for (int i = 0; i < 3; i++) {
        size_t size;
        const char *dir = path_join(&a, scratch(), KINDS[i]),
                   *out = path_join(&a, scratch(), file_of(&a, i));
        write_site(dir, (synthetic_kind)i);
        if (single_file_write(&size, dir, out, &templates, SINGLE_FILE_ELEMENTS, &e))
            fail_msg("%s", e.text);
        assert_int_equal(size, strlen(file_text(&a, scratch(), file_of(&a, i))));
        assert_true(size < SINGLE_FILE_BUDGET);
    }
    arena_release(&a);
    return 0;
}

/* The value of the attribute that ends just before `at`'s '"'; from `a`. */
static const char *quoted(arena *a, const char *at)
{
    return arena_strndup(a, at, strcspn(at, "\""));
}

static void nothing_outside_is_needed(void **state)
{
    (void)state;
    static const char *const loads[] = {" src=\"", " srcset=\"", "<link "};
    for (int k = 0; k < 3; k++) {
        arena a = {0};
        int pictures = 0;
        const char *html = file_text(&a, scratch(), file_of(&a, k));
        for (size_t i = 0; i < COUNT_OF(loads); i++)
            for (const char *at = html; (at = strstr(at, loads[i]));) {
                at += strlen(loads[i]);
                const char *value = *at == 'r' ? strstr(at, "href=\"") + 6 : at;
                if (strncmp(value, "data:image/", 11))
                    fail_msg("%s loads %.40s", KINDS[k], value);
                pictures++;
            }
        assert_true(pictures > 4);
        static const char *const bad[] = {"<script", "<iframe", "<base",    "@import",
                                          "url(",    " style=", "volatile/"};
        for (size_t i = 0; i < COUNT_OF(bad); i++)
            if (strstr(html, bad[i]))
                fail_msg("%s holds %s", KINDS[k], bad[i]);
        arena_release(&a);
    }
}

static bool known(const char *const *ids, int n, const char *id)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(ids[i], id))
            return true;
    return false;
}

static void every_anchor_is_there_once(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++) {
        arena a = {0};
        int n = 0, links = 0;
        const char *html = file_text(&a, scratch(), file_of(&a, k));
        const char **ids = arena_push(&a, 20000, sizeof *ids);
        for (const char *at = html; (at = strstr(at, " id=\""));) {
            const char *id = quoted(&a, at += 5);
            if (known(ids, n, id))
                fail_msg("%s: the id %s twice", KINDS[k], id);
            assert_true(n < 20000);
            ids[n++] = id;
        }
        for (const char *at = html; (at = strstr(at, " href=\""));) {
            const char *link = quoted(&a, at += 7);
            if (*link != '#' && strncmp(link, "data:", 5) && strncmp(link, "https://", 8))
                fail_msg("%s: a link to %s", KINDS[k], link);
            if (*link == '#' && !known(ids, n, link + 1))
                fail_msg("%s: no %s", KINDS[k], link);
            links += *link == '#';
        }
        for (const char *at = html; (at = strstr(at, " aria-labelledby=\""));) {
            char *labels = arena_strdup(&a, quoted(&a, at += 18)), *rest = labels, *label;
            while ((label = strtok_r(rest, " ", &rest)))
                if (!known(ids, n, label))
                    fail_msg("%s: labelled by %s", KINDS[k], label);
        }
        assert_true(links > 10 && n > 5);
        arena_release(&a);
    }
}

static int count_of(const char *text, const char *part)
{
    int n = 0;
    for (; (text = strstr(text, part)); text += strlen(part))
        n++;
    return n;
}

/* The texts of all that is between two marks, one after the other. */
static int list_between(const char **out, int room, arena *a, const char *html, const char *from,
                        const char *to)
{
    int n = 0;
    while ((html = strstr(html, from)) && n < room) {
        html += strlen(from);
        const char *end = strstr(html, to);
        assert_non_null(end);
        out[n++] = arena_strndup(a, html, (size_t)(end - html));
    }
    return n;
}

/* What a reader is told of a region must not be what is told of another. */
static void regions_have_names_of_their_own(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++) {
        arena a = {0};
        const char *names[4000], *html = file_text(&a, scratch(), file_of(&a, k));
        int n = list_between(names, 2000, &a, html, "tabindex=\"0\" aria-labelledby=\"", "\"");
        n += list_between(names + n, 2000, &a, html, "role=\"region\" aria-label=\"", "\"");
        assert_true(n > 3 && n < 2000);
        for (int i = 0; i < n; i++)
            if (known(names, i, names[i]))
                fail_msg("%s: two regions are called %s", KINDS[k], names[i]);
        arena_release(&a);
    }
}

/* Every target and the main pages; of each, what is folded away or an aside is not there but named,
 * with the page that has it; other pages are listed, and what their index says of them found. */
static void what_is_left_out_is_named(void **state)
{
    (void)state;
    arena a = {0};
    record r;
    record_volatile times;
    char name[RECORD_NAME];
    synthetic_record(&r, &times, &a, SYNTHETIC_USUAL);
    const char *html = file_text(&a, scratch(), "usual.html");
    static const char *const gone[] = {"<details", "<summary", "class=\"aside\"",
                                       "class=\"orders\"", "data-name"};
    for (size_t i = 0; i < COUNT_OF(gone); i++)
        assert_int_equal(count_of(html, gone[i]), 0);
    for (int i = 0; i < r.n_targets; i++) {
        record_feature_name(name, r.run.sae.layer, r.targets[i].id);
        assert_int_equal(count_of(html, arena_printf(&a,
                                                     "<section class=\"page\" "
                                                     "id=\"features-%s\">",
                                                     name)),
                         1);
        const char *told = strstr(
            html, arena_printf(&a, "Only in the report, in <code>features/%s.html</code>: ", name));
        assert_non_null(told);
        const char *sentence = arena_strndup(&a, told, strcspn(told, "\n"));
        assert_non_null(strstr(sentence, "; Statistics on the data; "));
        assert_int_equal(count_of(sentence, "Token by token"), 1);
    }
    assert_non_null(strstr(html, "<li><code>features/by-density.html</code> "));
    const char *cluster = record_cluster_name(name, r.run.sae.layer, r.clusters[0].label);
    assert_non_null(strstr(html, arena_printf(&a, "<li><code>clusters/%s.html</code> ", cluster)));
    assert_int_equal(count_of(html, arena_printf(&a, "<span id=\"clusters-%s\">", cluster)), 1);
    assert_true(count_of(html, arena_printf(&a, " href=\"#clusters-%s\"", cluster)) > 0);
    arena_release(&a);
}

/* The file of 8 targets with room for few of them. */
static void many_targets_are_a_line_each(void **state)
{
    (void)state;
    enum { FEW = 1000 };
    arena a = {0};
    err e;
    size_t size;
    record r;
    template_set templates = load_templates(&a);
    const char *dir = path_join(&a, scratch(), "usual");
    if (record_read(&r, &a, dir, &e) ||
        single_file_write(&size, dir, path_join(&a, scratch(), "few.html"), &templates, FEW, &e))
        fail_msg("%s", e.text);
    assert_true(r.n_targets > SINGLE_FEWEST_TARGETS);
    const char *html = file_text(&a, scratch(), "few.html");
    assert_non_null(strstr(html, arena_printf(&a, "%d of the %d targets stand in this file",
                                              SINGLE_FEWEST_TARGETS, r.n_targets)));
    int sections = 0, lines = 0;
    for (int i = 0; i < r.n_targets; i++) {
        char name[RECORD_NAME];
        record_feature_name(name, r.run.sae.layer, r.targets[i].id);
        int section =
            count_of(html, arena_printf(&a, "<section class=\"page\" id=\"features-%s\">", name));
        int line = count_of(html, arena_printf(&a, "<span id=\"features-%s\">", name));
        assert_int_equal(section + line, 1);
        assert_true(count_of(html, arena_printf(&a, " href=\"#features-%s\"", name)) > 0);
        assert_int_equal(
            count_of(html, arena_printf(&a, "<li><code>features/%s.html</code> ", name)), line);
        sections += section;
        lines += line;
    }
    assert_int_equal(sections, SINGLE_FEWEST_TARGETS);
    assert_int_equal(lines, r.n_targets - SINGLE_FEWEST_TARGETS);
    assert_null(strstr(file_text(&a, scratch(), "usual.html"), "stand in this file in whole"));
    arena_release(&a);
}

/* Targets are taken in the order given while there is room. */
static void there_is_room_for_so_many(void **state)
{
    (void)state;
    enum { N = 6 };
    static const int order[N] = {4, 0, 1, 2, 3, 5}, elements[N] = {10, 20, 30, 40, 50, 60};
    static const int pair[] = {1, 0};
    bool inside[N];
    str html = {0};
    /* 100 + 6 lines of 2; then 48, 8, 18 and 28 more; and 38 more would be 252 */
    static const bool four[N] = {true, true, true, false, true, false};
    assert_int_equal(single_choose(inside, order, N, elements, 100, 251), 4);
    assert_memory_equal(inside, four, sizeof four);
    assert_int_equal(single_choose(inside, order, N, elements, 100, 252), 5);
    assert_int_equal(single_choose(inside, order, N, elements, 100, 310), N);
    assert_int_equal(single_choose(inside, order, N, elements, 100, 0), SINGLE_FEWEST_TARGETS);
    assert_memory_equal(inside, four, sizeof four);
    assert_int_equal(single_choose(inside, pair, 2, elements, 100, 0), 2);
    str_add(&html, "<p>1 &lt; 2<br/></p><!-- a --><svg><a></a></svg>");
    assert_int_equal(single_elements(&html), 4);
    str_release(&html);
}

static void tags_match(void **state)
{
    (void)state;
    static const char *const tags[] = {"a",       "h1", "h2", "h3",      "table", "td", "svg",
                                       "section", "p",  "g",  "details", "code",  "li"};
    for (int k = 0; k < 3; k++) {
        arena a = {0};
        const char *html = file_text(&a, scratch(), file_of(&a, k));
        for (size_t i = 0; i < COUNT_OF(tags); i++) {
            int opened = count_of(html, arena_printf(&a, "<%s>", tags[i])) +
                         count_of(html, arena_printf(&a, "<%s ", tags[i]));
            assert_int_equal(opened, count_of(html, arena_printf(&a, "</%s>", tags[i])));
        }
        assert_int_equal(count_of(html, "<h1"), 1);
        assert_int_equal(count_of(html, "<main"), 1);
        arena_release(&a);
    }
}

/* The policy lets exactly this style sheet through. */
static void the_policy_names_the_style(void **state)
{
    (void)state;
    arena a = {0};
    char hex[SHA256_HEX];
    unsigned char bytes[32];
    str want = {0};
    const char *html = file_text(&a, scratch(), "usual.html");
    const char *style = strstr(html, "<style>") + 7;
    sha256_of(hex, style, (size_t)(strstr(style, "</style>") - style));
    for (int i = 0; i < 32; i++) {
        char pair[3] = {hex[2 * i], hex[2 * i + 1], 0};
        bytes[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
    str_add(&want, "default-src 'none'; img-src data:; style-src 'sha256-");
    base64_add(&want, bytes, sizeof bytes);
    str_add(&want, "'; base-uri 'none'; form-action 'none'\"");
    assert_non_null(strstr(html, str_text(&want)));
    str_release(&want);
    arena_release(&a);
}

static void what_cannot_be_done_is_said(void **state)
{
    (void)state;
    arena a = {0};
    err e;
    size_t size;
    template_set templates = load_templates(&a);
    const char *dir = path_join(&a, scratch(), "empty");
    assert_int_equal(single_file_write(&size, dir, path_join(&a, dir, "fig/one.html"), &templates,
                                       SINGLE_FILE_ELEMENTS, &e),
                     E_USAGE);
    assert_non_null(strstr(e.text, "lies in the report"));
    assert_int_equal(single_file_check(dir, path_join(&a, scratch(), "no/one.html"), &e), E_USAGE);
    assert_non_null(strstr(e.text, "there is no folder"));
    assert_int_equal(single_file_check(dir, scratch(), &e), E_USAGE);
    assert_int_equal(single_file_check(dir, path_join(&a, scratch(), "empty.html"), &e), OK);
    const char *page = path_join(&a, dir, "method.html"),
               *out = path_join(&a, scratch(), "never.html");
    static const char *const broken[] = {"<p>no main</p>\n", "<main id=\"main\"><p a=b></main>\n",
                                         "<main id=\"main\"><img src=\"../../x.png\"></main>\n"};
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        assert_int_equal(io_write(page, broken[i], strlen(broken[i]), &e), OK);
        assert_int_equal(single_file_write(&size, dir, out, &templates, SINGLE_FILE_ELEMENTS, &e),
                         E_FORMAT);
        assert_non_null(strstr(e.text, "method.html"));
        assert_false(io_exists(out));
    }
    arena_release(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_outside_is_needed),
                                       cmocka_unit_test(every_anchor_is_there_once),
                                       cmocka_unit_test(regions_have_names_of_their_own),
                                       cmocka_unit_test(what_is_left_out_is_named),
                                       cmocka_unit_test(many_targets_are_a_line_each),
                                       cmocka_unit_test(there_is_room_for_so_many),
                                       cmocka_unit_test(tags_match),
                                       cmocka_unit_test(the_policy_names_the_style),
                                       cmocka_unit_test(what_cannot_be_done_is_said)};
    return cmocka_run_group_tests(tests, make_files, remove_scratch);
}
