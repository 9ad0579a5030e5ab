/* A report as one HTML file that needs nothing beside it: for a mail, an archive, a viewer that
 * shows single files. Derived from a report's pages, never part of it. */
#ifndef SITE_SINGLE_FILE_H
#define SITE_SINGLE_FILE_H
#include "base/err.h"
#include "site/template.h"
#include <stddef.h>

/* What a report, and so its single file, is to stay under in bytes (reports.md, 2a); more is
 * written, but the caller should say so. And how many elements a browser shows without delay. */
enum { SINGLE_FILE_BUDGET = 10 << 20, SINGLE_FILE_ELEMENTS = 10000 };

/* Writes the overview, the list of features, every target, the list of clusters and the method of
 * the report in DIR (written by site_write) as sections of the file `out`, laid out by the template
 * single.html: links between pages become anchors, pictures data: URIs, the style sheet a <style>
 * whose SHA-256 the page's policy names. To keep to `most_elements`
 * (SINGLE_FILE_ELEMENTS), what a page folds away or calls an aside is left out and named, and of
 * many targets only as many stand in whole as there is room for, those worth a look first before
 * others; each other one is a line of the list of features. Pages that are not inside are listed;
 * links to them lead to what the list says of them, or are taken out like those to files that are
 * not pages (CSV, Markdown, data). Same report, same bytes; *size of them. E_USAGE as
 * single_file_check; E_IO; E_FORMAT: a page is not what site_write makes of templates that keep to
 * templates/README.md. */
err_code single_file_write(size_t *size, const char *dir, const char *out,
                           const template_set *templates, int most_elements, err *e);

/* Whether `out` can be written for the report that is or will be in DIR, to be asked before a long
 * run. E_USAGE: its folder is not there, it is itself a folder, or it lies in DIR, whose manifest
 * would not name it. */
err_code single_file_check(const char *dir, const char *out, err *e);

#endif
