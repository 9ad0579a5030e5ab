/* One page: values and blocks are gathered, then template, Markdown twin and HTML are written. */
#ifndef SITE_PAGE_H
#define SITE_PAGE_H
#include "base/json.h"
#include "draw/cluster_map.h"
#include "draw/figure.h"
#include "results/record.h"
#include "site/document.h"
#include "site/template.h"

typedef enum {
    SECTION_RUN,
    SECTION_FEATURES,
    SECTION_CLUSTERS,
    SECTION_METHOD,
    SECTION_TIMES,
    SECTION_INDEX /* of a folder of reports: no part of one */
} site_section;

/* A way to a part of the site, at the top of every page. */
typedef struct menu_entry {
    site_section section;
    const char *label, *folder, *stem; /* "Features", "features/", "index" */
} menu_entry;

/* What all pages share while a site is written. */
typedef struct site {
    const char *dir;
    const record *r;
    const record_volatile *times;
    const template_set *templates;
    const menu_entry *menu; /* NULL: that of a run's report */
    int n_menu;
    str *figures; /* rows of fig/figures.csv, added to by every page; NULL: there are no figures */
    const char *values; /* folder for the values that every page's template can use; NULL: none */
} site;

typedef struct page {
    const site *site;
    arena memory;
    const char *folder; /* "" or "features" */
    const char *stem;   /* "L02-00123"; "index" becomes README in Markdown */
    const char *title;
    const char *root; /* from the page to the report: "" or "../" */
    site_section section;
    cJSON *tree;
    block_list blocks;
    str values; /* fig/STEM.csv: what is drawn on this page, by drawn_values.h */
} page;

/* Start: the values every page has are in p->tree: run, root. Owner: caller, page_write or
 * page_drop. `title` is plain text. */
void page_start(page *p, const site *s, site_section part, const char *folder, const char *stem,
                const char *title);
/* Fills `template_name` and writes FOLDER/STEM.md and .html and its values. Releases the page in
 * any case. E_CANCELLED on Ctrl-C. */
err_code page_write(page *p, const char *template_name, err *e);
void page_drop(page *p);

/* Writes assets/report.css and assets/icon.svg from the templates; the folder must exist. */
err_code site_write_assets(const site *s, arena *a, err *e);

/* Draws n charts as panels of one image, adds their values to the page's and the block `key`. The
 * files are fig/KEY.png and fig/KEY-dark.png for pages at the top, fig/STEM-KEY.png for others; a
 * heatmap stands alone and has its values in KEY.csv. */
err_code page_figure(page *p, const char *key, const figure *panels, int n, err *e);
/* Likewise of values that a file of the report holds already ("data/features.csv"). */
err_code page_figure_of(page *p, const char *key, const figure *panels, int n, const char *values,
                        err *e);

/* A map as block `key`: inline in HTML, fig/KEY.svg in Markdown, its values in `values`, a
 * file of the report, or with NULL among the page's. */
err_code page_map(page *p, const char *key, const cluster_map *map, const char *title,
                  const char *values, err *e);

/* For drawings that are no charts: where the values of their panels go, and the row of
 * fig/figures.csv about each. `image`: the file, from the report on; NULL: part of the page. */
drawn_values page_values(page *p, const char *key, const char *panel);
void page_list_drawing(page *p, const char *key, const char *panel, const char *title,
                       const char *image, const char *alt);
/* From the page to its values, for a caption; and "KEY" or "STEM-KEY". */
const char *page_values_link(page *p);
const char *page_figure_stem(page *p, const char *key);

/* Writes the page's values, if it has any (page_write does); and fig/figures.csv. */
err_code page_write_values(page *p, err *e);
err_code site_write_figures(const site *s, err *e);

/* Values: texts that are not ours pass through show_text. */
void put_text(cJSON *object, const char *key, arena *a, const char *text);
/* A list entry. */
cJSON *put_entry(cJSON *list);

#endif
