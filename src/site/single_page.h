/* One written page as a section of a single file. */
#ifndef SITE_SINGLE_PAGE_H
#define SITE_SINGLE_PAGE_H
#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

typedef struct single_pages {
    const char *dir;
    char **paths; /* the pages, relative to dir: "features/L02-00123.html" */
    int n;
} single_pages;

/* "features-L02-00123": a page's anchor, and before "--" in those of its parts; from `a`. */
const char *single_page_anchor(arena *a, const char *path);

/* Appends what <main> holds of page `index`: ids and links made those of the one file, pictures put
 * inside, and headings one level down unless it is the first page. E_IO, E_FORMAT. */
err_code single_page_add(str *out, const single_pages *pages, int index, err *e);

#endif
