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
#include "site/single_page.h"
#include <stdlib.h>
#include <string.h>

enum { STYLE_LIMIT = 4 << 20 };

/* In the order they stand in the file; every further page of a folder follows its index. */
static const struct {
    const char *path, *label;
} starts[] = {{"index.html", "Overview"},
              {"features/index.html", "Features"},
              {"clusters/index.html", "Clusters"},
              {"method.html", "Method"}};

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

static void add_path(single_pages *pages, char *path)
{
    pages->paths = mem_grow(pages->paths, (size_t)pages->n + 1, sizeof *pages->paths);
    pages->paths[pages->n++] = path;
}

static err_code list_folder(single_pages *pages, const char *index, arena *a, err *e)
{
    char **names;
    int n;
    const char *slash = strchr(index, '/');
    if (!slash)
        return OK;
    const char *folder = arena_strndup(a, index, (size_t)(slash - index));
    err_code rc = io_list(&names, &n, path_join(a, pages->dir, folder), a, e);
    for (int i = 0; i < n && !rc; i++)
        if (ends_with(names[i], ".html") && strcmp(names[i], "index.html"))
            add_path(pages, path_join(a, folder, names[i]));
    return rc;
}

static err_code list_pages(single_pages *pages, arena *a, err *e)
{
    err_code rc = OK;
    for (size_t i = 0; i < COUNT_OF(starts) && !rc; i++) {
        add_path(pages, arena_strdup(a, starts[i].path));
        rc = list_folder(pages, starts[i].path, a, e);
    }
    return rc;
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

static err_code put_pages(cJSON *tree, const single_pages *pages, arena *a, err *e)
{
    cJSON *list = json_add_array(tree, "pages");
    err_code rc = OK;
    for (int i = 0; i < pages->n && !rc; i++) {
        str body = {0};
        rc = single_page_add(&body, pages, i, e);
        cJSON *entry = put_entry(list);
        json_add_string(entry, "anchor", single_page_anchor(a, pages->paths[i]));
        json_add_bool(entry, "first", i == 0);
        json_add_string(entry, "body", str_text(&body));
        str_release(&body);
    }
    cJSON *menu = json_add_array(tree, "menu");
    for (size_t i = 0; i < COUNT_OF(starts); i++) {
        cJSON *entry = put_entry(menu);
        json_add_string(entry, "anchor", single_page_anchor(a, starts[i].path));
        json_add_string(entry, "label", starts[i].label);
    }
    return rc;
}

static err_code put_run(cJSON *tree, const char *dir, arena *a, err *e)
{
    record r;
    err_code rc = record_read(&r, a, dir, e);
    if (rc)
        return rc;
    put_text(tree, "title", a, r.run.title);
    put_text(tree, "label", a, r.run.label);
    put_text(tree, "version", a, r.run.tool_version);
    return OK;
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

err_code single_file_write(size_t *size, const char *dir, const char *out,
                           const template_set *templates, err *e)
{
    arena a = {0};
    str text = {0};
    single_pages pages = {.dir = dir};
    cJSON *tree = cJSON_CreateObject();
    err_code rc = single_file_check(dir, out, e);
    if (!rc)
        rc = put_run(tree, dir, &a, e);
    if (!rc)
        rc = list_pages(&pages, &a, e);
    if (!rc)
        rc = put_style(tree, dir, &a, e);
    if (!rc)
        rc = put_pages(tree, &pages, &a, e);
    if (!rc)
        rc = template_fill(&text, templates, "single.html", tree, TEMPLATE_HTML, e);
    if (!rc)
        rc = io_write(out, str_text(&text), text.len, e);
    *size = text.len;
    cJSON_Delete(tree);
    mem_free(pages.paths);
    str_release(&text);
    arena_release(&a);
    return rc;
}
