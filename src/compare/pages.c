/* A site of comparison pages: its menu, its folders, what several pages show. */
#include "compare/pages.h"
#include "base/io.h"
#include "base/memory.h"
#include "site/show.h"
#include <ctype.h>
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

void put_least_cosine(page *p)
{
    json_add_string(p->tree, "least_cosine", arena_printf(&p->memory, "%g", DECODER_LEAST_COSINE));
}

const char *target_pair_label(arena *a, const comparison *c, const target_pair *t)
{
    const char *in_a = t->id_a < 0 ? NULL : record_feature_label(a, &c->a->features[t->id_a]);
    const char *in_b = t->id_b < 0 ? NULL : record_feature_label(a, &c->b->features[t->id_b]);
    if (c->matched)
        return in_a;
    return in_a && in_b ? arena_printf(a, "A %s, B %s", in_a, in_b)
           : in_a       ? arena_printf(a, "A %s", in_a)
                        : arena_printf(a, "B %s", in_b);
}

const char *report_url(arena *a, const char *path)
{
    str out = {0};
    if (!strncmp(path, "../..", 5))
        return "";
    for (; *path; path++) {
        unsigned char c = (unsigned char)*path;
        if ((isalnum(c) && c < 0x80) || strchr("-._~/", c))
            str_add_char(&out, *path);
        else
            str_addf(&out, "%%%02X", c);
    }
    const char *url = arena_strdup(a, str_text(&out));
    str_release(&out);
    return url;
}

static err_code make_folders(const char *dir, arena *a, err *e)
{
    static const char *const folders[] = {"fig", "targets", "assets"};
    err_code rc = OK;
    for (size_t i = 0; i < COUNT_OF(folders) && !rc; i++)
        rc = io_make_dir(path_join(a, dir, folders[i]), e);
    return rc;
}

/* What every comparison's site begins with: who it is, its folders, its assets. */
static err_code begin_site(site *s, const record *shell, const template_set *templates,
                           str *figures, err *e)
{
    static const menu_entry menu[] = {{SECTION_RUN, "Comparison", "", "index"}};
    arena a = {0};
    s->figures = figures;
    s->r = shell;
    s->templates = templates;
    s->menu = menu;
    s->n_menu = COUNT_OF(menu);
    err_code rc = make_folders(s->dir, &a, e);
    if (!rc)
        rc = site_write_assets(s, &a, e);
    arena_release(&a);
    return rc;
}

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash && slash[1] ? slash + 1 : path;
}

/* By their folders' names, where these tell them apart. */
static const char *title_of(arena *a, const compared_names *names)
{
    const char *left = last_part(names->a), *right = last_part(names->b);
    if (!strcmp(left, right) || !strcmp(left, "..") || !strcmp(right, ".."))
        return arena_printf(a, "%s against %s", names->a, names->b);
    return arena_printf(a, "%s against %s", left, right);
}

err_code compare_pages(const char *dir, const comparison *c, const compared_names *names,
                       const template_set *templates, const char *version, err *e)
{
    arena a = {0};
    str figures = {0};
    record shell = {.run = {.title = title_of(&a, names),
                            .label = "comparison",
                            .tool_version = version,
                            .sae.layer = c->a->run.sae.layer}};
    compare_site s = {.site = {.dir = dir}, .c = c, .names = names};
    err_code rc = begin_site(&s.site, &shell, templates, &figures, e);
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

err_code stability_pages(const char *dir, const stability *of, const char *const *names,
                         const template_set *templates, const char *version, err *e)
{
    arena a = {0};
    str figures = {0};
    record shell = {.run = {.title = arena_printf(&a, "%d runs side by side", of->R),
                            .label = "comparison",
                            .tool_version = version,
                            .sae.layer = of->runs[0]->run.sae.layer}};
    site s = {.dir = dir};
    err_code rc = begin_site(&s, &shell, templates, &figures, e);
    if (!rc)
        rc = stability_page(&s, of, names, e);
    if (!rc)
        rc = site_write_figures(&s, e);
    str_release(&figures);
    arena_release(&a);
    return rc;
}
