/* One page: values and blocks are gathered, then template, Markdown twin and HTML are written. */
#ifndef SITE_PAGE_H
#define SITE_PAGE_H
#include "base/json.h"
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
} page;

/* Start: the values every page has are in p->tree: run, root. Owner: caller, page_write or
 * page_drop. `title` is plain text. */
void page_start(page *p, const site *s, site_section part, const char *folder, const char *stem,
                const char *title);
/* Fills `template_name` and writes FOLDER/STEM.md and .html. Releases the page in any case. */
err_code page_write(page *p, const char *template_name, err *e);
void page_drop(page *p);

/* Writes assets/report.css and assets/icon.svg from the templates; the folder must exist. */
err_code site_write_assets(const site *s, arena *a, err *e);

/* Draws fig/STEM.png, -dark.png, .csv, .json and .txt and adds the block `key`. */
err_code page_figure(page *p, const char *key, const char *stem, const figure *f, err *e);

/* Values: texts that are not ours pass through show_text. */
void put_text(cJSON *object, const char *key, arena *a, const char *text);
/* A list entry. */
cJSON *put_entry(cJSON *list);

#endif
