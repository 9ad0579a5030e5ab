/* A report's pages, figures and assets, from its record and the templates. */
#include "site/site.h"
#include "base/io.h"
#include "base/memory.h"
#include "base/sha256.h"
#include "draw/theme.h"
#include "site/cluster_place.h"
#include "site/pages.h"
#include <string.h>

static const char *const FOLDERS[] = {"fig", "features", "clusters", "assets", "volatile"};

/* Pages and figures of an earlier rendering must not stay beside the new ones. */
static err_code make_folders(const char *dir, arena *a, err *e)
{
    err_code rc = OK;
    for (size_t i = 0; i < COUNT_OF(FOLDERS) && !rc; i++) {
        const char *folder = path_join(a, dir, FOLDERS[i]);
        if (strcmp(FOLDERS[i], "volatile"))
            rc = io_remove_tree(folder, e);
        if (!rc)
            rc = io_make_dir(folder, e);
    }
    return rc;
}

/* All that is not made here: the record, and what anybody put beside it. */
static err_code copy_rest(const char *from, const char *to, err *e)
{
    static const char *const made[] = {"index.html", "README.md", "method.html",
                                       "method.md",  "features",  "clusters",
                                       "fig",        "assets",    "MANIFEST.sha256"};
    arena a = {0};
    char **names;
    int n = 0;
    err_code rc = io_make_dir(to, e);
    if (!rc)
        rc = io_list(&names, &n, from, &a, e);
    for (int i = 0; i < n && !rc; i++) {
        bool ours = false;
        for (size_t k = 0; k < COUNT_OF(made); k++)
            ours = ours || !strcmp(names[i], made[k]);
        if (!ours)
            rc = io_copy(path_join(&a, from, names[i]), path_join(&a, to, names[i]), e);
    }
    arena_release(&a);
    return rc;
}

/* Which templates made the pages, as sha256sum writes it. */
static err_code write_template_hashes(const site *s, err *e)
{
    arena a = {0};
    str out = {0};
    for (int i = 0; i < s->templates->n; i++) {
        char hex[SHA256_HEX];
        const template_source *t = &s->templates->sources[i];
        sha256_of(hex, t->data, t->size);
        str_addf(&out, "%s  %s\n", hex, t->name);
    }
    err_code rc =
        io_write(path_join(&a, s->dir, "assets/templates.sha256"), str_text(&out), out.len, e);
    str_release(&out);
    arena_release(&a);
    return rc;
}

err_code site_write_assets(const site *s, arena *a, err *e)
{
    const template_source *css = template_find(s->templates, "report.css");
    const template_source *icon = template_find(s->templates, "icon.svg");
    if (!css || !icon)
        return err_set(e, E_FORMAT, "the templates lack %s", css ? "icon.svg" : "report.css");
    str text = {0};
    str_add_bytes(&text, css->data, css->size);
    str_add(&text, "\n/* Colours and classes of the drawings. */\n");
    draw_css(&text);
    err_code rc = io_write(path_join(a, s->dir, "assets/report.css"), str_text(&text), text.len, e);
    if (!rc)
        rc = io_write(path_join(a, s->dir, "assets/icon.svg"), icon->data, icon->size, e);
    str_release(&text);
    return rc;
}

static err_code write_pages(const site *s, err *e)
{
    err_code rc = page_run(s, e);
    if (!rc)
        rc = page_method(s, e);
    if (!rc)
        rc = page_features(s, e);
    for (int i = 0; i < s->r->n_targets && !rc; i++)
        rc = page_feature(s, i, e);
    if (!rc)
        rc = page_clusters(s, e);
    for (int i = 0; i < s->r->n_clusters && !rc; i++)
        rc = cluster_has_page(s->r, &s->r->clusters[i]) ? page_cluster(s, i, e) : OK;
    if (!rc)
        rc = page_shared_clusters(s, e);
    if (!rc)
        rc = page_times(s, e);
    return rc;
}

err_code site_render(const char *from, const char *to, const template_set *templates,
                     const char *values, err *e)
{
    arena a = {0};
    record r;
    record_volatile times;
    str figures = {0};
    site s = {.dir = to,
              .r = &r,
              .times = &times,
              .templates = templates,
              .figures = &figures,
              .values = values};
    err_code rc = record_read(&r, &a, from, e);
    if (!rc)
        rc = record_read_volatile(&times, &a, from, e);
    if (!rc && from != to)
        rc = copy_rest(from, to, e);
    if (!rc)
        rc = make_folders(to, &a, e);
    if (!rc && values)
        rc = io_make_dir(values, e);
    if (!rc)
        rc = site_write_assets(&s, &a, e);
    if (!rc)
        rc = write_template_hashes(&s, e);
    if (!rc)
        rc = write_pages(&s, e);
    if (!rc)
        rc = site_write_figures(&s, e);
    if (!rc)
        rc = record_write_manifest(to, e);
    str_release(&figures);
    arena_release(&a);
    return rc;
}

err_code site_write(const char *dir, const template_set *templates, err *e)
{
    return site_render(dir, dir, templates, NULL, e);
}
