/* One page: values, blocks, template, layout, files. */
#include "site/page.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/progress.h"
#include "site/show.h"
#include <string.h>

static const menu_entry RUN_MENU[] = {
    {SECTION_RUN, "Overview", "", "index"},
    {SECTION_FEATURES, "Features", "features/", "index"},
    {SECTION_CLUSTERS, "Clusters", "clusters/", "index"},
    {SECTION_METHOD, "Method", "", "method"},
    {SECTION_TIMES, "Times", "volatile/", "index"},
};

void put_text(cJSON *object, const char *key, arena *a, const char *text)
{
    json_add_string(object, key, show_text(a, text));
}

cJSON *put_entry(cJSON *list)
{
    cJSON *entry = cJSON_CreateObject();
    if (!entry || !cJSON_AddItemToArray(list, entry))
        err_die("out of memory making a page");
    return entry;
}

void page_start(page *p, const site *s, site_section part, const char *folder, const char *stem,
                const char *title)
{
    *p = (page){.site = s,
                .folder = folder,
                .stem = stem,
                .section = part,
                .root = *folder ? "../" : "",
                .tree = cJSON_CreateObject()};
    p->blocks.memory = &p->memory;
    p->title = show_text(&p->memory, title);
    json_add_string(p->tree, "title", p->title);
    json_add_string(p->tree, "root", p->root);
    put_text(p->tree, "run_title", &p->memory, s->r->run.title);
}

void page_drop(page *p)
{
    cJSON_Delete(p->tree);
    p->tree = NULL;
    str_release(&p->values);
    arena_release(&p->memory);
}

/* ---- writing ---- */

static const char *file_stem(const char *stem, bool html)
{
    return !html && !strcmp(stem, "index") ? "README" : stem;
}

/* Fills the template for one kind of output: links inside go to files of the same kind. */
static err_code fill(str *out, page *p, const char *template_name, bool html, err *e)
{
    cJSON_DeleteItemFromObjectCaseSensitive(p->tree, "ext");
    cJSON_DeleteItemFromObjectCaseSensitive(p->tree, "index");
    cJSON_DeleteItemFromObjectCaseSensitive(p->tree, "html");
    json_add_string(p->tree, "ext", html ? "html" : "md");
    json_add_string(p->tree, "index", html ? "index.html" : "README.md");
    json_add_bool(p->tree, "html", html);
    return template_fill(out, p->site->templates, template_name, p->tree, TEMPLATE_MARKDOWN, e);
}

static void add_menu(cJSON *tree, page *p)
{
    const site *whole = p->site;
    const menu_entry *menu = whole->menu ? whole->menu : RUN_MENU;
    int n = whole->menu ? whole->n_menu : (int)COUNT_OF(RUN_MENU);
    cJSON *list = json_add_array(tree, "menu");
    for (int i = 0; i < n; i++) {
        cJSON *entry = put_entry(list);
        json_add_string(entry, "label", menu[i].label);
        json_add_string(
            entry, "href",
            arena_printf(&p->memory, "%s%s%s.html", p->root, menu[i].folder, menu[i].stem));
        json_add_bool(entry, "current", menu[i].section == p->section);
    }
}

static err_code fill_layout(str *out, page *p, const str *body, err *e)
{
    cJSON *tree = cJSON_CreateObject();
    const record_run *run = &p->site->r->run;
    bool report = p->section != SECTION_INDEX, home = !report || p->section == SECTION_RUN;
    json_add_string(tree, "title", p->title);
    json_add_bool(tree, "home", home);
    json_add_bool(tree, "report", report);
    put_text(tree, "run_title", &p->memory, run->title);
    put_text(tree, "version", &p->memory, run->tool_version);
    put_text(tree, "label", &p->memory, run->label);
    json_add_string(tree, "root", p->root);
    json_add_string(tree, "twin", arena_printf(&p->memory, "%s.md", file_stem(p->stem, false)));
    json_add_string(tree, "body", str_text(body));
    add_menu(tree, p);
    err_code rc = template_fill(out, p->site->templates, "layout.html", tree, TEMPLATE_HTML, e);
    cJSON_Delete(tree);
    return rc;
}

static err_code write_twin(page *p, const str *text, bool html, err *e)
{
    const char *name = arena_printf(&p->memory, "%s%s%s.%s", p->folder, *p->folder ? "/" : "",
                                    file_stem(p->stem, html), html ? "html" : "md");
    return io_write(path_join(&p->memory, p->site->dir, name), str_text(text), text->len, e);
}

/* VALUES/FOLDER-STEM.json: {template, values}. */
static err_code write_template_values(page *p, const char *template_name, err *e)
{
    arena *a = &p->memory;
    if (!p->site->values)
        return OK;
    cJSON *object = cJSON_CreateObject();
    json_add_string(object, "template", template_name);
    cJSON_AddItemReferenceToObject(object, "values", p->tree);
    const char *name = arena_printf(a, "%s%s%s.json", p->folder, *p->folder ? "-" : "", p->stem);
    err_code rc = json_write(path_join(a, p->site->values, name), object, e);
    cJSON_Delete(object);
    return rc;
}

err_code page_write(page *p, const char *template_name, err *e)
{
    err_code rc = page_write_values(p, e);
    if (!rc)
        rc = write_template_values(p, template_name, e);
    for (int html = 0; html < 2 && !rc; html++) {
        str source = {0}, markdown = {0}, body = {0}, whole = {0};
        rc = fill(&source, p, template_name, html, e);
        if (!rc)
            rc = document_publish(&markdown, &body, str_text(&source), &p->blocks, p->stem, e);
        if (!rc && html)
            rc = fill_layout(&whole, p, &body, e);
        if (!rc)
            rc = write_twin(p, html ? &whole : &markdown, html, e);
        str_release(&source);
        str_release(&markdown);
        str_release(&body);
        str_release(&whole);
    }
    page_drop(p);
    return rc ? rc : cancel_check(e);
}
