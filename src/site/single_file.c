/* A report as one HTML file. */
#include "site/single_file.h"
#include "base/base64.h"
#include "base/io.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "results/record.h"
#include "site/page.h"
#include "site/show.h"
#include "site/single_choice.h"
#include "site/single_page.h"
#include <stdlib.h>
#include <string.h>

enum { STYLE_LIMIT = 4 << 20, LAYOUT_ELEMENTS = 100 /* of single.html, at most */ };

/* The pages of the menu, in the order they stand in the file; every target follows the features. */
static const struct {
    const char *path, *label;
} starts[] = {{"index.html", "Overview"},
              {"features/index.html", "Features"},
              {"clusters/index.html", "Clusters"},
              {"method.html", "Method"}};

enum { FEATURES = 1, FIRST_TARGET = FEATURES + 1 }; /* of `starts`; of the pages */

/* All targets, or those that stand in whole. */
static void list_pages(single_pages *pages, const record *r, const bool *inside)
{
    char name[RECORD_NAME];
    arena *a = pages->memory;
    pages->n = 0;
    pages->paths = arena_push(a, COUNT_OF(starts) + (size_t)r->n_targets, sizeof *pages->paths);
    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        pages->paths[pages->n++] = starts[i].path;
        for (int k = 0; i == FEATURES && k < r->n_targets; k++)
            if (!inside || inside[k])
                pages->paths[pages->n++] =
                    arena_printf(a, "features/%s.html",
                                 record_feature_name(name, r->run.sae.layer, r->targets[k].id));
    }
}

/* ---- the values of the layout ---- */

/* The SHA-256 of the style sheet as a policy names it. */
static const char *style_hash(arena *a, const str *style)
{
    char hex[SHA256_HEX], pair[3] = {0};
    unsigned char bytes[(SHA256_HEX - 1) / 2];
    str out = {0};
    sha256_of(hex, str_text(style), style->len);
    for (size_t i = 0; i < sizeof bytes; i++) {
        memcpy(pair, hex + 2 * i, 2);
        bytes[i] = (unsigned char)strtoul(pair, NULL, 16);
    }
    base64_add(&out, bytes, sizeof bytes);
    const char *text = arena_strdup(a, str_text(&out));
    str_release(&out);
    return text;
}

static err_code put_style(cJSON *tree, const char *dir, arena *a, err *e)
{
    str style = {0}, icon = {0}, link = {0};
    const char *path = path_join(a, dir, "assets/report.css");
    err_code rc = io_read(&style, path, STYLE_LIMIT, e);
    if (!rc)
        rc = io_read(&icon, path_join(a, dir, "assets/icon.svg"), STYLE_LIMIT, e);
    if (!rc && (strstr(str_text(&style), "</") || strlen(str_text(&style)) != style.len))
        rc = err_set(e, E_FORMAT, "%s: \"</\" or a NUL byte cannot stand in a single file", path);
    if (!rc) {
        base64_add(&link, str_text(&icon), icon.len);
        json_add_string(tree, "style", str_text(&style));
        json_add_string(tree, "style_sha256", style_hash(a, &style));
        json_add_string(tree, "icon", str_text(&link));
    }
    str_release(&style);
    str_release(&icon);
    str_release(&link);
    return rc;
}

static void put_menu(cJSON *tree, arena *a)
{
    cJSON *menu = json_add_array(tree, "menu");
    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        cJSON *entry = put_entry(menu);
        json_add_string(entry, "anchor", single_page_anchor(a, starts[i].path));
        json_add_string(entry, "label", starts[i].label);
    }
}

/* Which pages the indexes list, before any link is made. */
static err_code find_entries(single_pages *pages, err *e)
{
    err_code rc = OK;
    for (size_t i = 0; i < COUNT_OF(starts) && !rc; i++) {
        str ignored = {0};
        single_rest rest = {.memory = pages->memory};
        for (int k = 0; k < pages->n && !rc; k++)
            if (!strcmp(pages->paths[k], starts[i].path))
                rc = single_page_add(&ignored, &rest, pages, k, e);
        str_release(&ignored);
    }
    for (int i = 0; i < pages->n_entries; i++)
        pages->entries[i].placed = false;
    return rc;
}

static void put_rest(cJSON *entry, const single_rest *rest)
{
    json_add_bool(entry, "has_left_out", rest->n > 0);
    cJSON *list = json_add_array(entry, "left_out");
    for (int i = 0; i < rest->n; i++) {
        cJSON *part = put_entry(list);
        json_add_string(part, "name", rest->names[i]);
        json_add_bool(part, "another", i > 0);
    }
}

static err_code put_pages(cJSON *tree, single_pages *pages, err *e)
{
    cJSON *list = json_add_array(tree, "pages");
    err_code rc = find_entries(pages, e);
    for (int i = 0; i < pages->n && !rc; i++) {
        str body = {0};
        single_rest rest = {.memory = pages->memory};
        rc = single_page_add(&body, &rest, pages, i, e);
        cJSON *entry = put_entry(list);
        json_add_string(entry, "anchor", single_page_anchor(pages->memory, pages->paths[i]));
        json_add_string(entry, "path", pages->paths[i]);
        json_add_bool(entry, "first", i == 0);
        json_add_string(entry, "body", str_text(&body));
        put_rest(entry, &rest);
        str_release(&body);
    }
    return rc;
}

/* The pages of a folder that are not inside. */
static err_code put_others_of(cJSON *list, const char *folder, const single_pages *pages, err *e)
{
    char **names;
    int n = 0;
    arena *a = pages->memory;
    err_code rc = io_list(&names, &n, path_join(a, pages->dir, folder), a, e);
    for (int i = 0; i < n && !rc; i++) {
        const char *path = path_join(a, folder, names[i]);
        const char *dot = strrchr(names[i], '.');
        if (!dot || strcmp(dot, ".html") || single_holds(pages, path))
            continue;
        str title = {0};
        rc = single_page_title(&title, pages->dir, path, e);
        cJSON *entry = put_entry(list);
        json_add_string(entry, "path", path);
        json_add_string(entry, "title", str_text(&title));
        str_release(&title);
    }
    return rc;
}

static err_code put_others(cJSON *tree, const single_pages *pages, err *e)
{
    cJSON *list = json_add_array(tree, "others");
    err_code rc = put_others_of(list, "features", pages, e);
    if (!rc)
        rc = put_others_of(list, "clusters", pages, e);
    json_add_bool(tree, "has_others", cJSON_GetArraySize(list) > 0);
    return rc;
}

/* How many elements each page would bring, were all targets inside. */
static err_code count_elements(int *elements, single_pages *pages, err *e)
{
    err_code rc = OK;
    for (int i = 0; i < pages->n && !rc; i++) {
        str body = {0};
        single_rest rest = {.memory = pages->memory};
        rc = single_page_add(&body, &rest, pages, i, e);
        elements[i] = single_elements(&body);
        str_release(&body);
    }
    return rc;
}

/* How many lines name pages that are not inside, were all targets inside. */
static err_code count_others(int *n, const single_pages *pages, err *e)
{
    cJSON *tree = cJSON_CreateObject();
    err_code rc = put_others(tree, pages, e);
    *n = rc ? 0 : cJSON_GetArraySize(json_member(tree, "others"));
    cJSON_Delete(tree);
    return rc;
}

/* Leaves of the targets those inside that there is room for. */
static err_code choose_targets(int *n_inside, single_pages *pages, const record *r, int most,
                               err *e)
{
    arena *a = pages->memory;
    size_t room = (size_t)r->n_targets + COUNT_OF(starts);
    int n = r->n_targets, n_others = 0, *elements = arena_push(a, room, sizeof *elements),
        *order = arena_push(a, room, sizeof *order);
    bool *inside = arena_push(a, room, sizeof *inside);
    list_pages(pages, r, NULL);
    err_code rc = count_elements(elements, pages, e);
    if (!rc)
        rc = count_others(&n_others, pages, e);
    if (rc)
        return rc;
    int others = LAYOUT_ELEMENTS + n_others * SINGLE_LINE_ELEMENTS;
    for (int i = 0; i < pages->n; i++)
        others += i < FIRST_TARGET || i >= FIRST_TARGET + n ? elements[i] : 0;
    single_order(order, r);
    *n_inside = single_choose(inside, order, n, elements + FIRST_TARGET, others, most);
    list_pages(pages, r, inside);
    return OK;
}

static void put_run(cJSON *tree, const record *r, int n_inside, arena *a)
{
    put_text(tree, "title", a, r->run.title);
    put_text(tree, "label", a, r->run.label);
    put_text(tree, "version", a, r->run.tool_version);
    json_add_string(tree, "n_targets", show_count(a, r->n_targets));
    json_add_string(tree, "n_inside", show_count(a, n_inside));
    json_add_bool(tree, "has_lines", n_inside < r->n_targets);
}

/* ---- the whole ---- */

static bool lies_in(const char *folder, const char *dir)
{
    char *inside = realpath(folder, NULL), *report = realpath(dir, NULL);
    size_t n = report ? strlen(report) : 0;
    bool within =
        inside && report && !strncmp(inside, report, n) && (inside[n] == '/' || !inside[n]);
    free(inside);
    free(report);
    return within;
}

err_code single_file_check(const char *dir, const char *out, err *e)
{
    arena a = {0};
    const char *slash = strrchr(out, '/');
    const char *folder = !slash         ? "."
                         : slash == out ? "/"
                                        : arena_strndup(&a, out, (size_t)(slash - out));
    err_code rc = OK;
    if (!io_is_dir(folder))
        rc = err_set(e, E_USAGE, "--single-file %s: there is no folder %s", out, folder);
    else if (io_is_dir(out) || (slash && !slash[1]))
        rc = err_set(e, E_USAGE, "--single-file %s: is a folder; give the name of a file", out);
    else if (lies_in(folder, dir))
        rc = err_set(e, E_USAGE,
                     "--single-file %s: lies in the report %s, whose manifest would not name it; "
                     "put it beside",
                     out, dir);
    arena_release(&a);
    return rc;
}

static err_code put_all(cJSON *tree, single_pages *pages, int most_elements, err *e)
{
    record r;
    int n_inside = 0;
    arena *a = pages->memory;
    err_code rc = record_read(&r, a, pages->dir, e);
    if (!rc)
        rc = choose_targets(&n_inside, pages, &r, most_elements, e);
    if (rc)
        return rc;
    put_run(tree, &r, n_inside, a);
    put_menu(tree, a);
    rc = put_style(tree, pages->dir, a, e);
    if (!rc)
        rc = put_pages(tree, pages, e);
    if (!rc)
        rc = put_others(tree, pages, e);
    return rc;
}

err_code single_file_write(size_t *size, const char *dir, const char *out,
                           const template_set *templates, int most_elements, err *e)
{
    arena a = {0};
    str text = {0};
    single_pages pages = {.memory = &a, .dir = dir};
    cJSON *tree = cJSON_CreateObject();
    err_code rc = single_file_check(dir, out, e);
    if (!rc)
        rc = put_all(tree, &pages, most_elements, e);
    if (!rc)
        rc = template_fill(&text, templates, "single.html", tree, TEMPLATE_HTML, e);
    if (!rc)
        rc = io_write(out, str_text(&text), text.len, e);
    *size = text.len;
    cJSON_Delete(tree);
    str_release(&text);
    arena_release(&a);
    return rc;
}
