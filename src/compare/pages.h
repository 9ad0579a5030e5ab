/* The pages of a comparison, by the site's machinery and templates. */
#ifndef COMPARE_PAGES_H
#define COMPARE_PAGES_H
#include "compare/stability.h"
#include "compare/tables.h"
#include "site/page.h"

/* What all pages of one comparison share. */
typedef struct compare_site {
    site site;
    const comparison *c;
    const compared_names *names;
} compare_site;

/* Writes index.html, README.md, targets/, fig/ and assets/ into DIR, which exists. `version` is the
 * program's. */
err_code compare_pages(const char *dir, const comparison *c, const compared_names *names,
                       const template_set *templates, const char *version, err *e);

/* The same of several runs, without targets/; `names` are their folders as seen from DIR. */
err_code stability_pages(const char *dir, const stability *of, const char *const *names,
                         const template_set *templates, const char *version, err *e);
err_code stability_page(const site *s, const stability *of, const char *const *names, err *e);

/* index.html and README.md; targets/NAME of c->targets[index]. */
err_code compare_page_overview(const compare_site *s, err *e);
err_code compare_page_target(const compare_site *s, int index, err *e);

/* Blocks map-a and map-b; *drawn: there are points. */
err_code compare_draw_maps(page *p, const comparison *c, bool *drawn, err *e);
/* Block curve: both runs of the target in one axis, and what B has more beside it. *caption: what
 * it shows, NULL when there is nothing. */
err_code compare_draw_curve(page *p, const target_pair *t, const char **caption, err *e);

/* list `key` of {place, a, b}: differences whose place begins with `prefix`, at most `most`;
 * returns how many there are among those kept. */
int put_differences(page *p, const char *key, const comparison *c, const char *prefix, int most);
/* `least_cosine`, from which on decoder rows are called one feature's. */
void put_least_cosine(page *p);
/* "123" where both runs read one dictionary, else "A 123, B 45", "A 123" or "B 45"; with the name
 * of a feature that has one. Plain text. */
const char *target_pair_label(arena *a, const comparison *c, const target_pair *t);
/* A report's folder (relative_path) as part of a URL; "" where it lies outside the folder that the
 * comparison lies in, as a link there would break once that folder is sent or moved. */
const char *report_url(arena *a, const char *path);
/* One sentence on what a category means. */
const char *feature_category_meaning(feature_category c);

#endif
