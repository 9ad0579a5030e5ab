/* Whole sites of synthetic records, usual, hostile and empty: nothing forbidden, no broken link, no
 * leak of markup, same bytes every time. SAEINV_KEEP_SITE=DIR keeps them to be looked at. */
#include "test.h"
#include "base/io.h"
#include "base/memory.h"
#include "site/chain.h"
#include "site/common_site.h"
#include "site/site.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char *const KINDS[] = {"usual", "hostile", "empty"};

static const char *site_dir(arena *a, const char *name)
{
    const char *keep = getenv("SAEINV_KEEP_SITE");
    return path_join(a, keep ? keep : scratch(), name);
}

static int make_sites(void **state)
{
    arena a = {0};
    if (make_scratch(state))
        return -1;
    for (int i = 0; i < 3; i++)
        write_site(site_dir(&a, KINDS[i]), (synthetic_kind)i);
    arena_release(&a);
    return 0;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

/* ---- a small reader of tags ---- */

typedef struct attribute {
    char name[32], value[4096];
} attribute;

/* Moves to the next attribute of the tag at `at` (after its name); NULL at the tag's end. */
static const char *next_attribute(attribute *out, const char *at)
{
    *out = (attribute){0};
    while (isspace((unsigned char)*at) || *at == '/')
        at++;
    if (*at == '>' || !*at)
        return NULL;
    size_t n = strcspn(at, "= >");
    assert_true(n && n < sizeof out->name);
    memcpy(out->name, at, n);
    at += n;
    if (*at != '=')
        return at;
    assert_int_equal(at[1], '"'); /* every value is quoted */
    at += 2;
    n = strcspn(at, "\"");
    assert_true(at[n]);
    if (n < sizeof out->value)
        memcpy(out->value, at, n);
    return at + n + 1;
}

typedef void tag_visitor(const char *file, const char *tag, const attribute *one, void *context);

static void visit_tags(const char *file, const char *html, tag_visitor *visit, void *context)
{
    for (const char *at = html; (at = strchr(at, '<'));) {
        char tag[32] = {0};
        attribute one;
        size_t n = strcspn(++at, " >\n");
        if (*at == '!' || *at == '/')
            continue;
        if (n >= sizeof tag)
            fail_msg("%s: <%.40s", file, at);
        memcpy(tag, at, n);
        visit(file, tag, NULL, context);
        at += n;
        for (const char *next; (next = next_attribute(&one, at)); at = next)
            visit(file, tag, &one, context);
    }
}

/* ---- nothing forbidden ---- */

static void refuse(const char *file, const char *tag, const attribute *one, void *context)
{
    (void)context;
    static const char *const bad[] = {"script", "style", "iframe", "object",
                                      "embed",  "form",  "b",      "base"};
    for (size_t i = 0; i < COUNT_OF(bad) && !one; i++)
        if (!strcmp(tag, bad[i]))
            fail_msg("%s: <%s>", file, tag);
    if (!one)
        return;
    if (!strncmp(one->name, "on", 2) || !strcmp(one->name, "style"))
        fail_msg("%s: attribute %s", file, one->name);
    bool loads = !strcmp(one->name, "src") || !strcmp(one->name, "srcset") ||
                 (!strcmp(tag, "link") && !strcmp(one->name, "href"));
    if (loads && (strstr(one->value, "//") || strstr(one->value, "data:")))
        fail_msg("%s: loads %s", file, one->value);
    if (!strncmp(one->value, "javascript:", 11))
        fail_msg("%s: %s", file, one->value);
}

static void check_text(const char *file, const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t n = strlen(text);
    uint32_t code;
    for (size_t i = 0; i < n;) {
        int length = utf8_decode(p + i, n - i, &code);
        if (!length)
            fail_msg("%s: byte %zu is not UTF-8", file, i);
        if ((code < 0x20 && code != '\n') || (code >= 0x7F && code < 0xA0) ||
            (code >= 0x202A && code <= 0x202E) || (code >= 0xE000 && code <= 0xF8FF) ||
            (code & 0xFFFE) == 0xFFFE)
            fail_msg("%s: character U+%04X", file, code);
        i += (size_t)length;
    }
    assert_int_equal(text[n - 1], '\n');
}

static void pages_hold_nothing_forbidden(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++) {
        arena a = {0};
        int n, pages = 0;
        const char *dir = site_dir(&a, KINDS[k]);
        char **files = list_files(&n, &a, dir);
        for (int i = 0; i < n; i++) {
            if (!ends_with(files[i], ".html") && !ends_with(files[i], ".md"))
                continue;
            const char *text = file_text(&a, dir, files[i]);
            check_text(files[i], text);
            if (ends_with(files[i], ".html"))
                visit_tags(files[i], text, refuse, NULL);
            pages++;
        }
        assert_true(pages >= 16);
        arena_release(&a);
    }
}

/* ---- links ---- */

typedef struct links {
    arena *a;
    const char *dir;
    const char *html; /* of the page at hand */
    int checked;
} links;

static void check_fragment(const char *file, const char *html, const char *id)
{
    str want = {0};
    str_addf(&want, " id=\"%s\"", id);
    if (!strstr(html, str_text(&want)))
        fail_msg("%s: no element has the id %s", file, id);
    str_release(&want);
}

static void follow(const char *file, const char *tag, const attribute *one, void *context)
{
    links *l = context;
    (void)tag;
    if (!one || (strcmp(one->name, "href") && strcmp(one->name, "src") &&
                 strcmp(one->name, "srcset") && strcmp(one->name, "aria-labelledby")))
        return;
    if (one->name[0] == 'a') {
        check_fragment(file, l->html, one->value);
        return;
    }
    if (!*one->value)
        fail_msg("%s: an empty link", file);
    const char *hash = strchr(one->value, '#'), *slash = strrchr(file, '/');
    size_t n = hash ? (size_t)(hash - one->value) : strlen(one->value);
    const char *target = arena_strndup(l->a, one->value, n);
    const char *path =
        arena_printf(l->a, "%.*s%s", slash ? (int)(slash - file) + 1 : 0, file, target);
    if (n && !io_exists(path_join(l->a, l->dir, path)))
        fail_msg("%s links to %s, which is not there", file, one->value);
    if (hash)
        check_fragment(file, n ? file_text(l->a, l->dir, path) : l->html, hash + 1);
    l->checked++;
}

static void every_link_leads_somewhere(void **state)
{
    (void)state;
    for (int k = 0; k < 3; k++) {
        arena a = {0};
        int n;
        links l = {&a, site_dir(&a, KINDS[k]), NULL, 0};
        char **files = list_files(&n, &a, l.dir);
        for (int i = 0; i < n; i++) {
            if (!ends_with(files[i], ".html"))
                continue;
            l.html = file_text(&a, l.dir, files[i]);
            visit_tags(files[i], l.html, follow, &l);
        }
        assert_true(l.checked > 50);
        arena_release(&a);
    }
}

/* Relative links of the Markdown pages; those made by hostile text are escaped and not found. */
static void markdown_links_lead_somewhere(void **state)
{
    (void)state;
    arena a = {0};
    int n, checked = 0;
    const char *dir = site_dir(&a, "usual");
    char **files = list_files(&n, &a, dir);
    for (int i = 0; i < n; i++) {
        if (!ends_with(files[i], ".md"))
            continue;
        const char *slash = strrchr(files[i], '/');
        for (const char *at = file_text(&a, dir, files[i]); (at = strstr(at, "]("));) {
            at += 2;
            const char *path = arena_printf(&a, "%.*s%.*s", slash ? (int)(slash - files[i]) + 1 : 0,
                                            files[i], (int)strcspn(at, ")#"), at);
            if (!io_exists(path_join(&a, dir, path)))
                fail_msg("%s links to %s, which is not there", files[i], path);
            checked++;
        }
    }
    assert_true(checked > 100);
    arena_release(&a);
}

/* ---- the same every time ---- */

static void equal_records_give_equal_sites(void **state)
{
    (void)state;
    arena a = {0};
    const char *again = path_join(&a, scratch(), "again");
    write_site(again, SYNTHETIC_HOSTILE);
    assert_string_equal(file_text(&a, again, "MANIFEST.sha256"),
                        file_text(&a, site_dir(&a, "hostile"), "MANIFEST.sha256"));
    arena_release(&a);
}

static void rendering_again_replaces_old_pages(void **state)
{
    (void)state;
    arena a = {0};
    err e = {0};
    const char *dir = site_dir(&a, "usual");
    template_set templates = load_templates(&a);
    const char *before = file_text(&a, dir, "MANIFEST.sha256");
    const char *stale = path_join(&a, dir, "features/L02-99999.html");
    assert_int_equal(io_write(stale, "old\n", 4, &e), OK);
    assert_int_equal(site_write(dir, &templates, &e), OK);
    assert_false(io_exists(stale));
    assert_string_equal(file_text(&a, dir, "MANIFEST.sha256"), before);
    arena_release(&a);
}

/* ---- what goes wrong is said ---- */

static void bad_input_is_refused(void **state)
{
    (void)state;
    arena a = {0};
    err e = {0};
    template_set templates = load_templates(&a), few = {templates.sources, 1};
    assert_int_equal(site_write(path_join(&a, scratch(), "nowhere"), &templates, &e), E_IO);
    assert_non_null(strstr(e.text, "run.json"));
    write_site(path_join(&a, scratch(), "bad"), SYNTHETIC_EMPTY);
    assert_int_equal(site_write(path_join(&a, scratch(), "bad"), &few, &e), E_FORMAT);
    assert_non_null(strstr(e.text, "template"));
    arena_release(&a);
}

/* The figures on a page are the ones in the data: one value followed through all files. */
static void a_number_is_the_same_everywhere(void **state)
{
    (void)state;
    arena a = {0};
    const char *dir = site_dir(&a, "usual");
    assert_non_null(strstr(file_text(&a, dir, "data/targets.csv"), ",38.5,"));
    assert_non_null(strstr(file_text(&a, dir, "features/L02-00343.md"), "38.5"));
    assert_non_null(strstr(file_text(&a, dir, "features/L02-00343.html"), "38.5"));
    assert_non_null(
        strstr(file_text(&a, dir, "data/targets/L02-00343.json"), "\"specificity\": 38.5"));
    assert_non_null(strstr(file_text(&a, dir, "compare.json"), "\"median_specificity\""));
    arena_release(&a);
}

static void a_name_stands_beside_the_number(void **state)
{
    (void)state;
    static const char *const pages[] = {"features/L02-00343.html", "features/index.html",
                                        "index.html"};
    arena a = {0};
    const char *dir = site_dir(&a, "usual"), *shown = "343: neuron 4 of &lt;b&gt; | post<";
    for (size_t i = 0; i < COUNT_OF(pages); i++)
        if (!strstr(file_text(&a, dir, pages[i]), shown))
            fail_msg("%s holds no %s", pages[i], shown);
    arena_release(&a);
}

/* ---- the search for real tokens ---- */

static void says(arena *a, const char *dir, const char *file, const char *text)
{
    if (!strstr(file_text(a, dir, file), text))
        fail_msg("%s does not say: %s", file, text);
}

static void rules_of_concepts_show_their_tokens(void **state)
{
    (void)state;
    arena a = {0};
    const char *dir = site_dir(&a, "usual");
    says(&a, dir, "method.md", "| Active on `x`. |");
    says(&a, dir, "method.html", ">Active on <code>x</code>.</td>");
    arena_release(&a);
}

static void pages_say_what_the_search_found(void **state)
{
    (void)state;
    arena a = {0};
    const char *dir = site_dir(&a, "usual");
    static const char *const ends[] = {".md", ".html"};
    for (int i = 0; i < 2; i++) {
        const char *first = arena_printf(&a, "features/L02-00343%s", ends[i]);
        const char *second = arena_printf(&a, "features/L02-00378%s", ends[i]);
        says(&a, dir, first, "No single swap among the 64 tokens a position");
        says(&a, dir, first, "unlike the data");
        says(&a, dir, first, "of them within 5% of it");
        says(&a, dir, first, "no gradient");
        says(&a, dir, second, "No certificate.");
        says(&a, dir, second, "so it depends on its place");
        says(&a, dir, i ? "index.html" : "README.md", "12.5% had no gradient at all");
        says(&a, dir, i ? "method.html" : "method.md", "arXiv:2402.01702");
    }
    says(&a, dir, "features/L02-00343.html", "lost with the worst other token");
    says(&a, dir, "fig/L02-00343-tokens.svg", "<svg");
    says(&a, dir, "fig/L02-00343.csv", "chain,,no real text,free vectors,,,3.4,");
    says(&a, dir, "fig/L02-00343.csv", "search,front,best window as it is,");
    arena_release(&a);
}

/* What free vectors reach is shown only beside what is left of it as text. */
static void free_is_never_alone(void **state)
{
    (void)state;
    int n, seen = 0;
    const chain_bar *bars = chain_bars(&n);
    record_chain chain = {.free = 3, .projected = 0.2, .warm = 1.1}, alone = chain;
    alone.projected = (double)NAN;
    for (int i = 0; i < n; i++) {
        if (!strcmp(bars[i].name, "free")) {
            assert_true(chain_value(&chain, &bars[i]) == 3);
            assert_true(isnan(chain_value(&alone, &bars[i])));
            seen++;
        }
        if (!strcmp(bars[i].name, "warm")) {
            assert_true(chain_value(&alone, &bars[i]) == 1.1);
            seen++;
        }
    }
    assert_int_equal(seen, 2);
}

static void a_run_without_search_says_so(void **state)
{
    (void)state;
    arena a = {0};
    err e = {0};
    record r;
    record_volatile times;
    template_set templates = load_templates(&a);
    const char *dir = path_join(&a, scratch(), "unsought");
    synthetic_record(&r, &times, &a, SYNTHETIC_HOSTILE);
    r.search = (record_search_summary){0};
    for (int i = 0; i < r.n_targets; i++)
        r.targets[i].search = (record_search){0};
    if (record_write(dir, &r, &e) || site_write(dir, &templates, &e))
        fail_msg("%s", e.text);
    char name[RECORD_NAME];
    const char *page =
        arena_printf(&a, "features/%s.md", record_feature_name(name, 2, r.targets[0].id));
    says(&a, dir, page, "No real tokens were sought for this feature.");
    says(&a, dir, "README.md", "with real tokens | search |");
    assert_null(strstr(file_text(&a, dir, page), "<summary>The optimised vectors"));
    assert_null(strstr(file_text(&a, dir, "README.md"), "How far real tokens go"));
    assert_null(strstr(file_text(&a, dir, "method.md"), "How real tokens are sought"));
    arena_release(&a);
}

/* ---- figures and their values ---- */

/* Reads a cell (RFC 4180) into `cell`; returns what stands behind it. */
static const char *read_cell(str *cell, const char *at)
{
    str_clear(cell);
    bool quoted = *at == '"';
    for (at += quoted; *at; at++) {
        if (quoted && *at == '"' && *++at != '"')
            break;
        if (!quoted && (*at == ',' || *at == '\n'))
            break;
        str_add_char(cell, *at);
    }
    return at + 1;
}

/* One row of fig/figures.csv: the image is there, and so are the values. */
static void check_listed(arena *a, const char *dir, char **cells)
{
    enum { PAGE, FIGURE, PANEL, TITLE, IMAGE, VALUES, ALT = 8 };
    const char *hash = strchr(cells[IMAGE], '#');
    size_t n = hash ? (size_t)(hash - cells[IMAGE]) : strlen(cells[IMAGE]);
    if (!io_exists(path_join(a, dir, arena_strndup(a, cells[IMAGE], n))))
        fail_msg("%s is listed and not there", cells[IMAGE]);
    const char *values = file_text(a, dir, cells[VALUES]);
    const char *row = arena_printf(a, "\n%s,%s,", cells[FIGURE], cells[PANEL]);
    bool matrix = strncmp(values, "figure,panel,", 13) != 0;
    if (!matrix && !strstr(values, row))
        fail_msg("%s holds no row%s", cells[VALUES], row);
    const char *page = file_text(a, dir, cells[PAGE]);
    bool of_data = !strncmp(cells[VALUES], "data/", 5);
    if (!strstr(page, of_data ? "values: features.csv</a>"
                              : arena_printf(a, "%s, figure %s</a>", strchr(cells[VALUES], '/') + 1,
                                             cells[FIGURE])))
        fail_msg("%s: no caption names the values of %s", cells[PAGE], cells[FIGURE]);
    assert_true(*cells[ALT] && *cells[TITLE] && strlen(cells[ALT]) <= 250);
}

static void every_figure_is_listed_with_its_values(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        arena a = {0};
        const char *dir = site_dir(&a, KINDS[k]), *list = file_text(&a, dir, "fig/figures.csv");
        const char *at = strchr(list, '\n') + 1;
        str cell = {0};
        int n, rows = 0;
        for (; *at; rows++) {
            char *cells[9];
            for (size_t i = 0; i < COUNT_OF(cells); i++) {
                at = read_cell(&cell, at);
                cells[i] = arena_strdup(&a, str_text(&cell));
            }
            check_listed(&a, dir, cells);
        }
        assert_true(rows > 30);
        char **files = list_files(&n, &a, path_join(&a, dir, "fig"));
        for (int i = 0; i < n; i++)
            if ((ends_with(files[i], ".png") && !ends_with(files[i], "-dark.png")) ||
                ends_with(files[i], ".svg"))
                if (!strstr(list, arena_printf(&a, ",fig/%s,", files[i])))
                    fail_msg("%s is not listed", files[i]);
        str_release(&cell);
        arena_release(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_of_concepts_show_their_tokens),
        cmocka_unit_test(pages_hold_nothing_forbidden),
        cmocka_unit_test(every_link_leads_somewhere),
        cmocka_unit_test(markdown_links_lead_somewhere),
        cmocka_unit_test(equal_records_give_equal_sites),
        cmocka_unit_test(rendering_again_replaces_old_pages),
        cmocka_unit_test(bad_input_is_refused),
        cmocka_unit_test(a_number_is_the_same_everywhere),
        cmocka_unit_test(a_name_stands_beside_the_number),
        cmocka_unit_test(pages_say_what_the_search_found),
        cmocka_unit_test(free_is_never_alone),
        cmocka_unit_test(a_run_without_search_says_so),
        cmocka_unit_test(every_figure_is_listed_with_its_values),
    };
    return cmocka_run_group_tests(tests, make_sites, remove_scratch);
}
