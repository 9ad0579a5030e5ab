/* One written page as a section of a single file. */
#ifndef SITE_SINGLE_PAGE_H
#define SITE_SINGLE_PAGE_H
#include "base/err.h"
#include "base/str.h"
#include "site/single_links.h"

/* What a page holds that the single file does not, as its texts are called on the page (HTML). */
typedef struct single_rest {
    arena *memory;
    const char **names; /* each once, in their order */
    int n, room;
} single_rest;

/* Appends what <main> holds of page `index`: ids, links and names of regions made those of the one
 * file, pictures put inside, and headings one level down unless it is the first page. Left out, and
 * told in `rest`, are what is folded away (by its summary) and what @aside of a template encloses
 * (by its name); and ways to pages of another order, which need no name. Pages that a folder's
 * index lists, and which are not inside, become entries of `pages`. E_IO, E_FORMAT. */
err_code single_page_add(str *out, single_rest *rest, single_pages *pages, int index, err *e);

/* Appends the text of the first <h1> of the page DIR/PATH, as HTML without tags. E_IO, E_FORMAT. */
err_code single_page_title(str *out, const char *dir, const char *path, err *e);

#endif
