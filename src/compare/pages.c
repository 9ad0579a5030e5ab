/* A site of comparison pages: its menu, its folders, what several pages show. */
#include "compare/pages.h"
#include "base/io.h"
#include "base/memory.h"
#include "site/show.h"
#include <string.h>

const char *feature_category_meaning(feature_category c)
{
    static const char *const meanings[FEATURE_CATEGORIES] = {
        "chosen, or let through the filter, by A alone",
        "chosen, or let through the filter, by B alone",
        "active in A alone",
        "active in B alone",
        "in a cluster that is not the corresponding one",
        "something else differs: a number, a sentence, a context",
        "nothing differs"};
    return meanings[c];
}

int put_differences(page *p, const char *key, const comparison *c, const char *prefix, int most)
{
    arena *a = &p->memory;
    cJSON *list = json_add_array(p->tree, key);
    int n = 0;
    for (int i = 0; i < c->differences.n; i++) {
        const difference *d = &c->differences.items[i];
        if (strncmp(d->place, prefix, strlen(prefix)) != 0 || n++ >= most)
            continue;
        cJSON *row = put_entry(list);
        put_text(row, "place", a, d->place);
        put_text(row, "a", a, d->a ? d->a : "–");
        put_text(row, "b", a, d->b ? d->b : "–");
    }
    return n;
}

static err_code make_folders(const char *dir, arena *a, err *e)
{
    static const char *const folders[] = {"fig", "targets", "assets"};
    err_code rc = OK;
    for (size_t i = 0; i < COUNT_OF(folders) && !rc; i++)
        rc = io_make_dir(path_join(a, dir, folders[i]), e);
    return rc;
}

err_code compare_pages(const char *dir, const comparison *c, const compared_names *names,
                       const template_set *templates, const char *version, err *e)
{
    static const menu_entry menu[] = {{SECTION_RUN, "Comparison", "", "index"}};
    arena a = {0};
    record shell = {.run = {.title = arena_printf(&a, "%s against %s", names->a, names->b),
                            .label = "comparison",
                            .tool_version = version,
                            .sae.layer = c->a->run.sae.layer}};
    str figures = {0};
    compare_site s = {.site = {.figures = &figures,
                               .dir = dir,
                               .r = &shell,
                               .templates = templates,
                               .menu = menu,
                               .n_menu = COUNT_OF(menu)},
                      .c = c,
                      .names = names};
    err_code rc = make_folders(dir, &a, e);
    if (!rc)
        rc = site_write_assets(&s.site, &a, e);
    if (!rc)
        rc = compare_page_overview(&s, e);
    for (int i = 0; i < c->n_targets && !rc; i++)
        if (c->targets[i].category != FEATURE_SAME)
            rc = compare_page_target(&s, i, e);
    if (!rc)
        rc = site_write_figures(&s.site, e);
    str_release(&figures);
    arena_release(&a);
    return rc;
}
