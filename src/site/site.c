/* A report's pages, figures and assets, from its record and the templates. */
#include "site/site.h"
#include "base/io.h"
#include "base/memory.h"
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

err_code site_write(const char *dir, const template_set *templates, err *e)
{
    arena a = {0};
    record r;
    record_volatile times;
    str figures = {0};
    site s = {.dir = dir, .r = &r, .times = &times, .templates = templates, .figures = &figures};
    err_code rc = record_read(&r, &a, dir, e);
    if (!rc)
        rc = record_read_volatile(&times, &a, dir, e);
    if (!rc)
        rc = make_folders(dir, &a, e);
    if (!rc)
        rc = site_write_assets(&s, &a, e);
    if (!rc)
        rc = write_pages(&s, e);
    if (!rc)
        rc = site_write_figures(&s, e);
    if (!rc)
        rc = record_write_manifest(dir, e);
    str_release(&figures);
    arena_release(&a);
    return rc;
}
